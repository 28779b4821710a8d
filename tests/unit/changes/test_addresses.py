"""The exact calls of tricky moves, in their order: a golden list each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from scenes import at, make_group, make_user
from workmail_org.changes import groups, users
from workmail_org.changes.addresses import is_parking_address, make_parking_address
from workmail_org.changes.calls import Call, Phase, order
from workmail_org.changes.entities import Neighbour, Situation
from workmail_org.model.group import Group
from workmail_org.model.live import Found
from workmail_org.model.removal import Removal
from workmail_org.model.user import User
from workmail_org.model.values import EntityId, Kind, Reference, fold

ALICE = make_user("alice")
BOB = make_user("bob")
CAROL = make_user("carol")
PARKED = make_parking_address(Reference(Kind.USER, "alice"), "acme.awsapps.com")


def list_calls(
    actual: Sequence[User],
    desired: Sequence[User],
    *,
    removal: Removal = Removal.DISABLE,
    neighbours: Sequence[Neighbour] = (),
) -> list[str]:
    """Plan users, all of them ours, and write each call on a line."""
    situation = Situation(
        actual=[Found(id=EntityId(user.name), entity=user) for user in actual],
        previous=actual,
        desired=desired,
        owned={fold(user.name) for user in (*actual, *desired)},
        removal=removal,
        test_domain="acme.awsapps.com",
        neighbours=neighbours,
    )
    plan = users.decide(situation)
    assert () == plan.refusals
    return [render(call) for call in order((*plan.calls, *plan.waits))]


def render(call: Call) -> str:
    address = call.arguments.get("Email") or call.arguments.get("Alias") or ""
    local = str(address).replace("@acme.example", "").replace(PARKED, "(parked)")
    return f"{call.phase.name} {call.operation} {call.subject} {local}".rstrip()


def move(user: User, email: str, *aliases: str) -> User:
    return replace(user, email=at(email), aliases=tuple(at(alias) for alias in aliases))


GOLDEN: Mapping[str, tuple[Sequence[User], Sequence[User], list[str]]] = {
    "one address for two, of whom one has it": ([ALICE, BOB], [ALICE, move(BOB, "alice")], []),
    "one address for two, in turn": (
        [ALICE, BOB, CAROL],
        [move(ALICE, "bob"), move(BOB, "carol"), move(CAROL, "bob")],
        [],
    ),
    "nothing": ([ALICE, BOB], [ALICE, BOB], []),
    "a new primary address": (
        [ALICE],
        [move(ALICE, "a")],
        ["READDRESS UpdatePrimaryEmailAddress alice a", "READDRESS DeleteAlias alice alice"],
    ),
    "a new primary address, the old one kept": (
        [ALICE],
        [move(ALICE, "a", "alice")],
        ["READDRESS UpdatePrimaryEmailAddress alice a"],
    ),
    "alias and primary address change places": (
        [move(ALICE, "alice", "al")],
        [move(ALICE, "al", "alice")],
        ["READDRESS UpdatePrimaryEmailAddress alice al"],
    ),
    "an alias moves": (
        [move(ALICE, "alice", "x"), BOB],
        [ALICE, move(BOB, "bob", "x")],
        ["RELEASE DeleteAlias alice x", "ALIAS CreateAlias bob x"],
    ),
    "an alias becomes the primary address of another": (
        [move(ALICE, "alice", "x"), BOB],
        [ALICE, move(BOB, "x")],
        [
            "RELEASE DeleteAlias alice x",
            "READDRESS UpdatePrimaryEmailAddress bob x",
            "READDRESS DeleteAlias bob bob",
        ],
    ),
    "a chain goes from its free end": (
        [ALICE, BOB],
        [move(ALICE, "bob"), move(BOB, "new")],
        [
            "READDRESS UpdatePrimaryEmailAddress bob new",
            "READDRESS DeleteAlias bob bob",
            "READDRESS UpdatePrimaryEmailAddress alice bob",
            "READDRESS DeleteAlias alice alice",
        ],
    ),
    "two swap": (
        [ALICE, BOB],
        [move(ALICE, "bob"), move(BOB, "alice")],
        [
            "READDRESS UpdatePrimaryEmailAddress alice (parked)",
            "READDRESS DeleteAlias alice alice",
            "READDRESS UpdatePrimaryEmailAddress bob alice",
            "READDRESS DeleteAlias bob bob",
            "READDRESS UpdatePrimaryEmailAddress alice bob",
            "READDRESS DeleteAlias alice (parked)",
        ],
    ),
    "three in a circle": (
        [ALICE, BOB, CAROL],
        [move(ALICE, "bob"), move(BOB, "carol"), move(CAROL, "alice")],
        [
            "READDRESS UpdatePrimaryEmailAddress alice (parked)",
            "READDRESS DeleteAlias alice alice",
            "READDRESS UpdatePrimaryEmailAddress carol alice",
            "READDRESS DeleteAlias carol carol",
            "READDRESS UpdatePrimaryEmailAddress bob carol",
            "READDRESS DeleteAlias bob bob",
            "READDRESS UpdatePrimaryEmailAddress alice bob",
            "READDRESS DeleteAlias alice (parked)",
        ],
    ),
    "a swap that was cut off goes on": (
        [replace(ALICE, email=PARKED), replace(BOB, email=at("alice"), aliases=(at("bob"),))],
        [move(ALICE, "bob"), move(BOB, "alice")],
        [
            "RELEASE DeleteAlias bob bob",
            "READDRESS UpdatePrimaryEmailAddress alice bob",
            "READDRESS DeleteAlias alice (parked)",
        ],
    ),
    "a leaver's address becomes a colleague's": (
        [ALICE, BOB],
        [move(BOB, "alice")],
        [
            "RELEASE UpdatePrimaryEmailAddress alice (parked)",
            "RELEASE DeleteAlias alice alice",
            "READDRESS UpdatePrimaryEmailAddress bob alice",
            "READDRESS DeleteAlias bob bob",
            "DISABLE DeregisterFromWorkMail alice",
        ],
    ),
    "a leaver whom nobody follows keeps its addresses": (
        [move(ALICE, "alice", "al"), BOB],
        [BOB],
        ["DISABLE DeregisterFromWorkMail alice"],
    ),
    "somebody who comes back": (
        [replace(ALICE, enabled=False)],
        [move(ALICE, "alice", "al")],
        ["REGISTER RegisterToWorkMail alice alice", "ALIAS CreateAlias alice al"],
    ),
    "somebody who comes back finds the address in other hands": (
        [replace(ALICE, enabled=False), move(BOB, "bob", "alice")],
        [ALICE, BOB],
        ["RELEASE DeleteAlias bob alice", "REGISTER RegisterToWorkMail alice alice"],
    ),
    "a newcomer": (
        [],
        [replace(ALICE, aliases=(at("al"),), telephone="1", quota_megabytes=7)],
        [
            "CREATE CreateUser alice",
            "REGISTER RegisterToWorkMail alice alice",
            "ALIAS CreateAlias alice al",
            "UPDATE UpdateUser alice",
            "UPDATE UpdateMailboxQuota alice",
        ],
    ),
    "a newcomer who is switched off": (
        [],
        [replace(ALICE, enabled=False, telephone="1", aliases=(at("al"),), quota_megabytes=7)],
        ["CREATE CreateUser alice", "UPDATE UpdateUser alice"],
    ),
}


@pytest.mark.parametrize(("actual", "desired", "expected"), GOLDEN.values(), ids=GOLDEN.keys())
def test_the_calls_are_exactly_these(
    actual: Sequence[User], desired: Sequence[User], expected: list[str]
) -> None:
    assert expected == list_calls(actual, desired)


@pytest.mark.parametrize(
    ("removal_policy", "expected"),
    [
        (Removal.DISABLE, ["DISABLE DeregisterFromWorkMail alice"]),
        (Removal.DELETE, ["DISABLE DeregisterFromWorkMail alice", "DELETE DeleteUser alice"]),
        (Removal.RETAIN, []),
    ],
)
def test_the_word_for_removals_decides(removal_policy: Removal, expected: list[str]) -> None:
    assert expected == list_calls([ALICE], [], removal=removal_policy)


def make_neighbour(name: str, wanted: Sequence[str], *aliases: str) -> Neighbour:
    return Neighbour(
        id=EntityId(name),
        reference=Reference(Kind.GROUP, name),
        primary=at(name),
        aliases=tuple(at(alias) for alias in aliases),
        previous=(at(name), *(at(alias) for alias in aliases)),
        wanted=tuple(at(address) for address in wanted),
    )


def test_a_user_and_a_group_swap() -> None:
    calls = list_calls(
        [ALICE], [move(ALICE, "sales")], neighbours=[make_neighbour("sales", ["alice"])]
    )

    assert [
        "READDRESS UpdatePrimaryEmailAddress alice (parked)",
        "READDRESS DeleteAlias alice alice",
        "READDRESS UpdatePrimaryEmailAddress group:sales alice",
        "READDRESS DeleteAlias group:sales sales",
        "READDRESS UpdatePrimaryEmailAddress alice sales",
        "READDRESS DeleteAlias alice (parked)",
    ] == calls


def test_a_group_that_goes_makes_room_and_is_left_to_its_own_collection() -> None:
    calls = list_calls([ALICE], [move(ALICE, "sales")], neighbours=[make_neighbour("sales", [])])

    assert ["RELEASE", "RELEASE", "READDRESS", "READDRESS"] == [c.split()[0] for c in calls]
    assert not [call for call in calls if "Deregister" in call or "DeleteGroup" in call]


def test_an_address_goes_to_a_group_at_once() -> None:
    calls = list_calls(
        [move(ALICE, "alice", "info")],
        [ALICE],
        neighbours=[make_neighbour("sales", ["sales", "info"])],
    )

    assert ["RELEASE DeleteAlias alice info", "ALIAS CreateAlias group:sales info"] == calls


def test_releases_come_before_takings_and_removals_last() -> None:
    phases = list(Phase)

    assert phases.index(Phase.RELEASE) < phases.index(Phase.READDRESS) < phases.index(Phase.ALIAS)
    assert phases.index(Phase.LEAVE) < phases.index(Phase.JOIN) < phases.index(Phase.DISABLE)
    assert [Phase.DISABLE, Phase.DELETE] == phases[-2:]


def test_a_parking_address_is_the_same_every_time_and_nobody_elses() -> None:
    references = [Reference(kind, name) for kind in Kind for name in ("alice", "bob")]
    addresses = [make_parking_address(each, "acme.awsapps.com") for each in references]

    assert addresses == [make_parking_address(e, "acme.awsapps.com") for e in references]
    assert len(references) == len(set(addresses))
    assert all(is_parking_address(address) for address in addresses)
    assert all(len(address.partition("@")[0]) <= 64 for address in addresses)


def test_members_leave_before_members_join() -> None:
    outer, inner = make_group("outer", "group:inner"), make_group("inner")
    turned: list[Group] = [make_group("outer"), make_group("inner", "group:outer")]
    situation = Situation(
        actual=[Found(id=EntityId(g.name), entity=g) for g in (outer, inner)],
        previous=(outer, inner),
        desired=turned,
        owned={"outer", "inner"},
        removal=Removal.DELETE,
        test_domain="acme.awsapps.com",
        enabled=dict.fromkeys({outer.reference, inner.reference}, "id"),
    )
    plan = groups.decide(situation)

    assert [
        "LEAVE DisassociateMemberFromGroup group:outer",
        "JOIN AssociateMemberToGroup group:inner",
    ] == [render(call) for call in plan.calls]


def test_a_member_that_is_switched_off_is_not_taken_out() -> None:
    group = make_group("sales", "alice")
    situation = Situation(
        actual=[Found(id=EntityId("sales"), entity=group)],
        previous=(group,),
        desired=[make_group("sales")],
        owned={"sales"},
        removal=Removal.DELETE,
        test_domain="acme.awsapps.com",
    )

    assert () == groups.decide(situation).calls
