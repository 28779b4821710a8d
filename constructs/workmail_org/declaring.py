"""An organization as properties of its custom resources: what the handlers will be told.

Pure, and free of the CDK: the stack is built from it, `plan` compares it, tests
send it. Ids of other resources are tokens of the template and are added there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workmail_org.changes.digests import digest_texts
from workmail_org.kinds import DEFAULT_DOMAIN, KINDS, SETTINGS
from workmail_org.model.bookable import Bookable
from workmail_org.model.directory import DirectoryType
from workmail_org.model.domain import MailDomain, RecordGroup
from workmail_org.model.group import Group
from workmail_org.model.live import EntityT
from workmail_org.model.organization import Organization
from workmail_org.model.removal import Removal
from workmail_org.model.user import User
from workmail_org.model.values import Listing
from workmail_org.wire.encoding import decode_properties, encode_properties
from workmail_org.wire.names import MAX_INLINE_BYTES, NO_CHANGES, NO_ZONE
from workmail_org.wire.properties import (
    CollectionProperties,
    Consent,
    DirectoryProperties,
    DomainProperties,
    GroupsProperties,
    OrganizationProperties,
    RemovalsProperties,
    ResourcesProperties,
    ResourceType,
    UsersProperties,
)

_SHARD_ENTITIES = 1000
"""Two calls for each new mailbox at about one a second fit into CloudFormation's hour (a guess:
WorkMail publishes no rate, facts.md §3)."""

_MADE_DIRECTORIES = (
    DirectoryType.SIMPLE_AD,
    DirectoryType.MANAGED_AD,
    DirectoryType.AD_CONNECTOR,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """Users, groups or resources as CloudFormation properties.

    Attributes:
        construct_id: Id of its custom resource; further shards add 1, 2, …
        inline: Properties that stay in the template, one mapping a shard.
        outside: Properties that move to S3; empty where everything is inline.
    """

    construct_id: str
    resource_type: ResourceType
    inline: tuple[Mapping[str, Any], ...]
    outside: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Rules or settings as CloudFormation properties.

    Attributes:
        construct_id: Id of its custom resource.
        properties: Properties that stay in the template.
        outside: Properties that move to S3; empty where everything is inline.
    """

    construct_id: str
    resource_type: ResourceType
    properties: Mapping[str, Any]
    outside: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def decode(self) -> Any:
        """Return what the handler is told, wherever its properties travel."""
        return decode_properties(
            KINDS[self.resource_type].properties, {**self.properties, **self.outside}
        )


def makes_directory(organization: Organization) -> bool:
    """Return whether the stack makes the directory.

    It does not make WorkMail's own, nor one that is there already: that of an
    existing organization is only compared.
    """
    return organization.existing is None and organization.directory.type in _MADE_DIRECTORIES


def make_organization(organization: Organization, *, owner: str) -> OrganizationProperties:
    """Write what is said of the organization itself.

    Args:
        organization: Its directory id is known only of an existing directory.
        owner: Stack name.
    """
    return OrganizationProperties(
        alias=organization.alias,
        owner=owner,
        existing=organization.existing,
        directory_id=organization.directory.directory_id,
        kms_key_arn=organization.kms_key_arn,
        interoperability=organization.interoperability,
        tags=organization.tags,
        on_removal=organization.on_removal.organization,
        directory_on_removal=organization.on_removal.directory,
        domains=tuple(sorted(domain.name for domain in organization.domains)),
        domains_on_removal=organization.on_removal.domains,
        default_domain=organization.default_domain,
        mx_zones={domain.name: _find_mx_zone(domain) for domain in organization.domains},
        keeps_records=organization.keeps_domains,
        makes_directory=makes_directory(organization),
        leavable=tuple(_list_leavable(organization, owner)),
    )


def _find_mx_zone(domain: MailDomain) -> str:
    writes = domain.dns is not None and RecordGroup.MX in domain.dns.written
    return domain.dns.hosted_zone_id if domain.dns and writes else NO_ZONE


def _list_leavable(organization: Organization, stack: str) -> Iterator[str]:
    """List what takes something away when it leaves the stack, by part_name."""
    return (
        kind.part_name
        for kind in (DEFAULT_DOMAIN, *SETTINGS)
        if kind.takes_away and kind.declare(organization, stack) is not None
    )


