"""Kinds: one record for each type of custom resource.

What differs between types stands here, once: what a type is called, what travels to its handler,
what a person is asked about it, and the functions that decide and explain. Declaring, handlers,
plan and rehearsal go through these records and know no type by name, but for the few that are
alone of their sort: organization, directory, domains.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar

from workmail_org.changes import (
    access_control,
    availability,
    bookables,
    consequences,
    default_domain,
    groups,
    identity_center,
    impersonation,
    inbound_dmarc,
    mobile_devices,
    monitoring,
    permissions,
    retention,
    users,
)
from workmail_org.changes.calls import Call
from workmail_org.changes.consequences import Rule
from workmail_org.changes.deciding import Decision
from workmail_org.changes.entities import Situation
from workmail_org.changes.explaining import Explanation, Wording
from workmail_org.model.live import LiveSettings
from workmail_org.model.organization import Organization
from workmail_org.model.values import Kind
from workmail_org.wire.properties import (
    AccessControlProperties,
    AvailabilityProperties,
    CollectionProperties,
    DefaultDomainProperties,
    DirectoryProperties,
    DomainProperties,
    DomainVerificationProperties,
    EmailMonitoringProperties,
    GroupsProperties,
    IdentityCenterProperties,
    ImpersonationRolesProperties,
    InboundDmarcProperties,
    MobileDevicesProperties,
    OrganizationProperties,
    PermissionsProperties,
    RemovalsProperties,
    ResourcesProperties,
    ResourceType,
    RetentionProperties,
    UsersProperties,
)

P = TypeVar("P")
C = TypeVar("C", bound=CollectionProperties)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceKind(Generic[P]):
    """One type of custom resource.

    Attributes:
        part_name: What it is called in physical ids and in approvals; a domain and a
            shard add their own.
        properties: What its handler is told.
        guarded: Whether a change of it can need confirmation.
        approvable: Whether it is told of an approval. One that only waits changes
            nothing. A domain has answers that only WorkMail knows and is left
            alone while its declaration stays: the organization judges.
        takes_away: Whether it takes something away when it leaves the stack by
            itself. Domains do too, and the organization judges those. Rules of
            access and of devices stay: without any nobody gets in.
    """

    resource_type: ResourceType
    part_name: str
    properties: type[P]
    guarded: bool = False
    approvable: bool = True
    takes_away: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingKind(ResourceKind[P]):
    """A set of rules or a setting, of which an organization has one.

    Attributes:
        fact: The field of `LiveSettings` that it is about.
        operations: Of WorkMail, that its handler calls to read and to write it.
        construct_id: Id of its construct.
        declare: Writes its properties, given the name of the stack; `None`: it is
            not managed.
        predict: Says what `fact` holds once properties are deployed.
        capture: Writes what is live as properties that would bring it back, as far as
            a change is about it; `None`: there is nothing.
        decide: Decides from what is live, declared and previously declared; `None`:
            not declared.
        explain: Tells what calls mean, from what was live and is declared.
    """

    fact: str
    operations: tuple[str, ...]
    construct_id: str
    declare: Callable[[Organization, str], P | None]
    predict: Callable[[P], Any]
    capture: Callable[[LiveSettings, P | None, P | None], P | None]
    decide: Callable[[LiveSettings, P | None, P | None], Decision]
    explain: Callable[[LiveSettings, P | None, Sequence[Call], Wording], Iterable[Explanation]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionKind(ResourceKind[C]):
    """All users, groups or resources of an organization, or a shard of them.

    Attributes:
        kind: Of the entities.
        decide: Decides from what there is, whose it is and what is declared.
    """

    kind: Kind
    decide: Callable[[Situation[Any]], Decision]


class _Functions(Protocol[P]):
    """The five functions of a module of `changes`; `SettingKind` says what each does."""

    def declare(self, organization: Organization, stack: str, /) -> P | None: ...

    def predict(self, declared: P, /) -> Any: ...

    def capture(
        self, live: LiveSettings, declared: P | None, previous: P | None, /
    ) -> P | None: ...

    def decide(self, live: LiveSettings, declared: P | None, previous: P | None, /) -> Decision: ...

    def explain(
        self, live: LiveSettings, declared: P | None, calls: Sequence[Call], wording: Wording, /
    ) -> Iterable[Explanation]: ...


def _make_setting(
    module: _Functions[P],
    resource_type: ResourceType,
    part_name: str,
    properties: type[P],
    *,
    fact: str,
    operations: tuple[str, ...],
    guarded: bool = False,
    takes_away: bool = False,
) -> SettingKind[P]:
    """Build the record of a module of `changes` that has the five functions."""
    return SettingKind(
        resource_type=resource_type,
        part_name=part_name,
        properties=properties,
        guarded=guarded,
        takes_away=takes_away,
        fact=fact,
        operations=operations,
        construct_id=resource_type.removeprefix("Custom::WorkMail"),
        declare=module.declare,
        predict=module.predict,
        capture=module.capture,
        decide=module.decide,
        explain=module.explain,
    )


DEFAULT_DOMAIN = _make_setting(
    default_domain,
    ResourceType.DEFAULT_DOMAIN,
    "default-domain",
    DefaultDomainProperties,
    fact="default_domain",
    operations=(
        "DescribeOrganization",
        "UpdateDefaultMailDomain",
    ),
    takes_away=True,
)
"""Comes before users, whose addresses need its domain."""

_IN_ORDER = (
    _make_setting(
        permissions,
        ResourceType.MAILBOX_PERMISSIONS,
        "permissions",
        PermissionsProperties,
        fact="permissions",
        operations=(
            "DeleteMailboxPermissions",
            "ListMailboxPermissions",
            "PutMailboxPermissions",
        ),
    ),
    _make_setting(
        impersonation,
        ResourceType.IMPERSONATION_ROLES,
        "impersonation-roles",
        ImpersonationRolesProperties,
        fact="impersonation_roles",
        operations=(
            "CreateImpersonationRole",
            "DeleteImpersonationRole",
            "GetImpersonationRole",
            "ListImpersonationRoles",
            "UpdateImpersonationRole",
        ),
        takes_away=True,
    ),
    _make_setting(
        access_control,
        ResourceType.ACCESS_CONTROL_RULES,
        "access-control",
        AccessControlProperties,
        fact="access_control",
        operations=(
            "DeleteAccessControlRule",
            "ListAccessControlRules",
            "PutAccessControlRule",
        ),
        guarded=True,
    ),
    _make_setting(
        mobile_devices,
        ResourceType.MOBILE_DEVICE_ACCESS_RULES,
        "mobile-devices",
        MobileDevicesProperties,
        fact="mobile_devices",
        operations=(
            "CreateMobileDeviceAccessRule",
            "DeleteMobileDeviceAccessRule",
            "ListMobileDeviceAccessRules",
            "UpdateMobileDeviceAccessRule",
        ),
        guarded=True,
    ),
    _make_setting(
        availability,
        ResourceType.AVAILABILITY_CONFIGURATIONS,
        "availability",
        AvailabilityProperties,
        fact="availability",
        operations=(
            "CreateAvailabilityConfiguration",
            "DeleteAvailabilityConfiguration",
            "ListAvailabilityConfigurations",
            "UpdateAvailabilityConfiguration",
        ),
        takes_away=True,
    ),
    _make_setting(
        retention,
        ResourceType.RETENTION_POLICY,
        "retention",
        RetentionProperties,
        fact="retention",
        operations=(
            "DeleteRetentionPolicy",
            "GetDefaultRetentionPolicy",
            "PutRetentionPolicy",
        ),
        guarded=True,
        takes_away=True,
    ),
    _make_setting(
        inbound_dmarc,
        ResourceType.INBOUND_DMARC,
        "inbound-dmarc",
        InboundDmarcProperties,
        fact="inbound_dmarc_enforced",
        operations=(
            "DescribeInboundDmarcSettings",
            "PutInboundDmarcSettings",
        ),
        takes_away=True,
    ),
    _make_setting(
        monitoring,
        ResourceType.EMAIL_MONITORING,
        "email-monitoring",
        EmailMonitoringProperties,
        fact="email_monitoring",
        operations=(
            "DeleteEmailMonitoringConfiguration",
            "DescribeEmailMonitoringConfiguration",
            "PutEmailMonitoringConfiguration",
        ),
        takes_away=True,
    ),
    _make_setting(
        identity_center,
        ResourceType.IDENTITY_CENTER,
        "identity-center",
        IdentityCenterProperties,
        fact="identity_center",
        operations=(
            "CreateIdentityCenterApplication",
            "DeleteIdentityCenterApplication",
            "DeleteIdentityProviderConfiguration",
            "DescribeIdentityProviderConfiguration",
            "PutIdentityProviderConfiguration",
        ),
        guarded=True,
        takes_away=True,
    ),
)
SETTINGS: tuple[SettingKind[Any], ...] = _IN_ORDER  # else `Any` is what the functions are about
"""In the order in which they are deployed, after everybody is there whom they name. Impersonation
roles come before the access-control rules that name them."""

_DIRECTORY = ResourceKind(
    resource_type=ResourceType.DIRECTORY,
    part_name="directory",
    properties=DirectoryProperties,
)
_ORGANIZATION = ResourceKind(
    resource_type=ResourceType.ORGANIZATION,
    part_name="organization",
    properties=OrganizationProperties,
    guarded=True,
)
_DOMAIN = ResourceKind(
    resource_type=ResourceType.DOMAIN,
    part_name="domains",
    properties=DomainProperties,
    approvable=False,
)
_DOMAIN_VERIFICATION = ResourceKind(
    resource_type=ResourceType.DOMAIN_VERIFICATION,
    part_name="domain-verification",
    properties=DomainVerificationProperties,
    approvable=False,
)
_REMOVALS = ResourceKind(
    resource_type=ResourceType.REMOVALS,
    part_name="removals",
    properties=RemovalsProperties,
)

COLLECTIONS: tuple[CollectionKind[Any], ...] = (
    CollectionKind(
        resource_type=ResourceType.USERS,
        part_name="users",
        properties=UsersProperties,
        guarded=True,
        kind=Kind.USER,
        decide=users.decide,
    ),
    CollectionKind(
        resource_type=ResourceType.GROUPS,
        part_name="groups",
        properties=GroupsProperties,
        guarded=True,
        kind=Kind.GROUP,
        decide=groups.decide,
    ),
    CollectionKind(
        resource_type=ResourceType.RESOURCES,
        part_name="resources",
        properties=ResourcesProperties,
        guarded=True,
        kind=Kind.RESOURCE,
        decide=bookables.decide,
    ),
)
"""In the order in which they are deployed: members and delegates come before who names them."""

_EVERY: tuple[ResourceKind[Any], ...] = (
    _DIRECTORY,
    _ORGANIZATION,
    _DOMAIN,
    _DOMAIN_VERIFICATION,
    DEFAULT_DOMAIN,
    *COLLECTIONS,
    *SETTINGS,
    _REMOVALS,
)

KINDS: Mapping[ResourceType, ResourceKind[Any]] = MappingProxyType(
    {kind.resource_type: kind for kind in _EVERY}
)
"""Every kind, by its type."""


def make_part_name(resource_type: ResourceType, *, name: str = "", shard: int = 0) -> str:
    """Name a custom resource as its physical id and an approval do, such as `users/1`.

    Args:
        resource_type: Its type.
        name: Of a domain.
        shard: Of a collection.
    """
    return "/".join(
        part for part in (KINDS[resource_type].part_name, name, str(shard or "")) if part
    )


def list_rules() -> tuple[Rule, ...]:
    """List every rule that puts a change into a class, in the order in which they are written."""
    modules = [
        consequences,
        *(sys.modules[k.decide.__module__] for k in (DEFAULT_DOMAIN, *SETTINGS)),
    ]
    every = [each for module in modules for each in vars(module).values()]
    return tuple(dict.fromkeys(each for each in every if isinstance(each, Rule)))
