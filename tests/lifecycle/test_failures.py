from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, Stack
from scenes import (
    ACME,
    assert_equals,
    at,
    list_operations,
    make_emulator,
    make_group,
    make_organization,
    make_user,
    take_picture,
)
from workmail_emulator.errors import ServiceFault
from workmail_emulator.faults import Fault
from workmail_org.model.domain import MailDomain

ALICE = make_user("alice", aliases=(at("al"),), telephone="1")
BOB = make_user("bob")
SALES = make_group("sales", "alice", "group:support")
SUPPORT = make_group("support", "bob")
ORGANIZATION = make_organization(ALICE, BOB, SALES, SUPPORT)
PENDING = (ACME, MailDomain(name="new.example"))


def test_every_failing_entity_is_named_in_one_answer() -> None:
    stack = Stack(make_emulator(instant=False, verified=["acme.example"]))
    people = [
        make_user(name, email=at(name, "new.example" if name != "bob" else "acme.example"))
        for name in ("alice", "bob", "carol", "dora")
    ]
    with pytest.raises(DeploymentFailedError) as failed:
        stack.deploy(make_organization(*people, domains=PENDING))

    assert str(failed.value).startswith("3 user(s) failed: user alice: domain new.example is not")
    assert ["alice", "carol", "dora"] == [
        name for name in ("alice", "bob", "carol", "dora") if f"user {name}:" in str(failed.value)
    ]


def test_a_long_list_of_failures_is_cut_and_stands_whole_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stack = Stack(make_emulator(instant=False, verified=["acme.example"]))
    people = [make_user(f"user{n}", email=f"u{n}@new.example") for n in range(60)]
    caplog.set_level(logging.INFO, logger="workmail_org")
    with pytest.raises(DeploymentFailedError) as failed:
        stack.deploy(make_organization(*people, domains=PENDING))
    reason = str(failed.value)
    (logged,) = (
        line["reason"]
        for record in caplog.records
        if (line := json.loads(record.message))["event"] == "failed"
    )

    assert len(reason.encode()) < 4096
    assert reason.startswith("60 user(s) failed: user user0: domain new.example is not verified")
    assert reason.endswith("(the whole list is in the log: /aws/lambda/handler stream)")
    assert all(f"user user{n}:" in logged for n in range(60))


def test_a_user_named_like_a_group_by_hand_says_what_to_do(stack: Stack) -> None:
    stack.deploy(make_organization())
    stack.workmail.create_group(OrganizationId=stack.organization_id, Name="info")
    with pytest.raises(DeploymentFailedError, match="user info: the name is taken in the"):
        stack.deploy(make_organization(make_user("info")))


def test_a_reserved_name_fails_at_once(stack: Stack) -> None:
    started = stack.emulator.clock.now()
    with pytest.raises(DeploymentFailedError, match="ReservedNameException"):
        stack.deploy(make_organization(make_user("guest")))

    assert stack.emulator.clock.now() - started < 60


def test_too_many_aliases_fail_at_once(stack: Stack) -> None:
    aliases = tuple(at(f"a{number}") for number in range(101))
    with pytest.raises(DeploymentFailedError, match="LimitExceededException"):
        stack.deploy(make_organization(replace(ALICE, aliases=aliases)))


def test_a_denied_call_fails_at_once_and_says_which(stack: Stack) -> None:
    stack.emulator.faults.add(
        Fault(operation="CreateUser", times=0, code="AccessDeniedException", status=400)
    )
    with pytest.raises(DeploymentFailedError, match="user alice: CreateUser failed with AccessDen"):
        stack.deploy(ORGANIZATION)


def test_nobody_is_removed_while_something_else_fails(stack: Stack) -> None:
    stack.deploy(ORGANIZATION)
    stack.emulator.faults.add(Fault(operation="CreateUser", code="Final", status=400))
    stack.emulator.clear_calls()
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(make_organization(BOB, make_user("carol"), SUPPORT))

    assert "DeregisterFromWorkMail" not in list_operations(stack)


@pytest.mark.parametrize("lag", [1.0, 4.0, 9.0])
def test_reads_that_lag_behind_lead_to_the_same_end(lag: float) -> None:
    stack = Stack(make_emulator(lag=lag))
    turned = make_organization(
        replace(ALICE, email=at("bob"), aliases=(at("support"),)),
        replace(BOB, email=at("alice")),
        make_user("carol"),
        make_group("support", "alice", email=at("al")),
    )
    for organization in (ORGANIZATION, turned, ORGANIZATION):
        stack.deploy(organization)
        stack.emulator.clock.advance(60)
        assert_equals(take_picture(stack), organization)


