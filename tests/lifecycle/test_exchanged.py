"""Whatever call of a deployment fails, addresses that people had changed are as it found them.

The spec knows nothing of what people exchanged. Who holds an address that is to be given back may
be of another kind, settled, leaving, or nobody's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, RollbackFailedError, Stack
from drifting import Hand
from scenes import at, make_emulator, make_group, make_organization, make_user, take_picture
from workmail_emulator.errors import ServiceFault
from workmail_org.model.bookable import Bookable, BookableType
from workmail_org.model.organization import Organization


def make_room(name: str, address: str, **fields: Any) -> Bookable:
    return Bookable(name=name, type=BookableType.ROOM, email=at(address), **fields)


ANN, BEN = make_user("ann"), make_user("ben")
CLUB = make_group("club", "ann")


@dataclass(frozen=True)
class Scene:
    """What was deployed, what people did then, and what is to be deployed."""

    before: Organization
    act: Callable[[Hand], None]
    after: Organization


def move_a_room_to_a_group(hand: Hand) -> None:
    hand.readdress("hall", at("p5"))
    hand.exchange("club", "hall")


SCENES = {
    "nobody did anything": Scene(
        make_organization(
            make_user("cem", email=at("p9"), enabled=False),
            make_group("desk", email=at("p3")),
            make_group("club", "group:desk", email=at("p4")),
            resources=(make_room("hall", "p1"), make_room("nook", "p0")),
        ),
        lambda _: None,
        make_organization(
            make_group("desk", email=at("p1")),
            make_group("club", email=at("p5")),
            resources=(make_room("nook", "p9"),),
        ),
    ),
    "a user and a group": Scene(
        make_organization(ANN, BEN, CLUB),
        lambda hand: hand.exchange("ann", "club"),
        make_organization(
            replace(ANN, email=at("new")), BEN, make_group("club", "ben", email=at("other"))
        ),
    ),
    "a room and a group that leaves": Scene(
        make_organization(
            make_group("club", email=at("p7")),
            resources=(make_room("hall", "p3"), make_room("nook", "p2")),
        ),
        move_a_room_to_a_group,
        make_organization(
            make_user("ann", email=at("p7")),
            resources=(make_room("hall", "p3"), make_room("nook", "p2")),
        ),
    ),
    "two rooms, one of which leaves": Scene(
        make_organization(BEN, resources=(make_room("hall", "p8"), make_room("nook", "p2"))),
        lambda hand: hand.exchange("hall", "nook"),
        make_organization(
            BEN, make_user("ann", email=at("p8")), resources=(make_room("nook", "p2"),)
        ),
    ),
}


def list_addresses(stack: Stack) -> dict[str, tuple[str, ...]]:
    """List who has which address, the primary one first."""
    hand = Hand(stack)
    found: dict[str, tuple[str, ...]] = {}
    for operation, key in (
        ("list_users", "Users"),
        ("list_groups", "Groups"),
        ("list_resources", "Resources"),
    ):
        for row in hand.do(operation)[key]:
            if row["State"] == "ENABLED":
                aliases = hand.do("list_aliases", EntityId=row["Id"])["Aliases"]
                found[row["Name"]] = (row["Email"], *sorted({*aliases} - {row["Email"]}))
    return found


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_addresses_are_as_found_whatever_call_fails(scene: Scene) -> None:
    tried = 0
    while True:
        stack = Stack(make_emulator())
        stack.deploy(scene.before)
        scene.act(Hand(stack))
        before, people = list_addresses(stack), take_picture(stack).enabled
        tried += 1
        is_struck = _strike(stack, tried)
        try:
            stack.deploy(scene.after)
        except RollbackFailedError as error:
            pytest.fail(f"call {tried}: {error}")
        except DeploymentFailedError:
            pass
        if not is_struck():
            break
        stack.emulator.on_call = None

        assert before == list_addresses(stack), f"call {tried}"
        assert people == take_picture(stack).enabled, f"call {tried}"
    assert tried > 4


def _strike(stack: Stack, number: int) -> Callable[[], bool]:
    """Refuse one write or list of users of a deployment, counted from 1; not of its rollback."""
    count = 0

    def strike(phase: str, call: Any) -> None:
        nonlocal count
        counts = call.write or call.operation == "ListUsers"
        if phase == "before" and counts and not stack.cloudformation.rolls_back:
            count += 1
            if count == number:
                raise ServiceFault("Final", "refused")

    stack.emulator.on_call = strike
    return lambda: count >= number
