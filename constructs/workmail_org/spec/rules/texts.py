"""Texts say something, wherever they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from workmail_org.spec import characters
from workmail_org.spec.declared import is_mapping
from workmail_org.spec.schema import find_shape, fits
from workmail_org.spec.wording import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workmail_org.spec.declared import Declared
    from workmail_org.spec.problems import Path, Problem


_PROTOTYPE = "__proto__"
"""JavaScript has a property of this name in every object, so jsii refuses it as a key of a map."""


def check_texts(declared: Declared) -> Iterator[Problem]:
    """A text, or a name, has characters that can be seen, and is not a spreadsheet's word.

    The schema is asked last: of thousands of texts hardly one is odd, and what it refuses is
    reported already.
    """
    for path, text, is_key in _texts(declared.body):
        if is_key and text == _PROTOTYPE:
            yield declared.at_key(path, f"{show(text)} cannot be a name: no CDK app takes it", None)
        if characters.is_blank(text):
            shape = find_shape(path[:-1]).get("propertyNames", {}) if is_key else find_shape(path)
            if fits(text, shape):
                yield _refuse_blank(declared, path, text, is_key=is_key)
            continue
        word = None if is_key else characters.spreadsheet_word(text)
        if word and fits(text, find_shape(path)):
            message = f"{show(text, path)} is what a spreadsheet writes for {word}"
            yield declared.at(path, message, "write the value itself")


def _refuse_blank(declared: Declared, path: Path, text: str, *, is_key: bool) -> Problem:
    message = f"this text holds nothing that can be seen: {characters.name(text[0])}"
    if is_key:
        return declared.at_key(path, message, "write a name")
    return declared.at(path, message, "leave the key out, or write a value")


def _texts(body: object) -> Iterator[tuple[Path, str, bool]]:
    """List every text with its path, names of mappings too; those are marked."""
    left: list[tuple[Path, object]] = [((), body)]
    while left:
        path, value = left.pop()
        if isinstance(value, str):
            yield path, value, False
        elif is_mapping(value):
            for key, inner in value.items():
                yield (*path, key), key, True
                left.append(((*path, key), inner))
        elif isinstance(value, list):
            items = enumerate(cast("list[object]", value))
            left += [((*path, position), inner) for position, inner in items]


RULES = (check_texts,)
