"""One value that is not as the spec wants it, and how two values of the same kind are compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

from workmail_org.model.policies import (
    AccessControlRule,
    Availability,
    FolderRetention,
    ImpersonationRole,
    ImpersonationRule,
    MobileDeviceAccessRule,
)
from workmail_org.model.values import fold
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


_KEYS: Mapping[type[Any], str] = {
    AccessControlRule: "name",
    MobileDeviceAccessRule: "name",
    ImpersonationRole: "name",
    ImpersonationRule: "key",
    Availability: "domain",
    FolderRetention: "folder",
}
"""By what the entries of a list are known."""

_FOLDED = frozenset({Availability})
"""Whose keys compare without case."""

_CASELESS = frozenset(
    {
        "users",
        "not_users",
        "target_users",
        "not_target_users",
        "device_types",
        "not_device_types",
        "device_models",
        "not_device_models",
        "operating_systems",
        "not_operating_systems",
        "user_agents",
        "not_user_agents",
    }
)
"""Lists of texts that compare without case: names of users, properties of devices."""


def compare_any(
    path: Path,
    expected: Any,
    actual: Any,
    *,
    exclusive: bool = True,
    before: Sequence[Any] = (),
) -> Iterator[Finding]:
    """Find how two values of one type differ, at any depth; lists are sets.

    Args:
        path: Of both.
        expected: A dataclass, a list of dataclasses or texts, or a plain value.
        actual: The same.
        exclusive: Whether a list may hold nothing else.
        before: What a list that is not exclusive held before: of it nothing may be
            left that is not expected.
    """
    if _is_keyed(expected) or _is_keyed(actual):
        yield from _compare_entries(
            path, expected, actual, unwanted=actual if exclusive else before
        )
    elif _has_fields(expected) and _has_fields(actual):
        for field in fields(expected):
            one, other = getattr(expected, field.name), getattr(actual, field.name)
            yield from compare_any((*path, field.name), one, other)
    elif _has_fields(expected) or _has_fields(actual):
        one, other = (PRESENT if _has_fields(each) else None for each in (expected, actual))
        yield from compare_value(path, one, other)
    else:
        yield from compare_value(path, _normalize(path[-1], expected), _normalize(path[-1], actual))


def _is_keyed(values: Any) -> bool:
    # Not isinstance: it would turn what is known to be anything into a tuple of the unknown.
    return values.__class__ is tuple and bool(values) and type(values[0]) in _KEYS


def _has_fields(value: object) -> bool:
    return is_dataclass(value)


def _compare_entries(
    path: Path, expected: Sequence[Any], actual: Sequence[Any], *, unwanted: Sequence[Any]
) -> Iterator[Finding]:
    """Find how two keyed lists differ."""
    wanted, found = _index(expected), _index(actual)
    if len(found) < len(actual):  # one name twice
        yield path, len(expected), len(actual)
    for key, entry in wanted.items():
        place = (*path, str(getattr(entry, _KEYS[type(entry)])))
        if key in found:
            yield from compare_any(place, entry, found[key])
        else:
            yield place, PRESENT, None
    yield from find_left(path, _index(unwanted).keys() - wanted.keys(), found)


def _index(entries: Sequence[Any]) -> dict[str, Any]:
    index: dict[str, Any] = {}
    for entry in entries:
        key = str(getattr(entry, _KEYS[type(entry)]))
        index[fold(key) if type(entry) in _FOLDED else key] = entry
    return index


def _normalize(field: str | int, value: Any) -> object:
    if not isinstance(value, tuple):
        return value
    texts = [str(each) for each in cast("tuple[object, ...]", value)]
    return sorted(map(fold, texts) if field in _CASELESS else texts)


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
