from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, MemoryLedger, Stack
from scenes import (
    Picture,
    assert_equals,
    at,
    list_operations,
    make_group,
    make_organization,
    make_user,
    take_picture,
)
from workmail_emulator.errors import ResponseLost
from workmail_emulator.faults import Fault
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.values import Kind, OrganizationId, Reference
from workmail_org.service.ledger import Entry, Origin

ALICE = make_user("alice")
BOB = make_user("bob")
SALES = make_group("sales")
LATE = make_group("late")
DELETE = OnRemoval(users=Removal.DELETE, groups=Removal.DELETE, domains=Removal.RETAIN)
FINAL = Fault(operation="CreateGroup", code="Final", status=400)
KEEP = OnRemoval(domains=Removal.RETAIN)


@pytest.fixture
def with_strangers(stack: Stack) -> Stack:
    """A deployed stack, in whose organization people also made entities by hand."""
    stack.deploy(make_organization(ALICE, on_removal=DELETE))
    make_by_hand(stack, "zoe", group="club")
    return stack


def make_by_hand(stack: Stack, user: str, *, group: str | None = None) -> None:
    client, scope = stack.workmail, {"OrganizationId": stack.organization_id}
    user_id = client.create_user(**scope, Name=user, DisplayName=user.title())["UserId"]
    client.register_to_work_mail(**scope, EntityId=user_id, Email=at(user))
    client.create_alias(**scope, EntityId=user_id, Alias=at(f"{user}.alias"))
    if group:
        group_id = client.create_group(**scope, Name=group)["GroupId"]
        client.register_to_work_mail(**scope, EntityId=group_id, Email=at(group))
        client.associate_member_to_group(**scope, GroupId=group_id, MemberId=user_id)


def look_at_strangers(stack: Stack) -> dict[str, Any]:
    picture = take_picture(stack)
    names = ("zoe", "group:club")
    return {name: (picture.ids.get(name), picture.entities.get(name)) for name in names}


def test_nothing_that_was_made_by_hand_is_touched(with_strangers: Stack) -> None:
    before = look_at_strangers(with_strangers)
    for organization in (
        make_organization(ALICE, BOB, SALES, on_removal=DELETE),
        make_organization(SALES, on_removal=DELETE),
        make_organization(on_removal=DELETE),
    ):
        with_strangers.deploy(organization)
    with_strangers.destroy_but_organization()

    assert before == look_at_strangers(with_strangers)


def test_system_users_and_the_directorys_groups_are_left_alone(with_strangers: Stack) -> None:
    before = _list_all(with_strangers)
    with_strangers.deploy(make_organization(on_removal=DELETE))
    after = _list_all(with_strangers)

    assert {name: state for name, state in before.items() if name != "alice"} == {
        name: state for name, state in after.items() if name != "alice"
    }
    assert "DELETED" == after["alice"]


@pytest.mark.parametrize(
    "declared", [make_user("zoe"), make_user("ZOE", email=at("z")), make_group("club")]
)
def test_an_entity_that_is_there_already_is_refused_and_left_alone(
    with_strangers: Stack, declared: Any
) -> None:
    before = look_at_strangers(with_strangers)
    with_strangers.emulator.clear_calls()
    with pytest.raises(DeploymentFailedError, match="exists already, with the address"):
        with_strangers.deploy(make_organization(ALICE, declared, on_removal=DELETE))

    assert [] == list_operations(with_strangers)
    assert before == look_at_strangers(with_strangers)


