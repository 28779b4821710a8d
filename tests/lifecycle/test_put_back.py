"""What people make or change by hand: a rollback puts it back, whoever had made it.

What leaves a spec meanwhile becomes what drift and the rehearsal say of it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudformation import DeploymentFailedError, Killed, RollbackFailedError, Stack
from drifting import Hand, find_rows, look_live, tell
from scenes import (
    ACME,
    at,
    list_operations,
    make_group,
    make_organization,
    make_user,
    take_picture,
)
from workmail_emulator.faults import Fault
from workmail_org.drift.model import RowClass
from workmail_org.errors import PermanentError
from workmail_org.handlers import settings
from workmail_org.kinds import DEFAULT_DOMAIN, SETTINGS
from workmail_org.model.domain import MailDomain
from workmail_org.model.live import LiveSettings
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
    TokenStatus,
)
from workmail_org.model.values import Kind, parse_reference
from workmail_org.rehearsal.comparing import compare
from workmail_org.service.snapshot import SnapshotReader
from workmail_org.service.workmail import WorkMail

INSTANCE = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
OTHERS = tuple(MailDomain(name=name) for name in ("one.example", "two.example"))
PLAIN = replace(ACME, default=False)
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


def choose_domain_by_hand(by: By, _: dict[str, str]) -> None:
    by("update_default_mail_domain", {"DomainName": "acme.awsapps.com"})


def sign_in_by_hand(by: By, _: dict[str, str]) -> None:
    try:
        known = by("describe_identity_provider_configuration", {})["IdentityCenterConfiguration"]
    except ClientError:  # there is none
        made = by("create_identity_center_application", {"Name": "mail", "InstanceArn": INSTANCE})
        known = {"InstanceArn": INSTANCE, "ApplicationArn": made["ApplicationArn"]}
    configuration = {
        "AuthenticationMode": "IDENTITY_PROVIDER_AND_DIRECTORY",
        "IdentityCenterConfiguration": known,
        "PersonalAccessTokenConfiguration": {"Status": "ACTIVE", "LifetimeInDays": 7},
    }
    by("put_identity_provider_configuration", configuration)


def make_center(days: int) -> IdentityCenter:
    return IdentityCenter(
        instance_arn=INSTANCE,
        authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY,
        personal_access_tokens=PersonalAccessTokens(status=TokenStatus.ACTIVE, lifetime_days=days),
    )


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
    "default domain": Case(
        choose_domain_by_hand,
        {"domains": (PLAIN, replace(OTHERS[0], default=True), OTHERS[1])},
        {"domains": (PLAIN, OTHERS[0], replace(OTHERS[1], default=True))},
    ),
    "sign-in": Case(
        sign_in_by_hand,
        policies(identity_center=make_center(30)),
        policies(identity_center=make_center(60)),
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
        where = {} if operation == "create_identity_center_application" else scope
        return getattr(stack.workmail, operation)(**where, **parameters)

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
def test_a_second_try_that_never_looked_puts_nothing_back(
    stack: Stack, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was accepted and noted nothing: what a first try had found is not what is there now."""
    stack.deploy(declare({}))
    fail_at_the_end(stack, declare(case.declared, leaves=True))
    act(stack, case)
    found = see(stack)

    def fail_once(*_: object) -> None:
        monkeypatch.undo()
        raise PermanentError("Final")

    monkeypatch.setattr(settings, "reconcile", fail_once)
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(declare(case.declared, leaves=True))

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


def list_domains(stack: Stack) -> set[str]:
    listed = stack.workmail.list_mail_domains(OrganizationId=stack.organization_id)
    return {each["DomainName"] for each in listed["MailDomains"]}


def test_a_domain_that_somebody_registered_stays_when_its_first_declaration_failed(
    stack: Stack,
) -> None:
    stack.deploy(declare({}))
    stack.workmail.register_mail_domain(
        OrganizationId=stack.organization_id, DomainName="one.example"
    )
    fail_at_the_end(stack, declare({"domains": (ACME, *OTHERS)}, leaves=True))

    assert {"acme.awsapps.com", "acme.example", "one.example"} == list_domains(stack)


def test_a_domain_that_somebody_registered_stays_when_it_leaves_the_spec(stack: Stack) -> None:
    stack.deploy(declare({}))
    stack.workmail.register_mail_domain(
        OrganizationId=stack.organization_id, DomainName="one.example"
    )
    stack.deploy(declare({"domains": (ACME, *OTHERS)}))
    stack.deploy(declare({}))

    assert {"acme.awsapps.com", "acme.example", "one.example"} == list_domains(stack)


