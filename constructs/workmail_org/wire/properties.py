"""Types of custom resources, and the properties of each, in types of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from workmail_org.model.bookable import Bookable
from workmail_org.model.directory import Directory
from workmail_org.model.group import Group
from workmail_org.model.organization import Passwords
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.policies import (
    AccessControlRule,
    Availability,
    IdentityCenter,
    ImpersonationRole,
    MobileDeviceAccessRule,
    RetentionPolicy,
)
from workmail_org.model.removal import Removal, Safety
from workmail_org.model.user import User
from workmail_org.model.values import Kind, Reference


class ResourceType(StrEnum):
    """Custom resource types (design.md §4)."""

    DIRECTORY = "Custom::WorkMailDirectory"
    ORGANIZATION = "Custom::WorkMailOrganization"
    DOMAIN = "Custom::WorkMailDomain"
    DOMAIN_VERIFICATION = "Custom::WorkMailDomainVerification"
    DEFAULT_DOMAIN = "Custom::WorkMailDefaultDomain"
    USERS = "Custom::WorkMailUsers"
    GROUPS = "Custom::WorkMailGroups"
    RESOURCES = "Custom::WorkMailResources"
    MAILBOX_PERMISSIONS = "Custom::WorkMailMailboxPermissions"
    ACCESS_CONTROL_RULES = "Custom::WorkMailAccessControlRules"
    MOBILE_DEVICE_ACCESS_RULES = "Custom::WorkMailMobileDeviceAccessRules"
    IMPERSONATION_ROLES = "Custom::WorkMailImpersonationRoles"
    AVAILABILITY_CONFIGURATIONS = "Custom::WorkMailAvailabilityConfigurations"
    RETENTION_POLICY = "Custom::WorkMailRetentionPolicy"
    EMAIL_MONITORING = "Custom::WorkMailEmailMonitoring"
    INBOUND_DMARC = "Custom::WorkMailInboundDmarc"
    IDENTITY_CENTER = "Custom::WorkMailIdentityCenter"
    REMOVALS = "Custom::WorkMailRemovals"


def _make_empty() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a person said of a deployment; a resource carries it beside its own properties.

    Attributes:
        acknowledge: Digests of changes that must be confirmed.
        require_approval: Nothing is changed that was not approved.
        approved: Digest of what this resource may do, or `NO_CHANGES`; `None`: the
            deployment goes without an approval.
        approved_others: The same of all other resources, by part_name; for the one
            that comes first and judges what comes to domains, and what leaves.
        ledger_table: DynamoDB table that tells which request was let through.
        repair: Digest of what this resource does if it finds what differs from the spec, and
            sets it right although nothing of it is declared anew; empty: it does not look.
    """

    acknowledge: tuple[str, ...] = ()
    require_approval: bool = False
    approved: str | None = None
    approved_others: Mapping[str, str] = field(default_factory=_make_empty)
    ledger_table: str = ""
    repair: str = ""

    @property
    def asks(self) -> bool:
        """Whether nothing may be done but what was approved."""
        return self.approved is not None or self.require_approval


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationProperties:
    """Properties of `Custom::WorkMailOrganization`.

    Attributes:
        owner: Stack name, kept as a tag so that a stack finds its own again.
        on_removal: retain or delete.
        directory_on_removal: retain or delete; of the directory WorkMail makes.
        domains: Declared domains. That one leaves is refused here: once
            CloudFormation deletes its own resource it is too late.
        domains_on_removal: deregister or retain.
        default_domain: Which one is declared; empty: a stack from before it was told.
        mx_zones: Into which hosted zone the stack writes the MX record of each domain,
            or `NO_ZONE`. CloudFormation writes it, so it is judged here. Templates of
            earlier versions do not say.
        keeps_records: Whether DNS records stay when CloudFormation has no use for them any
            more. Templates of earlier versions do not say, and theirs are deleted.
        makes_directory: Whether the stack made the directory.
        leavable: Nouns of the resources whose end takes something away, but for
            domains: that one leaves is judged here too.
    """

    alias: str
    owner: str
    existing: str | None = None
    directory_id: str | None = None
    kms_key_arn: str | None = None
    interoperability: bool = False
    tags: Mapping[str, str] = field(default_factory=_make_empty)
    on_removal: Removal = Removal.RETAIN
    directory_on_removal: Removal = Removal.RETAIN
    domains: tuple[str, ...] = ()
    domains_on_removal: Removal = Removal.DEREGISTER
    default_domain: str = ""
    mx_zones: Mapping[str, str] = field(default_factory=_make_empty)
    keeps_records: bool = False
    makes_directory: bool = False
    leavable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainProperties:
    """Properties of `Custom::WorkMailDomain`."""

    organization_id: str = ""
    domain: str
    on_removal: Removal = Removal.DEREGISTER
    existing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainVerificationProperties:
    """Properties of `Custom::WorkMailDomainVerification`."""

    organization_id: str = ""
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultDomainProperties:
    """Properties of `Custom::WorkMailDefaultDomain`.

    Attributes:
        test_domain: What becomes the default domain again on Delete.
    """

    organization_id: str = ""
    domain: str
    test_domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionProperties:
    """What users, groups and resources have in common.

    Attributes:
        test_domain: Where an address goes that has to make room.
        other_addresses: Address book of the collections that come later in the
            stack, `group:sales` to its addresses, the primary one first: an
            address can move from one of them to this one.
        ledger_table: DynamoDB table that tells what this stack owns.
        exports: Whether the spec says where mailboxes are exported to: whoever leaves
            without a verified export is confirmed.
        journal_table: DynamoDB table that tells who is exported.
        shard: Which part of the collection this custom resource brings into
            being, from 0; number 0 also owns all that leaves.
        max_removals_percent: So many of those that are owned may leave without
            a confirmation.
        min_managed: Below so many owned ones the percentage is not applied.
        taken_over: Whether the organization was there before the stack: whoever is
            switched off there, and not in the ledger, was made by somebody else.
        on_removal: What happens to who leaves the spec.
        read_only_directory: Who is declared exists already and is only enabled.
        people: Names who is switched on in the collections that come before.
            Who was switched off stays a member or a delegate, cannot be taken
            out meanwhile, and would come back as one: so whenever people come
            or go, this collection is looked at too.
    """

    organization_id: str = ""
    test_domain: str
    other_addresses: Mapping[str, tuple[str, ...]] = field(default_factory=_make_empty)
    ledger_table: str = ""
    exports: bool = False
    journal_table: str = ""
    shard: int = 0
    shards: int = 1
    adopt: bool = False
    taken_over: bool = False
    max_removals_percent: int = Safety().max_removals_percent
    min_managed: int = Safety().min_managed
    people: str = ""
    on_removal: Removal = Removal.DISABLE
    read_only_directory: bool = False

    @property
    def safety(self) -> Safety:
        """How many may leave without confirmation."""
        percent, managed = self.max_removals_percent, self.min_managed
        return Safety(max_removals_percent=percent, min_managed=managed)

    @property
    def entities(self) -> tuple[User | Group | Bookable, ...]:
        """Who or what is declared."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersProperties(CollectionProperties):
    """Properties of `Custom::WorkMailUsers`.

    Attributes:
        password_secret_arn: Secret for generated passwords.
    """

    users: tuple[User, ...] = ()
    passwords: Passwords = Passwords.GENERATE
    password_secret_arn: str | None = None

    @property
    def entities(self) -> tuple[User, ...]:
        """Who is declared."""
        return self.users


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsProperties(CollectionProperties):
    """Properties of `Custom::WorkMailGroups`. Members that are switched off are left out."""

    groups: tuple[Group, ...] = ()
    on_removal: Removal = Removal.DELETE

    @property
    def entities(self) -> tuple[Group, ...]:
        """What is declared."""
        return self.groups


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcesProperties(CollectionProperties):
    """Properties of `Custom::WorkMailResources`. Delegates that are switched off are left out."""

    resources: tuple[Bookable, ...] = ()

    @property
    def entities(self) -> tuple[Bookable, ...]:
        """What is declared."""
        return self.resources


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionsProperties:
    """Properties of `Custom::WorkMailMailboxPermissions`. Disabled users are left out.

    Attributes:
        exclusive: Mailboxes on which nobody has a right but who is declared.
    """

    organization_id: str = ""
    permissions: tuple[MailboxPermission, ...] = ()
    exclusive: tuple[Reference, ...] = ()

    @property
    def mailboxes(self) -> frozenset[Reference]:
        """Whose rights count, folded."""
        declared = {each.mailbox.folded for each in self.permissions}
        return frozenset(declared | {each.folded for each in self.exclusive})


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessControlProperties:
    """Properties of `Custom::WorkMailAccessControlRules`: all rules there shall be."""

    organization_id: str = ""
    rules: tuple[AccessControlRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileDevicesProperties:
    """Properties of `Custom::WorkMailMobileDeviceAccessRules`: all rules there shall be."""

    organization_id: str = ""
    rules: tuple[MobileDeviceAccessRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpersonationRolesProperties:
    """Properties of `Custom::WorkMailImpersonationRoles`. Disabled users are left out."""

    organization_id: str = ""
    roles: tuple[ImpersonationRole, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityProperties:
    """Properties of `Custom::WorkMailAvailabilityConfigurations`."""

    organization_id: str = ""
    configurations: tuple[Availability, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionProperties:
    """Properties of `Custom::WorkMailRetentionPolicy`."""

    organization_id: str = ""
    policy: RetentionPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailMonitoringProperties:
    """Properties of `Custom::WorkMailEmailMonitoring`.

    Attributes:
        log_group_arn: Ends in `:*`; the stack's own where the group is managed.
        role_arn: `None`: WorkMail's service-linked role.
        managed: Whether the stack created both.
    """

    organization_id: str = ""
    log_group_arn: str
    role_arn: str | None = None
    managed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundDmarcProperties:
    """Properties of `Custom::WorkMailInboundDmarc`."""

    organization_id: str = ""
    enforced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityCenterProperties:
    """Properties of `Custom::WorkMailIdentityCenter`.

    Attributes:
        application_name: Of the application made for the organization.
    """

    organization_id: str = ""
    application_name: str
    identity_center: IdentityCenter


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalsProperties:
    """Properties of `Custom::WorkMailRemovals`: who is switched off or deleted, and how.

    Attributes:
        ledger_table: DynamoDB table that tells what this stack owns.
        enabled: Who is declared and switched on.
        disabled: Who is declared and switched off.
        organization_on_removal: What becomes of the organization when its stack goes.
        deregistered: Domains that are deregistered then.
        exports: Whether the stack keeps a journal of exports.
        journal_table: DynamoDB table that has it.
        read_only_directory: Users and groups are deleted in the directory alone.
    """

    organization_id: str = ""
    ledger_table: str = ""
    enabled: tuple[Reference, ...] = ()
    disabled: tuple[Reference, ...] = ()
    users_on_removal: Removal = Removal.DISABLE
    groups_on_removal: Removal = Removal.DELETE
    resources_on_removal: Removal = Removal.DISABLE
    organization_on_removal: Removal = Removal.RETAIN
    deregistered: tuple[str, ...] = ()
    exports: bool = False
    journal_table: str = ""
    read_only_directory: bool = False

    @property
    def removal_policies(self) -> Mapping[Kind, Removal]:
        """What happens to those who left the spec, by kind."""
        return {
            Kind.USER: self.users_on_removal,
            Kind.GROUP: self.groups_on_removal,
            Kind.RESOURCE: self.resources_on_removal,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryProperties:
    """Properties of `Custom::WorkMailDirectory`.

    Attributes:
        alias: Claimed for the directory: the organization's must match it.
        owner: Stack name, kept as a tag so that a stack finds its own again.
        admin_password_secret_arn: `None` for an AD Connector.
    """

    alias: str
    owner: str
    directory: Directory
    admin_password_secret_arn: str | None = None
    on_removal: Removal = Removal.RETAIN