def test_after_a_failed_create_and_its_delete_strangers_are_as_they_were(stack: Stack) -> None:
    stack.deploy(make_organization(on_removal=DELETE))
    make_by_hand(stack, "zoe", group="club")
    before = look_at_strangers(stack)
    stack.destroy_but_organization()
    with pytest.raises(DeploymentFailedError, match="user 'zoe' exists already"):
        stack.deploy(make_organization(ALICE, make_user("zoe"), on_removal=DELETE))
    stack.emulator.faults.add(Fault(operation="RegisterToWorkMail", code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(make_organization(ALICE, on_removal=DELETE))
    restored = Stack(stack.emulator)
    restored.deploy(make_organization(on_removal=DELETE))

    assert before == look_at_strangers(restored)
    assert {"zoe", "group:club"} == set(take_picture(restored).ids)


def test_adopting_takes_over_and_brings_the_specs_fields(with_strangers: Stack) -> None:
    before = take_picture(with_strangers)
    organization = make_organization(
        ALICE,
        make_user("zoe", display_name="Zoë", aliases=(at("zoe.alias"),), adopt=True),
        make_group("club", "alice", adopt=True),
    )
    with_strangers.deploy(organization)
    picture = take_picture(with_strangers)

    club = make_group("club", "alice", "zoe")  # who was in it stays
    assert_equals(picture, replace(organization, groups=(club,)))
    assert (before.ids, before.mailboxes) == (picture.ids, picture.mailboxes)


def test_adopted_entities_stay_when_the_stack_goes(with_strangers: Stack) -> None:
    with_strangers.deploy(
        make_organization(ALICE, make_user("zoe"), make_group("club"), adopt=True, on_removal=KEEP)
    )
    before = take_picture(with_strangers)
    with_strangers.destroy_but_organization()
    after = take_picture(with_strangers)

    assert {"zoe", "group:club"} == after.enabled
    assert before.mailboxes["zoe"] == after.mailboxes["zoe"]


def test_an_adopted_user_that_leaves_the_spec_is_removed_like_any_other(
    with_strangers: Stack,
) -> None:
    with_strangers.deploy(make_organization(ALICE, make_user("zoe", adopt=True)))
    with_strangers.deploy(make_organization(ALICE, BOB))

    assert {"alice", "bob", "group:club"} == take_picture(with_strangers).enabled


@pytest.mark.parametrize("removal_policy", [Removal.DISABLE, Removal.DELETE])
def test_an_adoption_that_is_rolled_back_leaves_them_switched_on(
    with_strangers: Stack, removal_policy: Removal
) -> None:
    on_removal = OnRemoval(users=removal_policy, groups=Removal.DELETE)
    with_strangers.deploy(make_organization(ALICE, on_removal=on_removal))
    before = take_picture(with_strangers)
    adopted = (make_user("zoe", adopt=True), make_group("club", adopt=True))
    with_strangers.emulator.faults.add(FINAL)
    with pytest.raises(DeploymentFailedError, match="Final"):
        with_strangers.deploy(make_organization(ALICE, *adopted, LATE, on_removal=on_removal))
    after = take_picture(with_strangers)

    assert (before.ids, before.enabled, before.mailboxes) == (
        after.ids,
        after.enabled,
        after.mailboxes,
    )
    with pytest.raises(DeploymentFailedError, match="exists already"):
        with_strangers.deploy(make_organization(ALICE, make_user("zoe"), on_removal=on_removal))


def test_who_comes_back_in_an_update_that_is_rolled_back_keeps_the_mailbox(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE, BOB))
    before = take_picture(stack)
    stack.deploy(make_organization(ALICE))
    stack.emulator.faults.add(FINAL)
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(make_organization(ALICE, BOB, LATE, on_removal=DELETE))
    assert {"alice"} == take_picture(stack).enabled
    stack.deploy(make_organization(ALICE, BOB))

    assert before == take_picture(stack)


def test_an_adoption_taken_back_later_removes_like_any_other(with_strangers: Stack) -> None:
    before = make_organization(ALICE, on_removal=DELETE)
    with_strangers.deploy(before)
    with_strangers.deploy(make_organization(ALICE, make_user("zoe", adopt=True), on_removal=KEEP))
    with_strangers.deploy(replace(before, on_removal=KEEP))

    assert {"alice", "group:club"} == take_picture(with_strangers).enabled


@pytest.mark.parametrize("first", [True, False], ids=["first deployment", "update"])
def test_what_a_failed_deployment_made_is_not_retained(stack: Stack, first: bool) -> None:
    on_removal = OnRemoval(users=Removal.RETAIN, groups=Removal.RETAIN, domains=Removal.RETAIN)
    if not first:
        stack.deploy(make_organization(ALICE, on_removal=on_removal))
    organization = make_organization(
        ALICE, BOB, SALES, make_group("support"), on_removal=on_removal
    )
    fault = Fault(operation="AssociateMemberToGroup", code="Final", status=400)
    stack.emulator.faults.add(fault)
    broken = replace(organization, groups=(make_group("support", "bob"), SALES))
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(broken)
    again = Stack(stack.emulator) if first else stack
    again.deploy(organization)

    assert_equals(take_picture(again), organization)


def test_a_retained_stranger_of_a_roll_back_gives_back_what_it_took(with_strangers: Stack) -> None:
    on_removal = replace(KEEP, users=Removal.RETAIN)
    before = make_organization(replace(ALICE, aliases=(at("info"),)), on_removal=on_removal)
    with_strangers.deploy(before)
    with_strangers.emulator.faults.add(FINAL)
    zoe = make_user("zoe", aliases=(at("zoe.alias"), at("info")), adopt=True)
    with pytest.raises(DeploymentFailedError, match="Final"):
        with_strangers.deploy(make_organization(ALICE, zoe, LATE, on_removal=on_removal))

    assert "alice" == take_picture(with_strangers).addresses[at("info")]
    assert {"alice", "zoe", "group:club"} == take_picture(with_strangers).enabled


def test_a_roll_back_takes_back_whom_the_failed_deployment_retained(stack: Stack) -> None:
    on_removal = OnRemoval(users=Removal.RETAIN, groups=Removal.RETAIN)
    before = make_organization(ALICE, BOB, SALES, on_removal=on_removal)
    stack.deploy(before)
    stack.emulator.faults.add(FINAL)
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(make_organization(ALICE, LATE, on_removal=on_removal))
    after = make_organization(ALICE, replace(BOB, city="Bonn"), SALES, on_removal=on_removal)
    stack.deploy(after)

    assert_equals(take_picture(stack), after)


def test_who_was_made_anew_by_somebody_else_is_not_ours(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE, BOB))
    client, scope = stack.workmail, {"OrganizationId": stack.organization_id}
    bob_id = take_picture(stack).ids["bob"]
    client.deregister_from_work_mail(**scope, EntityId=bob_id)
    client.delete_user(**scope, UserId=bob_id)
    make_by_hand(stack, "bob")
    stack.deploy(make_organization(ALICE, on_removal=DELETE))

    assert {"alice", "bob"} == take_picture(stack).enabled


