"""The harness goes red when the engine is broken on purpose: what proves nothing is found here.

Each mutation takes one rule out of the engine. The harness strikes every call of
a small transition and has to report the fault; without a mutation it is green.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, MemoryLedger, Stack
from scenes import at, make_group, make_organization, make_user
from striking import BLOWS, Harness, Transition
from transitions import permit
from workmail_emulator.faults import Fault
from workmail_org.changes import access_control, entities
from workmail_org.changes.calls import Call
from workmail_org.changes.entities import Situation
from workmail_org.changes.removals import Presence, RollCall
from workmail_org.handlers import collection, fencing, removals
from workmail_org.handlers.collection import CollectionLifecycle
from workmail_org.handlers.requests import Progress
from workmail_org.handlers.sequencing import Arrivals
from workmail_org.model.bookable import Bookable, BookableType
from workmail_org.model.organization import Organization
from workmail_org.model.permission import Right
from workmail_org.model.policies import AccessControlRule, Effect, Policies
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.values import Kind
from workmail_org.service.reading import Listed, list_entities
from workmail_org.service.stacks import StackState

Mutate = Callable[[pytest.MonkeyPatch], None]

ALICE = make_user("alice", aliases=(at("al"),))
BOB = make_user("bob")


def allow(name: str) -> Organization:
    rule = AccessControlRule(name=name, effect=Effect.ALLOW, description=name)
    return make_organization(ALICE, policies=Policies(access_control=(rule,)))


SWAP = Transition(
    make_organization(ALICE, BOB),
    make_organization(replace(ALICE, email=at("bob")), replace(BOB, email=at("alice"))),
)
GROWTH = Transition(make_organization(ALICE), make_organization(ALICE, BOB, make_group("sales")))
LEAVER = Transition(make_organization(ALICE, BOB), make_organization(ALICE))
HANDOVER = Transition(
    make_organization(
        ALICE,
        make_group("desk"),
        permissions=(permit("alice", "group:desk", Right.FULL_ACCESS),),
    ),
    make_organization(
        ALICE, resources=(Bookable(name="hall", type=BookableType.ROOM, email=at("hall")),)
    ),
)
OTHER_RULE = Transition(allow("staff"), allow("everyone"))


def give(answer: object) -> Callable[..., object]:
    """Make a function that answers the same whatever it is asked."""

    def answer_always(*_: object) -> object:
        return answer

    return answer_always


def take_before_release(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn the order of a plan round."""
    order = entities.order

    def turn_round(calls: Sequence[Call]) -> tuple[Call, ...]:
        return tuple(reversed(order(calls)))

    monkeypatch.setattr(entities, "order", turn_round)


def trust_the_last_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take one slice of work for all of it."""
    advance: Callable[..., Progress] = CollectionLifecycle[Any].advance

    def believe(self: CollectionLifecycle[Any], *arguments: Any) -> Progress:
        return replace(advance(self, *arguments), done=True)

    monkeypatch.setattr(CollectionLifecycle, "advance", believe)


def remember_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip what was asked for before: a rollback then writes nothing."""
    advance: Callable[..., Progress] = CollectionLifecycle[Any].advance
    seen: set[str] = set()

    def skip(self: CollectionLifecycle[Any], run: Any, request: Any) -> Progress:
        digest = repr(request.desired)
        if digest in seen and request.previous:
            return Progress(done=True)
        seen.add(digest)
        return advance(self, run, request)

    monkeypatch.setattr(CollectionLifecycle, "advance", skip)


def refuse_a_second_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take an event that comes again for a mistake."""
    begin: Callable[..., str] = CollectionLifecycle[Any].begin
    seen: set[str] = set()

    def refuse(self: CollectionLifecycle[Any], run: Any, request: Any) -> str:
        assert request.request_id not in seen
        seen.add(request.request_id)
        return begin(self, run, request)

    monkeypatch.setattr(CollectionLifecycle, "begin", refuse)


def delete_who_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delete whatever the spec says of removals."""
    monkeypatch.setattr(RollCall, "get_removal_policy", give(Removal.DELETE))


def remove_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch off before the rest of the stack has succeeded."""
    monkeypatch.setattr(entities, "_waits", give(False))


def own_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drop the question of ownership: who is there and not declared, and no system's, has to go."""
    get_leavers = RollCall.get_leavers

    def take_all(self: RollCall) -> tuple[Presence, ...]:
        made = {p.reference.folded for p in self.present if p.enabled}
        return get_leavers(replace(self, owned=made))

    def list_all(self: Any, kind: Kind, *_: object, **_ignored: object) -> list[Listed]:
        return [row for row in list_entities(self.workmail, kind) if not row.system]

    monkeypatch.setattr(RollCall, "get_leavers", take_all)
    work: Any = removals.RemovalWork
    monkeypatch.setattr(work, "_list", list_all)


def write_nothing_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose what is written into the ledger."""
    monkeypatch.setattr(MemoryLedger, "put", give(None))


def write_down_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Claim who is made only after everybody is."""
    work: Any = collection.CollectionWork
    claim, finish = work._claim, work.finish
    monkeypatch.setattr(work, "_claim", give(None))

    def claim_and_finish(self: Any) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(work, "_claim", claim)
            finish(self)

    monkeypatch.setattr(work, "finish", claim_and_finish)


