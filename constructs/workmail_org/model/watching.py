"""Watching: what `workmail-org drift` shall pass over, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

MOST_DAYS = 90
"""So long an ignore may last (decided for this format): what is fine for longer is declared."""

Value = str | int | bool | tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """A deviation that somebody knows of.

    Attributes:
        path: Within the organization, as `drift` prints it.
        value: What is live; another value is drift again. `None`: nothing is.
        until: The last day, inclusive.
        reason: Why it is fine for now.
        owner: Who takes care of it; `None`: nobody is named.
    """

    path: str
    value: Value = None
    until: date
    reason: str
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmanaged:
    """Something live that shall stay undeclared, such as what an import left out.

    Attributes:
        path: Within the organization, as `drift` prints it.
        reason: Why it is not declared.
        until: The last day, inclusive; `None`: permanently.
    """

    path: str
    reason: str
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """How drift is looked for.

    Attributes:
        ignore: Paths are unique.
        unmanaged: Paths are unique.
    """

    ignore: tuple[Ignore, ...] = ()
    unmanaged: tuple[Unmanaged, ...] = ()
