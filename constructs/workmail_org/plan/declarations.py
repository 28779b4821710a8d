"""Declaration: what one stack tells its handlers, from a spec or from a deployed template."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from workmail_org import declaring
from workmail_org.errors import WireError
from workmail_org.kinds import DEFAULT_DOMAIN, KINDS, SETTINGS, SettingKind
from workmail_org.model.domain import RECORDS, RecordGroup
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.values import Kind, fold
from workmail_org.wire.encoding import decode_properties, encode_properties
from workmail_org.wire.names import (
    COLLECTION_BUCKET,
    COLLECTION_KEY,
    JOURNAL_TABLE,
    LEDGER_TABLE,
    ORGANIZATION_ID,
    PASSWORD_SECRET_ARN,
    UNRESOLVED,
)
from workmail_org.wire.properties import (
    CollectionProperties,
    DirectoryProperties,
    DomainProperties,
    GroupsProperties,
    OrganizationProperties,
    RemovalsProperties,
    ResourcesProperties,
    ResourceType,
    UsersProperties,
)

_P = TypeVar("_P")

LoadCollection = Callable[[Any, str], Mapping[str, Any]]
"""Reads properties that are too large for a template, by bucket (or its token) and key."""

_RECORDS: Mapping[tuple[str, str | None], RecordGroup] = {
    slot: group for group, slot in RECORDS.items()
}


@dataclass(frozen=True, slots=True)
class Zone:
    """The records of one domain in Route 53: that the stack writes, or finds there."""

    hosted_zone_id: str
    records: frozenset[RecordGroup]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What one stack tells its handlers.

    Attributes:
        key: Spec key of the organization.
        stack: Name of the stack.
        domains: By name.
        zones: By domain; domains of which the stack writes no record are left out.
        adopted: By domain, what of its records is there already and stays; in a
            deployed template nothing says so.
        hosted: Folded names of the domains whose records are in a hosted zone, whoever wrote them.
        settings: Rules and settings, those that are declared, in the order in
            which they are deployed.
    """

    key: str
    stack: str
    region: str
    organization: OrganizationProperties
    directory: DirectoryProperties | None = None
    domains: Mapping[str, DomainProperties] = field(default_factory=dict[str, DomainProperties])
    zones: Mapping[str, Zone] = field(default_factory=dict[str, Zone])
    adopted: Mapping[str, Zone] = field(default_factory=dict[str, Zone])
    hosted: frozenset[str] = frozenset()
    users: UsersProperties
    groups: GroupsProperties
    resources: ResourcesProperties
    settings: Mapping[ResourceType, Any] = field(default_factory=dict[ResourceType, Any])
    removals: RemovalsProperties

    def get_collection(self, kind: Kind) -> CollectionProperties:
        """Return what is declared of users, groups or resources."""
        collections: Mapping[Kind, CollectionProperties] = {
            Kind.USER: self.users,
            Kind.GROUP: self.groups,
            Kind.RESOURCE: self.resources,
        }
        return collections[kind]

    def get_setting(self, kind: SettingKind[_P]) -> _P | None:
        """Return what is declared of a kind of rule or setting; `None`: it is not managed."""
        return cast("_P | None", self.settings.get(kind.resource_type))

    @property
    def test_domain(self) -> str:
        """The domain that the organization always has."""
        return self.users.test_domain


def name_stack(environment: Environment, organization: Organization) -> str:
    """Return the name of an organization's stack (design.md §4)."""
    return f"{environment.name}-{organization.key}"


def declare(environment: Environment, organization: Organization) -> Declaration:
    """Write an organization as its handlers will be told of it, through the wire and back."""
    stack = name_stack(environment, organization)
    about = _cross(declaring.make_organization(organization, owner=stack))
    directory = _declare_directory(organization, stack)
    users, groups, resources = (
        _decode_collection(each) for each in declaring.list_collections(organization)
    )
    default = declaring.declare_default_domain(organization, stack=stack)
    parts = [*([default] if default else []), *declaring.list_settings(organization, stack=stack)]
    return Declaration(
        key=organization.key,
        stack=stack,
        region=organization.region,
        organization=replace(about, directory_id=UNRESOLVED) if directory else about,
        directory=directory,
        domains={
            domain.name: _cross(declaring.make_domain(organization, domain))
            for domain in organization.domains
        },
        zones={
            domain.name: Zone(domain.dns.hosted_zone_id, domain.dns.written)
            for domain in organization.domains
            if domain.dns and domain.dns.written
        },
        adopted={
            domain.name: Zone(domain.dns.hosted_zone_id, domain.dns.adopted)
            for domain in organization.domains
            if domain.dns and domain.dns.adopted
        },
        hosted=frozenset(fold(domain.name) for domain in organization.domains if domain.dns),
        users=users,
        groups=groups,
        resources=resources,
        settings={part.resource_type: part.decode() for part in parts},
        removals=declaring.make_removals(organization).decode(),
    )