def drop_rules_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delete rules before others come."""

    def turn_round(
        present: int,  # noqa: ARG001 - the shape
        updates: Sequence[Call],
        additions: Sequence[Call],
        removals: Sequence[Call],
    ) -> tuple[Call, ...]:
        return (*removals, *updates, *additions)

    monkeypatch.setattr(access_control, "replace_rules", turn_round)


def answer_with_another_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a new physical id with each event: CloudFormation then deletes the former one."""
    begin: Callable[..., str] = CollectionLifecycle[Any].begin

    def rename(self: CollectionLifecycle[Any], run: Any, request: Any) -> str:
        return f"{begin(self, run, request)}/{request.request_id}"

    monkeypatch.setattr(CollectionLifecycle, "begin", rename)


def ask_at_the_start_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask once in an invocation whether the request still counts, and not before each write."""
    made: Any = fencing._Fence  # pyright: ignore[reportPrivateUsage] # the rule itself
    ask = made.__call__

    def ask_once(self: Any, *, takes_away: bool) -> None:
        if self.answered_at is None:
            ask(self, takes_away=takes_away)

    monkeypatch.setattr(made, "__call__", ask_once)


def believe_the_order_of_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a request that comes for the first time for the last one that was sent."""
    monkeypatch.setattr(Arrivals, "find_reason", give(answer=None))


def make_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take whatever is there for made by the stack."""
    monkeypatch.setattr(StackState, "has_made", give(answer=True))


@dataclass(frozen=True)
class Caught:
    """What the harness says of a mutation.

    Attributes:
        word: The blow that shows it.
        says: In the message of whatever turned red.
    """

    mutate: Mutate
    transition: Transition
    word: str
    says: str


MUTATIONS: Mapping[str, Caught] = {
    "takes before it releases": Caught(
        take_before_release, SWAP, "answer lost", says="is not there yet"
    ),
    "trusts the last run": Caught(trust_the_last_run, GROWTH, "slice used up", says="user bob"),
    "remembers what was done": Caught(
        remember_what_was_done, GROWTH, "killed after the effect", says="user bob"
    ),
    "refuses a second delivery": Caught(
        refuse_a_second_delivery, GROWTH, "delivered again when done", says="a rollback failed"
    ),
    "deletes who leaves": Caught(delete_who_leaves, LEAVER, "throttled", says="a mailbox is lost"),
    "removes at once": Caught(
        remove_at_once,
        HANDOVER,
        "refused before the effect",
        says="permissions/user alice/group desk",
    ),
    "owns everybody": Caught(own_everybody, GROWTH, "throttled", says="not ours, and touched"),
    "writes nothing down": Caught(
        write_nothing_down, GROWTH, "throttled", says="user 'alice' exists already"
    ),
    "writes down at the end": Caught(
        write_down_at_the_end,
        GROWTH,
        "killed after the effect",
        says="user 'alice' exists already",
    ),
    "drops rules first": Caught(
        drop_rules_first, OTHER_RULE, "throttled", says="there was no rule for a while"
    ),
    "asks at the start alone": Caught(
        ask_at_the_start_alone, GROWTH, "goes on after its rollback", says="user bob"
    ),
    "believes the order of arrival": Caught(
        believe_the_order_of_arrival,
        HANDOVER,
        "comes first in its rollback",
        says="a request that came late wrote",
    ),
    "answers with another id": Caught(
        answer_with_another_id, GROWTH, "throttled", says="a changed id makes CloudFormation delete"
    ),
}


def strike_every_write(transition: Transition, word: str) -> None:
    harness = Harness(transition)
    for number, write in enumerate(harness.calls, 1):
        if write:
            harness.run(BLOWS[word], number, retry=True)


@pytest.mark.parametrize("name", MUTATIONS)
def test_an_engine_that_is_broken_does_not_pass(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    caught = MUTATIONS[name]
    caught.mutate(monkeypatch)
    with pytest.raises((AssertionError, DeploymentFailedError)) as error:
        strike_every_write(caught.transition, caught.word)

    assert caught.says in str(error.value)


@pytest.mark.parametrize(
    "transition", [SWAP, GROWTH, LEAVER, OTHER_RULE], ids=["swap", "growth", "leaver", "rule"]
)
def test_the_engine_as_it_is_passes(transition: Transition) -> None:
    strike_every_write(transition, "answer lost")


def test_an_engine_that_asks_nobody_takes_over_what_was_made_by_hand(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the question of ownership a stranger would be taken over."""
    assess = collection.assess

    def adopt(*arguments: Any) -> Situation[Any]:
        return replace(assess(*arguments), adopt=True)

    stack.deploy(make_organization(ALICE))
    scope = {"OrganizationId": stack.organization_id}
    made = stack.workmail.create_user(**scope, Name="zoe", DisplayName="Zoe")
    stack.workmail.register_to_work_mail(**scope, EntityId=made["UserId"], Email=at("z"))
    wanted = make_organization(ALICE, make_user("zoe"))
    with pytest.raises(DeploymentFailedError, match="exists already"):
        stack.deploy(wanted)
    monkeypatch.setattr(collection, "assess", adopt)
    stack.deploy(wanted)

    assert "zoe" in {reference.name for reference in stack.ledger.entries}


def test_an_engine_that_takes_what_it_found_for_its_own_deletes_an_organization(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the question who made it, a rollback would delete what another stack has left."""
    stack.deploy(make_organization(ALICE))
    stack.destroy()
    make_all(monkeypatch)
    again = Stack(stack.emulator)
    again.emulator.faults.add(Fault(operation="RegisterMailDomain", code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final"):
        again.deploy(make_organization(ALICE, on_removal=OnRemoval(organization=Removal.DELETE)))

    assert ["lost"] == [mailbox.status for mailbox in stack.emulator.mailboxes]
