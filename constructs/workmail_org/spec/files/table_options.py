"""Table options: what stands behind `!csv` beside the file. `tables.py` reads the table."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workmail_org.spec import characters, suggesting
from workmail_org.spec.files import headers
from workmail_org.spec.files.nodes import Gap, Mapping, Node, Place, Scalar, Sequence

if TYPE_CHECKING:
    from workmail_org.spec.files.headers import Columns
    from workmail_org.spec.files.parsing import ParsingContext
    from workmail_org.spec.problems import Path

_DISPLAY_NAME = "display_name"
OPTIONS = ("file", "rows", "columns", "ignore", "name", _DISPLAY_NAME, "domains")
_FROM = "from"
_NOT = "not "
_MERGE = "<<"
_MAX_PATTERNS = 100  # a guess; each is tried on every header


@dataclass(frozen=True, slots=True)
class Renamed:
    """What a column means.

    Attributes:
        header: As the author wrote it.
        key: A key of a user or a group, or `name`; None when that was unusable.
        place: Where the option stands; the same option elsewhere is equal.
        negated: The column says the opposite of the key.
    """

    header: str
    key: str | None
    place: Place = field(compare=False)
    negated: bool = False


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How a table is read; by default as its header says.

    Attributes:
        rows: What each row is.
        columns: What columns mean whose headers say something else.
        ignored: Headers of columns that are left out, see `suggesting.squashed`.
        patterns: Headers of columns that are left out unless they are known.
        name: The key is what stands before an @ in the column `name.key`.
        domains: Folded; an address in one of them stands for what is before its @.
        display_name: Columns whose texts make the display name of a user who has none.
    """

    rows: Columns = headers.USERS
    columns: tuple[Renamed, ...] = ()
    ignored: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    name: Renamed | None = None
    domains: frozenset[str] = frozenset()
    display_name: tuple[Renamed, ...] = ()

    def ignores_unknown(self, header: str) -> bool:
        """Return whether a column that is not known is left out."""
        word = suggesting.squashed(header)
        literal = (pattern.replace("[", "[[]") for pattern in self.patterns)  # `Phone [Work]`
        return any(fnmatch.fnmatchcase(word, pattern) for pattern in literal)

    def shorten(self, text: str) -> str:
        """Turn an address in one of the domains into the name before its @."""
        name, _, domain = text.rpartition("@")
        return name if name and domain.casefold() in self.domains else text


def options_by_place(path: Path) -> TableOptions:
    """Say how a table is read without options: what stands under `groups` are groups."""
    key = next((step for step in reversed(path) if isinstance(step, str) and step != _MERGE), "")
    return TableOptions(rows=headers.GROUPS if key == "groups" else headers.USERS)


def read_options(
    node: Mapping, context: ParsingContext, path: Path
) -> tuple[Scalar | None, TableOptions]:
    """Read the mapping behind `!csv`; what is not usable is a problem.

    Args:
        node: The mapping.
        context: Takes the problems.
        path: Where the users or groups stand in the resolved spec.

    Returns:
        The path of the table, None when there is none; and how to read it.
    """
    return _TableOptionsReader(node, context, path).read()


