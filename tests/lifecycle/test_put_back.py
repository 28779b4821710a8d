"""A rollback puts rules and settings back as they were found, whoever had made them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudformation import DeploymentFailedError, Killed, Stack
from scenes import list_operations, make_group, make_organization, make_user
from workmail_emulator.faults import Fault
from workmail_org.model.live import LiveSettings
from workmail_org.model.organization import Organization
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.policies import (
    AccessControlRule,
    Availability,
    Effect,
    EmailMonitoring,
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
from workmail_org.model.values import parse_reference
from workmail_org.service.snapshot import SnapshotReader
from workmail_org.service.workmail import WorkMail

ALICE, BOB, LEAVER = make_user("alice"), make_user("bob"), make_user("leaver")
SALES = make_group("sales", "alice")

By = Callable[[str, dict[str, Any]], Any]
"""Makes one call of a person, of an operation and its parameters."""


@dataclass(frozen=True)
class Case:
    """One kind, made by hand and declared.

    Attributes:
        by_hand: Makes it, or changes it, as a person does.
        declared: A first declaration of the same.
        changed: Another one.
    """

    by_hand: Callable[[By, dict[str, str]], None]
    declared: dict[str, Any]
    changed: dict[str, Any]


def policies(**changed: Any) -> dict[str, Any]:
    return {"policies": Policies(**changed)}


def allow(name: str, **fields: Any) -> AccessControlRule:
    return AccessControlRule(name=name, effect=Effect.ALLOW, description=name, **fields)


def deny_by_hand(by: By, ids: dict[str, str]) -> None:
    rule = {"Name": "no-imap", "Effect": "DENY", "Description": "x", "Actions": ["IMAP"]}
    by("put_access_control_rule", {**rule, "UserIds": [ids["bob"]]})


def deny_phones_by_hand(by: By, _: dict[str, str]) -> None:
    by(
        "create_mobile_device_access_rule",
        {"Name": "by-hand", "Effect": "DENY", "DeviceTypes": ["android"]},
    )


def give_role_by_hand(by: By, ids: dict[str, str]) -> None:
    known = by("list_impersonation_roles", {})["Roles"]
    rules = [{"ImpersonationRuleId": "r", "Effect": "ALLOW", "TargetUsers": [ids["bob"]]}]
    role = {"Name": "backup", "Type": "FULL_ACCESS", "Rules": rules}
    if known:
        role_id = known[0]["ImpersonationRoleId"]
        by("update_impersonation_role", {**role, "ImpersonationRoleId": role_id})
    else:
        by("create_impersonation_role", role)


def give_right_by_hand(by: By, ids: dict[str, str]) -> None:
    pair = {"EntityId": ids["alice"], "GranteeId": ids["bob"]}
    by("put_mailbox_permissions", {**pair, "PermissionValues": ["FULL_ACCESS"]})


def retain_by_hand(by: By, _: dict[str, str]) -> None:
    known: dict[str, str] = {}
    with suppress(ClientError):  # there is none
        known = {"Id": by("get_default_retention_policy", {})["Id"]}
    folders = [{"Name": "INBOX", "Action": "DELETE", "Period": 700}]
    by("put_retention_policy", {**known, "Name": "by-hand", "FolderConfigurations": folders})


def let_forged_mail_in_by_hand(by: By, _: dict[str, str]) -> None:
    by("put_inbound_dmarc_settings", {"Enforced": False})


def ask_elsewhere_by_hand(by: By, _: dict[str, str]) -> None:
    known = by("list_availability_configurations", {})["AvailabilityConfigurations"]
    verb = "update" if known else "create"
    provider = {"LambdaArn": "arn:aws:lambda:eu-west-1:111122223333:function:by-hand"}
    by(
        f"{verb}_availability_configuration",
        {"DomainName": "partner.example", "LambdaProvider": provider},
    )


def log_by_hand(by: By, _: dict[str, str]) -> None:
    group = "arn:aws:logs:eu-west-1:111122223333:log-group:by-hand:*"
    role = "arn:aws:iam::111122223333:role/by-hand"
    by("put_email_monitoring_configuration", {"LogGroupArn": group, "RoleArn": role})


def make_role(**rule: Any) -> ImpersonationRole:
    rules = (ImpersonationRule(key="r", effect=Effect.ALLOW, **rule),)
    return ImpersonationRole(name="backup", type=ImpersonationType.READ_ONLY, rules=rules)


def make_retention(days: int) -> RetentionPolicy:
    folder = FolderRetention(folder=Folder.INBOX, action=RetentionAction.DELETE, days=days)
    return RetentionPolicy(name="standard", folders=(folder,))


def permit(right: Right) -> dict[str, Any]:
    alice, bob = parse_reference("alice"), parse_reference("bob")
    return {"permissions": (MailboxPermission(mailbox=alice, grantee=bob, rights=(right,)),)}


def ask(name: str) -> Availability:
    arn = f"arn:aws:lambda:eu-west-1:111122223333:function:{name}"
    return Availability(domain="Partner.example", lambda_arn=arn)


def log_to(name: str) -> EmailMonitoring:
    arn = f"arn:aws:logs:eu-west-1:111122223333:log-group:{name}:*"
    return EmailMonitoring(log_group_arn=arn, role_arn="arn:aws:iam::111122223333:role/events")


CASES: dict[str, Case] = {
    "access rules": Case(
        deny_by_hand,
        policies(access_control=(allow("everyone"),)),
        policies(access_control=(allow("office", ip_ranges=("203.0.113.0/24",)),)),
    ),
    "mobile rules": Case(
        deny_phones_by_hand,
        policies(mobile_devices=(MobileDeviceAccessRule(name="all", effect=Effect.ALLOW),)),
        policies(mobile_devices=(MobileDeviceAccessRule(name="some", effect=Effect.ALLOW),)),
    ),
    "roles": Case(
        give_role_by_hand,
        policies(impersonation_roles=(make_role(),)),
        policies(impersonation_roles=(make_role(target_users=("alice",)),)),
    ),
    "rights": Case(give_right_by_hand, permit(Right.SEND_AS), permit(Right.SEND_ON_BEHALF)),
    "retention": Case(
        retain_by_hand,
        policies(retention=make_retention(30)),
        policies(retention=make_retention(20)),
    ),
    "DMARC": Case(
        let_forged_mail_in_by_hand,
        policies(inbound_dmarc_enforced=True),
        policies(inbound_dmarc_enforced=True, retention=make_retention(30)),
    ),
    "availability": Case(
        ask_elsewhere_by_hand,
        policies(availability=(ask("ours"),)),
        policies(availability=(ask("other"),)),
    ),
    "monitoring": Case(
        log_by_hand,
        policies(email_monitoring=log_to("ours")),
        policies(email_monitoring=log_to("other")),
    ),
}

each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def declare(described: dict[str, Any], *, leaves: bool = False) -> Organization:
    people = (ALICE, BOB) if leaves else (ALICE, BOB, LEAVER)
    return make_organization(*people, SALES, **described)


def act(stack: Stack, case: Case) -> None:
    """Make by hand what a case is about."""
    scope = {"OrganizationId": stack.organization_id}

    def call(operation: str, parameters: dict[str, Any]) -> Any:
        return getattr(stack.workmail, operation)(**scope, **parameters)

    ids = {each["Name"]: each["Id"] for each in call("list_users", {})["Users"]}
    case.by_hand(call, ids)


def see(stack: Stack) -> LiveSettings:
    """Read all rules and settings; ids of rules that were made anew are left out."""
    reader = SnapshotReader(WorkMail(stack.workmail, stack.organization_id))
    live = reader.read_settings(each.name for each in fields(LiveSettings))
    return replace(
        live,
        mobile_devices=tuple(replace(each, id="") for each in live.mobile_devices),
        access_control=tuple(sorted(live.access_control, key=lambda rule: rule.name)),
        retention=live.retention and replace(live.retention, id=""),
    )


def fail_at_the_end(stack: Stack, desired: Organization) -> None:
    """Deploy what fails once every rule and setting has been written, and is rolled back."""
    fault = Fault(operation="DeregisterFromWorkMail", code="Final", status=400)
    stack.emulator.faults.add(fault)
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(desired)
    stack.emulator.faults.clear()


@each_case
def test_what_was_made_by_hand_is_back_after_its_first_declaration_failed(
    stack: Stack, case: Case
) -> None:
    stack.deploy(declare({}))
    act(stack, case)
    found = see(stack)
    fail_at_the_end(stack, declare(case.declared, leaves=True))

    assert found == see(stack)


@each_case
def test_what_was_changed_by_hand_is_back_after_another_change_failed(
    stack: Stack, case: Case
) -> None:
    stack.deploy(declare(case.declared))
    act(stack, case)
    found = see(stack)
    fail_at_the_end(stack, declare(case.changed, leaves=True))

    assert found == see(stack)


@each_case
def test_a_second_try_begins_with_what_is_there_then(stack: Stack, case: Case) -> None:
    stack.deploy(declare({}))
    fail_at_the_end(stack, declare(case.declared, leaves=True))
    act(stack, case)
    found = see(stack)
    fail_at_the_end(stack, declare(case.declared, leaves=True))

    assert found == see(stack)


@each_case
def test_what_succeeded_is_taken_back_as_declared_by_a_later_failure(
    stack: Stack, case: Case
) -> None:
    stack.deploy(declare({}))
    act(stack, case)
    stack.deploy(declare(case.declared))
    found = see(stack)
    fail_at_the_end(stack, declare(case.changed, leaves=True))

    assert found == see(stack)


@each_case
def test_a_handler_that_is_killed_at_each_write_still_puts_back_what_was_found(
    stack: Stack, case: Case
) -> None:
    stack.deploy(declare({}))
    act(stack, case)
    found = see(stack)
    killed: list[str] = []

    def kill(phase: str, call: Any) -> None:
        if phase == "after" and call.write and call.operation not in killed:
            killed.append(call.operation)
            raise Killed

    stack.emulator.on_call = kill
    fault = Fault(operation="DeregisterFromWorkMail", code="Final", status=400)
    stack.emulator.faults.add(fault)
    with pytest.raises(DeploymentFailedError):
        stack.deploy(declare(case.declared, leaves=True))
    stack.emulator.on_call = None
    stack.emulator.faults.clear()

    assert killed
    assert found == see(stack)


def test_a_deployment_that_succeeds_writes_no_more_than_before(stack: Stack) -> None:
    stack.deploy(declare({}))
    stack.emulator.clear_calls()
    stack.deploy(declare(CASES["retention"].declared))

    assert ["PutRetentionPolicy"] == list_operations(stack)
