"""Requests of one custom resource in every order: who counts, and who is overtaken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from random import Random

import pytest

from effort import ALL
from workmail_org.handlers.requests import RequestType
from workmail_org.handlers.sequencing import Arrival, Arrivals, parse, render
from workmail_org.service.ledger import Note
from workmail_org.service.stacks import StackState

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
BEGINS = StackState(status="CREATE_IN_PROGRESS", created=NOON)
EMPTY = Arrivals()
WORLDS = 1000 if ALL else 60
NOTHING = "nothing"


@dataclass
class World:
    """CloudFormation and one custom resource, whose queue keeps no order.

    Attributes:
        chance: What happens next.
        tells_time: Whether a request says when it was sent.
        moves: Whether a rollback changes the date of the stack.
        declared: What the resource is, as CloudFormation knows.
        known: What it was at any time.
        late: Requests that never came, of operations that are over.
        current: The request that CloudFormation waits for.
        came: All that it has waited for.
        operations: To which each of these belongs.
        refused: How often a late request was refused.
    """

    chance: Random
    tells_time: bool
    moves: bool
    now: datetime = NOON
    state: StackState = BEGINS
    arrivals: Arrivals = EMPTY
    declared: str = NOTHING
    known: set[str] = field(default_factory=set[str])
    late: list[Arrival] = field(default_factory=list[Arrival])
    current: Arrival | None = None
    came: list[Arrival] = field(default_factory=list[Arrival])
    operations: dict[str, str] = field(default_factory=dict[str, str])
    refused: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))

    def tell(self, status: str, *, dated: bool = False) -> None:
        self.now += timedelta(minutes=1)
        updated = self.now if dated else self.state.updated
        self.state = replace(self.state, status=status, updated=updated)

    def send(self, kind: RequestType, declared: str, previous: str) -> Arrival:
        self.now += timedelta(minutes=1)
        return Arrival(
            id=f"request-{next(self.numbers)}",
            type=kind,
            logical_id="Users",
            fingerprint=declared,
            previous=previous,
            sent=self.now.timestamp() if self.tells_time else None,
        )

    def deliver(self, request: Arrival) -> str | None:
        """Let a request begin; return why it is overtaken."""
        self.now += timedelta(seconds=1)
        here = replace(request, operation=self.state.operation)
        read = parse(render(self.arrivals))
        reason = read.find_reason(here, self.state)
        if not read.knows(here.id):
            self.arrivals = read.add(replace(here, late=bool(reason)))
        return reason

    def handle(self, request: Arrival) -> None:
        """Handle a request that CloudFormation waits for, with others in between."""
        self.disturb()
        assert self.deliver(request) is None, (request, self.arrivals)
        self.current = request
        self.came.append(request)
        self.operations[request.id] = self.state.operation
        self.disturb()
        assert self.deliver(request) is None, "delivered twice"
        assert self.arrivals.find_later(request.id) is None
        self.disturb()

    def disturb(self) -> None:
        """Deliver what nobody waits for any more."""
        for old in self.came[-15:]:
            if old is not self.current and self.chance.random() < 0.2:
                reason = self.deliver(old)
                # The try before, of the same rollback or deletion, does nothing else.
                is_try_before = (self.operations[old.id], old) == (
                    self.state.operation,
                    self.came[-1],
                )
                assert reason or is_try_before, "an old one is taken for a new one"
        for late in self.late:
            if self.chance.random() < 0.3:
                assert self.deliver(late), (late, self.state, self.arrivals)
                assert late.id in [each.id for each in self.arrivals.listed if each.late]
                self.refused += 1

    def deploy(self, declared: str) -> None:
        """Change the resource; it comes through, or is cancelled, begun or not."""
        if self.state.status != "CREATE_IN_PROGRESS":
            self.tell("UPDATE_IN_PROGRESS", dated=True)
        self.current = None
        before = self.declared
        kind = RequestType.CREATE if before == NOTHING else RequestType.UPDATE
        request = self.send(kind, declared, before)
        fate = "through" if not self.came else self.chance.choice(("through", "failed", "lost"))
        if fate == "lost" and declared in self.known:
            fate = "failed"  # it cannot be told from its rollback, until that has begun
        self.known.add(declared)
        if fate == "lost":
            self.late.append(request)
        else:
            self.handle(request)
        if not self.tells_time:  # then it is told apart until the next deployment is over
            self.late = [request] if fate == "lost" else []
        if fate == "through":
            self.declared = declared
            self.tell("UPDATE_COMPLETE")
        else:
            self.roll_back(declared, before)

    def roll_back(self, declared: str, before: str) -> None:
        self.current = None
        self.tell("UPDATE_ROLLBACK_IN_PROGRESS", dated=self.moves)
        if before == NOTHING:
            self.tell("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
            for _ in range(self.chance.randint(1, 3)):
                self.handle(self.send(RequestType.DELETE, declared, NOTHING))
        else:
            self.handle(self.send(RequestType.UPDATE, before, declared))
            while self.chance.random() < 0.3:  # failed, and is continued
                self.tell("UPDATE_ROLLBACK_FAILED")
                self.tell("UPDATE_ROLLBACK_IN_PROGRESS", dated=self.moves)
                self.current = None
                self.handle(self.send(RequestType.UPDATE, before, declared))
        self.tell("UPDATE_ROLLBACK_COMPLETE")

    def remove(self) -> None:
        """Take the resource out of the template; what cannot be deleted is tried again."""
        self.tell("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", dated=True)
        self._delete()
        self.declared = NOTHING
        if not self.tells_time:
            self.late = []
        self.tell("UPDATE_COMPLETE")

    def destroy(self) -> None:
        for _ in range(2):
            self.tell("DELETE_IN_PROGRESS")
            self._delete()
            self.tell("DELETE_FAILED")

    def _delete(self) -> None:
        for _ in range(self.chance.randint(1, 3)):
            self.current = None
            self.handle(self.send(RequestType.DELETE, self.declared, NOTHING))


@pytest.mark.parametrize("moves", [False, True], ids=["dated once", "dated by rollbacks"])
@pytest.mark.parametrize("tells_time", [True, False], ids=["dated", "undated"])
def test_in_no_order_a_late_one_counts_or_one_that_is_waited_for_does_not(
    *, tells_time: bool, moves: bool
) -> None:
    """Without dates, one is late for its rollback and the next deployment; else for ever."""
    refused = 0
    for seed in range(WORLDS):
        chance = Random(seed)  # noqa: S311 - nothing is to be kept secret
        world = World(chance, tells_time=tells_time, moves=moves)
        names = iter(range(100))
        for _ in range(chance.randint(2, 8)):
            # People go back to what was once there too.
            again = tells_time and chance.random() < 0.3
            name = str(chance.randint(0, 3)) if again else f"new {next(names)}"
            if world.declared != NOTHING and chance.random() < 0.15:
                world.remove()
            elif name != world.declared:
                world.deploy(name)
        if world.declared != NOTHING:
            world.destroy()
        refused += world.refused

    assert refused > WORLDS


def make(id_: str, **fields: object) -> Arrival:
    described: dict[str, object] = {
        "type": RequestType.UPDATE,
        "logical_id": "Users",
        "fingerprint": "b",
        "previous": "a",
        **fields,
    }
    return Arrival(id=id_, **described)  # pyright: ignore[reportArgumentType]


def state(status: str) -> StackState:
    return StackState(status=status, created=NOON, updated=NOON + timedelta(hours=1))


ROLLS_BACK = state("UPDATE_ROLLBACK_IN_PROGRESS")


def test_however_their_writes_fall_each_of_three_is_noted() -> None:
    """What is read is written only if nobody wrote meanwhile; else it is read again."""
    for order in set(permutations([0, 0, 1, 1, 2, 2])):
        note = Note()
        read: dict[int, Note] = {}
        left = [*order]
        while left:
            each = left.pop(0)
            if each not in read:
                read[each] = note
            elif read[each].revision == note.revision:
                added = parse(read.pop(each)).add(make(str(each)))
                note = replace(render(added), revision=note.revision + 1)
            else:
                del read[each]
                left += [each, each]
        assert {"0", "1", "2"} == {each.id for each in parse(note).listed}


def test_what_an_older_release_noted_is_read() -> None:
    arrivals = parse(Note(text="three two one"))

    assert arrivals.find_later("two") == "three"
    assert arrivals.find_later("three") is None
    assert arrivals.find_reason(make("three"), ROLLS_BACK) is None
    assert arrivals.find_reason(make("one"), ROLLS_BACK) == (
        "it is delivered again, after a later request: three"
    )


@pytest.mark.parametrize("details", ["{", "[]", '{"one":{"unheard":"of"}}', '{"one":[]}'])
def test_of_a_note_that_is_not_understood_the_order_counts(details: str) -> None:
    arrivals = parse(Note(text="two one", details=details, revision=3))

    assert ["two", "one"] == [each.id for each in arrivals.listed]
    assert arrivals.find_later("one") == "two"


def test_an_older_release_reads_the_order_and_refuses_what_was_late() -> None:
    arrivals = Arrivals().add(make("one")).add(make("two")).add(make("late", late=True))
    note = render(arrivals)

    assert "two late one" == note.text
    assert {"one", "two", "late"} == json.loads(note.details).keys()
    assert arrivals.find_later("two") is None


def test_one_that_was_late_stops_nobody() -> None:
    old = parse(Note(text="one"))
    refused = old.add(make("late", operation=ROLLS_BACK.operation, late=True))
    back = make("back", fingerprint="a", previous="b", operation=ROLLS_BACK.operation)

    assert refused.find_later("one") is None
    assert refused.find_reason(back, ROLLS_BACK) is None


def test_one_that_was_refused_and_is_asked_for_again_counts() -> None:
    """Whatever rule was wrong: a stack that cannot go back is stuck."""
    created = make("one", type=RequestType.CREATE, fingerprint="a", previous="", operation="x")
    known = Arrivals().add(created)
    first = make("two", fingerprint="re-resolved", previous="a", operation=ROLLS_BACK.operation)
    reason = known.find_reason(first, ROLLS_BACK)
    refused = known.add(replace(first, late=True))

    assert "the stack is UPDATE_ROLLBACK_IN_PROGRESS, and it goes on" == reason
    assert refused.find_reason(first, ROLLS_BACK) == "it came too late when it came first"
    assert refused.find_reason(replace(first, id="three"), ROLLS_BACK) is None


UPDATES = state("UPDATE_IN_PROGRESS")


@pytest.mark.parametrize(
    ("last", "new", "here"),
    [
        pytest.param(
            {"fingerprint": "y", "previous": "x"}, {}, ROLLS_BACK, id="its deployment was not noted"
        ),
        pytest.param(
            {"fingerprint": "a", "previous": "b"}, {}, UPDATES, id="people went back and forth"
        ),
        pytest.param(
            {"logical_id": "Former", "operation": UPDATES.operation},
            {"type": RequestType.CREATE},
            UPDATES,
            id="the resource has another id now",
        ),
        pytest.param(
            {"fingerprint": "a", "operation": UPDATES.operation},
            {},
            UPDATES,
            id="two deployments look like one",
        ),
        pytest.param(
            {"sent": NOON.timestamp() + 4000, "operation": UPDATES.operation},
            {"sent": NOON.timestamp() + 4006},
            UPDATES,
            id="it was sent later",
        ),
    ],
)
def test_a_request_that_is_waited_for_counts_though_little_is_known(
    last: dict[str, object], new: dict[str, object], here: StackState
) -> None:
    known = Arrivals().add(make("last", **{"operation": "deployment since then", **last}))

    assert known.find_reason(make("new", **{"operation": here.operation, **new}), here) is None


@pytest.mark.parametrize(
    ("kind", "status", "asked"),
    [
        (RequestType.CREATE, "CREATE_IN_PROGRESS", True),
        (RequestType.CREATE, "UPDATE_IN_PROGRESS", True),
        (RequestType.UPDATE, "UPDATE_IN_PROGRESS", True),
        (RequestType.UPDATE, "UPDATE_ROLLBACK_IN_PROGRESS", True),
        (RequestType.CREATE, "UPDATE_ROLLBACK_IN_PROGRESS", False),
        *(
            (kind, status, False)
            for kind in (RequestType.CREATE, RequestType.UPDATE)
            for status in (
                "ROLLBACK_IN_PROGRESS",
                "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
                "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
                "DELETE_IN_PROGRESS",
            )
        ),
        *(
            (RequestType.DELETE, status, True)
            for status in ("UPDATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS")
        ),
    ],
)
def test_in_some_states_nothing_is_made_or_changed(
    kind: RequestType, status: str, *, asked: bool
) -> None:
    reason = Arrivals().find_reason(make("one", type=kind), state(status))

    assert asked == (reason is None)
    assert asked or f"the stack is {status}, in which nothing asks to {kind.lower()}" == reason


def test_whoever_was_sent_before_the_operation_is_late() -> None:
    began = ROLLS_BACK.since.timestamp()

    assert Arrivals().find_reason(make("one", sent=began - 4), ROLLS_BACK) is None
    assert Arrivals().find_reason(make("one", sent=began - 6), ROLLS_BACK) == (
        "it was sent before the rollback since 2026-11-27T13:00:00+00:00"
    )
    assert Arrivals().find_reason(make("one", sent=began - 6), None) is None


@pytest.mark.parametrize("kind", RequestType)
@pytest.mark.parametrize("here", [None, state("DELETE_IN_PROGRESS")], ids=["silent", "told"])
def test_whoever_was_sent_before_another_that_has_begun_is_late(
    kind: RequestType, here: StackState | None
) -> None:
    """Also where nothing else is known, and of requests to delete."""
    sent = NOON.timestamp() + 7200
    known = Arrivals().add(make("last", type=RequestType.CREATE, sent=sent))
    late = known.find_reason(make("late", type=kind, sent=sent - 6), here)
    close = known.find_reason(make("close", type=kind, sent=sent - 4), None)

    assert "it was sent before a request that has begun: last" == late
    assert close is None


def test_the_last_twenty_are_remembered() -> None:
    arrivals = Arrivals()
    for number in range(30):
        arrivals = arrivals.add(make(str(number)))

    assert [str(number) for number in range(29, 9, -1)] == [each.id for each in arrivals.listed]
