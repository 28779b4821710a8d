"""Tables: the users or groups of a CSV file, as if they had been written in YAML.

RFC 4180 with a header, and what programs make of it: semicolons or tabs for commas, a first line
that names the separator. Python's csv module is not used: it knows the row of a cell but not its
column, and takes a quote in the middle of a cell for text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from workmail_org.spec import characters, suggesting
from workmail_org.spec.files import headers, nodes, parsing, scalars
from workmail_org.spec.files.headers import KIND, MEMBER
from workmail_org.spec.files.nodes import Gap, Mapping, Node, Place, Scalar, Sequence, Source
from workmail_org.spec.files.table_options import TableOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workmail_org.spec.files.parsing import ParsingContext
    from workmail_org.spec.problems import Path

IGNORED = "x-"
"""A column whose header begins so is for people, like such keys at the top of a spec."""

_SEPARATORS = (",", ";", "\t")  # spreadsheets write ; where the decimal sign is a comma
# Excel reads the separator from such a line, and some programs write it, with or without quotes
_LINE_BREAK = re.compile(r"\r\n?")
_SEPARATOR_LINE = re.compile(r'("?)sep=([^\w\s"]|\t)\1[ \t]*(?:\r\n|\n|\r|\Z)', re.IGNORECASE)
# "Status [READ ONLY]" of the users that Google's Admin console downloads
_STATUS = {"active": True, "suspended": False, "archived": False}
# What Export-Csv of Windows PowerShell 5.1 writes first, unless -NoTypeInformation is given
_TYPE_LINE = re.compile(r"#TYPE [^\r\n]*(?:\r\n|\n|\r|\Z)")
_QUOTED = re.compile(r'"[^"]*+"')
# Between addresses: none holds one of these unless a part of it is quoted (RFC 5321, section 4.1.2)
_BETWEEN = re.compile(r"[\s,;]+")
# Text to a spreadsheet: the formula ="01069", and an apostrophe before what would be a number or a
# formula, which programs write as well (OWASP, "CSV Injection")
_MARKED_TEXT = re.compile(r'="([^"]*)"|\'([-+=@0-9].*)', re.DOTALL)
_UNCLOSED = "a quote begins here, but its cell does not end with one"
# proxyAddresses of an Active Directory, which Microsoft 365 exports joined by +: SMTP in capitals
# marks the primary address, other marks than smtp are no mail addresses (Microsoft Learn, "How the
# proxyAddresses attribute is populated in Microsoft Entra ID")
_PROXY_ADDRESSES = re.compile(r"[A-Za-z0-9]+:[^\s,;]", re.ASCII)
_BEFORE_PROXY = re.compile(r"\s*[,;+|\s]\s*(?=[A-Za-z0-9]+:)", re.ASCII)
MEMBERS = "members"
_NEEDED = {MEMBER: "each row names a group and one of its members"}
_MAX_COLUMNS = 100  # a guess: five times the columns there are
_MAX_HEADER = 10_000  # characters that are looked at for the separator: 100 columns of 100


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    place: Place


_Row: TypeAlias = list[_Cell]


def parse(
    text: str,
    source: Source,
    context: ParsingContext,
    path: Path,
    options: TableOptions | None = None,
) -> Node:
    """Turn the rows of a table into a mapping of users or groups by name.

    Args:
        text: The file.
        source: Where the text comes from.
        context: Takes the problems.
        path: Where the users or groups stand in the resolved spec.
        options: How to read it, when not as users as the header says.

    Returns:
        Users or groups in the order of the rows; an empty cell is an absent key. A cell
        that is wrong leaves a gap. A gap for all when there is no usable header.
    """
    table = _TableReader(source, context, path, options or TableOptions())
    rows = table.rows(text, *_separator(text))
    header = next(rows, None)
    columns = table.columns(header) if header else table.refuse_empty()
    if not header or not columns:
        return Gap((source, 1, 1))
    return table.entries(header, columns, rows)


def _separator(text: str) -> tuple[str, int]:
    """Say what separates cells, and at which character the header may begin."""
    if found := _SEPARATOR_LINE.match(text):
        return found[2], found.end()
    start = found.end() if (found := _TYPE_LINE.match(text)) else 0
    lines = _QUOTED.sub("", text[start : start + _MAX_HEADER]).strip("\r\n ").splitlines()
    header = lines[0] if lines else ""
    return max(_SEPARATORS, key=header.count), start


def _is_ignored(header: str) -> bool:
    return header.casefold().startswith(IGNORED)


def _cell_pattern(separator: str) -> re.Pattern[str]:
    """Match one cell and what ends it.

    The second group is unquoted text, and may hold a stray quote. The possessive *+ keeps the
    spaces before a quote from becoming such text.
    """
    blank, mark = (" " if separator == "\t" else r"[ \t]"), re.escape(separator)
    quoted, bare = r'"([^"]*+(?:""[^"]*+)*+)"', rf'((?!")[^{mark}\r\n]*)'
    return re.compile(rf"{blank}*+(?:{quoted}{blank}*|{bare})({mark}|\r\n|\n|\r|\Z)")


class _TableReader:
    """Reads one file."""

    def __init__(
        self, source: Source, context: ParsingContext, path: Path, options: TableOptions
    ) -> None:
        self._source = source
        self._context = context
        self._path = path
        self._options = options
        self._known = options.rows
        self._renamed = {suggesting.squashed(each.header): each for each in options.columns}
        self._negated: set[int] = set()
        self._ended_early = False

    def rows(self, text: str, separator: str = ",", start: int = 0) -> Iterator[_Row]:
        """Split the text; rows in which every cell is empty are left out."""
        pattern = _cell_pattern(separator)
        row: _Row = []
        line, line_start, position = (2 if start else 1), start, start
        while position < len(text) or row:
            self._context.values_left -= 1
            place = (self._source, line, position - line_start + 1)
            found = pattern.match(text, position)
            if found is None or self._context.values_left < 0 or self._context.is_flooded:
                self._report(place, (), _UNCLOSED if found is None else self._limit())
                self._ended_early = True
                return
            begin = found.start(2) if found[1] is None else found.start(1) - 1
            row.append(self._cell(found, (self._source, line, begin - line_start + 1)))
            broken = text.count("\n", position, found.end()) or found[3] == "\r"
            if broken:
                line += int(broken)
                line_start = (
                    found.end() if found[3] != separator else text.rfind("\n", 0, found.end()) + 1
                )
            position = found.end()
            if found[3] != separator:
                if any(cell.text for cell in row):
                    yield row
                row = []

    def refuse_empty(self) -> list[str | None]:
        """Report that there is no header: a failed export, which must not switch everybody off."""
        if not self._ended_early:
            hint = f"a table of nobody has a header too, or write {self._known.entity}s: {{}}"
            self._report((self._source, 1, 1), (), "the table is empty, without a header", hint)
        return []

    def columns(self, header: _Row) -> list[str | None]:
        """Read the header: one key a column, None for one that is not known; empty if unusable."""
        if len(header) > _MAX_COLUMNS:
            self._report(header[0].place, (), f"{len(header)} columns are too many")
            return []
        columns: list[str | None] = []
        for position, cell in enumerate(header):
            columns.append(self._column(cell, columns))
            renamed = self._renamed.get(suggesting.squashed(cell.text))
            if renamed and renamed.negated:
                self._negated.add(position)
        self._refuse_absent(header)
        name = self._options.name
        if name and name.key not in columns:
            message = (
                f'the names come from "{name.key}", which is not a column of {self._source.name}'
            )
            self._report(name.place, (), message)
            return []
        for part in self._options.display_name:
            if part.key not in columns:
                message = f'"{part.key}" is not a column of {self._source.name}'
                self._report(part.place, (), message, "the display names would come from it")
        needed = [] if name else [self._known.name]
        if self._is_of_memberships:
            needed.append(MEMBER)
        absent = [column for column in needed if column not in columns]
        for column in absent:
            message = f'the header has no column "{column}"'
            hint = _NEEDED.get(column) or f"each {self._known.entity} needs a name"
            self._report(header[0].place, (), message, hint)
        return [] if absent else columns

    @property
    def _is_of_memberships(self) -> bool:
        return self._known is headers.MEMBERSHIPS

    def entries(self, header: _Row, columns: list[str | None], rows: Iterator[_Row]) -> Mapping:
        """Read all rows below the header."""
        entries = Mapping((self._source, 1, 1), height=2)
        members: dict[tuple[str, str], Place] = {}
        source = self._options.name
        key = columns.index(source.key if source else self._known.name)
        is_empty = True
        nameless = {position for position, cell in enumerate(header) if not cell.text}
        for row in rows:
            is_empty = False
            self._refuse_nameless(row, nameless)
            if any(cell.text for cell in row[len(columns) :]):
                message = f"the row has {len(row)} cells, the header has {len(columns)}"
                hint = "put a cell that contains the separator in double quotes"
                self._report(row[0].place, (), message, hint)
                continue
            name = row[key] if key < len(row) else _Cell("", row[-1].place)
            if source:
                name = _Cell(name.text.partition("@")[0].strip(), name.place)
            name = _Cell(self._options.shorten(name.text), name.place)
            if self._is_of_memberships:
                self._add_member(name, dict(zip(columns, row, strict=False)), entries, members)
            elif self._is_usable(name, header[key].text, entries):
                entries.entries[name.text] = self._entry(columns, row, name)
                entries.key_places[name.text] = name.place
        if is_empty and not self._ended_early:
            message = f"the table has a header and no rows, so it declares no {self._known.entity}"
            hint = f"if none is meant, write {self._known.entity}s: {{}}"
            self._context.warn("csv", header[0].place, self._path, message, hint)
        inner = max((entry.height for entry in entries.entries.values()), default=1)
        entries.height = inner + 1
        return entries

    def _add_member(
        self,
        group: _Cell,
        row: dict[str | None, _Cell],
        groups: Mapping,
        members: dict[tuple[str, str], Place],
    ) -> None:
        """Put a membership into its group; a row without a member declares the group alone."""
        if not group.text:
            self._report(group.place, (), "the row names no group")
            return
        if group.text not in groups.entries:
            entry = Mapping(group.place, {MEMBERS: Sequence(group.place)}, height=2)
            entry.key_places[MEMBERS] = group.place
            groups.entries[group.text] = entry
            groups.key_places[group.text] = group.place
        member = row.get(MEMBER)
        if not member or not member.text:
            return
        text = self._options.shorten(member.text)
        kind = row.get(KIND)
        if kind and kind.text and kind.text.casefold() != "user":
            if kind.text.casefold() != "group":
                path = (group.text, MEMBERS)
                self._report(kind.place, path, f'"{kind.text}" is not user or group')
                return
            text = f"group:{text}"
        first = members.setdefault((group.text, text), member.place)
        if first is not member.place:
            message = f'"{text}" stands in group "{group.text}" twice, first on line {first[1]}'
            self._report(member.place, (group.text, MEMBERS), message)
            return
        listed = nodes.child(groups.entries[group.text], MEMBERS)
        if isinstance(listed, Sequence):
            listed.items.append(Scalar(text, member.place, text))

    def _cell(self, found: re.Match[str], place: Place) -> _Cell:
        text = found[2].strip() if found[1] is None else found[1].replace('""', '"').strip()
        text = _LINE_BREAK.sub("\n", text)  # as YAML reads them, whatever system saved the table
        if marked := _MARKED_TEXT.fullmatch(text):
            return _Cell((marked[1] if marked[2] is None else marked[2]).strip(), place)
        if found[1] is None and '"' in text:
            message = "a quote stands in the middle of a cell"
            self._report(
                place, (), message, 'write the cell in quotes, and "" for each quote in it'
            )
        return _Cell(text, place)

    def _column(self, cell: _Cell, before: list[str | None]) -> str | None:
        word = suggesting.squashed(cell.text)
        renamed = self._renamed.get(word)
        if not renamed and (not word or word in self._options.ignored or _is_ignored(cell.text)):
            return None
        column = renamed.key if renamed else self._known.keys.get(word)
        if column and column in before and not (renamed and column in self._known.lists):
            what = "" if cell.text == column else f' as "{column}"'
            self._report(cell.place, (), f'column "{cell.text}" stands in the header twice{what}')
            return None
        if column == self._known.name and self._options.name:
            message = f'column "{cell.text}" is not needed: the names come from another'
            self._report(cell.place, (), message, "ignore it, or map it in columns")
            return None
        if not column and not renamed and not self._options.ignores_unknown(cell.text):
            what, hint = self._known.complain(cell.text)
            told = characters.put_before(hint, cell.text)
            self._report(cell.place, (), f'column "{cell.text}" {what}', told)
        return column

    def _refuse_absent(self, header: _Row) -> None:
        """Report the columns that the options rename and the header does not have."""
        present = {suggesting.squashed(cell.text): cell.text for cell in header if cell.text}
        for word, renamed in self._renamed.items():
            if word not in present:
                near = suggesting.nearest(word, present)
                message = f'{self._source.name} has no column "{renamed.header}"'
                hint = f'did you mean "{present[near]}"?' if near else None
                self._report(renamed.place, (), message, hint)

    def _refuse_nameless(self, row: _Row, nameless: set[int]) -> None:
        """Report a cell below an empty header, the first of each column."""
        for position in sorted(nameless):
            if position < len(row) and row[position].text:
                message = "the cell stands in a column without a header"
                hint = f'name the column, or begin its header with "{IGNORED}" to have it ignored'
                self._report(row[position].place, (), message, hint)
                nameless.remove(position)

    def _is_usable(self, name: _Cell, header: str, entries: Mapping) -> bool:
        if not name.text:
            self._report(name.place, (), f'the cell in column "{header}" is empty')
            return False
        first = entries.key_places.get(name.text)
        if first:
            message = (
                f'{self._known.entity} "{name.text}" stands here twice, first on line {first[1]}'
            )
            self._report(name.place, (name.text,), message)
        return first is None

    def _entry(self, columns: list[str | None], row: _Row, name: _Cell) -> Mapping:
        entry = Mapping(name.place)
        for position, (column, cell) in enumerate(zip(columns, row, strict=False)):
            if not column or column == self._known.name or not cell.text:
                continue  # so are missing cells
            node = self._value(column, cell, (name.text, column), position in self._negated)
            listed = entry.entries.get(column)
            if isinstance(listed, Sequence) and isinstance(node, Sequence):
                listed.items.extend(node.items)
                continue
            entry.entries[column] = node
            entry.key_places[column] = cell.place
            entry.height = max(entry.height, node.height + 1)
        self._make_display_name(entry)
        return entry

    def _make_display_name(self, entry: Mapping) -> None:
        """Make the display name of a user who has none from the columns that the options name."""
        found = [entry.entries.get(part.key or "") for part in self._options.display_name]
        parts = [node for node in found if isinstance(node, Scalar)]
        if parts and "display_name" not in entry.entries:
            text = " ".join(str(node.value) for node in parts)
            entry.entries["display_name"] = Scalar(text, parts[0].place, text)
            entry.key_places["display_name"] = parts[0].place

    def _value(self, column: str, cell: _Cell, path: Path, negated: bool) -> Node:
        text, place = cell.text, cell.place
        if what := characters.spreadsheet_word(text):
            hint = (
                "fix the cell in the spreadsheet; format a column of numbers that are text as text"
            )
            self._report(place, path, f'"{text}" is what a spreadsheet writes for {what}', hint)
            return Gap(place)
        if column in self._known.lists:
            words = _addresses(text) if column == "aliases" else _words(text)
            if column == MEMBERS:
                words = [self._options.shorten(word) for word in words]
            self._context.values_left -= len(words)
            return Sequence(place, [Scalar(word, place, word) for word in words])
        value: scalars.Value = text
        allowed = ""
        if column in self._known.booleans:
            value, allowed = scalars.boolean(text), "true or false"
            if value is None and column == "enabled" and not negated:
                value = _STATUS.get(text.casefold())
            value = not value if negated and value is not None else value
        elif column in self._known.numbers:
            value, allowed = scalars.whole_number(text), "a whole number"
        if value is None:
            suspect = characters.describe_suspect(text)
            self._report(place, path, f'"{text}" is not {allowed}', suspect)
            return Gap(place)
        return Scalar(value, place, text)

    def _limit(self) -> str:
        return parsing.too_many() if self._context.values_left < 0 else parsing.flooded()

    def _report(self, place: Place, path: Path, message: str, hint: str | None = None) -> None:
        self._context.report("csv", place, self._path + path, message, hint)


def _words(text: str) -> list[str]:
    return [word for word in _BETWEEN.split(text) if word]


def _addresses(text: str) -> list[str]:
    """Read further addresses; of proxy addresses those marked smtp, which are not the primary."""
    if not _PROXY_ADDRESSES.match(text):
        return _words(text)
    marked = (each.partition(":") for each in _BEFORE_PROXY.split(text))
    return [address for mark, _, address in marked if mark == "smtp"]
