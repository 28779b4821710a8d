"""Placing: rows of files and entries of the ledger, made by the same call.

`Placing` keeps where every thing of an organization went. `Sheet` and `Script` are the files whose
rows place things. Nothing here knows a destination.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from workmail_org.leaving.counting import list_things
from workmail_org.leaving.model import Entry, File, Outcome, Thing, ThingKind
from workmail_org.leaving.quoting import protect_cell
from workmail_org.model.organization import Organization
from workmail_org.model.values import Reference

Table = Mapping[ThingKind, tuple[Outcome, str]]
"""What a destination does with every thing of a kind that its walk does not place."""

_ORDER = {kind: position for position, kind in enumerate(ThingKind)}


class Placing:
    """Where every thing of an organization goes.

    Attributes:
        organization: That leaves.
        notes: What somebody should check.
    """

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        self.notes: list[str] = []
        self._open: dict[str, dict[Thing, None]] = {}
        self._entries: list[Entry] = []
        for thing in list_things(organization):
            self._open.setdefault(thing.owner, {})[thing] = None

    def find(self, owner: Reference | str, *kinds: ThingKind) -> tuple[Thing, ...]:
        """List what an entity has of some kinds, as far as it is not placed yet."""
        things = self._open.get(str(owner), {})
        return tuple(each for each in things if not kinds or each.kind in kinds)

    def put(self, things: Iterable[Thing], file: str, note: str = "") -> None:
        """Note that things are in a file."""
        for thing in things:
            self._place(Entry(thing=thing, outcome=Outcome.FILE, file=file, note=note))

    def leave(self, things: Iterable[Thing], what: str) -> None:
        """Leave things to a person."""
        for thing in things:
            self._place(Entry(thing=thing, outcome=Outcome.HAND, note=what))

    def lose(self, things: Iterable[Thing], why: str) -> None:
        """Note that things are lost."""
        for thing in things:
            self._place(Entry(thing=thing, outcome=Outcome.LOST, note=why))

    def finish(self, table: Table) -> tuple[Entry, ...]:
        """Place what is left by kind; return every entry, by kind, owner and name.

        Raises:
            KeyError: The table lacks a kind.
        """
        for things in [tuple(each) for each in self._open.values()]:
            for thing in things:
                outcome, note = table[thing.kind]
                self._place(Entry(thing=thing, outcome=outcome, note=note))
        return tuple(
            sorted(
                self._entries,
                key=lambda e: (_ORDER[e.thing.kind], e.thing.owner, e.thing.name, e.thing.value),
            )
        )

    def _place(self, entry: Entry) -> None:
        # KeyError: the thing is placed already, or the organization does not have it.
        del self._open[entry.thing.owner][entry.thing]
        self._entries.append(entry)


@dataclass(slots=True)
class Sheet:
    """Rows for an importer, in as many files as its limit needs.

    Attributes:
        name: Path of the files without number and ending.
        heads: Rows at the top of each file.
        limit: Rows of data in one file at most.
        is_secret: The rows hold passwords.
    """

    placing: Placing
    name: str
    heads: Sequence[Sequence[str]]
    limit: int
    is_secret: bool = False
    rows: list[Sequence[str]] = field(default_factory=list[Sequence[str]])

    def add(self, row: Sequence[str], things: Iterable[Thing], note: str = "") -> str:
        """Add a row that holds some things; return the path of its file."""
        path = self._name_part(len(self.rows) // self.limit)
        self.rows.append(row)
        self.placing.put(things, path, note)
        return path

    def render(self) -> tuple[File, ...]:
        """Write the files; none without rows."""
        return tuple(
            File(
                path=self._name_part(start // self.limit),
                data=render_csv((*self.heads, *self.rows[start : start + self.limit])),
                is_secret=self.is_secret,
            )
            for start in range(0, len(self.rows), self.limit)
        )

    def _name_part(self, part: int) -> str:
        return f"{self.name}-{part + 1:02}.csv"


@dataclass(slots=True)
class Script:
    """Commands, one a line, in the order in which they are to run.

    Attributes:
        path: Of the file.
        sections: Commands by heading, in the order of the file.
    """

    placing: Placing
    path: str
    sections: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def add(self, section: str, command: str, things: Iterable[Thing] = (), note: str = "") -> None:
        """Add a command that carries some things."""
        self.sections.setdefault(section, []).append(command)
        self.placing.put(things, self.path, note)


def render_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Write rows as RFC 4180 has it: UTF-8 without a byte order mark, CRLF.

    The importers' samples have either end of line; none has a mark.
    """
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


_MARK = "\ufeff".encode()


def render_ledger(entries: Iterable[Entry]) -> bytes:
    """Write the ledger for people: no cell is a formula, and Excel reads it as UTF-8."""
    heads = ("outcome", "kind", "owner", "name", "value", "file", "note")
    rows = (
        (
            entry.outcome.value,
            entry.thing.kind.value,
            *map(
                _show,
                (entry.thing.owner, entry.thing.name, entry.thing.value, entry.file, entry.note),
            ),
        )
        for entry in entries
    )
    return _MARK + render_csv((heads, *rows))


def _show(text: str) -> str:
    """Make a cell harmless; what no file can hold is shown as an escape."""
    seen = text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()
    return protect_cell(seen)
