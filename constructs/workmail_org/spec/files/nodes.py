"""Nodes: the values of a spec, each with the place where somebody wrote it.

Nodes are shared, between aliases and between files that are included twice, so nothing changes one
once its file is read: an edit builds a new node and keeps the places.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from workmail_org.spec.problems import Location

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from workmail_org.spec.problems import Path

# The dataclasses below are not frozen: a frozen one takes three times as long to make (measured
# with Python 3.11), and a spec of 10 000 users has 150 000 of them.


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read.

    Attributes:
        name: As the author named it, relative to the working folder.
        path: Where it was opened; what it includes is relative to its folder.
        order: Position in reading order, from 0.
    """

    name: str
    path: pathlib.Path
    order: int


Place: TypeAlias = tuple[Source, int, int]
"""File, line from 1, column from 1 in characters."""


@dataclass(slots=True, eq=False)
class Scalar:
    """Text, a number, a boolean or null.

    Attributes:
        written: The characters in the file: `01069`, where `value` is 1069.
    """

    value: str | int | float | bool | None
    place: Place
    written: str
    height: int = 0


@dataclass(slots=True, eq=False)
class Sequence:
    """A list.

    Attributes:
        height: How many collections are nested here, itself included.
        by_alias: It stands here through an alias, so its values count as such.
    """

    place: Place
    items: list[Node] = field(default_factory=list["Node"])
    height: int = 1
    by_alias: bool = False


@dataclass(slots=True, eq=False)
class Mapping:
    """Keys and values, in the order they were written.

    Attributes:
        key_places: For each key of `entries`, where the key itself stands.
        height: How many collections are nested here, itself included.
        by_alias: It stands here through an alias, so its values count as such.
    """

    place: Place
    entries: dict[str, Node] = field(default_factory=dict[str, "Node"])
    key_places: dict[str, Place] = field(default_factory=dict[str, Place])
    height: int = 1
    by_alias: bool = False


@dataclass(slots=True, eq=False)
class Gap:
    """A value that could not be read; a problem says why. Nothing more is said about it."""

    place: Place
    height: int = 0


Node: TypeAlias = Scalar | Sequence | Mapping | Gap


def locate(place: Place) -> Location:
    """Say a place the way problems carry it."""
    source, line, column = place
    return Location(source.name, line, column, source.order)


def with_entry(mapping: Mapping, key: str, value: Node, key_place: Place | None = None) -> Mapping:
    """Copy a mapping with one entry set; a key that was there keeps its position and place."""
    places = mapping.key_places
    if key not in places or key_place is not None:
        places = {**places, key: key_place or value.place}
    return replace(mapping, entries={**mapping.entries, key: value}, key_places=places)


def without(mapping: Mapping, *keys: str) -> Mapping:
    """Copy a mapping without some keys, present or not."""
    gone = [key for key in keys if key in mapping.entries]
    if not gone:
        return mapping
    return replace(
        mapping,
        entries={key: node for key, node in mapping.entries.items() if key not in gone},
        key_places={key: place for key, place in mapping.key_places.items() if key not in gone},
    )


def child(node: Node, step: str | int) -> Node | None:
    """Give the value under one key or position, if there is one."""
    if isinstance(node, Mapping) and isinstance(step, str):
        return node.entries.get(step)
    if isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
        return node.items[step]
    return None


def children(node: Node) -> list[Node]:
    """Give the values directly inside a node."""
    if isinstance(node, Mapping):
        return list(node.entries.values())
    return node.items if isinstance(node, Sequence) else []


def plain(node: Node) -> Any:
    """Turn nodes into dicts, lists and scalars; nothing is shared, a gap is None."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Mapping):
        return {key: plain(value) for key, value in node.entries.items()}
    return [plain(item) for item in node.items] if isinstance(node, Sequence) else None


def gaps(node: Node, path: Path = ()) -> Iterator[Path]:
    """Find the paths of the values that could not be read."""
    if isinstance(node, Gap):
        yield path
    elif isinstance(node, Mapping):
        for key, value in node.entries.items():
            yield from gaps(value, (*path, key))
    elif isinstance(node, Sequence):
        for position, item in enumerate(node.items):
            yield from gaps(item, (*path, position))
