"""Whoever people had switched off: a deployment that fails leaves them off, and as they were."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, RollbackFailedError, Stack
from drifting import Hand
from scenes import at, make_group, make_organization, make_user, take_picture
from transitions import erase
from workmail_emulator.faults import Fault
from workmail_org.model.bookable import Bookable, BookableType, Booking
from workmail_org.model.organization import Organization
from workmail_org.model.policies import Policies

ANN, FAY = make_user("ann"), make_user("fay")
HALL = Bookable(name="hall", type=BookableType.ROOM, email=at("hall"), description="12 seats")
PLAIN = make_organization(ANN)


def make_room_that_is_off(stack: Stack) -> Hand:
    """Deploy Ann, and make a room by hand that is switched off."""
    stack.deploy(PLAIN)
    hand = Hand(stack)
    room = hand.do("create_resource", Name="hall", Type="ROOM")["ResourceId"]
    hand.do("register_to_work_mail", EntityId=room, Email=at("hall"))
    hand.do("deregister_from_work_mail", EntityId=room)
    return hand


def fail_at_the_end(stack: Stack, desired: Organization) -> None:
    """Deploy, and let what comes after the people fail."""
    fault = Fault(operation="PutRetentionPolicy", times=1, code="Final", status=400)
    stack.emulator.faults.add(fault)
    with pytest.raises(DeploymentFailedError, match="Final") as failed:
        stack.deploy(replace(desired, adopt=True, policies=Policies(retention=erase(9))))

    assert not isinstance(failed.value, RollbackFailedError)


def look_at_the_room(hand: Hand) -> dict[str, Any]:
    """Read the room, without dates."""
    described = hand.do("describe_resource", ResourceId=hand.find("hall"))
    others = ("ResponseMetadata", "EnabledDate", "DisabledDate")
    return {key: value for key, value in described.items() if key not in others}


def test_a_room_that_was_found_off_is_put_back_with_its_fields(stack: Stack) -> None:
    hand = make_room_that_is_off(stack)
    before = look_at_the_room(hand)
    fail_at_the_end(stack, replace(PLAIN, resources=(HALL,)))

    assert before == look_at_the_room(hand)


def test_a_room_that_was_found_off_is_switched_off_though_somebody_got_its_address(
    stack: Stack,
) -> None:
    """Users are rolled back after rooms: she has the address still."""
    hand = make_room_that_is_off(stack)
    ann = replace(ANN, email=at("hall"))
    room = replace(HALL, email=at("other"))
    fail_at_the_end(stack, replace(PLAIN, users=(ann,), resources=(room,)))

    assert at("ann") == hand.do("describe_user", UserId=hand.find("ann"))["Email"]
    assert "DISABLED" == look_at_the_room(hand)["State"]


def test_who_leaves_and_was_switched_off_by_hand_stays_off_when_the_second_try_fails(
    stack: Stack,
) -> None:
    """After the first try, which switched nobody off, she has to be read."""
    stack.deploy(make_organization(ANN, FAY))
    hand = Hand(stack)
    for is_second in (False, True):
        if is_second:
            hand.do("deregister_from_work_mail", EntityId=hand.find("fay"))
        stack.emulator.faults.add(Fault(operation="CreateGroup", times=1, code="Final", status=400))
        with pytest.raises(DeploymentFailedError, match="Final"):
            stack.deploy(make_organization(ANN, make_group("help")))

        assert ({"ann"} if is_second else {"ann", "fay"}) == take_picture(stack).enabled


def test_a_room_that_is_off_again_may_have_nobody_left_to_answer(stack: Stack) -> None:
    """Who answered was taken out by the deployment that failed."""
    answered = replace(HALL, delegates=(ANN.reference,), booking=Booking(auto_accept=False))
    stack.deploy(replace(PLAIN, resources=(answered,)))
    hand = Hand(stack)
    hand.do("deregister_from_work_mail", EntityId=hand.find("hall"))
    fail_at_the_end(stack, replace(PLAIN, resources=(replace(HALL, description="new"),)))

    assert {"ann"} == take_picture(stack).enabled
