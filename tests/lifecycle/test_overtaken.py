"""A request goes on after CloudFormation has stopped waiting for it: it writes nothing further."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, Stack, list_resources
from scenes import (
    assert_equals,
    at,
    make_emulator,
    make_group,
    make_organization,
    make_user,
    take_picture,
)
from striking import RecordingStack
from transitions import allow, permit
from workmail_org.handlers import entry
from workmail_org.handlers.requests import Run
from workmail_org.model.organization import Organization
from workmail_org.model.permission import Right
from workmail_org.model.policies import Policies
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.service.policies import list_roles, read_access_control
from workmail_org.service.workmail import WorkMail

ALICE = make_user("alice", aliases=(at("al"),))
BOB = make_user("bob")
CAROL = make_user("carol")
BEFORE = make_organization(
    ALICE,
    BOB,
    make_group("sales", "alice"),
    permissions=(permit("alice", "bob", Right.SEND_AS),),
    policies=Policies(access_control=(allow("default"), allow("office"))),
)
AFTER = make_organization(
    replace(ALICE, email=at("bob"), aliases=(), city="Bonn"),
    replace(BOB, email=at("alice")),
    CAROL,
    make_group("sales", "carol", aliases=(at("al"),)),
    permissions=(permit("bob", "carol", Right.FULL_ACCESS),),
    policies=Policies(access_control=(allow("default"), allow("home"))),
)
THIRD = replace(BEFORE, users=(replace(ALICE, city="Kiel"), BOB, make_user("dora")))


def cancel_at(stack: Stack, phase: str, operation: str, then: Callable[[], object]) -> list[str]:
    """Cancel the deployment at the first call of an operation, then do something more.

    Returns:
        Grows by the operation when that has happened.
    """
    struck: list[str] = []

    def cancel(at_phase: str, call: Any) -> None:
        if (at_phase, call.operation) == (phase, operation) and not struck:
            struck.append(operation)
            assert stack.cancel()
            then()

    stack.emulator.on_call = cancel
    return struck


def list_writes(stack: Stack) -> list[str]:
    return [call.operation for call in stack.emulator.writes]


def list_rights(stack: Stack) -> list[str]:
    scope = {"OrganizationId": stack.organization_id}
    rows = stack.workmail.list_users(**scope)["Users"]
    names = {row["Id"]: row["Name"] for row in rows if row["State"] == "ENABLED"}
    return [
        f"{name}: {names[each['GranteeId']]} {each['PermissionValues']}"
        for id_, name in names.items()
        for each in stack.workmail.list_mailbox_permissions(**scope, EntityId=id_)["Permissions"]
        if each["GranteeId"] in names
    ]


def list_rules(stack: Stack) -> set[str]:
    workmail = WorkMail(stack.workmail, stack.organization_id)
    return {rule.name for rule in read_access_control(workmail, {}, list_roles(workmail))}


@pytest.mark.parametrize(
    "operation",
    [
        "CreateUser",
        "UpdatePrimaryEmailAddress",
        "DeleteAlias",
        "UpdateUser",
        "DisassociateMemberFromGroup",
        "PutMailboxPermissions",
        "DeleteAccessControlRule",
    ],
)
def test_a_cancelled_deployment_writes_nothing_after_its_rollback(
    stack: Stack, operation: str
) -> None:
    stack.deploy(BEFORE)
    rights, rules = list_rights(stack), list_rules(stack)
    struck = cancel_at(stack, "after", operation, stack.emulator.clear_calls)
    with pytest.raises(DeploymentFailedError, match=r"overtaken|was cancelled"):
        stack.deploy(AFTER)

    assert [operation] == struck
    assert [] == list_writes(stack)
    assert "UPDATE_ROLLBACK_COMPLETE" == stack.cloudformation.status
    assert_equals(take_picture(stack), BEFORE)
    assert (rights, rules) == (list_rights(stack), list_rules(stack))


@pytest.mark.parametrize("removal_policy", [Removal.DISABLE, Removal.DELETE])
@pytest.mark.parametrize("leavers", [0, 1], ids=["before anybody left", "when one has left"])
def test_removals_stop_when_the_deployment_is_cancelled(
    stack: Stack, removal_policy: Removal, leavers: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="workmail_org")
    on_removal = OnRemoval(users=removal_policy)
    stack.deploy(make_organization(ALICE, BOB, CAROL, on_removal=on_removal))
    before = take_picture(stack)
    # At the last read before the first removal, or when that has taken effect.
    place = ("after", "DeregisterFromWorkMail") if leavers else ("before", "ListAliases")
    cancel_at(stack, *place, stack.emulator.clear_calls)
    with pytest.raises(DeploymentFailedError, match="overtaken"):
        stack.deploy(make_organization(CAROL, on_removal=on_removal))

    after = take_picture(stack)
    assert [] == list_writes(stack)
    assert (before.ids, before.mailboxes) == (after.ids, after.mailboxes)
    assert {"alice", "bob", "carol"} == after.enabled
    assert ["alice", "bob", "carol"] == sorted(ref.name for ref in stack.ledger.entries)
    assert "it began with the deployment since" in caplog.text
    assert "the stack is UPDATE_ROLLBACK_COMPLETE" in caplog.text


def test_a_third_deployment_is_not_disturbed(stack: Stack) -> None:
    stack.deploy(BEFORE)

    def deploy_again() -> None:
        stack.deploy(THIRD)
        stack.emulator.clear_calls()

    cancel_at(stack, "after", "CreateUser", deploy_again)
    with pytest.raises(DeploymentFailedError, match="overtaken"):
        stack.deploy(AFTER)

    assert [] == list_writes(stack)
    assert_equals(take_picture(stack), THIRD)


class LateStack(RecordingStack):
    """Keeps the request that was under way when its deployment was cancelled.

    Attributes:
        late: With what its `on_event` answered.
        dates: Whether CloudFormation tells when the stack was updated.
    """

    late: Mapping[str, Any] | None = None
    dates: bool = True

    def keep(self) -> None:
        assert self.current is not None
        self.late = self.current[0]

    def make_run(self) -> Run:
        if not self.dates:
            self.cloudformation.updated = None
        return super().make_run()


@pytest.fixture(params=[True, False], ids=["dated", "the ledger alone"])
def dated(request: pytest.FixtureRequest) -> bool:
    """Return whether CloudFormation says when a stack was updated: it does not say when it does."""
    return request.param


@pytest.fixture
def late(*, dated: bool) -> LateStack:
    """A stack whose second deployment was cancelled; a request of it is still about."""
    stack = LateStack(make_emulator())
    stack.dates = dated
    stack.deploy(BEFORE)

    def keep_and_cancel(phase: str, call: Any) -> None:
        if (phase, call.operation) == ("after", "CreateUser") and not stack.late:
            stack.keep()
            stack.cancel()

    stack.emulator.on_call = keep_and_cancel
    with pytest.raises(DeploymentFailedError):
        stack.deploy(AFTER)
    return stack


@pytest.mark.parametrize("step", [entry.begin, entry.advance], ids=["delivered", "asked"])
def test_an_old_request_in_the_middle_of_a_third_deployment_is_stopped(
    late: LateStack, step: entry.Step
) -> None:
    refused: list[str] = []

    def send_late(phase: str, call: Any) -> None:
        if (phase, call.operation) != ("after", "UpdateUser") or refused:
            return
        refused.append("")
        writes = len(late.emulator.writes)
        current = late.current
        with pytest.raises(DeploymentFailedError) as error:
            late.invoke(late.late or {}, step)
        late.current = current
        refused[0] = str(error.value)
        assert writes == len(late.emulator.writes)

    late.emulator.on_call = send_late
    late.deploy(THIRD)

    assert refused[0].startswith("overtaken, nothing more is written: ")
    assert_equals(take_picture(late), THIRD)


def test_an_old_request_that_comes_when_nothing_is_done_is_refused(late: LateStack) -> None:
    with pytest.raises(DeploymentFailedError, match="the stack is UPDATE_ROLLBACK_COMPLETE"):
        late.invoke(late.late or {}, entry.begin)

    assert_equals(take_picture(late), BEFORE)


def begin_update(stack: Stack, wanted: Organization, logical_id: str) -> dict[str, Any]:
    """Begin to update one resource; return what its waiter is asked."""
    (resource,) = [
        each
        for each in list_resources(wanted, owner=stack.name, s3=stack.s3)
        if each.logical_id == logical_id
    ]
    resource.properties["OrganizationId"] = stack.organization_id
    deployed = stack.deployed[logical_id]
    stack.cloudformation.status = "UPDATE_IN_PROGRESS"
    event = stack.make_event("Update", resource, deployed.resource, deployed.physical_id)
    return {**event, **stack.invoke(event, entry.begin)}


def test_nobody_is_taken_away_while_cloudformation_does_not_answer(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE, BOB))
    asked = begin_update(stack, make_organization(BOB), "Removals")
    stack.cloudformation.status = None
    silent = stack.invoke(asked, entry.advance)
    kept = take_picture(stack).enabled
    stack.cloudformation.status = "UPDATE_IN_PROGRESS"
    answered = stack.invoke(asked, entry.advance)

    assert (False, {"alice", "bob"}) == (silent["IsComplete"], kept)
    assert (True, {"bob"}) == (answered["IsComplete"], take_picture(stack).enabled)


@pytest.mark.parametrize("part", ["acmeexampleDomain", "MailboxPermissions", "Organization"])
def test_nothing_is_taken_away_while_cloudformation_does_not_answer(
    stack: Stack, part: str
) -> None:
    stack.deploy(replace(BEFORE, on_removal=OnRemoval(organization=Removal.DELETE)))
    deployed = stack.deployed[part]
    stack.cloudformation.status = "DELETE_IN_PROGRESS"
    event = stack.make_event("Delete", deployed.resource, physical_id=deployed.physical_id)
    asked = {**event, **stack.invoke(event, entry.begin)}
    stack.cloudformation.status = None
    stack.emulator.clear_calls()
    answer = stack.invoke(asked, entry.advance)

    assert not answer["IsComplete"]
    assert [] == list_writes(stack)


def test_what_only_adds_goes_on_while_cloudformation_does_not_answer(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE))
    wanted = make_organization(ALICE, make_group("sales", "alice"))
    asked = begin_update(stack, wanted, "Groups")
    stack.cloudformation.status = None
    answer = stack.invoke(asked, entry.advance)

    assert answer["IsComplete"]
    assert_equals(take_picture(stack), wanted)
