"""The default domain of an organization."""

from __future__ import annotations

from workmail_org.changes.organizations import decide_default_domain
from workmail_org.errors import NotFoundError, PermanentError, TemporaryError
from workmail_org.handlers.approving import approve, is_asked
from workmail_org.handlers.requests import Progress, Request, Run
from workmail_org.model.values import fold
from workmail_org.service.reading import read_domain, read_organization
from workmail_org.service.workmail import WorkMail
from workmail_org.service.writing import Writer
from workmail_org.wire.properties import DefaultDomainProperties


class DefaultDomainLifecycle:
    """`Custom::WorkMailDefaultDomain`. The physical id is `<organization id>/default-domain`."""

    def begin(self, run: Run, request: Request[DefaultDomainProperties]) -> str:
        """Refuse what was not approved."""
        desired = request.desired
        if is_asked(request):
            organization = read_organization(run.open_organization(desired.organization_id))
            present = organization.default_domain if organization else ""
            default = present or fold(desired.test_domain)
            approve(run, request, decide_default_domain(default, desired, None).calls)
        return request.physical_id or f"{desired.organization_id}/default-domain"

    def advance(self, run: Run, request: Request[DefaultDomainProperties]) -> Progress:
        """Set it if it differs; on Delete go back to the test domain if it is still ours."""
        desired = request.desired
        workmail = run.open_organization(desired.organization_id)
        organization = read_organization(workmail)
        if organization is None or organization.is_going:
            if request.is_delete:
                return Progress(done=True)
            raise NotFoundError(f"organization {desired.organization_id} was deleted")
        sides = (None, desired) if request.is_delete else (desired, None)
        calls = decide_default_domain(organization.default_domain, *sides).calls
        writer = Writer(workmail, {})
        for call in calls:
            try:
                writer.write(call)
            except TemporaryError as error:
                _refuse_unverified(workmail, str(call.arguments["DomainName"]), error)
                raise
            run.log_call(call)
        return Progress(done=not calls, waiting_for="the default domain is not seen as set yet")


def _refuse_unverified(workmail: WorkMail, domain: str, error: TemporaryError) -> None:
    """Raise, if trying again is useless because the domain is not verified."""
    if error.code != "MailDomainStateException":
        return
    found = read_domain(workmail, domain)
    if found is None or found.ownership != "VERIFIED":
        raise PermanentError(
            f"domain {domain} cannot be the default: it is not verified; put its DNS records in "
            "place first (see the stack's outputs)",
            operation=error.operation,
            code=error.code,
        ) from error
