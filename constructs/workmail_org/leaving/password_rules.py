"""Password rules: what importers of a destination refuse, so that it is told before they do."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping

from workmail_org.leaving.model import Destination

_SHORTEST = 8

KEEPS = "****"
"""Google leaves the password of an account that is there (support.google.com/a/answer/40057)."""

_KINDS: tuple[Callable[[str], bool], ...] = (
    lambda each: each in string.ascii_lowercase,
    lambda each: each in string.ascii_uppercase,
    lambda each: each in string.digits,
    lambda each: each in string.punctuation or each == " ",
)
"""Lower case, upper case, digits, symbols."""


def find_rule(destination: Destination, password: str) -> str | None:
    """Return the rule that a password breaks at a destination, in words; `None`: it is taken."""
    rule = _RULES.get(destination)
    return rule(password) if rule else None


def _count_kinds(password: str) -> int:
    return sum(any(map(kind, password)) for kind in _KINDS)


def _check_google(password: str) -> str | None:
    if password == KEEPS or len(password) >= _SHORTEST:
        return None
    return f"at least {_SHORTEST} characters, or {KEEPS} for an account that keeps its password"


def _check_entra(password: str) -> str | None:
    is_long = _SHORTEST <= len(password) <= 256
    if is_long and password.isascii() and _count_kinds(password) >= 3:
        return None
    return (
        f"{_SHORTEST} to 256 characters of ASCII, with three of these four: lower case, upper "
        "case, digits, symbols"
    )


def _check_zoho(password: str) -> str | None:
    lower, upper, digit, symbol = (any(map(kind, password)) for kind in _KINDS)
    if len(password) >= _SHORTEST and (lower or upper) and digit and symbol:
        return None
    return f"at least {_SHORTEST} characters, with a letter, a digit and a symbol"


_RULES: Mapping[Destination, Callable[[str], str | None]] = {
    Destination.GOOGLE: _check_google,
    Destination.MICROSOFT365: _check_entra,
    Destination.ZOHO: _check_zoho,
}
"""Google: support.google.com/a/answer/40057. Entra: concept-sspr-policy of
learn.microsoft.com/entra/identity/authentication. Zoho: help.zoho.com, import-users. imapsync signs
in to accounts that exist."""
