"""Brakes: changes that a deployment does not make before a person has said the word for them.

The handlers refuse by them, `plan` tells them beforehand. Each has the numbers
and the names, so that the word can be given for exactly this set of changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from workmail_org.changes.calls import Call
from workmail_org.changes.digests import digest_texts
from workmail_org.changes.reach import lets_no_device_in, lets_nobody_in
from workmail_org.model.policies import (
    AccessControlRule,
    AuthenticationMode,
    Folder,
    FolderRetention,
    IdentityCenter,
    MobileDeviceAccessRule,
    RetentionAction,
    RetentionPolicy,
)
from workmail_org.model.removal import Removal, Safety
from workmail_org.model.values import Kind, Reference

_REMOVING = frozenset({"DeregisterFromWorkMail", "DeleteUser", "DeleteGroup", "DeleteResource"})

_MOST_NAMES = 10
"""Names in a sentence; `Brake.names` has them all."""

_SEVERITIES = (RetentionAction.NONE, RetentionAction.DELETE, RetentionAction.PERMANENTLY_DELETE)


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
        f"safety.max_removals_percent is {limit}): {_join(names)}"
    )
    return (Brake(BrakeRule.REMOVALS, sentence, tuple(names)),)


def list_retention_brakes(
    actual: RetentionPolicy | None, desired: RetentionPolicy | None
) -> tuple[Brake, ...]:
    """Stop when mail begins to be erased that was kept, or is erased earlier or for good.

    A policy counts from the day an item came: it can erase years of mail at
    once (WorkMail Admin Guide, "mailbox-retention-policy").
    """
    before = {each.folder: each for each in (actual.folders if actual else ())}
    erasing = [each for each in (desired.folders if desired else ()) if _erases(before, each)]
    if not erasing:
        return ()
    details = "; ".join(_describe_folder(each) for each in erasing)
    sentence = (
        f"the retention policy starts to erase, in every mailbox and counted from the day that an "
        f"item came: {details}"
    )
    names = tuple(sorted(f"{each.folder}:{each.action}:{each.days}" for each in erasing))
    return (Brake(BrakeRule.RETENTION, sentence, names),)


def list_access_brakes(desired: Sequence[AccessControlRule]) -> tuple[Brake, ...]:
    """Stop when the rules let nobody in, by any protocol, from anywhere."""
    if not lets_nobody_in(desired):
        return ()
    names = tuple(sorted(rule.name for rule in desired))
    sentence = (
        f"these access-control rules let nobody in, by any protocol, from anywhere: {_join(names)};"
        " a denial wins over every permission: give it conditions, or take it away"
    )
    return (Brake(BrakeRule.LOCKOUT, sentence, names),)


def list_device_brakes(desired: Sequence[MobileDeviceAccessRule]) -> tuple[Brake, ...]:
    """Stop when the rules let no mobile device in."""
    if not lets_no_device_in(desired):
        return ()
    names = tuple(sorted(rule.name for rule in desired))
    sentence = (
        f"these mobile device rules let no device in: {_join(names)}; a denial wins over every "
        "permission: give it conditions, or take it away"
    )
    return (Brake(BrakeRule.LOCKOUT, sentence, names),)


def list_sign_in_brakes(
    actual: IdentityCenter | None, desired: IdentityCenter | None
) -> tuple[Brake, ...]:
    """Stop when directory passwords end: at once, in the web client and in every mail program.

    Source:
        WorkMail Admin Guide, "authenticate_mode".
    """
    only = AuthenticationMode.IDENTITY_PROVIDER_ONLY
    was_only = actual is not None and actual.authentication_mode is only
    if desired is None or desired.authentication_mode is not only or was_only:
        return ()
    sentence = (
        "authentication_mode identity_provider_only ends every directory password at once: people "
        "who are not assigned to the application in IAM Identity Center cannot sign in, and mail "
        "programs need personal access tokens; use identity_provider_and_directory until all have "
        "changed over"
    )
    return (Brake(BrakeRule.SIGN_IN, sentence, (only.value,)),)


def list_domain_brakes(domain: str, removal: Removal) -> tuple[Brake, ...]:
    """Stop when a domain is deregistered: no mail to it arrives any more."""
    if removal is Removal.RETAIN:
        return ()
    sentence = (
        f"domain {domain} leaves: mail to any of its addresses bounces; to keep it registered, "
        "deploy on_removal.domains: retain first"
    )
    return (Brake(BrakeRule.DOMAIN, sentence, (domain,)),)


def _erases(before: Mapping[Folder, FolderRetention], after: FolderRetention) -> bool:
    """Tell whether a folder loses items that it kept until now."""
    if after.action is RetentionAction.NONE:
        return False
    known = before.get(after.folder)
    if known is None or _SEVERITIES.index(after.action) > _SEVERITIES.index(known.action):
        return True
    return (after.days or 0) < (known.days or 0)


def _describe_folder(each: FolderRetention) -> str:
    word = "" if each.action is RetentionAction.DELETE else " for good"
    return f"{each.folder.replace('_', ' ')}, what is older than {each.days} days{word}"


def _join(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
