"""Ignoring: what the spec says that shall be passed over, as long as it is what was seen. Pure.

An ignore is bound to a path and to the value that is live there, and ends. Whatever it does not
match exactly is drift as before: another value, another class than drift or unmanaged, a day later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum
from typing import cast

from workmail_org.drift.model import Row, RowClass
from workmail_org.model.values import fold
from workmail_org.model.watching import MOST_DAYS, Ignore, Unmanaged, Watching
from workmail_org.wire.names import OWN_TAGS

_IGNORABLE = (RowClass.DRIFT, RowClass.CONFLICT, RowClass.UNMANAGED)

_WARNED = timedelta(days=7)
"""So long before an ignore ends it is reported (decided for this format)."""

_OPENING = (
    ("permissions",),
    ("policies", "access_control"),
    ("policies", "mobile_devices"),
    ("policies", "impersonation_roles"),
    *(("tags", each) for each in sorted(OWN_TAGS)),
)
"""What is never ignored; `spec.rules.watching` refuses it, and so does this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Rows after the ignores of a spec.

    Attributes:
        rows: All of them; those that are passed over say why.
        notes: What is to know about ignores.
    """

    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def apply_ignores(
    rows: Iterable[Row], watching: Watching, today: date, *, looked: bool = True
) -> Ignored:
    """Mark the rows that are passed over.

    Args:
        rows: What differs.
        watching: From the spec.
        today: In UTC.
        looked: Whether anything was there to look at: else nobody knows what is unused.
    """
    by_path = {each.path: each for each in watching.ignore}
    marked = list(rows)
    notes: list[str] = []
    is_whole = looked and not any(row.row_class is RowClass.UNREADABLE for row in marked)
    for accepted in watching.unmanaged:
        notes += _accept(accepted, marked, today, is_whole=is_whole)
    for path, ignore in by_path.items():
        found = [position for position, row in enumerate(marked) if row.name == path]
        rows_there = [marked[each] for each in found]
        notes += _list_notes(ignore, rows_there, today, is_whole=is_whole)
        for position in found:
            if _matches(ignore, marked[position], today):
                ignored = f"until {ignore.until}: {ignore.reason}"
                marked[position] = replace(marked[position], ignored=ignored)
    return Ignored(rows=tuple(marked), notes=tuple(notes))


def _accept(accepted: Unmanaged, rows: list[Row], today: date, *, is_whole: bool) -> Iterator[str]:
    """Mark what may stay undeclared, and list what is to know about it.

    Args:
        accepted: From the spec.
        rows: All of them; changed in place.
        today: In UTC.
        is_whole: Whether everything could be looked at: else nobody knows what is unused.
    """
    name = f"unmanaged {accepted.path}"
    if accepted.until is not None and accepted.until < today:
        yield f"{name} ended on {accepted.until}: remove it from the spec"
        return
    found = [
        at
        for at, row in enumerate(rows)
        if row.row_class is RowClass.UNMANAGED
        and fold(row.name) == fold(accepted.path)
        and not _opens(row)
    ]
    until = f" until {accepted.until}" if accepted.until else ""
    for at in found:
        rows[at] = replace(rows[at], ignored=f"left to you{until}: {accepted.reason}")
    if not found and is_whole:
        yield f"{name} is unused: nothing unmanaged is there; remove it from the spec"


def _opens(row: Row) -> bool:
    return row.path[:1] in _OPENING or row.path[:2] in _OPENING


def _matches(ignore: Ignore, row: Row, today: date) -> bool:
    return (
        today <= ignore.until <= today + timedelta(days=MOST_DAYS)
        and row.row_class in _IGNORABLE
        and not _opens(row)
        and simplify(row.live) == simplify(ignore.value)
    )


def _list_notes(ignore: Ignore, rows: list[Row], today: date, *, is_whole: bool) -> Iterator[str]:
    """List what is to know about one ignore.

    Args:
        ignore: From the spec.
        rows: At its path.
        today: In UTC.
        is_whole: Whether everything could be looked at: else nobody knows what is unused.
    """
    name = f"ignore of {ignore.path}"
    if ignore.until < today:
        yield f"{name} ended on {ignore.until}: remove it from the spec"
        return
    if ignore.until > today + timedelta(days=MOST_DAYS):
        last = today + timedelta(days=MOST_DAYS)
        yield (
            f"{name} does not count: until {ignore.until} is more than {MOST_DAYS} days away; "
            f"allowed until {last}"
        )
        return
    if not any(row.row_class in (*_IGNORABLE, RowClass.GONE) for row in rows):
        if is_whole:
            yield f"{name} is unused: nothing differs there; remove it from the spec"
        return
    for row in rows:
        if row.row_class is RowClass.GONE:
            yield f"{name} does not count: what is gone cannot be ignored"
        elif row.row_class in _IGNORABLE and simplify(row.live) != simplify(ignore.value):
            yield f"{name} does not count: it is for another value than the one that is live"
    if ignore.until - today <= _WARNED:
        days = (ignore.until - today).days
        left = {0: "today", 1: "tomorrow"}.get(days, f"in {days} days, on {ignore.until}")
        yield f"{name} ends {left}: {ignore.reason}"


def simplify(value: object) -> object:
    """Write a value as a spec does, so that what means the same is equal."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return sorted(str(simplify(each)) for each in cast("list[object]", value))
    if isinstance(value, bool):
        return ("bool", value)  # True is not 1
    return value
