from __future__ import annotations

from dataclasses import replace

import pytest

from cloudformation import Stack
from scenes import (
    assert_equals,
    at,
    list_operations,
    make_group,
    make_organization,
    make_user,
    take_picture,
)
from workmail_org.model.organization import Organization
from workmail_org.model.removal import OnRemoval, Removal

ALICE = make_user("alice")
BOB = make_user("bob")
PEOPLE = (ALICE, BOB)

STATES: dict[str, list[Organization]] = {
    "members come and go": [
        make_organization(*PEOPLE, make_group("sales", "alice")),
        make_organization(*PEOPLE, make_group("sales", "bob")),
        make_organization(*PEOPLE, make_group("sales")),
    ],
    "groups within groups turn over": [
        make_organization(*PEOPLE, make_group("a", "group:b"), make_group("b", "alice")),
        make_organization(*PEOPLE, make_group("a", "alice"), make_group("b", "group:a")),
        make_organization(*PEOPLE, make_group("a", "group:b"), make_group("b", "alice")),
    ],
    "a circle of three turns round": [
        make_organization(make_group("a", "group:b"), make_group("b", "group:c"), make_group("c")),
        make_organization(make_group("a"), make_group("b", "group:a"), make_group("c", "group:b")),
    ],
    "a member is switched off and on": [
        make_organization(*PEOPLE, make_group("sales", "alice", "bob")),
        make_organization(ALICE, replace(BOB, enabled=False), make_group("sales", "alice", "bob")),
        make_organization(*PEOPLE, make_group("sales", "alice", "bob")),
    ],
    "a member leaves the spec and comes back as one": [
        make_organization(*PEOPLE, make_group("sales", "alice", "bob")),
        make_organization(ALICE, make_group("sales", "alice")),
        make_organization(*PEOPLE, make_group("sales", "alice", "bob")),
    ],
    "somebody who was a member comes back as none": [
        make_organization(*PEOPLE, make_group("sales", "alice", "bob")),
        make_organization(ALICE, make_group("sales", "alice")),
        make_organization(*PEOPLE, make_group("sales", "alice")),
    ],
    "a member leaves a group while it is switched off": [
        make_organization(*PEOPLE, make_group("sales", "alice", "bob")),
        make_organization(ALICE, replace(BOB, enabled=False), make_group("sales", "alice")),
        make_organization(*PEOPLE, make_group("sales", "alice")),
    ],
    "a group comes, is hidden, gets another address, goes, comes back": [
        make_organization(ALICE),
        make_organization(ALICE, make_group("sales", "alice")),
        make_organization(ALICE, make_group("sales", hidden_from_global_address_list=True)),
        make_organization(ALICE, make_group("sales", email=at("sell"), aliases=(at("sales"),))),
        make_organization(ALICE),
        make_organization(ALICE, make_group("sales", "alice")),
    ],
    "a group that was a member goes": [
        make_organization(make_group("all", "group:sales"), make_group("sales")),
        make_organization(make_group("all")),
    ],
}


@pytest.mark.parametrize("states", STATES.values(), ids=STATES.keys())
def test_each_state_is_reached_from_the_one_before(
    stack: Stack, states: list[Organization]
) -> None:
    for organization in states:
        stack.deploy(organization)
        assert_equals(take_picture(stack), organization)


def test_a_group_that_left_the_spec_is_deleted(stack: Stack) -> None:
    stack.deploy(make_organization(make_group("sales")))
    stack.deploy(make_organization())

    assert {} == take_picture(stack).ids


def test_a_group_is_only_switched_off_by_the_word_disable(stack: Stack) -> None:
    words = OnRemoval(groups=Removal.DISABLE)
    stack.deploy(make_organization(make_group("sales"), on_removal=words))
    before = take_picture(stack)
    stack.deploy(make_organization(on_removal=words))
    after = take_picture(stack)
    stack.deploy(make_organization(make_group("sales"), on_removal=words))

    assert (before.ids, set[str]()) == (after.ids, after.enabled)
    assert before == take_picture(stack)


def test_a_group_stays_by_the_word_retain(stack: Stack) -> None:
    words = OnRemoval(groups=Removal.RETAIN)
    stack.deploy(make_organization(ALICE, make_group("sales", "alice"), on_removal=words))
    before = take_picture(stack)
    stack.deploy(make_organization(ALICE, on_removal=words))

    assert before == take_picture(stack)


def test_members_are_a_set(stack: Stack) -> None:
    group = make_group("sales", "alice", "bob")
    stack.deploy(make_organization(*PEOPLE, group))
    stack.emulator.clear_calls()
    stack.deploy(make_organization(*PEOPLE, replace(group, members=group.members[::-1])))

    assert [] == list_operations(stack)
