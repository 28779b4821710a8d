"""Finding: one value that is not as the spec wants it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import cast

from workmail_org.spec.problems import Path, render_path

Finding = tuple[Path, object, object]
"""A path within the organization; what the spec says there; what WorkMail has there."""

PRESENT = "present"
"""What is said of a thing as a whole that is there, or has to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One value that is not as the spec wants it.

    Attributes:
        organization: Spec key.
        path: Within the organization, as a spec writes it: `users.alice.email`.
        expected: What the spec says; `None`: that it is not there.
        actual: What WorkMail has; `None`: it is not there.
    """

    organization: str
    path: str
    expected: object
    actual: object

    def __str__(self) -> str:
        return (
            f"{self.organization}: {self.path}: the spec says {_render(self.expected)},"
            f" WorkMail has {_render(self.actual)}"
        )


def make_difference(organization: str, finding: Finding) -> Difference:
    """Say of a finding which organization it is about, in plain values that JSON has too."""
    path, expected, actual = finding
    return Difference(
        organization=organization,
        path=render_path(path),
        expected=_simplify(expected),
        actual=_simplify(actual),
    )


def _simplify(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [_simplify(each) for each in cast("tuple[object, ...]", value)]
    if isinstance(value, set | frozenset):
        return sorted(str(each) for each in cast("set[object]", value))
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)


def _render(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(_render(each) for each in cast('list[object]', value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)
