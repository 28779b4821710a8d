"""Fencing: a request writes only while CloudFormation still waits for it.

A person cancels a deployment, or another resource of it fails. CloudFormation
then rolls back at once, while the framework goes on asking `is_complete` of the
request that was under way, for up to an hour. Whatever that request wrote now
would win over the rollback, or over the deployment after it. A request can also
come for the first time only then: requests go through a queue that keeps no
order, and a throttled function gets its event minutes later. So every request
finds out, when it begins, which *operation* of CloudFormation it belongs to and
whether it is the last one, and asks before it writes whether that still holds:

* The state of the stack names the operation: deployment, rollback or deletion,
  and since when (`StackState.operation`). Another name now means: overtaken,
  also when the rollback has ended long ago, or a third deployment has begun.
* The ledger keeps the last requests of each custom resource, in the order in
  which they began, in one item with a number that grows with every write. A new
  request is held against them (`handlers.sequencing`) and written down by a
  write that DynamoDB refuses if the number is another one than was read; then
  all is read and judged again. So of two that come at once each sees the other.
  A later one there means: overtaken. One that comes when it is late is written
  down as late, begins nothing and stops nobody.

Before a call that takes something away both are asked each time, and where
CloudFormation does not answer it waits. A call that only adds something believes
an answer that is at most a second old: CloudFormation publishes no rate for
DescribeStacks, a large deployment makes thousands of such calls, and the first
request of a rollback takes longer than that to come.

Where the ledger cannot be read or written, the state of the stack is left to
judge by; the log says so. The question is put in one place, in front of the
clients (`service.gates`), so no handler can forget it.

Left open: a call that is on its way cannot be called back. A late request that
comes before the rollback's own counts until that one begins, if it declares what
the resource was at some former time, or if the ledger has lost what that was:
to refuse a rollback that is one would be worse, for it leaves a stack stuck. And
should requests no longer say when they were sent, one that comes later than the
deployment after its own is taken for a new one, and the very deployment that was
cancelled is refused once more where its request never came.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from workmail_org.errors import OvertakenError, ServiceError, TemporaryError
from workmail_org.handlers.patience import BUSY_SECONDS
from workmail_org.handlers.requests import Request, Run
from workmail_org.handlers.sequencing import Arrivals, describe, parse, render
from workmail_org.service.gates import gate
from workmail_org.service.stacks import StackState, read_state

_BELIEVED_SECONDS = 1.0
"""A guess: less than CloudFormation, two Lambda functions and a first look take to begin."""

_TRIES = 10
"""How often a note is read and written anew: more than one resource has deliveries at once."""


def enter(run: Run, request: Request[object]) -> str:
    """Find out to which operation a new request belongs, and write down that it came.

    Returns:
        The operation; empty where CloudFormation does not answer.

    Raises:
        OvertakenError: It is an old one, delivered again or for the first time.
    """
    state = _read_busy_state(run, request)
    if state and not state.is_busy:
        raise _stop(run, f"the stack is {state.status}: nothing waits for this request")
    _note(run, request, state)
    return state.operation if state else ""


def fence(run: Run, request: Request[object]) -> Run:
    """Build a run whose clients write only while a request still counts.

    Raises:
        OvertakenError: It does not count now.
    """
    asking = _Fence(run, request)
    asking(takes_away=False)
    return replace(run, clients=gate(run.clients, asking))


def _read_busy_state(run: Run, request: Request[object]) -> StackState | None:
    """Read the state of the stack, once CloudFormation shows that it works on it."""
    patience = run.patience
    give_up_at = patience.clock() + BUSY_SECONDS
    tries = 0
    while True:
        state = read_state(run.clients.cloudformation, request.stack_id)
        tries += 1
        if (state and state.is_busy) or not patience.back_off(tries, give_up_at=give_up_at):
            return state


@dataclass(slots=True)
class _Fence:
    """Asks whether a request still counts.

    Attributes:
        run: With the clients themselves.
        answered_at: When both sources had nothing against it.
    """

    run: Run
    request: Request[object]
    answered_at: float | None = None

    def __call__(self, *, takes_away: bool) -> None:
        now = self.run.patience.clock()
        believed = self.answered_at is not None and now - self.answered_at < _BELIEVED_SECONDS
        if believed and not takes_away:
            return
        state = read_state(self.run.clients.cloudformation, self.request.stack_id)
        began = self.request.operation
        if state and began and state.operation != began:
            raise _stop(
                self.run,
                f"it began with the {began}, the stack is {state.status}: {state.operation}",
            )
        later = _recall(self.run, self.request).find_later(self.request.request_id)
        if later:
            raise _stop(self.run, f"a later request has begun: {later}")
        if state and began:
            self.answered_at = now
        elif takes_away:
            raise TemporaryError(
                "CloudFormation does not answer whether the deployment is still in progress, so "
                "nothing is removed or replaced",
                operation="DescribeStacks",
            )


def _stop(run: Run, by: str) -> OvertakenError:
    run.log("overtaken", by=by)
    return OvertakenError(f"overtaken, nothing more is written: {by}")


def _note(run: Run, request: Request[object], state: StackState | None) -> None:
    """Write down a new request, after those that others write down meanwhile.

    Raises:
        OvertakenError: It is an old one.
    """
    arrival = describe(request, state)
    late: str | None = None
    for _ in range(_TRIES):
        known = _recall(run, request)
        late = known.find_reason(arrival, state)
        is_new = not known.knows(arrival.id)
        if not is_new or _write(run, request, known.add(replace(arrival, late=bool(late)))):
            break
    else:
        run.log("request not noted", error=f"others wrote {_TRIES} times meanwhile")
    if late:
        raise _stop(run, late)


def _write(run: Run, request: Request[object], arrivals: Arrivals) -> bool:
    """Write the last requests; `False`: others wrote some since they were read."""
    table = request.consent.ledger_table
    if not table:
        return True
    try:
        ledger = run.open_ledger(run.clients, table)
        return ledger.write_note(_name(request), render(arrivals))
    except ServiceError as error:  # the stack's state is left to judge by
        run.log("request not noted", error=str(error))
        return True


def _recall(run: Run, request: Request[object]) -> Arrivals:
    """Read the last requests of a custom resource.

    A template of the first release names no ledger for the organization itself.
    """
    table = request.consent.ledger_table
    if not table:
        return Arrivals()
    try:
        return parse(run.open_ledger(run.clients, table).read_note(_name(request)))
    except ServiceError as error:  # as above
        run.log("requests not read", error=str(error))
        return Arrivals()


def _name(request: Request[object]) -> str:
    return f"{request.part_name} requests"
