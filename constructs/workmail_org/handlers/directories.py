"""Directories that the stack makes: `Custom::WorkMailDirectory`."""

from __future__ import annotations

from collections.abc import Sequence

from workmail_org.changes.calls import Call
from workmail_org.changes.directories import decide
from workmail_org.errors import ConflictError, PermanentError, UnsafePlanError
from workmail_org.handlers.approving import approve
from workmail_org.handlers.requests import Progress, Request, RequestType, Run
from workmail_org.handlers.surroundings import read_known_state, was_made_up
from workmail_org.handlers.writing import write_calls
from workmail_org.model.removal import Removal
from workmail_org.service.directories import DirectoryService
from workmail_org.wire.names import OWNER_TAG
from workmail_org.wire.properties import DirectoryProperties

_ID_PATTERN = "d-[0-9a-f]{10}"
"""Of a directory's id (botocore, ds 2015-04-16: DirectoryId)."""

_FAILED_STAGES = frozenset({"Failed", "RestoreFailed", "Inoperable"})
"""Stages that do not become Active by themselves (Directory Service API, DirectoryStage)."""


class DirectoryLifecycle:
    """A Simple AD, an AWS Managed Microsoft AD or an AD Connector.

    The physical id is the directory id.
    """

    def begin(self, run: Run, request: Request[DirectoryProperties]) -> str:
        """Find the directory, or create it; refuse a change: no API makes one."""
        service = DirectoryService(run.clients.directory_service)
        desired = request.desired
        if request.type is RequestType.CREATE:
            found = service.find_owned(OWNER_TAG, desired.owner, desired.directory.name or "")
            if found:
                return found
            calls = decide(None, desired, None).calls
            approve(run, request, calls)
            created = _write(run, request, calls)
            run.log("created", directory=created)
            return created
        if request.type is RequestType.UPDATE:
            live = service.read(request.physical_id or "")
            decision = decide(live, desired, request.previous)
            if live and decision.refusals:
                raise UnsafePlanError(*decision.refusals)
        return request.physical_id or ""

    def advance(self, run: Run, request: Request[DirectoryProperties]) -> Progress:
        """Wait until it is Active, claim its alias, let WorkMail manage users in it."""
        service = DirectoryService(run.clients.directory_service)
        directory_id = request.physical_id or ""
        if request.is_delete:
            return _advance_delete(run, service, request)
        live = service.read(directory_id)
        if live is None:
            return Progress(done=False, waiting_for=f"directory {directory_id} is not seen yet")
        if live.stage in _FAILED_STAGES:
            raise PermanentError(
                f"directory {directory_id} is {live.stage}: {live.reason or 'no reason given'}"
            )
        if live.stage != "Active":
            return Progress(done=False, waiting_for=f"directory {directory_id} is {live.stage}")
        decision = decide(live, request.desired, request.previous)
        if decision.refusals:
            raise PermanentError("; ".join(decision.refusals))
        _write(run, request, decision.calls)
        waits = live.data_access not in (None, "Enabled")
        return Progress(
            done=not waits,
            waiting_for=f"data access of directory {directory_id} is {live.data_access}",
        )


def _write(run: Run, request: Request[DirectoryProperties], calls: Sequence[Call]) -> str:
    """Make calls; return the id of the directory that they create, if they do.

    Raises:
        PermanentError: The alias belongs to somebody else.
        ServiceError: Directory Service refuses.
    """
    try:
        ids = write_calls(run, run.open_organization(""), request, calls)
    except ConflictError as conflict:
        raise PermanentError(
            f"alias {request.desired.alias!r} is taken: aliases are unique over all of AWS and are "
            "never free again; choose another",
            operation=conflict.operation,
            code=conflict.code,
        ) from conflict
    return next(iter(ids.values()), "")


def _advance_delete(
    run: Run, service: DirectoryService, request: Request[DirectoryProperties]
) -> Progress:
    """Delete only on the spec's word, and only what this stack made.

    An organization that still uses it stops it for a while.
    """
    directory_id = request.physical_id or ""
    if request.desired.on_removal is not Removal.DELETE:
        return Progress(done=True)
    if was_made_up(run, request, _ID_PATTERN):
        return Progress(done=True)
    live = service.read(directory_id)
    decision = decide(live, None, request.desired)
    if decision.calls and live and not read_known_state(run, request).has_made(live.launched):
        run.log(
            "directory stays",
            directory=directory_id,
            reason="it is older than this stack, which found it again and did not create it",
            advice=f"to delete it: aws ds delete-directory --directory-id {directory_id}",
        )
        return Progress(done=True)
    _write(run, request, decision.calls)
    going = bool(decision.calls) or (live is not None and live.stage == "Deleting")
    return Progress(done=not going, waiting_for=f"directory {directory_id} is being deleted")
