"""Table options: what stands behind `!csv` beside the file. `tables.py` reads the table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workmail_org.spec import suggesting
from workmail_org.spec.files import headers
from workmail_org.spec.files.nodes import Gap, Mapping, Node, Place, Scalar, Sequence

if TYPE_CHECKING:
    from workmail_org.spec.files.parsing import Context
    from workmail_org.spec.problems import Path

_OPTIONS = ("file", "columns", "ignore", "name")
_FROM = "from"


@dataclass(frozen=True, slots=True)
class Renamed:
    """What a column means.

    Attributes:
        header: As the author wrote it.
        key: A key of a user, or `name`; None when that was unusable.
        place: Where the option stands; the same option elsewhere is equal.
    """

    header: str
    key: str | None
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class Options:
    """How a table is read; by default as its header says.

    Attributes:
        columns: What columns mean whose headers say something else.
        ignored: Headers of columns that are left out, see `headers.squashed`.
        name: The user's key is what stands before an @ in the column `name.key`.
    """

    columns: tuple[Renamed, ...] = ()
    ignored: frozenset[str] = frozenset()
    name: Renamed | None = None


def read_options(node: Mapping, context: Context, path: Path) -> tuple[Scalar | None, Options]:
    """Read the mapping behind `!csv`; what is not usable is a problem.

    Args:
        node: The mapping.
        context: Takes the problems.
        path: Where the users stand in the resolved spec.

    Returns:
        The path of the table, None when there is none; and how to read it.
    """
    return _OptionsReader(node, context, path).read()


class _OptionsReader:
    """Checks what stands behind `!csv`."""

    def __init__(self, node: Mapping, context: Context, path: Path) -> None:
        self._node = node
        self._context = context
        self._path = path

    def read(self) -> tuple[Scalar | None, Options]:
        """Take what is usable; the rest are problems."""
        self._refuse_unknown(self._node, _OPTIONS)
        file = self._file()
        return file, Options(self._columns(), self._ignored(), self._name())

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

    def _columns(self) -> tuple[Renamed, ...]:
        node = self._option("columns")
        if not isinstance(node, Mapping):
            self._refuse("columns", node, "a mapping: {header: key of a user}")
            return ()
        return tuple(
            Renamed(header, self._key(value), node.key_places[header])
            for header, value in node.entries.items()
        )

    def _key(self, node: Node) -> str | None:
        """Read a key of a user, or `name`."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            if node.value in headers.KEYS.values():
                return node.value
            message = f'a user has no key "{node.value}"'
            self._report(node.place, f"!csv: {message}", headers.hint(node.value))
        else:
            self._refuse("columns", node, "a key of a user; ignore takes what is none")
        return None

    def _ignored(self) -> frozenset[str]:
        node = self._option("ignore")
        if not isinstance(node, Sequence):
            self._refuse("ignore", node, "a list of headers")
            return frozenset()
        usable = [item for item in node.items if isinstance(item, Scalar) and item.written]
        for item in node.items:
            if item not in usable:
                self._refuse("ignore", item, "a list of headers")
        return frozenset(headers.squashed(item.written) for item in usable)

    def _name(self) -> Renamed | None:
        node = self._option("name")
        source = node.entries.get(_FROM) if isinstance(node, Mapping) else None
        if not isinstance(node, Mapping) or source is None:
            self._refuse("name", node, "a mapping: {from: email}")
            return None
        self._refuse_unknown(node, (_FROM,))
        if isinstance(source, Scalar) and source.value in headers.TEXTS:
            return Renamed(_FROM, source.written, source.place)
        self._refuse("name", source, "a key of a user that is text, such as email")
        return None

    def _refuse_unknown(self, node: Mapping, known: tuple[str, ...]) -> None:
        for key, place in node.key_places.items():
            if key not in known:
                near = suggesting.nearest(key, known)
                hint = f'did you mean "{near}"?' if near else f"known: {', '.join(known)}"
                self._report(place, f'!csv has no option "{key}"', hint)

    def _refuse(self, key: str, node: Node | None, allowed: str) -> None:
        """Report a value that is none of `allowed`; nothing is said of one that is not there."""
        if node is None or isinstance(node, Gap):
            return
        what = f'"{node.written}"' if isinstance(node, Scalar) else "this"
        self._report(node.place, f"!csv: {what} is not what {key} takes", f"allowed: {allowed}")

    def _report(self, place: Place, message: str, hint: str) -> None:
        self._context.report("csv", place, self._path, message, hint)
