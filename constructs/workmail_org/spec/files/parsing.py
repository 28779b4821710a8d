"""Parsing: YAML 1.2 to nodes, event by event.

PyYAML's parsers give events without recursion, so brackets nested a million deep cost nothing: the
51st ends the reading. Its composer and constructors, which recurse and read YAML 1.1, are not used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Protocol

import yaml

from workmail_org.spec.files import scalars
from workmail_org.spec.files.events import StopError, give_events
from workmail_org.spec.files.nodes import Gap, Mapping, Node, Place, Scalar, Sequence, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workmail_org.spec.problems import Path

MAX_DEPTH = 50
"""Collections within each other, in the resolved spec; a real one has about eight."""

MAX_VALUES = 1_000_000
"""Keys and values in all files of a spec together; 10 000 users with every field are 410 000."""

MAX_PROBLEMS = 10_000
"""Then reading stops, a guess: nobody fixes so many by hand, and 20 MB can hold a million."""

_CORE = "tag:yaml.org,2002:"
_COLLECTION_TAGS = {Sequence: _CORE + "seq", Mapping: _CORE + "map"}
_SCALAR_TAGS: dict[str, tuple[type, ...]] = {
    _CORE + "null": (type(None),),
    _CORE + "bool": (bool,),
    _CORE + "int": (int,),
    _CORE + "float": (float, int),
}
_TABLE_TAG = "!csv"
_FILE_TAGS = ("!include", _TABLE_TAG)


class ParsingContext(Protocol):
    """What the parser needs of the reading of a whole spec."""

    values_left: int

    @property
    def is_flooded(self) -> bool:
        """Whether there are more problems than anybody reads."""
        ...

    def report(
        self, rule: str, place: Place, path: Path, message: str, hint: str | None = None
    ) -> None:
        """Take down a problem."""
        ...

    def warn(self, rule: str, place: Place, path: Path, message: str, hint: str) -> None:
        """Take down a problem that does not make the spec unusable."""
        ...

    def include(self, tag: str, target: Scalar | Mapping, path: Path) -> Node:
        """Read the file that `!include` or `!csv` names; a gap when it cannot be read.

        Behind `!csv` may be a mapping of options, see `table_options`.
        """
        ...


def parse(text: str, source: Source, context: ParsingContext, path: Path = ()) -> Node | None:
    """Turn the one YAML document of a file into nodes.

    Args:
        text: Printable characters only, see `sources.decode`.
        source: Where the text comes from.
        context: Takes the problems, and reads what the text includes.
        path: Where the file's root stands in the resolved spec.

    Returns:
        The root; an empty mapping for an empty file. None when the text is not
        YAML or beyond a limit: a problem says so.
    """
    composer = _Composer(source, context, path)
    try:
        return composer.compose(give_events(text))
    except StopError as stop:
        context.report("yaml", (source, stop.line, stop.column), (), stop.message, stop.hint)
    return None


class _Use(Enum):
    """What becomes of the value that follows a key."""

    ENTRY = auto()
    MERGE = auto()
    DROP = auto()


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet.

    Attributes:
        key: In a mapping, the key whose value comes next; None before a key.
        merge: What stands behind `<<`.
        merge_place: Where `<<` itself stands.
        unusable: A gap takes its place at the end.
        is_table: It holds options of `!csv`, and the table takes its place at the end.
    """

    node: Sequence | Mapping
    anchor: str | None
    unusable: bool
    is_table: bool
    key: str | None = None
    key_place: Place | None = None
    use: _Use = _Use.ENTRY
    merge: Node | None = None
    merge_place: Place | None = None


