"""Any organization with everything that one can hold, hostile names included."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from workmail_org.model.bookable import Bookable, BookableType, Booking
from workmail_org.model.domain import MailDomain
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.policies import (
    AccessControlRule,
    AuthenticationMode,
    Availability,
    Effect,
    EmailMonitoring,
    Folder,
    FolderRetention,
    IdentityCenter,
    ImpersonationRole,
    ImpersonationRule,
    ImpersonationType,
    MobileDeviceAccessRule,
    PersonalAccessTokens,
    Policies,
    RetentionAction,
    RetentionPolicy,
)
from workmail_org.model.user import PROFILE_FIELDS, Role, User
from workmail_org.model.values import Kind, Reference

HOSTILE = (
    'O\'Hara "Jim"',
    "=cmd()",
    "Zoë; DROP",
    "~tilde",
    "line\nbreak",
    "carriage\r\nreturn",
    "tab\there",
    "\u2018typo\u2019 \u201cquotes\u201d \u201alow\u201b",
    "$(Remove-Mailbox *)",
    "`n${env:PATH}",
    "{brace} @{Add='x'}",
    "a,b;c|d",
    "\u202edesrever",
    "next\u0085line\u2028separator",
    "#hash %name%",
    "@at",
    "-flag",
    "+353 1 555",
    "\\back\\slash\\",
    " blanks ",
    "''",
    "'; exit; '",
    "nul\0byte",
    "half\ud800pair",
    "long " * 30,
    "x" * 70,
    "日本語",
)
"""Texts that somebody's shell, spreadsheet or importer takes for something else."""

LOCALS = ("ada", "bob", "o'hara", "=cmd", "~tilde", "+tag", "-dash", "a&b", "x" * 60, "semi;colon")
DOMAINS = ("acme.example", "other.example", "acme.awsapps.com")
NAMES = ("ann", "ben", "cem", "dora")

texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=12))
filled = texts.filter(bool)


@st.composite
def whole_organizations(draw: st.DrawFn) -> Organization:
    """Draw an organization in which every address has one owner."""
    addresses = [f"{local}{n}@{domain}" for local in LOCALS for domain in DOMAINS for n in range(2)]
    free = iter(draw(st.permutations(addresses)))
    some = st.lists(st.just(0), max_size=2)

    def draw_addresses() -> dict[str, Any]:
        return {
            "email": next(free) if draw(st.integers(0, 9)) else "",
            "aliases": tuple(sorted(next(free) for _ in draw(some))),
            "hidden_from_global_address_list": draw(st.booleans()),
        }

    users = tuple(
        User(
            name=name,
            **{field: draw(st.none() | texts) for field in PROFILE_FIELDS},
            **draw_addresses(),
            role=draw(st.sampled_from([Role.USER, Role.USER, Role.USER, Role.REMOTE_USER])),
            quota_megabytes=draw(st.none() | st.integers(1, 51200)),
            identity_provider_user_id=draw(st.none() | filled),
            enabled=bool(draw(st.integers(0, 4))),
        )
        for name in NAMES[: draw(st.integers(0, 4))]
    )
    group_names = draw(st.lists(filled, max_size=3, unique=True))
    references = [
        *(each.reference for each in users),
        *(Reference(Kind.GROUP, name) for name in group_names),
    ]
    members = _some(references, 4)
    groups = tuple(
        Group(name=name, **draw_addresses(), members=draw(members)) for name in group_names
    )
    resources = tuple(
        Bookable(
            name=name,
            type=draw(st.sampled_from(BookableType)),
            description=draw(st.none() | texts),
            **draw_addresses(),
            booking=Booking(
                auto_accept=draw(st.booleans()),
                decline_recurring=draw(st.booleans()),
                decline_conflicts=draw(st.booleans()),
            ),
            delegates=draw(members),
            enabled=bool(draw(st.integers(0, 4))),
        )
        for name in draw(st.lists(st.sampled_from(["room", "car", "r o"]), max_size=2, unique=True))
    )
    mailboxes = [*references, *(each.reference for each in resources)]
    pairs = [(a, b) for a in mailboxes for b in references if a != b]
    permissions = tuple(
        MailboxPermission(
            mailbox=mailbox,
            grantee=grantee,
            rights=tuple(draw(st.lists(st.sampled_from(Right), min_size=1, unique=True))),
        )
        for mailbox, grantee in draw(_some(pairs, 3))
    )
    return Organization(
        key="acme",
        region="eu-west-1",
        alias="acme",
        tags=draw(st.dictionaries(filled, texts, max_size=2)),
        kms_key_arn=draw(st.none() | filled),
        interoperability=draw(st.booleans()),
        domains=tuple(MailDomain(name=name, verified=True) for name in DOMAINS[:2]),
        users=users,
        groups=groups,
        resources=resources,
        permissions=permissions,
        policies=draw(whole_policies()),
    )


def _some(values: list[Any], most: int) -> st.SearchStrategy[tuple[Any, ...]]:
    """Some of the values, each at most once; none where there are none."""
    if not values:
        return st.just(())
    return st.lists(st.sampled_from(values), max_size=most, unique=True).map(tuple)


@st.composite
def whole_policies(draw: st.DrawFn) -> Policies:
    """Draw rules and settings."""
    effects = st.sampled_from(Effect)
    names = st.lists(filled, max_size=2, unique=True)
    modes = st.sampled_from(AuthenticationMode)
    return Policies(
        access_control=tuple(
            AccessControlRule(name=name, effect=draw(effects), description="", actions=("imap",))
            for name in draw(names)
        ),
        mobile_devices=tuple(
            MobileDeviceAccessRule(name=name, effect=draw(effects)) for name in draw(names)
        ),
        retention=draw(
            st.none()
            | st.builds(
                RetentionPolicy,
                name=filled,
                folders=st.just(
                    (FolderRetention(folder=Folder.INBOX, action=RetentionAction.DELETE, days=30),)
                ),
            )
        ),
        impersonation_roles=tuple(
            ImpersonationRole(
                name=name,
                type=ImpersonationType.READ_ONLY,
                rules=(ImpersonationRule(key="all", effect=Effect.ALLOW),),
            )
            for name in draw(names)
        ),
        availability=draw(st.sampled_from([(), (Availability(domain="p.example"),)])),
        email_monitoring=draw(st.sampled_from([None, EmailMonitoring()])),
        inbound_dmarc_enforced=draw(st.sampled_from([None, True, False])),
        identity_center=draw(
            st.none()
            | st.builds(
                IdentityCenter,
                instance_arn=st.just("arn:aws:sso:::instance/x"),
                authentication_mode=modes,
                personal_access_tokens=st.just(PersonalAccessTokens()),
            )
        ),
    )
