"""Movers: who gets an account, a group or a room at a destination, and who cannot yet. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from workmail_org.leaving.model import Item, ItemKind
from workmail_org.leaving.placing import Placing
from workmail_org.leaving.quoting import has_line_break, is_writable
from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.live import Entity
from workmail_org.model.organization import Organization
from workmail_org.model.policies import AuthenticationMode
from workmail_org.model.user import Role, User
from workmail_org.model.values import (
    TEST_DOMAIN_SUFFIX,
    Reference,
    fold,
    get_domain,
    parse_reference,
)

_SWITCHED_OFF = (
    "switched off, and a mailbox is erased 30 days after that: export it before (workmail-org "
    "leave export asks WorkMail for it; if that is refused, set enabled: true and deploy first), "
    "and decide whether it moves"
)
"""WorkMail Admin Guide, "disable-users"."""

_GROUP_SWITCHED_OFF = "switched off: no mail reaches it today; decide whether it moves"

_REMOTE_MOVES = (
    "{name} has the mailbox of {email} elsewhere, and the domain moves: the destination has no "
    "mailbox of this address, and refuses mail to it after DNS step 3, unless you have it route "
    "the address to where the mailbox is, or give {name} an address in another domain"
)

_NO_ADDRESS = (
    "has no address outside awsapps.com, which nobody can take along: give it an address in a "
    "domain of your own first"
)

_ALIAS_ONLY = (
    "its address is at awsapps.com, which nobody can take along, and an alias is in a domain of "
    "your own: make that alias the address first"
)

_STRANGE = "its name or address has characters that no file can hold: write it by hand"

_STRANGE_VALUE = "has a character that no file can hold: write it by hand, without that character"

_TEST_ADDRESS = (
    "ends with WorkMail and cannot be forwarded: find out who still writes to it, and inform them"
)

_ROOM_CONTENTS = (
    "nobody signs in to a room or to equipment, so no IMAP reads it: its export has everything as "
    "MIME; future bookings can also be made again by their organizers"
)

IMAP_IS_CLOSED = (
    "sign-in by IAM Identity Center alone: no password opens a mailbox by IMAP; collect a personal "
    "access token from the user, or allow the directory again for the time of the move"
)
"""WorkMail Admin Guide, "personal_access-token"."""

IMAP_HOST = "imap.mail.{region}.awsapps.com"
"""Port 993, TLS from the start (WorkMail User Guide, "using_IMAP")."""


@dataclass(frozen=True, slots=True)
class Movers:
    """Who moves.

    Attributes:
        addresses: Primary addresses by folded reference.
        remote: Folded references of users with a mailbox elsewhere.
    """

    addresses: Mapping[Reference, str]
    remote: frozenset[Reference]

    def __contains__(self, reference: Reference) -> bool:
        return reference.folded in self.addresses

    def is_remote(self, reference: Reference) -> bool:
        """Return whether a user has the mailbox elsewhere."""
        return reference.folded in self.remote

    def get(self, reference: Reference) -> str:
        """Return the primary address of somebody who moves."""
        return self.addresses[reference.folded]


def list_entities(organization: Organization) -> tuple[Entity, ...]:
    """List users, groups and resources."""
    return (*organization.users, *organization.groups, *organization.resources)


def explain_staying(entity: Entity) -> str | None:
    """Say why somebody cannot move to any destination yet; `None`: they can."""
    if not entity.enabled:
        return _GROUP_SWITCHED_OFF if isinstance(entity, Group) else _SWITCHED_OFF
    if not entity.email or is_test_address(entity.email):
        return _NO_ADDRESS if all(map(is_test_address, entity.aliases)) else _ALIAS_ONLY
    if not is_writable(entity.name) or not _is_plain(entity.email):
        return _STRANGE
    return None


def find_nothing(_entity: Entity) -> None:
    """Find no reason of the destination's own."""


def is_test_address(address: str) -> bool:
    """Return whether an address is in a domain of WorkMail's own."""
    return get_domain(address).endswith(TEST_DOMAIN_SUFFIX)


def place_stayers(placing: Placing, judge: Callable[[Entity], str | None] = find_nothing) -> Movers:
    """Place everything of those who cannot move, and what names them; return who moves.

    Args:
        placing: The organization.
        judge: Says why the destination does not take somebody; `None`: it does.
    """
    addresses: dict[Reference, str] = {}
    remote: set[Reference] = set()
    moving = {fold(each.name) for each in placing.organization.domains}
    for entity in list_entities(placing.organization):
        lost = [each for each in _list_addresses(placing, entity) if is_test_address(each.name)]
        placing.lose(lost, _TEST_ADDRESS)
        strange = [each for each in _list_addresses(placing, entity) if not _is_plain(each.name)]
        placing.leave(strange, _STRANGE)
        if reason := explain_staying(entity) or judge(entity):
            placing.leave(placing.find(entity.reference), reason)
            continue
        fields = placing.find(entity.reference, ItemKind.FIELD)
        placing.leave((each for each in fields if not is_writable(each.value)), _STRANGE_VALUE)
        addresses[entity.reference.folded] = entity.email
        if isinstance(entity, Bookable):
            contents = placing.find(entity.reference, ItemKind.MAIL, ItemKind.CALENDAR)
            placing.leave(contents, _ROOM_CONTENTS)
        if isinstance(entity, User) and entity.role is Role.REMOTE_USER:
            remote.add(entity.reference.folded)
            if fold(get_domain(entity.email)) in moving:
                placing.notes.append(_REMOTE_MOVES.format(name=entity.name, email=entity.email))
    movers = Movers(addresses, frozenset(remote))
    for group in placing.organization.groups:
        _leave_naming(placing, movers, group.reference, ItemKind.MEMBER)
    for resource in placing.organization.resources:
        _leave_naming(placing, movers, resource.reference, ItemKind.DELEGATE)
    for permission in placing.organization.permissions:
        _leave_naming(placing, movers, permission.mailbox, ItemKind.RIGHT)
    return movers


def is_imap_open(organization: Organization) -> bool:
    """Return whether a password of the directory opens a mailbox by IMAP."""
    center = organization.policies.identity_center
    closed = AuthenticationMode.IDENTITY_PROVIDER_ONLY
    return center is None or center.authentication_mode is not closed


def get_named(item: Item) -> Reference:
    """Return whom a member, a delegate or a right names."""
    return parse_reference(item.value if item.kind is ItemKind.RIGHT else item.name)


def _is_plain(address: str) -> bool:
    return is_writable(address) and not has_line_break(address)


def _list_addresses(placing: Placing, entity: Entity) -> tuple[Item, ...]:
    return placing.find(entity.reference, ItemKind.ADDRESS, ItemKind.ALIAS)


def _leave_naming(placing: Placing, movers: Movers, owner: Reference, kind: ItemKind) -> None:
    for item in placing.find(owner, kind):
        named = get_named(item)
        if named not in movers:
            placing.leave([item], f"{named} does not move yet; add it once that is decided")
