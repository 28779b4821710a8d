"""Stopping: what is not done before a person has confirmed it, also on a bare `cdk deploy`.

A confirmation is a digest of the changes that need it and of the stack. It is valid for one
deployment: the ledger notes with which properties it was given. Once these are deployed it is used
up, and the same changes need another one, which the refusal names. A deployment that failed uses up
nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from workmail_org.changes.brakes import Brake, digest_brakes
from workmail_org.errors import ServiceError, UnsafePlanError
from workmail_org.handlers.requests import Request, Run
from workmail_org.handlers.surroundings import is_rollback
from workmail_org.service.reading import read_organization
from workmail_org.service.stacks import StackState, read_state
from workmail_org.service.workmail import WorkMail


def require_acknowledgement(
    run: Run, request: Request[object], workmail: WorkMail, brakes: Sequence[Brake]
) -> None:
    """Refuse changes that must be confirmed, unless exactly these were.

    A rollback is never refused: CloudFormation sends it as an update like any
    other, and a stack that cannot go back is stuck. Nor is anything in an
    organization that begins with its stack: there is nothing to lose yet.

    Raises:
        UnsafePlanError: Nothing was written; it says how to confirm.
    """
    try:
        noted = _read_confirmations(run, request)
    except ServiceError:
        if is_rollback(run, request):
            return  # whatever is lost, a stack that cannot go back is stuck
        raise
    # A rollback names what failed as its former properties.
    confirmed = noted.use_up(request.previous_fingerprint) if request.goes_forward else noted
    if not brakes:
        if confirmed != noted:
            _write_confirmations(run, request, confirmed)
        return
    unconfirmed = confirmed.list_unconfirmed(request.consent.acknowledge, brakes)
    if not unconfirmed:
        run.log("acknowledged", brakes=[str(brake) for brake in brakes])
        _write_confirmations(run, request, confirmed.give(brakes, request.fingerprint))
        return
    state = read_state(run.clients.cloudformation, request.stack_id)
    if state and (state.rolls_back or _is_new(state, workmail)):
        run.log("brake let go", status=state.status, brakes=[str(brake) for brake in unconfirmed])
        return
    # The way out comes first: long reasons are cut at their end.
    way_out = f"cdk deploy -c acknowledge={confirmed.name(unconfirmed)}"
    reasons = "; ".join(str(brake) for brake in unconfirmed)
    raise UnsafePlanError(f"this must be confirmed ({way_out}): {reasons}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Confirmations:
    """What was confirmed of one custom resource.

    Attributes:
        stack: Name of the stack.
        used: How often each digest was used, by the digest without a count.
        given: For the last deployment that had any.
        fingerprint: Of the properties which that one was to deploy.
    """

    stack: str
    used: Counter[str] = field(default_factory=Counter[str])
    given: tuple[str, ...] = ()
    fingerprint: str = ""

    def name(self, brakes: Sequence[Brake]) -> str:
        """Return the digest that confirms a set of changes now."""
        uses = max(self.used[digest_brakes([each], self.stack)] for each in brakes)
        return digest_brakes(brakes, self.stack, uses=uses)

    def list_unconfirmed(self, said: Sequence[str], brakes: Sequence[Brake]) -> list[Brake]:
        """Return the changes that nobody confirmed, each alone or all together."""
        if self.name(brakes) in said:
            return []
        return [brake for brake in brakes if self.name([brake]) not in said]

    def give(self, brakes: Sequence[Brake], fingerprint: str) -> _Confirmations:
        """Note that some changes are confirmed, with the properties that bring them."""
        given = tuple(digest_brakes([each], self.stack) for each in brakes)
        return _Confirmations(
            stack=self.stack, used=self.used, given=given, fingerprint=fingerprint
        )

    def use_up(self, deployed: str) -> _Confirmations:
        """Count what was given as used, if what it was given for is deployed."""
        if not self.given or self.fingerprint != deployed:
            return self
        return _Confirmations(stack=self.stack, used=self.used + Counter(self.given))


def _read_confirmations(run: Run, request: Request[object]) -> _Confirmations:
    """Read what was given before; without a ledger nothing was.

    Raises:
        ServiceError: It cannot be read.
    """
    confirmed = _Confirmations(stack=request.stack_name)
    table = request.consent.ledger_table
    noted = run.open_ledger(run.clients, table).recall(_name(request)) if table else None
    if noted:
        read: dict[str, Any] = json.loads(noted)
        confirmed = _Confirmations(
            stack=confirmed.stack,
            used=Counter(read["used"]),
            given=tuple(read["given"]),
            fingerprint=read["fingerprint"],
        )
    return confirmed


def _write_confirmations(run: Run, request: Request[object], confirmed: _Confirmations) -> None:
    """Write what is given, before anything is done with it.

    Raises:
        ServiceError: It cannot be written; then a confirmation could be used twice.
    """
    table = request.consent.ledger_table
    if table:
        noted = {
            "used": confirmed.used,
            "given": confirmed.given,
            "fingerprint": confirmed.fingerprint,
        }
        run.open_ledger(run.clients, table).remember(_name(request), json.dumps(noted))


def _name(request: Request[object]) -> str:
    return f"{request.part_name} confirmations"


def _is_new(state: StackState, workmail: WorkMail) -> bool:
    """Return whether the organization was made by the deployment that is going on."""
    if not state.begins:
        return False
    organization = read_organization(workmail)
    return organization is not None and state.has_made(organization.completed)
