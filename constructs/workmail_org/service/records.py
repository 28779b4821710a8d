"""The DNS records that WorkMail wants for the domains of a deployed organization."""

from __future__ import annotations

from workmail_org.errors import NotFoundError
from workmail_org.model.domain import DnsRecord
from workmail_org.model.organization import Organization
from workmail_org.service.clients import make_clients
from workmail_org.service.reading import find_organization, read_domain
from workmail_org.service.workmail import WorkMail


def read_manual_records(organization: Organization) -> dict[str, tuple[DnsRecord, ...]]:
    """Read the records of the domains whose DNS somebody else keeps, by domain.

    Raises:
        NotFoundError: The organization, or one of the domains, is not deployed.
        ServiceError: AWS refuses.
    """
    client = make_clients(organization.region).workmail
    found = organization.existing or find_organization(WorkMail(client), organization.alias)
    if found is None:
        raise NotFoundError(
            f"organization {organization.key} (alias {organization.alias}) is not deployed in "
            f"{organization.region}"
        )
    workmail = WorkMail(client, found)
    return {
        domain.name: _read_records(workmail, domain.name)
        for domain in organization.domains
        if domain.dns is None
    }


def _read_records(workmail: WorkMail, name: str) -> tuple[DnsRecord, ...]:
    domain = read_domain(workmail, name)
    if domain is None:
        raise NotFoundError(f"domain {name} is not registered yet; deploy the spec first")
    return domain.records
