"""Columns: which key of a user the header of a table means."""

from __future__ import annotations

import re

from workmail_org.spec import suggesting

NAME = "name"
"""The column with the user's key."""

LISTS = frozenset({"aliases"})
BOOLEANS = frozenset({"adopt", "enabled", "hidden_from_global_address_list"})
NUMBERS = frozenset({"quota_megabytes"})
TEXTS = frozenset(
    {
        "city",
        "company",
        "country",
        "department",
        "display_name",
        "email",
        "first_name",
        "identity_provider_user_id",
        "initials",
        "job_title",
        "last_name",
        "office",
        "role",
        "street",
        "telephone",
        "zip_code",
    }
)
COLUMNS = LISTS | BOOLEANS | NUMBERS | TEXTS
"""A user's keys in a spec; a layout test compares them with the schema."""

_BETWEEN_WORDS = re.compile(r"[\s_-]+")
_MIN_PART = 3  # a guess: fewer letters begin too many words to say which was meant


def squashed(header: str) -> str:
    """Make equal what people and programs write for the same key: `Display Name`, `displayName`."""
    return _BETWEEN_WORDS.sub("", header).casefold()


KEYS = {squashed(column): column for column in [NAME, *sorted(COLUMNS)]}
"""The key for each header, without case and what stands between words."""


def nearest_key(header: str) -> str | None:
    """Find the key that a header was probably meant to be: `Quota` is quota_megabytes."""
    word = squashed(header)
    near = suggesting.nearest(word, KEYS)
    if near is None and len(word) >= _MIN_PART:
        near = next((key for key in KEYS if key.startswith(word)), None)
    return KEYS[near] if near else None


def hint(header: str) -> str:
    """Say which columns there are, or the one that was probably meant."""
    near = nearest_key(header)
    return f'did you mean "{near}"?' if near else f"known: {', '.join(KEYS.values())}"
