"""What is too large for a template does what it does inside: access rules, and all else.

An organization is deployed twice, its properties inside the template and in S3.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from calling import connect
from cloudformation import Stack
from scenes import make_emulator, make_organization, make_user
from striking import take_picture
from transitions import TRANSITIONS
from workmail_org import declaring
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.policies import AccessControlRule, Effect, Policies
from workmail_org.plan.bases import make_base
from workmail_org.plan.model import Plan, Verdict
from workmail_org.plan.planning import Question, plan
from workmail_org.rehearsal.comparing import compare
from workmail_org.reports.plan_machine import render_plan
from workmail_org.service.directories import DirectoryService
from workmail_org.service.snapshot import read_snapshot
from workmail_org.service.workmail import WorkMail
from workmail_org.wire.names import COLLECTION_KEY, MAX_INLINE_BYTES

EVERYWHERE = {"inside": 10 * MAX_INLINE_BYTES, "outside": 0}
"""How many bytes a template takes of one resource."""

PEOPLE = (make_user("alice"), make_user("bob"))
NOON = date(2026, 11, 22)
RULES = (
    AccessControlRule(name="default", effect=Effect.ALLOW, description="everyone"),
    *(
        AccessControlRule(
            name=f"office-{second}",
            effect=Effect.DENY,
            description="not from there",
            ip_ranges=tuple(f"10.{second}.{n // 256}.{n % 256}/32" for n in range(1_024)),
            users=("alice",),
        )
        for second in range(9)
    ),
)
"""As many ranges as a rule can have: more than 100 KB with nine rules."""


def allow(*rules: AccessControlRule) -> Organization:
    return make_organization(*PEOPLE, policies=Policies(access_control=rules))


@contextmanager
def travelling(way: str) -> Generator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(declaring, "MAX_INLINE_BYTES", EVERYWHERE[way])
        yield


def deploy(*states: Organization | None) -> Stack:
    """Deploy one state after the other; what must be confirmed is."""
    stack = Stack(make_emulator())
    stack.secrets.values["ews"] = "a-password"
    for state in states:
        if state:
            stack.deploy(state)
    return stack


def list_writes(stack: Stack) -> list[str]:
    """List what was written: rules with all they say, of the rest the operations."""
    return sorted(
        json.dumps([call.operation, call.parameters if "Rule" in call.operation else {}])
        for call in stack.emulator.writes
        if call.operation != "CreateMobileDeviceAccessRule"  # has a token of its request
    )


def list_outside(stack: Stack) -> set[str]:
    return {
        name for name, each in stack.deployed.items() if COLLECTION_KEY in each.resource.properties
    }


def test_nine_large_rules_are_too_large_for_a_template(stack: Stack) -> None:
    stack.deploy(allow(*RULES))

    assert {"AccessControlRules"} == list_outside(stack)


LESS = replace(RULES[1], ip_ranges=RULES[1].ip_ranges[:-1])
CHANGES = {
    "unchanged": RULES,
    "one range less": (RULES[0], LESS, *RULES[2:]),
    "a rule less": RULES[:-1],
    "small": RULES[:1],
    "nobody gets in": RULES[1:],
}


@pytest.mark.parametrize("name", CHANGES)
def test_large_rules_do_what_small_ones_do(name: str) -> None:
    seen: list[Any] = []
    for way in EVERYWHERE:
        with travelling(way):
            stack = deploy(allow(*RULES), allow(*CHANGES[name]))
        assert (way == "outside") == ("AccessControlRules" in list_outside(stack))
        assert (name == "nobody gets in") == bool(stack.reasons)
        seen.append((stack.reasons, list_writes(stack), take_picture(stack.emulator.state())))

    assert seen[0] == seen[1]


@pytest.mark.parametrize("name", CHANGES)
def test_large_rules_are_planned_as_small_ones_are(name: str) -> None:
    before, after = (
        Environment(name="test", organizations=(each,))
        for each in (allow(*RULES), allow(*CHANGES[name]))
    )
    seen: list[Plan] = []
    for way in EVERYWHERE:
        with travelling(way):
            question = Question(spec="spec.yaml", today=NOON)
            seen.append(plan(after, make_base("main", before), question))

    inside, outside = seen
    assert render_plan(inside) == render_plan(outside)
    assert (name == "unchanged") == (inside.verdict is Verdict.NOTHING)


@pytest.mark.parametrize("name", TRANSITIONS)
def test_everything_does_outside_what_it_does_inside(name: str) -> None:
    seen: list[Any] = []
    for way in EVERYWHERE:
        with travelling(way):
            stack = deploy(*TRANSITIONS[name])
        assert (way == "outside") == bool(list_outside(stack))
        seen.append((stack.reasons, list_writes(stack), take_picture(stack.emulator.state())))

    assert seen[0] == seen[1]


def test_a_large_rule_is_compared_with_what_is_live(stack: Stack) -> None:
    declared = allow(*RULES)
    stack.deploy(declared)
    directories = DirectoryService(connect(stack.emulator, "ds", stack.region))
    workmail = WorkMail(stack.workmail, stack.organization_id)

    def look() -> list[str]:
        snapshot = read_snapshot(workmail, directories, stack.region)
        assert snapshot
        return [difference.path for difference in compare(declared, snapshot)]

    assert [] == look()
    stack.workmail.delete_access_control_rule(
        OrganizationId=stack.organization_id, Name=RULES[3].name
    )
    assert ["policies.access_control.office-2"] == look()
