"""Problem: one thing wrong with a spec, with the place where its author can fix it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workmail_org.spec.characters import escape

if TYPE_CHECKING:
    from collections.abc import Iterable

Path = tuple[str | int, ...]
"""Keys and list positions from the root of the resolved spec to a value; `()` is the root."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


class Severity(StrEnum):
    """How bad a problem is. Only errors make a spec unusable."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file that somebody wrote.

    Attributes:
        file: As the author named it, relative to the working folder.
        line: From 1.
        column: From 1, in characters.
        order: Position of the file in reading order, from 0: problems are
            sorted by file as first read.
    """

    file: str
    line: int
    column: int
    order: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a spec; as text it steers no terminal, wherever it is printed.

    Attributes:
        place: Where the author can fix it.
        path: Path in the resolved spec; the root is empty.
        message: What is wrong, with the value and what is allowed; lower
            case, no full stop, never a secret.
        hint: What to do, when there is something to say beyond the message.
        rule: Which kind of rule is broken, for machines that group problems:
            `file`, `yaml`, `include`, `csv`, `extends`, `derive`, `limits`,
            `expect`; all else that is about the content is `spec`.
    """

    place: Location
    path: Path
    message: str
    hint: str | None = None
    severity: Severity = Severity.ERROR
    rule: str = "spec"

    def __str__(self) -> str:
        parts = [str(self.place), render_path(self.path), self.message]
        text = ": ".join(part for part in parts if part)
        if self.severity is Severity.WARNING:
            text = text.replace(f"{self.place}: ", f"{self.place}: warning: ", 1)
        return escape(f"{text}; {self.hint}" if self.hint else text)


def render_path(path: Path) -> str:
    """Write a path as people read it: `users.alice.aliases[0]`, `domains["a.example"].dns`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            escaped = step.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{escaped}"]'
    return text


def sort_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Order problems by file as first read, then line and column; the same problem once.

    What is included twice, or repeated by an alias, has one place and two
    paths: its problems are told once, with the first path.
    """
    ordered = sorted(
        problems,
        key=lambda p: (p.place.order, p.place.line, p.place.column, render_path(p.path)),
    )
    unique: dict[tuple[Location, str, Severity], Problem] = {}
    for problem in ordered:
        unique.setdefault((problem.place, problem.message, problem.severity), problem)
    return tuple(unique.values())
