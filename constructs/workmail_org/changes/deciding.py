"""Decision: what one custom resource does, decided once, for the handler and for the plan.

A `decide_…` function of this package gets what is there, what is declared and what was declared
before, and returns a decision. The handler writes its calls; the plan shows them. Nobody else
compares: what is approved is what is written.
"""

from __future__ import annotations

from dataclasses import dataclass

from workmail_org.changes.brakes import Brake
from workmail_org.changes.calls import Call


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
