"""Scalars: what plain text means in YAML 1.2, core schema.

Source: YAML 1.2.2, section 10.3.2 "Tag Resolution". Unlike YAML 1.1, which PyYAML's loaders read,
`no`, `on`, `1_000`, `1:30` and `2026-12-31` are text.
"""

from __future__ import annotations

import re
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool | None

MAX_DIGITS = 100
"""More digits are no number that anybody meant, and Python refuses to print 4 300 of them."""

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_FIRST_OF_NUMBERS = frozenset("0123456789+-.")


def resolve(text: str) -> Value:
    """Say what an unquoted scalar means.

    Raises:
        ValueError: It is a number of more than 100 digits.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _FIRST_OF_NUMBERS:
        return text
    number = _number(text)
    return text if number is None else number


def boolean(text: str) -> bool | None:
    """Read `true` or `false`; None when it is neither."""
    value = _WORDS.get(text)
    return value if text else None


def whole_number(text: str) -> int | None:
    """Read a decimal whole number; None when it is none that anybody meant."""
    plain = re.fullmatch(r"-?[0-9]+", text, re.ASCII)
    return int(text) if plain and len(text) <= MAX_DIGITS else None


def _number(text: str) -> int | float | None:
    if _INTEGER.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise ValueError(text)
        return int(text, 10 if text[1:2] not in ("o", "x") else 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if found := _INFINITE.fullmatch(text):
        return float("nan") if found[3] else float(f"{found[1]}inf")
    return None
