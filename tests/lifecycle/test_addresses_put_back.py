"""Addresses after a deployment that failed: where they were found, whoever has to give them up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from approving import plan_live
from cloudformation import DeploymentFailedError, RollbackFailedError, Stack
from drifting import Hand
from scenes import at, make_emulator, make_group, make_organization, make_user, take_picture
from transitions import erase
from workmail_emulator.errors import ServiceFault
from workmail_emulator.faults import Fault
from workmail_org.model.bookable import Bookable, BookableType
from workmail_org.model.organization import Organization
from workmail_org.model.policies import Policies
from workmail_org.model.values import OrganizationId
from workmail_org.wire.names import OWNER_TAG

BEN, EVE = make_user("ben"), make_user("eve")


def fail(stack: Stack, operation: str, desired: Organization) -> None:
    """Deploy, and let a call fail: everything can be taken back."""
    stack.emulator.faults.add(Fault(operation=operation, times=1, code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final") as failed:
        stack.deploy(desired)

    assert not isinstance(failed.value, RollbackFailedError)


def fail_at_write(stack: Stack, number: int, desired: Organization) -> None:
    """Deploy, and let one of the writes fail, counted from 1: everything can be taken back."""
    stack.emulator.clear_calls()

    def strike(phase: str, call: Any) -> None:
        if phase == "before" and call.write and len(stack.emulator.writes) == number:
            raise ServiceFault("Final", "refused")

    stack.emulator.on_call = strike
    with pytest.raises(DeploymentFailedError, match="Final") as failed:
        stack.deploy(desired)
    stack.emulator.on_call = None

    assert not isinstance(failed.value, RollbackFailedError)


@pytest.mark.parametrize("is_first", [True, False], ids=["take-over", "update"])
def test_who_is_to_be_off_again_gives_up_an_address_that_somebody_had_by_hand(
    *, is_first: bool
) -> None:
    """Eve was off, Ben got her address; the deployment switched her on with it."""
    found = Stack(make_emulator(), name="found")
    found.deploy(make_organization(BEN, EVE))
    hand = Hand(found)
    hand.do("deregister_from_work_mail", EntityId=hand.find("eve"))
    hand.do("create_alias", EntityId=hand.find("ben"), Alias=at("eve"))
    before = take_picture(found)
    stack, desired = found, make_organization(BEN, replace(EVE, telephone="1"))
    if is_first:
        arn = hand.do("describe_organization")["ARN"]
        found.workmail.untag_resource(ResourceARN=arn, TagKeys=[OWNER_TAG])
        stack = Stack(found.emulator)
        existing = OrganizationId(found.organization_id)
        desired = replace(desired, existing=existing, adopt=True)
    fail(stack, "PutRetentionPolicy", replace(desired, policies=Policies(retention=erase(30))))

    assert before.addresses == take_picture(found).addresses
    assert before.enabled == take_picture(found).enabled == {"ben"}


def test_an_address_by_hand_of_a_group_is_given_back_though_the_group_was_not_begun() -> None:
    """The request for users moves what crosses from groups, and fails itself."""
    stack = Stack(make_emulator())
    stack.deploy(make_organization(BEN, make_group("desk")))
    hand = Hand(stack)
    hand.do("create_alias", EntityId=hand.find("desk"), Alias=at("more"))
    before = take_picture(stack).addresses
    turned = replace(BEN, email=at("desk"), aliases=(at("more"),))
    fail(stack, "CreateAlias", make_organization(turned, make_group("desk", email=at("ben"))))

    assert before == take_picture(stack).addresses
    assert "group:desk" == before[at("more")]


def look(hand: Hand) -> dict[str, Any]:
    described = {
        "club": hand.do("describe_group", GroupId=hand.find("club")),
        "nook": hand.do("describe_resource", ResourceId=hand.find("nook")),
    }
    return {
        name: (each["Email"], hand.do("list_aliases", EntityId=hand.find(name))["Aliases"])
        for name, each in described.items()
    }


def test_an_alias_crosses_from_a_room_that_has_the_address_of_a_group_by_hand() -> None:
    """The room wants its own address back, which the group has: refused, and as it was found."""
    stack = Stack(make_emulator())
    nook = Bookable(name="nook", type=BookableType.ROOM, email=at("nook"), aliases=(at("p"),))
    before = make_organization(make_user("dan"), make_group("club"), resources=(nook,))
    stack.deploy(before)
    hand = Hand(stack)
    hand.exchange("nook", "club")
    found = look(hand)
    after = replace(
        before,
        users=(make_user("dan", aliases=(at("p"),)),),
        resources=(replace(nook, aliases=()),),
    )
    (planned,) = plan_live(stack, before, after).organizations
    with pytest.raises(DeploymentFailedError, match="belongs to group 'club'") as failed:
        stack.deploy(after)

    assert not isinstance(failed.value, RollbackFailedError)
    assert found == look(hand)
    assert any("nook@acme.example belongs to group 'club'" in each for each in planned.refusals)


def test_a_group_that_the_users_moved_is_as_found_when_a_new_user_cannot_have_its_address() -> None:
    """No user was touched; people had given the group's own address to a room."""
    stack = Stack(make_emulator())
    den = Bookable(name="den", type=BookableType.ROOM, email=at("den"))
    before = make_organization(BEN, make_group("club"), resources=(den,))
    stack.deploy(before)
    hand = Hand(stack)
    hand.readdress("club", at("s2"))
    hand.do("create_alias", EntityId=hand.find("den"), Alias=at("club"))
    after = replace(
        before,
        users=(BEN, make_user("dan", email=at("club"))),
        groups=(make_group("club", email=at("x9")),),
    )
    (planned,) = plan_live(stack, before, after).organizations
    with pytest.raises(DeploymentFailedError) as failed:
        stack.deploy(after)

    refusal = "user dan: club@acme.example belongs to resource 'den' already; take it away from"
    assert [f"{refusal} there first"] == [*planned.refusals]
    assert refusal in str(failed.value)
    assert not isinstance(failed.value, RollbackFailedError)
    assert at("s2") == hand.do("describe_group", GroupId=hand.find("club"))["Email"]


