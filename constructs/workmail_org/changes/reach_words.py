"""Access: who gets in, or no longer does, when access-control rules change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from workmail_org.changes.explaining import join
from workmail_org.changes.reach import (
    EVERYWHERE,
    NOWHERE,
    Ranges,
    find_reach,
    list_named_users,
    list_networks,
    subtract,
)
from workmail_org.model.policies import ACTIONS, AccessControlRule

_MOST_NETWORKS = 4
"""Networks that a sentence names one by one."""

_Shift = tuple[Ranges, Ranges]
"""From where somebody gets in, before and after."""


def describe_reach(
    before: Sequence[AccessControlRule],
    after: Sequence[AccessControlRule],
    names: Iterable[str],
) -> tuple[str, ...]:
    """Say who gets in by which protocol from where, as far as that changes.

    Args:
        before: All rules there are.
        after: All rules there will be.
        names: Display names by folded user name, for people whom rules name.
    """
    display = dict(zip(list_named_users((*before, *after)), names, strict=False))
    everybody = _find_shifts(before, after, None)
    sentences = [*_describe("everyone", everybody)]
    for user, name in display.items():
        shifts = _find_shifts(before, after, user)
        if shifts != everybody:
            sentences += _describe(name, shifts)
    return tuple(sentences)


def _find_shifts(
    before: Sequence[AccessControlRule], after: Sequence[AccessControlRule], user: str | None
) -> dict[str, _Shift]:
    return {
        action: (find_reach(before, user, action), find_reach(after, user, action))
        for action in ACTIONS
    }


def _describe(who: str, shifts: dict[str, _Shift]) -> Iterator[str]:
    """Say it once for all protocols to which the same happens."""
    alike: dict[_Shift, list[str]] = {}
    for action, shift in shifts.items():
        if shift[0] != shift[1]:
            alike.setdefault(shift, []).append(action)
    for (was, now), actions in alike.items():
        protocols = "any protocol" if len(actions) == len(ACTIONS) else _name_actions(actions)
        yield _describe_shift(who, protocols, was, now)


def _describe_shift(who: str, protocols: str, was: Ranges, now: Ranges) -> str:
    lost, gained = subtract(was, now), subtract(now, was)
    if now == NOWHERE:
        return f"{who} can no longer get in by {protocols}"
    if was == NOWHERE:
        return f"{who} can get in by {protocols} now, {_describe_ranges(now)}"
    if gained == NOWHERE and _is_short(lost):
        return f"{who} can no longer get in by {protocols} {_describe_ranges(lost)}"
    if lost == NOWHERE and _is_short(gained):
        return f"{who} can get in by {protocols} {_describe_ranges(gained)} too"
    left = ", no longer from elsewhere" if lost else ""
    return f"{who} can get in by {protocols} {_describe_ranges(now)} now{left}"


def _is_short(ranges: Ranges) -> bool:
    return len(list_networks(ranges)) <= _MOST_NETWORKS


def _describe_ranges(ranges: Ranges) -> str:
    if ranges == EVERYWHERE:
        return "from everywhere"
    networks = list_networks(ranges)
    if len(networks) <= _MOST_NETWORKS:
        return f"from {join(networks)}"
    others = list_networks(subtract(EVERYWHERE, ranges))
    if len(others) <= _MOST_NETWORKS:
        return f"from everywhere but {join(others)}"
    return f"from {len(networks)} networks"


def _name_actions(actions: Sequence[str]) -> str:
    return join([ACTIONS[action] for action in actions], "or")
