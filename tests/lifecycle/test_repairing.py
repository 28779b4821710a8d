"""`-c repair`: what was changed by hand is set right although nothing is declared anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from approving import plan_live
from cloudformation import DeploymentFailedError, Stack
from drifting import Hand
from scenes import (
    assert_equals,
    at,
    list_operations,
    make_emulator,
    make_group,
    make_organization,
    make_user,
    take_picture,
)
from workmail_emulator.faults import Fault, Phase
from workmail_org.changes.approvals import make_approval, parse_approval
from workmail_org.model.organization import Organization
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.policies import AccessControlRule, Effect, Policies
from workmail_org.model.removal import Safety
from worlds import differ, see

ALICE, BOB, CAROL = make_user("alice", telephone="1"), make_user("bob"), make_user("carol")
SALES = make_group("sales", "alice", "bob")
RULE = AccessControlRule(name="everyone", effect=Effect.ALLOW, description="everyone")
SPEC = make_organization(
    ALICE,
    BOB,
    CAROL,
    SALES,
    tags={"team": "mail"},
    permissions=(
        MailboxPermission(
            mailbox=ALICE.reference, grantee=BOB.reference, rights=(Right.FULL_ACCESS,)
        ),
    ),
    policies=Policies(access_control=(RULE,)),
)
REPAIRING = (
    "TagResource",
    "RegisterToWorkMail",
    "UpdateUser",
    "AssociateMemberToGroup",
    "PutMailboxPermissions",
    "DeleteAccessControlRule",
)
"""What it takes to set right what is changed by hand below."""


def change_by_hand(stack: Stack) -> None:
    """Change what a list shows and what none shows: people, members, rights, rules, tags."""
    client: Any = stack.workmail
    scope = {"OrganizationId": stack.organization_id}
    ids = {each["Name"]: each["Id"] for each in client.list_users(**scope)["Users"]}
    ids |= {each["Name"]: each["Id"] for each in client.list_groups(**scope)["Groups"]}
    client.update_user(**scope, UserId=ids["alice"], Telephone="2")
    client.create_alias(**scope, EntityId=ids["alice"], Alias=at("by-hand"))
    client.deregister_from_work_mail(**scope, EntityId=ids["carol"])
    client.disassociate_member_from_group(**scope, GroupId=ids["sales"], MemberId=ids["bob"])
    client.delete_mailbox_permissions(**scope, EntityId=ids["alice"], GranteeId=ids["bob"])
    client.put_access_control_rule(
        **scope, Name="by-hand", Effect="DENY", Description="x", Actions=["IMAP"]
    )
    arn = client.describe_organization(**scope)["ARN"]
    client.untag_resource(ResourceARN=arn, TagKeys=["team"])


def change_by_hand_again(stack: Stack) -> None:
    """Change somebody once more who was set right."""
    hand = Hand(stack)
    hand.do("update_user", UserId=hand.find("alice"), Telephone="3")
    hand.do("delete_mailbox_permissions", EntityId=hand.find("alice"), GranteeId=hand.find("bob"))


def keep_alias(organization: Organization) -> Organization:
    """Declare the address that people gave Alice: it is theirs, and stays."""
    alice, *others = organization.users
    by_hand = replace(alice, aliases=(*alice.aliases, at("by-hand")))
    return replace(organization, users=(by_hand, *others))


def plan_repair(stack: Stack, desired: Organization = SPEC) -> str:
    """Return the text that a plan prints of what there is to repair."""
    planned = plan_live(stack, SPEC, desired, repairs=True)
    assert planned.repair, planned
    return planned.repair


def get_tags(stack: Stack) -> dict[str, str]:
    arn = stack.workmail.describe_organization(OrganizationId=stack.organization_id)["ARN"]
    tags = stack.workmail.list_tags_for_resource(ResourceARN=arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in tags}


@pytest.fixture
def changed(stack: Stack) -> Stack:
    stack.deploy(SPEC)
    change_by_hand(stack)
    stack.emulator.clear_calls()
    return stack


def test_without_a_repair_nothing_is_touched(changed: Stack) -> None:
    changed.deploy(SPEC)

    assert [] == list_operations(changed)


def test_a_repair_sets_right_whatever_was_changed_by_hand_and_nothing_else(
    changed: Stack,
) -> None:
    changed.repair = plan_repair(changed)
    changed.deploy(SPEC)

    assert sorted(REPAIRING) == sorted(list_operations(changed))
    assert_equals(take_picture(changed), keep_alias(SPEC))
    assert "mail" == get_tags(changed)["team"]
    changed.emulator.clear_calls()
    changed.deploy(SPEC)
    assert [] == list_operations(changed)


def test_a_repair_writes_what_its_plan_was_approved_for(changed: Stack) -> None:
    careful = replace(SPEC, safety=Safety(require_approval=True))
    plan = plan_live(changed, SPEC, careful, repairs=True)
    assert plan.repair
    changed.repair = plan.repair
    with pytest.raises(DeploymentFailedError, match="approv"):
        changed.deploy(careful, approved=plan_live(changed, SPEC, careful).approval)
    assert [] == list_operations(changed)
    changed.deploy(careful, approved=plan.approval)

    assert_equals(take_picture(changed), keep_alias(careful))


def test_a_repair_of_something_else_is_refused(changed: Stack) -> None:
    """The text is a check: what was planned for another state repairs nothing of this one."""
    found = see(Hand(changed))
    changed.repair = "acme/users.0123456789ab"
    with pytest.raises(
        DeploymentFailedError, match=r"not the repair that was planned.*users would take 2 calls"
    ):
        changed.deploy(SPEC)

    assert [] == list_operations(changed)
    assert [] == differ(found, see(Hand(changed)))


def test_what_changed_after_the_plan_of_a_repair_is_refused(changed: Stack) -> None:
    changed.repair = plan_repair(changed)
    hand = Hand(changed)
    hand.do("update_user", UserId=hand.find("bob"), DisplayName="Robert")
    found = see(hand)
    with pytest.raises(DeploymentFailedError, match="UpdateUser of user alice, UpdateUser of user"):
        changed.deploy(SPEC)

    assert [] == differ(found, see(hand))


def test_a_repair_of_one_resource_leaves_all_others(changed: Stack) -> None:
    """So the text of one organization repairs nothing of another one."""
    parts = parse_approval(plan_repair(changed))
    changed.repair = make_approval({"acme/groups": parts["acme/groups"], "other/users": "0" * 12})
    changed.deploy(SPEC)

    assert ["AssociateMemberToGroup"] == list_operations(changed)


def test_a_repair_that_is_done_is_none_of_a_later_change(changed: Stack) -> None:
    """The same text repairs nothing else, however long it is given."""
    changed.repair = plan_repair(changed)
    changed.deploy(SPEC)
    hand = Hand(changed)
    hand.do("update_user", UserId=hand.find("alice"), Telephone="3")
    changed.emulator.clear_calls()
    changed.deploy(SPEC)
    assert [] == list_operations(changed)
    desired = replace(SPEC, users=(*SPEC.users, make_user("dan")))
    with pytest.raises(DeploymentFailedError, match="not the repair that was planned"):
        changed.deploy(desired)

    assert "3" == hand.do("describe_user", UserId=hand.find("alice"))["Telephone"]


def test_a_rollback_to_a_repair_repairs_nothing(changed: Stack) -> None:
    """The template of the last deployment still says that it was one."""
    changed.repair = plan_repair(changed)
    changed.deploy(SPEC)
    change_by_hand_again(changed)
    found = see(Hand(changed))
    changed.repair = ""
    changed.emulator.faults.add(Fault(operation="CreateUser", code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final"):
        changed.deploy(replace(SPEC, users=(*SPEC.users, make_user("dan"))))

    assert [] == differ(found, see(Hand(changed)))


def test_a_repair_comes_together_with_a_change(changed: Stack) -> None:
    desired: Organization = replace(SPEC, users=(*SPEC.users, make_user("dan")))
    changed.repair = plan_repair(changed, desired)
    changed.deploy(desired, approved=plan_live(changed, SPEC, desired, repairs=True).approval)

    assert_equals(take_picture(changed), keep_alias(desired))


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_repair_that_fails_leaves_everything_as_people_had_changed_it(phase: Phase) -> None:
    """Refused at each of its writes, before or after the effect."""
    for operation in REPAIRING:
        stack = Stack(make_emulator())
        stack.deploy(SPEC)
        change_by_hand(stack)
        found = see(Hand(stack))
        stack.repair = plan_repair(stack)
        fault = Fault(operation=operation, when=phase, code="Final", status=400)
        stack.emulator.faults.add(fault)
        with pytest.raises(DeploymentFailedError, match="Final"):
            stack.deploy(SPEC)

        assert [] == differ(found, see(Hand(stack)))


def test_the_deployment_after_a_repair_does_nothing(changed: Stack) -> None:
    changed.repair = plan_repair(changed)
    changed.deploy(SPEC)
    changed.repair = ""
    changed.emulator.clear_calls()
    change_by_hand(changed)
    changed.emulator.clear_calls()
    changed.deploy(SPEC)

    assert [] == list_operations(changed)


def test_a_repair_puts_whom_it_makes_anew_into_their_groups() -> None:
    stack = Stack(make_emulator())
    stack.deploy(SPEC)
    hand = Hand(stack)
    gone = hand.find("bob")
    hand.do("deregister_from_work_mail", EntityId=gone)
    hand.do("delete_user", UserId=gone)
    planned = plan_live(stack, SPEC, SPEC, repairs=True)
    assert planned.repair
    stack.repair = planned.repair
    stack.emulator.clear_calls()
    stack.deploy(SPEC)

    expected = (
        "CreateUser",
        "RegisterToWorkMail",
        "AssociateMemberToGroup",
        "PutMailboxPermissions",
    )
    assert [*expected] == list_operations(stack)
    (organization,) = planned.organizations
    assert [*expected] == [call.partition(" ")[0] for call in organization.calls]
    assert_equals(take_picture(stack), SPEC)
