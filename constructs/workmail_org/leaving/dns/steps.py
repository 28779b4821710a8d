"""Steps: what a zone has after each step of a move. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from workmail_org.leaving.dns.former import (
    Former,
    describe_values,
    find_former,
    has_moved,
    is_ses_record,
    list_ses_keys,
    relax,
)
from workmail_org.leaving.dns.model import (
    SHORT_TTL,
    DnsRecordSet,
    DnsZone,
    Key,
    Records,
    Txt,
    Value,
    find_cut,
    list_touched,
    make_txt,
)
from workmail_org.leaving.dns.spf import (
    WORKMAIL,
    Spf,
    is_spf,
    leave_out,
    merge_spf,
    normalize_term,
    parse_spf,
)
from workmail_org.leaving.dns.wanted import Wanted
from workmail_org.model.domain import INBOUND_HOST, serves_workmail

_SES_KEYS = 3
"""DKIM records of one identity of SES (WorkMail API 2017-10-01, GetMailDomain)."""


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
        rolled_back: After step 3 was taken back.
        former: What the records of the domains were before step 1, as far as it is known.
        guards: Record sets that have to be as they are before a step, though it does not change
            them: they show that it is this step's turn.
        not_rolled_back: Domains whose former MX is not known.
        longest_ttl: Seconds that old values live on after step 1.
        notes: What is left alone, and why.
    """

    zone: DnsZone
    domains: tuple[str, ...]
    before: Records
    lowered: Records
    prepared: Records
    cut_over: Records
    rolled_back: Records
    cleaned_up: Records
    former: Records
    guards: Mapping[StepName, tuple[Key, ...]]
    not_rolled_back: tuple[str, ...]
    longest_ttl: int
    notes: tuple[str, ...] = ()

    def list_transitions(self) -> tuple[tuple[StepName, Records, Records], ...]:
        """List each step with what there is before and after it."""
        return (
            (StepName.LOWER, self.before, self.lowered),
            (StepName.PREPARE, self.lowered, self.prepared),
            (StepName.CUT_OVER, self.prepared, self.cut_over),
            (StepName.ROLL_BACK, self.cut_over, self.rolled_back),
            (StepName.CLEAN_UP, self.cut_over, self.cleaned_up),
        )


@dataclass(slots=True)
class _Domain:
    """One domain in a zone."""

    wanted: Wanted
    origin: str
    inbound: str
    before: Records
    former: Former
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
        return has_moved(self.wanted, self.before)

    @property
    def touched(self) -> tuple[tuple[str, str], ...]:
        return list_touched(self.wanted.domain)


def plan_steps(
    zone: DnsZone,
    wanted: Sequence[Wanted],
    regions: Mapping[str, str],
    *,
    keeps_ses: bool = False,
    given: Records | None = None,
    notes: Iterable[str] = (),
) -> tuple[Steps, tuple[str, ...]]:
    """Compute what a zone has after each step, and what is in the way.

    Args:
        zone: As it is.
        wanted: Of the domains whose records are in it.
        regions: Of the organization, by domain.
        keeps_ses: Something else sends by SES: what it needs stays.
        given: What the zone had before step 1, by an earlier run; `None`: nothing.
        notes: What a person should look at beside the zone.

    Returns:
        The steps, and problems; with a problem the steps are not to be used.
    """
    problems: list[str] = []
    remarks = list(notes)
    domains: list[_Domain] = []
    for each in wanted:
        inbound = INBOUND_HOST.format(region=regions[each.domain])
        former = find_former(each, zone.records, given, inbound, problems)
        domains.append(
            _Domain(
                each,
                zone.origin,
                inbound,
                zone.records,
                former,
                problems,
                remarks,
                keeps_ses=keeps_ses,
            )
        )
        remarks += former.notes

    def change(records: Records, alter: Callable[[_Domain, _MutableRecords], None]) -> Records:
        changed = dict(records)
        if not problems:  # a step counts on what the one before has checked
            for domain in domains:
                alter(domain, changed)
        return changed

    lowered = change(zone.records, _lower)
    prepared = change(lowered, _prepare)
    cut_over = change(prepared, _cut_over)
    rolled_back = change(cut_over, _roll_back)
    cleaned_up = change(cut_over, _clean_up)
    if not problems:
        remarks += _list_left(cleaned_up, {each.domain for each in wanted}, regions)
    touched = [key for domain in domains for key in domain.touched if key in zone.records]
    steps = Steps(
        zone=zone,
        domains=tuple(each.domain for each in wanted),
        before=zone.records,
        lowered=lowered,
        prepared=prepared,
        cut_over=cut_over,
        rolled_back=rolled_back,
        cleaned_up=cleaned_up,
        former=_gather_former(zone, given or {}, domains),
        guards={
            StepName.CUT_OVER: tuple(_guard_cut_over(domains, lowered, prepared)),
            StepName.CLEAN_UP: tuple((each.apex, "MX") for each in domains),
            StepName.ROLL_BACK: tuple(_guard_roll_back(domains, cut_over, rolled_back, cleaned_up)),
        },
        not_rolled_back=tuple(
            each.wanted.domain for each in domains if not each.former.can_roll_back
        ),
        longest_ttl=max((zone.records[key].ttl for key in touched), default=0),
        notes=tuple(dict.fromkeys(remarks)),
    )
    return steps, tuple(dict.fromkeys(problems))


