"""One record set, one writer: what the stacks of a spec write into hosted zones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workmail_org.model.domain import RECORDS
from workmail_org.spec.declared import mapping, sequence
from workmail_org.spec.wording import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workmail_org.model.domain import RecordGroup
    from workmail_org.spec.declared import Declared, DeclaredOrganization, Domain
    from workmail_org.spec.problems import Problem


@dataclass(frozen=True, slots=True, eq=False)
class _Writer:
    """A domain that has its records written into a hosted zone."""

    organization: DeclaredOrganization
    domain: Domain

    def records(self) -> Iterator[tuple[str, str, RecordGroup]]:
        """List name, type and group of the record sets; DKIM's names are unique tokens."""
        dns = mapping(self.domain.body.get("dns"))
        if dns.get("adopt") is True:
            return  # the stack writes nothing
        omitted = sequence(dns.get("omit"))
        for group, (kind, prefix) in RECORDS.items():
            if prefix is not None and group not in omitted:
                yield f"{prefix}{self.domain.name}", kind, group


def check_record_sets(declared: Declared) -> Iterator[Problem]:
    """No two domains write a record set of one name and type into one zone.

    The second `AWS::Route53::RecordSet` fails: "it already exists". A CNAME shares its name with
    no other record set (RFC 1034, section 3.6.2).
    """
    names: dict[tuple[str, str], list[tuple[_Writer, str, RecordGroup]]] = {}
    told: set[tuple[str, ...]] = set()
    for zone, writer in _writers(declared):
        clashing: dict[_Writer, list[tuple[str, str, RecordGroup]]] = {}
        for name, kind, group in writer.records():
            for earlier, other, _ in names.get((zone, name), []):
                if other == kind or "CNAME" in (other, kind):
                    clashing.setdefault(earlier, []).append((name, kind, group))
                    break
            names.setdefault((zone, name), []).append((writer, kind, group))
        for earlier, records in clashing.items():
            pair = (zone, *(str(each.domain.path) for each in (earlier, writer)))
            is_twice = (
                earlier.organization is writer.organization
                and earlier.domain.name == writer.domain.name
            )
            if pair not in told and not is_twice:  # a domain that stands twice is told already
                told.add(pair)
                yield _tell(declared, zone, earlier, writer, records)


def _writers(declared: Declared) -> Iterator[tuple[str, _Writer]]:
    found = [
        (zone, _Writer(organization, domain))
        for organization in declared.organizations
        for domain in organization.domains
        if isinstance(zone := mapping(domain.body.get("dns")).get("hosted_zone_id"), str)
    ]
    yield from sorted(found, key=lambda each: declared.position(each[1].domain.path, key=True))


def _tell(
    declared: Declared,
    zone: str,
    earlier: _Writer,
    writer: _Writer,
    records: list[tuple[str, str, RecordGroup]],
) -> Problem:
    whose = f"{show(earlier.domain.path[-1])} of organization {show(earlier.organization.key)}"
    where = declared.where(earlier.domain.path, key=True)
    sets = ", ".join(sorted(f"{kind} {name}" for name, kind, _ in records))
    groups = ", ".join(sorted(group for *_, group in records))
    hint = f'add "omit: [{groups}]" here'
    if any(group == "ownership" for *_, group in records):
        hint += (
            "; ownership verifies this one too once its value stands in that record set beside"
            " the other, which has to be omitted there as well and kept by hand"
        )
    return declared.at_key(
        writer.domain.path,
        f"{whose} at {where} writes record sets of the same name into hosted zone {zone}: {sets}",
        hint,
    )


RULES = (check_record_sets,)
