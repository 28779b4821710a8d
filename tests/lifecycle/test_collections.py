"""Collections that are too large for a template: assets and shards."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from approving import plan_live
from cloudformation import DeploymentFailedError, FakeCloudFormation, RollbackFailedError, Stack
from scenes import (
    assert_equals,
    at,
    list_operations,
    make_emulator,
    make_group,
    make_organization,
    make_user,
    take_picture,
)
from workmail_emulator.faults import Fault
from workmail_org import declaring
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.values import Kind
from workmail_org.wire.names import MAX_INLINE_BYTES

CROWD = [make_user(f"u{number:02}") for number in range(30)]


@pytest.fixture
def sharded(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack in which ten entities make a shard."""
    monkeypatch.setattr(declaring, "_SHARD_ENTITIES", 10)
    return stack


def test_a_large_collection_travels_as_an_asset(stack: Stack) -> None:
    long = {"job_title": "x" * 250, "street": "y" * 250}
    people = [make_user(f"person{number:03}", **long) for number in range(200)]
    organization = make_organization(*people)
    stack.deploy(organization)
    properties = stack.deployed["Users"].resource.properties

    assert "Users" not in properties
    assert "CollectionKey" in properties
    assert len(json.dumps(properties)) < MAX_INLINE_BYTES / 100
    assert_equals(take_picture(stack), organization)


def test_shards_bring_everybody_and_change_everybody(sharded: Stack) -> None:
    grown = [*CROWD, *(make_user(f"v{number:02}") for number in range(15))]
    turned = [replace(user, email=grown[i - 1].email) for i, user in enumerate(grown)]
    tokens: dict[str, str] = {}
    for people in (CROWD, grown, turned, CROWD[:12], CROWD[:3], grown):
        organization = make_organization(*people, make_group("all", *(u.name for u in people)))
        sharded.deploy(organization)
        picture = take_picture(sharded)
        assert_equals(picture, organization)
        kept = {name: token for name, token in picture.mailboxes.items() if name in tokens}
        assert {name: tokens[name] for name in kept} == kept
        tokens |= picture.mailboxes

    assert ["Users", "Users1", "Users2", "Users3", "Users4"] == [
        name for name in sharded.deployed if name.startswith("Users")
    ]


