"""Zone files: whole zones for BIND, octoDNS and DNSControl, and BIND's read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from workmail_org.errors import InputError
from workmail_org.leaving.dns.model import DnsRecordSet, DnsZone, Records, Txt, Value, index
from workmail_org.model.values import fold

_WRITABLE = ("A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SRV", "TXT")
"""Types that octoDNS and DNSControl are told; others have to be added by hand."""


def load_zone(path: Path) -> DnsZone:
    """Read a zone file of BIND; its origin is `$ORIGIN`, or the name of the file.

    Raises:
        InputError: It cannot be read.
    """
    # Here alone: no other command needs it.
    from dns.exception import DNSException
    from dns.zone import from_text

    try:
        text = path.read_text(encoding="utf-8")
        found = re.search(r"^\s*\$ORIGIN\s+(\S+\.)\s*(;|$)", text, re.MULTILINE)
        origin = found[1] if found else f"{path.name.removesuffix('.zone')}."
        parsed: Any = from_text(text, origin=origin, relativize=False, check_origin=False)
    except (OSError, UnicodeDecodeError, DNSException) as error:
        raise InputError([f"{path} cannot be read as a zone file: {error}"]) from error
    sets = (
        DnsRecordSet(
            name=fold(name.to_text()),
            type=str(rdataset.rdtype.name),
            ttl=int(rdataset.ttl),
            values=tuple(_parse_rdata(each) for each in rdataset),
        )
        for name, rdataset in parsed.iterate_rdatasets()
    )
    return DnsZone(name=fold(origin.rstrip(".")), records=index(sets))


def _parse_rdata(rdata: Any) -> Value:
    if hasattr(rdata, "strings"):
        return Txt(tuple(each.decode("latin-1") for each in rdata.strings))
    return str(rdata.to_text())


def find_unwritable(zone: DnsZone, form: str) -> list[str]:
    """List the record sets that a format cannot hold, in words."""
    return [
        f"{found.type} {found.name}"
        for found in zone.records.values()
        if found.is_special
        or (form in ("octodns", "dnscontrol") and found.type not in (*_WRITABLE, "SOA"))
        # Its validator chunked-value-rfc refuses other characters (octodns 1.22.0).
        or (form == "octodns" and not all(map(_is_ascii, found.values)))
    ]


def _is_ascii(value: Value) -> bool:
    return (value.text if isinstance(value, Txt) else value).isascii()


def write_bind(
    zone: DnsZone, records: Records, number: int = 0, replaced: int | None = None
) -> str:
    """Write a zone as BIND reads it.

    Args:
        zone: As it was read.
        records: What it has to have.
        number: Of the state, which has a serial number of its own.
        replaced: Of the state that it comes after; `None`: of none.
    """
    lines = [f"$ORIGIN {zone.origin}"]
    soa = zone.records.get((zone.origin, "SOA"))
    if soa and replaced is not None:
        serial = _raise_serial(str(soa.values[0]), replaced).split()[2]
        lines.insert(
            0,
            f"; For the zone with serial {serial} alone: where it has another, write the files "
            "again.",
        )
    for found in _sort(zone, records):
        for value in found.values:
            shown = _write_bind_value(value)
            if found.type == "SOA":
                shown = _raise_serial(shown, number)
            lines.append(f"{_relate(zone, found.name) or '@'} {found.ttl} IN {found.type} {shown}")
    return "\n".join(lines) + "\n"


def _sort(zone: DnsZone, records: Records) -> list[DnsRecordSet]:
    """Sort by name, the top first with its SOA."""
    return sorted(
        records.values(),
        key=lambda each: (each.name != zone.origin, each.type != "SOA", each.name, each.type),
    )


def _relate(zone: DnsZone, name: str) -> str:
    """Write a name relative to its zone; empty: the top."""
    return "" if name == zone.origin else name.removesuffix(f".{zone.origin}")


def _write_bind_value(value: Value) -> str:
    if not isinstance(value, Txt):
        return value
    return " ".join(f'"{"".join(map(_escape_bind, each))}"' for each in value.strings)


def _escape_bind(character: str) -> str:
    """Escape a character as RFC 1035, 5.1 has it: by three decimal digits."""
    if character in '"\\':
        return f"\\{character}"
    return character if " " <= character <= "~" else f"\\{ord(character):03d}"


def _raise_serial(soa: str, number: int) -> str:
    words = soa.split()
    words[2] = str((int(words[2]) + number) % 2**32)
    return " ".join(words)


def write_octodns(zone: DnsZone, records: Records, *_: int) -> str:
    """Write a zone as octoDNS's YamlProvider reads it, in its natural order."""
    names: dict[str, list[dict[str, Any]]] = {}
    for found in _sort(zone, records):
        if found.type != "SOA" and not (found.type == "NS" and found.name == zone.origin):
            entry = _write_octodns_set(found)
            names.setdefault(_relate(zone, found.name), []).append(entry)
    document = {
        name: names[name][0] if len(names[name]) == 1 else names[name]
        for name in sorted(names, key=_natural)
    }
    return "---\n" + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10_000)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Sort numbers in names by their value, as octoDNS's `enforce_order` wants it."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(each), "") if each.isdigit() else (1, 0, each) for each in parts if each]


