"""The account as tests and the control path see it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from workmail_emulator.api import Document
from workmail_emulator.directories import stage
from workmail_emulator.domains import dkim, ownership
from workmail_emulator.organizations import state_of
from workmail_emulator.state import Directory, Entity, Mailbox, Organization, Region
from workmail_emulator.world import Context, World


@dataclass(frozen=True, slots=True)
class MailboxView:
    """One mailbox.

    Attributes:
        token: Names this mailbox and no other, before or after.
        owner: Id of the user or resource.
        name: The owner's name.
        status: In use; kept for 30 days; or lost, which nothing brings back.
        size: Megabytes.
        quota: Megabytes.
    """

    token: str
    region: str
    organization: str
    owner: str
    name: str
    status: Literal["active", "kept", "lost"]
    size: float
    quota: int


def mailboxes(worlds: Iterable[World], now: float) -> tuple[MailboxView, ...]:
    """List every mailbox there ever was, in the order of their making."""
    found = [
        (mailbox.provisioned_at, _mailbox(organization, mailbox, now))
        for world in worlds
        for region in world.regions.values()
        for organization in region.organizations.values()
        for mailbox in (
            *organization.mailboxes.values(),
            *organization.lost_mailboxes.values(),
        )
    ]
    return tuple(shown for _, shown in sorted(found, key=lambda item: item[0]))


def _mailbox(organization: Organization, mailbox: Mailbox, now: float) -> MailboxView:
    return MailboxView(
        token=mailbox.token,
        region=organization.region,
        organization=organization.id,
        owner=mailbox.owner,
        name=organization.entities[mailbox.owner].name,
        status=mailbox.status(now),
        size=mailbox.size,
        quota=mailbox.quota,
    )


def state(world: World, now: float) -> Document:
    """Show everything: regions, organizations, what is in them, mailboxes."""
    return {
        "time": now,
        "regions": {name: _region(world, region, now) for name, region in world.regions.items()},
        "mailboxes": [asdict(shown) for shown in mailboxes([world], now)],
    }


def _region(world: World, region: Region, now: float) -> Document:
    context = Context(world, region, "", {}, now)
    return {
        "organizations": {
            key: _organization(context, organization)
            for key, organization in region.organizations.items()
        },
        "directories": {
            key: _directory(context, directory) for key, directory in region.directories.items()
        },
        "applications": region.applications,
    }


def _organization(context: Context, organization: Organization) -> Document:
    return {
        "alias": organization.alias,
        "state": state_of(context, organization),
        "directory": organization.directory_id,
        "default_domain": organization.default_domain,
        "tags": organization.tags,
        "domains": {
            domain.name: {
                "ownership": ownership(context, domain),
                "dkim": dkim(context, domain),
                "test": domain.is_test,
            }
            for domain in organization.domains.values()
        },
        "users": dict(_entities(organization, "USER")),
        "groups": dict(_entities(organization, "GROUP")),
        "resources": dict(_entities(organization, "RESOURCE")),
        "permissions": organization.permissions,
        "access_rules": organization.access_rules,
        "mobile_rules": organization.mobile_rules,
        "overrides": list(organization.overrides.values()),
        "roles": organization.roles,
        "availability": organization.availability,
        "settings": organization.settings,
        "exports": organization.exports,
    }


def _entities(organization: Organization, kind: str) -> Iterator[tuple[str, Document]]:
    """Show entities by id, tombstones included."""
    for entity in organization.entities.values():
        if entity.kind == kind:
            yield entity.id, _entity(organization, entity)


def _entity(organization: Organization, entity: Entity) -> Document:
    shown: Document = {
        "name": entity.name,
        "state": entity.state,
        "email": entity.email,
        "aliases": list(entity.aliases),
        **entity.attributes,
    }
    if entity.kind == "GROUP":
        shown["members"] = list(organization.members.get(entity.id, {}))
    if entity.kind == "RESOURCE":
        shown["delegates"] = list(organization.delegates.get(entity.id, ()))
    return shown


def _directory(context: Context, directory: Directory) -> Document:
    return {
        "kind": directory.kind,
        "name": directory.name,
        "alias": directory.alias,
        "stage": stage(context, directory),
        "principals": [principal.name for principal in directory.principals.values()],
    }
