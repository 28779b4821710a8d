"""What a plan predicts is what the handlers do, call for call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloudformation import Stack
from scenes import make_emulator, make_user
from transitions import SMALL, TRANSITIONS
from workmail_org import declaring
from workmail_org.changes.digests import digest_calls
from workmail_org.model.organization import Environment, Organization
from workmail_org.plan.actual import predict
from workmail_org.plan.declarations import declare
from workmail_org.plan.deployed import read_actual
from workmail_org.plan.steps import SimulatedSteps, simulate
from workmail_org.service.workmail import WorkMail
from writelog import name_calls, name_writes

ENVIRONMENT = Environment(name="test")


def chart_offline(previous: Organization | None, desired: Organization) -> SimulatedSteps:
    """Predict from declarations alone."""
    before = declare(ENVIRONMENT, previous) if previous else None
    return simulate(before, predict(before), declare(ENVIRONMENT, desired))


def chart_live(stack: Stack, previous: Organization, desired: Organization) -> SimulatedSteps:
    """Predict from what is there."""
    before, after = declare(ENVIRONMENT, previous), declare(ENVIRONMENT, desired)
    workmail = WorkMail(stack.workmail, stack.organization_id)
    actual = read_actual(workmail, stack.ledger, before, after)
    assert actual
    return simulate(before, actual, after)


def digest(course: SimulatedSteps) -> dict[str, str]:
    return {step.part_name: digest_calls(step.calls) for step in course.steps}


@pytest.mark.parametrize(("previous", "desired"), TRANSITIONS.values(), ids=TRANSITIONS.keys())
def test_a_deployment_does_what_was_foretold(
    previous: Organization | None, desired: Organization
) -> None:
    stack = Stack(make_emulator())
    stack.secrets.values["ews"] = "canary"
    offline = chart_offline(previous, desired)
    if previous:
        stack.deploy(previous)
        live = chart_live(stack, previous, desired)

        assert digest(offline) == digest(live)
    stack.emulator.clear_calls()
    stack.deploy(desired)
    writes = name_writes(stack.emulator.writes, stack.emulator.state())

    assert name_calls(call for step in offline.steps for call in step.calls) == writes


def deploy(organization: Organization) -> Stack:
    stack = Stack(make_emulator())
    stack.deploy(organization)
    return stack


def find_entity(stack: Stack, kind: str, name: str) -> str:
    """Return the id of an entity, for doing something by hand."""
    pages = getattr(stack.workmail, f"list_{kind}s")(OrganizationId=stack.organization_id)
    return next(each["Id"] for each in pages[f"{kind.title()}s"] if each["Name"] == name)


JOINER = replace(SMALL, users=(*SMALL.users, make_user("dan")))


def test_what_was_changed_by_hand_is_put_right_where_somebody_changes() -> None:
    stack = deploy(SMALL)
    bob = find_entity(stack, "user", "bob")
    stack.workmail.deregister_from_work_mail(OrganizationId=stack.organization_id, EntityId=bob)
    moved = replace(
        JOINER,
        users=tuple(replace(u, city="Bonn") if u.name == "bob" else u for u in JOINER.users),
    )
    live = chart_live(stack, SMALL, moved)
    stack.emulator.clear_calls()
    stack.deploy(moved)
    writes = name_writes(stack.emulator.writes, stack.emulator.state())

    assert digest(chart_offline(SMALL, moved)) != digest(live)
    assert name_calls(call for step in live.steps for call in step.calls) == writes


def test_what_was_changed_by_hand_stays_where_no_handler_is_called() -> None:
    stack = deploy(SMALL)
    bob = find_entity(stack, "user", "bob")
    stack.workmail.create_alias(
        OrganizationId=stack.organization_id, EntityId=bob, Alias="by-hand@acme.example"
    )
    live = chart_live(stack, SMALL, SMALL)

    assert () == live.steps


def test_who_was_made_by_hand_is_nobody_of_ours() -> None:
    stack = deploy(SMALL)
    organization = stack.organization_id
    made = stack.workmail.create_user(OrganizationId=organization, Name="eve", DisplayName="Eve")
    stack.workmail.register_to_work_mail(
        OrganizationId=organization, EntityId=made["UserId"], Email="eve@acme.example"
    )
    live = chart_live(stack, SMALL, JOINER)

    assert digest(chart_offline(SMALL, JOINER)) == digest(live)
    assert "eve" in live.after.people.users


def test_somebody_made_by_hand_is_not_taken_over_without_a_word() -> None:
    stack = deploy(SMALL)
    organization = stack.organization_id
    made = stack.workmail.create_user(OrganizationId=organization, Name="dan", DisplayName="Dan")
    stack.workmail.register_to_work_mail(
        OrganizationId=organization, EntityId=made["UserId"], Email="dan@acme.example"
    )
    live = chart_live(stack, SMALL, JOINER)

    assert ["user 'dan' exists already"] == [
        reason.split(",")[0] for step in live.steps for reason in step.refusals
    ]


def test_shards_do_what_was_foretold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declaring, "_SHARD_ENTITIES", 2)
    newcomers = [make_user(f"new-{number}") for number in range(4)]
    desired = replace(SMALL, users=(*SMALL.users[1:], *newcomers), groups=())
    offline = chart_offline(SMALL, desired)
    stack = deploy(SMALL)
    live = chart_live(stack, SMALL, desired)
    stack.emulator.clear_calls()
    stack.deploy(desired)
    writes = name_writes(stack.emulator.writes, stack.emulator.state())

    assert {"users", "users/1", "removals"} <= set(digest(offline))
    assert digest(offline) == digest(live)
    assert name_calls(call for step in offline.steps for call in step.calls) == writes
