"""Whoever was deleted, and made again by hand under the same name, is somebody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from approving import plan_live
from cloudformation import DeploymentFailedError, Stack
from drifting import Hand, look_live
from scenes import at, list_operations, make_group, make_organization, make_user, take_picture
from transitions import allow, permit
from workmail_emulator.faults import Fault
from workmail_org.model.bookable import Bookable, BookableType
from workmail_org.model.organization import Organization
from workmail_org.model.permission import Right
from workmail_org.model.policies import Policies
from workmail_org.model.values import parse_reference

PEOPLE = tuple(make_user(name) for name in ("bob", "chief", "dan"))
DECLARED = make_organization(*PEOPLE, make_group("board", "bob"))


def make_again(stack: Stack, name: str = "bob") -> str:
    """Delete somebody, and make another one of the same name; return the id."""
    hand = Hand(stack)
    gone = hand.find(name)
    hand.do("deregister_from_work_mail", EntityId=gone)
    hand.do("delete_user", UserId=gone)
    made = hand.do("create_user", Name=name, DisplayName="Somebody Else", Password="Str0ng-enough")
    hand.do("register_to_work_mail", EntityId=made["UserId"], Email=at("somebody-else"))
    stack.emulator.clear_calls()
    return str(made["UserId"])


@pytest.fixture
def again(stack: Stack) -> Stack:
    stack.deploy(DECLARED)
    make_again(stack)
    return stack


NAMING: dict[str, Callable[[Organization], Organization]] = {
    "a right of theirs": lambda before: replace(
        before, permissions=(permit("chief", "bob", Right.FULL_ACCESS),)
    ),
    "a right on their mailbox": lambda before: replace(
        before, permissions=(permit("bob", "chief", Right.FULL_ACCESS),)
    ),
    "an access rule": lambda before: replace(
        before, policies=Policies(access_control=(replace(allow("bob"), users=("bob",)),))
    ),
}


@pytest.mark.parametrize("declare", NAMING.values(), ids=NAMING)
def test_nobody_else_gets_a_right_or_a_rule(
    again: Stack, declare: Callable[[Organization], Organization]
) -> None:
    desired = declare(DECLARED)
    refusal = (
        "bob was deleted and made again by hand, so .* set adopt: true for bob to take it over"
    )
    (planned,) = plan_live(again, DECLARED, desired).organizations
    again.emulator.clear_calls()

    with pytest.raises(DeploymentFailedError, match=refusal) as refused:
        again.deploy(desired)

    assert [str(refused.value)] == [*planned.refusals]
    assert [] == list_operations(again)


def test_nobody_else_becomes_a_member_or_a_delegate(again: Stack) -> None:
    hall = Bookable(
        name="hall",
        type=BookableType.ROOM,
        email=at("hall"),
        delegates=(parse_reference("bob"), parse_reference("dan")),
    )
    desired = make_organization(*PEOPLE, make_group("board", "bob", "dan"), resources=(hall,))
    made = plan_live(again, DECLARED, desired)
    again.deploy(desired, approved=made.approval)

    live = look_live(again)
    assert live is not None
    assert ["dan"] == [each.name for each in live.people.groups["board"].entity.members]
    assert ["dan"] == [each.name for each in live.people.resources["hall"].entity.delegates]


def test_whoever_is_taken_over_in_the_same_deployment_gets_it(again: Stack) -> None:
    bob, *others = PEOPLE
    desired = replace(
        DECLARED,
        users=(replace(bob, adopt=True), *others),
        groups=(make_group("board", "bob", "dan"),),
        permissions=(permit("chief", "bob", Right.FULL_ACCESS),),
    )
    made = plan_live(again, DECLARED, desired)
    again.deploy(desired, approved=made.approval)

    entities: Any = take_picture(again).entities
    assert ["bob", "dan"] == [each.name for each in entities["group:board"].members]
    assert "bob" in take_picture(again).enabled


def switch_off(stack: Stack) -> None:
    Hand(stack).do("deregister_from_work_mail", EntityId=Hand(stack).find("bob"))


def delete(stack: Stack) -> None:
    switch_off(stack)
    Hand(stack).do("delete_user", UserId=Hand(stack).find("bob"))


def give_away(stack: Stack) -> None:
    """Switch Bob off, and give his address to Dan."""
    switch_off(stack)
    hand = Hand(stack)
    hand.do("create_alias", EntityId=hand.find("dan"), Alias=at("bob"))


@pytest.mark.parametrize("when", ["before", "in the middle"])
@pytest.mark.parametrize("do", [switch_off, delete, make_again, give_away])
def test_a_failed_deployment_about_others_touches_nobody_who_was_changed_by_hand(
    stack: Stack, do: Callable[[Stack], object], when: str
) -> None:
    stack.deploy(DECLARED)
    hand = Hand(stack)
    seen: list[Any] = []

    def act() -> None:
        stack.emulator.on_call = None
        do(stack)
        seen.append(_look_at_users(hand))

    def watch(phase: str, call: Any) -> None:
        if (phase, call.operation) == ("after", "UpdateUser"):
            act()

    if when == "before":
        act()
    else:
        stack.emulator.on_call = watch
    stack.emulator.faults.add(Fault(operation="CreateGroup", times=1, code="Final", status=400))
    bob, chief, dan = PEOPLE
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(
            replace(
                DECLARED,
                users=(bob, replace(chief, city="Bonn"), dan),
                groups=(*DECLARED.groups, make_group("help")),
            )
        )

    assert [_look_at_users(hand)] == seen
    assert "UPDATE_ROLLBACK_COMPLETE" == stack.cloudformation.status


def _look_at_users(hand: Hand) -> list[tuple[str, ...]]:
    rows = hand.do("list_users")["Users"]
    fields = ("Id", "Name", "DisplayName", "State", "Email")
    return sorted(tuple(row.get(each, "") for each in fields) for row in rows)


@pytest.mark.parametrize("registered", [True, False], ids=["switched off", "never switched on"])
def test_who_was_made_by_hand_and_is_switched_off_is_refused_without_adopt(
    stack: Stack, registered: bool
) -> None:
    """Their mailbox is not a newcomer's."""
    stack.deploy(DECLARED)
    hand = Hand(stack)
    made = hand.do("create_user", Name="sam", DisplayName="Samuel", Password="Str0ng-enough")
    if registered:
        hand.do("register_to_work_mail", EntityId=made["UserId"], Email=at("sam"))
        hand.do("deregister_from_work_mail", EntityId=made["UserId"])
    stack.emulator.clear_calls()
    sam = make_user("sam", display_name="Sam the younger")
    refusal = "user 'sam' exists already, switched off, as 'Samuel', and this stack did not make it"
    (planned,) = plan_live(stack, DECLARED, replace(DECLARED, users=(*PEOPLE, sam))).organizations
    with pytest.raises(DeploymentFailedError, match=refusal):
        stack.deploy(replace(DECLARED, users=(*PEOPLE, sam)))

    assert [] == list_operations(stack)
    assert planned.refusals[0].startswith(refusal)
    stack.deploy(replace(DECLARED, users=(*PEOPLE, replace(sam, adopt=True))))
    assert made["UserId"] == take_picture(stack).ids["sam"]
