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
REPAIR = "0123456789ab"
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


def keep_alias(organization: Organization) -> Organization:
    """Declare the address that people gave Alice: it is theirs, and stays."""
    alice, *others = organization.users
    by_hand = replace(alice, aliases=(*alice.aliases, at("by-hand")))
    return replace(organization, users=(by_hand, *others))


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
    changed.repair = REPAIR
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
    changed.repair = REPAIR
    with pytest.raises(DeploymentFailedError, match="approv"):
        changed.deploy(careful, approved=plan_live(changed, SPEC, careful).approval)
    assert [] == list_operations(changed)
    changed.deploy(careful, approved=plan.approval)

    assert_equals(take_picture(changed), keep_alias(careful))
    assert any("cdk deploy -c repair=" in note for note in plan.organizations[0].notes)


def test_a_repair_comes_together_with_a_change(changed: Stack) -> None:
    desired: Organization = replace(SPEC, users=(*SPEC.users, make_user("dan")))
    changed.repair = REPAIR
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
        stack.repair = REPAIR
        fault = Fault(operation=operation, when=phase, code="Final", status=400)
        stack.emulator.faults.add(fault)
        with pytest.raises(DeploymentFailedError, match="Final"):
            stack.deploy(SPEC)

        assert [] == differ(found, see(Hand(stack)))


def test_the_deployment_after_a_repair_does_nothing(changed: Stack) -> None:
    changed.repair = REPAIR
    changed.deploy(SPEC)
    changed.repair = ""
    changed.emulator.clear_calls()
    change_by_hand(changed)
    changed.emulator.clear_calls()
    changed.deploy(SPEC)

    assert [] == list_operations(changed)
