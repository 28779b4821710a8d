"""Structuring: mappings become classes of the model, by the types of their fields.

Template and spec write the same classes in two notations: CloudFormation's properties and YAML.
What differs between them is a `Notation`; everything else is here, once.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar, cast

from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.policies import (
    AccessControlRule,
    Availability,
    FolderRetention,
    ImpersonationRole,
    ImpersonationRule,
    MobileDeviceAccessRule,
)
from workmail_org.model.user import User
from workmail_org.model.values import Reference

REPEATABLE = frozenset({MobileDeviceAccessRule})
"""What people can make twice with one key: written as a list then, with the key inside."""

KEY_FIELDS: Mapping[type[Any], str] = MappingProxyType(
    {
        User: "name",
        Group: "name",
        Bookable: "name",
        AccessControlRule: "name",
        MobileDeviceAccessRule: "name",
        ImpersonationRole: "name",
        ImpersonationRule: "key",
        Availability: "domain",
        FolderRetention: "folder",
    }
)
"""Tuples of these are maps by this field: a difference shows just the entry that changed."""

_P = TypeVar("_P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notation:
    """How mappings write classes of the model.

    Attributes:
        name_field: Key of a field.
        read_key: Reads a key that somebody chose, such as a name.
        read_scalar: Reads a text, number, truth value, word or reference, given
            its type, what stands there and where.
        refuse: Builds what is raised, of a sentence.
    """

    name_field: Callable[[str], str]
    read_key: Callable[[str], str]
    read_scalar: Callable[[Any, Any, str], Any]
    refuse: Callable[[str], Exception]


def structure(cls: type[_P], value: Mapping[str, Any], notation: Notation) -> _P:
    """Build an object of a class of the model.

    Keys that the class does not have are passed over.

    Raises:
        Exception: What the notation's `refuse` builds: a required field is missing,
            or a value is not of its type.
    """
    return cast("_P", _build(cls, value, cls.__name__, notation))


def get_default(of: Field[Any]) -> object:
    """Return the default of a field; `MISSING`: it has none."""
    if of.default is not MISSING:
        return of.default
    return of.default_factory() if of.default_factory is not MISSING else MISSING


def _build(hint: Any, value: Any, where: str, notation: Notation) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        hint = next(arg for arg in typing.get_args(hint) if arg is not type(None))
        return _build(hint, value, where, notation)
    if origin is tuple:
        return _build_sequence(typing.get_args(hint)[0], value, where, notation)
    if origin is Mapping:
        item = typing.get_args(hint)[1]
        entries = _expect(dict, value, where, notation)
        built = {
            notation.read_key(key): _build(item, entry, f"{where}.{key}", notation)
            for key, entry in entries.items()
        }
        return MappingProxyType(built)
    if hint is not Reference and is_dataclass(hint):
        return _build_object(hint, _expect(dict, value, where, notation), where, notation)
    return notation.read_scalar(hint, value, where)


def _build_sequence(hint: Any, value: Any, where: str, notation: Notation) -> Any:
    key_field = KEY_FIELDS.get(hint)
    if key_field is None or (hint in REPEATABLE and isinstance(value, list)):
        items = _expect(list, value, where, notation)
        return tuple(_build(hint, item, f"{where}[{i}]", notation) for i, item in enumerate(items))
    entries = _expect(dict, value, where, notation)
    return tuple(
        _build_object(
            hint,
            _expect(dict, entry, f"{where}.{key}", notation),
            f"{where}.{key}",
            notation,
            {key_field: key},
        )
        for key, entry in entries.items()
    )


def _build_object(
    cls: Any,
    value: Mapping[str, Any],
    where: str,
    notation: Notation,
    keyed: Mapping[str, str] | None = None,
) -> Any:
    hints = _get_hints(cls)
    found = {name: notation.name_field(name) for name in hints}
    required = {each.name for each in fields(cls) if get_default(each) is MISSING}
    # An empty list or map may be left out on the way; it means the same.
    empty = {found[name]: _get_empty(hints[name]) for name in required}
    sent = {**{key: item for key, item in empty.items() if item is not None}, **value}
    arguments = {
        name: _build(hints[name], sent[key], f"{where}.{key}", notation)
        for name, key in found.items()
        if key in sent
    }
    for name, text in (keyed or {}).items():
        word = notation.read_key(text)
        arguments[name] = hints[name](word) if isinstance(hints[name], type) else word
    missing = [found[name] for name in found if name in required - arguments.keys()]
    if missing:
        raise notation.refuse(f"{where}: {', '.join(missing)} missing")
    return cls(**arguments)


def _get_empty(hint: Any) -> Any:
    """Return the empty list or map of a type, `None` for a scalar."""
    if typing.get_origin(hint) is tuple:
        return [] if typing.get_args(hint)[0] not in KEY_FIELDS else {}
    is_map = typing.get_origin(hint) is Mapping or is_dataclass(hint)
    return {} if is_map and hint is not Reference else None


@cache
def _get_hints(cls: Any) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _expect(kind: type[Any], value: Any, where: str, notation: Notation) -> Any:
    if not isinstance(value, kind):
        raise notation.refuse(f"{where}: expected {kind.__name__}, found {type(value).__name__}")
    return value
