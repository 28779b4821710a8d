"""Live: what AWS says of an organization and its directory, in types of our own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from workmail_org.model.bookable import Bookable
from workmail_org.model.directory import DirectoryType
from workmail_org.model.domain import DnsRecord
from workmail_org.model.group import Group
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.policies import (
    AccessControlRule,
    Availability,
    Effect,
    EmailMonitoring,
    IdentityCenter,
    ImpersonationRole,
    MobileDeviceAccessRule,
    Policies,
    RetentionPolicy,
)
from workmail_org.model.user import User
from workmail_org.model.values import EntityId, Kind, OrganizationId, Reference, fold

Entity = User | Group | Bookable

EntityT = TypeVar("EntityT", bound=Entity)


class State(StrEnum):
    """State of an organization (WorkMail API 2017-10-01, DescribeOrganization; facts.md §1.1)."""

    REQUESTED = "requested"
    CREATING = "creating"
    ACTIVE = "active"
    DELETING = "deleting"
    DELETED = "deleted"
    FAILED = "failed"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOrganization:
    """An organization as WorkMail describes it.

    Attributes:
        directory_id: `None`: not made yet.
        directory_type: WorkMail's word, such as VpcDirectory.
        default_domain: Folded; empty: not told.
        completed: When it became usable; `None`: not yet.
        reason: Why it failed; empty: it did not.
        tags: Read by a call of their own.
    """

    id: OrganizationId
    arn: str = ""
    alias: str
    state: State
    directory_id: str | None = None
    directory_type: str = ""
    default_domain: str = ""
    interoperability: bool = False
    completed: datetime | None = None
    reason: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_going(self) -> bool:
        """Whether it is deleted, or about to be."""
        return self.state in (State.DELETING, State.DELETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDomain:
    """A mail domain as WorkMail has it.

    Attributes:
        ownership: PENDING, VERIFIED or FAILED.
    """

    name: str
    is_default: bool
    is_test_domain: bool
    ownership: str
    dkim: str
    records: tuple[DnsRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDirectory:
    """A directory as Directory Service has it.

    Attributes:
        alias: `None`: it has none yet.
        short_name: NetBIOS name; `None`: not shown.
        dns_ips: Of the servers that an AD Connector asks.
        username: Of the account that an AD Connector uses; `None`: not one.
        stage: DirectoryStage, such as Creating or Active.
        size: small or large; `None` of a Managed Microsoft AD.
        edition: standard or enterprise, of a Managed Microsoft AD.
        launched: When it was asked for.
        data_access: Status of the management of users and groups, such as Enabled,
            of a Managed Microsoft AD; `None`: not looked at.
    """

    id: str
    type: DirectoryType | None
    name: str
    alias: str | None
    stage: str
    reason: str | None
    size: str | None
    edition: str | None
    vpc_id: str | None
    subnet_ids: frozenset[str]
    launched: datetime | None
    short_name: str | None = None
    dns_ips: frozenset[str] = frozenset()
    username: str | None = None
    data_access: str | None = None

    @property
    def is_going(self) -> bool:
        """Whether it is deleted, or about to be."""
        return self.stage in ("Deleting", "Deleted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[EntityT]):
    """An entity as WorkMail has it.

    Attributes:
        entity: In the same type as a declared one; `enabled` tells its state.
        id: Stays for the life of its mailbox.
    """

    id: EntityId
    entity: EntityT


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Everything in an organization that has an address, by folded name."""

    users: Mapping[str, Found[User]] = field(default_factory=dict[str, Found[User]])
    groups: Mapping[str, Found[Group]] = field(default_factory=dict[str, Found[Group]])
    resources: Mapping[str, Found[Bookable]] = field(default_factory=dict[str, Found[Bookable]])

    def get_kind(self, kind: Kind) -> Mapping[str, Found[Any]]:
        """Return all of one kind."""
        every: Mapping[Kind, Mapping[str, Found[Any]]] = {
            Kind.USER: self.users,
            Kind.GROUP: self.groups,
            Kind.RESOURCE: self.resources,
        }
        return every[kind]

    def find(self, reference: Reference) -> Found[Any] | None:
        """Return one of them."""
        return self.get_kind(reference.kind).get(fold(reference.name))

    @property
    def enabled(self) -> frozenset[Reference]:
        """Folded references of all that are switched on."""
        return frozenset(
            found.entity.reference.folded
            for kind in Kind
            for found in self.get_kind(kind).values()
            if found.entity.enabled
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRole:
    """An impersonation role as WorkMail has it; names are unique."""

    id: str
    role: ImpersonationRole


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMobileRule:
    """A mobile device access rule as WorkMail has it; two can have one name."""

    id: str
    rule: MobileDeviceAccessRule


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRetention:
    """The retention policy as WorkMail has it."""

    id: str
    policy: RetentionPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMonitoring:
    """Where email events go."""

    log_group_arn: str
    role_arn: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveIdentityCenter:
    """Sign-in through IAM Identity Center as WorkMail has it."""

    application_arn: str
    identity_center: IdentityCenter


_DEFAULT_ACCESS_RULE = AccessControlRule(
    name="default", effect=Effect.ALLOW, description="Default WorkMail Rule"
)
"""Of every new organization (AWS CLI example `list-access-control-rules`; facts.md §1.8)."""

_DEFAULT_MOBILE_RULE = LiveMobileRule(
    id="", rule=MobileDeviceAccessRule(name="ALLOW-all", effect=Effect.ALLOW)
)
"""Of every new organization; its name is assumed (WorkMail Admin Guide, "manage-mobile-access")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """Rules and settings as WorkMail has them; by default those of a new organization.

    Attributes:
        default_domain: Of new addresses; folded; empty: not told.
        permissions: Between mailboxes and grantees that are switched on: WorkMail
            refuses changes of others, and what was there goes with them.
        retention: `None`: nothing is erased by age.
        inbound_dmarc_enforced: On in every new organization (facts.md §0.9).
        email_monitoring: `None`: email events are not logged.
        identity_center: `None`: people sign in through the directory alone.
    """

    default_domain: str = ""
    permissions: tuple[MailboxPermission, ...] = ()
    impersonation_roles: tuple[LiveRole, ...] = ()
    access_control: tuple[AccessControlRule, ...] = (_DEFAULT_ACCESS_RULE,)
    mobile_devices: tuple[LiveMobileRule, ...] = (_DEFAULT_MOBILE_RULE,)
    availability: tuple[Availability, ...] = ()
    retention: LiveRetention | None = None
    inbound_dmarc_enforced: bool = True
    email_monitoring: LiveMonitoring | None = None
    identity_center: LiveIdentityCenter | None = None

    def describe_policies(self, *, log_days: int | None = None) -> Policies:
        """Write the policies as a spec would declare them.

        Args:
            log_days: How long the log group of email monitoring keeps events.
        """
        monitoring, center = self.email_monitoring, self.identity_center
        return Policies(
            access_control=self.access_control,
            mobile_devices=tuple(each.rule for each in self.mobile_devices),
            retention=self.retention.policy if self.retention else None,
            impersonation_roles=tuple(each.role for each in self.impersonation_roles),
            availability=self.availability,
            email_monitoring=EmailMonitoring(
                log_group_arn=monitoring.log_group_arn,
                role_arn=monitoring.role_arn,
                retention_days=log_days,
            )
            if monitoring
            else None,
            inbound_dmarc_enforced=self.inbound_dmarc_enforced,
            identity_center=center.identity_center if center else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that is live in one organization.

    Attributes:
        directory: `None`: WorkMail's own, which Directory Service does not show.
        domains: By name; the test domain too.
        people: Without what is the directory's own: system users, and groups
            that never had an address.
        deadlines: Until when the mailboxes of those are kept who are switched
            off, in UTC.
        log_days: How long the log group of monitoring keeps events; `None`:
            permanently, there is no such group, or nobody looked.
        unregistered: Groups that never had an address: the directory's own, and
            those that somebody made and did not register.
        namesakes: Who has a name that another of the same kind has too, without
            case; `people` has one of them.
        unread: Why something could not be read, by its path, such as
            `("users", "alice")`; it is then as in a new organization, or missing.
    """

    region: str
    organization: LiveOrganization
    directory: LiveDirectory | None = None
    domains: Mapping[str, LiveDomain] = field(default_factory=dict[str, LiveDomain])
    people: People = People()
    settings: LiveSettings = LiveSettings()
    deadlines: Mapping[Reference, datetime] = field(default_factory=dict[Reference, datetime])
    log_days: int | None = None
    unregistered: tuple[Reference, ...] = ()
    namesakes: tuple[Reference, ...] = ()
    unread: Mapping[tuple[str, ...], str] = field(default_factory=dict[tuple[str, ...], str])
