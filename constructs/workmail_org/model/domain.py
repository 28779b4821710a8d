"""MailDomain: a domain that mail is received for, and the DNS records that make it work."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

_TTL_SECONDS = 3600
"""What the guide recommends for MX and autodiscover records (facts.md §6)."""


INBOUND_HOST = "inbound-smtp.{region}.amazonaws.com."
"""Where WorkMail's MX record leads to (WorkMail API 2017-10-01, GetMailDomain; facts.md §6)."""

_INBOUND = re.compile(r"inbound-smtp\.[a-z0-9-]+\.amazonaws\.com\.?", re.IGNORECASE)


def serves_workmail(host: str) -> bool:
    """Return whether records of WorkMail lead to a folded host name, in whatever region.

    SES has the same hosts for mail that it receives itself.
    """
    return is_inbound_host(host) or f".{host.removesuffix('.')}".endswith(".awsapps.com")


def is_inbound_host(host: str) -> bool:
    """Return whether a host takes mail for WorkMail, in whatever region."""
    return _INBOUND.fullmatch(host) is not None


class RecordGroup(StrEnum):
    """DNS records that a spec may leave to somebody else (`dns.omit`).

    Without the ownership token the domain never verifies, and without the three
    DKIM records its mail is not signed: whoever omits them has them in the zone.
    """

    MX = "mx"
    SPF = "spf"
    DMARC = "dmarc"
    AUTODISCOVER = "autodiscover"
    OWNERSHIP = "ownership"
    DKIM = "dkim"


RECORDS: Mapping[RecordGroup, tuple[str, str | None]] = {
    RecordGroup.MX: ("MX", ""),
    RecordGroup.SPF: ("TXT", ""),
    RecordGroup.DMARC: ("TXT", "_dmarc."),
    RecordGroup.AUTODISCOVER: ("CNAME", "autodiscover."),
    RecordGroup.OWNERSHIP: ("TXT", "_amazonses."),
    RecordGroup.DKIM: ("CNAME", None),
}
"""Type, and what stands before the domain in the name (facts.md §6); WorkMail makes up DKIM's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedZone:
    """The Route 53 zone that the stack writes a domain's records into.

    Attributes:
        zone_name: The domain or a parent of it.
        omit: Records that are not written; sorted.
        adopt: Whether those that are not omitted are there already, equal to what
            WorkMail wants; then the stack writes none.
    """

    hosted_zone_id: str
    zone_name: str
    omit: tuple[RecordGroup, ...] = ()
    adopt: bool = False

    @property
    def written(self) -> frozenset[RecordGroup]:
        """What the stack writes and keeps."""
        return frozenset() if self.adopt else frozenset(RecordGroup) - frozenset(self.omit)

    @property
    def adopted(self) -> frozenset[RecordGroup]:
        """What is there already and stays as it is."""
        return frozenset(RecordGroup) - frozenset(self.omit) if self.adopt else frozenset()

    @property
    def verifies(self) -> bool:
        """Whether the stack writes what proves the domain's ownership."""
        return RecordGroup.OWNERSHIP in self.written


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDomain:
    """A mail domain, lower case.

    Attributes:
        dns: `None`: manual; deploy gives its records out.
        verified: The author says that manual records are in place.
    """

    name: str
    default: bool = False
    dns: HostedZone | None = None
    verified: bool = False

    @property
    def usable(self) -> bool:
        """Whether entities can count on it: its records are the stack's, or in place."""
        return self.dns is not None or self.verified


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsRecord:
    """One of the eight records of a domain.

    Attributes:
        type: MX, TXT or CNAME.
        name: Fully qualified, with its trailing dot.
        value: As WorkMail gives it: names with a trailing dot, TXT unquoted.
    """

    type: str
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSet:
    """Everything that a zone has under one name and type.

    Attributes:
        name: Folded, with its trailing dot.
        values: TXT unquoted; none of an alias to a resource of AWS.
        identifier: Its own among record sets of one name and type, where a policy of
            routing chooses between them; empty: it is the only one.
    """

    type: str
    name: str
    values: tuple[str, ...] = ()
    identifier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveZone:
    """A hosted zone as it is.

    Attributes:
        name: Folded, without the trailing dot.
    """

    id: str
    name: str
    is_private: bool = False
    record_sets: tuple[RecordSet, ...] = ()


def quote_value(record: DnsRecord) -> str:
    """Write a record's value as Route 53 and zone files want it: TXT in quotes."""
    return f'"{record.value}"' if record.type == "TXT" else record.value


def render_zone_file(records: Iterable[DnsRecord]) -> str:
    """Write records as lines of a zone file (RFC 1035)."""
    return "\n".join(
        f"{record.name} {_TTL_SECONDS} IN {record.type} {quote_value(record)}" for record in records
    )
