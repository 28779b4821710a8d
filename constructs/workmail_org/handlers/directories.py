"""Directories that the stack makes: `Custom::WorkMailDirectory`."""

from __future__ import annotations

from workmail_org.changes.organizations import decide_directory
from workmail_org.errors import ConflictError, PermanentError, UnsafePlanError
from workmail_org.handlers.approving import approve
from workmail_org.handlers.requests import Progress, Request, RequestType, Run
from workmail_org.handlers.surroundings import read_known_state
from workmail_org.model.directory import DirectoryType
from workmail_org.model.live import LiveDirectory
from workmail_org.model.removal import Removal
from workmail_org.model.values import fold
from workmail_org.service.directories import DirectoryService
from workmail_org.service.passwords import read_secret
from workmail_org.wire.names import OWNER_TAG
from workmail_org.wire.properties import DirectoryProperties

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
            approve(run, request, decide_directory(None, desired).calls)
            return self._create(run, service, desired)
        if request.type is RequestType.UPDATE:
            live = service.read(request.physical_id or "")
            decision = decide_directory(live, desired)
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
        _claim_alias(run, service, live, request.desired.alias)
        if request.desired.directory.type is DirectoryType.MANAGED_AD:
            return _enable_data_access(run, service, directory_id)
        return Progress(done=True)

    def _create(self, run: Run, service: DirectoryService, desired: DirectoryProperties) -> str:
        directory = desired.directory
        account = directory.service_account
        secret = account.password_secret if account else desired.admin_password_secret_arn
        if not secret:
            raise PermanentError(f"directory {directory.name} has no secret for its password")
        password = read_secret(run.clients.secrets, secret)
        created = service.create(directory, password, {OWNER_TAG: desired.owner})
        run.log("created", directory=created)
        return created


def _claim_alias(run: Run, service: DirectoryService, live: LiveDirectory, alias: str) -> None:
    """Give the directory the organization's alias: the two must match (facts.md §5)."""
    if live.alias is None:
        run.log("write", operation="CreateAlias", directory=live.id, alias=alias)
        try:
            service.create_alias(live.id, alias)
        except ConflictError as conflict:
            raise PermanentError(
                f"alias {alias!r} is taken: aliases are unique over all of AWS and are never free "
                "again; choose another",
                operation=conflict.operation,
                code=conflict.code,
            ) from conflict
    elif fold(live.alias) != fold(alias):
        raise PermanentError(
            f"directory {live.id} has the alias {live.alias!r}, and an organization's alias must "
            f"be that of its directory, not {alias!r}: set alias: {live.alias}"
        )


def _enable_data_access(run: Run, service: DirectoryService, directory_id: str) -> Progress:
    """Let WorkMail write users: it goes through Directory Service Data (facts.md §0.8)."""
    status = service.read_data_access(directory_id)
    if status == "Enabled":
        return Progress(done=True)
    if status in ("Disabled", "Failed"):
        run.log("write", operation="EnableDirectoryDataAccess", directory=directory_id)
        service.enable_data_access(directory_id)
    return Progress(done=False, waiting_for=f"data access of directory {directory_id} is {status}")


def _advance_delete(
    run: Run, service: DirectoryService, request: Request[DirectoryProperties]
) -> Progress:
    """Delete only on the spec's word, and only what this stack made.

    An organization that still uses it stops it for a while.
    """
    directory_id = request.physical_id or ""
    if request.desired.on_removal is not Removal.DELETE:
        return Progress(done=True)
    live = service.read(directory_id)
    if live is None or live.stage == "Deleted":
        return Progress(done=True)
    if live.stage != "Deleting":
        if not read_known_state(run, request).has_made(live.launched):
            run.log(
                "directory stays",
                directory=directory_id,
                reason="it is older than this stack, which found it again and did not create it",
                advice=f"to delete it: aws ds delete-directory --directory-id {directory_id}",
            )
            return Progress(done=True)
        run.log("write", operation="DeleteDirectory", directory=directory_id)
        service.delete(directory_id)
    return Progress(done=False, waiting_for=f"directory {directory_id} is being deleted")
