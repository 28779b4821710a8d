"""One record set, one writer: what the stacks of a spec write into hosted zones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workmail_org.model.domain import RECORDS
from workmail_org.model.values import fold
from workmail_org.spec.declared import mapping, sequence
from workmail_org.spec.wording import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workmail_org.model.domain import RecordGroup
    from workmail_org.spec.declared import Declared, DeclaredOrganization, Domain
    from workmail_org.spec.problems import Problem


@dataclass(frozen=True, slots=True, eq=False)
class _Writer:
    """A domain that has its records written into a hosted zone."""

    declared: Declared
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
    yield from find_clashes([declared])


def find_clashes(
    specs: Sequence[Declared], *, between: Declared | None = None
) -> Iterator[Problem]:
    """Find what the domains of specs write into one zone under one name, at the later domain.

    Args:
        specs: In the order in which they were named.
        between: Only what this one writes and another one writes too.
    """
    names: dict[tuple[str, str], list[tuple[_Writer, str, RecordGroup]]] = {}
    told: set[tuple[object, ...]] = set()
    for zone, writer in (found for declared in specs for found in _writers(declared)):
        clashing: dict[_Writer, list[tuple[str, str, RecordGroup]]] = {}
        for name, kind, group in writer.records():
            for earlier, other, _ in names.get((zone, name), []):
                is_asked = between is None or (
                    writer.declared is between and earlier.declared is not between
                )
                if is_asked and (other == kind or "CNAME" in (other, kind)):
                    clashing.setdefault(earlier, []).append((name, kind, group))
                    break
            names.setdefault((zone, name), []).append((writer, kind, group))
        for earlier, records in clashing.items():
            pair = (zone, earlier, writer)
            is_twice = (
                earlier.organization is writer.organization
                and earlier.domain.name == writer.domain.name
            )
            if pair not in told and not is_twice:  # a domain that stands twice is told already
                told.add(pair)
                yield _tell(zone, earlier, writer, records)


def _writers(declared: Declared) -> Iterator[tuple[str, _Writer]]:
    found = [
        (zone, _Writer(declared, organization, domain))
        for organization in declared.organizations
        for domain in organization.domains
        if isinstance(zone := mapping(domain.body.get("dns")).get("hosted_zone_id"), str)
    ]
    yield from sorted(found, key=lambda each: declared.position(each[1].domain.path, key=True))


def _tell(
    zone: str, earlier: _Writer, writer: _Writer, records: list[tuple[str, str, RecordGroup]]
) -> Problem:
    whose = f"{show(earlier.domain.path[-1])} of organization {show(earlier.organization.key)}"
    where = earlier.declared.where(earlier.domain.path, key=True)
    sets = ", ".join(sorted(f"{kind} {name}" for name, kind, _ in records))
    groups = ", ".join(sorted(group for *_, group in records))
    hint = f'add "omit: [{groups}]" here'
    if any(group == "ownership" for *_, group in records):
        hint += (
            "; ownership verifies this one too once its value stands in that record set beside"
            " the other, which has to be omitted there as well and kept by hand"
        )
    return writer.declared.at_key(
        writer.domain.path,
        f"{whose} at {where} writes record sets of the same name into hosted zone {zone}: {sets}",
        hint,
    )


def check_zone_names(declared: Declared) -> Iterator[Problem]:
    """A hosted zone has one name."""
    first: dict[str, tuple[str, _Writer]] = {}
    for zone, writer in _writers(declared):
        name = mapping(writer.domain.body.get("dns")).get("zone_name")
        if not isinstance(name, str) or not _holds(name, writer.domain.name):
            continue  # which is told at the name
        other, earlier = first.setdefault(zone, (name, writer))
        if _bare(other) != _bare(name):
            yield declared.at(
                (*writer.domain.path, "dns", "zone_name"),
                f"hosted zone {zone} has another name, {show(other)}, at "
                f"{declared.where((*earlier.domain.path, 'dns', 'zone_name'))}",
                "a hosted zone has one name: correct one of the names or ids",
            )


def _holds(zone_name: str, domain: str) -> bool:
    return f".{domain}".endswith(f".{_bare(zone_name)}")


def _bare(zone_name: str) -> str:
    return fold(zone_name.removesuffix("."))


RULES = (check_record_sets, check_zone_names)
