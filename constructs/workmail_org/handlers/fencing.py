"""Fencing: a request writes only while CloudFormation still waits for it.

A person cancels a deployment, or another resource of it fails. CloudFormation
then rolls back at once, while the framework goes on asking `is_complete` of the
request that was under way, for up to an hour. Whatever that request wrote now
would win over the rollback, or over the deployment after it. So every request
finds out, when it begins, which *operation* of CloudFormation it belongs to, and
asks before it writes whether that one is still going on:

* The state of the stack names the operation: deployment, rollback or deletion,
  and since when (`StackState.operation`). Another name now means: overtaken,
  also when the rollback has ended long ago, or a third deployment has begun.
* The ledger keeps the ids of the last requests of each custom resource, in the
  order in which they came. A later one there means: overtaken. So an old event
  that is delivered once more, in the middle of a rollback or a third deployment,
  is not taken for a request of theirs.

Before a call that takes something away both are asked each time, and where
CloudFormation does not answer it waits. A call that only adds something believes
an answer that is at most a second old: CloudFormation publishes no rate for
DescribeStacks, a large deployment makes thousands of such calls, and the first
request of a rollback takes longer than that to come.

The question is put in one place, in front of the clients (`service.gates`), so
no handler can forget it. A call that is on its way cannot be called back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from workmail_org.errors import OvertakenError, ServiceError, TemporaryError
from workmail_org.handlers.patience import BUSY_SECONDS
from workmail_org.handlers.requests import Request, Run
from workmail_org.service.gates import gate
from workmail_org.service.stacks import StackState, read_state

_BELIEVED_SECONDS = 1.0
"""A guess: less than CloudFormation, two Lambda functions and a first look take to begin."""

_REMEMBERED = 20
"""A guess: how many requests of one custom resource are told apart from new ones."""


def enter(run: Run, request: Request[object]) -> str:
    """Find out to which operation a new request belongs, and write down that it came.

    Returns:
        The operation; empty where CloudFormation does not answer.

    Raises:
        OvertakenError: It is an old one that is delivered again.
    """
    state = _read_busy_state(run, request)
    if state and not state.is_busy:
        raise _stop(run, f"the stack is {state.status}: nothing waits for this request")
    _note(run, request)
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
        later = _find_later(_recall(self.run, self.request), self.request)
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


def _note(run: Run, request: Request[object]) -> None:
    """Write down a new request as the last one."""
    known = _recall(run, request)
    later = _find_later(known, request)
    if later:
        raise _stop(run, f"it is delivered again, after a later request: {later}")
    table = request.consent.ledger_table
    if not table or known[:1] == [request.request_id]:
        return
    latest = " ".join([request.request_id, *known][:_REMEMBERED])
    try:
        run.open_ledger(run.clients, table).remember(_name(request), latest)
    except ServiceError as error:  # the stack's state is left to judge by
        run.log("request not noted", error=str(error))


def _find_later(known: list[str], request: Request[object]) -> str | None:
    """Return the last request, if it came after this one. Ids have no order of their own."""
    return known[0] if request.request_id in known[1:] else None


def _recall(run: Run, request: Request[object]) -> list[str]:
    """Read the last requests of a custom resource, latest first.

    A template of the first release names no ledger for the organization itself.
    """
    table = request.consent.ledger_table
    if not table:
        return []
    try:
        return (run.open_ledger(run.clients, table).recall(_name(request)) or "").split()
    except ServiceError as error:  # as above
        run.log("requests not read", error=str(error))
        return []


def _name(request: Request[object]) -> str:
    return f"{request.part_name} requests"
