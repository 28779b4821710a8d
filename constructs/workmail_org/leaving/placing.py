"""Placing: rows of files and entries of the ledger, made by the same call.

`Placing` keeps where every item of an organization went. `Sheet` and `CommandFile` are the files
whose rows place items. Nothing here knows a destination.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from workmail_org.leaving.counting import list_items
from workmail_org.leaving.model import File, Item, ItemKind, LedgerEntry, Placement
from workmail_org.leaving.quoting import protect_cell
from workmail_org.model.organization import Organization
from workmail_org.model.values import Reference

Table = Mapping[ItemKind, tuple[Placement, str]]
"""What a destination does with every item of a kind that its walk does not place."""

_EVERYWHERE: Table = {
    ItemKind.SETTING: (Placement.LOST, "it ends with WorkMail"),
    ItemKind.TAG: (Placement.LOST, "it is a tag in AWS"),
    ItemKind.UNMANAGED: (
        Placement.HAND,
        "it is in the organization, and drift.unmanaged leaves it out of the spec, so it is in no "
        "file: look at it in WorkMail, with its addresses and members, and decide what becomes of "
        "it",
    ),
    ItemKind.UNSEEN: (Placement.HAND, "look in the WorkMail console, and write down what is there"),
}
"""What becomes of what is WorkMail's own, whatever the destination is."""

_ORDER = {kind: position for position, kind in enumerate(ItemKind)}


class Placing:
    """Where every item of an organization goes.

    Attributes:
        organization: That leaves.
        notes: What somebody should check.
    """

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        self.notes: list[str] = []
        self._open: dict[str, dict[Item, None]] = {}
        self._entries: list[LedgerEntry] = []
        for item in list_items(organization):
            self._open.setdefault(item.owner, {})[item] = None

    def find(self, owner: Reference | str, *kinds: ItemKind) -> tuple[Item, ...]:
        """List what an entity has of some kinds, as far as it is not placed yet."""
        items = self._open.get(str(owner), {})
        return tuple(each for each in items if not kinds or each.kind in kinds)

    def put(self, items: Iterable[Item], file: str, note: str = "") -> None:
        """Note that items are in a file."""
        for item in items:
            self._place(LedgerEntry(item=item, placement=Placement.FILE, file=file, note=note))

    def leave(self, items: Iterable[Item], what: str) -> None:
        """Leave items to a person."""
        for item in items:
            self._place(LedgerEntry(item=item, placement=Placement.HAND, note=what))

    def lose(self, items: Iterable[Item], why: str) -> None:
        """Note that items are lost."""
        for item in items:
            self._place(LedgerEntry(item=item, placement=Placement.LOST, note=why))

    def finish(self, table: Table) -> tuple[LedgerEntry, ...]:
        """Place what is left by kind; return every entry, by kind, owner and name.

        Raises:
            KeyError: The table lacks a kind.
        """
        whole = {**table, **_EVERYWHERE}
        for items in [tuple(each) for each in self._open.values()]:
            for item in items:
                placement, note = whole[item.kind]
                self._place(LedgerEntry(item=item, placement=placement, note=note))
        return tuple(
            sorted(
                self._entries,
                key=lambda e: (_ORDER[e.item.kind], e.item.owner, e.item.name, e.item.value),
            )
        )

    def _place(self, entry: LedgerEntry) -> None:
        # KeyError: the item is placed already, or the organization does not have it.
        del self._open[entry.item.owner][entry.item]
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

    def add(self, row: Sequence[str], items: Iterable[Item], note: str = "") -> str:
        """Add a row that holds some items; return the path of its file."""
        path = self._name_part(len(self.rows) // self.limit)
        self.rows.append(row)
        self.placing.put(items, path, note)
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
class CommandFile:
    """Commands, one a line, in the order in which they are to run.

    Attributes:
        path: Of the file.
        sections: Commands by heading, in the order of the file.
    """

    placing: Placing
    path: str
    sections: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def add(self, section: str, command: str, items: Iterable[Item] = (), note: str = "") -> None:
        """Add a command that carries some items."""
        self.sections.setdefault(section, []).append(command)
        self.placing.put(items, self.path, note)


def render_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Write rows as RFC 4180 has it: UTF-8 without a byte order mark, CRLF.

    The importers' samples have either end of line; none has a mark.
    """
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


_MARK = "\ufeff".encode()


def render_ledger(entries: Iterable[LedgerEntry]) -> bytes:
    """Write the ledger for people: no cell is a formula, and Excel reads it as UTF-8."""
    heads = ("placement", "kind", "owner", "name", "value", "file", "note")
    rows = (
        (
            entry.placement.value,
            entry.item.kind.value,
            *map(
                _show,
                (entry.item.owner, entry.item.name, entry.item.value, entry.file, entry.note),
            ),
        )
        for entry in entries
    )
    return _MARK + render_csv((heads, *rows))


def _show(text: str) -> str:
    """Make a cell harmless; what no file can hold is shown as an escape."""
    seen = text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()
    return protect_cell(seen)
