"""Zoning: in which hosted zone the records of a domain are, and which of them. Pure.

CloudFormation refuses to create a record that is there. So the zone of an imported domain is
declared with `adopt: true`: the stack writes none, and plans compare. Records that are missing or
otherwise are omitted. It takes the ownership token in the zone, which no other organization has,
and one zone that has it; any other domain is `dns: manual`, and a comment names the zone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from workmail_org.importing.fitting import Fitted
from workmail_org.model.domain import HostedZone, LiveZone, RecordGroup
from workmail_org.model.live import LiveDomain, Snapshot
from workmail_org.model.values import fold
from workmail_org.plan.zoning import ZoneQuestion, list_equal, refuse
from workmail_org.spec.problems import Path

_PROVING = frozenset({RecordGroup.OWNERSHIP, RecordGroup.DKIM})
"""Without these a domain is not of use: no comment proposes to omit them."""


def find_zone(domain: LiveDomain, zones: Collection[LiveZone]) -> HostedZone | None:
    """Find the zone that has a domain's records; `None`: none has one of them.

    Args:
        domain: With the records that WorkMail wants.
        zones: Those that could hold them.
    """
    equal = {
        zone: list_equal(_ask(domain, zone), zone)
        for zone in sorted(zones, key=lambda zone: zone.id)
    }
    best = max(equal, key=lambda zone: len(equal[zone]), default=None)
    if best is None or not equal[best]:
        return None
    rivals = [zone for zone, found in equal.items() if RecordGroup.OWNERSHIP in found]
    question = replace(_ask(domain, best), adopted=equal[best])
    adopts = rivals == [best] and not any(refuse(question, best))
    omitted = frozenset(RecordGroup) - equal[best]
    return HostedZone(
        hosted_zone_id=best.id,
        zone_name=best.name,
        omit=tuple(sorted(omitted if adopts else omitted - _PROVING)),
        adopt=adopts,
    )


def add_zones(fitted: Fitted, zones: Mapping[str, HostedZone]) -> Fitted:
    """Declare the zones whose records can be adopted; say in comments where others are.

    Args:
        fitted: The organization.
        zones: By name of the domain.
    """
    comments = {path: list(lines) for path, lines in fitted.comments.items()}
    domains = list(fitted.organization.domains)
    for index, domain in enumerate(domains):
        zone = zones.get(domain.name)
        if zone is None or domain.dns is not None:
            continue
        path: Path = ("domains", domain.name)
        # Without `verified` it is not of use yet, and a zone would say that it is.
        if zone.adopt and domain.verified:
            domains[index] = replace(domain, dns=zone, verified=False)
            described = _describe_omitted(zone)
        else:
            described = _describe(domain.name, zone)
        comments.setdefault(path, []).extend(described)
    return replace(
        fitted,
        organization=replace(fitted.organization, domains=tuple(domains)),
        comments={path: tuple(lines) for path, lines in comments.items() if lines},
    )


def list_domains(snapshot: Snapshot) -> tuple[LiveDomain, ...]:
    """List the domains that somebody registered."""
    return tuple(each for each in snapshot.domains.values() if not each.is_test_domain)


def _ask(domain: LiveDomain, zone: LiveZone) -> ZoneQuestion:
    return ZoneQuestion(domain=fold(domain.name), hosted_zone_id=zone.id, wanted=domain.records)


def _describe_omitted(zone: HostedZone) -> Iterator[str]:
    if zone.omit:
        yield (
            f"not in the zone as WorkMail wants it, and left as it is: {', '.join(zone.omit)};"
            " whoever sets it right there takes it out of omit"
        )


def _describe(domain: str, zone: HostedZone) -> Iterator[str]:
    omit = f", omit: [{', '.join(zone.omit)}]" if zone.omit else ""
    yield (
        f"{domain} has records in hosted zone {zone.hosted_zone_id}, and they stay as they are:"
        " CloudFormation creates no record that is there; a stack takes them over only once they"
        " are deleted in the zone, with"
    )
    yield f"dns: {{hosted_zone_id: {zone.hosted_zone_id}, zone_name: {zone.zone_name}{omit}}}"
