"""Addresses that people gave to others by hand: no deployment leaves one to nobody.

Who is settled is not read, and so is taken to have what is declared of them. Where somebody else
turns out to have it, they are left as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from approving import plan_live
from cloudformation import DeploymentFailedError, RollbackFailedError, Stack
from drifting import Hand
from scenes import at, list_operations, make_emulator, make_group, make_organization, make_user
from striking import RecordingStack
from transitions import erase
from workmail_emulator.faults import ServiceFault
from workmail_org.model.bookable import Bookable, BookableType
from workmail_org.model.organization import Organization
from workmail_org.model.policies import Policies
from workmail_org.model.values import Listing, OrganizationId
from workmail_org.wire.names import OWNER_TAG

ALICE, BOB = make_user("alice"), make_user("bob")
HELP = make_group("help")


def change(*people: Any) -> Callable[[], Organization]:
    return lambda: make_organization(*people, HELP)


CHANGES = {
    "a field": change(replace(ALICE, city="Bonn"), BOB),
    "another address": change(replace(ALICE, email=at("married")), BOB),
    "another address alone": change(
        replace(ALICE, email=at("married"), exclusive=(Listing.ALIASES,)), BOB
    ),
    "a further address": change(replace(ALICE, aliases=(at("al"),)), BOB),
    "nobody any more": change(BOB),
    "switched off": change(replace(ALICE, enabled=False), BOB),
    "somebody new gets it": change(
        replace(ALICE, email=at("married")), BOB, make_user("carol", email=at("alice"))
    ),
    "the other one's field": change(ALICE, replace(BOB, city="Bonn")),
    "another address of the other one": change(ALICE, replace(BOB, email=at("married"))),
    "not the other one": change(ALICE),
}
"""What is declared after Alice and Bob, who have exchanged their addresses by hand."""


def exchange() -> Hand:
    """Deploy Alice and Bob, and exchange their addresses by hand."""
    hand = Hand(RecordingStack(make_emulator()))
    hand.stack.deploy(make_organization(ALICE, BOB))
    hand.exchange("alice", "bob")
    hand.stack.emulator.clear_calls()
    return hand


def look(hand: Hand) -> dict[str, tuple[str, ...]]:
    """Read the addresses of who is switched on, the primary one first."""
    rows = hand.do("list_users")["Users"]
    return {
        row["Name"]: (
            row["Email"],
            *sorted(
                {*hand.do("list_aliases", EntityId=row["Id"])["Aliases"]} - {row["Email"]},
            ),
        )
        for row in rows
        if row["State"] == "ENABLED"
    }


def list_planned(hand: Hand, before: Organization, after: Organization) -> list[str]:
    """List the operations that a plan against what is live shows."""
    (planned,) = plan_live(hand.stack, before, after).organizations
    return [call.partition(" ")[0] for call in planned.calls]


EXCHANGED = {"alice": (at("bob"),), "bob": (at("alice"),)}


@pytest.mark.parametrize("declare", CHANGES.values(), ids=CHANGES)
def test_addresses_that_people_exchanged_are_back_whatever_call_fails(
    declare: Callable[[], Organization],
) -> None:
    writes = 0
    while True:
        writes += 1
        hand = exchange()
        if not fail_at(hand, writes, declare()):
            break

        assert (writes, EXCHANGED) == (writes, look(hand))
    assert writes > 3


def fail_at(hand: Hand, number: int, desired: Organization) -> bool:
    """Let one write of a deployment fail; return whether there was one."""
    emulator = hand.stack.emulator
    struck: list[str] = []

    def strike(phase: str, call: Any) -> None:
        if phase == "before" and call.write and len(emulator.writes) == number:
            struck.append(call.operation)
            raise ServiceFault("Final", "refused")

    emulator.on_call = strike
    with suppress(DeploymentFailedError):
        hand.stack.deploy(desired)
    emulator.on_call = None
    return bool(struck)


@pytest.mark.parametrize("successor", ["alice", "group"])
def test_an_address_of_who_was_switched_off_by_hand_stays_with_the_successor(
    successor: str,
) -> None:
    """A change of the successor alone neither takes it away, nor switches anybody on again."""
    zoe, sales = make_user("zoe"), make_group("sales", "bob")
    hand = Hand(RecordingStack(make_emulator()))
    before = make_organization(ALICE, BOB, zoe, sales)
    hand.stack.deploy(before)
    hand.do("deregister_from_work_mail", EntityId=hand.find("zoe"))
    name = {"alice": "alice", "group": "sales"}[successor]
    hand.do("create_alias", EntityId=hand.find(name), Alias=at("zoe"))
    hand.stack.emulator.clear_calls()
    after = {
        "alice": make_organization(replace(ALICE, city="Bonn"), BOB, zoe, sales),
        "group": make_organization(ALICE, BOB, zoe, make_group("sales", "bob", "alice")),
    }[successor]
    planned = list_planned(hand, before, after)
    hand.stack.deploy(after)

    operation = {"alice": "UpdateUser", "group": "AssociateMemberToGroup"}[successor]
    assert [operation] == planned == list_operations(hand.stack)
    aliases = hand.do("list_aliases", EntityId=hand.find(name))["Aliases"]
    assert {at(name), at("zoe")} == {*aliases}
    assert {"alice", "bob"} == {*look(hand)}


def test_an_address_of_somebody_else_stays_reachable_where_its_holder_gets_another() -> None:
    """Alice has Bob's by hand, and gets a new one: Bob does not want his back, so she keeps it."""
    hand = exchange()
    before = make_organization(ALICE, BOB)
    after = make_organization(replace(ALICE, email=at("married")), BOB)
    planned = list_planned(hand, before, after)
    hand.stack.deploy(after)

    assert ["UpdatePrimaryEmailAddress"] == planned == list_operations(hand.stack)
    assert {"alice": (at("married"), at("bob")), "bob": (at("alice"),)} == look(hand)


