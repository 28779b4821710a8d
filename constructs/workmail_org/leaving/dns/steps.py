"""Steps: what a zone has after each step of a move. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from workmail_org.leaving.dns.model import DnsRecordSet, DnsZone, Records, Txt, Value, make_txt
from workmail_org.leaving.dns.spf import WORKMAIL, Spf, is_spf, leave_out, merge_spf, parse_spf
from workmail_org.leaving.dns.wanted import Wanted

SHORT_TTL = 300
"""Seconds while the move goes on. Microsoft asks for an hour before (ODE: "MX TTL to 3600"); five
minutes keep a rollback short."""

USUAL_TTL = 3600
"""Seconds of a record that was not there before (WorkMail Admin Guide, "add_domain")."""

_INBOUND = "inbound-smtp.{region}.amazonaws.com."
_SES_KEY = ".dkim.amazonses.com."
_WORKMAIL_HOSTS = ".awsapps.com."
"""What WorkMail wants in a zone (WorkMail API 2017-10-01, GetMailDomain; facts.md §6)."""

_POLICY = re.compile(r"\bp\s*=\s*\w+", re.IGNORECASE)


class StepName(StrEnum):
    """The steps, as their folders are called."""

    LOWER = "1-lower-ttls"
    PREPARE = "2-prepare"
    CUT_OVER = "3-cut-over"
    ROLL_BACK = "3-rollback"
    CLEAN_UP = "4-clean-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """A zone before and after each step.

    Attributes:
        longest_ttl: Seconds that old values live on after step 1.
        notes: What is left alone, and why.
    """

    zone: DnsZone
    domains: tuple[str, ...]
    before: Records
    lowered: Records
    prepared: Records
    cut_over: Records
    cleaned_up: Records
    longest_ttl: int
    notes: tuple[str, ...] = ()

    def list_transitions(self) -> tuple[tuple[StepName, Records, Records], ...]:
        """List each step with what there is before and after it."""
        return (
            (StepName.LOWER, self.before, self.lowered),
            (StepName.PREPARE, self.lowered, self.prepared),
            (StepName.CUT_OVER, self.prepared, self.cut_over),
            (StepName.ROLL_BACK, self.cut_over, self.prepared),
            (StepName.CLEAN_UP, self.cut_over, self.cleaned_up),
        )


@dataclass(slots=True)
class _Domain:
    """One domain in a zone."""

    wanted: Wanted
    region: str
    before: Records
    problems: list[str]
    notes: list[str]
    keeps_ses: bool

    @property
    def apex(self) -> str:
        return f"{self.wanted.domain}."

    @property
    def autodiscover(self) -> tuple[str, str]:
        return f"autodiscover.{self.apex}", "CNAME"

    @property
    def dmarc(self) -> tuple[str, str]:
        return f"_dmarc.{self.apex}", "TXT"

    @property
    def has_moved(self) -> bool:
        """Whether mail reaches the destination already, so that step 4 alone is left."""
        mx = self.before.get((self.apex, "MX"))
        return mx is not None and sorted(map(str, mx.values)) == sorted(self.wanted.mx)

    @property
    def touched(self) -> tuple[tuple[str, str], ...]:
        return (self.apex, "MX"), (self.apex, "TXT"), self.autodiscover, self.dmarc


def plan_steps(
    zone: DnsZone,
    wanted: Sequence[Wanted],
    regions: Mapping[str, str],
    *,
    keeps_ses: bool = False,
) -> tuple[Steps, tuple[str, ...]]:
    """Compute what a zone has after each step, and what is in the way.

    Args:
        zone: As it is.
        wanted: Of the domains whose records are in it.
        regions: Of the organization, by domain.
        keeps_ses: Something else sends by SES: what it needs stays.

    Returns:
        The steps, and problems; with a problem the steps are not to be used.
    """
    problems: list[str] = []
    notes: list[str] = []
    domains = [
        _Domain(each, regions[each.domain], zone.records, problems, notes, keeps_ses)
        for each in wanted
    ]
    states = [zone.records]
    for change in (_lower, _prepare, _cut_over, _clean_up):
        records = dict(states[-1])
        if not problems:  # a step counts on what the one before has checked
            for domain in domains:
                change(domain, records)
        states.append(records)
    touched = [key for domain in domains for key in domain.touched if key in zone.records]
    steps = Steps(
        zone=zone,
        domains=tuple(each.domain for each in wanted),
        before=states[0],
        lowered=states[1],
        prepared=states[2],
        cut_over=states[3],
        cleaned_up=states[4],
        longest_ttl=max((zone.records[key].ttl for key in touched), default=0),
        notes=tuple(notes),
    )
    return steps, tuple(dict.fromkeys(problems))


_MutableRecords = dict[tuple[str, str], DnsRecordSet]


def _lower(domain: _Domain, records: _MutableRecords) -> None:
    """Shorten the TTLs of what will change, so that it changes fast."""
    _check(domain, records)
    for key in () if domain.has_moved else domain.touched:
        if key in records:
            records[key] = records[key].shorten(SHORT_TTL)


def _check(domain: _Domain, records: Records) -> None:
    """Report what would make the steps wrong."""
    name = domain.wanted.domain
    special = {
        (each.name, each.type.partition("/")[0]) for each in records.values() if each.is_special
    }
    for kind, what in sorted((key[1], key[0]) for key in domain.touched if key in special):
        domain.problems.append(
            f"{name}: {kind} {what} is an alias or one of several weighted sets of Route 53: make "
            "it a plain record first"
        )
    mx = records.get((domain.apex, "MX"))
    shown = ", ".join(map(str, mx.values)) if mx else "none"
    inbound = _INBOUND.format(region=domain.region)
    hosts = [str(each).lower().partition(" ")[2] for each in mx.values] if mx else []
    if domain.has_moved:
        domain.notes.append(
            f"{name} has moved already: its MX leads to the destination. The TTLs and the DMARC "
            f"policy of before are not known any more: step 4 makes short TTLs {USUAL_TTL} seconds "
            "and leaves DMARC as it is"
        )
    elif hosts != [inbound]:
        domain.problems.append(
            f"{name}: its MX does not lead to WorkMail alone: expected {inbound}, found {shown}; "
            "these steps are for a domain whose mail WorkMail gets: leave this one out, by naming "
            "the others with --domain"
        )


def _prepare(domain: _Domain, records: _MutableRecords) -> None:
    """Add what harms nobody: verification, new DKIM keys, SPF for both, DMARC that only reports."""
    _merge_apex(domain, records)
    for name, (kind, value) in domain.wanted.dkim.items():
        clash = next((key for key in records if key[0] == name), None)
        made = DnsRecordSet(name=name, type=kind, ttl=SHORT_TTL, values=(_make_value(kind, value),))
        if clash and not _is_same(records[clash], made):
            domain.problems.append(
                f"{domain.wanted.domain}: there is a {clash[1]} {name} with another value: remove "
                "it, or choose another selector"
            )
        elif not clash:
            records[made.key] = made
    dmarc = records.get(domain.dmarc)
    if dmarc and not domain.has_moved:
        values = tuple(_relax(each) for each in dmarc.values)
        records[domain.dmarc] = replace(dmarc, values=values)


def _merge_apex(domain: _Domain, records: _MutableRecords) -> None:
    """Merge SPF and verification into the TXT records at the top; all others stay."""
    key = (domain.apex, "TXT")
    found = records.get(key) or DnsRecordSet(name=domain.apex, type="TXT", ttl=SHORT_TTL, values=())
    policies = [each for each in found.values if isinstance(each, Txt) and is_spf(each.text)]
    if len(policies) > 1:
        domain.problems.append(f"{domain.wanted.domain}: it has two SPF records; keep one of them")
        return
    try:
        present = [parse_spf(each.text) for each in policies]
        # Until the mail has moved WorkMail sends too, whether the domain had a policy or not.
        sending = [] if domain.has_moved else [Spf((WORKMAIL,), "")]
        merged = merge_spf([*present, *sending, domain.wanted.spf], "~all")
    except ValueError as error:
        domain.problems.append(f"{domain.wanted.domain}: its SPF record {error}")
        return
    values = _replace_spf(found.values, str(merged))
    texts = {each.text for each in values if isinstance(each, Txt)}
    added = (make_txt(each) for each in domain.wanted.verification if each not in texts)
    records[key] = replace(found, values=(*values, *added))


def _cut_over(domain: _Domain, records: _MutableRecords) -> None:
    """Lead mail and mail programs to the destination: MX replaced, never both."""
    if not domain.has_moved:
        mx = DnsRecordSet(name=domain.apex, type="MX", ttl=SHORT_TTL, values=domain.wanted.mx)
        records[mx.key] = mx
    name, kind = domain.autodiscover
    others = [key for key in records if key[0] == name and key[1] != kind]
    if others:
        domain.notes.append(
            f"{name} is a {others[0][1]} record, which WorkMail did not ask for: it is left alone"
        )
    elif domain.wanted.autodiscover:
        host = domain.wanted.autodiscover
        made = DnsRecordSet(name=name, type=kind, ttl=SHORT_TTL, values=(host,))
        if not ((found := records.get(made.key)) and _is_same(found, made)):
            records[made.key] = made
    elif found := records.get((name, kind)):
        if str(found.values[0]).endswith(_WORKMAIL_HOSTS):
            del records[name, kind]
        else:
            domain.notes.append(f"{name} does not lead to WorkMail: it is left alone")


def _clean_up(domain: _Domain, records: _MutableRecords) -> None:
    """Remove what only WorkMail needed; bring TTLs and DMARC back."""
    key = (domain.apex, "TXT")
    if not domain.keeps_ses:
        _remove_ses(domain, records)
    if found := records.get(key):
        policies = [each for each in found.values if isinstance(each, Txt) and is_spf(each.text)]
        if policies:
            merged = parse_spf(policies[0].text)
            left = merged if domain.keeps_ses else leave_out(merged, WORKMAIL)
            ending = domain.wanted.spf.all
            records[key] = replace(
                found, values=_replace_spf(found.values, str(replace(left, all=ending)))
            )
    if (dmarc := domain.before.get(domain.dmarc)) is not None:
        records[domain.dmarc] = dmarc
    new = (*domain.wanted.dkim, domain.autodiscover[0])
    for each in [*domain.touched, *(key for key in records if key[0] in new)]:
        if each in records:
            records[each] = replace(records[each], ttl=_find_usual_ttl(domain, records[each]))


def _find_usual_ttl(domain: _Domain, found: DnsRecordSet) -> int:
    """Return the TTL of before; where that is not known any more, a short one becomes the usual."""
    if domain.has_moved:
        return USUAL_TTL if found.ttl <= SHORT_TTL else found.ttl
    before = domain.before.get(found.key)
    return before.ttl if before else USUAL_TTL


def _remove_ses(domain: _Domain, records: _MutableRecords) -> None:
    records.pop((f"_amazonses.{domain.apex}", "TXT"), None)
    keys = [
        key
        for key, found in records.items()
        if key[0].endswith(f"._domainkey.{domain.apex}")
        and key[0].count(".") == domain.apex.count(".") + 2
        and key[1] == "CNAME"
        and all(str(each).lower().endswith(_SES_KEY) for each in found.values)
    ]
    for key in keys:
        del records[key]


def _replace_spf(values: Iterable[Value], policy: str) -> tuple[Value, ...]:
    """Put a policy where the one before is, or behind everything."""
    replaced: list[Value] = []
    is_there = False
    for each in values:
        if isinstance(each, Txt) and is_spf(each.text):
            replaced.append(each if each.text == policy else make_txt(policy))
            is_there = True
        else:
            replaced.append(each)
    return (*replaced, *([] if is_there else [make_txt(policy)]))


def _relax(value: Value) -> Value:
    """Let a DMARC policy report alone while two services send."""
    if not isinstance(value, Txt):
        return value
    relaxed = _POLICY.sub("p=none", value.text, count=1)
    return value if relaxed == value.text else make_txt(relaxed)


def _make_value(kind: str, value: str) -> Value:
    return make_txt(value) if kind == "TXT" else value


def _is_same(found: DnsRecordSet, made: DnsRecordSet) -> bool:
    def show(values: Iterable[Value]) -> list[str]:
        return [each.text if isinstance(each, Txt) else each.lower() for each in values]

    return found.type == made.type and show(found.values) == show(made.values)