class _TableOptionsReader:
    """Checks what stands behind `!csv`."""

    def __init__(self, node: Mapping, context: ParsingContext, path: Path) -> None:
        self._node = node
        self._context = context
        self._path = path
        self._rows = options_by_place(path).rows

    def read(self) -> tuple[Scalar | None, TableOptions]:
        """Take what is usable; the rest are problems."""
        self._refuse_unknown(self._node, OPTIONS)
        file = self._file()
        self._rows = self._read_rows()
        exact, patterns = self._ignored()
        return file, TableOptions(
            rows=self._rows,
            columns=self._columns(),
            ignored=exact,
            patterns=patterns,
            name=self._name(),
            domains=self._domains(),
            display_name=self._display_name(),
        )

    def _option(self, key: str) -> Node | None:
        """Give what stands behind an option; None when that is nothing."""
        node = self._node.entries.get(key)
        return None if isinstance(node, Scalar) and node.value is None else node

    def _file(self) -> Scalar | None:
        node = self._option("file")
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return node
        if node is None:
            hint = "write !csv {file: people.csv}"
            self._report(self._node.place, "!csv has no option file", hint)
        else:
            self._refuse("file", node, "the path of a table")
        return None

    def _read_rows(self) -> Columns:
        node = self._option("rows")
        if isinstance(node, Scalar) and isinstance(node.value, str) and node.value in headers.ROWS:
            return headers.ROWS[node.value]
        self._refuse("rows", node, ", ".join(headers.ROWS))
        return self._rows

    def _columns(self) -> tuple[Renamed, ...]:
        node = self._option("columns")
        if not isinstance(node, Mapping):
            self._refuse("columns", node, f"a mapping: {{header: key of a {self._rows.entity}}}")
            return ()
        return tuple(
            Renamed(header, self._key(value), node.key_places[header], _is_negated(value))
            for header, value in node.entries.items()
        )

    def _key(self, node: Node) -> str | None:
        """Read a key of a user or a group, or `name`."""
        rows = self._rows
        if isinstance(node, Scalar) and isinstance(node.value, str):
            key = node.value.removeprefix(_NOT).strip()
            if key not in rows.keys.values():
                message = f'a {rows.entity} has no key "{key}"'
                self._report(node.place, f"!csv: {message}", rows.hint(key))
            elif _is_negated(node) and key not in rows.booleans:
                message = f'!csv: "{key}" is not true or false, so it has no opposite'
                self._report(node.place, message, f"allowed: {_listed(rows.booleans)}")
            else:
                return key
        else:
            self._refuse("columns", node, f"a key of a {rows.entity}; ignore takes what is none")
        return None

    def _ignored(self) -> tuple[frozenset[str], tuple[str, ...]]:
        words = [suggesting.squashed(item.written) for item in self._list("ignore", "headers")]
        patterns = tuple(sorted({word for word in words if "*" in word or "?" in word}))
        if len(patterns) > _MAX_PATTERNS:
            message = f"!csv: ignore may have {_MAX_PATTERNS} patterns, here are {len(patterns)}"
            self._report(self._node.place, message, 'ignore "*" leaves out whatever is not known')
        return frozenset(words) - {*patterns}, patterns[:_MAX_PATTERNS]

    def _domains(self) -> frozenset[str]:
        items = self._list("domains", "domains, such as [acme.example]")
        return frozenset(item.written.casefold() for item in items)

    def _list(self, key: str, of_what: str) -> list[Scalar]:
        """Read a list of texts; what else is in it is a problem."""
        node = self._option(key)
        if not isinstance(node, Sequence):
            self._refuse(key, node, f"a list of {of_what}")
            return []
        usable = [item for item in node.items if isinstance(item, Scalar) and item.written]
        for item in node.items:
            if item not in usable:
                self._refuse(key, item, f"a list of {of_what}")
        return usable

    def _name(self) -> Renamed | None:
        node = self._option("name")
        source = node.entries.get(_FROM) if isinstance(node, Mapping) else None
        if not isinstance(node, Mapping) or source is None:
            self._refuse("name", node, "a mapping: {from: email}")
            return None
        self._refuse_unknown(node, (_FROM,))
        if isinstance(source, Scalar) and source.value in self._rows.texts:
            return Renamed(_FROM, source.written, source.place)
        allowed = f"a key of a {self._rows.entity} that is text, such as email"
        self._refuse("name", source, allowed)
        return None

    def _display_name(self) -> tuple[Renamed, ...]:
        node = self._option(_DISPLAY_NAME)
        if node is None:
            return ()
        if _DISPLAY_NAME not in self._rows.texts:
            message = f"!csv: a {self._rows.entity} has no display name"
            self._report(node.place, message, f"leave the option {_DISPLAY_NAME} out")
            return ()
        source = node.entries.get(_FROM) if isinstance(node, Mapping) else None
        if not isinstance(node, Mapping) or not isinstance(source, Sequence):
            self._refuse(_DISPLAY_NAME, node, "a mapping: {from: [first_name, last_name]}")
            return ()
        self._refuse_unknown(node, (_FROM,))
        keys = [
            Renamed(_FROM, item.written, item.place)
            for item in source.items
            if isinstance(item, Scalar) and item.written in self._rows.texts
        ]
        for item in source.items:
            if not (isinstance(item, Scalar) and item.written in self._rows.texts):
                allowed = f"keys of a {self._rows.entity} that are text, such as first_name"
                self._refuse(_DISPLAY_NAME, item, allowed)
        return tuple(keys)

    def _refuse_unknown(self, node: Mapping, known: tuple[str, ...]) -> None:
        for key, place in node.key_places.items():
            if key not in known:
                near = suggesting.nearest(key, known)
                hint = f'did you mean "{near}"?' if near else f"known: {', '.join(known)}"
                told = characters.put_before(hint, key)
                self._report(place, f'!csv has no option "{key}"', told)

    def _refuse(self, key: str, node: Node | None, allowed: str) -> None:
        """Report a value that is none of `allowed`; nothing is said of one that is not there."""
        if node is None or isinstance(node, Gap):
            return
        what = f'"{node.written}"' if isinstance(node, Scalar) else "this"
        self._report(node.place, f"!csv: {what} is not what {key} takes", f"allowed: {allowed}")

    def _report(self, place: Place, message: str, hint: str | None) -> None:
        self._context.report("csv", place, self._path, message, hint)


def _is_negated(node: Node) -> bool:
    return isinstance(node, Scalar) and node.written.startswith(_NOT)


def _listed(words: frozenset[str]) -> str:
    return ", ".join(f"not {word}" for word in sorted(words)) or "none"
