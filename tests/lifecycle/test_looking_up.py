"""In a large organization few are looked up by name; what is there is seen all the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from approving import plan_live
from cloudformation import DeploymentFailedError, Stack
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
from workmail_emulator import Fault
from workmail_org import declaring
from workmail_org.changes import few
from workmail_org.changes.shards import get_shard
from workmail_org.model.user import User
from workmail_org.model.values import Kind, Reference
from workmail_org.service.reading import look_up
from workmail_org.service.workmail import WorkMail
from worlds import differ, see

MANY = tuple(make_user(f"person{number:02}") for number in range(25))
LISTS = ("ListUsers", "ListGroups", "ListResources")


@pytest.fixture
def large(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack whose users would fill two pages and a half."""
    monkeypatch.setattr(few, "ROWS_OF_A_PAGE", 10)
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


def test_one_more_is_asked_for_by_name(large: Stack) -> None:
    """Before anything is refused, before anything is written, and in the list afterwards."""
    wanted = make_organization(*MANY, make_user("zoe"))
    large.deploy(wanted)

    assert {"ListUsers by name": 1} == count_lists(large)
    asked = [call for call in large.emulator.calls if call.operation == "DescribeUser"]
    assert ["zoe", "zoe"] == [call.parameters["UserId"] for call in asked]
    assert_equals(take_picture(large), wanted)


def test_one_who_changes_is_looked_up(large: Stack) -> None:
    first, *others = MANY
    wanted = make_organization(replace(first, city="Bonn"), *others)
    large.deploy(wanted)

    assert {"ListUsers by name": 3} == count_lists(large)
    assert {"UpdateUser"} == set(list_operations(large))
    assert_equals(take_picture(large), wanted)


def test_one_who_leaves_is_looked_up(large: Stack) -> None:
    """Before and after somebody is switched off, and by the users' own resource before that."""
    large.deploy(make_organization(*MANY[1:]))

    assert {"ListUsers by name": 4} == count_lists(large)
    assert ["DeregisterFromWorkMail"] == list_operations(large)


def test_many_who_change_are_listed(large: Stack) -> None:
    """Three of twenty-five: three pages."""
    changed = [replace(each, city="Bonn") for each in MANY[:3]]
    large.deploy(make_organization(*changed, *MANY[3:]))

    assert {"ListUsers all": 3} == count_lists(large)


def test_who_left_earlier_is_remembered_and_not_looked_for(large: Stack) -> None:
    large.deploy(make_organization(*MANY[1:]))
    large.emulator.clear_calls()
    wanted = make_organization(*MANY[1:], make_user("zoe"))

    large.deploy(wanted)

    assert {"ListUsers by name": 1} == count_lists(large)
    left = large.ledger.read(Kind.USER)[MANY[0].reference.folded]
    assert left.removed_at is not None


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


def switch_off(stack: Stack, name: str) -> str:
    hand = Hand(stack)
    gone = hand.find(name)
    hand.do("deregister_from_work_mail", EntityId=gone)
    stack.emulator.clear_calls()
    return gone


@pytest.mark.parametrize("deletes", [False, True], ids=["switched off", "deleted"])
def test_what_people_did_to_others_is_not_touched_and_the_plan_says_so(
    large: Stack, deletes: bool
) -> None:
    """Nobody reads the rows of others; `drift` does."""
    gone = switch_off(large, "person07")
    if deletes:
        Hand(large).do("delete_user", UserId=gone)
    changed = replace(MANY[3], display_name="Somebody Else")
    wanted = make_organization(*MANY[:3], changed, *MANY[4:])
    planned = plan_live(large, make_organization(*MANY), wanted)
    large.emulator.clear_calls()

    large.deploy(wanted)

    assert ["UpdateUser"] == list_operations(large)
    (calls,) = (each.calls for each in planned.organizations)
    assert ["UpdateUser user person03"] == [call.partition(" {")[0] for call in calls]
    picture = take_picture(large)
    assert "person07" not in picture.enabled
    assert "Somebody Else" == getattr(picture.entities["person03"], "display_name", None)


def test_an_address_given_by_hand_to_somebody_else_is_seen(large: Stack) -> None:
    """Whoever holds an address that somebody is to get is asked for."""
    hand = Hand(large)
    hand.do("create_alias", EntityId=hand.find("person07"), Alias=at("sales"))
    large.emulator.clear_calls()
    wanted = make_organization(*MANY, make_user("zoe", aliases=(at("sales"),)))

    large.deploy(wanted)

    picture = take_picture(large)
    assert (at("sales"),) == picture.entities["zoe"].aliases
    assert () == picture.entities["person07"].aliases


def test_who_was_made_by_hand_is_refused(large: Stack) -> None:
    make_by_hand(large, "zoe")

    with pytest.raises(DeploymentFailedError, match="user 'zoe'"):
        large.deploy(make_organization(*MANY, make_user("zoe")))


def test_what_fails_is_looked_up_again(large: Stack) -> None:
    large.emulator.faults.add(
        Fault(operation="UpdateUser", times=1, code="InternalFailure", status=500)
    )
    first, *others = MANY
    wanted = make_organization(replace(first, city="Bonn"), *others)
    large.deploy(wanted)

    assert {"ListUsers by name": 4} == count_lists(large)
    assert_equals(take_picture(large), wanted)


def test_a_repair_lists_everybody(large: Stack) -> None:
    switch_off(large, "person07")
    spec = make_organization(*MANY)
    large.repair = plan_live(large, spec, spec, repairs=True).repair or ""
    large.deploy(spec)

    assert "person07" in take_picture(large).enabled


def test_a_repair_refuses_who_was_made_again(large: Stack) -> None:
    make_again(large, "person07")
    large.repair = "acme/users.0123456789ab"

    with pytest.raises(DeploymentFailedError, match="user 'person07' exists already"):
        large.deploy(make_organization(*MANY))


