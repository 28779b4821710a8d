"""Decision: what one custom resource does, decided once, for the handler and for the plan.

A `decide_…` function of this package gets what is there, what is declared and what was declared
before, and returns a decision. The handler writes its calls; the plan shows them. Nobody else
compares: what is approved is what is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from workmail_org.changes.brakes import Brake
from workmail_org.changes.calls import Call
from workmail_org.wire.names import UNRESOLVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done, and what must not be done.

    Attributes:
        calls: In the order they are made.
        waits: Calls that another resource makes, at the end of the stack.
        refusals: Sentences; where there is one, nothing at all is written.
        brakes: What a person must confirm first.
    """

    calls: tuple[Call, ...] = ()
    waits: tuple[Call, ...] = ()
    refusals: tuple[str, ...] = ()
    brakes: tuple[Brake, ...] = ()


def show_value(value: object) -> str:
    """Write a value of a spec as its author does."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, frozenset):
        return ", ".join(sorted(map(str, cast("frozenset[object]", value))))
    return "the one that the stack makes" if value == UNRESOLVED else f"'{value}'"
