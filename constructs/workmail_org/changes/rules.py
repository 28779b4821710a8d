"""How a set of access rules changes without ever being empty, or too long.

Without any rule WorkMail lets nobody in (WorkMail Admin Guide, "access-rules"
and "manage-mobile-access"), and a list holds ten at most.
"""

from __future__ import annotations

from collections.abc import Sequence

from workmail_org.changes.calls import Call

MAX_RULES = 10
"""Of either kind (WorkMail API 2017-10-01, AccessControlRulesList, MobileDeviceAccessRulesList)."""


def replace_rules(
    present: int, updates: Sequence[Call], additions: Sequence[Call], removals: Sequence[Call]
) -> tuple[Call, ...]:
    """Put calls into an order in which there is always a rule and never an eleventh.

    Args:
        present: How many rules there are.
        updates: Calls that change rules which are there.
        additions: Calls that make one more.
        removals: Calls that make one less; with `additions` they leave at
            least one.

    Returns:
        Updates, additions, removals; a removal comes earlier only where there
        is not a room for an addition.
    """
    calls = list(updates)
    waiting = list(removals)
    for addition in additions:
        if present >= MAX_RULES and waiting:
            calls.append(waiting.pop(0))
            present -= 1
        calls.append(addition)
        present += 1
    return (*calls, *waiting)
