"""What happens to things that leave a spec, and how much may leave at once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Removal(StrEnum):
    """What happens to something that is no longer declared.

    `disable` keeps a mailbox for 30 days; `retain` leaves everything as it is
    and owns it no more.
    """

    DISABLE = "disable"
    DELETE = "delete"
    DEREGISTER = "deregister"
    RETAIN = "retain"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnRemoval:
    """The removal policy of each kind; the defaults lose nothing."""

    users: Removal = Removal.DISABLE
    resources: Removal = Removal.DISABLE
    groups: Removal = Removal.DELETE
    domains: Removal = Removal.DEREGISTER
    organization: Removal = Removal.RETAIN
    directory: Removal = Removal.RETAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Safety:
    """What one deployment may do without confirmation.

    Attributes:
        max_removals_percent: 0 to 100, of the owned entities of one kind.
        min_managed: Below that many owned entities the percentage is not applied.
        require_approval: Nothing at all is changed that nobody approved.
    """

    max_removals_percent: int = 10
    min_managed: int = 10
    require_approval: bool = False
