"""Suggesting: the known words nearest to one that is not known."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


_BETWEEN_WORDS = re.compile(r"[\s_-]+")


def squashed(word: str) -> str:
    """Make equal what people and programs write for one key: `Display Name`, `displayName`."""
    return _BETWEEN_WORDS.sub("", word).casefold()


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that `word` was probably meant to be."""
    found = difflib.get_close_matches(word.casefold(), list(known), n=1)
    return found[0] if found else None


def quoted(words: Iterable[str]) -> str:
    """List words for a message: `"a", "b"`."""
    return ", ".join(f'"{word}"' for word in words)