def test_three_who_changed_round_by_hand_are_all_set_right_with_one_of_them() -> None:
    """Alice is to have her address; who has it is to have another one's, and so on."""
    carol = make_user("carol")
    hand = Hand(RecordingStack(make_emulator()))
    before = make_organization(ALICE, BOB, carol)
    hand.stack.deploy(before)
    for name, address in (("alice", "x"), ("carol", "alice"), ("bob", "carol"), ("alice", "bob")):
        hand.readdress(name, at(address))
    hand.stack.emulator.clear_calls()
    after = make_organization(replace(ALICE, city="Bonn"), BOB, carol)
    planned = list_planned(hand, before, after)
    hand.stack.deploy(after)

    assert planned == list_operations(hand.stack)
    expected = {"alice": "alice", "bob": "bob", "carol": "carol"}
    assert {name: at(address) for name, address in expected.items()} == {
        name: addresses[0] for name, addresses in look(hand).items()
    }


@pytest.mark.parametrize("name", ["club", "dan", "zed"])
def test_an_address_that_people_give_to_somebody_while_a_deployment_runs_stays_there(
    name: str,
) -> None:
    """It took the address away, and fails: a group, a user of the spec or somebody else has it."""
    cem, dan = make_user("cem"), make_user("dan")
    spec = make_organization(cem, dan, make_group("club"))
    hand = Hand(RecordingStack(make_emulator()))
    hand.stack.deploy(spec)
    hand.do("create_alias", EntityId=hand.find("cem"), Alias=at("x"))
    zed = hand.do("create_user", Name="zed", DisplayName="Zed", Password="Str0ng-enough")["UserId"]
    hand.do("register_to_work_mail", EntityId=zed, Email=at("zed"))

    def give(phase: str, call: Any) -> None:
        if phase == "before" and call.operation == "PutRetentionPolicy":
            hand.stack.emulator.on_call = None
            hand.do("create_alias", EntityId=hand.find(name), Alias=at("x"))
            raise ServiceFault("Final", "refused")

    hand.stack.emulator.on_call = give
    alone = replace(cem, exclusive=(Listing.ALIASES,))
    with pytest.raises(DeploymentFailedError, match="Final") as failed:
        hand.stack.deploy(replace(spec, users=(alone, dan), policies=Policies(retention=erase(9))))

    assert not isinstance(failed.value, RollbackFailedError)
    aliases = {
        each: set(hand.do("list_aliases", EntityId=hand.find(each))["Aliases"])
        for each in ("cem", name)
    }
    assert {"cem": {at("cem")}, name: {at(name), at("x")}} == aliases


def test_addresses_that_people_exchange_while_a_take_over_runs_stay_exchanged_when_it_fails() -> (
    None
):
    """One of the two was as declared already, and is believed to be."""
    found = Stack(make_emulator(), name="found")
    found.deploy(make_organization(ALICE, BOB))
    hand = Hand(found)
    arn = hand.do("describe_organization")["ARN"]
    found.workmail.untag_resource(ResourceARN=arn, TagKeys=[OWNER_TAG])
    existing = OrganizationId(found.organization_id)

    def meddle(phase: str, call: Any) -> None:
        if phase == "before" and call.operation == "PutRetentionPolicy":
            found.emulator.on_call = None
            hand.exchange("alice", "bob")
            raise ServiceFault("Final", "refused")

    found.emulator.on_call = meddle
    desired = make_organization(
        ALICE, replace(BOB, city="Bonn"), policies=Policies(retention=erase(9))
    )
    with pytest.raises(DeploymentFailedError, match="Final") as failed:
        Stack(found.emulator).deploy(replace(desired, existing=existing, adopt=True))

    assert not isinstance(failed.value, RollbackFailedError)
    assert EXCHANGED == {name: look(hand)[name][:1] for name in ("alice", "bob")}


