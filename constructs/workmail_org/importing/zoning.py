"""Zoning: in which hosted zone the records of a domain are, and which of them. Pure.

A stack that is given the zone of a domain creates the records in it, and CloudFormation refuses to
create a record that is there. So an imported domain is `dns: manual`, whoever keeps its records: a
deployment leaves them alone. Where they are in a zone of the account, a comment says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from workmail_org.importing.fitting import Fitted
from workmail_org.model.domain import DnsRecord, HostedZone, RecordGroup
from workmail_org.model.live import LiveDomain, Snapshot
from workmail_org.model.values import fold
from workmail_org.service.zones import PublicZone
from workmail_org.spec.problems import Path

_GROUPS: Mapping[tuple[str, str], RecordGroup] = {
    ("MX", ""): RecordGroup.MX,
    ("TXT", ""): RecordGroup.SPF,
    ("TXT", "_dmarc."): RecordGroup.DMARC,
    ("CNAME", "autodiscover."): RecordGroup.AUTODISCOVER,
}
"""Groups by type and what stands before the domain (facts.md §6)."""


def find_zone(
    domain: LiveDomain, records: Mapping[PublicZone, Collection[DnsRecord]]
) -> HostedZone | None:
    """Find the zone that has a domain's records; `None`: none has one of them.

    Args:
        domain: With the records that WorkMail wants.
        records: What is in each zone that could hold them.
    """
    wanted = {_normalize(each): each for each in domain.records}
    counts = {
        zone: sum(_normalize(each) in wanted for each in found) for zone, found in records.items()
    }
    best = max(counts, key=lambda zone: counts[zone], default=None)
    if best is None or not counts[best]:
        return None
    there = {_normalize(each) for each in records[best]}
    omitted = {
        group
        for record in domain.records
        if (group := _find_group(record, domain.name)) and _normalize(record) not in there
    }
    return HostedZone(hosted_zone_id=best.id, zone_name=best.name, omit=tuple(sorted(omitted)))


def add_zones(fitted: Fitted, zones: Mapping[str, HostedZone]) -> Fitted:
    """Say in comments where the records of domains are.

    Args:
        fitted: The organization.
        zones: By name of the domain.
    """
    comments = {path: list(lines) for path, lines in fitted.comments.items()}
    for domain in fitted.organization.domains:
        zone = zones.get(domain.name)
        if zone is not None and domain.dns is None:
            path: Path = ("domains", domain.name)
            comments.setdefault(path, []).extend(_describe(domain.name, zone))
    return replace(fitted, comments={path: tuple(lines) for path, lines in comments.items()})


def list_domains(snapshot: Snapshot) -> tuple[LiveDomain, ...]:
    """List the domains that somebody registered."""
    return tuple(each for each in snapshot.domains.values() if not each.is_test_domain)


def _describe(domain: str, zone: HostedZone) -> Iterator[str]:
    omit = f", omit: [{', '.join(zone.omit)}]" if zone.omit else ""
    yield (
        f"{domain} has its records in hosted zone {zone.hosted_zone_id}, and they stay as they are:"
        " CloudFormation creates no record that is there; a stack takes them over only once they"
        " are deleted in the zone, with"
    )
    yield f"dns: {{hosted_zone_id: {zone.hosted_zone_id}, zone_name: {zone.zone_name}{omit}}}"


def _normalize(record: DnsRecord) -> tuple[str, str, str]:
    return record.type, fold(record.name), fold(record.value)


def _find_group(record: DnsRecord, domain: str) -> RecordGroup | None:
    prefix = fold(record.name).removesuffix(f"{fold(domain)}.")
    return _GROUPS.get((record.type, prefix))
