"""Names of hosted zones and records, as Route 53 stores and answers them. Pure.

Source:
    Route 53 Developer Guide, "DNS domain name format" (docs/facts.md §10.26).
"""

from __future__ import annotations

import re

_PART = re.compile(r"\\([0-7]{3})|(.)", re.DOTALL)
"""A character of a name: as it is, or as three octal digits."""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
"""What is answered as it is."""


def store_name(name: str) -> str:
    r"""Write a name as it is stored: in lower case, other characters in octal, a dot at its end.

    `*.Acme.example` becomes `\052.acme.example.`. A dot inside a label is `\056`, and stays so.
    """
    if not name:
        return name
    stored = "".join(_store(found) for found in _PART.finditer(name))
    return stored if stored.endswith(".") else f"{stored}."


def _store(found: re.Match[str]) -> str:
    octal, plain = found.groups()
    if plain == ".":
        return plain
    character = (chr(int(octal, 8)) if octal else plain).lower()
    return character if character in _PLAIN else f"\\{ord(character):03o}"