def _gather_former(zone: DnsZone, given: Records, domains: Iterable[_Domain]) -> Records:
    """Gather what is known of before step 1, also of domains that this run is not about."""
    others = {key: found for key, found in given.items() if zone.holds(key[0].removesuffix("."))}
    return others | {key: found for each in domains for key, found in each.former.records.items()}


def _list_left(
    records: Records, moving: Collection[str], declared: Collection[str]
) -> Iterator[str]:
    """Report what leads to WorkMail after all steps; domains that move later are left out."""
    later = {each for each in declared if each not in moving}
    names = {f"{label}{domain}." for domain in later for label in ("", "autodiscover.")}
    for (name, kind), found in sorted(records.items()):
        hosts = [each for each in found.values if isinstance(each, str)]
        if name not in names and any(serves_workmail(each.lower().split()[-1]) for each in hosts):
            yield (
                f"{kind} {name} leads to WorkMail ({', '.join(hosts)}), and no step changes it: "
                "change or delete it, unless SES alone receives there. What goes there is lost "
                "once WorkMail ends"
            )


def _guard_cut_over(
    domains: Iterable[_Domain], lowered: Records, prepared: Records
) -> Iterator[Key]:
    """Choose what shows that step 2 was done: the destination refuses mail of a domain without it.

    A record that nobody else has a reason to change goes before the texts at the top.
    """
    for domain in domains:
        dkim = [(name, kind) for name, (kind, _) in domain.wanted.dkim.items()]
        keys = [*dkim, domain.dmarc, (domain.apex, "TXT")]
        yield from [key for key in keys if lowered.get(key) != prepared.get(key)][:1]


def _guard_roll_back(
    domains: Iterable[_Domain], cut_over: Records, rolled_back: Records, cleaned_up: Records
) -> Iterator[Key]:
    """Choose what shows that step 4 was not done: WorkMail could receive, and not send."""
    for domain in domains:
        cleaned = {
            key
            for key, found in cut_over.items()
            if f".{key[0]}".endswith(f".{domain.apex}") and cleaned_up.get(key) != found
        }
        if any(rolled_back.get(key) != cut_over[key] for key in cleaned):
            continue  # the rollback itself finds that
        yield from sorted(cleaned, key=lambda key: (key == (domain.apex, "TXT"), key))[:1]


_MutableRecords = dict[Key, DnsRecordSet]


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
    if cut := find_cut(records, domain.origin, domain.apex):
        domain.problems.append(
            f"{name}: the zone {domain.origin} leaves {cut.name} to other name servers "
            f"({describe_values(cut.values)}), so nobody sees what it has of {name}: give the zone "
            "of those, with --zone"
        )
    if not domain.keeps_ses and (of_ses := [*_list_of_ses(domain.wanted)]):
        domain.problems.append(
            f"{name}: {' and '.join(of_ses)} of the destination names Amazon SES, by which "
            "WorkMail sends, and step 4 would remove it: copy what the destination shows, or give "
            "--keep-ses if it sends by SES itself"
        )
    for each in domain.wanted.mx:
        host = each.partition(" ")[2]
        if not _has_address(domain, records, host):
            domain.problems.append(
                f"{name}: mx {host} has no address in the zone {domain.origin}, so nobody could "
                "deliver mail: write it there first, or correct mx"
            )
    mx = records.get((domain.apex, "MX"))
    shown = ", ".join(map(str, mx.values)) if mx else "none"
    hosts = [str(each).lower().partition(" ")[2] for each in mx.values] if mx else []
    if not domain.has_moved and hosts != [domain.inbound]:
        domain.problems.append(
            f"{name}: its MX does not lead to WorkMail alone: expected {domain.inbound}, "
            f"found {shown}; these steps are for a domain whose mail WorkMail gets: leave this "
            "one out, by naming the others with --domain"
        )


