"""What a stack found and did not make, it never deletes: organizations and directories."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, Resource, RollbackFailedError, Stack
from scenes import make_emulator, make_group, make_organization, make_user
from workmail_emulator.errors import ServiceFault
from workmail_emulator.faults import Fault
from workmail_org.handlers import organizations
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.service.reading import read_organization
from workmail_org.wire.encoding import encode_properties
from workmail_org.wire.properties import DirectoryProperties, ResourceType

ALICE = make_user("alice")
GONE = OnRemoval(organization=Removal.DELETE, directory=Removal.DELETE)
GONE_BUT_DOMAINS = replace(GONE, domains=Removal.RETAIN)
"""People who were found keep their addresses, so the domain has to stay."""
EMPTY = make_organization(on_removal=GONE)
DIRECTORY = Directory(
    type=DirectoryType.SIMPLE_AD,
    name="corp.acme.example",
    size="small",
    vpc_id="vpc-0123456789abcdef0",
    subnet_ids=("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
)


@pytest.fixture
def again(stack: Stack) -> Stack:
    """A second stack of the same name: the first was destroyed, and left its organization."""
    stack.deploy(make_organization(ALICE))
    stack.destroy()
    stack.emulator.clear_calls()
    return Stack(stack.emulator)


def fail_domain(stack: Stack) -> None:
    """Let the next domain fail."""
    stack.emulator.faults.add(Fault(operation="RegisterMailDomain", code="Final", status=400))


def find_state(stack: Stack) -> str:
    """Return the state of the only organization."""
    (organization,) = stack.workmail.list_organizations()["OrganizationSummaries"]
    return organization["State"]


def assert_alice_is_kept(stack: Stack) -> None:
    """Check that the organization lives with its mailbox, and that nobody tried to delete it."""
    (mailbox,) = [each for each in stack.emulator.mailboxes if each.name == "alice"]

    assert "Active" == find_state(stack)
    assert mailbox.status in ("active", "kept")
    assert "DeleteOrganization" not in [call.operation for call in stack.emulator.calls]


def test_an_organization_found_again_survives_the_rollback_of_its_stack(
    again: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="workmail_org")
    fail_domain(again)
    with pytest.raises(DeploymentFailedError, match="Final"):
        again.deploy(make_organization(ALICE, on_removal=GONE))

    assert {} == again.deployed
    assert_alice_is_kept(again)
    assert "organization stays" in caplog.text
    assert "aws workmail delete-organization --organization-id m-" in caplog.text


def test_an_organization_found_again_survives_its_stack(again: Stack) -> None:
    again.deploy(make_organization(ALICE, on_removal=GONE_BUT_DOMAINS))
    again.destroy()

    assert {} == again.deployed
    assert_alice_is_kept(again)


def test_an_organization_found_again_survives_a_stack_whose_rollback_failed(again: Stack) -> None:
    refused: list[str] = []

    def refuse(phase: str, call: Any) -> None:
        # The creation, and then its rollback.
        if phase == "before" and call.operation in ("CreateGroup", "DeregisterFromWorkMail"):
            refused.append(call.operation)
            raise ServiceFault("Final", "no")

    again.emulator.on_call = refuse
    wanted = make_organization(
        ALICE, make_user("bob"), make_group("sales"), on_removal=GONE_BUT_DOMAINS
    )
    with pytest.raises(RollbackFailedError):
        again.deploy(wanted)
    again.emulator.on_call = None
    status = again.cloudformation.status
    again.destroy()

    assert ["CreateGroup", "DeregisterFromWorkMail"] == refused[:2]
    assert ("ROLLBACK_FAILED", {}) == (status, again.deployed)
    assert_alice_is_kept(again)


def test_an_organization_made_by_a_deployment_that_fails_is_deleted(stack: Stack) -> None:
    fail_domain(stack)
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(EMPTY)

    assert find_state(stack) in ("Deleting", "Deleted")


def test_an_organization_that_never_was_active_is_deleted_when_its_creation_is_cancelled() -> None:
    stack = Stack(make_emulator(instant=False))
    states: list[str] = []

    def cancel(phase: str, call: Any) -> None:
        if (phase, call.operation) == ("after", "DescribeOrganization") and not states:
            states.append(find_state(stack))
            stack.cancel()

    stack.emulator.on_call = cancel
    with pytest.raises(DeploymentFailedError, match=r"overtaken|was cancelled"):
        stack.deploy(EMPTY)

    assert ["Requested"] == states
    assert find_state(stack) == "Deleted"


def test_an_organization_whose_creation_was_not_answered_was_made_all_the_same(
    stack: Stack,
) -> None:
    """The second try has the same token, and is told of the organization of the first."""
    stack.emulator.faults.add(Fault(operation="CreateOrganization", when="after", answer="lost"))
    fail_domain(stack)
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(EMPTY)

    assert find_state(stack) in ("Deleting", "Deleted")


def test_an_active_organization_without_a_date_is_not_deleted(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.deploy(make_organization(ALICE, on_removal=GONE))

    def forget_the_date(workmail: Any) -> Any:
        live = read_organization(workmail)
        return replace(live, completed=None) if live else None

    monkeypatch.setattr(organizations, "read_organization", forget_the_date)
    stack.destroy()

    assert_alice_is_kept(stack)


def make_directory(stack: Stack, removal: Removal) -> Resource:
    properties = DirectoryProperties(
        alias="acme",
        owner=stack.name,
        directory=DIRECTORY,
        admin_password_secret_arn="admin",
        on_removal=removal,
    )
    stack.secrets.values["admin"] = "S3cret-enough"
    return Resource("Directory", ResourceType.DIRECTORY, encode_properties(properties))


def list_stages(stack: Stack) -> list[str]:
    (region,) = stack.emulator.state()["regions"].values()
    return [each["stage"] for each in region["directories"].values()]


def test_a_directory_found_again_survives_the_rollback_and_the_end_of_its_stack(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="workmail_org")
    stack.emulator.clock.advance(1)
    made, _ = stack.send("Create", make_directory(stack, Removal.RETAIN))
    again = Stack(stack.emulator)
    resource = make_directory(again, Removal.DELETE)
    for status in ("ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"):
        again.cloudformation.status = "CREATE_IN_PROGRESS"
        found, _ = again.send("Create", resource)
        again.cloudformation.status = status
        again.send("Delete", resource, physical_id=found)
        assert made == found

    assert ["Active"] == list_stages(stack)
    assert f"aws ds delete-directory --directory-id {made}" in caplog.text


def test_a_directory_that_its_stack_made_is_deleted_with_it(stack: Stack) -> None:
    stack.emulator.clock.advance(1)
    resource = make_directory(stack, Removal.DELETE)
    made, _ = stack.send("Create", resource)
    stack.cloudformation.status = "ROLLBACK_IN_PROGRESS"
    stack.send("Delete", resource, physical_id=made)

    assert "Active" not in list_stages(stack)