def test_a_rollback_lists_everybody(large: Stack) -> None:
    large.emulator.faults.add(Fault(operation="UpdateUser", times=1, code="Final", status=400))
    first, *others = MANY
    with pytest.raises(DeploymentFailedError, match="Final"):
        large.deploy(make_organization(replace(first, city="Bonn"), *others))

    # Twice before the failure; then before it refuses, before it writes, and as that was nothing.
    assert {"ListUsers by name": 2, "ListUsers all": 3} == count_lists(large)


def make_again(stack: Stack, name: str) -> None:
    Hand(stack).do("delete_user", UserId=switch_off(stack, name))
    make_by_hand(stack, name)


def rename_by_hand(stack: Stack, name: str) -> None:
    hand = Hand(stack)
    hand.do("update_user", UserId=hand.find(name), DisplayName="By Hand", City="Cork")


def give_alias(stack: Stack, name: str) -> None:
    hand = Hand(stack)
    hand.do("create_alias", EntityId=hand.find(name), Alias=at("sales"))


def exchange(stack: Stack, name: str) -> None:
    """Exchange somebody's address with that of the first one."""
    hand = Hand(stack)
    others = [each for each in ("person00", "person02") if each != name]
    one, other = hand.find(name), hand.find(others[0])

    def move(entity: str, old: str, new: str) -> None:
        hand.do("update_primary_email_address", EntityId=entity, Email=at(new))
        hand.do("delete_alias", EntityId=entity, Alias=at(old))

    move(one, name, "between")
    move(other, others[0], name)
    move(one, "between", others[0])


BY_HAND: dict[str, Callable[[Stack, str], object]] = {
    "switched off": switch_off,
    "deleted": lambda stack, name: Hand(stack).do("delete_user", UserId=switch_off(stack, name)),
    "made again": make_again,
    "another row": rename_by_hand,
    "one more address": give_alias,
    "exchanged addresses": exchange,
}
FIRST, SECOND = MANY[:2]
CHANGES = {
    "one more": (*MANY, make_user("zoe")),
    "one who leaves": MANY[1:],
    "one who changes": (replace(FIRST, city="Bonn"), *MANY[1:]),
    "one who is switched off": (replace(FIRST, enabled=False), *MANY[1:]),
    "an address that moves": (replace(FIRST, aliases=(at("sales"),)), *MANY[1:]),
    "two who change": (replace(FIRST, city="Bonn"), replace(SECOND, city="Bonn"), *MANY[2:]),
}


@pytest.mark.parametrize("about", ["person00", "person01", "person07"])
@pytest.mark.parametrize("wanted", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("do", BY_HAND.values(), ids=BY_HAND)
def test_what_the_plan_says_is_what_is_done(
    large: Stack, do: Callable[[Stack, str], object], wanted: tuple[User, ...], about: str
) -> None:
    """Whoever was changed by hand: what the plan against live lists is approved, and all of it."""
    do(large, about)
    before, after = make_organization(*MANY), make_organization(*wanted)
    made = plan_live(large, before, after)
    (planned,) = made.organizations
    large.emulator.clear_calls()

    if planned.refusals:
        with pytest.raises(DeploymentFailedError):
            large.deploy(after)
        return
    large.deploy(after, approved=made.approval)

    assert sorted(call.split()[0] for call in planned.calls) == sorted(list_operations(large))


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


@pytest.mark.parametrize("name", ["zoe", "eve"])
def test_a_further_shard_lists_nobody(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """One more than fit into the shards that there are, whichever brings it into being."""
    assert {"zoe": 1, "eve": 0}[name] == get_shard(name, 2)
    monkeypatch.setattr(few, "ROWS_OF_A_PAGE", 10)
    monkeypatch.setattr(declaring, "_SHARD_ENTITIES", 25)
    stack.deploy(make_organization(*MANY))
    stack.emulator.clear_calls()
    wanted = make_organization(*MANY, make_user(name))
    stack.deploy(wanted)

    assert {"Users", "Users1"} <= stack.deployed.keys()
    assert {"ListUsers by name": 1} == count_lists(stack)
    assert_equals(take_picture(stack), wanted)


@pytest.mark.parametrize("is_new", [True, False], ids=["a new shard", "a shard"])
@pytest.mark.parametrize("holder", [0, 1])
@pytest.mark.parametrize("comer", [0, 1])
def test_an_address_given_by_hand_moves_from_shard_to_shard(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, is_new: bool, holder: int, comer: int
) -> None:
    """Whoever has it, and whichever shard brings its new owner into being; and back."""
    monkeypatch.setattr(declaring, "_SHARD_ENTITIES", 25 if is_new else 20)
    has = next(each.name for each in MANY if get_shard(each.name, 2) == holder)
    name = {0: "eve", 1: "zoe"}[comer]
    before = make_organization(*MANY)
    wanted = make_organization(*MANY, make_user(name, aliases=(at("sales"),)))
    stack.deploy(before)
    assert (not is_new) is ("Users1" in stack.deployed)
    give_alias(stack, has)
    found = see(Hand(stack))
    approval = plan_live(stack, before, wanted).approval
    stack.emulator.faults.add(Fault(operation="CreateAlias", times=1, code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(wanted, approved=approval)
    gone = f"users.{name}"
    assert [] == [each for each in differ(found, see(Hand(stack))) if gone not in each]
    stack.emulator.clear_calls()
    stack.deploy(wanted, approved=plan_live(stack, before, wanted).approval)

    assert "Users1" in stack.deployed
    assert ["DeleteAlias", "RegisterToWorkMail", "CreateAlias"] == list_operations(stack)
    assert_equals(take_picture(stack), wanted)


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
