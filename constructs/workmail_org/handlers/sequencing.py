"""Sequencing: in which order the requests of a custom resource were sent, whenever they come.

CloudFormation sends one request after the other, but by a queue that keeps no order: a request can
come for the first time, or once more, when its deployment is long undone. The ledger keeps the last
ones with what they declare; a new one is held against these. In this order:

1. One that is known is overtaken if another one has begun since, or another operation has.
2. Each says when it was sent, in the address for its answer (docs/facts.md §10.27). One that was
   sent before another that has begun is late.
3. One that says the same as another that was refused as late is let through: CloudFormation asks
   again, so it waits. No mistake of the rules below leaves a stack stuck.
   One that was sent before the operation began is late.
4. In some states of a stack CloudFormation only deletes, or creates nothing.
5. An operation asks a resource once to become something. A second request is late, unless it was
   surely sent later; in a rollback, unless it declares the same, for a rollback may be continued;
   else unless it goes on from where the first one led, for two deployments may look like one.
6. A rollback goes back to what was declared before. The first request in it that goes on, from what
   was declared last to what never was, is late.
7. What a rollback has undone before it came is late, in the next deployment too, unless it was
   surely sent later.

Requests to delete are judged by the first three: they are asked for again and again, by each try to
delete a stack and after each update, and nothing is said of what they undo.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from workmail_org.handlers.requests import Request, RequestType
from workmail_org.service.ledger import Note
from workmail_org.service.stacks import BACKWARD, StackState

_REMEMBERED = 20
"""A guess: how many requests of one custom resource are told apart from new ones."""

_APART_SECONDS = 5.0
"""A guess: how much two clocks of CloudFormation may differ. Its dates are in whole seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One request that came.

    Attributes:
        type: Empty, like all but the id, where an older release wrote it down.
        operation: What was going on with the stack when it came for the first time.
        fingerprint: Of what it declares; of a Delete, of what was deployed.
        previous: Of what was declared before.
        sent: When, in seconds since 1970; `None`: it does not say.
        late: Whether it was refused, because another operation had begun when it came.
    """

    id: str
    type: str = ""
    logical_id: str = ""
    operation: str = ""
    fingerprint: str = ""
    previous: str = ""
    sent: float | None = None
    late: bool = False

    @property
    def declares(self) -> bool:
        """Whether it asks the resource to become something."""
        return self.type in (RequestType.CREATE, RequestType.UPDATE)

    def was_sent_before(self, moment: float | None) -> bool:
        """Return whether it was surely sent before another one was, or began."""
        if self.sent is None or moment is None:
            return False
        return self.sent + _APART_SECONDS < moment

    def undoes(self, other: Arrival) -> bool:
        """Return whether it takes back, in a rollback, what another one declares."""
        if not self.operation.startswith(BACKWARD):
            return False
        if self.type == RequestType.DELETE:
            return other.type == RequestType.CREATE and self.fingerprint == other.fingerprint
        return (self.fingerprint, self.previous) == (other.previous, other.fingerprint)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The requests of a custom resource, the latest first, as the ledger has them."""

    listed: tuple[Arrival, ...] = ()
    revision: int = 0

    def find_later(self, request_id: str) -> str | None:
        """Return the last request that has begun, if it came after another one."""
        known = [each.id for each in self.listed]
        return known[0] if request_id in known[1:] else None

    def find_reason(self, new: Arrival, state: StackState | None) -> str | None:
        """Return why a request that comes is overtaken; `None`: it counts.

        Args:
            new: The request.
            state: Of the stack; `None`: CloudFormation does not tell.
        """
        known = next((each for each in self.listed if each.id == new.id), None)
        if known:
            return self._judge_known(known, new)
        for each in self._list_begun(new):
            if new.was_sent_before(each.sent):
                return f"it was sent before a request that has begun: {each.id}"
        is_asked_again = any(each.late and _says_the_same(each, new) for each in self.listed)
        return self._judge_new(new, state) if state and not is_asked_again else None

    def add(self, new: Arrival) -> Arrivals:
        """Add a new request: as the last one, or behind it if it is late."""
        place = 1 if new.late else 0
        listed = (*self.listed[:place], new, *self.listed[place:])
        return replace(self, listed=listed[:_REMEMBERED])

    def knows(self, request_id: str) -> bool:
        """Return whether a request came before."""
        return any(each.id == request_id for each in self.listed)

    def _judge_known(self, known: Arrival, new: Arrival) -> str | None:
        if known.late:
            return "it came too late when it came first"
        later = self.find_later(known.id)
        if later:
            return f"it is delivered again, after a later request: {later}"
        if known.operation and new.operation and known.operation != new.operation:
            return f"it began with the {known.operation}, and now it is the {new.operation}"
        return None

    def _judge_new(self, new: Arrival, state: StackState) -> str | None:
        if new.was_sent_before(state.since.timestamp()):
            return f"it was sent before the {state.operation}"
        if not new.declares:
            return None
        if not (state.creates if new.type == RequestType.CREATE else state.updates):
            return f"the stack is {state.status}, in which nothing asks to {new.type.lower()}"
        begun = [*self._list_begun(new)]
        if not begun:
            return None
        last, *earlier = begun
        if last.declares and last.operation == new.operation:
            is_second = _is_second(new, last, state)
            return (
                f"the {new.operation} has asked for another one: {last.id}" if is_second else None
            )
        if state.rolls_back:
            goes_on = new.previous == last.fingerprint and not _was_declared(new, begun)
            return f"the stack is {state.status}, and it goes on" if goes_on else None
        if last.undoes(new) and not _was_declared(new, earlier):
            return None if last.was_sent_before(new.sent) else f"{last.id} has undone it already"
        return None

    def _list_begun(self, new: Arrival) -> Iterator[Arrival]:
        """List what has begun of the same resource, the latest first."""
        return (each for each in self.listed if each.logical_id == new.logical_id and not each.late)