def _write_octodns_set(found: DnsRecordSet) -> dict[str, Any]:
    write: Mapping[str, Callable[[Value], Any]] = {
        "MX": lambda value: dict(
            zip(("exchange", "preference"), _turn(_split(value, 2)), strict=True)
        ),
        "SRV": _write_octodns_srv,
        "CAA": _write_octodns_caa,
        # Since `;` begins a comment in zone files, octoDNS wants it escaped (escaped_semicolons).
        "TXT": lambda value: (
            str(value.text if isinstance(value, Txt) else value)
            .replace("\\", "\\\\")
            .replace(";", "\\;")
        ),
    }
    values = [write.get(found.type, str)(each) for each in found.values]
    entry: dict[str, Any] = {"ttl": found.ttl, "type": found.type}
    return (
        {**entry, "value": values[0]}
        if len(values) == 1
        else {**entry, "values": sorted(values, key=str)}
    )


def _split(value: Value, parts: int) -> list[str]:
    return str(value).split(None, parts - 1)


def _turn(parts: Sequence[str]) -> tuple[str, int]:
    return parts[1], int(parts[0])


def _write_octodns_srv(value: Value) -> dict[str, Any]:
    priority, weight, port, target = _split(value, 4)
    return {
        "port": int(port),
        "priority": int(priority),
        "target": target,
        "weight": int(weight),
    }


def _write_octodns_caa(value: Value) -> dict[str, Any]:
    flags, tag, text = _split(value, 3)
    return {"flags": int(flags), "tag": tag, "value": text.strip('"')}


def write_dnscontrol(zone: DnsZone, records: Records, *_: int) -> str:
    """Write a zone as a list for DNSControl's `D()`."""
    variable = re.sub("[^A-Z0-9]+", "_", zone.name.upper()).strip("_")
    lines = [
        f"// In dnsconfig.js: D({json.dumps(zone.name)}, REGISTRAR, DnsProvider(PROVIDER), "
        f"ZONE_{variable});",
        f"var ZONE_{variable} = [",
    ]
    for found in _sort(zone, records):
        if found.type != "SOA" and not (found.type == "NS" and found.name == zone.origin):
            name = json.dumps(_relate(zone, found.name) or "@")
            for value in found.values:
                arguments = ", ".join((name, *_write_arguments(found.type, value)))
                lines.append(f"  {found.type}({arguments}, TTL({found.ttl})),")
    return "\n".join([*lines, "];", ""])


def _write_arguments(kind: str, value: Value) -> Iterator[str]:
    """Write the arguments of a record's function: numbers bare, everything else as a text."""
    if isinstance(value, Txt):
        yield json.dumps(value.text)
        return
    parts = {"MX": 2, "SRV": 4, "CAA": 3}.get(kind, 1)
    words = _split(value, parts)
    if kind == "CAA":
        critical = [] if words[0] == "0" else ["CAA_CRITICAL"]
        yield from (json.dumps(words[1]), json.dumps(words[2].strip('"')), *critical)
        return
    yield from (word if word.isdigit() and parts > 1 else json.dumps(word) for word in words)
