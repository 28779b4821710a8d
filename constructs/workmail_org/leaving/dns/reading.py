"""Reading: in which zone the records of each domain are, from files or from Route 53."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workmail_org.errors import InputError
from workmail_org.leaving.dns.model import DnsZone
from workmail_org.leaving.dns.route53 import build_zone
from workmail_org.leaving.dns.zonefiles import load_zone
from workmail_org.model.domain import MailDomain
from workmail_org.model.values import fold
from workmail_org.service import zones as service
from workmail_org.service.clients import make_route53


@dataclass(slots=True)
class Held:
    """A zone, and which of the domains are in it."""

    zone: DnsZone
    domains: list[str] = field(default_factory=list[str])


def read_zones(
    domains: Iterable[MailDomain],
    files: Sequence[Path],
    open_client: Callable[[], Any] = make_route53,
) -> tuple[Held, ...]:
    """Find and read the zones that hold some domains. Route 53 is asked only for what no file has.

    Raises:
        InputError: A file cannot be read, or a domain is in no zone, or in several.
        ServiceError: AWS refuses.
    """
    held: dict[tuple[str, str], Held] = {}
    problems: list[str] = []
    given = [load_zone(path) for path in files]
    account: _Account | None = None
    for domain in domains:
        name = fold(domain.name)
        holding = [each for each in given if each.holds(name)]
        zone = max(holding, key=lambda each: len(each.name), default=None)
        if zone is None:
            account = account or _Account(open_client())
            zone = account.find(domain, problems)
        if zone is not None:
            held.setdefault((zone.name, zone.id), Held(zone)).domains.append(name)
    if problems:
        raise InputError(problems)
    return tuple(held.values())


@dataclass(slots=True)
class _Account:
    """The hosted zones of the account, each read once.

    Attributes:
        client: Of Route 53.
    """

    client: Any
    listed: tuple[service.PublicZone, ...] | None = None
    read: dict[str, DnsZone] = field(default_factory=dict[str, DnsZone])

    def find(self, domain: MailDomain, problems: list[str]) -> DnsZone | None:
        """Find the zone of a domain: the one that the spec names, or the one that has its MX."""
        name = fold(domain.name)
        if domain.dns:
            return self.get(
                service.PublicZone(id=domain.dns.hosted_zone_id, name=fold(domain.dns.zone_name))
            )
        if self.listed is None:
            self.listed = service.list_zones(self.client)
        candidates = [self.get(each) for each in service.list_candidates(name, self.listed)]
        receiving = [each for each in candidates if (f"{name}.", "MX") in each.records]
        if len(receiving) == 1:
            return receiving[0]
        if receiving:
            ids = ", ".join(each.id for each in receiving)
            problems.append(
                f"{name}: several hosted zones have its MX ({ids}): remove the one that nobody "
                "asks, or name the right one in the spec, with dns"
            )
        else:
            problems.append(
                f"{name}: no hosted zone of this account has its MX: give the zone as a file, with "
                "--zone"
            )
        return None

    def get(self, zone: service.PublicZone) -> DnsZone:
        """Return a zone, read once."""
        if zone.id not in self.read:
            sets = service.read_record_sets(self.client, zone)
            self.read[zone.id] = build_zone(zone.id, zone.name, list(sets))
        return self.read[zone.id]
