"""Requests checked against botocore's model the way the service checks them.

botocore itself looks at types, required members and minima only (facts.md §10.15). The service
also looks at patterns, enumerations and maxima, and answers like AWS's Coral framework does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from workmail_emulator import api
from workmail_emulator.errors import ServiceFault

if TYPE_CHECKING:
    from botocore.model import Shape

_JAVA_CLASSES = {
    r"\p{LD}": r"[^\W_]",
    r"\p{L}": r"\w",
    r"\p{N}": r"\w",
    r"\p{Z}": r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
    r"\p{Punct}": r"[!-/:-@\[-`{-~]",
}
_JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "structure": (dict,),
    "list": (list,),
    "map": (dict,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str),
    "blob": (str,),
}


def check(service: str, operation: str, parameters: Any) -> None:
    """Refuse parameters that the service's model does not allow.

    Args:
        service: botocore's name of the service.
        operation: An operation the service has.
        parameters: The parsed JSON body.

    Raises:
        ServiceFault: `SerializationException` for a wrong JSON type; else
            `InvalidParameterException` with every violation, or
            `ValidationException` where the model has no such error.

    Source:
        Assumptions VALIDATION, EMPTY_TEXT.
    """
    model = api.operation_model(service, operation)
    if model is None or model.input_shape is None:
        return
    found = list(_violations(parameters, model.input_shape, ""))
    if not found:
        return
    modelled = "InvalidParameterException" in api.error_codes(service, operation)
    plural = "s" if len(found) > 1 else ""
    raise ServiceFault(
        "InvalidParameterException" if modelled else "ValidationException",
        f"{len(found)} validation error{plural} detected: {'; '.join(found)}",
    )


def _violations(value: Any, shape: Shape, path: str) -> Iterator[str]:
    _check_type(value, shape, path)
    if shape.type_name == "structure":
        yield from _structure(value, shape, path)
    elif shape.type_name == "list":
        yield from _size(len(value), value, shape, path, "length")
        for index, item in enumerate(value, 1):
            yield from _violations(item, api.item_of(shape), f"{path}.{index}.member")
    elif shape.type_name == "string":
        yield from _text(value, shape, path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _size(value, value, shape, path, "value")


def _structure(value: Mapping[str, Any], shape: Shape, path: str) -> Iterator[str]:
    required: list[str] = shape.metadata.get("required", [])
    for name, member in api.members_of(shape).items():
        where = f"{path}.{_lower_first(name)}" if path else _lower_first(name)
        given = value.get(name)
        if given is not None:
            yield from _violations(given, member, where)
        elif name in required:
            yield f"Value at '{where}' failed to satisfy constraint: Member must not be null"


def _text(value: str, shape: Shape, path: str) -> Iterator[str]:
    allowed: list[str] = getattr(shape, "enum", [])
    if allowed and value not in allowed:
        expected = f"Member must satisfy enum value set: [{', '.join(sorted(allowed))}]"
        yield _violation(value, shape, path, expected)
    yield from _size(len(value), value, shape, path, "length")
    pattern = shape.metadata.get("pattern")
    if pattern and not compiled(pattern).fullmatch(value):
        expected = f"Member must satisfy regular expression pattern: {pattern}"
        yield _violation(value, shape, path, expected)


def _size(size: float, value: Any, shape: Shape, path: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        expected = f"Member must have {what} greater than or equal to {least}"
        yield _violation(value, shape, path, expected)
    if most is not None and size > most:
        expected = f"Member must have {what} less than or equal to {most}"
        yield _violation(value, shape, path, expected)


def _violation(value: Any, shape: Shape, path: str, expected: str) -> str:
    shown = "Value" if _is_secret(shape) else f"Value '{value}'"
    return f"{shown} at '{path}' failed to satisfy constraint: {expected}"


def _is_secret(shape: Shape) -> bool:
    return bool(shape.metadata.get("sensitive")) or shape.name.endswith("Password")


def _check_type(value: Any, shape: Shape, path: str) -> None:
    """Refuse a value of another JSON type. Source: AWS JSON 1.1 protocol; Assumption VALIDATION."""
    expected = _JSON_TYPES[shape.type_name]
    if not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected):
        where = f" at '{path}'" if path else ""
        message = f"Expected {shape.type_name}{where}, found {type(value).__name__}"
        raise ServiceFault("SerializationException", message)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    r"""Turn the model's Java pattern into one that Python matches alike.

    Java's `\w` and `\d` are ASCII; its `\p{…}` classes are not known to Python. A doubled `\\b`,
    a slip in the model itself, stands for one.
    """
    python = pattern.replace(r"\\b", r"\b")
    for java, ours in _JAVA_CLASSES.items():
        python = python.replace(java, ours)
    return re.compile(python, 0 if r"\p{" in pattern else re.ASCII)


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]