def test_a_domain_that_the_stack_made_goes_again_though_a_first_try_left_it_behind(
    stack: Stack,
) -> None:
    stack.deploy(declare({}))
    fault = Fault(operation="DeregisterMailDomain", times=0, code="Final", status=400)
    stack.emulator.faults.add(fault)
    fail_at_the_end(stack, declare({"domains": (ACME, OTHERS[0])}, leaves=True))
    left = list_domains(stack)
    stack.deploy(declare({"domains": (ACME, OTHERS[0])}))
    stack.deploy(declare({}))

    assert "one.example" in left
    assert {"acme.awsapps.com", "acme.example"} == list_domains(stack)


def rename_by_hand(by: By, _: dict[str, str]) -> None:
    known = by("get_default_retention_policy", {})
    again = {"Id": known["Id"], "FolderConfigurations": known["FolderConfigurations"]}
    by("put_retention_policy", {**again, "Name": "renamed"})


def erase_later_by_hand(by: By, _: dict[str, str]) -> None:
    known = by("get_default_retention_policy", {})
    folders = [{"Name": "INBOX", "Action": "DELETE", "Period": 700}]
    again = {"Id": known["Id"], "Name": known["Name"]}
    by("put_retention_policy", {**again, "FolderConfigurations": folders})


def take_another_role_by_hand(by: By, _: dict[str, str]) -> None:
    group = by("describe_email_monitoring_configuration", {})["LogGroupArn"]
    role = "arn:aws:iam::111122223333:role/by-hand"
    by("put_email_monitoring_configuration", {"LogGroupArn": group, "RoleArn": role})


LEAVING: dict[str, Case] = {
    **CASES,
    "retention that was renamed": replace(CASES["retention"], by_hand=rename_by_hand),
    "retention of other days": replace(CASES["retention"], by_hand=erase_later_by_hand),
    "monitoring by another role": replace(CASES["monitoring"], by_hand=take_another_role_by_hand),
}


def test_every_kind_of_setting_is_changed_by_hand() -> None:
    facts = {kind.fact for kind in (DEFAULT_DOMAIN, *SETTINGS)}
    new = [declare({}), *(declare(case.declared) for case in CASES.values())]

    assert facts == {
        kind.fact
        for kind in (DEFAULT_DOMAIN, *SETTINGS)
        if len({repr(kind.declare(each, "acme")) for each in new}) > 1
    }


@pytest.mark.parametrize("case", LEAVING.values(), ids=LEAVING.keys())
def test_what_was_changed_by_hand_and_leaves_the_spec_becomes_what_was_announced(
    stack: Stack, case: Case
) -> None:
    """Whatever drift and the rehearsal say of it is what the handler does."""
    deployed, spec = declare(case.declared), declare({})
    stack.deploy(deployed)
    act(stack, case)
    found = see(stack)
    rows = find_rows(stack, deployed, spec)
    stack.deploy(spec)
    live = look_live(stack)

    removed = {each.name for each in rows if each.row_class is RowClass.PENDING_REMOVAL}
    assert set() == removed & {each.name for each in find_rows(stack, spec)}
    assert () == compare(spec, live, deployed)
    if {row.row_class for row in rows} <= {RowClass.CONVERGED}:
        assert found == see(stack)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "retention that was renamed",
            {"policies.retention.name": ("converged", None, "standard", "renamed")},
        ),
        (
            "retention of other days",
            {
                "policies.retention.folders.inbox.days": ("conflict", None, 30, 700),
                "policies.retention": ("pending removal", None, "present", "present"),
            },
        ),
        ("DMARC", {"policies.inbound_dmarc.enforced": ("drift", True, True, False)}),
        (
            "monitoring by another role",
            {
                "policies.email_monitoring.role_arn": (
                    "conflict",
                    None,
                    "arn:aws:iam::111122223333:role/events",
                    "arn:aws:iam::111122223333:role/by-hand",
                ),
                "policies.email_monitoring": ("pending removal", None, "present", "present"),
            },
        ),
    ],
)
def test_drift_says_what_becomes_of_it(
    stack: Stack, name: str, said: dict[str, tuple[object, ...]]
) -> None:
    case = LEAVING[name]
    stack.deploy(declare(case.declared))
    act(stack, case)

    assert said == tell(find_rows(stack, declare(case.declared), declare({})))


