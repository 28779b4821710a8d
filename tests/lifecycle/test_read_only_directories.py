"""AD Connector: users and groups are made elsewhere and only enabled here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, Stack
from scenes import (
    at,
    list_operations,
    make_group,
    make_organization,
    make_user,
    take_picture,
)
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.organization import Organization, Passwords
from workmail_org.model.removal import OnRemoval, Removal

ALICE = make_user("alice", display_name=None)
BOB = make_user("bob", display_name=None)
SALES = make_group("sales")
DELETE = OnRemoval(users=Removal.DELETE, groups=Removal.DELETE)


@pytest.fixture
def directory(stack: Stack) -> Directory:
    """A directory with two people and a group."""
    directory_id = stack.emulator.add_directory(
        {
            "region": "eu-west-1",
            "kind": "ADConnector",
            "name": "corp.example",
            "users": [{"Name": "alice", "DisplayName": "Alice"}, {"Name": "bob"}],
            "groups": [{"Name": "sales", "Members": ["alice"]}],
        }
    )
    return Directory(
        type=DirectoryType.EXISTING, directory_id=directory_id, kind=DirectoryType.AD_CONNECTOR
    )


def connect(directory: Directory, *entities: Any, **fields: Any) -> Organization:
    organization = make_organization(*entities, passwords=Passwords.NONE, **fields)
    return replace(organization, directory=directory)


def test_who_is_there_is_switched_on_and_nothing_is_written_to_the_directory(
    stack: Stack, directory: Directory
) -> None:
    stack.deploy(connect(directory, replace(ALICE, aliases=(at("al"),), quota_megabytes=9), SALES))
    written = {
        call.operation
        for call in stack.emulator.writes
        if call.operation not in ("CreateOrganization", "TagResource", "RegisterMailDomain")
    }

    assert {"RegisterToWorkMail", "CreateAlias", "UpdateMailboxQuota"} == written - {
        "UpdateDefaultMailDomain"
    }
    assert {"alice", "group:sales"} == take_picture(stack).enabled


def test_who_is_declared_later_is_switched_on_too(stack: Stack, directory: Directory) -> None:
    stack.deploy(connect(directory, ALICE))
    stack.deploy(connect(directory, ALICE, BOB, SALES))

    assert {"alice", "bob", "group:sales"} == take_picture(stack).enabled


def test_who_is_not_there_is_refused_with_what_to_do(stack: Stack, directory: Directory) -> None:
    stack.deploy(connect(directory, ALICE))
    stack.emulator.clear_calls()
    missing = make_user("carol", display_name=None)
    with pytest.raises(DeploymentFailedError, match="'carol' is not in the directory: create it"):
        stack.deploy(connect(directory, ALICE, missing))

    assert [] == list_operations(stack)


def test_deleting_is_switching_off(stack: Stack, directory: Directory) -> None:
    stack.deploy(connect(directory, ALICE, BOB, SALES, on_removal=DELETE))
    before = take_picture(stack)
    stack.deploy(connect(directory, ALICE, on_removal=DELETE))
    after = take_picture(stack)

    assert (before.ids, {"alice"}) == (after.ids, after.enabled)


def test_who_was_switched_on_by_hand_is_not_taken_over(stack: Stack, directory: Directory) -> None:
    stack.deploy(connect(directory, ALICE))
    scope = {"OrganizationId": stack.organization_id}
    stack.workmail.register_to_work_mail(
        **scope, EntityId=take_picture(stack).ids["bob"], Email=at("bobby")
    )
    with pytest.raises(DeploymentFailedError, match="user 'bob' exists already"):
        stack.deploy(connect(directory, ALICE, BOB))

    assert at("bobby") in take_picture(stack).addresses
