"""Loading: the spec as plain data, with the place of every value.

What a value may be is not known here: see `validating.py` and `rules.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from workmail_org.spec.files import extending, nodes
from workmail_org.spec.files.including import Library
from workmail_org.spec.problems import sort_problems

if TYPE_CHECKING:
    import pathlib

    from workmail_org.spec.problems import Location, Path, Problem


@dataclass(frozen=True, slots=True)
class Document:
    """A spec as its files say it, resolved.

    Attributes:
        value: Plain data after `!include`, `!csv`, `extends` and `derive`, whose
            keys are gone, as are top-level keys that begin with `x-`. A key
            with nothing behind it is None. Spaces and line breaks around a text do
            not count, in YAML as in the cell of a table. A derived spec has `expires`.
        problems: Found while reading, sorted by place.
        readable: False when nothing sensible is there to validate further.
        gaps: Paths of values that could not be read (a missing include): they
            are None in `value`, and a problem in them would be an echo.
        root: The folder that no file may lie outside of, resolved.
        files: Names of the files that were read, in reading order.
    """

    value: dict[str, Any]
    problems: tuple[Problem, ...]
    readable: bool
    gaps: frozenset[Path]
    root: pathlib.Path
    files: tuple[str, ...]
    _node: nodes.Mapping

    def place(self, path: Path) -> Location:
        """Say where the value at `path` was written, or its nearest ancestor that exists."""
        return nodes.locate(self._nearest(path)[0].place)

    def key_place(self, path: Path) -> Location:
        """Say where the key at the end of `path` stands; of a list item, its value's place."""
        parent, rest = self._nearest(path[:-1])
        if path and not rest and isinstance(parent, nodes.Mapping):
            place = parent.key_places.get(str(path[-1]))
            if place is not None:
                return nodes.locate(place)
        return self.place(path)

    def written(self, path: Path) -> str | None:
        """Give the characters of the scalar at `path`: `01069`, where the value is 1069."""
        node, rest = self._nearest(path)
        return node.written if isinstance(node, nodes.Scalar) and not rest else None

    def _nearest(self, path: Path) -> tuple[nodes.Node, Path]:
        """Follow `path` as far as it exists; give what is there and the steps that are left."""
        node: nodes.Node = self._node
        for position, step in enumerate(path):
            found = nodes.child(node, step)
            if found is None:
                return node, path[position:]
            node = found
        return node, ()


def load(
    path: pathlib.Path, *, root: pathlib.Path | None = None, data: bytes | None = None
) -> Document:
    """Read a spec and everything it includes and extends.

    Never raises for bad input: what is wrong is in the document's problems.

    Args:
        path: The spec; problems name it exactly so.
        root: No include or base may lie outside this folder; by default the
            folder of `path`.
        data: What the spec holds, if it is not a file; what it names is then
            relative to the folder of `path` all the same.
    """
    library = Library((root or path.parent).resolve(), data)
    node = extending.resolve(path, library)
    found = node is not None
    node = node or nodes.Mapping((nodes.Source(str(path), path, 0), 1, 1))
    return Document(
        value=_trimmed(nodes.plain(node)),
        problems=sort_problems(library.problems),
        readable=found,
        gaps=frozenset(nodes.gaps(node)) if library.problems else frozenset(),
        root=library.root,
        files=tuple(source.name for source in library.sources),
        _node=node,
    )


def _trimmed(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict):
        return {key: _trimmed(inner) for key, inner in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_trimmed(inner) for inner in cast("list[object]", value)]
    return value