def test_an_address_of_a_user_stays_with_the_group_that_has_it_by_hand_and_gets_another() -> None:
    """The group's addresses move with those of the users; the user is settled."""
    club, dan = make_group("club"), make_user("dan", enabled=False, email=at("dan"))
    hand = Hand(RecordingStack(make_emulator()))
    before = make_organization(ALICE, dan, club)
    hand.stack.deploy(before)
    hand.exchange("club", "alice")
    hand.stack.emulator.clear_calls()
    swapped = replace(dan, email=at("club"))
    after = make_organization(ALICE, swapped, replace(club, email=at("dan")))
    planned = list_planned(hand, before, after)
    hand.stack.deploy(after)

    assert ["UpdatePrimaryEmailAddress"] == planned == list_operations(hand.stack)
    aliases = hand.do("list_aliases", EntityId=hand.find("club"))["Aliases"]
    assert {at("dan"), at("alice")} == {*aliases}
    assert (at("club"),) == look(hand)["alice"]


def test_an_address_that_a_room_is_to_get_comes_back_from_the_user_who_has_it_by_hand() -> None:
    """The user is settled, and is read and set right, as where another user gets the address."""
    hall = Bookable(name="hall", type=BookableType.ROOM, email=at("hall"))
    before = make_organization(ALICE, BOB, resources=(hall,))
    hand = Hand(RecordingStack(make_emulator()))
    hand.stack.deploy(before)
    hand.exchange("alice", "bob")
    hand.stack.emulator.clear_calls()
    after = make_organization(
        replace(ALICE, email=at("hall")), BOB, resources=(replace(hall, email=at("alice")),)
    )
    planned = list_planned(hand, before, after)
    hand.stack.deploy(after)

    assert sorted(planned) == sorted(list_operations(hand.stack))
    assert {"alice": (at("hall"),), "bob": (at("bob"),)} == look(hand)
    room = hand.do("describe_resource", ResourceId=hand.find("hall"))
    assert at("alice") == room["Email"]


def test_who_is_declared_off_and_was_switched_on_by_hand_gives_a_group_its_address() -> None:
    club, dan = make_group("club"), make_user("dan", enabled=False)
    before = make_organization(ALICE, dan, club)
    hand = Hand(RecordingStack(make_emulator()))
    hand.stack.deploy(before)
    hand.do("register_to_work_mail", EntityId=hand.find("dan"), Email=at("dan"))
    hand.stack.emulator.clear_calls()
    turned = (replace(dan, email=at("club")), replace(club, email=at("dan")))
    after = make_organization(ALICE, *turned)
    planned = list_planned(hand, before, after)
    hand.stack.deploy(after)

    assert sorted(planned) == sorted(list_operations(hand.stack))
    assert at("dan") == hand.do("describe_group", GroupId=hand.find("club"))["Email"]
    assert {"alice"} == look(hand).keys()


def test_an_address_for_a_room_that_another_room_has_by_hand_is_refused_by_the_plan_too() -> None:
    """It crosses from a user who is off, so that the users would move it: not the rooms."""
    hall, nook = (
        Bookable(name=each, type=BookableType.ROOM, email=at(each)) for each in ("hall", "nook")
    )
    dan = make_user("dan", enabled=False, aliases=(at("x"),))
    before = make_organization(ALICE, dan, resources=(hall, nook))
    hand = Hand(RecordingStack(make_emulator()))
    hand.stack.deploy(before)
    hand.readdress("nook", at("x"))
    after = make_organization(
        ALICE, replace(dan, aliases=()), resources=(replace(hall, aliases=(at("x"),)), nook)
    )
    (planned,) = plan_live(hand.stack, before, after).organizations
    with pytest.raises(DeploymentFailedError) as failed:
        hand.stack.deploy(after)

    refusal = "resource hall: x@acme.example belongs to resource 'nook' already; take it away"
    assert [f"{refusal} from there first"] == [*planned.refusals]
    assert refusal in str(failed.value)
    assert not isinstance(failed.value, RollbackFailedError)


def test_who_is_to_be_switched_off_gets_no_address_before() -> None:
    """A group has it by hand: it would be refused, and for nothing."""
    before = make_organization(ALICE, BOB, HELP)
    hand = Hand(RecordingStack(make_emulator()))
    hand.stack.deploy(before)
    hand.do("create_alias", EntityId=hand.find("help"), Alias=at("robert"))
    hand.stack.emulator.clear_calls()
    after = make_organization(ALICE, replace(BOB, enabled=False, email=at("robert")), HELP)
    planned = list_planned(hand, before, after)
    hand.stack.deploy(after)

    assert ["DeregisterFromWorkMail"] == planned == list_operations(hand.stack)
    assert {"alice"} == look(hand).keys()


def test_an_address_of_a_settled_group_stays_with_the_user_who_gets_another() -> None:
    """The group is not looked at, and would not get it back."""
    before = make_organization(ALICE, BOB, HELP)
    hand = Hand(RecordingStack(make_emulator()))
    hand.stack.deploy(before)
    hand.exchange("alice", "help")
    hand.stack.emulator.clear_calls()
    after = make_organization(replace(ALICE, email=at("married")), BOB, HELP)
    planned = list_planned(hand, before, after)
    hand.stack.deploy(after)

    assert ["UpdatePrimaryEmailAddress"] == planned == list_operations(hand.stack)
    assert (at("married"), at("help")) == look(hand)["alice"]
