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
from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any, TypeVar, cast

from workmail_org.errors import WireError
from workmail_org.model.structuring import KEY_FIELDS, Notation, get_default, structure
from workmail_org.model.values import Reference, make_api_name, parse_reference

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
    return structure(cls, properties, _NOTATION)


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
    key_field = KEY_FIELDS.get(type(items[0])) if items else None
    if key_field is None:
        return [_encode(item) for item in items]
    if len({getattr(item, key_field) for item in items}) < len(items):  # `REPEATABLE`
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
        if each.name == without or item is None or item == get_default(each):
            continue
        encoded[make_api_name(each.name)] = _encode(item)
    return encoded


def _decode_scalar(hint: Any, value: object, where: str) -> Any:
    if not isinstance(value, str):
        raise WireError(f"{where}: expected str, found {type(value).__name__}")
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


_NOTATION = Notation(
    name_field=make_api_name, read_key=decode_text, read_scalar=_decode_scalar, refuse=WireError
)
