from __future__ import annotations

from dataclasses import replace

import pytest

from cloudformation import DeploymentFailedError, Stack
from scenes import (
    assert_equals,
    at,
    list_operations,
    make_group,
    make_organization,
    make_user,
    take_picture,
)
from workmail_emulator.faults import Fault
from workmail_org.model.group import Group
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.user import User

ALICE = make_user("alice")
BOB = make_user("bob")
CAROL = make_user("carol")
SALES = make_group("sales")
SUPPORT = make_group("support")

Entities = tuple[User | Group, ...]


def primary(entity: User | Group, name: str, *aliases: str) -> User | Group:
    return replace(entity, email=at(name), aliases=tuple(at(alias) for alias in aliases))


MOVES: dict[str, tuple[Entities, Entities]] = {
    "a new primary address": ((ALICE,), (primary(ALICE, "alicia"),)),
    "a new primary address, the old one kept": ((ALICE,), (primary(ALICE, "alicia", "alice"),)),
    "an alias becomes the primary address and back": (
        (primary(ALICE, "alice", "al"),),
        (primary(ALICE, "al", "alice"),),
    ),
    "an alias becomes the primary address, the old one goes": (
        (primary(ALICE, "alice", "al"),),
        (primary(ALICE, "al"),),
    ),
    "two swap their primary addresses": (
        (ALICE, BOB),
        (primary(ALICE, "bob"), primary(BOB, "alice")),
    ),
    "two swap primary address and alias": (
        (primary(ALICE, "alice", "one"), BOB),
        (primary(ALICE, "alice", "bob"), primary(BOB, "one")),
    ),
    "two swap everything, each keeps its own as an alias of the other": (
        (primary(ALICE, "alice", "al"), primary(BOB, "bob", "bo")),
        (primary(ALICE, "bo", "bob"), primary(BOB, "al", "alice")),
    ),
    "three go round in a circle": (
        (ALICE, BOB, CAROL),
        (primary(ALICE, "bob"), primary(BOB, "carol"), primary(CAROL, "alice")),
    ),
    "a chain": (
        (ALICE, BOB, CAROL),
        (primary(ALICE, "bob"), primary(BOB, "carol"), primary(CAROL, "new")),
    ),
    "aliases change hands": (
        (primary(ALICE, "alice", "x", "y"), primary(BOB, "bob", "z")),
        (primary(ALICE, "alice", "z"), primary(BOB, "bob", "x", "y")),
    ),
    "a leaver's address goes to a colleague": ((ALICE, BOB), (primary(BOB, "bob", "alice"),)),
    "a leaver's address becomes a colleague's own": ((ALICE, BOB), (primary(BOB, "alice"),)),
    "a leaver's alias goes to a newcomer": (
        (primary(ALICE, "alice", "boss"), BOB),
        (BOB, primary(CAROL, "carol", "boss")),
    ),
    "a leaver's own address is a newcomer's alias": ((ALICE,), (primary(CAROL, "carol", "alice"),)),
    "an address goes from user to group": (
        (primary(ALICE, "alice", "info"), SALES),
        (ALICE, primary(SALES, "sales", "info")),
    ),
    "an address goes from group to user": (
        (ALICE, primary(SALES, "sales", "info")),
        (primary(ALICE, "alice", "info"), SALES),
    ),
    "a user and a group swap their primary addresses": (
        (ALICE, SALES),
        (primary(ALICE, "sales"), primary(SALES, "alice")),
    ),
    "a circle of two users and a group": (
        (ALICE, BOB, SALES),
        (primary(ALICE, "bob"), primary(BOB, "sales"), primary(SALES, "alice")),
    ),
    "a chain from a user through two groups": (
        (ALICE, SALES, SUPPORT),
        (primary(ALICE, "sales"), primary(SALES, "support"), primary(SUPPORT, "new")),
    ),
    "a user takes over the address of a group that goes": (
        (ALICE, SALES),
        (primary(ALICE, "sales"),),
    ),
    "a user gives its address to a new group": (
        (primary(ALICE, "alice", "info"),),
        (ALICE, primary(make_group("desk"), "info")),
    ),
    "a leaver's address becomes a new group's": (
        (ALICE, BOB),
        (BOB, primary(make_group("desk"), "alice")),
    ),
    "a newcomer gets what a group gives up": (
        (primary(SALES, "sales", "info"),),
        (SALES, primary(BOB, "info")),
    ),
    "everyone moves to another local part at once": (
        (ALICE, BOB, SALES),
        (primary(ALICE, "a"), primary(BOB, "b"), primary(SALES, "s")),
    ),
}

FAILURES = [
    pytest.param(
        *move,
        operation,
        id=f"{operation}-{name}",
        marks=[] if row % 2 == column else pytest.mark.exhaustive,
    )
    for row, (name, move) in enumerate(MOVES.items())
    for column, operation in enumerate(("RegisterToWorkMail", "CreateGroup"))
]
"""Each move fails at one of two steps; `make test-all` tries both."""

