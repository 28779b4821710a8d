"""Who was removed: told with a deadline, restored with the same mailbox, or purged on purpose."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast

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
from workmail_emulator.errors import ServiceFault
from workmail_emulator.faults import Fault
from workmail_org.errors import ConflictError, PermanentError, UnsafePlanError
from workmail_org.model.organization import Organization
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.values import Kind, Reference
from workmail_org.operating.deployed import Deployed
from workmail_org.operating.presenting import render_losses, render_removed, render_restored
from workmail_org.operating.purging import digest_losses, purge, survey
from workmail_org.operating.removed import list_removed
from workmail_org.operating.resetting import reset_password
from workmail_org.operating.restoring import restore
from workmail_org.service.workmail import WorkMail

DAY = 86_400
ALICE = make_user("Alice", email=at("alice"), aliases=(at("al"),))
BOB = make_user("bob")
BOTH = make_organization(ALICE, BOB)
WITHOUT = make_organization(BOB)
NAME = Reference(Kind.USER, "alice")


def operate(stack: Stack, spec: Organization) -> Deployed:
    return Deployed(
        spec=spec,
        workmail=WorkMail(stack.workmail, stack.organization_id),
        ledger=stack.ledger,
        secrets=cast("Any", stack.secrets),
        secret_arns=("arn:secret0",),
        epoch=stack.emulator.clock.now,
    )


@pytest.fixture
def removed(stack: Stack) -> Deployed:
    """Alice left the spec."""
    stack.deploy(BOTH)
    stack.deploy(WITHOUT)
    return operate(stack, WITHOUT)


def test_who_was_removed_is_told_with_the_day_and_the_deadline(removed: Deployed) -> None:
    assert [
        "acme: Alice is switched off since 2023-11-14, can be restored until 2023-12-14 22:13 UTC"
    ] == list(render_removed("acme", list_removed(removed)))


def test_after_the_deadline_it_is_told_as_lost(stack: Stack, removed: Deployed) -> None:
    stack.emulator.clock.advance(30 * DAY)
    (line,) = render_removed("acme", list_removed(removed))

    assert line.endswith("lost since 2023-12-14 22:13 UTC")


def test_who_was_removed_is_remembered_through_later_deployments(
    stack: Stack, removed: Deployed
) -> None:
    before = list_removed(removed)
    for name in ("Robert", "Bob"):
        stack.deploy(make_organization(replace(BOB, display_name=name)))
    (remembered,) = list_removed(removed)

    assert before == (replace(remembered, now=before[0].now),)


def test_who_was_removed_is_remembered_when_nobody_is_removed_any_more(
    stack: Stack, removed: Deployed
) -> None:
    before = list_removed(removed)
    stack.deploy(replace(WITHOUT, on_removal=OnRemoval(users=Removal.RETAIN)))
    (remembered,) = list_removed(removed)

    assert before == (replace(remembered, now=before[0].now),)


@pytest.mark.parametrize("removal_policy", [Removal.DISABLE, Removal.DELETE])
def test_a_deployment_that_is_cancelled_takes_nobody_away(
    stack: Stack, removal_policy: Removal
) -> None:
    on_removal = OnRemoval(users=removal_policy)
    stack.deploy(replace(BOTH, on_removal=on_removal))
    before = take_picture(stack)

    def cancel(phase: str, call: Any) -> None:
        if phase == "before" and call.operation == "UpdateUser":
            stack.cloudformation.status = "UPDATE_ROLLBACK_IN_PROGRESS"

    stack.emulator.on_call = cancel
    robert = make_organization(replace(BOB, display_name="Robert"), on_removal=on_removal)
    with pytest.raises(DeploymentFailedError, match="overtaken"):
        stack.deploy(robert)

    assert (before.ids, before.mailboxes) == (
        take_picture(stack).ids,
        take_picture(stack).mailboxes,
    )
    assert {"alice", "bob"} == take_picture(stack).enabled


def test_an_address_of_somebody_retained_is_not_given_to_a_group(stack: Stack) -> None:
    on_removal = OnRemoval(users=Removal.RETAIN)
    stack.deploy(replace(BOTH, on_removal=on_removal))
    before = take_picture(stack)
    desk = make_group("desk", aliases=(at("alice"),))
    says = (
        "another entity in the spec wants alice@acme.example, which user 'Alice' keeps because of"
    )
    with pytest.raises(DeploymentFailedError, match=says):
        stack.deploy(make_organization(BOB, desk, on_removal=on_removal))

    assert before == take_picture(stack)


def test_who_is_switched_off_in_the_spec_or_by_hand_was_not_removed(stack: Stack) -> None:
    spec = make_organization(replace(ALICE, enabled=False), BOB)
    stack.deploy(BOTH)
    stack.deploy(spec)

    assert ["acme: no removed entity is switched off"] == list(
        render_removed("acme", list_removed(operate(stack, spec)))
    )


def test_a_restored_user_has_the_same_id_mailbox_and_addresses(stack: Stack) -> None:
    stack.deploy(BOTH)
    before = take_picture(stack)
    stack.deploy(WITHOUT)
    restored = restore(operate(stack, WITHOUT), NAME)

    assert before == take_picture(stack)
    assert (before.ids["alice"], at("alice"), ()) == (
        restored.id,
        restored.email,
        restored.missing,
    )
    assert () == list_removed(operate(stack, WITHOUT))


def test_restoring_says_that_the_spec_must_declare_it(stack: Stack, removed: Deployed) -> None:
    restored = restore(removed, NAME)

    assert list(render_restored(restored))[-1].startswith("the spec does not declare Alice")
    stack.deploy(make_organization(replace(BOB, display_name="Robert")))
    assert ["Alice"] == [str(each.reference) for each in list_removed(removed)]


def test_declared_again_it_stays(stack: Stack, removed: Deployed) -> None:
    restored = restore(replace(removed, spec=BOTH), NAME)
    stack.deploy(BOTH)

    assert restored.declared
    assert 1 == len(list(render_restored(restored)))
    assert_equals(take_picture(stack), BOTH)


def test_an_alias_that_somebody_else_has_by_now_is_named(stack: Stack) -> None:
    stack.deploy(BOTH)
    after = make_organization(replace(BOB, aliases=(at("al"),)))
    stack.deploy(after)

    assert (at("al"),) == restore(operate(stack, after), NAME).missing


def test_an_address_that_somebody_else_has_by_now_leaves_all_as_it_was(stack: Stack) -> None:
    stack.deploy(BOTH)
    after = make_organization(replace(BOB, aliases=(at("alice"),)))
    stack.deploy(after)
    deployed = operate(stack, after)
    before = list_removed(deployed)
    with pytest.raises(ConflictError, match="belongs to user 'bob' already"):
        restore(deployed, NAME)

    assert before == list_removed(deployed)


def test_a_lost_answer_is_no_failure(stack: Stack, removed: Deployed) -> None:
    def lose(phase: str, call: Any) -> None:
        if phase == "after" and call.operation == "RegisterToWorkMail":
            stack.emulator.on_call = None
            raise ServiceFault("InternalFailure", "", status=500)

    stack.emulator.on_call = lose

    assert at("alice") == restore(removed, NAME).email
    assert () == list_removed(removed)


def test_a_lost_mailbox_is_not_restored(stack: Stack, removed: Deployed) -> None:
    stack.emulator.clock.advance(31 * DAY)
    with pytest.raises(
        UnsafePlanError, match="the mailbox of Alice is lost: it was kept until 2023-12-14"
    ):
        restore(removed, NAME)


def test_only_who_was_removed_is_restored(removed: Deployed) -> None:
    with pytest.raises(UnsafePlanError, match=r"bob was not switched off .* still there: Alice"):
        restore(removed, Reference(Kind.USER, "bob"))


def test_purging_lists_what_is_lost_and_does_nothing_without_the_word(
    stack: Stack, removed: Deployed
) -> None:
    stack.emulator.clear_calls()
    losses = survey(removed, [NAME])

    assert [
        "Alice: mailbox of 0 MB",
        f"  address {at('alice')}",
        f"  address {at('al')}",
        f"nothing was changed; to delete this permanently: --erase {digest_losses(losses)}",
    ] == list(render_losses(losses))
    assert [] == list(stack.emulator.writes)


def test_with_the_word_it_is_deleted_and_forgotten(stack: Stack, removed: Deployed) -> None:
    losses = survey(removed, [NAME])
    purge(removed, losses, digest_losses(losses))

    assert ["DeleteUser"] == [call.operation for call in stack.emulator.writes][-1:]
    assert () == list_removed(removed)
    stack.deploy(BOTH)
    assert_equals(take_picture(stack), BOTH)


def test_the_word_for_another_deletes_nothing(removed: Deployed) -> None:
    with pytest.raises(UnsafePlanError, match="--erase 0123456789ab does not confirm these"):
        purge(removed, survey(removed, [NAME]), "0123456789ab")

    assert 1 == len(list_removed(removed))


def test_who_is_in_the_spec_is_never_purged(removed: Deployed) -> None:
    with pytest.raises(UnsafePlanError, match="bob was not switched off"):
        survey(removed, [NAME, Reference(Kind.USER, "bob")])


def test_a_new_password_is_on_record_before_it_holds(stack: Stack) -> None:
    stack.deploy(BOTH)
    former = json.loads(stack.secrets.values["arn:secret0"])
    seen: list[str] = []

    def look(phase: str, call: Any) -> None:
        if phase == "before" and call.operation == "ResetPassword":
            seen.append(json.loads(stack.secrets.values["arn:secret0"])["Alice"])

    stack.emulator.on_call = look
    place = reset_password(operate(stack, BOTH), "alice")
    (password,) = seen

    assert ("arn:secret0", {**former, "Alice": password}) == (
        place,
        json.loads(stack.secrets.values["arn:secret0"]),
    )
    assert password != former["Alice"]


def test_a_refused_password_leaves_the_former_on_record(stack: Stack) -> None:
    stack.deploy(BOTH)
    former = dict(stack.secrets.values)
    stack.emulator.faults.add(
        Fault(operation="ResetPassword", code="InvalidPasswordException", status=400)
    )
    with pytest.raises(PermanentError) as caught:
        reset_password(operate(stack, BOTH), "alice")

    assert former == stack.secrets.values
    assert "Alice" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "arns", "reason"),
    [
        ("zoe", ("arn:secret0",), 'user "zoe" is none that this stack looks after'),
        ("alice", (), "keeps no passwords"),
    ],
)
def test_a_password_is_reset_only_where_it_can_be_kept(
    stack: Stack, name: str, arns: tuple[str, ...], reason: str
) -> None:
    stack.deploy(BOTH)
    with pytest.raises(UnsafePlanError, match=reason):
        reset_password(replace(operate(stack, BOTH), secret_arns=arns), name)


def test_a_removed_group_comes_back_too(stack: Stack) -> None:
    on_removal = OnRemoval(groups=Removal.DISABLE)
    stack.deploy(make_organization(BOB, make_group("sales"), on_removal=on_removal))
    spec = make_organization(BOB, on_removal=on_removal)
    stack.deploy(spec)
    restore(operate(stack, spec), Reference(Kind.GROUP, "sales"))

    assert at("sales") in take_picture(stack).addresses


def test_a_group_has_no_mailbox_and_so_no_deadline(stack: Stack) -> None:
    on_removal = OnRemoval(groups=Removal.DISABLE)
    stack.deploy(make_organization(BOB, make_group("sales"), on_removal=on_removal))
    spec = make_organization(BOB, on_removal=on_removal)
    stack.deploy(spec)
    stack.emulator.clock.advance(31 * DAY)

    assert [
        "acme: group:sales is switched off since 2023-11-14, can be restored at any time"
    ] == list(render_removed("acme", list_removed(operate(stack, spec))))


def test_who_was_switched_on_by_hand_is_told_and_taken_back(
    stack: Stack, removed: Deployed
) -> None:
    (alice,) = list_removed(removed)
    assert alice.row is not None
    removed.workmail.call("RegisterToWorkMail", EntityId=alice.row.id, Email=at("liddell"))
    told = list(render_removed("acme", list_removed(removed)))
    with pytest.raises(UnsafePlanError, match="Alice is switched on again: a user who can sign in"):
        survey(removed, [NAME])
    restored = restore(removed, NAME)

    assert [
        "acme: Alice left the spec on 2023-11-14 and is switched on all the same; `workmail-org "
        "restore` gives it its former addresses and has the stack look after it again"
    ] == told
    assert (at("liddell"), ()) == (restored.email, restored.missing)
    assert {at("liddell"), at("alice"), at("al")} <= take_picture(stack).addresses.keys()
    assert () == list_removed(removed)


def test_who_was_deleted_by_hand_is_not_restored_and_can_be_forgotten(
    stack: Stack, removed: Deployed
) -> None:
    (alice,) = list_removed(removed)
    assert alice.row is not None
    removed.workmail.call("DeleteUser", UserId=alice.row.id)
    with pytest.raises(UnsafePlanError, match="alice was deleted: there is nothing to restore"):
        restore(removed, NAME)
    losses = survey(removed, [NAME])

    assert "alice: is deleted already; the ledger is to forget it" == next(render_losses(losses))
    purge(removed, losses, digest_losses(losses))
    assert NAME not in stack.ledger.entries


def test_an_address_that_somebody_else_has_by_now_says_the_way_back(stack: Stack) -> None:
    stack.deploy(BOTH)
    after = make_organization(replace(BOB, aliases=(at("alice"),)))
    stack.deploy(after)
    with pytest.raises(ConflictError) as refused:
        restore(operate(stack, after), NAME)

    assert str(refused.value).startswith(
        f"{at('alice')} belongs to another entity now: declare Alice again in the spec, with "
        "another address, and deploy: the same mailbox comes back ("
    )


def test_a_refused_first_password_leaves_none_on_record(stack: Stack) -> None:
    stack.deploy(BOTH)
    stack.secrets.values["arn:secret0"] = '{"bob": "x"}'
    stack.emulator.faults.add(
        Fault(operation="ResetPassword", code="InvalidPasswordException", status=400)
    )
    with pytest.raises(PermanentError):
        reset_password(operate(stack, BOTH), "alice")

    assert '{"bob": "x"}' == stack.secrets.values["arn:secret0"]


def test_who_was_switched_on_by_hand_stays_so_until_their_own_declaration_changes(
    stack: Stack,
) -> None:
    """Another one is switched off; a repair sets right what people did."""
    ann, ben, eve = make_user("ann"), make_user("ben", enabled=False), make_user("eve")
    stack.deploy(make_organization(ann, ben, eve))
    hand = Hand(stack)
    hand.do("register_to_work_mail", EntityId=hand.find("ben"), Email=at("ben"))
    desired = make_organization(ann, ben, replace(eve, enabled=False))
    planned = plan_live(stack, make_organization(ann, ben, eve), desired)
    stack.emulator.clear_calls()
    stack.deploy(desired)

    assert ["DeregisterFromWorkMail"] == list_operations(stack)
    assert [["DeregisterFromWorkMail user eve"]] == [
        [call.partition(" {")[0] for call in each.calls] for each in planned.organizations
    ]
    assert {"ann", "ben"} == take_picture(stack).enabled
    stack.repair = plan_live(stack, desired, desired, repairs=True).repair or ""
    stack.deploy(desired)
    assert {"ann"} == take_picture(stack).enabled
