"""Few: whom a request looks up by name, and whom it takes to be as settled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workmail_org.changes import few
from workmail_org.changes.few import Few, Known, are_few, find_unseen, select_few
from workmail_org.changes.settled import digest
from workmail_org.model.group import Group
from workmail_org.model.live import Found
from workmail_org.model.user import User
from workmail_org.model.values import EntityId
from workmail_org.wire.properties import GroupsProperties, UsersProperties

PEOPLE = tuple(
    User(name=name, email=f"{name}@acme.example", display_name=name)
    for name in ("Anna", "bob", "carol")
)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make one look-up worth it among two."""
    monkeypatch.setattr(few, "ROWS_OF_A_PAGE", 2)


def declare(*users: User) -> UsersProperties:
    return UsersProperties(test_domain="acme.awsapps.com", users=users)


def select(
    declared: UsersProperties, previous: UsersProperties | None, known: dict[str, Known]
) -> Few | None:
    return select_few(declared, previous, known, find_unseen(declared, known, {}))


def know(*users: User, is_managed: bool = True) -> dict[str, Known]:
    return {
        user.name.lower(): Known(
            id=EntityId(f"id-{user.name}"), settled=digest(user, {}), is_managed=is_managed
        )
        for user in users
    }


@pytest.mark.parametrize(
    ("wanted", "among", "expected"), [(0, 1, False), (0, 2, True), (1, 2, True), (2, 3, False)]
)
def test_a_look_up_is_worth_it_where_it_takes_as_few_calls(
    wanted: int, among: int, expected: bool
) -> None:
    assert expected is are_few(wanted, among)


def test_who_is_settled_is_taken_as_declared_and_keeps_the_id() -> None:
    anna, bob, carol = PEOPLE
    unseen = find_unseen(declare(replace(anna, city="Bonn"), bob, carol), know(anna, bob), {})

    assert {"bob": Found(id=EntityId("id-bob"), entity=bob)} == unseen


def test_a_group_is_settled_while_the_same_of_its_members_are_switched_on() -> None:
    member = PEOPLE[1].reference
    group = Group(name="a", email="a@acme.example", members=(member,))
    declared = GroupsProperties(test_domain="acme.awsapps.com", groups=(group,))
    enabled = {member.folded: "id-bob"}
    known = {
        "a": Known(id=EntityId("id-a"), settled=digest(group, enabled), is_managed=True),
    }

    assert ["a"] == [*find_unseen(declared, known, enabled)]
    assert ["a"] == [*find_unseen(declared, known, {**enabled, PEOPLE[2].reference: "id-carol"})]
    assert {} == find_unseen(declared, known, {})
    assert {} == find_unseen(declared, known, {member.folded: "another id"})


def test_who_changes_is_looked_up_as_the_spec_writes_the_name() -> None:
    anna, bob, carol = PEOPLE
    changed = declare(replace(anna, city="Bonn"), bob, carol)

    found = select(changed, declare(*PEOPLE), know(*PEOPLE))

    assert Few(there=("Anna",), absent=(), among=3) == found


def test_who_is_new_must_not_be_there() -> None:
    anna, bob, carol = PEOPLE

    found = select(declare(*PEOPLE), declare(anna, bob), know(anna, bob))

    assert Few(there=(), absent=(carol.name,), among=3) == found


def test_who_leaves_or_has_left_the_spec_is_looked_up_while_it_is_the_stacks() -> None:
    """Also whoever an earlier deployment did not come to."""
    anna, bob, carol = PEOPLE
    fewer = declare(bob, carol)
    gone = know(anna, is_managed=False)

    assert Few(there=("anna",), absent=(), among=3) == select(fewer, fewer, know(*PEOPLE))
    assert Few(there=(), absent=(), among=2) == select(fewer, fewer, know(bob, carol) | gone)
    assert Few(there=("Anna",), absent=(), among=3) == select(
        fewer, declare(*PEOPLE), know(*PEOPLE)
    )


def test_everybody_is_listed_where_many_matter() -> None:
    anna, bob, carol = PEOPLE
    changed = declare(replace(anna, city="Bonn"), replace(bob, city="Bonn"), carol)

    assert select(changed, declare(*PEOPLE), know(*PEOPLE)) is None


def test_a_further_shard_of_people_who_are_settled_looks_for_nobody() -> None:
    assert Few(there=(), absent=(), among=3) == select(declare(*PEOPLE), None, know(*PEOPLE))
    assert select(declare(*PEOPLE), None, {}) is None