def make_consent(
    resource_type: ResourceType,
    part_name: str,
    *,
    acknowledge: tuple[str, ...] = (),
    approved: Mapping[str, str] | None = None,
    require_approval: bool = False,
    repair: Mapping[str, str] | None = None,
) -> Consent:
    """Write what one custom resource is told of what a person said.

    Args:
        resource_type: Its type.
        part_name: It, as in its physical id.
        acknowledge: Digests of changes that must be confirmed.
        approved: Digests of what was approved, by part_name; `None`: no approval.
        require_approval: From the spec.
        repair: Digests of what is to be set right, by part_name; `None`: nothing.
    """
    asked = KINDS[resource_type].approvable
    own = approved.get(part_name, NO_CHANGES) if asked and approved is not None else None
    judges = resource_type is ResourceType.ORGANIZATION and approved is not None
    others = {each: digest for each, digest in (approved or {}).items() if each != part_name}
    return Consent(
        acknowledge=acknowledge if KINDS[resource_type].guarded else (),
        require_approval=require_approval and asked,
        approved=own,
        approved_others=others if judges else {},
        repair=(repair or {}).get(part_name, "") if asked else "",
    )


def make_directory(organization: Organization, *, owner: str) -> DirectoryProperties:
    """Write what is said of a directory that the stack makes.

    Without a secret for the administrator's password the stack makes one, and
    adds its ARN.
    """
    return DirectoryProperties(
        alias=organization.alias,
        owner=owner,
        directory=replace(organization.directory, admin_password_secret=None),
        admin_password_secret_arn=organization.directory.admin_password_secret,
        on_removal=organization.on_removal.directory,
    )


def make_domain(organization: Organization, domain: MailDomain) -> DomainProperties:
    """Write what is said of one mail domain; of an existing organization it is only checked."""
    return DomainProperties(
        domain=domain.name,
        on_removal=organization.on_removal.domains,
        existing=organization.existing is not None,
    )


def list_collections(organization: Organization) -> tuple[Collection, ...]:
    """Write users, groups and resources, in the order in which they are deployed.

    Always all three: an emptied collection is an update, which the handler can
    judge; only the end of the stack is a Delete.
    """
    return make_users(organization), make_groups(organization), make_resources(organization)


def make_users(organization: Organization) -> Collection:
    """Write an organization's users."""
    return _make_collection(
        "Users",
        ResourceType.USERS,
        UsersProperties(
            test_domain=organization.test_domain,
            other_addresses=_list_addresses(*organization.groups, *organization.resources),
            adopt=organization.adopt,
            taken_over=organization.existing is not None,
            max_removals_percent=organization.safety.max_removals_percent,
            min_managed=organization.safety.min_managed,
            users=_leave_out_rights(organization.users),
            on_removal=organization.on_removal.users,
            exports=organization.exports is not None,
            passwords=organization.passwords,
            read_only_directory=organization.directory.read_only,
        ),
        "users",
    )


def make_groups(organization: Organization) -> Collection:
    """Write an organization's groups, members that are switched off left out."""
    disabled = organization.disabled
    groups = tuple(
        replace(group, members=tuple(m for m in group.members if m.folded not in disabled))
        for group in organization.groups
    )
    return _make_collection(
        "Groups",
        ResourceType.GROUPS,
        GroupsProperties(
            test_domain=organization.test_domain,
            other_addresses=_list_addresses(*organization.resources),
            adopt=organization.adopt,
            taken_over=organization.existing is not None,
            max_removals_percent=organization.safety.max_removals_percent,
            min_managed=organization.safety.min_managed,
            people=_digest_people(organization.users) if groups else "",
            groups=_leave_out_rights(groups),
            on_removal=organization.on_removal.groups,
            read_only_directory=organization.directory.read_only,
        ),
        "groups",
    )


def make_resources(organization: Organization) -> Collection:
    """Write an organization's resources, delegates that are switched off left out."""
    disabled = organization.disabled
    resources = tuple(
        replace(each, delegates=tuple(d for d in each.delegates if d.folded not in disabled))
        for each in organization.resources
    )
    return _make_collection(
        "Resources",
        ResourceType.RESOURCES,
        ResourcesProperties(
            test_domain=organization.test_domain,
            adopt=organization.adopt,
            taken_over=organization.existing is not None,
            max_removals_percent=organization.safety.max_removals_percent,
            min_managed=organization.safety.min_managed,
            people=_digest_people(organization.users, organization.groups) if resources else "",
            resources=_leave_out_rights(resources),
            on_removal=organization.on_removal.resources,
            exports=organization.exports is not None,
        ),
        "resources",
    )


