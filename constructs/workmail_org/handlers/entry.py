"""The Lambda handlers that CDK's provider framework calls."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from itertools import accumulate
from typing import Any, Protocol

from workmail_org.errors import (
    OvertakenError,
    PermanentError,
    TemporaryError,
    UnapprovedError,
    WorkMailOrgError,
)
from workmail_org.handlers import judging
from workmail_org.handlers.collection import CollectionLifecycle
from workmail_org.handlers.directories import DirectoryLifecycle
from workmail_org.handlers.domains import DomainLifecycle
from workmail_org.handlers.ending import refuse_after_refused_end
from workmail_org.handlers.explaining import explain, give_up
from workmail_org.handlers.failing import advise
from workmail_org.handlers.fencing import enter, fence
from workmail_org.handlers.lifecycle import Lifecycle
from workmail_org.handlers.organizations import OrganizationLifecycle
from workmail_org.handlers.patience import (
    ACCEPT_SECONDS,
    GIVE_UP_SECONDS,
    MARGIN_SECONDS,
    NEIGHBOUR_SECONDS,
    SLICE_SECONDS,
    Patience,
)
from workmail_org.handlers.removals import RemovalsLifecycle
from workmail_org.handlers.requests import (
    OPERATION,
    Progress,
    Request,
    Run,
    parse_request,
)
from workmail_org.handlers.settings import SettingLifecycle
from workmail_org.handlers.surroundings import changes_nothing
from workmail_org.handlers.verification import DomainVerificationLifecycle
from workmail_org.kinds import COLLECTIONS, DEFAULT_DOMAIN, SETTINGS
from workmail_org.service.assets import read_collection
from workmail_org.service.clients import Clients, make_clients
from workmail_org.wire.names import MAX_RESPONSE_BYTES
from workmail_org.wire.properties import ResourceType

LIFECYCLES: Mapping[ResourceType, Lifecycle] = {
    ResourceType.DIRECTORY: DirectoryLifecycle(),
    ResourceType.ORGANIZATION: OrganizationLifecycle(),
    ResourceType.DOMAIN: DomainLifecycle(),
    ResourceType.DOMAIN_VERIFICATION: DomainVerificationLifecycle(),
    ResourceType.REMOVALS: RemovalsLifecycle(),
    **{kind.resource_type: CollectionLifecycle(kind) for kind in COLLECTIONS},
    **{kind.resource_type: SettingLifecycle(kind) for kind in (DEFAULT_DOMAIN, *SETTINGS)},
}

_ANSWERING = frozenset({ResourceType.ORGANIZATION, ResourceType.DOMAIN})
"""Types with attributes, which the answer to every update has to hold."""

_MAX_REASON_BYTES = MAX_RESPONSE_BYTES - 1500
"""The framework adds its own words and log names to a reason; the rest of the answer needs room."""

_STARTED_AT = "StartedAt"
"""Key of `on_event`'s answer that the framework hands to `is_complete`: epoch seconds."""

Step = Callable[[Run, Mapping[str, Any], Request[object]], dict[str, Any]]


class LambdaContext(Protocol):
    """What we need of Lambda's context object."""

    log_group_name: str
    log_stream_name: str

    def get_remaining_time_in_millis(self) -> int:
        """Return how long this invocation may still run."""
        ...


class HandlerError(Exception):
    """What CloudFormation shows as the reason of a failure."""