def list_members(stack: Stack, name: str) -> set[str]:
    """List the members of a group, also those who are switched off."""
    scope = {"OrganizationId": stack.organization_id}
    groups = stack.workmail.list_groups(**scope)["Groups"]
    (group,) = (each["Id"] for each in groups if each["Name"] == name)
    return {
        each["Name"]
        for each in stack.workmail.list_group_members(**scope, GroupId=group)["Members"]
    }


def test_a_member_whom_somebody_switched_on_is_a_member_still_after_a_rollback(
    stack: Stack,
) -> None:
    """The failed deployment switches them off again, so that the group shows them no more."""
    off, group = replace(BOB, enabled=False), make_group("sales", "alice", "bob")
    stack.deploy(make_organization(ALICE, BOB, LEAVER, group))
    stack.deploy(make_organization(ALICE, off, LEAVER, group))
    scope = {"OrganizationId": stack.organization_id}
    people = {each["Name"]: each["Id"] for each in stack.workmail.list_users(**scope)["Users"]}
    stack.workmail.register_to_work_mail(**scope, EntityId=people["bob"], Email=BOB.email)
    groups = {each["Name"]: each["Id"] for each in stack.workmail.list_groups(**scope)["Groups"]}
    stack.workmail.associate_member_to_group(
        **scope, GroupId=groups["sales"], MemberId=people["bob"]
    )
    found = list_members(stack, "sales")
    joined = make_group("sales", "alice", "bob", "carol")
    desired = make_organization(ALICE, off, LEAVER, make_user("carol"), joined)
    rights = MailboxPermission(
        mailbox=ALICE.reference, grantee=LEAVER.reference, rights=(Right.SEND_AS,)
    )
    fault = Fault(operation="PutMailboxPermissions", times=0, code="Final", status=400)
    stack.emulator.faults.add(fault)
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(replace(desired, permissions=(rights,)))

    assert {"alice", "bob"} == found
    assert found <= list_members(stack, "sales")
    users = stack.workmail.list_users(**scope)["Users"]
    assert ["ENABLED"] == [each["State"] for each in users if each["Name"] == "bob"]


def list_kept_members(stack: Stack, name: str) -> set[str]:
    """List the members that WorkMail is taken to keep, also those who are switched off."""
    live: Any = stack.emulator.state()["regions"][stack.region]
    organization = live["organizations"][stack.organization_id]
    everybody = {**organization["users"], **organization["groups"]}
    (group,) = (each for each in organization["groups"].values() if each["name"] == name)
    return {everybody[each]["name"] for each in group["members"]}


@pytest.mark.parametrize("was_member", [True, False])
def test_a_group_that_is_switched_off_again_is_a_member_as_before(
    stack: Stack, was_member: bool
) -> None:
    """Nobody sees whether it was one while it was off; the template before says it."""
    everybody, sales = make_group("all", "alice", "group:sales"), make_group("sales")
    before = everybody if was_member else make_group("all", "alice")
    stack.deploy(make_organization(ALICE, before, sales))
    hand = Hand(stack)
    hand.do("deregister_from_work_mail", EntityId=hand.find("sales"))
    found = list_kept_members(stack, "all")
    changed = replace(sales, aliases=(at("sell"),))
    rights = MailboxPermission(
        mailbox=ALICE.reference, grantee=changed.reference, rights=(Right.SEND_AS,)
    )
    fault = Fault(operation="PutMailboxPermissions", times=1, code="Final", status=400)
    stack.emulator.faults.add(fault)
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(make_organization(ALICE, everybody, changed, permissions=(rights,)))

    assert "group:sales" not in take_picture(stack).enabled
    assert found == list_kept_members(stack, "all")


def test_a_newcomer_of_a_failed_deployment_is_no_member_afterwards(stack: Stack) -> None:
    """Not even one whom nobody sees: groups are rolled back after users are switched off."""
    sales = make_group("sales", "alice")
    stack.deploy(make_organization(ALICE, sales, make_group("help", "alice")))
    carol = make_user("carol")
    rights = MailboxPermission(
        mailbox=ALICE.reference, grantee=carol.reference, rights=(Right.SEND_AS,)
    )
    fault = Fault(operation="PutMailboxPermissions", times=1, code="Final", status=400)
    stack.emulator.faults.add(fault)
    desired = make_organization(
        ALICE, carol, make_group("sales", "alice", "carol"), make_group("help", "alice")
    )
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(replace(desired, permissions=(rights,)))

    assert {"alice", "group:sales", "group:help"} == take_picture(stack).enabled
    assert {"alice"} == list_kept_members(stack, "sales")
    stack.deploy(desired)
    assert {"alice", "carol"} == list_members(stack, "sales")


