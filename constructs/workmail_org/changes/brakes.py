"""Brakes: changes that a deployment does not make before a person has confirmed them.

The handlers refuse by them, `plan` tells them beforehand. Each has the numbers
and the names, so that exactly this set of changes of one stack can be confirmed.
A confirmation is valid once: the same changes need another one the next time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from workmail_org.changes.calls import Call
from workmail_org.changes.digests import digest_texts
from workmail_org.model.group import Group
from workmail_org.model.live import Entity, Found
from workmail_org.model.removal import Safety
from workmail_org.model.user import Role
from workmail_org.model.values import Kind, Reference, get_domain

_REMOVING = frozenset({"DeregisterFromWorkMail", "DeleteUser", "DeleteGroup", "DeleteResource"})

_LOSING = frozenset({"DeleteUser", "DeleteResource"})
"""Operations that take a mailbox or a calendar with them."""

_EVERYBODY = 100
"""Of `safety.max_removals_percent`: the spec confirms all removals beforehand."""

_MOST_NAMES = 10
"""Names in a sentence; `Brake.names` has them all."""


class BrakeRule(StrEnum):
    """Why a change must be confirmed."""

    REMOVALS = "removals"
    RETENTION = "retention"
    LOCKOUT = "lockout"
    SIGN_IN = "sign-in"
    DOMAIN = "domain"
    MX = "mx"
    EXPORT = "export"
    ADDRESSES = "addresses"


@dataclass(frozen=True, slots=True)
class Brake:
    """One reason to stop.

    Attributes:
        sentence: What would happen, with the numbers, and the way out.
        names: Everything that it would happen to, sorted.
        content: What is to hold then, where the names do not tell it.
    """

    rule: BrakeRule
    sentence: str
    names: tuple[str, ...] = ()
    content: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.sentence


def digest_brakes(brakes: Iterable[Brake], stack: str, *, uses: int = 0) -> str:
    """Name exactly this set of changes of one stack that must be confirmed.

    Args:
        brakes: The set.
        stack: Name of the stack.
        uses: How often the stack was deployed with the same set confirmed.
    """
    texts = sorted(f"{each.rule} {' '.join((*each.names, *each.content))}" for each in brakes)
    return digest_texts([stack, *texts, *([str(uses)] if uses else [])])


def list_removal_brakes(
    kind: Kind, calls: Iterable[Call], *, owned: int, safety: Safety
) -> tuple[Brake, ...]:
    """Stop when too many entities of one kind are switched off or deleted at once, or all of it.

    All of a kind stops also where there are few: an emptied table is not a decision.

    Args:
        kind: Of the collection.
        calls: All that is to be done to it.
        owned: How many entities this stack owns before.
        safety: From the spec.
    """
    removals = [
        (call.operation, call.subject.name)
        for call in calls
        if call.operation in _REMOVING
        and isinstance(call.subject, Reference)
        and call.subject.kind is kind
    ]
    names = sorted({name for _, name in removals})
    # A group has no mailbox that could be lost.
    deleted = sorted(name for operation, name in removals if operation in _LOSING)
    limit = safety.max_removals_percent
    takes_all = 1 < owned <= len(names) and limit < _EVERYBODY
    if not takes_all and (owned < safety.min_managed or len(names) * 100 <= limit * owned):
        return ()
    if not names:
        return ()
    percent = len(names) * 100 / owned if owned else 100.0
    sentence = (
        f"{len(names)} of {owned} {kind}s leave or are switched off ({percent:.0f} %, "
        f"safety.max_removals_percent is {limit}): {join_names(names)}"
    )
    if deleted:
        sentence += f"; deleted, with what they hold: {join_names(deleted)}"
    content = tuple(f"deleted {name}" for name in deleted)
    return (Brake(BrakeRule.REMOVALS, sentence, tuple(names), content),)


def list_address_brakes(
    kind: Kind,
    calls: Iterable[Call],
    before: Mapping[Reference, Collection[str]],
    after: Mapping[Reference, Collection[str]],
    coming: Iterable[str],
    *,
    safety: Safety,
) -> Iterator[Brake]:
    """Stop when all of several addresses go that there are in a domain.

    So it is when another domain becomes the default: whoever has no email of their own follows. Or
    when those leave who have them. Who leaves counts once, with whatever addresses; that all of a
    kind leave is a brake of its own.

    Args:
        kind: Of the collection.
        calls: All that is to be done to it.
        before: Folded addresses of everybody, by folded reference.
        after: The same when addresses have moved, and nobody has left yet.
        coming: Folded addresses of those who come.
        safety: From the spec.
    """
    gone = {call.subject.folded for call in calls if call.operation in _REMOVING}
    staying = (address for each in after if each not in gone for address in after[each])
    kept = {get_domain(address) for address in (*staying, *coming)}
    are_confirmed = not kept or safety.max_removals_percent >= _EVERYBODY
    lost: dict[str, dict[str, Reference | str]] = {}
    for each, addresses in before.items():
        if each in gone and are_confirmed:
            continue
        for address in addresses:
            loss = each if each in gone else address
            lost.setdefault(get_domain(address), {})[address] = loss
    for domain in sorted(lost.keys() - kept):
        if len({*lost[domain].values()}) > 1:
            names = sorted(lost[domain])
            sentence = (
                f"all {len(names)} addresses of {kind}s in {domain} go, and mail to them "
                f"bounces: {join_names(names)}; to keep them, declare them as aliases"
            )
            yield Brake(BrakeRule.ADDRESSES, sentence, tuple(names))


def list_export_brakes(
    kind: Kind,
    calls: Iterable[Call],
    found: Mapping[str, Found[Any]],
    exported: Collection[str] | None,
) -> tuple[Brake, ...]:
    """Stop when a mailbox is taken away of which no verified export is known.

    Args:
        kind: Of the collection.
        calls: All that is to be done to it.
        found: Who is there, by folded name.
        exported: Ids of those whose mailbox has a verified export; `None`: the spec
            declares no exports, or nobody has looked.
    """
    if exported is None:
        return ()
    names = sorted(
        {
            each.entity.name
            for call in calls
            if call.operation in _REMOVING
            and isinstance(call.subject, Reference)
            and call.subject.kind is kind
            and (each := found.get(call.subject.folded.name))
            and has_mailbox(each.entity)
            and each.id not in exported
        }
    )
    if not names:
        return ()
    who = f"1 {kind} leaves or is" if len(names) == 1 else f"{len(names)} {kind}s leave or are"
    sentence = (
        f"{who} switched off without a verified export of the mailbox, which WorkMail erases 30 "
        f"days later: {join_names(names)} (workmail-org leave export exports and verifies it)"
    )
    return (Brake(BrakeRule.EXPORT, sentence, tuple(names)),)


def has_mailbox(entity: Entity) -> bool:
    """Return whether somebody has a mailbox or a calendar: groups and remote users have none."""
    return not isinstance(entity, Group) and getattr(entity, "role", None) is not Role.REMOTE_USER


def join_names(names: Sequence[str]) -> str:
    """Write names in a sentence: the first ten."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
