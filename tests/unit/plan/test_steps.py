"""What a plan foretells is what the handlers do, call for call."""

from __future__ import annotations

import pytest

from cloudformation import Stack
from scenes import make_emulator
from transitions import TRANSITIONS
from workmail_org.model.organization import Environment, Organization
from workmail_org.plan.actual import foretell
from workmail_org.plan.declarations import declare
from workmail_org.plan.steps import chart
from writelog import name_calls, name_writes


def list_calls(previous: Organization | None, desired: Organization) -> list[str]:
    """List what a plan from declarations alone foretells."""
    environment = Environment(name="test")
    before = declare(environment, previous) if previous else None
    course = chart(before, foretell(before), declare(environment, desired))

    assert not any(step.refusals for step in course.steps)
    return name_calls(call for step in course.steps for call in step.calls)


@pytest.mark.parametrize(("previous", "desired"), TRANSITIONS.values(), ids=TRANSITIONS.keys())
def test_a_deployment_does_what_was_foretold(
    previous: Organization | None, desired: Organization
) -> None:
    stack = Stack(make_emulator())
    stack.secrets.values["ews"] = "canary"
    if previous:
        stack.deploy(previous)
    stack.emulator.clear_calls()
    stack.deploy(desired)
    writes = name_writes(stack.emulator.writes, stack.emulator.state())

    assert list_calls(previous, desired) == writes