@pytest.mark.parametrize("number", range(1, 6))
def test_who_leaves_with_the_address_of_a_room_has_it_back_whatever_fails(number: int) -> None:
    """The room, which is rolled back later, has it by then."""
    stack = Stack(make_emulator())
    den = Bookable(name="den", type=BookableType.ROOM, email=at("den"))
    stack.deploy(make_organization(BEN, EVE, resources=(den,)))
    hand = Hand(stack)
    hand.readdress("den", at("d2"))
    hand.do("update_primary_email_address", EntityId=hand.find("eve"), Email=at("den"))
    before = take_picture(stack).addresses
    fail_at_write(stack, number, make_organization(BEN, resources=(replace(den, description="x"),)))

    assert before == take_picture(stack).addresses
    assert at("d2") == hand.do("describe_resource", ResourceId=hand.find("den"))["Email"]


def test_an_address_that_somebody_gets_who_is_switched_on_goes_back_when_it_is_not_confirmed() -> (
    None
):
    """Nobody did anything by hand: the retention policy has to be confirmed, and was not."""
    stack = Stack(make_emulator())
    stack.agrees = False
    ann, bob = make_user("ann", aliases=(at("x"),)), make_user("bob", enabled=False)
    before = make_organization(ann, bob)
    stack.deploy(before)
    found = take_picture(stack)
    turned = (replace(ann, aliases=()), make_user("bob", email=at("x")))
    with pytest.raises(DeploymentFailedError, match="must be confirmed") as failed:
        stack.deploy(replace(before, users=turned, policies=Policies(retention=erase(30))))

    assert not isinstance(failed.value, RollbackFailedError)
    assert found.addresses == take_picture(stack).addresses
    assert {"ann"} == take_picture(stack).enabled


@pytest.mark.parametrize("number", range(1, 11))
def test_what_a_group_and_a_room_exchange_goes_back_whichever_write_fails(number: int) -> None:
    """The users, who have no part in it, are rolled back before the groups give anything up."""
    stack = Stack(make_emulator())
    club = make_group("club", aliases=(at("p"),))
    den = Bookable(name="den", type=BookableType.ROOM, email=at("den"), aliases=(at("q"),))
    before = make_organization(BEN, club, resources=(den,))
    stack.deploy(before)
    found = take_picture(stack).addresses
    after = replace(
        before,
        groups=(replace(club, email=at("den"), aliases=(at("q"),)),),
        resources=(replace(den, email=at("club"), aliases=(at("p"),)),),
    )
    fail_at_write(stack, number, after)

    assert found == take_picture(stack).addresses
