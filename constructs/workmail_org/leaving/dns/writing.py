"""Writing: the files of every step, and what to do with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum

from workmail_org.errors import InputError
from workmail_org.leaving.dns.former import FOLDER
from workmail_org.leaving.dns.model import DnsZone, Records
from workmail_org.leaving.dns.route53 import write_batch
from workmail_org.leaving.dns.steps import StepName, Steps
from workmail_org.leaving.dns.zonefiles import (
    find_unwritable,
    write_bind,
    write_dnscontrol,
    write_octodns,
)
from workmail_org.leaving.model import TITLES, Destination, File


class Format(StrEnum):
    """Who keeps the zones."""

    ROUTE53 = "route53"
    BIND = "bind"
    OCTODNS = "octodns"
    DNSCONTROL = "dnscontrol"


_WHOLE: Mapping[Format, tuple[str, Callable[[DnsZone, Records, int, int], str]]] = {
    Format.BIND: ("zone", write_bind),
    Format.OCTODNS: ("yaml", write_octodns),
    Format.DNSCONTROL: ("js", write_dnscontrol),
}

_SERIALS: Mapping[StepName, tuple[int, int]] = {
    StepName.LOWER: (1, 0),
    StepName.PREPARE: (2, 1),
    StepName.CUT_OVER: (3, 2),
    StepName.ROLL_BACK: (4, 3),
    StepName.CLEAN_UP: (5, 3),
}
"""By how much a step raises the serial that was read, and by how much that which it replaces is."""

_COMMENTS: Mapping[StepName, str] = {
    StepName.LOWER: "1 shorter TTLs",
    StepName.PREPARE: "2 prepare: verification, DKIM, SPF for both, DMARC that only reports",
    StepName.CUT_OVER: "3 cut over to {}",
    StepName.ROLL_BACK: "3 roll back to WorkMail",
    StepName.CLEAN_UP: "4 clean up after WorkMail",
}

_WHEN: Mapping[StepName, str] = {
    StepName.LOWER: "Then wait {wait} at least: so long old answers are remembered.",
    StepName.PREPARE: (
        "At any time before the move. Wait until the destination shows every domain as verified "
        "and DKIM as active."
    ),
    StepName.CUT_OVER: (
        "On the day of the move, once accounts, groups and aliases exist and a test message "
        "reached them. Mail that was under way still reaches WorkMail for a while: leave it "
        "running."
    ),
    StepName.ROLL_BACK: (
        "Only if the move has to be taken back: mail reaches WorkMail again. This is what takes "
        "back step 3 as it is here; after step 4 write the files again with --before, since SES "
        "then needs its records again."
    ),
    StepName.CLEAN_UP: (
        "One to two weeks after the move, when the last export is verified and nothing arrives in "
        "WorkMail any more. If an application sends by SES with these domains, write the files "
        "again with --keep-ses."
    ),
}


_AGAIN = (
    "If anybody changes the zone meanwhile, and in any case before step 4, write the files again, "
    f"with --before and the name of this folder: what was done already changes nothing then. "
    f"Keep this folder: `{FOLDER}` has what the zone was before step 1 (TTLs, DMARC policy, MX), "
    "which no later run can read from the zone."
)
_NO_ROLL_BACK = (
    "No rollback can be written for {domains}: the MX leads to the destination already, and where "
    "it led before is not known. Give the folder of the first run with --before, or a zone file of "
    "before the move."
)
_REPLACES = (
    "Each batch replaces whole record sets, merged from what was read. Route 53 refuses all of it "
    "(InvalidChangeBatch) where a record is not as the step before left it: a step does nothing "
    "once it was run, before or after its turn, or after a change by other people. Some records "
    "are deleted and created as they are, to show whose turn it is. Look at the zone, and write "
    f"the files again. {_AGAIN}"
)
_WHOLE_ZONES = f"Each file is the whole zone after its step, from what was read. {_AGAIN}"
_IN_TURN: Mapping[Format, str] = {
    Format.BIND: (
        "Each zone has a serial number of its own, and its first line says which serial it may "
        "replace: a file that comes a second time, or out of turn, undoes what came after it. "
        "After the rollback the serial is higher than that of step 3, and secondary servers would "
        "keep the zone of the rollback: write the files again, from the zone as it is then, before "
        "you cut over again."
    ),
    Format.OCTODNS: (
        "A file that comes a second time, or out of turn, undoes what came after it: read what "
        "octodns-sync plans before --doit."
    ),
    Format.DNSCONTROL: (
        "A file that comes a second time, or out of turn, undoes what came after it: read what "
        "dnscontrol preview shows before dnscontrol push."
    ),
}


def write_steps(plans: Sequence[Steps], form: Format, destination: Destination) -> tuple[File, ...]:
    """Write all files of all zones.

    Raises:
        InputError: A zone has something that the format cannot hold.
    """
    problems = [
        f"{plan.zone.name}: {each} cannot be written for {form}; use --format route53, or write "
        "the changes by hand"
        for plan in plans
        if form is not Format.ROUTE53
        for each in find_unwritable(plan.zone, form.value)
    ]
    if problems:
        raise InputError(problems)
    files: list[File] = []
    for plan, name in zip(plans, _name_zones(plans), strict=True):
        files += _write_zone(plan, name, form, destination)
    readme = "\n".join(_list_readme(plans, files, form, destination)) + "\n"
    return (*files, File(path="README.md", data=readme.encode()))


def _name_zones(plans: Sequence[Steps]) -> list[str]:
    """Name zones by their domain; of several with one name each by its id too."""
    names = [plan.zone.name for plan in plans]
    return [
        name if names.count(name) == 1 else f"{name}-{plan.zone.id}"
        for name, plan in zip(names, plans, strict=True)
    ]


def _write_zone(plan: Steps, name: str, form: Format, destination: Destination) -> Iterator[File]:
    if plan.former:
        former = write_bind(plan.zone, plan.former)
        yield File(path=f"{FOLDER}/{name}.zone", data=former.encode())
    for step, before, after in plan.list_transitions():
        if step is StepName.ROLL_BACK and {*plan.not_rolled_back} == {*plan.domains}:
            continue
        if form is Format.ROUTE53:
            comment = _COMMENTS[step].format(TITLES[destination])
            try:
                text = write_batch(comment, before, after, plan.guards.get(step, ()))
            except ValueError as error:
                raise InputError([f"{plan.zone.name}: {error}"]) from error
            ending = "json"
        else:
            ending, write = _WHOLE[form]
            text = write(plan.zone, after, *_SERIALS[step])
        if text is not None:
            yield File(path=f"{step}/{name}.{ending}", data=text.encode())


def _list_readme(
    plans: Sequence[Steps], files: Sequence[File], form: Format, destination: Destination
) -> Iterator[str]:
    yield f"# DNS records for {TITLES[destination]}"
    yield ""
    domains = [domain for plan in plans for domain in plan.domains]
    yield f"Domains that move: {', '.join(domains)}."
    yield ""
    if form is Format.ROUTE53:
        yield "Run the commands in this folder."
        yield ""
    yield _REPLACES if form is Format.ROUTE53 else _WHOLE_ZONES
    yield ""
    if form in _IN_TURN:
        yield _IN_TURN[form]
        yield ""
    wait = max((plan.longest_ttl for plan in plans), default=0)
    for step, when in _WHEN.items():
        yield f"## {step}"
        yield ""
        yield when.format(wait=_describe_seconds(wait))
        yield ""
        unknown = [domain for plan in plans for domain in plan.not_rolled_back]
        if step is StepName.ROLL_BACK and unknown:
            yield _NO_ROLL_BACK.format(domains=", ".join(unknown))
            yield ""
            if {*unknown} == {*domains}:
                continue
        yield from _list_commands(plans, files, form, step)
    notes = [note for plan in plans for note in plan.notes]
    if notes:
        yield "## To know"
        yield ""
        yield from (f"* {note}" for note in notes)
        yield ""


def _list_commands(
    plans: Sequence[Steps], files: Sequence[File], form: Format, step: StepName
) -> Iterator[str]:
    written = [file.path for file in files if file.path.startswith(f"{step}/")]
    if not written:
        yield "Nothing changes."
        yield ""
        return
    names = dict(zip(_name_zones(plans), plans, strict=True))
    for path in written:
        name = path.partition("/")[2].rpartition(".")[0]
        identity = names[name].zone.id
        if form is Format.ROUTE53:
            zone = identity or "ZONE-ID"
            yield (
                f"    aws route53 change-resource-record-sets --hosted-zone-id {zone} "
                f"--change-batch file://{path}"
            )
        else:
            yield f"* `{path}`"
    yield ""


def _describe_seconds(seconds: int) -> str:
    if seconds % 3600 == 0 and seconds:
        hours = seconds // 3600
        return f"{hours} hour{'' if hours == 1 else 's'}"
    return f"{seconds} seconds"
