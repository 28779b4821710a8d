"""Reading: in which zone the records of each domain are, from files or from Route 53."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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
    """A zone, and which of the domains are in it.

    Attributes:
        notes: What a person should look at beside it.
    """

    zone: DnsZone
    domains: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])


def read_zones(
    domains: Iterable[MailDomain],
    files: Sequence[Path],
    wanted: Sequence[str] = (),
    *,
    open_client: Callable[[], Any] | None = None,
) -> tuple[Held, ...]:
    """Find and read the zones that hold some domains. Route 53 is asked only for what no file has.

    Args:
        domains: That move.
        files: Zone files.
        wanted: Ids of hosted zones that a person named: which of several is meant.
        open_client: Of Route 53.

    Raises:
        InputError: A file cannot be read, or a domain is in no zone, or in several.
        ServiceError: AWS refuses.
    """
    held: dict[tuple[str, str], Held] = {}
    problems: list[str] = []
    moving = [*domains]
    given = [load_zone(path) for path in files]
    names = [each.name for each in given]
    problems += [
        f"--zone: two files are of the zone {name}: name the one that is right"
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    problems += [
        f"{path} is of the zone {zone.name}, which holds none of the domains that move: call it "
        "DOMAIN.zone, or begin it with $ORIGIN DOMAIN."
        for path, zone in zip(files, given, strict=True)
        if not any(zone.holds(fold(each.name)) for each in moving)
    ]
    if problems:  # what is meant to be in a file is not in Route 53
        raise InputError(problems)
    account: _Account | None = None
    used: set[str] = set()
    for domain in moving:
        name = fold(domain.name)
        holding = [each for each in given if each.holds(name)]
        zone = max(holding, key=lambda each: len(each.name), default=None)
        if zone is None:
            account = account or _Account((open_client or make_route53)(), frozenset(wanted))
            zone = account.find(domain, problems)
        if zone is not None:
            found = held.setdefault((zone.name, zone.id), Held(zone))
            found.domains.append(name)
            if account and zone.id and not found.notes:
                found.notes += account.describe_private(zone)
            used.add(zone.id)
    unused = [each for each in wanted if each not in used]
    if unused and not problems:
        problems.append(
            f"--hosted-zone: {', '.join(unused)} holds none of the domains that move, or a file or "
            "the spec says already in which zone they are"
        )
    if problems:
        raise InputError(problems)
    return tuple(held.values())


@dataclass(slots=True)
class _Account:
    """The hosted zones of the account, each read once.

    Attributes:
        client: Of Route 53.
        wanted: Ids of hosted zones that a person named.
    """

    client: Any
    wanted: frozenset[str]
    listed: tuple[service.PublicZone, ...] | None = None
    read: dict[str, DnsZone] = field(default_factory=dict[str, DnsZone])

    def find(self, domain: MailDomain, problems: list[str]) -> DnsZone | None:
        """Find the zone of a domain: the one that is named, or the only one that has its MX.

        Which of two zones with one name the world asks is the business of its registrar, and
        nothing in Route 53 shows it: neither is taken because it has an MX and the other has none.
        """
        name = fold(domain.name)
        if domain.dns:
            return self.get(
                service.PublicZone(id=domain.dns.hosted_zone_id, name=fold(domain.dns.zone_name))
            )
        every = service.list_candidates(name, self.list())
        public = [each for each in every if not each.is_private]
        chosen = [each for each in public if each.id in self.wanted] or public
        receiving = [each for each in map(self.get, chosen) if (f"{name}.", "MX") in each.records]
        if len(chosen) > 1:
            ids = ", ".join(
                f"{each.id} ({'with' if self.get(each) in receiving else 'without'} its MX)"
                for each in chosen
            )
            problems.append(
                f"{name}: several hosted zones are called {chosen[0].name}: {ids}. See to which "
                f"name servers it is delegated (dig NS {chosen[0].name}), and name the zone that "
                "has them with --hosted-zone ID"
            )
        elif receiving:
            return receiving[0]
        elif every and not public:
            problems.append(
                f"{name}: the hosted zone {every[0].id} is private, so nobody outside asks it: "
                "give the public zone as a file, with --zone"
            )
        else:
            problems.append(
                f"{name}: no hosted zone of this account has its MX: give the zone as a file, with "
                "--zone"
            )
        return None

    def list(self) -> tuple[service.PublicZone, ...]:
        """List the hosted zones, once."""
        if self.listed is None:
            self.listed = service.list_all_zones(self.client)
        return self.listed

    def describe_private(self, zone: DnsZone) -> Iterator[str]:
        """Report private zones of the same name, which only some networks ask."""
        for each in self.list():
            if each.is_private and each.name == zone.name:
                yield (
                    f"the private hosted zone {each.id} is called {each.name} too: it is left "
                    "alone, and the networks that ask it see what is in it; if it has records of "
                    "mail, change them in the same way"
                )

    def get(self, zone: service.PublicZone) -> DnsZone:
        """Return a zone, read once."""
        if zone.id not in self.read:
            sets = service.read_record_sets(self.client, zone)
            self.read[zone.id] = build_zone(zone.id, zone.name, list(sets))
        return self.read[zone.id]
