"""A fault at every write of a transition: what a clean run brings, or what was there before."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, Killed, RollbackFailedError, Stack
from scenes import assert_equals, at, make_group, make_organization, make_user, take_picture
from workmail_emulator.errors import ResponseLost, ServiceFault
from workmail_org.model.organization import Organization
from workmail_org.model.removal import OnRemoval, Removal

ALL = os.environ.get("WORKMAIL_ORG_TESTS") == "all"
"""Whether every call fails in turn, reads too, instead of every few writes."""

STEP = 1 if ALL else 7

ALICE = make_user("alice", aliases=(at("al"),), telephone="1", quota_megabytes=100)
BOB = make_user("bob")
CAROL = make_user("carol")

FULL = make_organization(
    ALICE,
    BOB,
    CAROL,
    make_group("sales", "alice", "group:support"),
    make_group("support", "bob", aliases=(at("help"),)),
)
TURNED = make_organization(
    replace(ALICE, email=at("bob"), aliases=(at("help"),), telephone=None, city="Bonn"),
    replace(BOB, email=at("carol"), aliases=(at("al"),), quota_megabytes=5),
    replace(CAROL, email=at("alice")),
    make_user("dora"),
    make_group("sales", "dora", email=at("support"), aliases=(at("s"),)),
    make_group("support", "alice", "group:sales", email=at("sales")),
)
HALVED = make_organization(
    replace(ALICE, aliases=(at("bob"), at("sales")), enabled=True),
    replace(CAROL, enabled=False),
    make_group("support", "alice"),
    on_removal=OnRemoval(groups=Removal.DISABLE),
)

TRANSITIONS = {
    "everyone moves round": (FULL, TURNED),
    "half of it goes": (FULL, HALVED),
    "half of it comes": (HALVED, FULL),
}

Fault = tuple[str, Callable[[], BaseException]]

FAULTS: dict[str, Fault] = {
    "final error before the effect": ("before", lambda: ServiceFault("Final", "no")),
    "final error after the effect": ("after", lambda: ServiceFault("Final", "no")),
    "passing error": ("before", lambda: ServiceFault("InternalFailure", "", status=500)),
    "answer lost": ("after", ResponseLost),
    "throttled": ("before", lambda: ServiceFault("ThrottlingException", "Rate exceeded")),
    "killed before the effect": ("before", Killed),
    "killed after the effect": ("after", Killed),
}
RUNS = [
    pytest.param(transition, fault, 1 + index % STEP, id=f"{name}, {word}")
    for index, (name, transition, word, fault) in enumerate(
        (name, transition, word, fault)
        for name, transition in TRANSITIONS.items()
        for word, fault in FAULTS.items()
    )
    if ALL or index < len(FAULTS)
]
FIRST_RUNS = [
    pytest.param(fault, 1 + index % STEP, id=word)
    for index, (word, fault) in enumerate(FAULTS.items())
    if ALL or index % 2
]


@dataclass
class FaultAt:
    """Strikes once, at the call of a number."""

    number: int
    phase: str
    make: Callable[[], BaseException]
    seen: int = 0
    struck: list[str] = field(default_factory=list[str])

    def __call__(self, phase: str, call: Any) -> None:
        if not (call.write or ALL):
            return
        if phase == "before":
            self.seen += 1
        if self.seen == self.number and phase == self.phase and not self.struck:
            self.struck.append(call.operation)
            raise self.make()


@pytest.mark.parametrize(("transition", "fault", "first"), RUNS)
def test_a_fault_at_any_call_ends_in_what_was_or_what_shall_be(
    stack: Stack, transition: tuple[Organization, Organization], fault: Fault, first: int
) -> None:
    before, after = transition
    stack.deploy(before)
    tokens = take_picture(stack).mailboxes
    number = first
    while _strike(stack, FaultAt(number, *fault), after, before):
        _assert_nothing_is_lost(stack, tokens)
        assert_equals(take_picture(stack), before)
        number += STEP
    stack.deploy(after)

    assert number > 14
    assert_equals(take_picture(stack), after)
    _assert_nothing_is_lost(stack, tokens)


@pytest.mark.parametrize(("fault", "first"), FIRST_RUNS)
def test_a_fault_at_any_call_of_a_first_deployment_leaves_nobody_switched_on(
    stack: Stack, fault: Fault, first: int
) -> None:
    nobody = make_organization()
    stack.deploy(nobody)
    number = first
    while _strike(stack, FaultAt(number, *fault), FULL, nobody):
        assert set() == take_picture(stack).enabled
        number += STEP

    assert number > 14


def _strike(stack: Stack, fault: FaultAt, after: Organization, before: Organization) -> bool:
    """Deploy with a fault, and go back; tell whether it struck."""
    stack.emulator.on_call = fault
    failed = _deploy(stack, after)
    stack.emulator.on_call = None
    if not failed:
        assert_equals(take_picture(stack), after)
        stack.deploy(before)
    return bool(fault.struck)


def _deploy(stack: Stack, organization: Organization) -> bool:
    """Deploy; tell whether CloudFormation rolled it back."""
    try:
        stack.deploy(organization)
    except RollbackFailedError:  # the fault struck there
        stack.emulator.on_call = None
        stack.continue_rollback()
        return True
    except DeploymentFailedError:
        return True
    return False


def _assert_nothing_is_lost(stack: Stack, tokens: Any) -> None:
    status = {mailbox.token: mailbox.status for mailbox in stack.emulator.mailboxes}

    assert not [name for name, token in tokens.items() if status[token] == "lost"]
