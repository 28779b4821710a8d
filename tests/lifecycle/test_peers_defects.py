"""Defects seen in tools for the same or a neighbouring job; none of them is here."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest

from cloudformation import DeploymentFailedError, Stack
from scenes import (
    assert_equals,
    list_operations,
    make_emulator,
    make_group,
    make_organization,
    make_user,
    take_picture,
)
from workmail_emulator.faults import Fault
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.wire.names import MAX_RESPONSE_BYTES

ALICE = make_user("alice")
BOB = make_user("bob")


def test_a_new_display_name_replaces_nobody(stack: Stack) -> None:
    """Seen in gothub and supabase-on-aws: they replaced a user, with the mailbox, for a typo."""
    stack.deploy(make_organization(ALICE))
    before = take_picture(stack)
    stack.emulator.clear_calls()
    stack.deploy(make_organization(replace(ALICE, display_name="Alice L.")))

    assert ["UpdateUser"] == list_operations(stack)
    assert before.mailboxes == take_picture(stack).mailboxes


def test_an_update_does_not_recreate_the_organization(stack: Stack) -> None:
    """Seen in supabase-on-aws: it made the organization anew on every update of its resource."""
    stack.deploy(make_organization(ALICE))
    before = stack.organization_id
    stack.deploy(make_organization(ALICE, BOB, tags={"team": "mail"}))
    operations = [call.operation for call in stack.emulator.calls]

    assert before == stack.organization_id
    assert 1 == operations.count("CreateOrganization")
    assert 0 == operations.count("DeleteOrganization")


def test_an_update_resets_no_password(stack: Stack) -> None:
    """Seen in gfnogueira: its provider called ResetPassword on every update of a user."""
    stack.deploy(make_organization(ALICE))
    secrets = dict(stack.secrets.values)
    stack.emulator.clear_calls()
    stack.deploy(make_organization(replace(ALICE, city="Bonn")))

    assert "ResetPassword" not in list_operations(stack)
    assert secrets == stack.secrets.values


def test_an_error_is_not_swallowed(stack: Stack) -> None:
    """Seen in nuxeo and awspunk: they logged errors and answered success."""
    stack.emulator.faults.add(Fault(operation="CreateUser", code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="user alice: CreateUser failed with Final"):
        stack.deploy(make_organization(ALICE))


def test_the_second_page_of_a_list_is_read() -> None:
    """Seen in gfnogueira, nuxeo and awspunk: they read the first page only."""
    stack = Stack(make_emulator(page_size=2))
    people = [make_user(f"user{number}") for number in range(7)]
    organization = make_organization(*people, make_group("all", *(user.name for user in people)))
    stack.deploy(organization)
    stack.emulator.clear_calls()
    deployed = stack.deployed["Users"]
    stack.send(
        "Update",
        deployed.resource,
        previous=deployed.resource,
        physical_id=deployed.physical_id,
    )

    assert [] == list_operations(stack)
    assert_equals(take_picture(stack), organization)


def test_no_password_is_in_a_log_or_in_what_cloudformation_keeps(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    """Seen in nuxeo, WorkmailOrgUserStack and awspunk: passwords in logs and files."""
    caplog.set_level(logging.DEBUG, logger="workmail_org")
    stack.deploy(make_organization(ALICE, BOB))
    passwords = [
        password for text in stack.secrets.values.values() for password in json.loads(text).values()
    ]
    kept = json.dumps(
        [(each.resource.properties, dict(each.attributes)) for each in stack.deployed.values()]
    )

    assert 2 == len(passwords)
    assert [] == [each for each in passwords if each in kept or each in caplog.text]


def test_a_wait_has_an_end(stack: Stack) -> None:
    """Seen in gothub: it waited permanently; users of crhelper waited for CloudFormation's hour."""
    stack.emulator.faults.add(
        Fault(operation="RegisterToWorkMail", times=0, code="ThrottlingException", status=400)
    )
    started = stack.emulator.clock.now()
    with pytest.raises(DeploymentFailedError, match="not finished after"):
        stack.deploy(make_organization(ALICE))

    assert stack.emulator.clock.now() - started < 60 * 60


