"""Judging: what became of a request when it began, written down for what CloudFormation sends next.

A request may be delivered again when half of it is done. And a refused update
is rolled back like one that failed: nothing was done, so nothing is to be
undone, not even what somebody changed by hand meanwhile.
"""

from __future__ import annotations

from workmail_org.errors import ServiceError
from workmail_org.handlers.requests import Request, RequestType, Run
from workmail_org.service.stacks import read_state

_REFUSED = "refused "


def was_let_through(run: Run, request: Request[object]) -> bool:
    """Return whether this very request was let through before."""
    return _recall(run, request) == request.request_id


def undoes_nothing(run: Run, request: Request[object]) -> bool:
    """Return whether this rolls back an update that was refused."""
    if request.type is not RequestType.UPDATE:
        return False
    if _recall(run, request) != _REFUSED + request.previous_fingerprint:
        return False
    state = read_state(run.clients.cloudformation, request.stack_id)
    return state is not None and state.rolls_back


def write_accepted(run: Run, request: Request[object]) -> None:
    """Write down that a request was let through, unless it undoes nothing and is only answered."""
    if not request.is_delete and not undoes_nothing(run, request):
        _remember(run, request, request.request_id)


def write_refused(run: Run, request: Request[object]) -> None:
    """Write down that an update was refused, unless it was let through when it came first."""
    if request.type is RequestType.UPDATE and not was_let_through(run, request):
        _remember(run, request, _REFUSED + request.fingerprint)


def _recall(run: Run, request: Request[object]) -> str | None:
    """Read the judgement; a template of the first release may name no ledger."""
    table = request.consent.ledger_table
    if not table:
        return None
    try:
        return run.open_ledger(run.clients, table).recall(request.part_name)
    except ServiceError as error:  # no reason to refuse, least of all a rollback
        run.log("judgement not read", error=str(error))
        return None


def _remember(run: Run, request: Request[object], judgement: str) -> None:
    table = request.consent.ledger_table
    if not table:
        return
    try:
        run.open_ledger(run.clients, table).remember(request.part_name, judgement)
    except ServiceError as error:  # as above
        run.log("judgement not written", error=str(error))