def look_at_people(hand: Hand) -> list[tuple[str, ...]]:
    """Read what lists show of users, with the addresses of who is switched on."""
    rows = hand.do("list_users")["Users"]
    fields = ("Id", "Name", "DisplayName", "State", "Email")
    return sorted(
        (
            *(row.get(each, "") for each in fields),
            *(
                hand.do("list_aliases", EntityId=row["Id"])["Aliases"]
                if row["State"] == "ENABLED"
                else ()
            ),
        )
        for row in rows
    )


def test_what_people_had_done_and_the_spec_then_says_stays_when_the_deployment_fails(
    stack: Stack,
) -> None:
    """Nothing is written there, and nothing is taken back."""
    alice, bob = make_user("alice"), make_user("bob")
    stack.deploy(make_organization(alice, bob))
    hand = Hand(stack)
    hand.do("deregister_from_work_mail", EntityId=hand.find("alice"))
    hand.do("create_alias", EntityId=hand.find("bob"), Alias=at("orders"))
    arn = hand.do("describe_organization")["ARN"]
    stack.workmail.tag_resource(ResourceARN=arn, Tags=[{"Key": "cost", "Value": "42"}])
    before, tags = look_at_people(hand), stack.workmail.list_tags_for_resource(ResourceARN=arn)
    stack.emulator.faults.add(Fault(operation="CreateGroup", times=1, code="Final", status=400))
    stack.emulator.clear_calls()
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(
            make_organization(
                replace(alice, enabled=False),
                replace(bob, aliases=(at("orders"),)),
                make_group("help"),
                tags={"cost": "42"},
            )
        )

    assert before == look_at_people(hand)
    assert tags["Tags"] == stack.workmail.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert ["CreateGroup"] == list_operations(stack)


