"""Writing: the text of a spec, with comments where the spec has no word for something. Pure.

PyYAML writes no comments. So the text is written without them, read back as nodes, and each comment
is put above the line on which its path begins.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import yaml

from workmail_org.model.organization import Environment
from workmail_org.notation import Body, write_organization
from workmail_org.reports.resolved import render_value
from workmail_org.spec.characters import escape
from workmail_org.spec.problems import Path, render_path

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml: ten times as fast

Starts = Mapping[Path, tuple[int, int]]
"""Line and column, from 0, on which each path begins, in the order of the text."""

_MOST_COLUMNS = 100
"""Of a line with a comment."""

Comments = Mapping[Path, Sequence[str]]
"""Lines to be written above a key, by its path in the spec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Everything that one spec file says.

    Attributes:
        heading: Lines of the comment at the top.
        comments: Where a path is not written, its comment stands at the nearest
            place above it that is.
        replacements: Values that stand instead of what the environment has, such
            as a table of people, by path.
    """

    environment: Environment
    heading: Sequence[str] = ()
    comments: Comments = field(default_factory=dict[Path, Sequence[str]])
    replacements: Mapping[Path, object] = field(default_factory=dict[Path, object])


def render_spec(draft: Draft) -> str:
    """Write a spec as text that `spec.building` reads."""
    environment = draft.environment
    body: Body = {"version": 1, "environment": environment.name}
    if environment.account:
        body["account"] = environment.account
    body["organizations"] = {
        each.key: write_organization(each) for each in environment.organizations
    }
    for path, value in draft.replacements.items():
        _replace(body, path, value)
    text = render_value(body)
    heading = "".join(f"{_comment(line)}\n" for line in draft.heading)
    return heading + _add_comments(text, draft.comments)


def _replace(body: Any, path: Path, value: object) -> None:
    for step in path[:-1]:
        body = body[step]
    body[path[-1]] = value


def _add_comments(text: str, comments: Comments) -> str:
    """Put comments above the lines on which their paths begin."""
    if not comments:
        return text
    starts = dict(_find_starts(yaml.compose(text, Loader=_LOADER), ()))
    above: dict[int, list[str]] = {}
    for path in sorted(comments, key=render_path):
        line, column = _find_place(path, starts)
        indent = " " * column
        above.setdefault(line, []).extend(
            indent + _comment(part) for each in comments[path] for part in _wrap(each, len(indent))
        )
    lines = text.split("\n")
    return "\n".join(
        written for at, line in enumerate(lines) for written in (*above.get(at, ()), line)
    )


def _find_place(path: Path, starts: Starts) -> tuple[int, int]:
    """Find where a path begins, or where something would be added to what is nearest above it."""
    if path in starts:
        return starts[path]
    nearest = next(path[:length] for length in range(len(path), -1, -1) if path[:length] in starts)
    inner = (start for each, start in starts.items() if each[:-1] == nearest and each)
    return next(inner, starts[nearest])


def _find_starts(node: Any, path: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    """Find the line and the column, from 0, on which each path begins."""
    if not path:
        yield (), (0, 0)
    if isinstance(node, yaml.MappingNode):
        for key, value in cast("list[tuple[Any, Any]]", node.value):
            inner = (*path, str(key.value))
            yield inner, (key.start_mark.line, key.start_mark.column)
            yield from _find_starts(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for at, value in enumerate(cast("list[Any]", node.value)):
            inner = (*path, at)
            # The dash stands two columns before what it begins.
            yield inner, (value.start_mark.line, max(0, value.start_mark.column - 2))
            yield from _find_starts(value, inner)


def _wrap(line: str, indent: int) -> list[str]:
    """Break a long comment between words; one of indented YAML so that it still is YAML."""
    width = max(_MOST_COLUMNS // 2, _MOST_COLUMNS - indent - len("# "))
    own = len(line) - len(line.lstrip())
    wrapped = textwrap.wrap(
        escape(line),
        width,
        subsequent_indent=" " * (own + 2) if own else "",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapped or [""]


def _comment(line: str) -> str:
    return f"# {escape(line)}".rstrip()
