"""SPF: policies taken apart, checked and merged (RFC 7208)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_VERSION = "v=spf1"

_MECHANISM = re.compile(
    r"[+?~-]?(include:[^\s:/]+|(a|mx)(:[^\s:/]+)?(/\d+)?(//\d+)?|ptr(:\S+)?|ip4:[\d./]+"
    r"|ip6:[0-9A-Fa-f:./]+|exists:\S+)",
    re.IGNORECASE,
)
_ALL = re.compile(r"[+?~-]?all", re.IGNORECASE)
_ASKING = re.compile(r"[+?~-]?(include:|a\b|mx\b|ptr\b|exists:)", re.IGNORECASE)

_LOOKUPS = 10
"""Terms that ask the DNS, in one evaluation at most (RFC 7208, 4.6.4)."""

WORKMAIL = "include:amazonses.com"
"""Of WorkMail (WorkMail Admin Guide, "add_domain")."""


@dataclass(frozen=True, slots=True)
class Spf:
    """A policy.

    Attributes:
        terms: Mechanisms in their order, without `all`.
        all: `-all`, `~all` and so on; empty: there is none.
    """

    terms: tuple[str, ...]
    all: str

    def __str__(self) -> str:
        return " ".join((_VERSION, *self.terms, *([self.all] if self.all else [])))


def is_spf(text: str) -> bool:
    """Return whether a TXT record is a policy."""
    return text.lower() == _VERSION or text.lower().startswith(f"{_VERSION} ")


def parse_spf(text: str) -> Spf:
    """Take a policy apart.

    Raises:
        ValueError: It is not one that can be merged; the message says why.
    """
    if not is_spf(text):
        raise ValueError(f'"{text}" is not an SPF policy: it has to begin with "{_VERSION} "')
    words = text.split(" ")[1:]
    if "" in words:
        raise ValueError(f'"{text}" has a blank too many, or one at its end')
    everything = [word for word in words if _ALL.fullmatch(word)]
    terms = [word for word in words if not _ALL.fullmatch(word)]
    strange = [word for word in terms if not _MECHANISM.fullmatch(word)]
    if strange:
        why = (
            "a blank after the colon?"
            if strange[0].endswith(":")
            else "not a term that can be merged"
        )
        raise ValueError(f'"{text}" has "{strange[0]}": {why}')
    if len(everything) > 1 or (everything and words[-1] != everything[0]):
        raise ValueError(f'"{text}" has to end with its one "all"')
    return Spf(tuple(terms), everything[0] if everything else "")


def merge_spf(policies: Sequence[Spf], ending: str) -> Spf:
    """Return a policy that allows whatever one of them allows.

    Raises:
        ValueError: It asks the DNS too often.
    """
    terms = {normalize_term(term): term for policy in reversed(policies) for term in policy.terms}
    ordered = dict.fromkeys(normalize_term(term) for policy in policies for term in policy.terms)
    merged = Spf(tuple(terms[each] for each in ordered), ending)
    asking = sum(bool(_ASKING.match(term)) for term in merged.terms)
    if asking > _LOOKUPS:
        raise ValueError(
            f'"{merged}" asks the DNS {asking} times, and receivers stop at {_LOOKUPS}: remove '
            "senders "
            "that are not used any more first"
        )
    return merged


def leave_out(policy: Spf, term: str) -> Spf:
    """Return a policy without a term, whatever qualifier it has."""
    left = (each for each in policy.terms if each.lower().lstrip("+?~-") != term)
    return Spf(tuple(left), policy.all)


def normalize_term(term: str) -> str:
    """Return a term as it is compared: in lower case, without the `+` that says nothing."""
    return term.lower().removeprefix("+")