def _leave_out_rights(entities: tuple[EntityT, ...]) -> tuple[EntityT, ...]:
    """Leave out that rights are exclusive, which is a matter of `changes.permissions`."""
    return tuple(
        replace(each, exclusive=tuple(x for x in each.exclusive if x is not Listing.RIGHTS))
        if Listing.RIGHTS in each.exclusive
        else each
        for each in entities
    )


def list_settings(organization: Organization, *, stack: str) -> Iterator[Part]:
    """Write the rules and settings that an organization declares, in the order of deployment.

    Args:
        organization: What is declared; what only CloudFormation knows is `UNRESOLVED`.
        stack: Its name.
    """
    for kind in SETTINGS:
        declared = kind.declare(organization, stack)
        if declared is not None:
            yield _make_part(kind.construct_id, kind.resource_type, declared)


def make_removals(organization: Organization) -> Part:
    """Write who stays and who does not, which comes last of all."""
    everybody: tuple[User | Group | Bookable, ...] = (
        *organization.users,
        *organization.groups,
        *organization.resources,
    )
    off = organization.disabled
    stays_ours = organization.existing is None  # what was taken over is never deleted
    references = sorted(entity.reference for entity in everybody)
    return _make_part(
        "Removals",
        ResourceType.REMOVALS,
        RemovalsProperties(
            enabled=tuple(each for each in references if each.folded not in off),
            disabled=tuple(each for each in references if each.folded in off),
            users_on_removal=organization.on_removal.users,
            groups_on_removal=organization.on_removal.groups,
            resources_on_removal=organization.on_removal.resources,
            organization_on_removal=(
                organization.on_removal.organization if stays_ours else Removal.RETAIN
            ),
            deregistered=tuple(
                sorted(domain.name for domain in organization.domains)
                if stays_ours and organization.on_removal.domains is not Removal.RETAIN
                else ()
            ),
            exports=organization.exports is not None,
            read_only_directory=organization.directory.read_only,
        ),
    )


def declare_default_domain(organization: Organization, *, stack: str) -> Part | None:
    """Write which domain is the default; `None`: the test domain, which is by itself."""
    declared = DEFAULT_DOMAIN.declare(organization, stack)
    if declared is None:
        return None
    return Part(
        construct_id=DEFAULT_DOMAIN.construct_id,
        resource_type=DEFAULT_DOMAIN.resource_type,
        properties=encode_properties(declared),
    )


def _make_part(construct_id: str, resource_type: ResourceType, properties: object) -> Part:
    encoded = encode_properties(properties)
    is_large = len(json.dumps(encoded)) > MAX_INLINE_BYTES
    return Part(
        construct_id=construct_id,
        resource_type=resource_type,
        properties={} if is_large else encoded,
        outside=encoded if is_large else {},
    )


def _digest_people(*collections: Sequence[User | Group]) -> str:
    """Name who is switched on."""
    everybody = (entity for collection in collections for entity in collection)
    return digest_texts(sorted(str(each.reference.folded) for each in everybody if each.enabled))


def _make_collection(
    construct_id: str,
    resource_type: ResourceType,
    properties: CollectionProperties,
    entities: str,
) -> Collection:
    whole = encode_properties(properties)
    shards = max(1, math.ceil(len(getattr(properties, entities)) / _SHARD_ENTITIES))
    if shards == 1 and len(json.dumps(whole)) <= MAX_INLINE_BYTES:
        return Collection(
            construct_id=construct_id, resource_type=resource_type, inline=(whole,), outside={}
        )
    emptied: dict[str, Any] = {"other_addresses": {}, entities: ()}
    hollow = replace(properties, **emptied)
    inline = tuple(
        encode_properties(replace(hollow, shard=i, shards=shards)) for i in range(shards)
    )
    return Collection(
        construct_id=construct_id,
        resource_type=resource_type,
        inline=inline,
        outside={key: value for key, value in whole.items() if key not in inline[0]},
    )


def _list_addresses(*entities: User | Group | Bookable) -> dict[str, tuple[str, ...]]:
    return {str(entity.reference): (entity.email, *entity.aliases) for entity in entities}