def test_destroying_a_stack_loses_no_mailbox(stack: Stack) -> None:
    """Seen in gothub and garrettdotdev: the organization went with whoever was in it."""
    stack.deploy(make_organization(ALICE))
    stack.destroy()

    assert {"kept"} == {mailbox.status for mailbox in stack.emulator.mailboxes}


def test_an_organization_is_never_deleted_by_force(stack: Stack) -> None:
    """Seen in gothub and garrettdotdev: they sent ForceDelete unless told otherwise."""
    words = OnRemoval(users=Removal.DELETE, organization=Removal.DELETE)
    stack.deploy(make_organization(ALICE, on_removal=words))
    stack.destroy()
    forced = [
        call.parameters["ForceDelete"]
        for call in stack.emulator.calls
        if call.operation == "DeleteOrganization"
    ]

    assert [False] == forced


def test_a_group_keeps_its_id_when_its_members_change(stack: Stack) -> None:
    """Seen in pelamfi: its sync deleted a group to change its members."""
    stack.deploy(make_organization(ALICE, BOB, make_group("sales", "alice")))
    before = take_picture(stack).ids["group:sales"]
    stack.emulator.clear_calls()
    stack.deploy(make_organization(ALICE, BOB, make_group("sales", "bob")))

    assert before == take_picture(stack).ids["group:sales"]
    assert ["AssociateMemberToGroup", "DisassociateMemberFromGroup"] == sorted(
        list_operations(stack)
    )


def test_members_are_no_resources_of_their_own(stack: Stack) -> None:
    """Seen in googleworkspace#147 and okta#2145: groups times users calls."""
    people = [make_user(f"user{number}") for number in range(20)]
    organization = make_organization(*people, make_group("all", *(user.name for user in people)))
    stack.deploy(organization)

    assert ["Users", "Groups", "Resources"] == [
        name for name in stack.deployed if name in ("Users", "Groups", "Resources")
    ]
    assert 8 == len(stack.deployed)


def test_a_reason_with_hundreds_of_failures_fits_into_cloudformations_answer(stack: Stack) -> None:
    """Seen in aws-cdk#23958, #28498: a reason over 4096 bytes hid the error, and the stack hung."""
    stack.emulator.faults.add(
        Fault(operation="CreateUser", times=0, code="Final", status=400, message="é" * 400)
    )
    people = [make_user(f"user{number}") for number in range(60)]
    with pytest.raises(DeploymentFailedError) as failed:
        stack.deploy(make_organization(*people))

    assert len(str(failed.value).encode()) < MAX_RESPONSE_BYTES


def test_a_failed_update_does_not_change_the_physical_id(stack: Stack) -> None:
    """Seen in aws-cdk#30012, #4458: a new id, and CloudFormation deleted what it stood for."""
    stack.deploy(make_organization(ALICE))
    before = {name: each.physical_id for name, each in stack.deployed.items()}
    stack.emulator.faults.add(Fault(operation="CreateUser", code="Final", status=400))
    with pytest.raises(DeploymentFailedError):
        stack.deploy(make_organization(ALICE, BOB))

    assert before == {name: each.physical_id for name, each in stack.deployed.items()}


def test_a_delete_for_a_creation_that_never_was_succeeds(stack: Stack) -> None:
    """Seen in aws-lambda-go#237: the delete after a failed create came with an id nobody knew."""
    stack.deploy(make_organization(ALICE))
    users = stack.deployed["Users"].resource
    stack.ledger.entries.clear()
    stack.emulator.clear_calls()
    stack.send("Delete", users, physical_id="never-made")

    assert [] == list_operations(stack)
