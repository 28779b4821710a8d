"""Actual: what there is, foretold from a declaration or read; and what there is after calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workmail_org.changes.availability import redact
from workmail_org.changes.calls import EntityT, Found
from workmail_org.changes.impersonation import LiveRole
from workmail_org.changes.mobile_devices import LiveMobileRule
from workmail_org.changes.organizations import make_tags
from workmail_org.changes.settings import LiveIdentityCenter, LiveRetention, Monitoring
from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.live import LiveOrganization, State
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.policies import (
    AccessControlRule,
    Availability,
    Effect,
    MobileDeviceAccessRule,
)
from workmail_org.model.user import Role, User
from workmail_org.model.values import EntityId, Kind, OrganizationId, Reference, fold
from workmail_org.plan.declarations import Declaration, get_monitoring
from workmail_org.wire.names import UNRESOLVED, ResourceType
from workmail_org.wire.properties import OrganizationProperties

_DEFAULT_QUOTA_MEGABYTES = 51_200
"""What a new mailbox has (AWS CLI example `get-mailbox-details`; facts.md §1.3)."""

_DEFAULT_ACCESS_RULE = AccessControlRule(
    name="default", effect=Effect.ALLOW, description="Default WorkMail Rule"
)
"""Of every new organization (AWS CLI example `list-access-control-rules`; facts.md §1.8)."""

_DEFAULT_MOBILE_RULE = LiveMobileRule(
    id="", rule=MobileDeviceAccessRule(name="ALLOW-all", effect=Effect.ALLOW)
)
"""Of every new organization; its name is assumed (WorkMail Admin Guide, "manage-mobile-access")."""


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
class Settings:
    """Rules and settings, as WorkMail has them.

    Attributes:
        dmarc_enforced: On in every new organization (facts.md §0.9).
    """

    permissions: tuple[MailboxPermission, ...] = ()
    impersonation_roles: tuple[LiveRole, ...] = ()
    access_control: tuple[AccessControlRule, ...] = (_DEFAULT_ACCESS_RULE,)
    mobile_devices: tuple[LiveMobileRule, ...] = (_DEFAULT_MOBILE_RULE,)
    availability: tuple[Availability, ...] = ()
    retention: LiveRetention | None = None
    dmarc_enforced: bool = True
    monitoring: Monitoring | None = None
    identity_center: LiveIdentityCenter | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actual:
    """What there is of one organization.

    Attributes:
        organization: With its tags; `None`: it does not exist yet, or nobody has looked.
        domains: Registered ones.
        is_whole: Whether there is nothing in the organization that is not here.
        default_domain: Of new addresses.
        owned: Folded names, by kind, of what this stack answers for.
        known: The same of what it answered for before it left the spec.
    """

    organization: LiveOrganization | None = None
    is_whole: bool = False
    domains: frozenset[str] = frozenset()
    default_domain: str = ""
    people: People = People()
    settings: Settings = Settings()
    owned: Mapping[Kind, frozenset[str]] = field(default_factory=dict[Kind, frozenset[str]])
    known: Mapping[Kind, frozenset[str]] = field(default_factory=dict[Kind, frozenset[str]])


def foretell(declaration: Declaration | None) -> Actual:
    """Say what there is once a declaration has been deployed; `None`: nothing.

    What a spec does not tell is taken to be as in a new organization.
    """
    if declaration is None:
        return Actual()
    about = declaration.organization
    people = People(
        users={fold(each.name): _foretell_user(each) for each in declaration.users.users},
        groups={fold(each.name): _found(each) for each in declaration.groups.groups},
        resources={
            fold(each.name): _foretell_bookable(each) for each in declaration.resources.resources
        },
    )
    default = declaration.default_domain
    return Actual(
        organization=replace(take_as_declared(about), tags=make_tags(about)),
        is_whole=about.existing is None,
        domains=frozenset(declaration.domains),
        default_domain=default.domain if default else declaration.test_domain,
        people=people,
        settings=_foretell_settings(declaration.settings),
        owned={kind: frozenset(people.get_kind(kind)) for kind in Kind},
    )


def take_as_declared(about: OrganizationProperties) -> LiveOrganization:
    """Take an organization to be as it is declared, without tags: nobody has looked."""
    return LiveOrganization(
        id=OrganizationId(about.existing or UNRESOLVED),
        alias=about.alias,
        state=State.ACTIVE,
        directory_id=about.directory_id,
        interoperability=about.interoperability,
    )


def _found(entity: EntityT) -> Found[EntityT]:
    return Found(id=EntityId(""), entity=entity)


def _foretell_user(user: User) -> Found[User]:
    shown = replace(user, display_name=user.display_name or user.name)
    if not user.enabled:
        return _found(replace(shown, email="", aliases=(), quota_megabytes=None))
    has_mailbox = user.role is Role.USER
    default = _DEFAULT_QUOTA_MEGABYTES if has_mailbox else None
    return _found(replace(shown, quota_megabytes=user.quota_megabytes or default))


def _foretell_bookable(bookable: Bookable) -> Found[Bookable]:
    if bookable.enabled:
        return _found(bookable)
    return _found(replace(bookable, email="", aliases=(), delegates=()))


def _foretell_settings(declared: Mapping[ResourceType, Any]) -> Settings:
    fields: dict[str, Any] = {}
    for resource_type, properties in declared.items():
        match resource_type:
            case ResourceType.MAILBOX_PERMISSIONS:
                fields["permissions"] = properties.permissions
            case ResourceType.IMPERSONATION_ROLES:
                roles = tuple(LiveRole(id="", role=role) for role in properties.roles)
                fields["impersonation_roles"] = roles
            case ResourceType.ACCESS_CONTROL_RULES:
                fields["access_control"] = properties.rules
            case ResourceType.MOBILE_DEVICE_ACCESS_RULES:
                rules = tuple(LiveMobileRule(id="", rule=rule) for rule in properties.rules)
                fields["mobile_devices"] = rules
            case ResourceType.AVAILABILITY_CONFIGURATIONS:
                fields["availability"] = tuple(map(redact, properties.configurations))
            case ResourceType.RETENTION_POLICY:
                fields["retention"] = LiveRetention(id="", policy=properties.policy)
            case ResourceType.INBOUND_DMARC:
                fields["dmarc_enforced"] = properties.enforced
            case ResourceType.EMAIL_MONITORING:
                fields["monitoring"] = get_monitoring(properties)
            case ResourceType.IDENTITY_CENTER:
                fields["identity_center"] = LiveIdentityCenter(
                    application_arn="", identity_center=properties.identity_center
                )
            case _:
                pass
    return Settings(**fields)