def _list_of_ses(wanted: Wanted) -> Iterator[str]:
    """List the values of a destination that are those of WorkMail, copied from another page."""
    if WORKMAIL in map(normalize_term, wanted.spf.terms):
        yield "spf"
    made = (
        DnsRecordSet(name=name, type=kind, ttl=SHORT_TTL, values=(value,))
        for name, (kind, value) in wanted.dkim.items()
    )
    if any(is_ses_record(wanted.domain, each) for each in made):
        yield "dkim"


def _has_address(domain: _Domain, records: Records, host: str) -> bool:
    """Return whether a host has an address, or whether another zone says so."""
    if not f".{host}".endswith(f".{domain.origin}") or find_cut(records, domain.origin, host):
        return True
    parents = host.split(".")
    names = {host, *(f"*.{'.'.join(parents[number:])}" for number in range(1, len(parents)))}
    return any(
        name in names and kind.partition("/")[0] in ("A", "AAAA", "CNAME") for name, kind in records
    )


def _prepare(domain: _Domain, records: _MutableRecords) -> None:
    """Add what harms nobody: verification, new DKIM keys, SPF for both, DMARC that only reports."""
    _merge_apex(domain, records)
    for name, (kind, value) in domain.wanted.dkim.items():
        if cut := find_cut(records, domain.origin, name):
            domain.notes.append(
                f"{kind} {name} is not written, since {cut.name} is left to other name servers "
                f"({describe_values(cut.values)}): write it there, before step 3: {value}"
            )
            continue
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
    elsewhere = records.get((domain.dmarc[0], "CNAME")) or find_cut(
        records, domain.origin, domain.dmarc[0]
    )
    if elsewhere:
        leads = "a CNAME to" if elsewhere.type == "CNAME" else "left to the name servers"
        domain.notes.append(
            f"{domain.dmarc[0]} is {leads} {describe_values(elsewhere.values)}, and is left alone: "
            "the policy is kept there. While WorkMail and the destination both send, have it only "
            "report (p=none)"
        )
    if dmarc and not domain.has_moved:
        values = tuple(map(relax, dmarc.values))
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
        ending = _choose_ending(domain, present)
        merged = merge_spf([*present, *sending, domain.wanted.spf], ending)
    except ValueError as error:
        domain.problems.append(f"{domain.wanted.domain}: its SPF record {error}")
        return
    values = _replace_spf(found.values, str(merged))
    texts = {each.text for each in values if isinstance(each, Txt)}
    added = (make_txt(each) for each in domain.wanted.verification if each not in texts)
    records[key] = replace(found, values=(*values, *added))


def _choose_ending(domain: _Domain, present: Sequence[Spf]) -> str:
    """Keep how the domain treats other senders: the owner decided that, not the destination."""
    proposed = domain.wanted.spf.all
    own = present[0].all if present else ""
    if own and own != proposed:
        domain.notes.append(
            f"{domain.wanted.domain}: its SPF policy ends with {own} and goes on to do so; the "
            f"destination proposes {proposed}"
        )
    return own or proposed


def _cut_over(domain: _Domain, records: _MutableRecords) -> None:
    """Lead mail and mail programs to the destination: MX replaced, never both."""
    if not domain.has_moved:
        mx = DnsRecordSet(name=domain.apex, type="MX", ttl=SHORT_TTL, values=domain.wanted.mx)
        records[mx.key] = mx
    name, kind = domain.autodiscover
    if others := _find_others(domain, records):
        domain.notes.append(
            f"{name} has a record of type {others[0][1]}, which WorkMail did not ask for: it is "
            "left alone"
            + (
                f", and so {domain.wanted.autodiscover} is not written: mail programs find the "
                "destination once you replace it"
                if domain.wanted.autodiscover
                else ""
            )
        )
    elif domain.wanted.autodiscover:
        host = domain.wanted.autodiscover
        made = DnsRecordSet(name=name, type=kind, ttl=SHORT_TTL, values=(host,))
        if not ((found := records.get(made.key)) and _is_same(found, made)):
            records[made.key] = made
    elif found := records.get((name, kind)):
        if serves_workmail(str(found.values[0]).lower()):
            del records[name, kind]
        else:
            domain.notes.append(f"{name} does not lead to WorkMail: it is left alone")


def _find_others(domain: _Domain, records: Records) -> list[tuple[str, str]]:
    """Find records of other types where autodiscover is."""
    name, kind = domain.autodiscover
    return [key for key in records if key[0] == name and key[1] != kind]


