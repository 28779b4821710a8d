"""Every kind that an organization can hold, state after state.

Each kind is a list of states: created, every field changed, removed, there again. The stack goes
from each to the next; after each, what is live is what was declared, and nothing is left to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, Stack
from scenes import at, make_emulator, make_group, make_organization, make_user
from workmail_emulator import ServiceFault
from workmail_org.model.bookable import Bookable, BookableType, Booking
from workmail_org.model.organization import Organization
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.policies import (
    AccessControlRule,
    AuthenticationMode,
    Availability,
    Effect,
    EmailMonitoring,
    EwsAvailability,
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
    TokenStatus,
)
from workmail_org.model.values import Kind, Reference, parse_reference
from workmail_org.service import policies as live
from workmail_org.service.reading import list_groups, list_resources, list_users, read_resources
from workmail_org.service.workmail import WorkMail

ALICE, BOB = make_user("alice"), make_user("bob")
SALES = make_group("sales", "alice")
INSTANCE = "arn:aws:sso:::instance/ssoins-0123456789abcdef"


def declare(**fields: Any) -> Organization:
    return make_organization(ALICE, BOB, SALES, **fields)


def with_policies(**fields: Any) -> Organization:
    return declare(policies=Policies(**fields))


def make_bookable(**fields: Any) -> Organization:
    described: dict[str, Any] = {"type": BookableType.ROOM, "email": at("boardroom"), **fields}
    return declare(resources=(Bookable(name="boardroom", **described),))


def make_permission(mailbox: str, grantee: str, *rights: Right) -> MailboxPermission:
    return MailboxPermission(
        mailbox=parse_reference(mailbox), grantee=parse_reference(grantee), rights=rights
    )


def make_access_rule(name: str = "default", **fields: Any) -> AccessControlRule:
    described: dict[str, Any] = {"effect": Effect.ALLOW, "description": "everyone", **fields}
    return AccessControlRule(name=name, **described)


def make_retention(
    days: int, action: RetentionAction, folder: Folder, description: str | None = None
) -> Organization:
    folders = (FolderRetention(folder=folder, action=action, days=days),)
    policy = RetentionPolicy(name="standard", folders=folders, description=description)
    return with_policies(retention=policy)


def make_role(*rules: ImpersonationRule, kind: ImpersonationType, **fields: Any) -> Organization:
    role = ImpersonationRole(name="backup", type=kind, rules=rules, **fields)
    return with_policies(impersonation_roles=(role,))


def make_center(mode: AuthenticationMode, tokens: PersonalAccessTokens) -> Organization:
    center = IdentityCenter(
        instance_arn=INSTANCE, authentication_mode=mode, personal_access_tokens=tokens
    )
    return with_policies(identity_center=center)


def make_monitoring(group: str, role: str) -> Organization:
    return with_policies(
        email_monitoring=EmailMonitoring(
            log_group_arn=f"arn:aws:logs:eu-west-1:111122223333:log-group:{group}:*",
            role_arn=f"arn:aws:iam::111122223333:role/{role}",
        )
    )


def see_resources(workmail: WorkMail) -> object:
    people = (*list_users(workmail), *list_groups(workmail))
    names = {str(row.id): row.reference for row in people if row.enabled}
    found = read_resources(workmail, list_resources(workmail), names)
    return {each.entity.name: each.entity for each in found if each.entity.enabled}


def see_permissions(workmail: WorkMail) -> object:
    rows = [*list_users(workmail), *list_groups(workmail)]
    enabled = [row for row in rows if row.enabled]
    found = live.read_permissions(workmail, enabled, {row.id: row for row in rows})
    return {(str(p.mailbox), str(p.grantee)): set(p.rights) for p in found}


def see_access_rules(workmail: WorkMail) -> object:
    users = {str(row.id): row.reference.name for row in list_users(workmail)}
    rules = live.read_access_control(workmail, users, live.list_roles(workmail))
    return {rule.name: rule for rule in rules}


def see_mobile_rules(workmail: WorkMail) -> object:
    return {each.rule.name: each.rule for each in live.read_mobile_devices(workmail)}


def see_roles(workmail: WorkMail) -> object:
    users = {str(row.id): row.reference.name for row in list_users(workmail)}
    return {
        each.role.name: each.role
        for each in live.read_impersonation_roles(workmail, live.list_roles(workmail), users)
    }


def see_availability(workmail: WorkMail) -> object:
    return {each.domain: (each.lambda_arn, each.ews) for each in live.read_availability(workmail)}


def see_retention(workmail: WorkMail) -> object:
    found = live.read_retention(workmail)
    return found.policy if found else None


def see_center(workmail: WorkMail) -> object:
    found = live.read_identity_center(workmail)
    return found.identity_center if found else None


@dataclass(frozen=True)
class Case:
    """One kind.

    Attributes:
        states: Deployed one after the other.
        see: Reads what is live of the kind.
        live: What `see` finds after each state.
        write: An operation that the second state needs.
    """

    states: tuple[Organization, ...]
    see: Callable[[WorkMail], object]
    live: tuple[object, ...]
    write: str


DEFAULT_ROOM = Bookable(name="boardroom", type=BookableType.ROOM, email=at("boardroom"))
BUSY_ROOM = Bookable(
    name="boardroom",
    type=BookableType.EQUIPMENT,
    email=at("room"),
    aliases=(at("boardroom"), at("meet")),
    description="12 seats",
    hidden_from_global_address_list=True,
    booking=Booking(auto_accept=False, decline_recurring=True, decline_conflicts=False),
    delegates=(Reference(Kind.GROUP, "sales"), Reference(Kind.USER, "bob")),
)
DEFAULT_RULE = make_access_rule(description="Default WorkMail Rule")
NO_IMAP = make_access_rule(
    "no-imap",
    effect=Effect.DENY,
    description="not from outside",
    actions=("imap",),
    not_ip_ranges=("203.0.113.0/24",),
    users=("alice",),
)
NO_IMAP_CHANGED = make_access_rule(
    "no-imap",
    effect=Effect.DENY,
    description="not at all",
    not_actions=("web_mail",),
    ip_ranges=("198.51.100.0/24",),
    not_users=("bob",),
)
PHONES = MobileDeviceAccessRule(name="phones", effect=Effect.ALLOW, device_types=("iphone",))
PHONES_CHANGED = MobileDeviceAccessRule(
    name="phones",
    effect=Effect.ALLOW,
    description="all but old ones",
    not_device_types=("blackberry",),
    operating_systems=("ios",),
    user_agents=("apple",),
)
READ_ONLY = ImpersonationRule(key="everyone", effect=Effect.ALLOW)
NOT_ALICE = ImpersonationRule(
    key="not-alice", effect=Effect.DENY, name="Not her", target_users=("alice",)
)
LAMBDA = "arn:aws:lambda:eu-west-1:111122223333:function:availability"
EWS = EwsAvailability(
    endpoint="https://mail.partner.example/ews", username="svc", password_secret=""
)
NOT_NEW = declare()


def with_availability(**fields: Any) -> Organization:
    return with_policies(availability=(Availability(domain="partner.example", **fields),))


CASES: Mapping[str, Case] = {
    "resources": Case(
        states=(make_bookable(), declare(resources=(BUSY_ROOM,)), NOT_NEW, make_bookable()),
        see=see_resources,
        live=(
            {"boardroom": DEFAULT_ROOM},
            {"boardroom": BUSY_ROOM},
            {},
            # It comes back as it went: a field that the spec does not mention is left alone.
            {"boardroom": replace(DEFAULT_ROOM, description=BUSY_ROOM.description)},
        ),
        write="UpdateResource",
    ),
    "permissions": Case(
        states=(
            declare(permissions=(make_permission("alice", "group:sales", Right.SEND_AS),)),
            declare(
                permissions=(
                    make_permission("alice", "bob", Right.FULL_ACCESS),
                    make_permission("alice", "group:sales", Right.SEND_ON_BEHALF),
                )
            ),
            NOT_NEW,
            declare(permissions=(make_permission("alice", "group:sales", Right.SEND_AS),)),
        ),
        see=see_permissions,
        live=(
            {("alice", "group:sales"): {Right.SEND_AS}},
            {
                ("alice", "bob"): {Right.FULL_ACCESS},
                ("alice", "group:sales"): {Right.SEND_ON_BEHALF},
            },
            {},
            {("alice", "group:sales"): {Right.SEND_AS}},
        ),
        write="PutMailboxPermissions",
    ),
    "access control rules": Case(
        states=(
            with_policies(access_control=(DEFAULT_RULE, NO_IMAP)),
            with_policies(access_control=(DEFAULT_RULE, NO_IMAP_CHANGED)),
            with_policies(access_control=(make_access_rule("staff"),)),
            with_policies(access_control=(DEFAULT_RULE, NO_IMAP)),
        ),
        see=see_access_rules,
        live=(
            {"default": DEFAULT_RULE, "no-imap": NO_IMAP},
            {"default": DEFAULT_RULE, "no-imap": NO_IMAP_CHANGED},
            {"staff": make_access_rule("staff")},
            {"default": DEFAULT_RULE, "no-imap": NO_IMAP},
        ),
        write="PutAccessControlRule",
    ),
    "mobile device rules": Case(
        states=(
            with_policies(mobile_devices=(PHONES,)),
            with_policies(mobile_devices=(PHONES_CHANGED,)),
            NOT_NEW,
            with_policies(mobile_devices=(PHONES,)),
        ),
        see=see_mobile_rules,
        live=(
            {"phones": PHONES},
            {"phones": PHONES_CHANGED},
            {"phones": PHONES_CHANGED},  # not managed any more, and never none
            {"phones": PHONES},
        ),
        write="UpdateMobileDeviceAccessRule",
    ),
    "impersonation roles": Case(
        states=(
            make_role(READ_ONLY, kind=ImpersonationType.READ_ONLY),
            make_role(READ_ONLY, NOT_ALICE, kind=ImpersonationType.FULL_ACCESS, description="new"),
            NOT_NEW,
            make_role(READ_ONLY, kind=ImpersonationType.READ_ONLY),
        ),
        see=see_roles,
        live=(
            {
                "backup": ImpersonationRole(
                    name="backup", type=ImpersonationType.READ_ONLY, rules=(READ_ONLY,)
                )
            },
            {
                "backup": ImpersonationRole(
                    name="backup",
                    type=ImpersonationType.FULL_ACCESS,
                    description="new",
                    rules=(READ_ONLY, NOT_ALICE),
                )
            },
            {},
            {
                "backup": ImpersonationRole(
                    name="backup", type=ImpersonationType.READ_ONLY, rules=(READ_ONLY,)
                )
            },
        ),
        write="UpdateImpersonationRole",
    ),
    "availability": Case(
        states=(
            with_availability(lambda_arn=LAMBDA),
            with_availability(
                ews=EwsAvailability(
                    endpoint=EWS.endpoint, username=EWS.username, password_secret="partner"
                )
            ),
            NOT_NEW,
            with_availability(lambda_arn=LAMBDA),
        ),
        see=see_availability,
        live=(
            {"partner.example": (LAMBDA, None)},
            {"partner.example": (None, EWS)},
            {},
            {"partner.example": (LAMBDA, None)},
        ),
        write="UpdateAvailabilityConfiguration",
    ),
    "retention": Case(
        states=(
            make_retention(30, RetentionAction.DELETE, Folder.DELETED_ITEMS),
            make_retention(90, RetentionAction.PERMANENTLY_DELETE, Folder.JUNK_EMAIL, "why"),
            make_retention(90, RetentionAction.PERMANENTLY_DELETE, Folder.JUNK_EMAIL),
            NOT_NEW,
            make_retention(30, RetentionAction.DELETE, Folder.DELETED_ITEMS),
        ),
        see=see_retention,
        live=tuple(
            RetentionPolicy(
                name="standard",
                folders=(FolderRetention(folder=folder, action=action, days=days),),
                description=description,
            )
            if days
            else None
            for days, action, folder, description in (
                (30, RetentionAction.DELETE, Folder.DELETED_ITEMS, None),
                (90, RetentionAction.PERMANENTLY_DELETE, Folder.JUNK_EMAIL, "why"),
                (90, RetentionAction.PERMANENTLY_DELETE, Folder.JUNK_EMAIL, None),
                (0, RetentionAction.NONE, Folder.INBOX, None),
                (30, RetentionAction.DELETE, Folder.DELETED_ITEMS, None),
            )
        ),
        write="PutRetentionPolicy",
    ),
    "email monitoring": Case(
        states=(
            make_monitoring("one", "workmail-one"),
            make_monitoring("two", "workmail-two"),
            NOT_NEW,
            make_monitoring("one", "workmail-one"),
        ),
        see=lambda workmail: (m := live.read_monitoring(workmail)) and m.role_arn,
        live=tuple(
            f"arn:aws:iam::111122223333:role/{role}" if role else None
            for role in ("workmail-one", "workmail-two", None, "workmail-one")
        ),
        write="PutEmailMonitoringConfiguration",
    ),
    "inbound DMARC": Case(
        states=(
            with_policies(inbound_dmarc_enforced=True),
            with_policies(inbound_dmarc_enforced=False),
            NOT_NEW,
            with_policies(inbound_dmarc_enforced=False),
        ),
        see=live.read_dmarc,
        live=(True, False, True, False),
        write="PutInboundDmarcSettings",
    ),
    "identity center": Case(
        states=(
            make_center(AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY, PersonalAccessTokens()),
            make_center(
                AuthenticationMode.IDENTITY_PROVIDER_ONLY,
                PersonalAccessTokens(status=TokenStatus.INACTIVE, lifetime_days=30),
            ),
            NOT_NEW,
            make_center(AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY, PersonalAccessTokens()),
        ),
        see=see_center,
        live=(
            IdentityCenter(
                instance_arn=INSTANCE,
                authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY,
                personal_access_tokens=PersonalAccessTokens(),
            ),
            IdentityCenter(
                instance_arn=INSTANCE,
                authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_ONLY,
                personal_access_tokens=PersonalAccessTokens(
                    status=TokenStatus.INACTIVE, lifetime_days=30
                ),
            ),
            None,
            IdentityCenter(
                instance_arn=INSTANCE,
                authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY,
                personal_access_tokens=PersonalAccessTokens(),
            ),
        ),
        write="PutIdentityProviderConfiguration",
    ),
}


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def stack() -> Stack:
    played = Stack(make_emulator())
    played.secrets.values["partner"] = "a password of somebody else"
    return played


def test_each_state_comes_true_after_the_one_before(case: Case, stack: Stack) -> None:
    seen: list[object] = []
    for state in case.states:
        stack.deploy(state)
        seen.append(case.see(WorkMail(stack.workmail, stack.organization_id)))

    assert list(case.live) == seen


def test_the_same_request_once_more_writes_nothing(case: Case, stack: Stack) -> None:
    """Whatever can be read back is not written again; a password cannot."""
    for state in case.states:
        stack.deploy(state)
        stack.emulator.clear_calls()
        for deployed in list(stack.deployed.values()):
            stack.send(
                "Update",
                deployed.resource,
                previous=deployed.resource,
                physical_id=deployed.physical_id,
            )

        assert [] == [call.operation for call in stack.emulator.writes]


def test_a_failure_in_the_middle_gives_the_former_state_back(case: Case, stack: Stack) -> None:
    before, after = case.states[:2]
    stack.deploy(before)
    struck: list[str] = []

    def refuse(phase: str, call: Any) -> None:
        if phase == "after" and call.operation == case.write and not struck:
            struck.append(call.operation)
            raise ServiceFault("InvalidParameterException", "struck")

    stack.emulator.on_call = refuse
    with pytest.raises(DeploymentFailedError):
        stack.deploy(after)

    assert [case.write] == struck
    assert case.live[0] == case.see(WorkMail(stack.workmail, stack.organization_id))


def test_access_rules_are_never_none_while_they_change(stack: Stack) -> None:
    """A client that polls ListAccessControlRules after each call never sees an empty list."""
    counts: list[int] = []

    def poll(phase: str, call: Any) -> None:
        if phase == "after" and call.write and "AccessControl" in call.operation:
            rules = stack.workmail.list_access_control_rules(OrganizationId=stack.organization_id)
            counts.append(len(rules["Rules"]))

    stack.emulator.on_call = poll
    for state in CASES["access control rules"].states:
        stack.deploy(state)

    assert counts
    assert min(counts) >= 1