def decode_template(
    key: str,
    stack: str,
    region: str,
    template: Mapping[str, Any],
    load_collection: LoadCollection,
) -> Declaration:
    """Read what a deployed stack told its handlers.

    Args:
        key: Spec key of the organization.
        stack: Its name.
        region: Its region.
        template: As CloudFormation keeps it.
        load_collection: Reads what was too large for it.

    Raises:
        WireError: The template is none of ours, or of another version.
    """
    found = {
        properties_type: list(_list_properties(template, properties_type, load_collection))
        for properties_type in KINDS
    }

    def get(properties_type: ResourceType) -> Any:
        every = found[properties_type]
        if not every:
            raise WireError(
                f"stack {stack} has no {properties_type}: it is not managed by this project"
            )
        return next((each for each in every if not getattr(each, "shard", 0)), every[0])

    domains = {each.domain: each for each in found[ResourceType.DOMAIN]}
    directory = found[ResourceType.DIRECTORY]
    return Declaration(
        key=key,
        stack=stack,
        region=region,
        organization=get(ResourceType.ORGANIZATION),
        directory=directory[0] if directory else None,
        domains=domains,
        zones=_find_zones(template, domains),
        hosted=frozenset(fold(each.domain) for each in found[ResourceType.DOMAIN_VERIFICATION]),
        users=get(ResourceType.USERS),
        groups=get(ResourceType.GROUPS),
        resources=get(ResourceType.RESOURCES),
        settings={
            kind.resource_type: found[kind.resource_type][0]
            for kind in (DEFAULT_DOMAIN, *SETTINGS)
            if found[kind.resource_type]
        },
        # Stacks of earlier versions have none: the next deployment makes it.
        removals=next(iter(found[ResourceType.REMOVALS]), RemovalsProperties()),
    )


def _declare_directory(organization: Organization, stack: str) -> DirectoryProperties | None:
    if not declaring.makes_directory(organization):
        return None
    declared = _cross(declaring.make_directory(organization, owner=stack))
    if declared.admin_password_secret_arn or declared.directory.service_account:
        return declared
    return replace(declared, admin_password_secret_arn=UNRESOLVED)


def _cross(properties: _P) -> _P:
    return decode_properties(type(properties), encode_properties(properties))


def _decode_collection(collection: declaring.Collection) -> Any:
    properties = {**collection.inline[0], **collection.outside}
    return decode_properties(KINDS[collection.resource_type].properties, properties)


def _list_properties(
    template: Mapping[str, Any], resource_type: ResourceType, load_collection: LoadCollection
) -> Iterator[Any]:
    for resource in template.get("Resources", {}).values():
        if resource.get("Type") != resource_type:
            continue
        raw = resource.get("Properties", {})
        key = raw.get(COLLECTION_KEY)
        bucket = raw.get(COLLECTION_BUCKET)
        outside = load_collection(bucket, key) if isinstance(key, str) else dict[str, Any]()
        resolved = {name: _resolve(value) for name, value in raw.items() if name not in _TOKENS}
        yield decode_properties(KINDS[resource_type].properties, {**resolved, **outside})


_TOKENS = frozenset(
    {
        ORGANIZATION_ID,
        LEDGER_TABLE,
        JOURNAL_TABLE,
        PASSWORD_SECRET_ARN,
        COLLECTION_BUCKET,
        COLLECTION_KEY,
        "ServiceToken",
        "ServiceTimeout",
    }
)
"""Properties that say where things are, not what is declared."""


def _resolve(value: Any) -> Any:
    """Put a word where CloudFormation puts what it makes up; `wire` never writes such a map."""
    if not isinstance(value, dict):
        return value
    properties = cast("dict[str, Any]", value)
    name = next(iter(properties), "")
    if len(properties) == 1 and (name == "Ref" or name.startswith("Fn::")):
        return UNRESOLVED
    return {key: _resolve(item) for key, item in properties.items()}


def _find_zones(template: Mapping[str, Any], domains: Mapping[str, Any]) -> dict[str, Zone]:
    zones: dict[str, Zone] = {}
    resources = template.get("Resources", {})
    for resource in resources.values():
        if resource.get("Type") != "AWS::Route53::RecordSet":
            continue
        properties = resource.get("Properties", {})
        name = properties.get("Name")
        for domain in domains:
            prefix: str | None = None
            if isinstance(name, str):
                if not name.endswith(f"{domain}."):
                    continue
                prefix = name.removesuffix(f"{domain}.")
            elif _get_owner(name, resources) != domain:
                continue
            group = _RECORDS.get((properties["Type"], prefix))
            if group is not None:
                known = zones.get(domain, Zone(str(properties["HostedZoneId"]), frozenset()))
                zones[domain] = replace(known, records=known.records | {group})
    return zones


def _get_owner(name: Any, resources: Mapping[str, Any]) -> str | None:
    """Find the domain whose resource makes up the name of a DKIM record."""
    reference = cast("dict[str, Any]", name).get("Fn::GetAtt") if isinstance(name, dict) else None
    registration: dict[str, Any] = resources.get(reference[0], {}) if reference else {}
    domain = registration.get("Properties", {}).get("Domain")
    return domain if isinstance(domain, str) else None
