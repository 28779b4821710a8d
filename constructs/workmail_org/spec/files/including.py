"""Including: the files that make one spec, each read once, none from outside its folder."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from workmail_org.spec.files import parsing, sources, table_options, tables
from workmail_org.spec.files.nodes import Gap, Mapping, Node, Place, Scalar, Source, locate
from workmail_org.spec.files.table_options import TableOptions
from workmail_org.spec.problems import Problem, Severity

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator

    from workmail_org.spec.problems import Path

_MAX_CHAIN = 50  # files that include or extend one another; as deep as values may be nested
_AS_IT_IS = TableOptions()


class Library:
    """The files of one spec, and the problems found in them.

    Attributes:
        root: No file that a spec names lies outside this folder; resolved.
        problems: In the order they were found.
        sources: The files that were read, in reading order.
        values_left: Keys and values that may still be read.
    """

    def __init__(self, root: pathlib.Path, data: bytes | None = None) -> None:
        self.root = root
        self._data = data  # of the spec itself, if it is not a file
        self.problems: list[Problem] = []
        self.sources: list[Source] = []
        self.values_left = parsing.MAX_VALUES
        self._bytes_left = sources.MAX_BYTES
        self._finished: dict[tuple[str, pathlib.Path, TableOptions], Node] = {}
        self._open: list[tuple[pathlib.Path, Source]] = []
        self._extended: list[tuple[pathlib.Path, Source]] = []

    @property
    def is_flooded(self) -> bool:
        """Whether there are more problems than anybody reads."""
        return len(self.problems) >= parsing.MAX_PROBLEMS

    def report(
        self, rule: str, place: Place, path: Path, message: str, hint: str | None = None
    ) -> None:
        """Take down a problem."""
        self.problems.append(Problem(locate(place), path, message, hint, rule=rule))

    def warn(self, rule: str, place: Place, path: Path, message: str, hint: str) -> None:
        """Take down a problem that does not make the spec unusable."""
        where = locate(place)
        self.problems.append(Problem(where, path, message, hint, Severity.WARNING, rule))

    def open_spec(self, path: pathlib.Path) -> Node | None:
        """Read the spec that the author asked for; None when it cannot be read."""
        source = Source(str(path), path, 0)
        try:
            real = path.resolve()
        except (OSError, RuntimeError, ValueError):  # a loop of links; opening it says so
            real = path
        self._extended.append((real, source))
        node = self._read("spec", real, source, None)
        return None if isinstance(node, Gap) else node

    def open_base(self, target: Scalar) -> Node | None:
        """Read the spec that another extends; None when it cannot be read."""
        found = self._find("extends", target, ("extends",))
        if found is None or self._goes_in_circles("extends", target, found, self._extended):
            return None
        self._extended.append(found)
        node = self._read("extends", *found, target)
        return None if isinstance(node, Gap) else node

    def include(self, tag: str, target: Scalar | Mapping, path: Path) -> Node:
        """Read the file that `!include` or `!csv` names; a gap when it cannot be read."""
        options = table_options.options_by_place(path)
        if isinstance(target, Mapping):
            file, options = table_options.read_options(target, self, path)
            if file is None:
                return Gap(target.place)
            target = file
        found = self._find(tag, target, path)
        if found is None or self._goes_in_circles(tag, target, found, self._open, path):
            return Gap(target.place)
        return self._read(tag, *found, target, path, options)

    def _read(
        self,
        tag: str,
        real: pathlib.Path,
        source: Source,
        target: Scalar | None,
        path: Path = (),
        options: TableOptions = _AS_IT_IS,
    ) -> Node:
        """Read a file once; a gap, the next time too, when it is not what it should be."""
        key = ("csv" if tag == "!csv" else "yaml", real, options)
        if key in self._finished:
            return self._finished[key]
        try:
            if target is None and self._data is not None:
                data = sources.limited(self._data, self._bytes_left)
            else:
                data = sources.read_bytes(real, limit=self._bytes_left)
        except sources.UnreadableError as error:
            return self._unreadable(tag, error, target, (source, 1, 1), path)
        self.sources.append(source)
        self._bytes_left -= len(data)
        with self._opened(real, source):
            self._finished[key] = self._parse(tag, data, source, path, options)
        return self._finished[key]

    def _parse(
        self, tag: str, data: bytes, source: Source, path: Path, options: TableOptions
    ) -> Node:
        try:
            text = sources.decode(data, may_be_utf_16=tag == "!csv")
        except sources.UnreadableError as error:
            place = (source, error.line, error.column)
            self.report("file", place, (), error.message, error.hint)
            return Gap(place)
        if tag == "!csv":
            return tables.parse(text, source, self, path, options)
        return parsing.parse(text, source, self, path) or Gap((source, 1, 1))

    def _unreadable(
        self,
        tag: str,
        error: sources.UnreadableError,
        target: Scalar | None,
        first: Place,
        path: Path,
    ) -> Gap:
        """Say that a file cannot be opened: where it is named, or at its own first character."""
        if target is None:
            self.report("file", first, path, error.message, error.hint)
            return Gap(first)
        message = f'{_who(tag)}cannot read "{target.written}": {error.message}'
        where = ("extends",) if tag == "extends" else path
        self.report("file", target.place, where, message, error.hint)
        return Gap(target.place)

    def _find(self, tag: str, target: Scalar, path: Path) -> tuple[pathlib.Path, Source] | None:
        """Find the file that a spec names; None, and a problem, when the spec may not."""
        named, including = target.written, target.place[0]
        problem = _unusable(named)
        if problem:
            self.report("include", target.place, path, f"{_who(tag)}{problem}")
            return None
        full = including.path.parent / named
        try:
            real = full.resolve()
        except (OSError, RuntimeError, ValueError):
            self.report("include", target.place, path, f'{_who(tag)}cannot follow "{named}"')
            return None
        if not real.is_relative_to(self.root):
            message = f'{_who(tag)}"{named}" leads outside the folder that this spec may read'
            hint = "move the file, or name a wider folder with --root"
            self.report("include", target.place, path, message, hint)
            return None
        return real, Source(sources.displayed_name(named, including), full, len(self.sources))

    def _goes_in_circles(
        self,
        tag: str,
        target: Scalar,
        found: tuple[pathlib.Path, Source],
        chain: list[tuple[pathlib.Path, Source]],
        path: Path = ("extends",),
    ) -> bool:
        """Refuse a file that is being read already, and chains without an end in sight."""
        position = next((n for n, (real, _) in enumerate(chain) if real == found[0]), None)
        if position is None and len(chain) < _MAX_CHAIN:
            return False
        message = f"{_who(tag)}{_MAX_CHAIN} files in a chain are the most"
        if position is not None:
            names = [source.name for _, source in chain[position:]]
            message = f"{_who(tag)}goes in a circle: {' → '.join([*names, names[0]])}"
        self.report("include", target.place, path, message)
        return True

    @contextmanager
    def _opened(self, real: pathlib.Path, source: Source) -> Generator[None]:
        self._open.append((real, source))
        try:
            yield
        finally:
            self._open.pop()


def _who(tag: str) -> str:
    """Begin a message with the tag; `extends` is in the path already."""
    return f"{tag} " if tag.startswith("!") else ""


def _unusable(named: str) -> str | None:
    if not named:
        return "names no file"
    if named.startswith("~"):
        return f'"{named}": ~ is not replaced, write the path relative to this file'
    return None
