"""What resources, permissions, rules and settings become in a template."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from workmail_org.declaring import list_settings
from workmail_org.infra import OrganizationStack
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
)
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.user import User
from workmail_org.model.values import parse_reference
from workmail_org.wire.encoding import decode_properties
from workmail_org.wire.names import COLLECTION_KEY, LOG_GROUP_ARN, ROLE_ARN
from workmail_org.wire.properties import PermissionsProperties

ROOT = Path(__file__).resolve().parents[2]

DEFAULT = AccessControlRule(name="default", effect=Effect.ALLOW, description="für alle")

IMAP = AccessControlRule(
    name="no-imap",
    effect=Effect.DENY,
    description="nobody but 北",
    actions=("imap",),
    not_ip_ranges=("203.0.113.0/24",),
    not_users=("alice",),
    impersonation_roles=("backup",),
)

PHONES = MobileDeviceAccessRule(name="phones", effect=Effect.ALLOW, device_types=("iPhone",))

BACKUP = ImpersonationRole(
    name="backup",
    type=ImpersonationType.READ_ONLY,
    rules=(
        ImpersonationRule(key="all", effect=Effect.ALLOW, target_users=("alice", "bob")),
        ImpersonationRule(key="bob", effect=Effect.ALLOW, target_users=("bob",)),
    ),
)

RETENTION = RetentionPolicy(
    name="standard",
    folders=(FolderRetention(folder=Folder.INBOX, action=RetentionAction.DELETE, days=30),),
)

AVAILABILITY = (
    Availability(
        domain="partner.example",
        ews=EwsAvailability(
            endpoint="https://partner.example/ews", username="Jürgen", password_secret="mail/ews"
        ),
    ),
    Availability(
        domain="other.example", lambda_arn="arn:aws:lambda:us-east-1:111122223333:function:free"
    ),
)

SIGN_IN = IdentityCenter(
    instance_arn="arn:aws:sso:::instance/ssoins-0123456789abcdef",
    authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_ONLY,
    personal_access_tokens=PersonalAccessTokens(lifetime_days=30),
)

BOARDROOM = Bookable(
    name="boardroom",
    type=BookableType.ROOM,
    description="12 Sitzplätze",
    email="boardroom@acme.example",
    booking=Booking(auto_accept=False),
    delegates=(parse_reference("alice"), parse_reference("bob"), parse_reference("group:sales")),
)

PERMISSIONS = (
    MailboxPermission(
        mailbox=parse_reference("alice"),
        grantee=parse_reference("group:sales"),
        rights=(Right.SEND_AS,),
    ),
    MailboxPermission(
        mailbox=parse_reference("resource:boardroom"),
        grantee=parse_reference("bob"),
        rights=(Right.FULL_ACCESS,),
    ),
)

BARE = Organization(key="bare", region="us-east-1", alias="bare")

ORGANIZATION = Organization(
    key="acme",
    region="eu-west-1",
    alias="acme",
    domains=(MailDomain(name="acme.example", default=True, verified=True),),
    users=(
        User(name="alice", display_name="Alice", email="alice@acme.example"),
        User(name="bob", display_name="Bob", email="bob@acme.example", enabled=False),
    ),
    groups=(Group(name="sales", email="sales@acme.example"),),
    resources=(BOARDROOM,),
    permissions=PERMISSIONS,
    policies=Policies(
        access_control=(DEFAULT, IMAP),
        mobile_devices=(PHONES,),
        retention=RETENTION,
        impersonation_roles=(BACKUP,),
        availability=AVAILABILITY,
        email_monitoring=EmailMonitoring(retention_days=90),
        inbound_dmarc_enforced=False,
        identity_center=SIGN_IN,
    ),
)

CHAIN = (
    "Users",
    "Groups",
    "Resources",
    "MailboxPermissions",
    "ImpersonationRoles",
    "AccessControlRules",
    "MobileDeviceAccessRules",
    "AvailabilityConfigurations",
    "RetentionPolicy",
    "InboundDmarc",
    "EmailMonitoring",
    "IdentityCenter",
    "Removals",
)
"""Each after the one before."""


@pytest.fixture(scope="module")
def whole(synthesize: Callable[..., Any]) -> Any:
    return synthesize(ORGANIZATION)


def monitor(synthesize: Callable[..., Any], **fields: Any) -> Any:
    policies = Policies(email_monitoring=EmailMonitoring(**fields))
    return synthesize(replace(BARE, policies=policies))


def test_each_kind_waits_for_the_one_before(whole: Any) -> None:
    waits = [whole.resources[key]["DependsOn"] for key in CHAIN[1:]]

    assert [[key] for key in CHAIN[:-1]] == waits


def test_each_kind_is_of_its_type_and_answered_for_by_its_handlers(whole: Any) -> None:
    found = {
        key: (
            whole.resources[key]["Type"],
            whole.get(key)["ServiceToken"]["Fn::GetAtt"][0],
            whole.get(key)["ServiceTimeout"],
            whole.get(key)["OrganizationId"],
        )
        for key in CHAIN
    }

    assert {
        key: (
            f"Custom::WorkMail{key}",
            "OrganizationProvider" if key == "IdentityCenter" else "MailboxesProvider",
            "3600",
            {"Ref": "Organization"},
        )
        for key in CHAIN
    } == found


def test_what_is_not_declared_is_not_there(synthesize: Callable[..., Any]) -> None:
    found = synthesize(BARE)

    always = {"Organization", "Users", "Groups", "Resources", "MailboxPermissions", "Removals"}
    assert always == {
        key for key, each in found.resources.items() if each["Type"].startswith("Custom::")
    }


def test_the_template_of_everything_is_pure_ascii(whole: Any) -> None:
    assert (whole.folder / "production-acme.template.json").read_bytes().isascii()


def test_resources_arrive_in_the_handler_without_delegates_that_are_switched_off(
    whole: Any,
) -> None:
    arrived = whole.receive("Resources")
    delegates = (parse_reference("alice"), parse_reference("group:sales"))

    assert (replace(BOARDROOM, delegates=delegates),) == arrived.resources
    assert {"Ref": "Ledger"} == whole.get("Resources")["LedgerTable"]
    assert "PasswordSecretArn" not in whole.get("Resources")


def test_addresses_of_resources_are_known_to_what_comes_before(whole: Any) -> None:
    boardroom = {"resource:boardroom": ("boardroom@acme.example",)}

    assert boardroom == dict(whole.receive("Groups").other_addresses)
    assert boardroom.items() <= dict(whole.receive("Users").other_addresses).items()


def test_permissions_of_who_is_switched_off_are_left_out(whole: Any) -> None:
    assert PERMISSIONS[:1] == whole.receive("MailboxPermissions").permissions


def test_impersonation_rules_lose_targets_that_are_switched_off_and_never_reach_everyone(
    whole: Any,
) -> None:
    rules = (ImpersonationRule(key="all", effect=Effect.ALLOW, target_users=("alice",)),)

    assert (replace(BACKUP, rules=rules),) == whole.receive("ImpersonationRoles").roles


@pytest.mark.parametrize(
    ("key", "name", "expected"),
    [
        ("AccessControlRules", "rules", (DEFAULT, IMAP)),
        ("MobileDeviceAccessRules", "rules", (PHONES,)),
        ("AvailabilityConfigurations", "configurations", AVAILABILITY),
        ("RetentionPolicy", "policy", RETENTION),
        ("InboundDmarc", "enforced", False),
        ("IdentityCenter", "identity_center", SIGN_IN),
    ],
    ids=str,
)
def test_rules_and_settings_arrive_in_the_handler_unharmed(
    whole: Any, key: str, name: str, expected: object
) -> None:
    assert expected == getattr(whole.receive(key), name)


def test_the_application_for_sign_in_bears_the_name_of_the_stack(whole: Any) -> None:
    assert "production-acme" == whole.get("IdentityCenter")["ApplicationName"]


def test_a_managed_log_group_is_the_stacks_own(whole: Any) -> None:
    properties = {key: whole.get("EmailMonitoring")[key] for key in (LOG_GROUP_ARN, ROLE_ARN)}

    assert {
        "LogGroupArn": {"Fn::GetAtt": ["EmailEvents", "Arn"]},
        "RoleArn": {"Fn::GetAtt": ["EmailEventsRole", "Arn"]},
    } == properties
    assert {"RetentionInDays": 90} == whole.get("EmailEvents")
    assert {"Ref": "EmailEvents"} == whole.outputs["EmailEventsLogGroup"]["Value"]


@pytest.mark.parametrize(
    ("removal_policy", "policy"), [(Removal.RETAIN, "Retain"), (Removal.DELETE, "Delete")], ids=str
)
def test_email_events_stay_as_long_as_the_organization(
    synthesize: Callable[..., Any], removal_policy: Removal, policy: str
) -> None:
    organization = replace(
        BARE,
        policies=Policies(email_monitoring=EmailMonitoring(retention_days=1)),
        on_removal=OnRemoval(organization=removal_policy),
    )
    found = synthesize(organization).resources["EmailEvents"]

    assert (policy, policy) == (found["DeletionPolicy"], found["UpdateReplacePolicy"])


def test_only_workmail_in_our_name_writes_email_events_and_nothing_else(whole: Any) -> None:
    role = whole.get("EmailEventsRole")
    (policy,) = role["Policies"]

    assert [
        {
            "Action": "sts:AssumeRole",
            "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}},
            "Effect": "Allow",
            "Principal": {"Service": "events.workmail.amazonaws.com"},
        }
    ] == role["AssumeRolePolicyDocument"]["Statement"]
    assert [
        {
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Effect": "Allow",
            "Resource": {"Fn::GetAtt": ["EmailEvents", "Arn"]},
            "Sid": "WriteEvents",
        }
    ] == policy["PolicyDocument"]["Statement"]


def test_the_role_has_a_name_that_workmails_own_policy_passes(whole: Any) -> None:
    assert (
        "workmail-events-eu-west-1-production-acme-"
        == whole.get("EmailEventsRole")["RoleName"][:-8]
    )


def test_roles_of_equal_organizations_in_two_regions_have_names_of_their_own(
    synthesize: Callable[..., Any],
) -> None:
    policies = Policies(email_monitoring=EmailMonitoring(retention_days=1))
    organization = replace(BARE, key="a" + "b" * 39, policies=policies)
    regions = [replace(organization, region=each) for each in ("us-east-1", "us-west-2")]
    names = {synthesize(each, name="e" * 20).get("EmailEventsRole")["RoleName"] for each in regions}

    assert [64, 64] == [len(name) for name in names]


def test_a_given_log_group_is_used_as_it_is(synthesize: Callable[..., Any]) -> None:
    group = "arn:aws:logs:us-east-1:111122223333:log-group:/mail/events:*"
    role = "arn:aws:iam::111122223333:role/events"
    both = monitor(synthesize, log_group_arn=group, role_arn=role)
    alone = monitor(synthesize, log_group_arn=group)

    assert (group, role) == (
        both.get("EmailMonitoring")["LogGroupArn"],
        both.get("EmailMonitoring")["RoleArn"],
    )
    assert (group, None) == (
        alone.get("EmailMonitoring")["LogGroupArn"],
        alone.get("EmailMonitoring").get("RoleArn"),
    )
    assert {} == {k: v for k, v in both.resources.items() if k.startswith("EmailEvents")}


def test_permissions_that_are_too_many_for_a_template_move_out(
    synthesize: Callable[..., Any],
) -> None:
    users = tuple(User(name=f"user{n}", email=f"user{n}@bare.awsapps.com") for n in range(40))
    permissions = tuple(
        MailboxPermission(
            mailbox=mailbox.reference,
            grantee=grantee.reference,
            rights=(Right.FULL_ACCESS, Right.SEND_AS),
        )
        for mailbox in users
        for grantee in users
        if mailbox is not grantee
    )
    organization = replace(BARE, users=users, permissions=permissions)
    found = synthesize(organization)
    properties = found.get("MailboxPermissions")
    key = properties[COLLECTION_KEY]
    outside = json.loads((found.folder / f"asset.{key}").read_text(encoding="ascii"))
    (part,) = list_settings(organization, stack="production-acme")

    assert part.outside == outside
    assert {
        "ServiceToken",
        "ServiceTimeout",
        "OrganizationId",
        "LedgerTable",
        "CollectionBucket",
        "CollectionKey",
    } == set(properties)
    assert permissions == decode_properties(PermissionsProperties, outside).permissions


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.name)
def test_every_spec_that_is_shipped_becomes_stacks(path: Path, context: dict[str, Any]) -> None:
    app = App(context=context)
    stacks = OrganizationStack.all_from_spec(app, path)
    assembly = app.synth()

    assert sorted(stack.stack_name for stack in stacks) == sorted(
        each.stack_name for each in assembly.stacks
    )
