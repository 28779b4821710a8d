from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloudformation import Deployed, Resource, Stack
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
from workmail_org.handlers import entry
from workmail_org.kinds import KINDS
from workmail_org.wire.properties import ResourceType

ALICE = make_user("alice", aliases=(at("al"),))
BOB = make_user("bob")
BEFORE = make_organization(ALICE, BOB, make_group("sales", "alice"))
AFTER = make_organization(
    replace(ALICE, email=at("bob"), aliases=()),
    replace(BOB, email=at("al"), city="Bonn"),
    make_user("carol"),
    make_group("sales", "carol", email=at("alice")),
    make_group("support"),
)


def test_every_event_delivered_three_times_leads_to_the_same_end(stack: Stack) -> None:
    stack.deliveries = 3
    for organization in (BEFORE, AFTER, BEFORE):
        stack.deploy(organization)
        assert_equals(take_picture(stack), organization)
    stack.destroy()

    assert {} == stack.deployed


def test_a_create_that_arrives_again_later_makes_nothing_twice(stack: Stack) -> None:
    stack.deploy(BEFORE)
    before = take_picture(stack)
    stack.emulator.clear_calls()
    for deployed in _list_deployed(stack, but="Organization"):
        physical_id, _ = stack.send("Create", deployed.resource)
        assert deployed.physical_id == physical_id

    assert [] == list_operations(stack)
    assert before == take_picture(stack)


def test_a_create_of_the_organization_that_arrives_again_finds_it(stack: Stack) -> None:
    stack.deploy(BEFORE)
    deployed = stack.deployed["Organization"]
    physical_id, _ = stack.send("Create", deployed.resource)

    assert deployed.physical_id == physical_id
    assert 1 == list_operations(stack).count("CreateOrganization")


def test_a_create_of_the_organization_repeated_before_it_is_active_makes_one() -> None:
    stack = Stack(make_emulator(instant=False))
    resource = Resource("Organization", ResourceType.ORGANIZATION, {"Alias": "acme", "Owner": "o"})
    event = stack.make_event("Create", resource, request_id="one")
    answers = [stack.invoke(event, entry.begin) for _ in range(3)]

    assert 1 == len({answer["PhysicalResourceId"] for answer in answers})
    assert 1 == len(stack.workmail.list_organizations()["OrganizationSummaries"])


@pytest.mark.parametrize("reverse", [False, True], ids=["in order", "reversed"])
def test_an_update_may_arrive_again_after_the_next_one(stack: Stack, reverse: bool) -> None:
    stack.deploy(BEFORE)
    old = {name: each.resource for name, each in stack.deployed.items()}
    stack.deploy(AFTER)
    new = {name: each.resource for name, each in stack.deployed.items()}
    pairs = [(old, new), (new, old)] if reverse else [(new, old), (old, new), (new, old)]
    for previous, desired in pairs:
        for name in ("Users", "Groups", "Removals"):
            stack.send(
                "Update",
                desired[name],
                previous=previous[name],
                physical_id=stack.deployed[name].physical_id,
            )

    assert_equals(take_picture(stack), BEFORE)


def test_a_delete_of_what_is_gone_succeeds(stack: Stack) -> None:
    stack.deploy(BEFORE)
    gone = list(reversed(_list_deployed(stack)))
    stack.destroy()
    for deployed in gone:
        physical_id, _ = stack.send("Delete", deployed.resource, physical_id=deployed.physical_id)
        assert deployed.physical_id == physical_id


def test_a_delete_in_an_organization_that_is_gone_succeeds(stack: Stack) -> None:
    stack.deploy(BEFORE)
    stack.workmail.delete_organization(
        OrganizationId=stack.organization_id, DeleteDirectory=True, ForceDelete=True
    )
    for deployed in reversed(_list_deployed(stack)):
        stack.send("Delete", deployed.resource, physical_id=deployed.physical_id)


def test_physical_ids_never_change(stack: Stack) -> None:
    stack.deploy(BEFORE)
    before = {name: each.physical_id for name, each in stack.deployed.items()}
    stack.deploy(AFTER)
    after = {name: each.physical_id for name, each in stack.deployed.items()}
    organization_id = stack.organization_id

    assert before == after
    assert {
        "Organization": organization_id,
        "acmeexampleDomain": f"{organization_id}/domains/acme.example",
        "DefaultDomain": f"{organization_id}/default-domain",
        "Users": f"{organization_id}/users",
        "Groups": f"{organization_id}/groups",
        "MailboxPermissions": f"{organization_id}/permissions",
        "Removals": f"{organization_id}/removals",
        "Resources": f"{organization_id}/resources",
    } == after


def test_properties_of_another_version_are_passed_over(stack: Stack) -> None:
    stack.deploy(BEFORE)
    for deployed in _list_deployed(stack):
        later = replace_properties(deployed.resource, NewInTheNextRelease="x")
        stack.send("Update", later, previous=deployed.resource, physical_id=deployed.physical_id)

    assert_equals(take_picture(stack), BEFORE)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"ResourceType": "Custom::Else"}, "this is not a request for a resource of this project"),
        ({"RequestType": "Refresh"}, "this is not a request for a resource of this project"),
        ({"ResourceProperties": {}}, "UsersProperties: TestDomain missing"),
        (
            {"ResourceProperties": {"TestDomain": "x", "Users": []}},
            "UsersProperties.Users: expected dict, found list",
        ),
    ],
)
def test_an_event_that_cannot_be_decoded_is_refused_with_the_place(
    stack: Stack, broken: dict[str, Any], reason: str
) -> None:
    event = stack.make_event("Create", Resource("Users", ResourceType.USERS, {}))
    with pytest.raises(Exception, match=reason):
        stack.invoke({**event, **broken}, entry.begin)


def test_every_resource_type_with_properties_has_a_lifecycle() -> None:
    assert set(KINDS) == set(entry.LIFECYCLES)


def _list_deployed(stack: Stack, *, but: str = "") -> list[Deployed]:
    return [each for name, each in stack.deployed.items() if name != but]


def replace_properties(resource: Resource, **properties: str) -> Resource:
    return Resource(resource.logical_id, resource.type, {**resource.properties, **properties})
