"""What surrounds one request: the stack that it comes from, the organization that it is about."""

from __future__ import annotations

import re

from workmail_org.errors import TemporaryError
from workmail_org.handlers.requests import Request, RequestType, Run
from workmail_org.service.reading import read_organization
from workmail_org.service.stacks import StackState, read_state
from workmail_org.service.workmail import WorkMail


def is_rollback(run: Run, request: Request[object]) -> bool | None:
    """Return whether a failed deployment is rolled back; `None`: CloudFormation does not tell."""
    state = read_state(run.clients.cloudformation, request.stack_id)
    return state.rolls_back if state else None


def belongs_to_first_deployment(run: Run, request: Request[object]) -> bool:
    """Return whether a request creates something in the first deployment of its stack."""
    if request.type is not RequestType.CREATE:
        return False
    state = read_state(run.clients.cloudformation, request.stack_id)
    return state is not None and state.begins


def read_known_state(run: Run, request: Request[object]) -> StackState:
    """Read the state of the stack where nothing may be done without it.

    Raises:
        TemporaryError: CloudFormation does not answer.
    """
    state = read_state(run.clients.cloudformation, request.stack_id)
    if state is None:
        raise TemporaryError(
            "CloudFormation does not answer when the stack was created, so nothing is deleted",
            operation="DescribeStacks",
        )
    return state


def was_made_up(run: Run, request: Request[object], pattern: str) -> bool:
    """Return whether CloudFormation invented the id of a resource that it deletes.

    That is so where a creation had not answered, such as one that comes late.

    Args:
        run: This invocation.
        request: A Delete.
        pattern: Of the ids that the service gives, as a regular expression.
    """
    is_so = re.fullmatch(pattern, request.physical_id or "") is None
    if is_so:
        reason = "no creation had answered when CloudFormation asked for its deletion"
        run.log("nothing to delete", id=request.physical_id, reason=reason)
    return is_so


def is_gone(workmail: WorkMail) -> bool:
    """Return whether an organization is deleted, or about to be."""
    organization = read_organization(workmail)
    return organization is None or organization.is_going


def changes_nothing(run: Run, request: Request[object]) -> bool:
    """Return whether an update says what was said before, and undoes no repair that failed."""
    if not request.is_unchanged:
        return False
    return not (request.previous_repairs and is_rollback(run, request))
