"""In a large organization few are looked up by name; what is there is seen all the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from cloudformation import Stack
from drifting import Hand
from scenes import (
    assert_equals,
    at,
    list_operations,
    make_group,
    make_organization,
    make_user,
    take_picture,
)
from workmail_org import declaring
from workmail_org.changes.shards import get_shard
from workmail_org.model.values import Kind, Reference
from workmail_org.service import reading
from workmail_org.service.reading import look_up
from workmail_org.service.workmail import WorkMail

MANY = tuple(make_user(f"person{number:02}") for number in range(25))
LISTS = ("ListUsers", "ListGroups", "ListResources")


@pytest.fixture
def large(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack whose users would fill two pages and a half."""
    monkeypatch.setattr(reading, "ROWS_OF_A_PAGE", 10)
    stack.deploy(make_organization(*MANY))
    stack.emulator.clear_calls()
    return stack


def count_lists(stack: Stack) -> Counter[str]:
    """Count the calls that list, by operation and whether they filter."""
    return Counter(
        f"{call.operation} {'by name' if call.parameters.get('Filters') else 'all'}"
        for call in stack.emulator.calls
        if call.operation in LISTS
    )


def make_by_hand(stack: Stack, name: str) -> str:
    hand = Hand(stack)
    made = hand.do("create_user", Name=name, DisplayName=name, Password="Str0ng-enough")
    hand.do("register_to_work_mail", EntityId=made["UserId"], Email=at(name.casefold()))
    stack.emulator.clear_calls()
    return str(made["UserId"])


def test_one_more_is_listed_with_all_others_before_and_alone_afterwards(large: Stack) -> None:
    """Before anything is refused, and before anything is written."""
    wanted = make_organization(*MANY, make_user("zoe"))
    large.deploy(wanted)

    assert {"ListUsers all": 2, "ListUsers by name": 1} == count_lists(large)
    assert_equals(take_picture(large), wanted)


def test_one_who_leaves_is_looked_up_at_the_end(large: Stack) -> None:
    """Before and after it is switched off."""
    large.deploy(make_organization(*MANY[1:]))

    found = count_lists(large)

    assert {"ListUsers by name": 2} == {name: n for name, n in found.items() if "name" in name}
    assert ["DeregisterFromWorkMail"] == list_operations(large)


def test_resources_are_not_listed_where_there_are_none(large: Stack) -> None:
    large.deploy(make_organization(*MANY, make_group("sales", "person01")))

    assert {"ListUsers all", "ListGroups all"} == count_lists(large).keys()


def test_who_is_written_in_another_case_is_looked_for_among_all(large: Stack) -> None:
    """A filter heeds case, and people may have written the name in another one."""
    make_by_hand(large, "Zoe")
    wanted = make_organization(*MANY, make_user("zoe", display_name="Z", adopt=True))

    large.deploy(wanted)

    assert {"UpdateUser"} == set(list_operations(large))
    assert "Z" == getattr(take_picture(large).entities["zoe"], "display_name", None)


def test_who_is_deleted_by_hand_while_others_are_written_is_seen(large: Stack) -> None:
    """What fails in between is followed by lists of all."""
    hand = Hand(large)
    gone = hand.find("person07")
    hand.do("deregister_from_work_mail", EntityId=gone)
    hand.do("delete_user", UserId=gone)
    large.emulator.clear_calls()
    changed = replace(MANY[3], display_name="Somebody Else")
    wanted = make_organization(*MANY[:3], changed, *MANY[4:])

    large.deploy(wanted)

    assert_equals(take_picture(large), wanted)


def find(stack: Stack, *names: str, among: int = 25) -> tuple[str, ...] | None:
    workmail = WorkMail(stack.workmail, stack.organization_id)
    found = look_up(workmail, [Reference(Kind.USER, name) for name in names], among=among)
    return None if found is None else tuple(row.reference.name for row in found)


def test_names_that_begin_alike_are_told_apart(large: Stack) -> None:
    make_by_hand(large, "person0")

    assert ("person0",) == find(large, "person0")
    assert ("person0", "person01") == find(large, "person0", "person01")


@pytest.mark.parametrize(
    ("names", "among"),
    [
        (["person01", "nobody"], 25),
        (["Person01"], 25),
        (["person01", "person02", "person03"], 25),
        (["person01"], 9),
    ],
    ids=["not there", "another case", "a list takes as few", "one page"],
)
def test_everybody_has_to_be_listed(large: Stack, names: list[str], among: int) -> None:
    assert find(large, *names, among=among) is None


def test_a_deleted_user_is_not_found_beside_a_new_one_of_the_same_name(large: Stack) -> None:
    """Lists go on showing who was deleted."""
    for _ in range(2):
        made = make_by_hand(large, "zoe")
        Hand(large).do("deregister_from_work_mail", EntityId=made)
        Hand(large).do("delete_user", UserId=made)
    assert find(large, "zoe") is None
    make_by_hand(large, "zoe")

    assert ("zoe",) == find(large, "zoe")


def test_what_changes_is_read_by_the_shard_that_brings_it_about_alone(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one answers for whoever was there, each for its share of what is new."""
    monkeypatch.setattr(declaring, "_SHARD_ENTITIES", 9)
    stack.deploy(make_organization(*MANY))
    zoe, eve = make_user("zoe"), make_user("eve")
    *others, last = MANY
    assert {0: eve, 1: zoe} == {get_shard(each.name, 3): each for each in (zoe, eve)}
    for wanted in (
        make_organization(*MANY, zoe),
        make_organization(*MANY, zoe, eve),
        make_organization(*others, replace(last, city="Bonn"), zoe, eve),
    ):
        stack.emulator.clear_calls()
        stack.deploy(wanted)

        # Before it refuses, before it writes, and afterwards.
        assert {"ListUsers all": 3} == count_lists(stack)
        assert_equals(take_picture(stack), wanted)