@pytest.mark.parametrize("is_on", [True, False], ids=["switched on by hand", "switched off"])
def test_who_was_removed_and_is_declared_again_is_put_back_as_found(
    stack: Stack, *, is_on: bool
) -> None:
    alice, zoe = make_user("alice"), make_user("zoe")
    stack.deploy(make_organization(alice, zoe))
    stack.deploy(make_organization(alice))
    hand = Hand(stack)
    if is_on:
        hand.do("register_to_work_mail", EntityId=hand.find("zoe"), Email=at("married"))
        hand.do("update_user", UserId=hand.find("zoe"), DisplayName="Zoe Married")
    before = look_at_people(hand)
    stack.emulator.faults.add(Fault(operation="CreateGroup", times=1, code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(make_organization(alice, zoe, make_group("help")))

    assert before == look_at_people(hand)
    assert stack.ledger.read(Kind.USER)[zoe.reference.folded].removed_at is not None


def test_who_was_deleted_by_hand_and_made_anew_is_switched_off_when_the_deployment_fails(
    stack: Stack,
) -> None:
    """The next deployment that changes them switches the new one on."""
    alice, bob = make_user("alice"), make_user("bob")
    stack.deploy(make_organization(alice, bob))
    hand = Hand(stack)
    gone = hand.find("bob")
    hand.do("deregister_from_work_mail", EntityId=gone)
    hand.do("delete_user", UserId=gone)
    stack.emulator.faults.add(Fault(operation="CreateGroup", times=1, code="Final", status=400))
    changed = replace(bob, city="Bonn")
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(make_organization(alice, changed, make_group("help")))
    picture = take_picture(stack)

    assert {"alice"} == picture.enabled
    assert gone != picture.ids["bob"]
    stack.deploy(make_organization(alice, changed))
    assert {"alice", "bob"} == take_picture(stack).enabled
    assert picture.ids["bob"] == take_picture(stack).ids["bob"]


def test_who_is_deleted_by_hand_while_a_deployment_runs_is_off_when_it_fails(stack: Stack) -> None:
    """It had found her, and made her anew: that one is not who was found."""
    alice, bob = make_user("alice"), make_user("bob")
    stack.deploy(make_organization(alice, bob))
    hand = Hand(stack)
    gone = hand.find("bob")

    def delete(phase: str, call: Any) -> None:
        if phase == "before" and call.operation == "UpdateUser":
            stack.emulator.on_call = None
            hand.do("deregister_from_work_mail", EntityId=gone)
            hand.do("delete_user", UserId=gone)

    stack.emulator.on_call = delete
    stack.emulator.faults.add(Fault(operation="CreateGroup", times=1, code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(make_organization(alice, replace(bob, city="Bonn"), make_group("help")))

    picture = take_picture(stack)
    assert {"alice"} == picture.enabled
    assert gone != picture.ids["bob"]


def test_a_right_of_who_is_to_be_off_again_is_left_out_of_a_rollback(stack: Stack) -> None:
    """Alice was switched off by hand; the deployment switched her on and took the right away."""
    right = MailboxPermission(
        mailbox=ALICE.reference, grantee=BOB.reference, rights=(Right.SEND_AS,)
    )
    stack.deploy(make_organization(ALICE, BOB, LEAVER, permissions=(right,)))
    hand = Hand(stack)
    hand.do("deregister_from_work_mail", EntityId=hand.find("alice"))
    fault = Fault(operation="DeregisterFromWorkMail", code="Final", status=400)
    stack.emulator.faults.add(fault)
    with pytest.raises(DeploymentFailedError, match="Final") as failed:
        stack.deploy(make_organization(replace(ALICE, city="Bonn"), BOB))

    assert not isinstance(failed.value, RollbackFailedError)
    assert {"bob", "leaver"} == take_picture(stack).enabled


@pytest.mark.parametrize("kind", ["user", "group"])
def test_who_was_deleted_by_hand_is_not_made_by_the_rollback_of_what_never_made_them(
    stack: Stack, kind: str
) -> None:
    people, sales = (ALICE, BOB), make_group("sales", "alice")
    stack.deploy(make_organization(*people, sales))
    hand = Hand(stack)
    name = {"user": "bob", "group": "sales"}[kind]
    gone = hand.find(name)
    hand.do("deregister_from_work_mail", EntityId=gone)
    hand.do(f"delete_{kind}", **{f"{kind.title()}Id": gone})
    desired = {
        "user": make_organization(ALICE, replace(BOB, city="Bonn"), sales),
        "group": make_organization(
            *people, make_group("sales", "alice", hidden_from_global_address_list=True)
        ),
    }[kind]
    operation = f"Create{kind.title()}"
    stack.emulator.faults.add(Fault(operation=operation, times=1, code="Final", status=400))
    stack.emulator.clear_calls()
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(desired)

    assert [operation] == list_operations(stack)


def test_a_group_that_was_deleted_comes_back_with_the_address_that_it_had_by_hand(
    stack: Stack,
) -> None:
    """People had given its own to somebody else; another deletion fails."""
    stack.deploy(make_organization(ALICE, make_group("sales"), make_group("support")))
    hand = Hand(stack)
    hand.readdress("sales", at("shop"))
    hand.do("create_alias", EntityId=hand.find("alice"), Alias=at("sales"))
    before = take_picture(stack).addresses
    stack.emulator.faults.add(
        Fault(operation="DeleteGroup", nth=2, times=1, code="Final", status=400)
    )
    with pytest.raises(DeploymentFailedError, match="Final") as failed:
        stack.deploy(make_organization(ALICE))

    assert not isinstance(failed.value, RollbackFailedError)
    assert before == take_picture(stack).addresses
    assert {"alice", "group:sales", "group:support"} == take_picture(stack).enabled


def test_two_mobile_device_rules_of_one_name_are_both_there_after_a_change_failed(
    stack: Stack,
) -> None:
    """WorkMail knows rules by id: people can make another one of a declared name."""
    office, phones = (
        MobileDeviceAccessRule(name="office", effect=Effect.ALLOW),
        MobileDeviceAccessRule(name="no", effect=Effect.DENY, device_types=("android",)),
    )
    stack.deploy(make_organization(ALICE, LEAVER, **policies(mobile_devices=(office, phones))))
    hand = Hand(stack)
    hand.do("create_mobile_device_access_rule", Name="no", Effect="DENY", DeviceTypes=["old"])
    before = see(stack).mobile_devices
    changed = replace(office, device_types=("ios",))
    fail_at_the_end(stack, make_organization(ALICE, **policies(mobile_devices=(changed, phones))))

    assert 3 == len(before)
    assert sorted(before, key=str) == sorted(see(stack).mobile_devices, key=str)
