"""Former: what a domain's records were before step 1, for a run that begins in the middle.

Steps 1 and 2 overwrite what step 4 puts back (TTLs, the DMARC policy), and step 3 what a rollback
needs (the MX). A zone that is read after them does not have it any more. So each run writes what it
knows into the folder `before`, as a zone file, and a later run is given that. Where nobody gives it
and something would be lost, the run is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workmail_org.errors import InputError
from workmail_org.leaving.dns.model import (
    SHORT_TTL,
    USUAL_TTL,
    DnsRecordSet,
    Records,
    Txt,
    Value,
    list_touched,
    make_txt,
)
from workmail_org.leaving.dns.spf import is_spf, normalize_term, parse_spf
from workmail_org.leaving.dns.wanted import Wanted
from workmail_org.leaving.dns.zonefiles import load_zone

FOLDER = "before"
"""In the output of each run."""

_SES_KEY = ".dkim.amazonses.com."
_POLICY = re.compile(r"(?<=;)(\s*)p\s*=\s*\w+", re.IGNORECASE)
_SUBDOMAINS = re.compile(r"(?<=;)(\s*)sp\s*=\s*\w+", re.IGNORECASE)
"""The policy of subdomains without one of their own (RFC 7489, section 6.3), which may move too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """What is known of a domain before step 1.

    Attributes:
        records: Of the domain, by name and type.
        usual_ttl: Of a short record that `records` does not have.
        can_roll_back: Whether they have the MX that led to WorkMail.
        has_given_dmarc: Whether a person wrote the DMARC policy for step 4.
        notes: What is not known, and what step 4 does about it.
    """

    records: Records
    usual_ttl: int = USUAL_TTL
    can_roll_back: bool = True
    has_given_dmarc: bool = False
    notes: tuple[str, ...] = ()


def load_former(paths: Iterable[Path]) -> Records:
    """Read what earlier runs wrote, or zone files of before the move.

    Raises:
        InputError: There is nothing to read, or two say different things.
    """
    sets: dict[tuple[str, str], DnsRecordSet] = {}
    sources: dict[tuple[str, str], Path] = {}
    problems: list[str] = []
    for path in paths:
        files = sorted((path / FOLDER).glob("*.zone")) if path.is_dir() else [path]
        if not files:
            raise InputError(
                [
                    f"{path} has no folder {FOLDER} with zone files: name the folder that the "
                    "first run wrote, or a zone file of before the move"
                ]
            )
        for file in files:
            for key, found in load_zone(file).records.items():
                known = sets.setdefault(key, found)
                source = sources.setdefault(key, path)
                if known != found and source != path:
                    problems.append(
                        f"--before: {source} and {path} have different records of type {key[1]} "
                        f"for {key[0].removesuffix('.')}: name the folder of the first run alone"
                    )
    if problems:
        raise InputError(problems)
    return sets


def find_former(
    wanted: Wanted, present: Records, given: Records | None, inbound: str, problems: list[str]
) -> Former:
    """Find what a domain's records were before step 1, or report what would be lost.

    Args:
        wanted: By the destination.
        present: What the zone has now.
        given: By a person, of an earlier run; `None`: nothing.
        inbound: Host to which the MX of WorkMail leads.
        problems: Are added to.
    """
    now = _choose(wanted.domain, present)
    # An earlier run may have been about other domains.
    if known_before := _choose(wanted.domain, given or {}):
        return _check_given(wanted.domain, known_before, inbound, problems)
    moved = has_moved(wanted, present)
    if not moved and not _is_prepared(wanted, present):
        return Former(records=now, notes=tuple(_list_short(wanted.domain, now)))
    dmarc = _key(wanted, "_dmarc.")
    relaxed = dmarc in now and any(map(_is_relaxed, now[dmarc].values))
    if relaxed and wanted.former_dmarc is None:
        problems.append(
            f"{wanted.domain}: step 2 seems to be done, and its DMARC policy of before is not "
            "known, so that it would stay p=none: give the folder of the first run with --before, "
            "or write in the records file what step 4 has to write, such as "
            'former_dmarc: "v=DMARC1; p=quarantine"'
        )
    usual = wanted.former_ttl or USUAL_TTL
    known = {
        key: replace(found, ttl=usual, written=()) if found.ttl <= SHORT_TTL else found
        for key, found in now.items()
        if not moved or key[1] not in ("MX", "CNAME")
    }
    has_given_dmarc = relaxed and wanted.former_dmarc is not None
    if has_given_dmarc:
        known[dmarc] = replace(known[dmarc], values=(make_txt(wanted.former_dmarc or ""),))
    return Former(
        records=known,
        usual_ttl=usual,
        can_roll_back=not moved,
        has_given_dmarc=has_given_dmarc,
        notes=tuple(_list_unknown(wanted, now, moved=moved, inbound=inbound)),
    )


