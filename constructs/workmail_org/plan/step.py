"""Step: what one custom resource would do."""

from __future__ import annotations

from dataclasses import dataclass

from workmail_org.changes.brakes import Brake
from workmail_org.changes.calls import Call
from workmail_org.wire.properties import ResourceType


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one custom resource would do.

    Attributes:
        part_name: As in its physical id; unique in the stack.
        refusals: Where there is one, nothing is applied.
        brakes: What must be confirmed.
        leaves: It goes from the stack, which has to be approved even where it
            takes nothing away.
    """

    part_name: str
    resource_type: ResourceType
    calls: tuple[Call, ...] = ()
    refusals: tuple[str, ...] = ()
    brakes: tuple[Brake, ...] = ()
    leaves: bool = False
