"""Few: whom a request looks up by name, and whom it takes to be as settled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workmail_org.changes import few
from workmail_org.changes.few import Few, Known, are_few, select_few
from workmail_org.changes.settled import digest
from workmail_org.model.group import Group
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


def declare(*users: User, shard: int = 0) -> UsersProperties:
    return UsersProperties(test_domain="acme.awsapps.com", users=users, shard=shard)


def know(*users: User, is_managed: bool = True) -> dict[str, Known]:
    return {
        user.name.lower(): Known(
            id=EntityId(f"id-{user.name}"), settled=digest(user, {}), is_managed=is_managed
        )
        for user in users
    }


Selected = tuple[dict[str, str], dict[str, str], list[str]]


def select(
    declared: UsersProperties, previous: UsersProperties | None, known: dict[str, Known]
) -> Selected | None:
    found = select_few(declared, previous, known)
    return found and (dict(found.there), dict(found.absent), [*found.unseen])


@pytest.mark.parametrize(
    ("wanted", "among", "expected"), [(0, 1, False), (0, 2, True), (1, 2, True), (2, 3, False)]
)
def test_a_look_up_is_worth_it_where_it_takes_as_few_calls(
    wanted: int, among: int, expected: bool
) -> None:
    assert expected is are_few(wanted, among)


def test_who_is_settled_is_taken_as_declared_and_keeps_the_id() -> None:
    anna, bob, carol = PEOPLE
    found = select_few(declare(*PEOPLE), declare(anna, bob), know(anna, bob))

    assert isinstance(found, Few)
    assert ({}, {"carol": "carol"}) == (found.there, found.absent)
    assert (EntityId("id-Anna"), anna) == (found.unseen["anna"].id, found.unseen["anna"].entity)
    assert carol.name not in found.unseen


def test_who_changes_is_looked_up_as_the_spec_writes_the_name() -> None:
    anna, bob, carol = PEOPLE
    changed = declare(replace(anna, city="Bonn"), bob, carol)

    expected: Selected = ({"anna": "Anna"}, {}, ["bob", "carol"])
    assert expected == select(changed, declare(*PEOPLE), know(*PEOPLE))


def test_who_leaves_or_has_left_the_spec_is_looked_up_while_it_is_the_stacks() -> None:
    """Also whoever an earlier deployment did not come to."""
    anna, bob, carol = PEOPLE
    expected: Selected = ({"anna": "anna"}, {}, ["bob", "carol"])

    assert expected == select(declare(bob, carol), declare(bob, carol), know(*PEOPLE))
    assert ({}, {}, ["bob", "carol"]) == select(
        declare(bob, carol), declare(bob, carol), know(bob, carol) | know(anna, is_managed=False)
    )
    assert ({"anna": "Anna"}, {}, ["bob", "carol"]) == select(
        declare(bob, carol), declare(*PEOPLE), know(*PEOPLE)
    )


def test_everybody_is_listed_where_many_matter() -> None:
    anna, bob, carol = PEOPLE
    changed = declare(replace(anna, city="Bonn"), replace(bob, city="Bonn"), carol)

    assert select(changed, declare(*PEOPLE), know(*PEOPLE)) is None


def test_a_creation_lists_everybody_but_for_a_further_shard() -> None:
    expected: Selected = ({}, {}, ["anna", "bob", "carol"])

    assert select(declare(*PEOPLE), None, know(*PEOPLE)) is None
    assert expected == select(declare(*PEOPLE, shard=1), None, know(*PEOPLE))


def test_groups_are_listed() -> None:
    groups = GroupsProperties(
        test_domain="acme.awsapps.com", groups=(Group(name="a", email="a@acme.example"),)
    )

    assert select_few(groups, groups, {}) is None
