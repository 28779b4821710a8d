"""What of an organization is told to which handler."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from workmail_org import declaring
from workmail_org.model.bookable import Bookable, BookableType
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.domain import MailDomain
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.policies import (
    AccessControlRule,
    Availability,
    Effect,
    EmailMonitoring,
    ImpersonationRole,
    ImpersonationRule,
    ImpersonationType,
    MobileDeviceAccessRule,
    Policies,
    RetentionPolicy,
)
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.user import User
from workmail_org.model.values import Kind, Listing, OrganizationId, parse_reference
from workmail_org.wire.encoding import decode_properties
from workmail_org.wire.names import MAX_INLINE_BYTES
from workmail_org.wire.properties import (
    DefaultDomainProperties,
    DirectoryProperties,
    DomainProperties,
    GroupsProperties,
    ImpersonationRolesProperties,
    PermissionsProperties,
    RemovalsProperties,
    ResourcesProperties,
    ResourceType,
    UsersProperties,
)

STACK = "production-acme"

LIVE = OrganizationId("m-0123456789abcdef0123456789abcdef")

BARE = Organization(key="acme", region="eu-west-1", alias="acme")

ORGANIZATION = replace(
    BARE,
    users=(User(name="alice"), User(name="Bob", enabled=False)),
    groups=(Group(name="sales", members=(parse_reference("alice"), parse_reference("bob"))),),
    resources=(
        Bookable(
            name="boardroom",
            type=BookableType.ROOM,
            delegates=(parse_reference("bob"), parse_reference("group:sales")),
        ),
        Bookable(name="van", type=BookableType.EQUIPMENT, enabled=False),
    ),
)


def permit(mailbox: str, grantee: str) -> MailboxPermission:
    return MailboxPermission(
        mailbox=parse_reference(mailbox),
        grantee=parse_reference(grantee),
        rights=(Right.SEND_AS,),
    )


def impersonate(**targets: Any) -> tuple[ImpersonationRule, ...]:
    """Rules of the only role, after who is switched off was left out."""
    described: dict[str, Any] = {"effect": Effect.ALLOW, **targets}
    rule = ImpersonationRule(key="rule", **described)
    role = ImpersonationRole(name="backup", type=ImpersonationType.READ_ONLY, rules=(rule,))
    policies = Policies(impersonation_roles=(role,))
    _, part = declaring.list_settings(replace(ORGANIZATION, policies=policies), stack=STACK)
    return decode_properties(ImpersonationRolesProperties, part.properties).roles[0].rules


def test_collections_are_deployed_in_the_order_in_which_they_name_each_other() -> None:
    assert [
        ("Users", ResourceType.USERS),
        ("Groups", ResourceType.GROUPS),
        ("Resources", ResourceType.RESOURCES),
    ] == [(each.construct_id, each.resource_type) for each in declaring.list_collections(BARE)]


def test_who_is_switched_off_is_neither_a_member_nor_a_delegate() -> None:
    _, groups, resources = declaring.list_collections(ORGANIZATION)
    (sales,) = decode_properties(GroupsProperties, groups.inline[0]).groups
    boardroom, _ = decode_properties(ResourcesProperties, resources.inline[0]).resources

    assert (parse_reference("alice"),) == sales.members
    assert (parse_reference("group:sales"),) == boardroom.delegates


def test_that_rights_are_exclusive_is_told_to_the_permissions_alone() -> None:
    """To say it of 10 000 users makes their handler read none of them."""
    alice = User(name="alice", exclusive=(Listing.ALIASES, Listing.RIGHTS))
    organization = replace(
        BARE, users=(alice, User(name="bob")), permissions=(permit("bob", "alice"),)
    )
    users, *_ = declaring.list_collections(organization)
    (part,) = declaring.list_settings(organization, stack=STACK)
    told, _bob = decode_properties(UsersProperties, users.inline[0]).users
    permissions = decode_properties(PermissionsProperties, part.properties)

    assert (Listing.ALIASES,) == told.exclusive
    assert (alice.reference,) == permissions.exclusive


def test_nobody_who_is_switched_off_is_permitted_anything() -> None:
    permissions = (
        permit("alice", "group:sales"),
        permit("alice", "bob"),
        permit("BOB", "alice"),
        permit("resource:van", "alice"),
    )
    (part,) = declaring.list_settings(replace(ORGANIZATION, permissions=permissions), stack=STACK)

    assert permissions[:1] == decode_properties(PermissionsProperties, part.properties).permissions


def test_permissions_of_nobody_but_the_switched_off_are_none_at_all() -> None:
    organization = replace(ORGANIZATION, permissions=(permit("alice", "bob"),))

    (part,) = declaring.list_settings(organization, stack=STACK)

    assert () == decode_properties(PermissionsProperties, part.properties).permissions


@pytest.mark.parametrize(
    ("targets", "left"),
    [
        ({}, [((), ())]),
        ({"target_users": ("alice", "bob")}, [(("alice",), ())]),
        ({"target_users": ("bob",)}, []),
        ({"not_target_users": ("bob",)}, [((), ("bob",))]),
        ({"target_users": ("alice",), "not_target_users": ("BOB",)}, [(("alice",), ("BOB",))]),
        ({"effect": Effect.DENY, "target_users": ("alice", "bob")}, [(("alice", "bob"), ())]),
        ({"effect": Effect.DENY, "target_users": ("bob",)}, [(("bob",), ())]),
    ],
    ids=["everyone", "some", "nobody left", "all but one", "both", "denied", "only they"],
)
def test_a_rule_that_loses_all_its_targets_goes_and_never_becomes_one_for_everyone(
    targets: dict[str, Any], left: list[Any]
) -> None:
    rules = impersonate(**targets)

    assert left == [(rule.target_users, rule.not_target_users) for rule in rules]


def test_roles_come_before_the_rules_that_name_them_and_permissions_before_all() -> None:
    allow = AccessControlRule(name="default", effect=Effect.ALLOW, description="everyone")
    policies = Policies(
        access_control=(allow,),
        mobile_devices=(MobileDeviceAccessRule(name="phones", effect=Effect.ALLOW),),
        retention=RetentionPolicy(name="standard"),
        impersonation_roles=(ImpersonationRole(name="b", type=ImpersonationType.READ_ONLY),),
        availability=(Availability(domain="a.example"),),
        email_monitoring=EmailMonitoring(),
        inbound_dmarc_enforced=False,
    )
    organization = replace(BARE, permissions=(permit("alice", "carol"),), policies=policies)

    assert [
        "MailboxPermissions",
        "ImpersonationRoles",
        "AccessControlRules",
        "MobileDeviceAccessRules",
        "AvailabilityConfigurations",
        "RetentionPolicy",
        "InboundDmarc",
        "EmailMonitoring",
    ] == [part.construct_id for part in declaring.list_settings(organization, stack=STACK)]


def test_what_is_not_declared_is_not_managed_but_for_permissions() -> None:
    assert ["MailboxPermissions"] == [
        part.construct_id for part in declaring.list_settings(ORGANIZATION, stack=STACK)
    ]


def test_removals_are_told_who_stays_and_who_is_switched_off() -> None:
    on_removal = OnRemoval(users=Removal.DELETE, groups=Removal.DISABLE, resources=Removal.RETAIN)
    part = declaring.make_removals(replace(ORGANIZATION, on_removal=on_removal))
    told = decode_properties(RemovalsProperties, part.properties)

    assert ["group:sales", "resource:boardroom", "alice"] == [str(each) for each in told.enabled]
    assert ["resource:van", "Bob"] == [str(each) for each in told.disabled]
    assert {
        Kind.USER: Removal.DELETE,
        Kind.GROUP: Removal.DISABLE,
        Kind.RESOURCE: Removal.RETAIN,
    } == told.removal_policies


def test_permissions_of_exactly_the_limit_stay_inline() -> None:
    def render(last: str) -> declaring.Part:
        many = [permit(f"user{n}", "group:sales") for n in range(1000)]
        permissions = (*many, permit(last, "alice"))
        (part,) = declaring.list_settings(replace(BARE, permissions=permissions), stack=STACK)
        return part

    room = MAX_INLINE_BYTES - len(wire_text(render("x").properties)) + len("x")
    fits, exceeds = render("x" * room), render("x" * (room + 1))

    assert (MAX_INLINE_BYTES, {}) == (len(wire_text(fits.properties)), fits.outside)
    assert ({}, {"Permissions"}) == (exceeds.properties, set(exceeds.outside))


def wire_text(properties: Any) -> str:
    return json.dumps(properties)


@pytest.mark.parametrize("kind", DirectoryType, ids=str)
def test_three_types_of_directory_are_made_and_never_for_a_live_organization(
    kind: DirectoryType,
) -> None:
    organization = replace(BARE, directory=Directory(type=kind))
    made = kind in (DirectoryType.SIMPLE_AD, DirectoryType.MANAGED_AD, DirectoryType.AD_CONNECTOR)

    assert made is declaring.makes_directory(organization)
    assert not declaring.makes_directory(replace(organization, existing=LIVE))


def test_a_directory_is_told_its_secret_once() -> None:
    directory = Directory(type=DirectoryType.SIMPLE_AD, admin_password_secret="ad/admin")
    words = OnRemoval(directory=Removal.DELETE)
    organization = replace(BARE, directory=directory, on_removal=words)

    assert DirectoryProperties(
        alias="acme",
        owner="production-acme",
        directory=Directory(type=DirectoryType.SIMPLE_AD),
        admin_password_secret_arn="ad/admin",
        on_removal=Removal.DELETE,
    ) == declaring.make_directory(organization, owner="production-acme")


@pytest.mark.parametrize(("existing", "test_domain"), [(None, "acme.awsapps.com"), (LIVE, "a.b")])
def test_only_a_live_organization_keeps_its_default_domain_at_the_end(
    existing: OrganizationId | None, test_domain: str
) -> None:
    domains = (MailDomain(name="a.b", default=True),)
    organization = replace(BARE, existing=existing, domains=domains)
    part = declaring.declare_default_domain(organization, stack=STACK)

    assert part is not None
    assert DefaultDomainProperties(domain="a.b", test_domain=test_domain) == part.decode()


def test_domains_of_a_live_organization_are_only_checked() -> None:
    domain = MailDomain(name="a.b")
    made = declaring.make_domain(BARE, domain)
    live = declaring.make_domain(replace(BARE, existing=LIVE), domain)

    assert DomainProperties(domain="a.b") == made
    assert DomainProperties(domain="a.b", existing=True) == live