def test_a_roll_back_right_after_a_change_does_not_trust_an_old_picture() -> None:
    stack = Stack(make_emulator(lag=5.0))
    stack.deploy(ORGANIZATION)
    stack.emulator.faults.add(Fault(operation="CreateGroup", code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(make_organization(BOB, SUPPORT, make_group("late")))
    stack.emulator.clock.advance(60)

    assert_equals(take_picture(stack), ORGANIZATION)


@pytest.mark.parametrize("rate", [1.0, 5.0])
def test_throttling_takes_longer_and_leads_to_the_same_end(rate: float) -> None:
    stack = Stack(make_emulator(throttle=rate))
    stack.deploy(ORGANIZATION)
    stack.deploy(make_organization(BOB, SUPPORT))
    stack.emulator.clock.advance(60)
    rows = stack.workmail.list_users(OrganizationId=stack.organization_id)["Users"]

    assert {"alice": "DISABLED", "bob": "ENABLED"} == {
        row["Name"]: row["State"] for row in rows if row["UserRole"] == "USER"
    }


def test_a_throttled_call_has_no_effect_and_is_made_again(stack: Stack) -> None:
    for operation in ("ListUsers", "CreateUser", "RegisterToWorkMail"):
        fault = Fault(operation=operation, times=3, code="ThrottlingException", status=400)
        stack.emulator.faults.add(fault)
    stack.deploy(ORGANIZATION)

    assert_equals(take_picture(stack), ORGANIZATION)


@pytest.mark.parametrize("seconds", [1e-3, 0.5, 3.0])
def test_slices_that_run_out_of_time_go_on_where_they_were(seconds: float) -> None:
    emulator = make_emulator()
    stack = Stack(emulator)
    stack.slice_seconds = seconds

    def take_time(phase: str, _call: Any) -> None:
        if phase == "after":
            emulator.clock.advance(0.2)

    emulator.on_call = take_time
    stack.deploy(ORGANIZATION)
    emulator.on_call = None

    assert_equals(take_picture(stack), ORGANIZATION)


def test_what_never_ends_is_given_up_before_cloudformation_does(stack: Stack) -> None:
    stack.emulator.faults.add(
        Fault(operation="CreateUser", times=0, code="ThrottlingException", status=400)
    )
    started = stack.emulator.clock.now()
    reason = "not finished after 5[5-9] minutes: .*CreateUser failed with ThrottlingException"
    with pytest.raises(DeploymentFailedError, match=reason):
        stack.deploy(make_organization(ALICE))

    assert 55 * 60 < stack.emulator.clock.now() - started < 60 * 60


def test_a_refusal_waits_out_a_passing_failure(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE))
    stack.emulator.faults.add(Fault(operation="ListUsers", times=4))
    stack.deploy(ORGANIZATION)

    assert_equals(take_picture(stack), ORGANIZATION)


def test_a_directory_that_stays_out_of_reach_fails_with_its_reason(stack: Stack) -> None:
    stack.deploy(make_organization())
    stack.emulator.faults.add(
        Fault(operation="CreateUser", times=0, code="DirectoryUnavailableException", status=400)
    )
    with pytest.raises(DeploymentFailedError, match="user alice: CreateUser failed with Directory"):
        stack.deploy(make_organization(ALICE))


def test_an_unexpected_error_is_answered_without_its_text(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "hunter" + str(2)

    def explode(*_: Any) -> None:
        raise RuntimeError(secret)

    monkeypatch.setattr("workmail_org.handlers.collection.assess", explode)
    caplog.set_level(logging.INFO, logger="workmail_org")
    with pytest.raises(DeploymentFailedError) as failed:
        stack.deploy(make_organization(ALICE))

    assert "unexpected RuntimeError: see the log, /aws/lambda/handler stream" == str(failed.value)
    assert secret not in caplog.text
    assert "in explode" in caplog.text


def test_an_answer_lost_after_creating_a_user_makes_no_second_one(stack: Stack) -> None:
    stack.emulator.faults.add(Fault(operation="CreateUser", when="after", answer="lost"))
    stack.deploy(make_organization(ALICE))
    rows = stack.workmail.list_users(OrganizationId=stack.organization_id)["Users"]

    assert 1 == sum(row["Name"] == "alice" for row in rows)


def test_a_swap_waits_while_the_release_is_refused_for_a_moment(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE, BOB))
    stack.emulator.faults.add(
        Fault(operation="DeleteAlias", times=6, code="EntityStateException", status=400)
    )
    after = make_organization(replace(ALICE, aliases=()), replace(BOB, aliases=(at("al"),)))
    stack.deploy(after)

    assert_equals(take_picture(stack), after)


def test_a_group_circle_waits_while_the_leaving_is_refused_for_a_moment(stack: Stack) -> None:
    stack.deploy(make_organization(make_group("a", "group:b"), make_group("b")))
    stack.emulator.faults.add(
        Fault(
            operation="DisassociateMemberFromGroup",
            times=3,
            code="EntityStateException",
            status=400,
        )
    )
    after = make_organization(make_group("a"), make_group("b", "group:a"))
    stack.deploy(after)

    assert_equals(take_picture(stack), after)


def test_a_field_that_workmail_does_not_empty_is_reported_and_lived_with(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    stack.deploy(make_organization(ALICE))
    caplog.set_level(logging.INFO, logger="workmail_org")
    user_id = take_picture(stack).ids["alice"]

    def put_back(phase: str, call: Any) -> None:
        if phase == "after" and call.operation == "UpdateUser":
            stack.emulator.on_call = None
            stack.workmail.update_user(
                OrganizationId=stack.organization_id, UserId=user_id, Telephone="1"
            )

    stack.emulator.on_call = put_back
    stack.deploy(make_organization(replace(ALICE, telephone=None)))

    assert '"event": "fields stay"' in caplog.text
    assert '"calls": ["alice: UpdateUser"]' in caplog.text


def test_the_service_refusing_everything_is_not_silence(stack: Stack) -> None:
    def refuse(phase: str, call: Any) -> None:
        if phase == "before" and call.write:
            raise ServiceFault("BrandNewException", "never heard of")

    stack.deploy(make_organization())
    stack.emulator.on_call = refuse
    with pytest.raises(DeploymentFailedError, match="BrandNewException: never heard of"):
        stack.deploy(make_organization(ALICE))
