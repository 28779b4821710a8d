"""Small organizations, and pictures of what is live, for tests of the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cloudformation import Stack
from workmail_emulator import Emulator
from workmail_org.model.domain import MailDomain
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization
from workmail_org.model.removal import Safety
from workmail_org.model.user import PROFILE_FIELDS, Role, User
from workmail_org.model.values import Kind, Reference, fold, parse_reference
from workmail_org.service.reading import list_groups, list_users, read_groups, read_users
from workmail_org.service.workmail import WorkMail

DOMAIN = "acme.example"
ACME = MailDomain(name=DOMAIN, default=True, verified=True)
NOON = 1_700_000_000.0
"""Where the emulator's clock stands until a handler sleeps."""


def make_emulator(**settings: Any) -> Emulator:
    """Make an emulator whose clock stands still, where every change is seen at once."""
    described: dict[str, Any] = {"instant": True, "start": NOON, **settings}
    return Emulator(**described)


def make_user(name: str, **fields: Any) -> User:
    described: dict[str, Any] = {"display_name": name.title(), "email": at(name), **fields}
    return User(name=name, **described)


def make_group(name: str, *members: str, **fields: Any) -> Group:
    references = tuple(sorted(parse_reference(member) for member in members))
    described: dict[str, Any] = {"email": at(name), "members": references, **fields}
    return Group(name=name, **described)


def make_organization(*entities: User | Group, **fields: Any) -> Organization:
    """Make an organization in whose spec the word for removals is said permanently."""
    described: dict[str, Any] = {
        "key": "acme",
        "region": "eu-west-1",
        "alias": "acme",
        "domains": (ACME,),
        "safety": Safety(max_removals_percent=100),
        "users": tuple(each for each in entities if isinstance(each, User)),
        "groups": tuple(each for each in entities if isinstance(each, Group)),
        **fields,
    }
    return Organization(**described)


def at(name: str, domain: str = DOMAIN) -> str:
    return f"{name}@{domain}"


@dataclass(frozen=True)
class Picture:
    """Everything in an organization that is somebody's.

    Attributes:
        entities: By folded reference; what is switched off has no addresses.
        ids: By folded reference.
        mailboxes: Tokens by user name, of those in use.
    """

    entities: Mapping[str, User | Group]
    ids: Mapping[str, str]
    mailboxes: Mapping[str, str]

    @property
    def enabled(self) -> set[str]:
        """Who is switched on."""
        return {name for name, entity in self.entities.items() if entity.enabled}

    @property
    def addresses(self) -> dict[str, str]:
        """Which mailboxes get the mail of an address."""
        return {
            address: name
            for name, entity in self.entities.items()
            for address in (entity.email, *entity.aliases)
            if address
        }


def take_picture(stack: Stack) -> Picture:
    """Read the live organization back."""
    workmail = WorkMail(stack.workmail, stack.organization_id)
    users = [row for row in list_users(workmail) if not row.system]
    groups = [row for row in list_groups(workmail) if row.email or row.enabled]
    enabled = {str(row.id): row.reference for row in (*users, *groups) if row.enabled}
    found = (*read_users(workmail, users), *read_groups(workmail, groups, enabled))
    return Picture(
        entities={str(each.entity.reference.folded): normalize(each.entity) for each in found},
        ids={str(each.entity.reference.folded): each.id for each in found},
        mailboxes={
            fold(mailbox.name): mailbox.token
            for mailbox in stack.emulator.mailboxes
            if mailbox.status == "active"
        },
    )


def normalize(entity: User | Group) -> User | Group:
    """Write an entity so that what means the same is equal."""
    fields: dict[str, Any] = {"name": fold(entity.name), "adopt": False}
    fields |= {"email": fold(entity.email), "aliases": tuple(sorted(map(fold, entity.aliases)))}
    if isinstance(entity, User):
        fields |= {name: getattr(entity, name) or None for name in PROFILE_FIELDS}
        if entity.role is Role.REMOTE_USER:
            fields["quota_megabytes"] = None
    else:
        fields["members"] = tuple(sorted(member.folded for member in entity.members))
    if not entity.enabled:
        fields |= {"email": "", "aliases": ()}
        fields |= {"quota_megabytes": None} if isinstance(entity, User) else {"members": ()}
    return replace(entity, **fields)


def declare(organization: Organization) -> dict[str, User | Group]:
    """Say how everything that is declared looks in a picture."""
    off = {user.reference for user in organization.users if not user.enabled}
    groups = (
        replace(group, members=tuple(m for m in group.members if m not in off))
        for group in organization.groups
    )
    return {
        str(entity.reference.folded): normalize(entity) for entity in (*organization.users, *groups)
    }


def assert_equals(picture: Picture, organization: Organization) -> None:
    """Check that what is declared is there, and that nobody else is switched on."""
    expected = declare(organization)
    actual = {name: entity for name, entity in picture.entities.items() if name in expected}
    # A quota that the spec does not give is not managed.
    for name, entity in expected.items():
        live = actual.get(name)
        if isinstance(live, User) and isinstance(entity, User) and entity.quota_megabytes is None:
            actual[name] = replace(live, quota_megabytes=None)

    assert expected == actual
    assert {name for name, entity in expected.items() if entity.enabled} == picture.enabled


def list_operations(stack: Stack) -> list[str]:
    """List the writes since the calls were forgotten."""
    return [call.operation for call in stack.emulator.writes]


def refer(kind: Kind, names: Iterable[str]) -> tuple[Reference, ...]:
    return tuple(Reference(kind, name) for name in names)
