"""One value that is not as the spec wants it, and how two values of the same kind are compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

from workmail_org.spec.problems import Path, render_path

if TYPE_CHECKING:
    from collections.abc import Collection

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


def compare_value(path: Path, expected: object, actual: object) -> Iterator[Finding]:
    """Find whether two values differ; a text that is empty is none."""
    expected, actual = (None if each == "" else each for each in (expected, actual))
    if expected != actual:
        yield path, expected, actual


def compare_fields(
    path: Path, expected: object, actual: object, *, without: Collection[str] = ()
) -> Iterator[Finding]:
    """Find the fields in which two dataclasses of one type differ."""
    for field in fields(cast("Any", expected)):
        if field.name not in without:
            values = (getattr(each, field.name) for each in (expected, actual))
            yield from compare_value((*path, field.name), *values)


def compare_entries(
    path: Path,
    expected: Mapping[str, object],
    actual: Mapping[str, object],
    *,
    without: Collection[str] = (),
    exclusive: bool,
) -> Iterator[Finding]:
    """Find how two keyed collections of dataclasses differ.

    Args:
        path: Of the collection.
        expected: By key.
        actual: By key.
        without: Fields that are not compared.
        exclusive: Whether nothing else may be there.
    """
    for key, entry in expected.items():
        if key in actual:
            yield from compare_fields((*path, key), entry, actual[key], without=without)
        else:
            yield (*path, key), PRESENT, None
    if exclusive:
        yield from find_left(path, actual.keys() - expected.keys(), actual)


def find_left(path: Path, unwanted: Collection[str], actual: Collection[str]) -> Iterator[Finding]:
    """Find the keys that should not be there any more, and are."""
    for key in sorted(unwanted):
        if key in actual:
            yield (*path, key), None, PRESENT


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
