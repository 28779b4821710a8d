from __future__ import annotations

from dataclasses import replace

import pytest

from approving import plan_live
from cloudformation import DeploymentFailedError, Stack
from drifting import Hand
from scenes import (
    assert_equals,
    at,
    list_operations,
    make_group,
    make_organization,
    make_user,
    take_picture,
)
from transitions import erase
from workmail_emulator.faults import Fault
from workmail_org import declaring
from workmail_org.changes.shards import get_shard
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization
from workmail_org.model.policies import Policies
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.values import Listing

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


def test_a_member_group_that_people_switched_off_does_not_stop_a_change_of_another(
    stack: Stack,
) -> None:
    """It is drift, as a user is who was switched off by hand."""
    desk, team = make_group("desk"), make_group("team", "group:desk")
    before = make_organization(make_user("ann"), desk, team, make_group("club"))
    stack.deploy(before)
    hand = Hand(stack)
    hand.do("deregister_from_work_mail", EntityId=hand.find("desk"))
    after = replace(before, groups=(desk, team, make_group("club", "ann")))
    (planned,) = plan_live(stack, before, after).organizations
    stack.emulator.clear_calls()
    stack.deploy(after)

    assert ["AssociateMemberToGroup"] == list_operations(stack)
    assert ["AssociateMemberToGroup group club"] == [
        call.partition(" {")[0] for call in planned.calls
    ]


def test_a_member_group_that_people_switched_off_does_not_stop_the_group_that_is_exclusive(
    stack: Stack,
) -> None:
    """Its list is looked at whenever somebody was switched on or off; the member is left alone."""
    ann, bob = make_user("ann", aliases=(at("x"),)), make_user("bob")
    desk = make_group("desk", "ann")
    team = replace(make_group("team", "group:desk"), exclusive=(Listing.MEMBERS,))
    before = make_organization(ann, bob, groups=(desk, team))
    stack.deploy(before)
    hand = Hand(stack)
    hand.do("deregister_from_work_mail", EntityId=hand.find("desk"))
    after = replace(before, users=(replace(ann, aliases=()), replace(bob, aliases=(at("x"),))))
    (planned,) = plan_live(stack, before, after).organizations
    stack.emulator.clear_calls()
    stack.deploy(after)

    assert ["DeleteAlias", "CreateAlias"] == list_operations(stack)
    assert ["DeleteAlias user ann", "CreateAlias user bob"] == [
        call.partition(" {")[0] for call in planned.calls
    ]


@pytest.fixture
def nested(monkeypatch: pytest.MonkeyPatch) -> tuple[Group, Group]:
    """An outer group of the first shard, and an inner one of the second, of three groups."""
    monkeypatch.setattr(declaring, "_SHARD_ENTITIES", 2)
    names = [f"team{number}" for number in range(20)]
    outer, inner = (next(n for n in names if get_shard(n, 2) == shard) for shard in (0, 1))
    return make_group(outer, "ann", f"group:{inner}"), make_group(inner, "ann")


def test_a_group_has_a_member_that_a_later_shard_brings(
    stack: Stack, nested: tuple[Group, Group]
) -> None:
    outer, inner = nested
    before = make_organization(make_user("ann"))
    desired = replace(before, groups=(outer, inner, make_group("other")))
    stack.deploy(before)
    (planned,) = plan_live(stack, before, desired).organizations
    stack.emulator.clear_calls()
    stack.deploy(desired)

    assert_equals(take_picture(stack), desired)
    operations = [call.partition(" ")[0] for call in planned.calls]
    assert sorted(operations) == sorted(list_operations(stack))
    assert 3 == operations.count("AssociateMemberToGroup")
    stack.emulator.clear_calls()
    stack.deploy(desired)
    assert [] == list_operations(stack)


def test_whom_people_added_stays_in_a_group_that_gets_a_member_of_a_later_shard(
    stack: Stack, nested: tuple[Group, Group]
) -> None:
    outer, inner = nested
    people, other = (make_user("ann"), make_user("ben")), make_group("other")
    stack.deploy(make_organization(*people, replace(outer, members=outer.members[1:]), other))
    hand = Hand(stack)
    by_hand = {"GroupId": hand.find(outer.name), "MemberId": hand.find("ben")}
    hand.do("associate_member_to_group", **by_hand)
    desired = make_organization(*people, outer, inner, other)
    stack.emulator.faults.add(
        Fault(operation="PutRetentionPolicy", times=1, code="Final", status=400)
    )
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(replace(desired, policies=Policies(retention=erase(30))))

    assert {"ann", "ben"} == list_members(hand, outer.name)
    stack.deploy(desired)
    assert {"ann", "ben", inner.name} == list_members(hand, outer.name)


def list_members(hand: Hand, name: str) -> set[str]:
    """List the members of a group that are switched on."""
    members = hand.do("list_group_members", GroupId=hand.find(name))["Members"]
    return {each["Name"] for each in members if each["State"] == "ENABLED"}
