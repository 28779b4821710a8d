"""Transitions: small organizations before and after, each a change that people make."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scenes import ACME, at, make_group, make_organization, make_user
from workmail_org.model.bookable import Bookable, BookableType, Booking
from workmail_org.model.domain import MailDomain
from workmail_org.model.organization import Organization
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.policies import (
    AccessControlRule,
    Availability,
    Effect,
    EwsAvailability,
    Folder,
    FolderRetention,
    ImpersonationRole,
    ImpersonationRule,
    ImpersonationType,
    MobileDeviceAccessRule,
    Policies,
    RetentionAction,
    RetentionPolicy,
)
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.user import Role
from workmail_org.model.values import parse_reference

ALICE = make_user("alice", aliases=(at("al"),))
BOB = make_user("bob", department="Support", quota_megabytes=10_240)
CAROL = make_user("carol")
SALES = make_group("sales", "alice", "bob")
EVERYONE = make_group("everyone", "group:sales", "carol")
ROOM = Bookable(
    name="boardroom",
    type=BookableType.ROOM,
    email=at("boardroom"),
    booking=Booking(auto_accept=False),
    delegates=(parse_reference("group:sales"), parse_reference("alice")),  # sorted by kind
)
DELETE = OnRemoval(users=Removal.DELETE, resources=Removal.DELETE)


def permit(mailbox: str, grantee: str, *rights: Right) -> MailboxPermission:
    return MailboxPermission(
        mailbox=parse_reference(mailbox), grantee=parse_reference(grantee), rights=rights
    )


def allow(name: str, **fields: Any) -> AccessControlRule:
    return AccessControlRule(name=name, effect=Effect.ALLOW, description=name, **fields)


def erase(days: int) -> RetentionPolicy:
    folder = FolderRetention(folder=Folder.INBOX, action=RetentionAction.DELETE, days=days)
    return RetentionPolicy(name="standard", folders=(folder,))


def impersonate(*users: str) -> ImpersonationRole:
    rule = ImpersonationRule(key="some", effect=Effect.ALLOW, target_users=users)
    return ImpersonationRole(name="backup", type=ImpersonationType.READ_ONLY, rules=(rule,))


POLICIES = Policies(
    access_control=(allow("default"), allow("office", ip_ranges=("203.0.113.0/24",))),
    mobile_devices=(MobileDeviceAccessRule(name="phones", effect=Effect.ALLOW),),
    retention=erase(30),
    impersonation_roles=(impersonate("alice"),),
    availability=(
        Availability(
            domain="partner.example",
            ews=EwsAvailability(
                endpoint="https://partner.example/ews", username="svc", password_secret="ews"
            ),
        ),
    ),
    inbound_dmarc_enforced=False,
)

NOTHING = make_organization()
SMALL = make_organization(ALICE, BOB, CAROL, SALES, EVERYONE)
FULL = replace(
    SMALL,
    resources=(ROOM,),
    permissions=(
        permit("alice", "group:sales", Right.SEND_AS),
        permit("bob", "carol", Right.FULL_ACCESS),
    ),
    policies=POLICIES,
    tags={"team": "platform"},
)
LATER = MailDomain(name="later.example")


def with_users(organization: Organization, *users: Any, **fields: Any) -> Organization:
    return replace(organization, users=users, **fields)


TRANSITIONS: dict[str, tuple[Organization | None, Organization]] = {
    "everything from nothing": (None, FULL),
    "nothing changes": (FULL, FULL),
    "a joiner": (SMALL, make_organization(ALICE, BOB, CAROL, make_user("dan"), SALES, EVERYONE)),
    "a leaver": (
        FULL,
        with_users(
            FULL,
            ALICE,
            BOB,
            groups=(SALES, make_group("everyone", "group:sales")),
            permissions=FULL.permissions[:1],
        ),
    ),
    "a leaver who is deleted": (
        replace(FULL, on_removal=DELETE),
        with_users(
            FULL,
            ALICE,
            BOB,
            groups=(SALES, make_group("everyone", "group:sales")),
            permissions=FULL.permissions[:1],
            on_removal=DELETE,
        ),
    ),
    "somebody is switched off": (FULL, with_users(FULL, ALICE, replace(BOB, enabled=False), CAROL)),
    "somebody comes as switched off": (NOTHING, make_organization(replace(BOB, enabled=False))),
    "somebody is switched on": (
        make_organization(ALICE, replace(BOB, enabled=False)),
        make_organization(ALICE, BOB),
    ),
    "another address": (
        SMALL,
        with_users(SMALL, replace(ALICE, email=at("alice.liddell")), BOB, CAROL),
    ),
    "another address, the old one kept": (
        SMALL,
        with_users(
            SMALL, replace(ALICE, email=at("new"), aliases=(at("al"), at("alice"))), BOB, CAROL
        ),
    ),
    "an alias moves": (
        SMALL,
        with_users(SMALL, replace(ALICE, aliases=()), replace(BOB, aliases=(at("al"),)), CAROL),
    ),
    "two swap their addresses": (
        SMALL,
        with_users(SMALL, replace(ALICE, email=at("bob")), replace(BOB, email=at("alice")), CAROL),
    ),
    "a group and a room swap their addresses": (
        FULL,
        replace(
            FULL,
            groups=(replace(SALES, email=ROOM.email), EVERYONE),
            resources=(replace(ROOM, email=SALES.email),),
        ),
    ),
    "an alias moves to a group": (
        SMALL,
        with_users(
            SMALL,
            replace(ALICE, aliases=()),
            BOB,
            CAROL,
            groups=(replace(SALES, aliases=(at("al"),)), EVERYONE),
        ),
    ),
    "an alias moves from a group": (
        with_users(
            SMALL, ALICE, BOB, CAROL, groups=(replace(SALES, aliases=(at("verkauf"),)), EVERYONE)
        ),
        with_users(SMALL, replace(ALICE, aliases=(at("al"), at("verkauf"))), BOB, CAROL),
    ),
    "a group goes": (
        FULL,
        replace(FULL, groups=(make_group("everyone", "carol"),), resources=(), permissions=()),
    ),
    "groups merge": (
        SMALL,
        replace(
            SMALL, groups=(make_group("everyone", "alice", "bob", "carol", aliases=(at("sales"),)),)
        ),
    ),
    "a profile": (
        SMALL,
        with_users(SMALL, ALICE, replace(BOB, department=None, city="Dublin"), CAROL),
    ),
    "a quota": (SMALL, with_users(SMALL, ALICE, replace(BOB, quota_megabytes=20_480), CAROL)),
    "a full quota": (SMALL, with_users(SMALL, replace(ALICE, quota_megabytes=51_200), BOB, CAROL)),
    "a remote user": (
        SMALL,
        with_users(
            SMALL,
            ALICE,
            BOB,
            CAROL,
            make_user("rita", role=Role.REMOTE_USER, email="rita@partner.example"),
        ),
    ),
    "a room that accepts by itself": (
        FULL,
        replace(FULL, resources=(replace(ROOM, booking=Booking(), delegates=()),)),
    ),
    "a room goes": (FULL, replace(FULL, resources=())),
    "a room is deleted": (
        replace(FULL, on_removal=DELETE),
        replace(FULL, resources=(), on_removal=DELETE),
    ),
    "every policy changes": (
        FULL,
        replace(
            FULL,
            policies=replace(
                POLICIES,
                access_control=(allow("default", not_users=("bob",)), allow("home")),
                mobile_devices=(
                    MobileDeviceAccessRule(
                        name="phones", effect=Effect.ALLOW, device_types=("iphone",)
                    ),
                    MobileDeviceAccessRule(name="tablets", effect=Effect.ALLOW),
                ),
                retention=erase(60),
                impersonation_roles=(impersonate("alice", "bob"),),
                availability=(),
                inbound_dmarc_enforced=True,
            ),
            permissions=(permit("alice", "group:sales", Right.SEND_ON_BEHALF),),
            tags={"team": "mail"},
        ),
    ),
    "every policy goes": (FULL, replace(FULL, policies=Policies(), permissions=(), tags={})),
    "a domain comes": (SMALL, replace(SMALL, domains=(ACME, LATER))),
    "a domain goes": (replace(SMALL, domains=(ACME, LATER)), SMALL),
    "another default domain": (
        replace(SMALL, domains=(ACME, replace(LATER, verified=True))),
        replace(
            SMALL,
            domains=(replace(ACME, default=False), replace(LATER, verified=True, default=True)),
        ),
    ),
    "who is switched off joins a group": (
        SMALL,
        with_users(SMALL, ALICE, BOB, replace(CAROL, enabled=False)),
    ),
    "nobody is deleted where all are retained": (
        replace(SMALL, on_removal=OnRemoval(users=Removal.RETAIN, groups=Removal.RETAIN)),
        make_organization(ALICE, on_removal=OnRemoval(users=Removal.RETAIN, groups=Removal.RETAIN)),
    ),
}
