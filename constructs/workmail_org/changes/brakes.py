"""Brakes: changes that a deployment does not make before a person has said the word for them.

The handlers refuse by them, `plan` tells them beforehand. Each has the numbers
and the names, so that the word can be given for exactly this set of changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from workmail_org.changes.calls import Call
from workmail_org.changes.digests import digest_texts
from workmail_org.model.removal import Safety
from workmail_org.model.values import Kind, Reference

_REMOVING = frozenset({"DeregisterFromWorkMail", "DeleteUser", "DeleteGroup", "DeleteResource"})

_MOST_NAMES = 10
"""Names in a sentence; `Brake.names` has them all."""


class BrakeRule(StrEnum):
    """Why a change needs a word."""

    REMOVALS = "removals"
    RETENTION = "retention"
    LOCKOUT = "lockout"
    SIGN_IN = "sign-in"
    DOMAIN = "domain"


@dataclass(frozen=True, slots=True)
class Brake:
    """One reason to stop.

    Attributes:
        sentence: What would happen, with the numbers, and the way out.
        names: Everything that it would happen to, sorted.
    """

    rule: BrakeRule
    sentence: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.sentence


def digest_brakes(brakes: Iterable[Brake]) -> str:
    """Name exactly this set of changes that need a word."""
    return digest_texts(sorted(f"{each.rule} {' '.join(each.names)}" for each in brakes))


def list_removal_brakes(
    kind: Kind, calls: Iterable[Call], *, owned: int, safety: Safety
) -> tuple[Brake, ...]:
    """Stop when too many entities of one kind are switched off or deleted at once.

    Args:
        kind: Of the collection.
        calls: All that is to be done to it.
        owned: How many entities this stack owns before.
        safety: From the spec.
    """
    names = sorted(
        {
            call.subject.name
            for call in calls
            if call.operation in _REMOVING
            and isinstance(call.subject, Reference)
            and call.subject.kind is kind
        }
    )
    limit = safety.max_removals_percent
    if not names or owned < safety.min_managed or len(names) * 100 <= limit * owned:
        return ()
    percent = len(names) * 100 / owned if owned else 100.0
    sentence = (
        f"{len(names)} of {owned} {kind}s leave or are switched off ({percent:.0f} %, "
        f"safety.max_removals_percent is {limit}): {join_names(names)}"
    )
    return (Brake(BrakeRule.REMOVALS, sentence, tuple(names)),)


def join_names(names: Sequence[str]) -> str:
    """Write names in a sentence: the first ten."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
