"""The harness goes red when the engine is broken on purpose: what proves nothing is found here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, Stack
from scenes import at, make_group, make_organization, make_user
from striking import BLOWS, Harness, Transition
from workmail_org.changes.calls import Plan
from workmail_org.handlers.entities import CollectionLifecycle
from workmail_org.handlers.requests import Progress
from workmail_org.handlers.users import UserTraits

ALICE = make_user("alice", aliases=(at("al"),))
BOB = make_user("bob")
SWAPPED = make_organization(replace(ALICE, email=at("bob")), replace(BOB, email=at("alice")))
SWAP = Transition(make_organization(ALICE, BOB), SWAPPED)
GROWTH = Transition(make_organization(ALICE), make_organization(ALICE, BOB, make_group("sales")))


def strike_everywhere(transition: Transition, word: str) -> None:
    """Strike every call of a transition."""
    harness = Harness(transition)
    for number in range(1, len(harness.calls) + 1):
        harness.run(BLOWS[word], number, retry=True)


def take_before_release(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = UserTraits.plan

    def turn_round(self: UserTraits, *arguments: Any) -> Plan:
        made = plan(self, *arguments)
        return replace(made, calls=tuple(reversed(made.calls)))

    monkeypatch.setattr(UserTraits, "plan", turn_round)


def trust_the_last_run(monkeypatch: pytest.MonkeyPatch) -> None:
    advance: Callable[..., Progress] = CollectionLifecycle[Any].advance

    def believe(self: CollectionLifecycle[Any], *arguments: Any) -> Progress:
        return replace(advance(self, *arguments), done=True)

    monkeypatch.setattr(CollectionLifecycle, "advance", believe)


def write_nothing_on_a_roll_back(monkeypatch: pytest.MonkeyPatch) -> None:
    advance: Callable[..., Progress] = CollectionLifecycle[Any].advance
    seen: set[str] = set()

    def skip(self: CollectionLifecycle[Any], run: Any, request: Any) -> Progress:
        digest = repr(request.desired)
        if digest in seen and request.previous:
            return Progress(done=True)
        seen.add(digest)
        return advance(self, run, request)

    monkeypatch.setattr(CollectionLifecycle, "advance", skip)


@pytest.mark.parametrize(
    ("mutate", "transition", "word"),
    [
        pytest.param(take_before_release, SWAP, "answer lost", id="takes before it releases"),
        pytest.param(trust_the_last_run, GROWTH, "slice used up", id="trusts the last run"),
        pytest.param(
            write_nothing_on_a_roll_back, GROWTH, "killed after the effect", id="remembers"
        ),
    ],
)
def test_an_engine_that_is_broken_does_not_pass(
    monkeypatch: pytest.MonkeyPatch,
    mutate: Callable[[pytest.MonkeyPatch], None],
    transition: Transition,
    word: str,
) -> None:
    mutate(monkeypatch)
    with pytest.raises((AssertionError, DeploymentFailedError)):
        strike_everywhere(transition, word)


def test_an_engine_that_asks_nobody_takes_over_what_was_made_by_hand(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the question of ownership a stranger would be taken over."""
    plan = UserTraits.plan

    def adopt(self: UserTraits, workmail: Any, situation: Any, properties: Any) -> Plan:
        return plan(self, workmail, replace(situation, adopt=True), properties)

    stack.deploy(make_organization(ALICE))
    scope = {"OrganizationId": stack.organization_id}
    made = stack.workmail.create_user(**scope, Name="zoe", DisplayName="Zoe")
    stack.workmail.register_to_work_mail(**scope, EntityId=made["UserId"], Email=at("z"))
    wanted = make_organization(ALICE, make_user("zoe"))
    with pytest.raises(DeploymentFailedError, match="exists already"):
        stack.deploy(wanted)
    monkeypatch.setattr(UserTraits, "plan", adopt)
    stack.deploy(wanted)

    assert "zoe" in {reference.name for reference in stack.ledger.entries}
