"""Explaining: what a person is told about an error that ends a deployment."""

from __future__ import annotations

from workmail_org.errors import PermanentError, ServiceError, TemporaryError, WorkMailOrgError
from workmail_org.handlers.failing import advise
from workmail_org.handlers.requests import Request, Run
from workmail_org.service.clients import list_workmail_regions
from workmail_org.service.reading import read_organization

_OF_THE_ORGANIZATION = frozenset({"OrganizationNotFoundException", "OrganizationStateException"})
"""What WorkMail answers of an organization that is deleted, or is being deleted."""


def explain(run: Run, request: Request[object] | None, error: WorkMailOrgError) -> str:
    """Write an error so that a person knows what to do."""
    if not isinstance(error, ServiceError):
        return str(error)
    if request is not None and is_gone(run, request, error):
        return describe_gone(request)
    return _describe_region(run, error) or advise(error)


def is_gone(run: Run, request: Request[object], error: ServiceError) -> bool:
    """Return whether an error comes from an organization that somebody deleted."""
    if error.code not in _OF_THE_ORGANIZATION:
        return False
    try:
        answer = read_organization(run.open_organization(_find_organization_id(request)))
    except ServiceError:
        return False
    return answer is None or answer.is_going


def describe_gone(request: Request[object]) -> str:
    """Write that there is nothing left to deploy to."""
    return (
        f"organization {_find_organization_id(request)} was deleted, and with it every mailbox: "
        "destroy this stack, then deploy again with another alias"
    )


def give_up(run: Run, request: Request[object], error: TemporaryError) -> None:
    """Raise where waiting is of no use, whatever the code promises."""
    if is_gone(run, request, error):
        raise PermanentError(describe_gone(request), operation=error.operation) from error


def _find_organization_id(request: Request[object]) -> str:
    own: str | None = getattr(request.desired, "organization_id", None)
    return own or request.physical_id or ""


def _describe_region(run: Run, error: ServiceError) -> str | None:
    """Write that WorkMail is not where it was looked for; else no answer is just that."""
    if error.code or not isinstance(error, TemporaryError):
        return None
    region, known = run.clients.workmail.meta.region_name, list_workmail_regions()
    if region in known:
        return None
    return f"WorkMail is not in {region}: deploy to one of {', '.join(known)} ({error})"
