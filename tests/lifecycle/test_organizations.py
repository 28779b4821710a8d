from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, Stack
from scenes import list_operations, make_emulator, make_group, make_organization, make_user
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.organization import Organization
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.values import OrganizationId
from workmail_org.wire.names import OWNER_TAG

ALICE = make_user("alice")
EMPTY = make_organization()
ELSEWHERE = Directory(type=DirectoryType.EXISTING, directory_id="d-9067000000")
KEY = "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"
GONE = OnRemoval(organization=Removal.DELETE, directory=Removal.DELETE)


def get_tags(stack: Stack) -> dict[str, str]:
    arn = describe(stack)["ARN"]
    answer = stack.workmail.list_tags_for_resource(ResourceARN=arn)
    return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}


def describe(stack: Stack) -> dict[str, Any]:
    answer = stack.workmail.describe_organization(OrganizationId=stack.organization_id)
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def test_creating_waits_until_it_is_active() -> None:
    stack = Stack(make_emulator(instant=False))
    stack.deploy(replace(EMPTY, domains=()))

    assert "Active" == describe(stack)["State"]


def test_its_attributes_are_those_of_the_live_one(stack: Stack) -> None:
    stack.deploy(EMPTY)
    live = describe(stack)

    assert {"Arn": live["ARN"], "DirectoryId": live["DirectoryId"]} == dict(
        stack.deployed["Organization"].attributes
    )


def test_tags_follow_the_spec_and_others_stay(stack: Stack) -> None:
    stack.deploy(replace(EMPTY, tags={"team": "platform", "cost": "1"}))
    stack.workmail.tag_resource(
        ResourceARN=describe(stack)["ARN"], Tags=[{"Key": "mine", "Value": "yes"}]
    )
    stack.deploy(replace(EMPTY, tags={"team": "mail"}))

    assert {"team": "mail", "mine": "yes", OWNER_TAG: "test-acme"} == get_tags(stack)


def test_a_tag_set_by_hand_survives_a_refused_update_that_names_it(stack: Stack) -> None:
    stack.deploy(EMPTY)
    tag = {"Key": "mine", "Value": "yes"}
    stack.workmail.tag_resource(ResourceARN=describe(stack)["ARN"], Tags=[tag])
    with pytest.raises(DeploymentFailedError, match="alias of an organization cannot change"):
        stack.deploy(replace(EMPTY, alias="other", tags={"mine": "no"}))

    assert {"mine": "yes", OWNER_TAG: "test-acme"} == get_tags(stack)


CHANGED: dict[str, tuple[Organization, str]] = {
    "alias": (replace(EMPTY, alias="other"), "alias of an organization cannot change"),
    "directory": (
        replace(EMPTY, directory=ELSEWHERE),
        "directory of an organization cannot change",
    ),
    "key": (replace(EMPTY, kms_key_arn=KEY), "kms_key_arn of an organization cannot change"),
    "interoperability": (
        replace(EMPTY, interoperability=True),
        "interoperability of an organization cannot change",
    ),
    "existing": (
        replace(EMPTY, existing=OrganizationId("m-00000000000000000000000000000000")),
        "existing of an organization cannot change",
    ),
}


@pytest.mark.parametrize(("after", "reason"), CHANGED.values(), ids=CHANGED.keys())
def test_what_is_immutable_is_refused_before_anything_is_written(
    stack: Stack, after: Organization, reason: str
) -> None:
    stack.deploy(EMPTY)
    before = describe(stack)
    stack.emulator.clear_calls()
    with pytest.raises(DeploymentFailedError, match=reason):
        stack.deploy(after)

    assert [] == list_operations(stack)
    assert before == describe(stack)
    stack.deploy(replace(EMPTY, tags={"still": "works"}))


def test_taking_the_key_away_is_refused(stack: Stack) -> None:
    stack.deploy(replace(EMPTY, kms_key_arn=KEY))
    with pytest.raises(DeploymentFailedError, match="kms_key_arn of an organization cannot"):
        stack.deploy(EMPTY)


def test_destroying_retains_organization_directory_and_mailboxes(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE))
    organization_id = stack.organization_id
    stack.destroy()
    (mailbox,) = stack.emulator.mailboxes
    answer = stack.workmail.describe_organization(OrganizationId=organization_id)

    assert ("Active", "kept") == (answer["State"], mailbox.status)


def test_after_destroying_it_is_found_again_with_its_mailboxes(stack: Stack) -> None:
    organization = make_organization(ALICE, make_group("sales", "alice"))
    stack.deploy(organization)
    organization_id = stack.organization_id
    stack.destroy()
    again = Stack(stack.emulator)
    again.deploy(organization)
    (mailbox,) = stack.emulator.mailboxes

    assert organization_id == again.organization_id
    assert "active" == mailbox.status


def test_found_again_it_must_be_what_the_spec_says(stack: Stack) -> None:
    stack.deploy(EMPTY)
    stack.destroy()
    with pytest.raises(DeploymentFailedError, match="kms_key_arn of an organization cannot"):
        Stack(stack.emulator).deploy(replace(EMPTY, kms_key_arn=KEY))


def test_by_the_word_delete_everything_goes() -> None:
    stack = Stack(make_emulator(instant=False, verified=["acme.example"]))
    stack.deploy(make_organization(ALICE, on_removal=GONE))
    organization_id = stack.organization_id
    stack.destroy()
    answer = stack.workmail.describe_organization(OrganizationId=organization_id)
    (region,) = stack.emulator.state()["regions"].values()

    assert "Deleted" == answer["State"]
    assert ["Deleting"] == [d["stage"] for d in region["directories"].values()]