def test_who_was_switched_on_by_hand_after_leaving_the_spec_stays_on(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE, BOB))
    stack.deploy(make_organization(ALICE))
    stack.workmail.register_to_work_mail(
        OrganizationId=stack.organization_id,
        EntityId=take_picture(stack).ids["bob"],
        Email=at("bob"),
    )
    stack.deploy(make_organization(replace(ALICE, city="Bonn")))

    assert {"alice", "bob"} == take_picture(stack).enabled


def test_a_lost_ledger_owns_nothing_and_removes_nobody(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE, BOB, SALES, on_removal=DELETE))
    before = take_picture(stack)
    stack.ledger = MemoryLedger()
    stack.destroy_but_organization()

    assert before == take_picture(stack)


def test_the_ledger_holds_ids_of_what_it_owns(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE, SALES))
    ids = take_picture(stack).ids

    assert {
        Reference(Kind.USER, "alice"): ids["alice"],
        Reference(Kind.GROUP, "sales"): ids["group:sales"],
    } == {reference: entry.id for reference, entry in stack.ledger.entries.items()}


def test_the_claim_is_written_before_the_entity_exists(stack: Stack) -> None:
    seen: list[bool] = []

    def watch(phase: str, call: Any) -> None:
        if phase == "before" and call.operation in ("CreateUser", "CreateGroup"):
            kind = Kind.USER if call.operation == "CreateUser" else Kind.GROUP
            seen.append(Reference(kind, call.parameters["Name"]) in stack.ledger.entries)

    stack.emulator.on_call = watch
    stack.deploy(make_organization(ALICE, BOB, SALES))

    assert [True, True, True] == seen


def _list_all(stack: Stack) -> dict[str, str]:
    scope = {"OrganizationId": stack.organization_id}
    rows = [
        *stack.workmail.list_users(**scope)["Users"],
        *stack.workmail.list_groups(**scope)["Groups"],
    ]
    return {row["Name"]: row["State"] for row in rows}


def test_pictures_of_strangers_show_them(with_strangers: Stack) -> None:
    picture: Picture = take_picture(with_strangers)

    assert {at("zoe"): "zoe", at("zoe.alias"): "zoe", at("club"): "group:club"} == {
        address: name for address, name in picture.addresses.items() if name != "alice"
    }


