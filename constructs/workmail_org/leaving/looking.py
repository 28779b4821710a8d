"""What is looked at in AWS beside the journal: where mail goes, and why a stack exports nobody."""

from __future__ import annotations

from typing import Any

from workmail_org.errors import ServiceError
from workmail_org.model.domain import is_inbound_host
from workmail_org.model.organization import Organization
from workmail_org.model.values import fold
from workmail_org.service.templates import DeployedStack
from workmail_org.service.zones import read_zone


def list_receiving(organization: Organization, client: Any) -> tuple[str, ...]:
    """List the domains whose MX leads to WorkMail in their hosted zone, as far as one can look.

    Args:
        organization: As the spec declares it.
        client: Of Route 53.
    """
    found: list[str] = []
    for domain in organization.domains:
        if domain.dns is None:
            continue
        try:
            zone = read_zone(client, domain.dns.hosted_zone_id)
        except ServiceError:
            continue  # who exports need not be allowed to read zones
        for each in zone.record_sets if zone else ():
            if (each.type, each.name) == ("MX", f"{fold(domain.name)}.") and any(
                is_inbound_host(value.rpartition(" ")[2]) for value in each.values
            ):
                found.append(domain.name)
    return tuple(dict.fromkeys(found))


def explain_no_exports(stack: str, region: str, deployed: DeployedStack | None) -> str:
    """Say why a stack exports no mailbox, and what to do.

    Args:
        stack: Its name.
        region: Where it was looked for.
        deployed: What was found.
    """
    if deployed is None:
        return f"stack {stack} is not deployed in {region} of the account of these credentials"
    if deployed.status.startswith("DELETE"):
        return (
            f"stack {stack} is {deployed.status}: when it was destroyed, what exports mailboxes "
            'went first; the section "Destroying a stack" of docs/operating.md says how to go on'
        )
    return f"stack {stack} was deployed without exports: deploy the spec, then export"