class _Composer:
    """Builds nodes from the events of one file."""

    def __init__(self, source: Source, context: ParsingContext, path: Path) -> None:
        self._source = source
        self._context = context
        self._prefix = path
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}  # None while the collection is open
        self._root: Node | None = None
        self._handlers: dict[type[yaml.Event], Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._mapping,
            yaml.SequenceStartEvent: self._sequence,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
        }

    def compose(self, events: Iterator[yaml.Event]) -> Node:
        """Build the root from all events."""
        context, handlers = self._context, self._handlers
        for event in events:
            handler = handlers.get(type(event))
            if handler:
                context.values_left -= 1
                if context.values_left < 0:
                    raise self._stop(event, too_many())
                handler(event)
            elif isinstance(event, yaml.DocumentStartEvent) and self._root is not None:
                message = "a file holds one document, a second begins here"
                self._report(self._place(event), message, "make it a file of its own")
                break
        return self._finished_root()

    def _finished_root(self) -> Node:
        root = self._root
        if root is None:
            return Mapping((self._source, 1, 1))
        if isinstance(root, Scalar) and root.value is None and not root.written:
            return Mapping(root.place)
        return root

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        place = self._place(event)
        text: str = event.value
        tag = event.tag
        frame = self._stack[-1] if self._stack else None
        if frame and frame.key is None and isinstance(frame.node, Mapping):
            if event.anchor is not None:
                self._anchors[event.anchor] = Scalar(text, place, text)
            self._key(frame, place, text, event)
            return
        if tag is None and not event.implicit[0]:
            node: Node = Scalar(text, place, text)
        elif tag is None:
            node = self._plain(text, place)
        else:
            node = self._tagged(tag, text, place)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        self._add(node)

    def _plain(self, text: str, place: Place) -> Node:
        try:
            return Scalar(scalars.resolve(text), place, text)
        except ValueError:
            message = f"{len(text)} digits are too many for a number"
            self._report(place, message, "put text in quotes")
            return Gap(place)

    def _tagged(self, tag: str, text: str, place: Place) -> Node:
        if tag in ("!", _CORE + "str"):
            return Scalar(text, place, text)
        if tag in _FILE_TAGS:
            return self._included(tag, Scalar(text, place, text))
        if tag not in _SCALAR_TAGS:
            self._report_tag(tag, place)
            return Gap(place)
        node = self._plain(text, place)
        if isinstance(node, Scalar) and type(node.value) not in _SCALAR_TAGS[tag]:
            self._report(place, f'"{text}" is not what its tag {_shorthand(tag)} says')
            return Gap(place)
        return node

    def _included(self, tag: str, target: Scalar | Mapping) -> Node:
        node = self._context.include(tag, target, self._path())
        return self._within_depth(node, target.place)

    def _within_depth(self, node: Node, place: Place) -> Node:
        if len(self._stack) + node.height <= MAX_DEPTH:
            return node
        self._report(place, _too_deep())
        return Gap(place)

    def _alias(self, event: yaml.AliasEvent) -> None:
        place = self._place(event)
        node = self._anchored(event.anchor, place)
        frame = self._stack[-1] if self._stack else None
        if frame and frame.key is None and isinstance(frame.node, Mapping):
            if isinstance(node, Scalar):
                self._key(frame, place, node.written, event)
            else:
                self._refuse_key(frame, place)
            return
        if isinstance(node, Sequence | Mapping):
            node = replace(node, by_alias=True)
        self._add(self._within_depth(node, place))

    def _anchored(self, anchor: str | None, place: Place) -> Node:
        node = self._anchors.get(anchor or "")
        if node is not None:
            return node
        if anchor in self._anchors:
            self._report(place, f"alias *{anchor} stands inside the value that it repeats")
        else:
            hint = "put text that begins with * in quotes"
            self._report(place, f"no &{anchor} stands before alias *{anchor}", hint)
        return Gap(place)

    def _mapping(self, event: yaml.MappingStartEvent) -> None:
        self._open(event, Mapping(self._place(event)))

    def _sequence(self, event: yaml.SequenceStartEvent) -> None:
        self._open(event, Sequence(self._place(event)))

    def _open(self, event: yaml.CollectionStartEvent, node: Sequence | Mapping) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise self._stop(event, _too_deep())
        tag = event.tag
        is_table = tag == _TABLE_TAG and isinstance(node, Mapping)
        unusable = not is_table and tag not in (None, "!", _COLLECTION_TAGS[type(node)])
        if unusable:
            self._report_tag(tag, node.place)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._stack.append(_Open(node, event.anchor, unusable, is_table))

    def _end(self, _event: yaml.CollectionEndEvent) -> None:
        frame = self._stack.pop()
        if frame.merge is not None and isinstance(frame.node, Mapping):
            self._merge(frame, frame.node, frame.merge)
        node: Node = Gap(frame.node.place) if frame.unusable else frame.node
        if frame.is_table and isinstance(node, Mapping):
            node = self._included(_TABLE_TAG, node)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = node
        self._add(node)

    def _add(self, node: Node) -> None:
        """Put a finished node where it belongs."""
        if not self._stack:
            self._root = node
            return
        frame = self._stack[-1]
        parent = frame.node
        if isinstance(parent, Sequence):
            parent.items.append(node)
        elif frame.key is None:
            self._refuse_key(frame, node.place)
            return
        else:
            key, frame.key = frame.key, None
            if frame.use is _Use.ENTRY and frame.key_place is not None:
                parent.entries[key] = node
                parent.key_places[key] = frame.key_place
            elif frame.use is _Use.MERGE:
                frame.merge = node
                return
        if node.height >= parent.height:
            parent.height = node.height + 1

    def _key(self, frame: _Open, place: Place, text: str, event: yaml.NodeEvent) -> None:
        """Begin an entry: a key is text, whatever it looks like."""
        frame.key, frame.key_place, frame.use = text, place, _Use.ENTRY
        if not isinstance(frame.node, Mapping):
            return
        if isinstance(event, yaml.ScalarEvent):
            if event.tag not in (None, "!") and event.tag not in (_CORE + "str", *_SCALAR_TAGS):
                self._report_tag(event.tag, place)
            if text == "<<" and event.implicit[0]:
                self._merge_key(frame, place)
                return
        if text in frame.node.key_places:
            self._refuse_second(frame, place, frame.node.key_places[text])

    def _merge_key(self, frame: _Open, place: Place) -> None:
        frame.use = _Use.MERGE
        if frame.merge_place is not None:
            self._refuse_second(frame, place, frame.merge_place, "write one: <<: [*a, *b]")
        frame.merge_place = place

    def _refuse_second(
        self, frame: _Open, place: Place, first: Place, hint: str | None = None
    ) -> None:
        frame.use = _Use.DROP
        message = f'key "{frame.key}" stands here twice, first on line {first[1]}'
        self._report(place, message, hint)

    def _refuse_key(self, frame: _Open, place: Place) -> None:
        self._report(place, "a key is text, not a list or a mapping", "put text in quotes")
        frame.key, frame.use = "", _Use.DROP

    def _merge(self, frame: _Open, node: Mapping, merge: Node) -> None:
        """Add the entries that `<<` brings (YAML 1.1, "Merge Key"); the earlier one wins."""
        sources = merge.items if isinstance(merge, Sequence) else [merge]
        for source in sources:
            if isinstance(source, Mapping):
                self._merge_entries(node, source)
            else:
                frame.unusable = True
                if not isinstance(source, Gap):
                    self._report(source.place, "<< takes a mapping, or a list of mappings")

    def _merge_entries(self, node: Mapping, source: Mapping) -> None:
        # Merges copy: 100 000 of a mapping with 100 000 keys are a few lines of text
        self._context.values_left -= len(source.entries)
        if self._context.values_left < 0:
            _, line, column = node.place
            raise StopError(too_many(), line, column)
        for key, value in source.entries.items():
            if key not in node.entries:
                node.entries[key] = value
                node.key_places[key] = source.key_places[key]
        node.height = max(node.height, source.height)

    def _path(self) -> Path:
        """Say where the next value goes."""
        steps = [
            len(frame.node.items) if isinstance(frame.node, Sequence) else frame.key
            for frame in self._stack
        ]
        return self._prefix + tuple(step for step in steps if step is not None)

    def _report(self, place: Place, message: str, hint: str | None = None) -> None:
        self._context.report("yaml", place, self._path(), message, hint)
        if self._context.is_flooded:
            _, line, column = place
            raise StopError(flooded(), line, column)

    def _report_tag(self, tag: str | None, place: Place) -> None:
        if tag in _FILE_TAGS:
            self._report(place, f"{tag} takes the path of a file", f"write {tag} path")
            return
        known = "known: " + ", ".join(_FILE_TAGS)
        self._report(place, f"tag {_shorthand(tag)} is not known; {known}")

    def _place(self, event: yaml.Event) -> Place:
        mark: Any = event.start_mark  # PyYAML's stubs allow None, its parsers never give it
        return self._source, mark.line + 1, mark.column + 1

    def _stop(self, event: yaml.Event, message: str) -> StopError:
        _, line, column = self._place(event)
        return StopError(message, line, column)


def too_many() -> str:
    """Say that a spec has more values than fit."""
    return f"a spec may have {MAX_VALUES} keys and values, this is more"


def flooded() -> str:
    """Say why reading ends early."""
    return f"{MAX_PROBLEMS} problems are enough, what follows is not read"


def _too_deep() -> str:
    return f"values may be nested {MAX_DEPTH} deep, this is deeper"


def _shorthand(tag: str | None) -> str:
    """Write a tag as authors do: `!!python/object`."""
    tag = tag or "!"
    return f"!!{tag.removeprefix(_CORE)}" if tag.startswith(_CORE) else tag
