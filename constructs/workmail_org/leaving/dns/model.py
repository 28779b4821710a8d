"""Record sets and zones, as every provider has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

_LONGEST_STRING = 255
"""Bytes of one string of a TXT record (RFC 1035, 3.3)."""

SHORT_TTL = 300
"""Seconds while the move goes on. Microsoft asks for an hour before (ODE: "MX TTL to 3600"); five
minutes keep a rollback short."""

USUAL_TTL = 3600
"""Seconds of a record that was not there before (WorkMail Admin Guide, "add_domain")."""


@dataclass(frozen=True, slots=True)
class Txt:
    """A value of a TXT record: strings that whoever asks joins.

    Attributes:
        strings: Each byte is one character, U+0000 to U+00FF.
    """

    strings: tuple[str, ...]

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.strings)


Value = str | Txt
"""As zone files write it, with absolute names; of TXT records without quotes."""


def make_txt(text: str) -> Txt:
    """Split a text into strings that are short enough."""
    starts = range(0, max(1, len(text)), _LONGEST_STRING)
    return Txt(tuple(text[start : start + _LONGEST_STRING] for start in starts))


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsRecordSet:
    """All values of one type at one name.

    Attributes:
        name: Folded, absolute, with the trailing dot.
        ttl: Seconds.
        values: In the order of the provider.
        is_special: Route 53's own kind, such as an alias or a weighted set: no zone
            file can hold it, and nothing here changes it.
        written: The values as the provider has them, where it writes them otherwise, such as
            host names without the trailing dot: a deletion has to repeat them exactly.
    """

    name: str
    type: str
    ttl: int
    values: tuple[Value, ...]
    is_special: bool = False
    written: tuple[str, ...] = field(default=(), compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """Name and type, by which there is one set in a zone."""
        return self.name, self.type

    def shorten(self, ttl: int) -> DnsRecordSet:
        """Return the set with a TTL that is not longer."""
        if self.ttl <= ttl:
            return self
        return replace(self, ttl=ttl, written=())


Key = tuple[str, str]
"""Name and type of a record set."""

Records = Mapping[Key, DnsRecordSet]
"""What a zone has, by name and type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsZone:
    """A zone as it was read.

    Attributes:
        name: Folded, without the trailing dot.
        id: Of a hosted zone of Route 53; empty: it came from a file.
    """

    name: str
    records: Records
    id: str = ""

    @property
    def origin(self) -> str:
        """The name with its trailing dot."""
        return f"{self.name}."

    def holds(self, domain: str) -> bool:
        """Return whether the records of a domain can be in this zone."""
        return f".{domain}".endswith(f".{self.name}")


def index(sets: Iterable[DnsRecordSet]) -> dict[tuple[str, str], DnsRecordSet]:
    """Put record sets under their keys."""
    return {each.key: each for each in sets}


def find_cut(records: Records, origin: str, name: str) -> DnsRecordSet | None:
    """Find the name servers below the top of a zone that answer for a name, in place of the zone.

    A zone is asked for nothing at and below such records but for them (RFC 1034, 4.2.1).
    """
    for found in records.values():
        below = f".{name}".endswith(f".{found.name}")
        if found.type == "NS" and found.name != origin and below:
            return found
    return None


def list_touched(domain: str) -> tuple[tuple[str, str], ...]:
    """List the record sets of a domain that every move changes."""
    apex = f"{domain}."
    return (
        (apex, "MX"),
        (apex, "TXT"),
        (f"autodiscover.{apex}", "CNAME"),
        (f"_dmarc.{apex}", "TXT"),
    )
