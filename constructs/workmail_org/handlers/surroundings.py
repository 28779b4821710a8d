"""What surrounds one request: the stack that it comes from, the organization that it is about."""

from __future__ import annotations

from typing import Any

from workmail_org.handlers.requests import Request, Run
from workmail_org.model.values import fold
from workmail_org.service.reading import read_organization
from workmail_org.service.stacks import read_state
from workmail_org.service.workmail import WorkMail


def goes_back(run: Run, request: Request[Any]) -> bool | None:
    """Tell whether a failed deployment is rolled back; `None`: CloudFormation does not tell."""
    state = read_state(run.clients.cloudformation, request.stack_id)
    return state.goes_back if state else None


def is_gone(workmail: WorkMail) -> bool:
    """Tell whether an organization is deleted, or about to be."""
    organization = read_organization(workmail)
    return organization is None or fold(organization.get("State", "")) == "deleting"