def _check_given(domain: str, records: Records, inbound: str, problems: list[str]) -> Former:
    mx = records.get((f"{domain}.", "MX"))
    hosts = [str(each).lower().partition(" ")[2] for each in mx.values] if mx else []
    if hosts != [inbound]:
        shown = ", ".join(map(str, mx.values)) if mx else "none"
        problems.append(
            f"{domain}: what --before names is not the zone before the move: expected an MX to "
            f"{inbound}, found {shown}"
        )
    notes = tuple(_list_short(domain, _choose(domain, records), what="of what --before names"))
    return Former(records=records, notes=notes)


def _list_short(domain: str, now: Records, *, what: str = "of today") -> Iterator[str]:
    """Report TTLs that step 1 may have made."""
    short = sorted(
        f"{key[1]} {key[0]} ({found.ttl})"
        for key, found in now.items()
        if key in list_touched(domain) and found.ttl <= SHORT_TTL
    )
    if short:
        yield (
            f"{domain}: short TTLs {what} stay after step 4: {', '.join(short)} seconds. If "
            "step 1 of an earlier run made them, give the folder of that run with --before"
        )


def _list_unknown(wanted: Wanted, now: Records, *, moved: bool, inbound: str) -> Iterator[str]:
    begun = "has moved already: its MX leads to the destination" if moved else "is prepared already"
    short = any(now[key].ttl <= SHORT_TTL for key in list_touched(wanted.domain) if key in now)
    if short and wanted.former_ttl is None:
        yield (
            f"{wanted.domain} {begun}, and --before does not say what its TTLs were: step 4 makes "
            f"short ones {USUAL_TTL} seconds"
        )
    if moved:
        yield (
            f"{wanted.domain} has moved already, and --before does not say where its MX led: no "
            f"rollback can be written for it; WorkMail's MX is 10 {inbound}"
        )


def has_moved(wanted: Wanted, records: Records) -> bool:
    """Return whether mail reaches the destination, so that step 4 alone is left."""
    mx = records.get(_key(wanted, "", "MX"))
    return mx is not None and sorted(str(each).lower() for each in mx.values) == sorted(wanted.mx)


def _is_prepared(wanted: Wanted, records: Records) -> bool:
    """Return whether the zone has what only step 2 writes: DKIM keys, or the SPF of both."""
    keys = [records.get((name, kind)) for name, (kind, _) in wanted.dkim.items()]
    return all(keys) or _allows_destination(wanted, records)


def _allows_destination(wanted: Wanted, records: Records) -> bool:
    apex = records.get(_key(wanted, ""))
    for each in apex.values if apex else ():
        if isinstance(each, Txt) and is_spf(each.text):
            try:
                terms = {normalize_term(term) for term in parse_spf(each.text).terms}
            except ValueError:
                return False  # reported where it is merged
            return {normalize_term(term) for term in wanted.spf.terms} <= terms
    return False


def _key(wanted: Wanted, label: str, kind: str = "TXT") -> tuple[str, str]:
    return f"{label}{wanted.domain}.", kind


def _choose(domain: str, records: Records) -> dict[tuple[str, str], DnsRecordSet]:
    """Choose the records of a domain that the steps change."""
    keys = {*list_touched(domain), *(key for key in records if is_ses_record(domain, records[key]))}
    return {key: records[key] for key in keys if key in records and not records[key].is_special}


def is_ses_record(domain: str, found: DnsRecordSet) -> bool:
    """Return whether a record is one by which SES knows a domain."""
    return found.key == (f"_amazonses.{domain}.", "TXT") or (
        found.type == "CNAME"
        and found.name.endswith(f"._domainkey.{domain}.")
        and found.name.count(".") == domain.count(".") + 3
        and all(str(each).lower().endswith(_SES_KEY) for each in found.values)
    )


def list_ses_keys(domain: str, records: Records) -> list[tuple[str, str]]:
    """List the DKIM records of SES of a domain."""
    return sorted(
        key for key, found in records.items() if key[1] == "CNAME" and is_ses_record(domain, found)
    )


def relax(value: Value) -> Value:
    """Let a DMARC policy report alone while two services send."""
    if not isinstance(value, Txt) or not _is_dmarc(value):
        return value
    relaxed = _POLICY.sub(r"\1p=none", value.text, count=1)
    relaxed = _SUBDOMAINS.sub(r"\1sp=none", relaxed, count=1)
    return value if relaxed == value.text else make_txt(relaxed)


def _is_dmarc(value: Txt) -> bool:
    return value.text.lower().replace(" ", "").startswith("v=dmarc1;")


def _is_relaxed(value: Value) -> bool:
    found = _POLICY.search(value.text) if isinstance(value, Txt) and _is_dmarc(value) else None
    return found is not None and found[0].lower().replace(" ", "") == "p=none"


def describe_values(values: Sequence[Value]) -> str:
    """Show the values of a record for people."""
    return ", ".join(each.text if isinstance(each, Txt) else each for each in values)
