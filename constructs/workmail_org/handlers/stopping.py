"""Stopping: what is not done before a person has said the word, also on a bare `cdk deploy`."""

from __future__ import annotations

from collections.abc import Sequence

from workmail_org.changes.brakes import Brake, digest_brakes
from workmail_org.errors import UnsafePlanError
from workmail_org.handlers.requests import Request, Run
from workmail_org.service.reading import read_organization
from workmail_org.service.stacks import StackState, read_state
from workmail_org.service.workmail import WorkMail


def stop(run: Run, request: Request[object], workmail: WorkMail, brakes: Sequence[Brake]) -> None:
    """Refuse changes that need a word, unless it was said for exactly these.

    A roll back is never refused: CloudFormation sends it as an update like any
    other, and a stack that cannot go back is stuck. Nor is anything in an
    organization that begins with its stack: there is nothing to lose yet.

    Raises:
        UnsafePlanError: Nothing was written; it says how to give the word.
    """
    unsaid = _list_unsaid(request, brakes)
    if not unsaid:
        if brakes:
            run.log("acknowledged", brakes=[str(brake) for brake in brakes])
        return
    state = read_state(run.clients.cloudformation, request.stack_id)
    if state and (state.goes_back or _is_new(state, workmail)):
        run.log("brake let go", status=state.status, brakes=[str(brake) for brake in unsaid])
        return
    # The way out comes first: long reasons are cut at their end.
    way_out = f"cdk deploy -c acknowledge={digest_brakes(unsaid)}"
    reasons = "; ".join(str(brake) for brake in unsaid)
    raise UnsafePlanError(f"this needs a word from a person ({way_out}): {reasons}")


def _list_unsaid(request: Request[object], brakes: Sequence[Brake]) -> list[Brake]:
    """Return the brakes for which nobody gave the word; it is given for one, or for all."""
    said = request.consent.acknowledge
    if digest_brakes(brakes) in said:
        return []
    return [brake for brake in brakes if digest_brakes([brake]) not in said]


def _is_new(state: StackState, workmail: WorkMail) -> bool:
    """Tell whether the organization was made by the deployment that is going on."""
    if not state.begins:
        return False
    organization = read_organization(workmail)
    return organization is not None and state.has_made(organization.completed)
