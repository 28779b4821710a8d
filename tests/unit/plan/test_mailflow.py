"""Mail flow, and how that changes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from scenes import at, make_group, make_user
from workmail_org.model.bookable import Bookable, BookableType
from workmail_org.model.group import Group
from workmail_org.model.live import EntityT, Found, People
from workmail_org.model.user import Role, User
from workmail_org.model.values import EntityId, Kind, Reference, parse_reference
from workmail_org.plan.mailflow import Outcome, compare, trace

NAMES = ("a", "b", "c", "d")


def find(*entities: EntityT) -> dict[str, Found[EntityT]]:
    return {each.name.casefold(): Found(id=EntityId(each.name), entity=each) for each in entities}


def make_people(*entities: User | Group | Bookable) -> People:
    return People(
        users=find(*(each for each in entities if isinstance(each, User))),
        groups=find(*(each for each in entities if isinstance(each, Group))),
        resources=find(*(each for each in entities if isinstance(each, Bookable))),
    )


def list_recipients(people: People, address: str) -> list[str]:
    return [str(each) for each in trace(people)[address].recipients]


def refer(*texts: str) -> tuple[Reference, ...]:
    return tuple(parse_reference(text) for text in texts)


ALICE, BOB = make_user("alice", aliases=("Al@acme.example",)), make_user("bob")


def test_a_person_receives_at_every_address_whatever_its_case() -> None:
    people = make_people(ALICE)

    assert {"alice@acme.example", "al@acme.example"} == set(trace(people))
    assert ["alice"] == list_recipients(people, "al@acme.example")


def test_groups_in_groups_reach_their_members_once() -> None:
    people = make_people(
        ALICE, BOB, make_group("inner", "alice"), make_group("outer", "group:inner", "alice", "bob")
    )

    assert ["alice", "bob"] == list_recipients(people, at("outer"))
    assert (Reference(Kind.GROUP, "inner"), Reference(Kind.USER, "alice")) in trace(people)[
        at("outer")
    ].links


def test_a_resource_and_its_delegates_receive_requests() -> None:
    room = Bookable(
        name="room", type=BookableType.ROOM, email=at("room"), delegates=refer("group:team", "bob")
    )
    people = make_people(ALICE, BOB, make_group("team", "alice"), room)

    assert ["resource:room", "alice", "bob"] == list_recipients(people, at("room"))


def test_who_is_switched_off_receives_nothing() -> None:
    off = make_user("bob", enabled=False)
    people = make_people(ALICE, off, make_group("team", "alice", "bob"))

    assert at("bob") not in trace(people)
    assert ["alice"] == list_recipients(people, at("team"))


def test_a_remote_user_receives_as_a_member_alone() -> None:
    rita = make_user("rita", role=Role.REMOTE_USER, email="rita@partner.example")
    people = make_people(rita, make_group("team", "rita"))

    assert "rita@partner.example" not in trace(people)
    assert ["rita"] == list_recipients(people, at("team"))


def test_loops_end_and_are_told() -> None:
    people = make_people(
        ALICE,
        make_group("one", "group:two"),
        make_group("two", "group:one", "alice"),
        make_group("outside", "group:one"),
    )
    delivery = trace(people)[at("outside")]

    assert refer("alice") == delivery.recipients
    assert refer("group:one", "group:two") == delivery.loops


def test_every_outcome_has_its_word() -> None:
    before = make_people(
        ALICE,
        BOB,
        make_user("carol"),
        make_group("less", "alice", "bob"),
        make_group("more", "alice"),
        make_group("other", "alice", "bob"),
        make_group("silent", "alice"),
    )
    after = make_people(
        make_user("alice"),
        make_user("bob", aliases=(at("carol"),)),
        make_user("dan"),
        make_group("less", "alice"),
        make_group("more", "alice", "bob"),
        make_group("other", "alice", "dan"),
        make_group("silent"),
    )
    changes = compare(trace(before), trace(after))

    assert [
        ("al@acme.example", Outcome.STOPS),
        (at("silent"), Outcome.SILENT),
        (at("carol"), Outcome.MOVES),
        (at("less"), Outcome.LOSES),
        (at("other"), Outcome.CHANGES),
        (at("more"), Outcome.GAINS),
        (at("dan"), Outcome.STARTS),
    ] == [(change.address, change.outcome) for change in changes]


def test_the_same_people_by_another_way_is_no_change() -> None:
    before = make_people(ALICE, make_group("in", "alice"), make_group("out", "group:in"))
    after = make_people(ALICE, make_group("in", "alice"), make_group("out", "alice"))

    assert () == compare(trace(before), trace(after))


MEMBERS = st.lists(
    st.sampled_from([*NAMES, *(f"group:{name}-team" for name in NAMES)]), max_size=4, unique=True
)


@st.composite
def draw_people(draw: st.DrawFn) -> People:
    """Draw people in groups that may contain each other, and themselves."""
    users = [
        make_user(
            name,
            enabled=draw(st.booleans()),
            aliases=draw(st.sampled_from([(), (at(f"{name}.x"),)])),
        )
        for name in draw(st.sets(st.sampled_from(NAMES)))
    ]
    groups = [
        make_group(f"{name}-team", *draw(MEMBERS)) for name in draw(st.sets(st.sampled_from(NAMES)))
    ]
    return make_people(*users, *groups)


@given(before=draw_people(), after=draw_people())
def test_the_way_back_is_the_way_there_turned_around(before: People, after: People) -> None:
    there, back = compare(trace(before), trace(after)), compare(trace(after), trace(before))

    assert {replace(each, before=each.after, after=each.before) for each in there} == set(back)


@given(people=draw_people())
def test_nothing_changes_between_the_same(people: People) -> None:
    assert () == compare(trace(people), trace(people))


@given(before=draw_people(), middle=draw_people(), after=draw_people())
def test_two_changes_after_each_other_are_one(
    before: People, middle: People, after: People
) -> None:
    flow = dict(trace(before))
    for one, other in ((before, middle), (middle, after)):
        for change in compare(trace(one), trace(other)):
            if change.after is None:
                del flow[change.address]
            else:
                flow[change.address] = change.after

    assert {address: each.recipients for address, each in flow.items()} == {
        address: each.recipients for address, each in trace(after).items()
    }


@given(people=draw_people())
def test_a_group_is_in_a_loop_when_it_can_come_back_to_itself(people: People) -> None:
    for delivery in trace(people).values():
        for group in delivery.loops:
            reached = {other for one, other in delivery.links if one == group}
            while True:
                wider = reached | {other for one, other in delivery.links if one in reached}
                if wider == reached:
                    break
                reached = wider

            # What lies between two loops is told too: it is on the way of one.
            assert group in reached or reached & set(delivery.loops)
