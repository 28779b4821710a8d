"""What travels through CloudFormation: names and encodings that template and handler share.

CloudFormation gives every scalar as a string, drops nothing else, and reads two
things into plain text: a map whose only key is `Ref` or begins with `Fn::` is an
intrinsic function, and `{{resolve:…}}` is a dynamic reference. `GetTemplate`
turns every non-ASCII character into `?`, after which `cdk diff` hides the change
(aws-cdk #25912). The CDK reads `${Token[…]}`. So text is written in pure ASCII
with backslash escapes, and everything goes in and out through this package alone.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar, cast

from workmail_org.errors import WireError
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
from workmail_org.model.values import Reference, make_api_name, parse_reference

_KEY_FIELDS: Mapping[type[Any], str] = MappingProxyType(
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
"""Tuples of these travel as maps by this field: `cdk diff` shows just the entry that changed."""

# `$` and `{` are escaped only before a brace: `${Token[…]}` and `{{resolve:…}}` mean something.
_MEANT = re.compile(r"[${](?=\{)")

_P = TypeVar("_P")


def encode_text(text: str) -> str:
    r"""Write any text in printable ASCII that neither CloudFormation nor the CDK interprets.

    `Zoë` becomes `Zo\xeb`, a backslash is doubled. Plain text stays as it is.
    """
    if text.isascii() and text.isprintable() and "\\" not in text and "{" not in text:
        return text  # almost every text; 10 000 users have a hundred thousand
    escaped = text.replace("\\", "\\\\").encode("ascii", "backslashreplace").decode("ascii")
    escaped = _MEANT.sub(lambda match: f"\\x{ord(match[0]):02x}", escaped)
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in escaped)


def decode_text(text: str) -> str:
    """Undo `encode_text`.

    Raises:
        WireError: The text holds something that `encode_text` never writes.
    """
    if text.isascii() and "\\" not in text:
        return text
    try:
        return text.encode("ascii").decode("unicode_escape")
    except UnicodeError as error:
        raise WireError(f"a text is not encoded as this version encodes it: {error}") from error


def encode_properties(properties: object) -> dict[str, Any]:
    """Write a properties dataclass as CloudFormation properties.

    Keys are PascalCase, scalars are strings, what equals its default is left
    out. Values that are CDK tokens (ids of other resources) do not go through
    here: they are added to the result as they are.
    """
    return cast("dict[str, Any]", _encode(properties))


def decode_properties(cls: type[_P], properties: Mapping[str, Any]) -> _P:
    """Read CloudFormation properties into their dataclass.

    Keys that `cls` does not know are passed over: `ServiceToken` is one, and
    properties of another version arrive after an update and on a rollback.

    Raises:
        WireError: A required property is missing or a value is not of its type.
    """
    return cast("_P", _decode(cls, properties, cls.__name__))


def _encode(value: object) -> Any:
    match value:
        case Reference() | StrEnum():
            return encode_text(str(value))
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return encode_text(value)
        case tuple():
            return _encode_sequence(cast("tuple[object, ...]", value))
        case Mapping():
            items = cast("Mapping[str, object]", value).items()
            return {_encode_key(key): _encode(item) for key, item in items}
        case _:
            return _encode_fields(value, without=None)


def _encode_sequence(items: tuple[object, ...]) -> Any:
    key_field = _KEY_FIELDS.get(type(items[0])) if items else None
    if key_field is None:
        return [_encode(item) for item in items]
    return {
        _encode_key(str(getattr(item, key_field))): _encode_fields(item, without=key_field)
        for item in items
    }


def _encode_key(key: str) -> str:
    # A lone key `Ref` or `Fn::…` would make its map an intrinsic function.
    encoded = encode_text(key)
    if encoded == "Ref" or encoded.startswith("Fn::") or encoded == "Condition":
        return f"\\x{ord(encoded[0]):02x}{encoded[1:]}"
    return encoded


def _encode_fields(value: object, *, without: str | None) -> dict[str, Any]:
    encoded: dict[str, Any] = {}
    for each in fields(cast("Any", value)):
        item = getattr(value, each.name)
        if each.name == without or item is None or item == _get_default(each):
            continue
        encoded[make_api_name(each.name)] = _encode(item)
    return encoded


def _get_default(of: Field[Any]) -> object:
    if of.default is not MISSING:
        return of.default
    return of.default_factory() if of.default_factory is not MISSING else MISSING


def _decode(hint: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        hint = next(arg for arg in typing.get_args(hint) if arg is not type(None))
        return _decode(hint, value, where)
    if origin is tuple:
        return _decode_sequence(typing.get_args(hint)[0], value, where)
    if origin is Mapping:
        item = typing.get_args(hint)[1]
        mapping = _expect(dict, value, where)
        decoded = {
            decode_text(key): _decode(item, entry, f"{where}.{key}")
            for key, entry in mapping.items()
        }
        return MappingProxyType(decoded)
    if hint is not Reference and is_dataclass(hint):
        return _decode_fields(hint, _expect(dict, value, where), where)
    return _decode_scalar(hint, _expect(str, value, where), where)


def _decode_scalar(hint: Any, value: str, where: str) -> Any:
    text = decode_text(value)
    if hint is Reference:
        return parse_reference(text)
    if hint is bool:
        return _decode_boolean(text, where)
    try:
        return hint(text) if hint is int or _is_enum(hint) else text
    except ValueError as error:
        raise WireError(f"{where}: {value!r} is not of type {hint.__name__}") from error


def _decode_boolean(text: str, where: str) -> bool:
    if text not in ("true", "false"):
        raise WireError(f"{where}: {text!r} is neither true nor false")
    return text == "true"


def _is_enum(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, StrEnum)


def _decode_sequence(hint: Any, value: Any, where: str) -> Any:
    key_field = _KEY_FIELDS.get(hint)
    if key_field is None:
        items = _expect(list, value, where)
        return tuple(_decode(hint, item, f"{where}[{i}]") for i, item in enumerate(items))
    entries = _expect(dict, value, where)
    return tuple(
        _decode_fields(hint, _expect(dict, entry, where), f"{where}.{key}", {key_field: key})
        for key, entry in entries.items()
    )


def _decode_fields(
    cls: Any, value: Mapping[str, Any], where: str, keyed: Mapping[str, str] | None = None
) -> Any:
    hints = _get_hints(cls)
    found = {name: make_api_name(name) for name in hints}
    required = {each.name for each in fields(cls) if _get_default(each) is MISSING}
    # An empty list or map may be left out on the way; it means the same.
    empty = {found[name]: _get_empty(hints[name]) for name in required}
    sent = {**{key: item for key, item in empty.items() if item is not None}, **value}
    arguments = {
        name: _decode(hints[name], sent[key], f"{where}.{key}")
        for name, key in found.items()
        if key in sent
    }
    for name, text in (keyed or {}).items():
        arguments[name] = _decode(hints[name], text, f"{where}.{name}")
    missing = [make_api_name(name) for name in found if name in required - arguments.keys()]
    if missing:
        raise WireError(f"{where}: {', '.join(missing)} missing")
    return cls(**arguments)


def _get_empty(hint: Any) -> Any:
    """Return the empty list or map of a type, `None` for a scalar."""
    if typing.get_origin(hint) is tuple:
        return [] if typing.get_args(hint)[0] not in _KEY_FIELDS else {}
    is_map = typing.get_origin(hint) is Mapping or is_dataclass(hint)
    return {} if is_map and hint is not Reference else None


@cache
def _get_hints(cls: Any) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _expect(kind: type[Any], value: Any, where: str) -> Any:
    if not isinstance(value, kind):
        raise WireError(f"{where}: expected {kind.__name__}, found {type(value).__name__}")
    return value