def _roll_back(domain: _Domain, records: _MutableRecords) -> None:
    """Lead mail and mail programs to WorkMail again, from whatever step is done."""
    if not domain.former.can_roll_back:
        return
    source = domain.former.records if domain.has_moved else domain.before
    for key in ((domain.apex, "MX"), domain.autodiscover):
        if key == domain.autodiscover and _find_others(domain, records):
            continue  # step 3 leaves it alone, and reports it
        if key in source:
            records[key] = source[key].shorten(SHORT_TTL)
        else:
            records.pop(key, None)
    # Step 4 may be done as well.
    for key, found in domain.former.records.items():
        if is_ses_record(domain.wanted.domain, found):
            records.setdefault(key, found)
    apex = records.get((domain.apex, "TXT"))
    policy = _find_policy(apex)
    if apex and policy and WORKMAIL not in map(normalize_term, policy.terms):
        allowing = replace(policy, terms=(WORKMAIL, *policy.terms))
        values = _replace_spf(apex.values, str(allowing))
        records[apex.key] = replace(apex, values=values, ttl=SHORT_TTL)


def _find_policy(apex: DnsRecordSet | None) -> Spf | None:
    """Find the one SPF policy that step 2 has checked."""
    values = apex.values if apex else ()
    texts = [each.text for each in values if isinstance(each, Txt) and is_spf(each.text)]
    return parse_spf(texts[0]) if texts else None


def _clean_up(domain: _Domain, records: _MutableRecords) -> None:
    """Remove what only WorkMail needed; bring TTLs and DMARC back."""
    key = (domain.apex, "TXT")
    if not domain.keeps_ses:
        _remove_ses(domain, records)
    found = records.get(key)
    policy = _find_policy(found)
    if found and policy:
        left = policy if domain.keeps_ses else leave_out(policy, WORKMAIL)
        records[key] = replace(found, values=_replace_spf(found.values, str(left)))
    _restore_dmarc(domain, records)
    new = (*domain.wanted.dkim, domain.autodiscover[0])
    for each in [*domain.touched, *(key for key in records if key[0] in new)]:
        if each in records:
            records[each] = replace(records[each], ttl=_find_usual_ttl(domain, records[each]))


def _restore_dmarc(domain: _Domain, records: _MutableRecords) -> None:
    """Put the policy back that step 2 made weaker, unless a person changed it meanwhile."""
    former, found = domain.former.records.get(domain.dmarc), records.get(domain.dmarc)
    if former is None or found is None or _is_same(found, former):
        return
    relaxed = replace(former, values=tuple(map(relax, former.values)))
    if domain.former.has_given_dmarc or _is_same(found, relaxed):
        records[domain.dmarc] = replace(found, values=former.values)
    else:
        domain.notes.append(
            f"{domain.dmarc[0]} was changed since the first run, and is left as it is: "
            f"{describe_values(found.values)}; before step 1 it was "
            f"{describe_values(former.values)}"
        )


def _find_usual_ttl(domain: _Domain, found: DnsRecordSet) -> int:
    """Return the TTL of before; one that a person made longer meanwhile stays."""
    if found.ttl > SHORT_TTL:
        return found.ttl
    former = domain.former.records.get(found.key)
    return former.ttl if former else domain.former.usual_ttl


def _remove_ses(domain: _Domain, records: _MutableRecords) -> None:
    """Remove what SES verified the domain by, where all of it can only be WorkMail's."""
    token = (f"_amazonses.{domain.apex}", "TXT")
    found = records.get(token)
    if found and len(found.values) > 1:
        domain.notes.append(
            f"{token[0]} has {len(found.values)} values, and is left alone: SES verifies the "
            "domain in several regions or accounts by them, and no record shows which one is "
            "WorkMail's; remove that one by hand (aws workmail get-mail-domain shows it)"
        )
    elif found:
        del records[token]
    keys = list_ses_keys(domain.wanted.domain, records)
    if len(keys) > _SES_KEYS:
        domain.notes.append(
            f"{domain.wanted.domain} has {len(keys)} DKIM records of SES, and WorkMail has "
            f"{_SES_KEYS}: they are left alone, since something else sends by SES too; remove "
            "WorkMail's by hand (aws workmail get-mail-domain shows them)"
        )
        return
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


def _make_value(kind: str, value: str) -> Value:
    return make_txt(value) if kind == "TXT" else value


def _is_same(found: DnsRecordSet, made: DnsRecordSet) -> bool:
    def show(values: Iterable[Value]) -> list[str]:
        return [each.text if isinstance(each, Txt) else each.lower() for each in values]

    return found.type == made.type and show(found.values) == show(made.values)
