"""Additions: what people added by hand to lists that a spec declares. Pure.

Somebody gives Bob a further address, takes Zoë into a group, or lets Carol also write as Alice: the
engine keeps that, unless the spec says that the list is exclusive. So it is not a difference,
neither after a rehearsal nor as drift; it is somebody else's, and named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from workmail_org.differences.terms import KEYS
from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.live import Entity
from workmail_org.model.organization import Organization
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.user import User
from workmail_org.model.values import Listing, Reference, fold
from workmail_org.spec.problems import Path

_LISTS: Mapping[type, tuple[Listing, ...]] = MappingProxyType(
    {
        User: (Listing.ALIASES,),
        Group: (Listing.ALIASES, Listing.MEMBERS),
        Bookable: (Listing.ALIASES, Listing.DELEGATES),
        MailboxPermission: (Listing.RIGHTS,),
    }
)

_SECTIONS = ("users", "groups", "resources", "permissions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """What people added to one list.

    Attributes:
        path: Of the list, as a spec writes it; rights are at the permission itself.
        values: What they added, as a spec writes it; sorted.
        whole: The declared entries and these: what a spec would say to have them all.
    """

    path: Path
    values: tuple[str, ...]
    whole: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """What is live, without what was added by hand; and that.

    Attributes:
        live: With what the spec answers for.
        others: Permissions that are declared nowhere, on mailboxes whose rights are exclusive.
    """

    live: Organization
    others: tuple[MailboxPermission, ...]
    additions: tuple[Addition, ...]


def part(declared: Organization, live: Organization, previous: Organization) -> Parted:
    """Part what a spec answers for from what people added.

    Args:
        declared: From a spec.
        live: What is there.
        previous: What was declared before: what is left of it was not added by hand.
    """
    additions: list[Addition] = []
    kept: dict[str, Any] = {}
    exclusive = list_exclusive_mailboxes(declared)
    for section in _SECTIONS:
        wanted, before = (_index(getattr(side, section)) for side in (declared, previous))
        parted = [
            _part_entry(each, section, wanted, before, exclusive) for each in getattr(live, section)
        ]
        kept[section] = tuple(entry for entry, _ in parted if entry is not None)
        additions += [addition for _, found in parted for addition in found]
    known = _index((*declared.permissions, *previous.permissions))
    others = tuple(
        each
        for each in live.permissions
        if each.mailbox.folded in exclusive and _make_key(each) not in known
    )
    return Parted(live=replace(live, **kept), others=others, additions=tuple(additions))


def list_exclusive_mailboxes(declared: Organization) -> frozenset[Reference]:
    """List the mailboxes, folded, on which nobody has rights but who is declared."""
    entities: tuple[Entity, ...] = (*declared.users, *declared.groups, *declared.resources)
    return frozenset(each.reference.folded for each in entities if Listing.RIGHTS in each.exclusive)


def _part_entry(
    entry: Any,
    section: str,
    wanted: Mapping[str, Any],
    before: Mapping[str, Any],
    exclusive: frozenset[Reference],
) -> tuple[Any, list[Addition]]:
    """Part the lists of one entry; `None`: nothing of it is the spec's.

    A list that differs from what is said anyway stays whole: that is what somebody looks at.
    """
    key = _make_key(entry)
    said, deployed = wanted.get(key), before.get(key)
    is_permission = isinstance(entry, MailboxPermission)
    if said is None and (deployed is None or not is_permission):
        return entry, []
    additions: list[Addition] = []
    for listing in _LISTS[type(entry)]:
        if isinstance(entry, MailboxPermission):
            is_exclusive = entry.mailbox.folded in exclusive
        else:
            is_exclusive = said is not None and listing in said.exclusive
        found = getattr(entry, listing)
        known = {
            _fold(each) for side in (said, deployed) if side for each in getattr(side, listing)
        }
        added = [] if is_exclusive else [each for each in found if _fold(each) not in known]
        if not added:
            continue
        mine = getattr(said, listing) if said else ()
        own = tuple(each for each in found if each not in added)
        if not said or set(map(_fold, own)) == set(map(_fold, mine)):
            entry = replace(entry, **{listing: own})
        path: Path = (section, KEYS[type(entry)](said or deployed))
        additions.append(
            Addition(
                path=path if is_permission else (*path, str(listing)),
                values=tuple(sorted(map(str, added))),
                whole=tuple(sorted(map(str, (*mine, *added)))),
            )
        )
    is_empty = isinstance(entry, MailboxPermission) and not entry.rights
    return None if is_empty and said is None else entry, additions


def _index(entries: Any) -> dict[str, Any]:
    return {_make_key(each): each for each in entries}


def _make_key(entry: Any) -> str:
    return fold(KEYS[type(entry)](entry))


def _fold(value: object) -> str:
    return fold(str(value))