def describe(request: Request[object], state: StackState | None) -> Arrival:
    """Say of a request what tells it from others."""
    return Arrival(
        id=request.request_id,
        type=request.type,
        logical_id=request.logical_id,
        operation=state.operation if state else "",
        fingerprint=request.fingerprint,
        previous=request.previous_fingerprint,
        sent=request.sent,
    )


def parse(note: Note) -> Arrivals:
    """Read what `render` wrote; of ids that an older release wrote, nothing else is known."""
    try:
        details = cast("dict[str, dict[str, Any]]", json.loads(note.details or "{}"))
        listed = tuple(Arrival(id=id_, **details.get(id_, {})) for id_ in note.text.split())
    except (ValueError, TypeError, AttributeError):  # of another version
        listed = tuple(Arrival(id=id_) for id_ in note.text.split())
    return Arrivals(listed, note.revision)


def render(arrivals: Arrivals) -> Note:
    """Write the ids in their order, as older releases read them, and the rest by id."""
    details = {each.id: asdict(each) for each in arrivals.listed}
    for each in details.values():
        del each["id"]
    return Note(
        text=" ".join(each.id for each in arrivals.listed),
        details=json.dumps(details, separators=(",", ":")),
        revision=arrivals.revision,
    )


def _is_second(new: Arrival, last: Arrival, state: StackState) -> bool:
    """Return whether an operation that has asked for one request cannot have asked for another."""
    if last.was_sent_before(new.sent):
        return False
    return (new.fingerprint if state.rolls_back else new.previous) != last.fingerprint


def _was_declared(new: Arrival, begun: list[Arrival]) -> bool:
    """Return whether what a request declares was declared before, as far as is remembered.

    What a rollback takes back may never have been: it is named though its request never came.
    """
    forward = [each for each in begun if not each.operation.startswith(BACKWARD)]
    known = {each.fingerprint for each in begun if each.declares or each in forward}
    known |= {each.previous for each in forward}
    return new.fingerprint in known


def _says_the_same(one: Arrival, other: Arrival) -> bool:
    return (one.type, one.logical_id, one.fingerprint, one.previous) == (
        other.type,
        other.logical_id,
        other.fingerprint,
        other.previous,
    )