def test_people_who_come_while_a_stack_goes_stop_its_deletion_at_once(stack: Stack) -> None:
    """Whoever was there before stops it earlier (test_ending.py)."""
    words = replace(GONE, domains=Removal.RETAIN)
    stack.deploy(make_organization(ALICE, on_removal=words))
    come = {"OrganizationId": stack.organization_id, "Name": "late", "DisplayName": "Late"}

    def interrupt(now: str, call: Any) -> None:
        if now == "before" and call.operation == "DeleteOrganization":
            stack.emulator.on_call = None
            made = stack.workmail.create_user(**come)["UserId"]
            stack.workmail.register_to_work_mail(
                OrganizationId=stack.organization_id, EntityId=made, Email="late@acme.awsapps.com"
            )

    stack.emulator.on_call = interrupt
    started = stack.emulator.clock.now()
    with pytest.raises(DeploymentFailedError, match=r"has enabled users .*: late; disable them"):
        stack.destroy()

    assert "Active" == describe(stack)["State"]
    assert stack.emulator.clock.now() - started < 60


def test_an_organization_deleted_by_hand_is_gone_on_delete(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE, make_group("sales")))
    stack.workmail.delete_organization(
        OrganizationId=stack.organization_id, DeleteDirectory=False, ForceDelete=True
    )
    stack.destroy()

    assert {} == stack.deployed


def test_an_organization_deleted_by_hand_fails_an_update_at_once(stack: Stack) -> None:
    stack.deploy(EMPTY)
    stack.workmail.delete_organization(
        OrganizationId=stack.organization_id, DeleteDirectory=False, ForceDelete=True
    )
    started = stack.emulator.clock.now()
    with pytest.raises(DeploymentFailedError, match="was deleted, and with it every mailbox"):
        stack.deploy(replace(EMPTY, tags={"a": "b"}))

    assert stack.emulator.clock.now() - started < 60


def test_a_taken_alias_is_explained(stack: Stack) -> None:
    stack.emulator.client("workmail", region="us-east-1").create_organization(Alias="acme")
    with pytest.raises(DeploymentFailedError, match="alias 'acme' is taken: aliases are unique"):
        stack.deploy(EMPTY)


def test_an_organization_of_somebody_else_is_named_and_left_alone(stack: Stack) -> None:
    made = stack.workmail.create_organization(Alias="acme")["OrganizationId"]
    reason = f"organization {made} has the alias 'acme' already .* set existing: {made}"
    with pytest.raises(DeploymentFailedError, match=reason):
        stack.deploy(EMPTY)
    (region,) = stack.emulator.state()["regions"].values()

    assert [made] == list(region["organizations"])


def test_a_failed_creation_is_undone_and_says_why(stack: Stack) -> None:
    stack.emulator.fail_later("CreateOrganization", "the directory is full")
    with pytest.raises(DeploymentFailedError, match=r"could not make.*the directory is full"):
        stack.deploy(replace(EMPTY, on_removal=GONE))
    (region,) = stack.emulator.state()["regions"].values()

    assert ["Deleted"] == [each["state"] for each in region["organizations"].values()]


def test_two_regions_do_not_know_each_other(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE))
    other = Stack(stack.emulator, name="test-acme-us")
    other.deploy(make_organization(make_user("bob"), alias="acme-us", region="us-east-1"))
    users = [
        each.workmail.list_users(OrganizationId=each.organization_id)["Users"]
        for each in (stack, other)
    ]

    assert [["alice"], ["bob"]] == [
        [row["Name"] for row in rows if row["State"] == "ENABLED"] for rows in users
    ]


def test_an_existing_directory_needs_its_own_alias(stack: Stack) -> None:
    directory_id = stack.emulator.add_directory(
        {"region": "eu-west-1", "kind": "SimpleAD", "name": "corp.example", "alias": "corp"}
    )
    directory = Directory(type=DirectoryType.EXISTING, directory_id=directory_id)
    with pytest.raises(DeploymentFailedError, match=r"has the alias 'corp'.* set alias: corp"):
        stack.deploy(replace(EMPTY, directory=directory))
    stack.deploy(replace(EMPTY, directory=directory, alias="corp"))

    assert directory_id == describe(stack)["DirectoryId"]


def test_an_existing_directory_is_never_deleted(stack: Stack) -> None:
    directory_id = stack.emulator.add_directory(
        {"region": "eu-west-1", "kind": "SimpleAD", "name": "corp.example"}
    )
    directory = Directory(type=DirectoryType.EXISTING, directory_id=directory_id)
    stack.deploy(replace(EMPTY, directory=directory, on_removal=GONE))
    stack.destroy()
    (region,) = stack.emulator.state()["regions"].values()

    assert "Active" == region["directories"][directory_id]["stage"]


def test_a_directory_in_use_is_explained(stack: Stack) -> None:
    directory_id = stack.emulator.add_directory(
        {"region": "eu-west-1", "kind": "SimpleAD", "name": "corp.example"}
    )
    directory = Directory(type=DirectoryType.EXISTING, directory_id=directory_id)
    stack.deploy(replace(EMPTY, directory=directory))
    with pytest.raises(
        DeploymentFailedError,
        match="belongs to another organization already: name another directory",
    ):
        Stack(stack.emulator, name="second").deploy(
            replace(EMPTY, directory=directory, alias="acme")
        )


def test_an_organization_that_was_taken_over_is_never_deleted(stack: Stack) -> None:
    made = OrganizationId(stack.workmail.create_organization(Alias="acme")["OrganizationId"])
    taken = replace(EMPTY, existing=made, on_removal=GONE, domains=())
    stack.deploy(taken)
    stack.deploy(replace(taken, existing=None))
    stack.destroy()
    answer = stack.workmail.describe_organization(OrganizationId=made)

    assert "Active" == answer["State"]
