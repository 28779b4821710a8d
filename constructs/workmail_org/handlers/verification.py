"""Waiting until a domain's ownership is verified."""

from __future__ import annotations

from workmail_org.errors import PermanentError
from workmail_org.handlers.requests import Progress, Request, Run
from workmail_org.model.values import fold
from workmail_org.service.reading import read_domain
from workmail_org.wire.properties import DomainVerificationProperties


class DomainVerificationLifecycle:
    """`Custom::WorkMailDomainVerification`: it has no substance, it only waits.

    The physical id is `<organization id>/domains/<domain>/verification`.
    """

    def begin(
        self,
        run: Run,  # noqa: ARG002 - contract
        request: Request[DomainVerificationProperties],
    ) -> str:
        """Accept."""
        if request.physical_id:
            return request.physical_id
        desired = request.desired
        return f"{desired.organization_id}/domains/{fold(desired.domain)}/verification"

    def advance(self, run: Run, request: Request[DomainVerificationProperties]) -> Progress:
        """Look once: only the ownership record makes a domain usable (facts.md §6)."""
        if request.is_delete:
            return Progress(done=True)
        workmail = run.open_organization(request.desired.organization_id)
        domain = read_domain(workmail, request.desired.domain)
        if domain and domain.ownership == "FAILED":
            raise PermanentError(
                f"domain {domain.name} failed verification: its ownership record "
                f"_amazonses.{domain.name} was not found in DNS for 72 hours; check that the "
                "hosted zone is the one that the domain's registrar points to"
            )
        return Progress(
            done=domain is not None and domain.ownership == "VERIFIED",
            waiting_for=(
                f"the ownership record _amazonses.{request.desired.domain} is not seen in DNS yet; "
                "check that the hosted zone is the one that the domain's registrar points to"
            ),
        )
