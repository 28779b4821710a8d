"""Zoning: what a hosted zone has already of the records that a stack writes, or finds there. Pure.

CloudFormation creates no record set that is there: "it already exists". So a stack never takes
anybody's record away, and such a deployment fails after the organization was made. This says it
before, and what to do: leave the records to whoever has written them (`omit`), or say that they
are as WorkMail wants them (`adopt: true`), which is compared here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from workmail_org.changes.explaining import join
from workmail_org.model.domain import RECORDS, DnsRecord, LiveZone, RecordGroup, RecordSet
from workmail_org.model.values import fold
from workmail_org.plan.declarations import Zone

_SINGLE: Mapping[RecordGroup, str] = {RecordGroup.SPF: "v=spf1", RecordGroup.DMARC: "v=DMARC1"}
"""How the texts begin of which a name has one, or none counts (RFC 7208, section 4.5; RFC 7489,
section 6.6.3)."""

_BRINGS_MAIL = ": its MX brings all mail of the domain to WorkMail"

_ADDRESSES = frozenset({"A", "AAAA"})
"""Types of records that say where a host is; without an MX record mail goes there (RFC 5321,
section 5.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneQuestion:
    """What is asked about one domain and its hosted zone.

    Attributes:
        domain: Folded.
        written: What the stack will write.
        adopted: What it says is there.
        previous: What it has written until now.
        is_settled: It was deployed before, without a record of the stack's.
        keeps: What the stack has written stays there when the stack lets go of it.
        wanted: The records that WorkMail wants; none where the domain is not registered yet, and
            WorkMail has not said.
    """

    domain: str
    hosted_zone_id: str
    written: frozenset[RecordGroup] = frozenset()
    adopted: frozenset[RecordGroup] = frozenset()
    previous: Zone | None = None
    keeps: bool = False
    is_settled: bool = False
    wanted: tuple[DnsRecord, ...] = ()

    @property
    def own(self) -> frozenset[RecordGroup]:
        """What the stack itself has written into this zone."""
        if self.previous is None or self.previous.hosted_zone_id != self.hosted_zone_id:
            return frozenset()
        return self.previous.records

    @property
    def leaves_alone(self) -> bool:
        """Whether a deployment does nothing about the records, whatever became of them."""
        return self.is_settled and bool(self.adopted)

    @property
    def matters(self) -> bool:
        """Whether the zone has to be read: something is to be written, or compared."""
        return bool(self.adopted or self.written - self.own)


def list_questions(
    zones: Mapping[str, Zone],
    adopted: Mapping[str, Zone],
    previous: Mapping[str, Zone],
    *,
    keeps: bool = False,
    settled: Collection[str] = (),
) -> Iterator[ZoneQuestion]:
    """List what is to be asked, by domain.

    Args:
        zones: What is written.
        adopted: What is there.
        previous: What was written until now.
        settled: Folded names of domains whose records were adopted until now.
        keeps: Whether that stays when the stack lets go of it.
    """
    for domain, zone in sorted({**zones, **adopted}.items()):
        yield ZoneQuestion(
            domain=fold(domain),
            hosted_zone_id=zone.hosted_zone_id,
            written=zones[domain].records if domain in zones else frozenset(),
            adopted=adopted[domain].records if domain in adopted else frozenset(),
            previous=previous.get(domain),
            keeps=keeps,
            is_settled=fold(domain) in settled,
        )


def refuse(question: ZoneQuestion, zone: LiveZone | None) -> Iterator[str]:
    """Write why the records cannot be written, or are not as the spec says.

    Args:
        question: About one domain.
        zone: As it is; `None`: it is not in this account.
    """
    if not question.leaves_alone:
        yield from _find_faults(question, zone)


def _find_faults(question: ZoneQuestion, zone: LiveZone | None) -> Iterator[str]:
    domain, zone_id = question.domain, question.hosted_zone_id
    if zone is None:
        yield (
            f"hosted zone {zone_id} of {domain} is not in this account; check hosted_zone_id, or "
            "say dns: manual if the records are managed elsewhere"
        )
    elif not f".{domain}".endswith(f".{zone.name}"):
        yield (
            f"{domain} is not in hosted zone {zone_id}, which is that of {zone.name}; check "
            "hosted_zone_id"
        )
    elif zone.is_private:
        yield (
            f"hosted zone {zone_id} of {domain} is private: nobody who sends mail sees its records,"
            " and the domain never verifies; name the public zone"
        )
    elif servers := _find_delegation(question, zone):
        yield (
            f"hosted zone {zone_id} has NS records for {servers.name} ({', '.join(servers.values)})"
            f": those name servers answer for {domain}, nobody sees records of {domain} in this "
            "zone, and the domain never verifies; name the hosted zone of "
            f"{servers.name.removesuffix('.')}, or say dns: manual"
        )
    else:
        yield from _refuse_records(question, zone)
        yield from _refuse_adoption(question, zone)


def note(question: ZoneQuestion, zone: LiveZone | None) -> Iterator[str]:
    """Write what refuses nothing.

    What became of records that were adopted before, and where mail goes until the stack writes an
    MX record that was not there.
    """
    if question.leaves_alone:
        yield from _note_adopted(question, zone)
    elif zone is not None:
        yield from _note_mail(question, zone)


def _note_adopted(question: ZoneQuestion, zone: LiveZone | None) -> Iterator[str]:
    if zone is not None and (wrong := _list_wrong(question, zone)):
        sentences = "; ".join(each for group in sorted(wrong) for each in wrong[group])
        yield (
            f"records of {question.domain} in hosted zone {zone.id}, which adopt: true leaves to "
            f"others, are not as WorkMail wants them any more: {sentences}; a deployment changes "
            "nothing there. That is right if the domain has moved elsewhere, and stops its mail if "
            "it has not"
        )
    else:
        yield from _find_faults(question, zone)


def _note_mail(question: ZoneQuestion, zone: LiveZone) -> Iterator[str]:
    if RecordGroup.MX not in question.written - question.own:
        return
    apex = f"{question.domain}."
    if any(each.name == apex and each.type == "MX" for each in zone.record_sets):
        return  # refused
    for each in zone.record_sets:
        if each.name == apex and each.type in _ADDRESSES:
            yield (
                f"{question.domain} has no MX record in hosted zone {zone.id} but a record of type "
                f"{each.type}: mail goes to that host today, if one answers there (RFC 5321, "
                "section 5.1), and comes to WorkMail once the MX record is written"
            )
            return
    if any(each.name.endswith(f".{apex}") or each.name == apex for each in zone.record_sets):
        return  # what has names of its own has nothing of an asterisk (RFC 4592, section 2.2.1)
    for each in zone.record_sets:
        by_asterisk = each.name.startswith("*.") and apex.endswith(each.name[1:])
        if by_asterisk and each.type in {"MX", "CNAME"}:
            hosts = join(each.values)
            place = f"to {hosts}" if each.type == "MX" else f"where mail to {hosts} goes"
            yield (
                f"mail to {question.domain} goes {place} today, by the record {each.name} "
                f"of hosted zone {zone.id} for whatever has none of its own, and comes "
                "to WorkMail once the MX record is written"
            )
            return


def _refuse_records(question: ZoneQuestion, zone: LiveZone) -> Iterator[str]:
    """Refuse to write what is there; what the stack wrote itself it may write again."""
    comes = question.written - question.own
    found = {
        (group, each)
        for group, kind, name in _list_names(question)
        if group in comes
        for each in zone.record_sets
        if each.name == name and (each.type == kind or "CNAME" in (each.type, kind))
    }
    if not found:
        return
    groups = sorted({group for group, _ in found})
    sets = sorted({each for _, each in found}, key=lambda each: (each.name, each.type))
    advice = f"add omit: [{', '.join(groups)}] to its dns, which leaves them as they are"
    can_adopt = bool(question.wanted) and not question.own
    others = sorted(
        question.written - list_equal(question, zone) if can_adopt else question.written
    )
    if not others:
        advice = (
            "all are as WorkMail wants them, so set adopt: true in its dns, which leaves them as "
            "they are"
        )
    elif sorted(question.written) == groups != others:
        omitted = sorted({*others, *(frozenset(RecordGroup) - question.written)})
        advice = (
            f"all but those of {join(others)} are as WorkMail wants them, so set adopt: true and "
            f"omit: [{', '.join(omitted)}] in its dns, which leaves them as they are"
        )
    yield (
        f"hosted zone {zone.id} has records already that the stack would write for "
        f"{question.domain}, and CloudFormation creates none that is there: "
        f"{'; '.join(map(_show, sets))}; {advice}, or delete them there first"
    )


def _refuse_adoption(question: ZoneQuestion, zone: LiveZone) -> Iterator[str]:
    """Refuse to find there what is not there, or not so."""
    if not question.keeps and (taken := sorted(question.adopted & question.own)):
        yield (
            f"adopt: true of {question.domain} is for records that this stack did not write, and"
            f" {join(taken)} in hosted zone {zone.id} are this stack's own: CloudFormation would "
            "delete them; leave adopt out, or deploy on_removal.domains: retain first, with which "
            "they stay"
        )
        return
    if wrong := _list_wrong(question, zone):
        sentences = "; ".join(each for group in sorted(wrong) for each in wrong[group])
        yield (
            f"adopt: true of {question.domain} declares that its records are in hosted zone "
            f"{zone.id} as WorkMail wants them, and they are not: {sentences}; name in omit the "
            "records that are managed elsewhere, or lead to another service "
            f"({', '.join(sorted(wrong))}), and set right there only what WorkMail is to have"
            + (_BRINGS_MAIL if RecordGroup.MX in wrong else "")
            + "; to have the stack write what is missing, leave adopt out and omit what is there"
        )


def _list_wrong(question: ZoneQuestion, zone: LiveZone) -> dict[RecordGroup, list[str]]:
    """List what the adopted records differ in, by group."""
    wrong: dict[RecordGroup, list[str]] = {}
    for group, _, name in sorted(set(_list_names(question))):
        if group not in question.adopted:
            continue
        if difference := _compare(question, zone, group, name):
            wrong.setdefault(group, []).append(difference)
    return wrong


def list_equal(question: ZoneQuestion, zone: LiveZone) -> frozenset[RecordGroup]:
    """List the groups of which every record is in a zone as WorkMail wants it."""
    names = list(_list_names(question))
    wrong = {group for group, _, name in names if _compare(question, zone, group, name)}
    return frozenset(group for group, _, _ in names) - wrong


def _compare(question: ZoneQuestion, zone: LiveZone, group: RecordGroup, name: str) -> str | None:
    """Write what a record differs in; `None`: it is there, and in nothing that is known."""
    kind, _ = RECORDS[group]
    found = [each for each in zone.record_sets if each.name == name and each.type == kind]
    wanted = [
        each.value for each in question.wanted if each.type == kind and fold(each.name) == name
    ]
    if not found:
        return f"{kind} {name} is not there" + (f", wanted: {wanted[0]}" if wanted else "")
    # Of several record sets by a policy of routing, each is an answer of its own.
    if not wanted or all(_has(each, group, wanted[0]) for each in found):
        return None
    return f"{'; '.join(map(_show, found))}, wanted: {wanted[0]}" + (
        f" as the only text that begins with {_SINGLE[group]}" if group in _SINGLE else ""
    )


def _has(found: RecordSet, group: RecordGroup, wanted: str) -> bool:
    """Return whether a record set answers what is wanted.

    Texts stand side by side in one record set, except that two of one standard are none; a second
    MX takes mail elsewhere.
    """
    values = [_normalize(found.type, value) for value in found.values]
    expected = _normalize(found.type, wanted)
    if found.type != "TXT":
        return values == [expected]
    begin = fold(_SINGLE.get(group, wanted))
    return expected in values and sum(fold(each).startswith(begin) for each in values) == 1


def _find_delegation(question: ZoneQuestion, zone: LiveZone) -> RecordSet | None:
    """Find the name servers that a zone has for the domain, or for a parent of it, but itself."""
    return next(
        (
            each
            for each in zone.record_sets
            if each.type == "NS"
            and each.name != f"{zone.name}."
            and f".{question.domain}.".endswith(f".{each.name}")
        ),
        None,
    )


def _list_names(question: ZoneQuestion) -> Iterator[tuple[RecordGroup, str, str]]:
    """List group, type and name of a domain's records; DKIM's names only WorkMail tells."""
    for group, (kind, prefix) in RECORDS.items():
        if prefix is not None:
            yield group, kind, f"{prefix}{question.domain}."
    for each in question.wanted:
        if "._domainkey." in each.name:
            yield RecordGroup.DKIM, each.type, fold(each.name)


def _normalize(kind: str, value: str) -> str:
    """Write a value so that what means the same is equal: names in any case, with a dot or not."""
    if kind == "TXT":
        return value
    return " ".join(fold(value).removesuffix(".").split())


def _show(found: RecordSet) -> str:
    values: Sequence[str] = found.values or ("an alias of AWS",)
    routed = f" of the set {found.identifier}" if found.identifier else ""
    return f"{found.type} {found.name} ({', '.join(values)}{routed})"