def on_event(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a Create, Update or Delete: refuse it, or accept it and name the physical id.

    Raises:
        HandlerError: Refused; its text is the reason.
    """
    return handle(make_run(context, open_clients()), event, begin)


def is_complete(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Work on an accepted request, and answer whether nothing is left to do.

    Raises:
        HandlerError: It cannot be done; its text is the reason.
    """
    return handle(make_run(context, open_clients()), event, advance)


@cache
def open_clients() -> Clients:
    """Make the clients of this process: Lambda keeps it, and its role, for many invocations."""
    return make_clients()


def begin(run: Run, event: Mapping[str, Any], request: Request[object]) -> dict[str, Any]:  # noqa: ARG001 - the shape of a step
    """Accept or refuse one request."""
    request = replace(request, operation=enter(run, request))
    run = fence(run, request)
    if _is_idle(run, request):
        physical_id = request.physical_id or ""
    else:
        try:
            refuse_after_refused_end(run, request)
            physical_id = _begin(run, request)
        except OvertakenError:
            raise
        except WorkMailOrgError:
            judging.write_refused(run, request)
            raise
        judging.write_accepted(run, request)
    return {
        "PhysicalResourceId": physical_id,
        _STARTED_AT: str(int(run.epoch())),
        OPERATION: request.operation,
    }


def _begin(run: Run, request: Request[object]) -> str:
    """Accept or refuse; what may be accepted later is tried again for a while."""
    lifecycle = LIFECYCLES[request.resource_type]
    patience = run.patience
    give_up_at = patience.clock() + ACCEPT_SECONDS
    tries = 0
    looked_twice = False
    while True:
        try:
            return lifecycle.begin(run, request)
        except UnapprovedError:
            if looked_twice:
                raise
            looked_twice = True
            patience.pause(NEIGHBOUR_SECONDS)
        except TemporaryError as error:
            tries += 1
            if not patience.back_off(tries, give_up_at=give_up_at):
                raise
            run.log("tried again", error=str(error))


def advance(run: Run, event: Mapping[str, Any], request: Request[object]) -> dict[str, Any]:
    """Work on one request for one slice."""
    run = fence(run, request)
    if _is_idle(run, request):
        return {"IsComplete": True, "Data": {}}
    give_up_at = float(event.get(_STARTED_AT, run.epoch())) + GIVE_UP_SECONDS
    # No slice outlasts the patience of who waits: else silence would be the reason.
    run = run.end_by(give_up_at)
    try:
        progress = LIFECYCLES[request.resource_type].advance(run, request)
    except TemporaryError as error:
        give_up(run, request, error)
        progress = Progress(done=False, waiting_for=advise(error))
    if progress.done:
        return {"IsComplete": True, "Data": dict(progress.attributes)}
    run.log("not done yet", waiting_for=progress.waiting_for)
    if run.epoch() >= give_up_at:
        minutes = GIVE_UP_SECONDS // 60
        raise PermanentError(f"not finished after {minutes} minutes: {progress.waiting_for}")
    return {"IsComplete": False}


def _is_idle(run: Run, request: Request[object]) -> bool:
    """Return whether nothing is to be done, whatever is live, and nothing to be answered."""
    if request.resource_type in _ANSWERING:
        return False
    return changes_nothing(run, request) or judging.undoes_nothing(run, request)


def make_run(context: LambdaContext, clients: Clients) -> Run:
    """Build the means of one invocation from Lambda's context."""
    logging.getLogger("workmail_org").setLevel(logging.INFO)
    remaining = context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    return Run(
        clients=clients,
        patience=Patience(deadline=time.monotonic() + min(SLICE_SECONDS, remaining)),
        log_place=f"{context.log_group_name} {context.log_stream_name}",
    )


def handle(run: Run, event: Mapping[str, Any], step: Step) -> dict[str, Any]:
    """Decode an event, take one step, answer; a failure becomes a reason in plain words.

    Raises:
        HandlerError: With the reason.
    """
    request: Request[object] | None = None
    try:
        request = parse_request(event, partial(read_collection, run.clients.s3))
        run = replace(run, context=_make_context(request))
        _log_request(run, request, step)
        answer = step(run, event, request)
    except WorkMailOrgError as error:
        reason = explain(run, request, error)
        run.log("failed", error=type(error).__name__, reason=reason)
        raise HandlerError(limit_reason(reason, run.log_place)) from None
    except Exception as error:  # noqa: BLE001 - the Lambda entry: log, then answer
        # Where, but not what: the text of an unknown error may hold anything.
        name = type(error).__name__
        run.log("failed", error=name, trace=traceback.format_tb(error.__traceback__))
        raise HandlerError(f"unexpected {name}: see the log, {run.log_place}") from None
    run.log("answered", **{key: value for key, value in answer.items() if key != "Data"})
    return answer


def _log_request(run: Run, request: Request[object], step: Step) -> None:
    run.log(
        "request",
        step=step.__name__,
        type=request.type,
        physical_id=request.physical_id,
    )


def _make_context(request: Request[object]) -> dict[str, str]:
    """Say what every line of this invocation is about: the run, the organization, the kind."""
    named: str | None = getattr(request.desired, "organization_id", None) or request.physical_id
    alias: str = getattr(request.desired, "alias", "")
    return {
        "run": request.request_id,
        "organization": named or alias,
        "kind": str(request.resource_type),
    }


def limit_reason(reason: str, log_place: str) -> str:
    """Shorten a reason to what fits into CloudFormation's answer; the log has the whole.

    The sentence comes first and on one line: what shows reasons cuts there.
    """
    one_line = " ".join(reason.split())
    if _measure(one_line) <= _MAX_REASON_BYTES:
        return one_line
    tail = f" ... (the whole list is in the log: {log_place})"
    room = _MAX_REASON_BYTES - _measure(tail)
    sizes = accumulate(_measure(character) for character in one_line)
    return one_line[: sum(size <= room for size in sizes)] + tail


def _measure(text: str) -> int:
    """Count bytes as in the answer: JSON, which writes a quote as two."""
    return len(json.dumps(text, ensure_ascii=False).encode()) - len('""')