@pytest.mark.parametrize("registered", [True, False], ids=["switched off", "never registered"])
def test_a_failed_take_over_switches_off_again_whom_it_switched_on(
    stack: Stack, registered: bool
) -> None:
    made = stack.workmail.create_organization(Alias="acme")["OrganizationId"]
    scope = {"OrganizationId": made}
    zoe = stack.workmail.create_user(**scope, Name="zoe", DisplayName="Zoe")["UserId"]
    if registered:
        email = "zoe@acme.awsapps.com"
        stack.workmail.register_to_work_mail(**scope, EntityId=zoe, Email=email)
        stack.workmail.deregister_from_work_mail(**scope, EntityId=zoe)
    desired = make_organization(
        make_user("zoe", email="zoe@acme.awsapps.com"),
        make_group("sales", email="sales@acme.awsapps.com"),
        existing=OrganizationId(made),
        adopt=True,
        domains=(),
    )
    stack.emulator.faults.add(Fault(operation="CreateGroup", code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(desired)

    found = stack.workmail.describe_user(**scope, UserId=zoe)
    assert found["State"] != "ENABLED"
    assert {} == {ref.name: entry for ref, entry in stack.ledger.entries.items()}


def find_state(stack: Stack, name: str) -> tuple[str, str]:
    """Return id and state of a user."""
    (organization,) = stack.workmail.list_organizations()["OrganizationSummaries"]
    users = stack.workmail.list_users(OrganizationId=organization["OrganizationId"])["Users"]
    (found,) = ((user["Id"], user["State"]) for user in users if user["Name"] == name)
    return found


def test_who_was_only_intended_and_then_made_by_hand_is_nobodys(stack: Stack) -> None:
    """CreateUser failed weeks ago, and the rollback of Users was skipped."""
    stack.deploy(make_organization(ALICE, on_removal=DELETE))
    intended = Entry(reference=Reference(Kind.USER, "zoe"), origin=Origin.CREATED)
    stack.ledger.put([intended])
    make_by_hand(stack, "zoe")
    before = find_state(stack, "zoe")
    stack.deploy(make_organization(ALICE, BOB, on_removal=DELETE))
    stack.deploy(make_organization(BOB, on_removal=DELETE))
    stack.destroy()

    assert before == find_state(stack, "zoe")
    assert "ENABLED" == before[1]


def test_who_is_made_by_hand_while_a_newcomer_is_made_is_left_by_the_rollback(
    stack: Stack,
) -> None:
    stack.deploy(make_organization(on_removal=DELETE))
    made: list[tuple[str, str]] = []

    def strike(phase: str, call: Any) -> None:
        name = call.parameters.get("Name")
        if (phase, call.operation, name) == ("after", "CreateUser", "alice") and not made:
            make_by_hand(stack, "bob")
            made.append(find_state(stack, "bob"))

    stack.emulator.on_call = strike
    with pytest.raises(DeploymentFailedError, match="bob"):
        stack.deploy(make_organization(ALICE, BOB, on_removal=DELETE))
    stack.emulator.on_call = None

    assert made == [find_state(stack, "bob")]
    assert "ENABLED" == made[0][1]
    users = stack.workmail.list_users(OrganizationId=stack.organization_id)["Users"]
    assert "alice" not in {user["Name"] for user in users if user["State"] != "DELETED"}


@pytest.mark.parametrize("goes", [True, False], ids=["destroyed", "rolled back"])
def test_whose_creation_had_no_answer_is_left_disabled_and_not_deleted(
    stack: Stack, goes: bool
) -> None:
    stack.deploy(make_organization(BOB, on_removal=DELETE))

    def strike(phase: str, call: Any) -> None:
        if call.operation == "CreateUser" and phase == "after":
            stack.emulator.on_call = None
            raise ResponseLost

    stack.emulator.on_call = strike
    if goes:
        stack.deploy(make_organization(ALICE, BOB, on_removal=DELETE))
        before = find_state(stack, "alice")
        stack.destroy()
        assert before == find_state(stack, "alice")
    else:
        stack.emulator.faults.add(FINAL)
        with pytest.raises(DeploymentFailedError, match="Final"):
            stack.deploy(make_organization(ALICE, BOB, SALES, on_removal=DELETE))
        assert "DISABLED" == find_state(stack, "alice")[1]


def test_an_id_is_in_the_ledger_before_the_next_call_is_made(stack: Stack) -> None:
    held: list[bool] = []

    def watch(phase: str, call: Any) -> None:
        if (phase, call.operation) == ("before", "RegisterToWorkMail"):
            entries = stack.ledger.read(Kind.USER).values()
            held.append(any(entry.id == call.parameters["EntityId"] for entry in entries))

    stack.emulator.on_call = watch
    stack.deploy(make_organization(ALICE, BOB))

    assert [True, True] == held