def test_a_failure_in_a_late_shard_rolls_everybody_back(sharded: Stack) -> None:
    before = make_organization(*CROWD[:12])
    sharded.deploy(before)
    picture = take_picture(sharded)
    sharded.emulator.faults.add(Fault(operation="CreateUser", nth=14, code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final"):
        sharded.deploy(make_organization(*CROWD[2:]))

    assert_equals(take_picture(sharded), before)
    assert picture.mailboxes == take_picture(sharded).mailboxes
    sharded.deploy(make_organization(*CROWD[2:]))
    assert_equals(take_picture(sharded), make_organization(*CROWD[2:]))


def test_a_failed_first_deployment_in_shards_leaves_nobody_switched_on(sharded: Stack) -> None:
    sharded.emulator.faults.add(Fault(operation="CreateUser", nth=25, code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final"):
        sharded.deploy(make_organization(*CROWD))
    again = Stack(sharded.emulator)
    again.deploy(make_organization())

    assert set() == take_picture(again).enabled


def test_a_renamed_key_is_refused_whichever_shard_the_new_one_is_in(sharded: Stack) -> None:
    sharded.deploy(make_organization(*CROWD))
    sharded.emulator.clear_calls()
    for number in range(6):
        renamed = replace(CROWD[0], name=f"renamed{number}")
        with pytest.raises(DeploymentFailedError, match="user 'u00' is removed and"):
            sharded.deploy(make_organization(renamed, *CROWD[1:]))

    assert [] == list_operations(sharded)


def test_a_leavers_address_goes_to_a_newcomer_of_any_shard(sharded: Stack) -> None:
    sharded.deploy(make_organization(*CROWD))
    heirs = [make_user(f"heir{n}", aliases=(at(f"u{n:02}"),)) for n in range(6)]
    organization = make_organization(*heirs, *CROWD[6:])
    sharded.deploy(organization)

    assert_equals(take_picture(sharded), organization)


def test_who_was_left_by_a_failed_roll_back_is_not_removed_on_the_way(sharded: Stack) -> None:
    sharded.deploy(make_organization(*CROWD[:12]))
    broken = Fault(operation="CreateUser", nth=16, times=0, code="Final", status=400)
    sharded.emulator.faults.add(broken)
    sharded.emulator.faults.add(
        Fault(operation="DeregisterFromWorkMail", times=0, code="Final", status=400)
    )
    with pytest.raises(RollbackFailedError, match="Final"):
        sharded.deploy(make_organization(*CROWD))
    sharded.emulator.faults.clear()
    sharded.emulator.clear_calls()
    organization = make_organization(*CROWD, on_removal=OnRemoval(users=Removal.DELETE))
    sharded.deploy(organization)

    assert_equals(take_picture(sharded), organization)
    assert not {"DeregisterFromWorkMail", "DeleteUser"} & set(list_operations(sharded))


def test_passwords_lie_in_one_secret_a_shard(sharded: Stack) -> None:
    sharded.deploy(make_organization(*CROWD))
    held = [set(json.loads(text)) for text in sharded.secrets.values.values()]

    assert {user.name for user in CROWD} == set().union(*held)
    assert 30 == sum(map(len, held))


def test_an_old_asset_that_is_gone_does_not_stop_an_update(sharded: Stack) -> None:
    sharded.deploy(make_organization(*CROWD))
    sharded.s3.objects.clear()
    sharded.emulator.clear_calls()
    first, second, *others = CROWD[:29]
    organization = make_organization(
        replace(first, email=second.email), replace(second, email=first.email), *others
    )
    sharded.deploy(organization)

    assert_equals(take_picture(sharded), organization)
    assert 1 == list_operations(sharded).count("DeregisterFromWorkMail")
    sharded.s3.objects.clear()
    sharded.destroy()

    assert {} == sharded.deployed


def test_who_leaves_while_the_old_asset_is_gone_leaves_at_the_end_all_the_same(
    sharded: Stack,
) -> None:
    sharded.deploy(make_organization(*CROWD))
    sharded.s3.objects.clear()
    sharded.emulator.clear_calls()
    after = make_organization(
        *CROWD[1:], make_group("sales"), on_removal=OnRemoval(users=Removal.DELETE)
    )
    sharded.deploy(after)
    operations = list_operations(sharded)

    assert_equals(take_picture(sharded), after)
    assert ["DeregisterFromWorkMail", "DeleteUser"] == operations[-2:]
    assert operations.index("CreateGroup") < operations.index("DeregisterFromWorkMail")


def test_a_new_asset_that_is_not_there_removes_nobody(sharded: Stack) -> None:
    sharded.deploy(make_organization(*CROWD))
    before = take_picture(sharded)
    users = sharded.deployed["Users"]
    lost = replace(users.resource, properties={**users.resource.properties, "CollectionKey": "x"})
    with pytest.raises(DeploymentFailedError, match="s3://assets/x is gone"):
        sharded.send("Update", lost, previous=users.resource, physical_id=users.physical_id)

    assert before == take_picture(sharded)


def test_lists_are_read_to_their_end() -> None:
    stack = Stack(make_emulator(page_size=2))
    organization = make_organization(
        *CROWD[:7],
        *(make_group(f"g{n}", *(u.name for u in CROWD[:5]), "group:g9") for n in range(5)),
        make_group("g9", aliases=tuple(at(f"alias{n}") for n in range(7))),
    )
    stack.deploy(organization)

    assert_equals(take_picture(stack), organization)
    stack.deploy(make_organization())
    assert set() == take_picture(stack).enabled


def count_reads(stack: Stack) -> Counter[str]:
    """Count how often each user was read since calls were cleared, by name."""
    scope = {"OrganizationId": stack.organization_id}
    names = {user["Id"]: user["Name"] for user in stack.workmail.list_users(**scope)["Users"]}
    calls = (call for call in stack.emulator.calls if call.operation == "DescribeUser")
    return Counter(names[str(call.parameters["UserId"])] for call in calls)


CHANGED = (replace(CROWD[0], display_name="Somebody Else"), *CROWD[1:])


def test_who_stays_the_same_is_not_read(stack: Stack) -> None:
    stack.deploy(make_organization(*CROWD))
    stack.emulator.clear_calls()
    stack.deploy(make_organization(*CHANGED))

    assert Counter({CROWD[0].name: 3}) == count_reads(stack)


def test_what_a_list_shows_of_who_does_not_change_is_not_touched(stack: Stack) -> None:
    """`drift` reports it, and a repair sets it right."""
    stack.deploy(make_organization(*CROWD))
    scope = {"OrganizationId": stack.organization_id}
    ids = {user["Name"]: user["Id"] for user in stack.workmail.list_users(**scope)["Users"]}
    other, moved, off = (each.name for each in CROWD[1:4])
    stack.workmail.update_user(**scope, UserId=ids[other], DisplayName="By Hand")
    stack.workmail.update_primary_email_address(**scope, EntityId=ids[moved], Email=at("by-hand"))
    stack.workmail.deregister_from_work_mail(**scope, EntityId=ids[off])
    stack.emulator.clear_calls()
    stack.deploy(make_organization(*CHANGED))

    assert {CROWD[0].name} == count_reads(stack).keys()
    picture = take_picture(stack)
    assert "Somebody Else" == getattr(picture.entities[CROWD[0].name], "display_name", None)
    assert "By Hand" == getattr(picture.entities[other], "display_name", None)
    assert at("by-hand") == picture.entities[moved].email
    assert off not in picture.enabled


def test_whom_a_ledger_of_the_first_stage_names_is_read_once_and_not_written(stack: Stack) -> None:
    stack.deploy(make_organization(*CROWD))
    forget_what_was_settled(stack)
    stack.emulator.clear_calls()
    stack.deploy(make_organization(*CHANGED))

    assert {user.name for user in CROWD} == count_reads(stack).keys()
    assert ["UpdateUser"] == list_operations(stack)
    stack.emulator.clear_calls()
    stack.deploy(make_organization(*CROWD))
    assert {CROWD[0].name} == count_reads(stack).keys()


def forget_what_was_settled(stack: Stack) -> None:
    entries = stack.ledger.read(Kind.USER).values()
    stack.ledger.put(replace(entry, settled=None) for entry in entries)


def test_who_was_made_again_by_hand_is_not_taken_for_who_was_settled(stack: Stack) -> None:
    stack.deploy(make_organization(*CROWD))
    scope = {"OrganizationId": stack.organization_id}
    ids = {user["Name"]: user["Id"] for user in stack.workmail.list_users(**scope)["Users"]}
    bob = CROWD[1]
    stack.workmail.deregister_from_work_mail(**scope, EntityId=ids[bob.name])
    stack.workmail.delete_user(**scope, UserId=ids[bob.name])
    made = stack.workmail.create_user(**scope, Name=bob.name, DisplayName=bob.display_name)
    stack.workmail.register_to_work_mail(**scope, EntityId=made["UserId"], Email=bob.email)
    stack.deploy(make_organization(*CHANGED))
    assert made["UserId"] == take_picture(stack).ids[bob.name]
    with pytest.raises(DeploymentFailedError, match=f"user {bob.name!r} exists already"):
        stack.deploy(make_organization(CHANGED[0], replace(bob, city="Bonn"), *CHANGED[2:]))


def test_who_comes_back_to_a_former_group_is_seen_although_the_group_is_settled(
    stack: Stack,
) -> None:
    """WorkMail keeps who was switched off in its groups, and shows nobody."""
    alice, bob = CROWD[:2]
    with_bob, without = make_group("sales", alice.name, bob.name), make_group("sales", alice.name)
    stack.deploy(make_organization(alice, bob, with_bob))
    scope = {"OrganizationId": stack.organization_id}
    ids = {user["Name"]: user["Id"] for user in stack.workmail.list_users(**scope)["Users"]}
    stack.workmail.deregister_from_work_mail(**scope, EntityId=ids[bob.name])
    stack.deploy(make_organization(alice, bob, without))
    stack.workmail.register_to_work_mail(**scope, EntityId=ids[bob.name], Email=bob.email)
    after = make_organization(alice, bob, without, make_group("support"))
    stack.deploy(after)

    assert_equals(take_picture(stack), after)


@pytest.mark.parametrize("primary", [True, False], ids=["primary address", "alias"])
def test_who_is_believed_gives_up_an_address_given_by_hand_that_somebody_is_to_get(
    stack: Stack, primary: bool
) -> None:
    alice, bob = CROWD[:2]
    before = make_organization(alice, bob)
    stack.deploy(before)
    scope = {"OrganizationId": stack.organization_id}
    ids = {user["Name"]: user["Id"] for user in stack.workmail.list_users(**scope)["Users"]}
    stack.workmail.create_alias(**scope, EntityId=ids[bob.name], Alias=at("desk"))
    fields: dict[str, object] = {"email": at("desk")} if primary else {"aliases": (at("desk"),)}
    desired = make_organization(replace(alice, **fields), bob)
    plan = plan_live(stack, before, desired)
    stack.deploy(desired, approved=plan.approval)

    assert_equals(take_picture(stack), desired)
    assert alice.name == take_picture(stack).addresses[at("desk")]


def test_who_was_switched_off_by_hand_comes_back_to_an_address_that_others_got_by_hand(
    stack: Stack,
) -> None:
    alice, bob, carl = CROWD[:3]
    before = make_organization(alice, bob, carl)
    stack.deploy(before)
    scope = {"OrganizationId": stack.organization_id}
    ids = {user["Name"]: user["Id"] for user in stack.workmail.list_users(**scope)["Users"]}
    stack.workmail.deregister_from_work_mail(**scope, EntityId=ids[carl.name])
    stack.workmail.create_alias(**scope, EntityId=ids[bob.name], Alias=carl.email)
    desired = make_organization(alice, bob, replace(carl, city="Ulm"))
    plan = plan_live(stack, before, desired)
    stack.deploy(desired, approved=plan.approval)

    assert_equals(take_picture(stack), desired)


@pytest.mark.parametrize("gone", [True, False], ids=["deleted", "switched off"])
def test_a_member_taken_away_by_hand_does_not_stop_a_change_of_another_group(
    stack: Stack, gone: bool
) -> None:
    alice, bob = CROWD[:2]
    groups = make_group("sales", alice.name, bob.name), make_group("help", alice.name)
    stack.deploy(make_organization(alice, bob, *groups))
    scope = {"OrganizationId": stack.organization_id}
    ids = {user["Name"]: user["Id"] for user in stack.workmail.list_users(**scope)["Users"]}
    stack.workmail.deregister_from_work_mail(**scope, EntityId=ids[bob.name])
    if gone:
        stack.workmail.delete_user(**scope, UserId=ids[bob.name])
    after = groups[0], make_group("help")
    stack.deploy(make_organization(alice, bob, *after))

    entities = take_picture(stack).entities
    assert () == getattr(entities["group:help"], "members", None)
    assert stack.ledger.read(Kind.GROUP)[groups[0].reference.folded].settled is None


def test_a_rollback_settles_nobody_anew(stack: Stack) -> None:
    """It begins right after what it takes back, and may read what was before that."""
    alice, bob = CROWD[:2]
    stack.deploy(make_organization(alice, bob))
    stack.emulator.faults.add(Fault(operation="CreateGroup", code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(make_organization(replace(alice, city="Ulm"), bob, make_group("sales")))
    entries = stack.ledger.read(Kind.USER)

    assert entries[alice.reference.folded].settled is None
    assert entries[bob.reference.folded].settled is not None
    stack.deploy(make_organization(replace(alice, city="Bonn"), bob))
    assert stack.ledger.read(Kind.USER)[alice.reference.folded].settled is not None


def test_who_was_made_again_is_in_the_groups_that_were_settled_before(stack: Stack) -> None:
    alice, bob = CROWD[:2]
    sales = make_group("sales", alice.name, bob.name)
    stack.deploy(make_organization(alice, bob, sales))
    scope = {"OrganizationId": stack.organization_id}
    ids = {user["Name"]: user["Id"] for user in stack.workmail.list_users(**scope)["Users"]}
    stack.workmail.deregister_from_work_mail(**scope, EntityId=ids[bob.name])
    stack.workmail.delete_user(**scope, UserId=ids[bob.name])
    after = make_organization(alice, replace(bob, city="Ulm"), sales, make_group("support"))
    stack.deploy(after)

    assert_equals(take_picture(stack), after)


def test_with_lists_that_lag_whoever_was_made_is_ours_and_goes_with_the_stack() -> None:
    stack = Stack(make_emulator(lag=2.0))
    deleting = OnRemoval(users=Removal.DELETE, domains=Removal.RETAIN)
    stack.deploy(make_organization(*CROWD[:2], on_removal=deleting))
    origins = {entry.origin for entry in stack.ledger.read(Kind.USER).values()}
    organization_id = stack.organization_id
    stack.destroy()
    users = stack.workmail.list_users(OrganizationId=organization_id)["Users"]

    assert {"created"} == origins
    assert not {user.name for user in CROWD} & {
        user["Name"] for user in users if user["State"] != "DELETED"
    }


def count_looks_at_the_stack(monkeypatch: pytest.MonkeyPatch, users: int) -> int:
    """Count how often handlers ask CloudFormation for the stack while so many are adopted."""
    stack = Stack(make_emulator())
    people = [make_user(f"u{number}") for number in range(users)]
    stack.deploy(make_organization(*people))
    forget_what_was_settled(stack)
    asked: list[str] = []
    ask = FakeCloudFormation.describe_stacks

    def count(self: FakeCloudFormation, **parameters: str) -> object:
        asked.append(parameters["StackName"])
        return ask(self, **parameters)

    with monkeypatch.context() as patch:
        patch.setattr(FakeCloudFormation, "describe_stacks", count)
        stack.deploy(make_organization(replace(people[0], city="Ulm"), *people[1:]))
    return len(asked)


def test_cloudformation_is_not_asked_once_for_each_user(monkeypatch: pytest.MonkeyPatch) -> None:
    assert count_looks_at_the_stack(monkeypatch, 3) == count_looks_at_the_stack(monkeypatch, 30)
