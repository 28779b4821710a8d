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


def check_blank(declared: Declared) -> Iterator[Problem]:
    """A text, or a name, has characters that can be seen."""
    for path, text, is_key in _texts(declared.body, ()):
        shape = find_shape(path[:-1]).get("propertyNames", {}) if is_key else find_shape(path)
        if not characters.is_blank(text) or not fits(text, shape):
            continue  # what the schema refuses is reported already
        message = f"this text holds nothing that can be seen: {characters.name(text[0])}"
        if is_key:
            yield declared.at_key(path, message, "write a name")
        else:
            yield declared.at(path, message, "leave the key out, or write a value")


def check_spreadsheet_words(declared: Declared) -> Iterator[Problem]:
    """What a spreadsheet wrote for a value that it could not keep is not taken for the value."""
    for path, text, is_key in _texts(declared.body, ()):
        word = characters.spreadsheet_word(text)
        if word and not is_key and fits(text, find_shape(path)):
            message = f"{show(text, path)} is what a spreadsheet writes for {word}"
            yield declared.at(path, message, "write the value itself")


def _texts(value: object, path: Path) -> Iterator[tuple[Path, str, bool]]:
    """List every text with its path, names of mappings too; those are marked."""
    if isinstance(value, str):
        yield path, value, False
    elif is_mapping(value):
        for key, inner in value.items():
            yield (*path, key), key, True
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for position, inner in enumerate(cast("list[object]", value)):
            yield from _texts(inner, (*path, position))


RULES = (check_blank, check_spreadsheet_words)