PAIRS = pytest.mark.parametrize(("before", "after"), MOVES.values(), ids=MOVES.keys())


@PAIRS
def test_addresses_move_and_move_back(stack: Stack, before: Entities, after: Entities) -> None:
    organizations = [make_organization(*before), make_organization(*after)]
    stack.deploy(organizations[0])
    first = take_picture(stack)
    for organization in (organizations[1], organizations[0]):
        stack.deploy(organization)
        picture = take_picture(stack)
        assert_equals(picture, organization)

    kept = {entity.name for entity in before if isinstance(entity, User)}
    assert {name: first.ids[name] for name in kept} == {name: picture.ids[name] for name in kept}
    assert first.mailboxes == {name: picture.mailboxes[name] for name in first.mailboxes}


@pytest.mark.parametrize(("before", "after", "operation"), FAILURES)
def test_addresses_are_given_back_when_a_later_step_fails(
    stack: Stack, before: Entities, after: Entities, operation: str
) -> None:
    stack.deploy(make_organization(*before))
    first = take_picture(stack)
    stack.emulator.faults.add(Fault(operation=operation, code="PermanentFailure", status=400))
    with pytest.raises(DeploymentFailedError, match="PermanentFailure"):
        stack.deploy(make_organization(*after, make_user("late"), make_group("later")))
    picture = take_picture(stack)

    assert_equals(picture, make_organization(*before))
    assert first.mailboxes == picture.mailboxes
    organization = make_organization(*after)
    stack.deploy(organization)
    assert_equals(take_picture(stack), organization)


def test_the_old_address_is_gone_unless_it_is_listed(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE))
    stack.deploy(make_organization(primary(ALICE, "alicia")))
    assert {at("alicia"): "alice"} == take_picture(stack).addresses
    stack.deploy(make_organization(primary(ALICE, "a", "alicia")))

    assert {at("a"): "alice", at("alicia"): "alice"} == take_picture(stack).addresses


def test_automatic_addresses_in_the_test_domain_stay(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE, SALES))
    automatic = {
        at("alice", "acme.awsapps.com"): "alice",
        at("s", "acme.awsapps.com"): "group:sales",
    }
    picture = take_picture(stack)
    for address, name in automatic.items():
        stack.workmail.create_alias(
            OrganizationId=stack.organization_id, EntityId=picture.ids[name], Alias=address
        )
    stack.deploy(make_organization(primary(ALICE, "alicia"), primary(SALES, "sell")))
    addresses = take_picture(stack).addresses

    assert {**automatic, at("alicia"): "alice", at("sell"): "group:sales"} == addresses


def test_a_declared_address_in_the_test_domain_goes_when_it_leaves_the_spec(stack: Stack) -> None:
    declared = replace(ALICE, aliases=(at("al", "acme.awsapps.com"),))
    stack.deploy(make_organization(declared))
    stack.deploy(make_organization(ALICE))

    assert {at("alice"): "alice"} == take_picture(stack).addresses


def test_no_parking_address_is_left_behind(stack: Stack) -> None:
    before, after = MOVES["three go round in a circle"]
    stack.deploy(make_organization(*before))
    stack.deploy(make_organization(*after))
    (organization,) = stack.emulator.state()["regions"]["eu-west-1"]["organizations"].values()

    assert "moving" not in str(organization)


def test_an_address_of_somebody_else_is_named_with_its_owner(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE))
    client, organization_id = stack.workmail, stack.organization_id
    made = client.create_user(OrganizationId=organization_id, Name="zoe", DisplayName="Z")
    client.register_to_work_mail(
        OrganizationId=organization_id, EntityId=made["UserId"], Email=at("info")
    )
    with pytest.raises(DeploymentFailedError, match=r"info@acme.example belongs to user 'zoe'"):
        stack.deploy(make_organization(primary(ALICE, "alice", "info")))

    assert at("info") in take_picture(stack).addresses


def test_a_retained_leaver_keeps_its_address_and_whoever_wants_it_is_refused(stack: Stack) -> None:
    words = OnRemoval(users=Removal.RETAIN)
    stack.deploy(make_organization(ALICE, BOB, on_removal=words))
    stack.emulator.clear_calls()
    with pytest.raises(DeploymentFailedError, match=r"bob.* wants alice@acme.example.* retain"):
        stack.deploy(make_organization(primary(BOB, "bob", "alice"), on_removal=words))

    assert [] == list_operations(stack)


def test_a_swap_never_switches_anybody_off(stack: Stack) -> None:
    before, after = MOVES["two swap their primary addresses"]
    stack.deploy(make_organization(*before))
    stack.emulator.clear_calls()
    stack.deploy(make_organization(*after))

    assert {"UpdatePrimaryEmailAddress", "DeleteAlias"} == set(list_operations(stack))
