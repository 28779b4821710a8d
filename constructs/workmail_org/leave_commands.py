"""The commands of `workmail-org leave`."""

from __future__ import annotations

import contextlib
import os
import pathlib
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from workmail_org.arguments import NamedPath, only_option, root_option
from workmail_org.leaving.model import Destination
from workmail_org.leaving.options import UserFormat
from workmail_org.spec import building
from workmail_org.spec.characters import escape

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from workmail_org.exporting.model import Exported
    from workmail_org.leaving.model import File
    from workmail_org.leaving.options import MoveOptions
    from workmail_org.leaving.passwords import PasswordBook
    from workmail_org.leaving.reporting import LiveMailbox, Looked
    from workmail_org.model.organization import Environment, Organization
    from workmail_org.model.values import Reference
    from workmail_org.service.clients import Clients

_OFFLINE = "exports were not looked at (--offline)"

_spec_argument = click.argument("spec", type=NamedPath(path_type=pathlib.Path))
_output_option = partial(
    click.option, "--output", required=True, type=NamedPath(path_type=pathlib.Path)
)


@click.group()
def leave() -> None:
    """Leave WorkMail with everything accounted for.

    Amazon WorkMail ends on 2027-03-31, with all mailboxes.
    """


@leave.command()
@_spec_argument
@click.option(
    "--to",
    "destination",
    required=True,
    type=click.Choice([each.value for each in Destination]),
    help="Where the organization goes.",
)
@_output_option(help="New or empty folder; with several organizations each has a folder in it.")
@only_option
@root_option
@click.option(
    "--imap-host",
    metavar="HOST",
    help="With --to imapsync: IMAP server of the new service.",
)
@click.option(
    "--workmail-passwords",
    type=NamedPath(dir_okay=False, exists=True, path_type=pathlib.Path),
    help="CSV with the columns address and password: valid in WorkMail. Others are made.",
)
@click.option(
    "--destination-passwords",
    type=NamedPath(dir_okay=False, exists=True, path_type=pathlib.Path),
    help="CSV with the columns address and password: for the new service. Others are made.",
)
@click.option(
    "--usage-location",
    metavar="CODE",
    help="With --to microsoft365: ISO 3166 code of the country, such as DE, for licences.",
)
@click.option(
    "--user-format",
    type=click.Choice([each.value for each in UserFormat]),
    default=UserFormat.ENTRA.value,
    show_default=True,
    help="With --to microsoft365: file for Entra's bulk creation or for the admin center.",
)
def files(
    spec: pathlib.Path,
    destination: str,
    output: pathlib.Path,
    only: str | None,
    root: pathlib.Path | None,
    imap_host: str | None,
    workmail_passwords: pathlib.Path | None,
    destination_passwords: pathlib.Path | None,
    usage_location: str | None,
    user_format: str,
) -> None:
    """Write the files that a destination's importers take.

    Every address, member, right, rule and setting of the spec is in one of the files, is left to
    you with what to do, or is lost with the reason: ledger.csv lists each once. What is in WorkMail
    and not in the spec is in none: workmail-org drift names it. Needs no credentials. Files with
    passwords are in the folder secret, for you alone.
    """
    from workmail_org.leaving.folder import write_folder
    from workmail_org.leaving.options import MoveOptions
    from workmail_org.leaving.password_rules import find_rule
    from workmail_org.leaving.passwords import PasswordBook, Side, load_passwords

    to = Destination(destination)
    _check_options(to, imap_host, usage_location, user_format)
    environment = building.load_environment(spec, root=root)
    chosen = choose(environment, only)
    given: dict[Side, dict[str, str]] = {}
    if workmail_passwords:
        given[Side.WORKMAIL] = load_passwords(workmail_passwords)
    if destination_passwords:
        given[Side.DESTINATION] = load_passwords(destination_passwords, partial(find_rule, to))
    written: list[File] = []
    lines: list[str] = []
    books = [PasswordBook(given=given) for _ in chosen]
    for organization, book in zip(chosen, books, strict=True):
        options = MoveOptions(
            passwords=book,
            user_format=UserFormat(user_format),
            usage_location=usage_location,
            imap_host=imap_host,
        )
        folder = "" if len(chosen) == 1 else f"{organization.key}/"
        line, made = _write_files(organization, to, options)
        lines.append(line)
        written += _put_below(folder, made)
    write_folder(output, written)
    for line in (*_list_unused(chosen, books), *lines):
        click.echo(escape(line))
    click.echo(escape(f"wrote {output}; begin with README.md"))


def _list_unused(
    organizations: Sequence[Organization], books: Sequence[PasswordBook]
) -> Iterator[str]:
    """Report passwords that no file needed: a mistyped address gets a new one made."""
    from workmail_org.model.values import fold
    from workmail_org.spec.suggesting import nearest

    known = [fold(user.email) for each in organizations for user in each.users if user.email]
    first, *others = [{*each.list_unused()} for each in books]
    for side, address in sorted(first.intersection(*others)):
        if address in known:
            why = "no file needs it"
        else:
            near = nearest(address, known)
            why = "no user has this primary address"
            why += f"; did you mean {near}?" if near else ""
        yield f"note: the {side} password of {address} is not used: {why}"


def choose(environment: Environment, only: str | None) -> tuple[Organization, ...]:
    """Return the organizations that are wanted.

    Raises:
        BadParameter: The spec does not have the one that is named.
    """
    chosen = tuple(each for each in environment.organizations if only in (None, each.key))
    if not chosen:
        known = ", ".join(each.key for each in environment.organizations)
        raise click.BadParameter(
            f"{only!r} is not declared; declared are {known}", param_hint="--organization"
        )
    return chosen


def _check_options(
    to: Destination, imap_host: str | None, usage_location: str | None, user_format: str
) -> None:
    from workmail_org.leaving.quoting import fits_imapsync

    if to is Destination.IMAPSYNC and imap_host is None:
        raise click.UsageError(
            "--to imapsync needs --imap-host, the IMAP server of the new service"
        )
    if imap_host is not None and to is not Destination.IMAPSYNC:
        raise click.UsageError(f"--imap-host is for --to imapsync, not for {to}")
    if imap_host is not None and not fits_imapsync(imap_host):
        raise click.BadParameter(f"{imap_host!r} is not a host name", param_hint="--imap-host")
    microsoft = to is Destination.MICROSOFT365
    if not microsoft and (usage_location is not None or user_format != UserFormat.ENTRA.value):
        raise click.UsageError(
            f"--usage-location and --user-format are for --to microsoft365, not for {to}"
        )
    if usage_location is not None and not (
        len(usage_location) == 2 and usage_location.isascii() and usage_location.isupper()
    ):
        raise click.BadParameter(
            f"{usage_location!r} is not a code of a country: two capital letters, such as DE",
            param_hint="--usage-location",
        )


def _write_files(
    organization: Organization, to: Destination, options: MoveOptions
) -> tuple[str, list[File]]:
    """Write the files of one organization; return them after a line that sums them up."""
    from workmail_org.leaving.folder import SECRET
    from workmail_org.leaving.model import TITLES, File, Placement
    from workmail_org.leaving.moving import move
    from workmail_org.leaving.placing import render_ledger
    from workmail_org.reports.leave_readme import render_readme

    moved = move(organization, to, options)
    made = [*moved.files]
    if passwords := options.passwords.render():
        made.append(File(path=f"{SECRET}/passwords.csv", data=passwords, is_secret=True))
    made.append(File(path="ledger.csv", data=render_ledger(moved.entries)))
    readme = render_readme(
        moved, options.passwords, accounts_are_made=to is not Destination.IMAPSYNC
    )
    made.append(File(path="README.md", data=readme.encode()))
    sums = ", ".join(f"{moved.count(each)} {each.value}" for each in Placement)
    line = f"{organization.key} to {TITLES[to]}: {len(moved.entries)} items, {sums}"
    return line, made


def _put_below(folder: str, files: Iterable[File]) -> list[File]:
    from dataclasses import replace

    return [replace(each, path=f"{folder}{each.path}") for each in files]


@leave.command()
@_spec_argument
@click.option(
    "--to",
    "destination",
    required=True,
    type=click.Choice(["microsoft365", "google", "zoho"]),
    help="Where the domains go.",
)
@click.option(
    "--records",
    "given",
    multiple=True,
    type=NamedPath(dir_okay=False, exists=True, path_type=pathlib.Path),
    help="What the destination wants: YAML, or JSON of Microsoft Graph. Can be repeated.",
)
@click.option(
    "--zone",
    "zones",
    multiple=True,
    type=NamedPath(dir_okay=False, exists=True, path_type=pathlib.Path),
    help="Zone file of a zone that is not in Route 53. Can be repeated.",
)
@click.option(
    "--hosted-zone",
    "hosted",
    metavar="ID",
    multiple=True,
    help="Hosted zone of Route 53, where several have the name of a domain. Can be repeated.",
)
@click.option(
    "--before",
    "former",
    multiple=True,
    type=NamedPath(exists=True, path_type=pathlib.Path),
    help="Folder of the first run, or zone file of before step 1. Can be repeated.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["route53", "bind", "octodns", "dnscontrol"]),
    default="route53",
    show_default=True,
    help="Tool that manages the zones.",
)
@click.option(
    "--domain", "wanted", multiple=True, metavar="NAME", help="This domain alone. Can be repeated."
)
@click.option(
    "--keep-ses", is_flag=True, help="Keep in step 4 what other applications need that send by SES."
)
@_output_option(help="New or empty folder; a zone has a file in each step's folder.")
@only_option
@root_option
def dns(
    spec: pathlib.Path,
    destination: str,
    given: tuple[pathlib.Path, ...],
    zones: tuple[pathlib.Path, ...],
    hosted: tuple[str, ...],
    former: tuple[pathlib.Path, ...],
    form: str,
    wanted: tuple[str, ...],
    keep_ses: bool,
    output: pathlib.Path,
    only: str | None,
    root: pathlib.Path | None,
) -> None:
    """Write the DNS changes of a move, in four steps and a rollback.

    Reads what the zones have now, from Route 53 or from files. You give the records that the
    destination wants: nothing is guessed, and for a missing value the source is named. Changes
    nothing.
    """
    from workmail_org.errors import InputError
    from workmail_org.leaving.dns.former import load_former
    from workmail_org.leaving.dns.reading import read_zones
    from workmail_org.leaving.dns.steps import plan_steps
    from workmail_org.leaving.dns.wanted import list_strange, load_wanted
    from workmail_org.leaving.dns.writing import Format, write_steps
    from workmail_org.leaving.folder import write_folder
    from workmail_org.model.values import fold

    to = Destination(destination)
    environment = building.load_environment(spec, root=root)
    chosen = choose(environment, only)
    regions = {
        fold(domain.name): organization.region
        for organization in chosen
        for domain in organization.domains
    }
    moving = _choose_domains(regions, wanted)
    if problems := list(_refuse_deleted(environment, chosen, moving)):
        raise InputError(problems)
    asked = load_wanted(given, to, moving, others=regions)
    known = load_former(former) if former else None
    domains = [each for organization in chosen for each in organization.domains]
    held = read_zones([each for each in domains if fold(each.name) in moving], zones, hosted)
    owned = {fold(domain): said for domain, said in _list_owned(environment, chosen)}
    plans = [
        plan_steps(
            each.zone,
            [asked[name] for name in each.domains],
            regions,
            keeps_ses=keep_ses,
            given=known,
            notes=(
                *each.notes,
                *(note for name in each.domains for note in list_strange(asked[name], to)),
                *(owned[name] for name in each.domains if name in owned),
            ),
        )
        for each in held
    ]
    problems = [problem for _, found in plans for problem in found]
    if problems:
        raise InputError(problems)
    written = write_steps([steps for steps, _ in plans], Format(form), to)
    write_folder(output, written)
    for steps, _ in plans:
        for note in steps.notes:
            click.echo(escape(f"note: {note}"))
        place = f"hosted zone {steps.zone.id}" if steps.zone.id else "zone file"
        moved = ", ".join(steps.domains)
        back = "no rollback" if steps.not_rolled_back else "a rollback"
        click.echo(escape(f"{steps.zone.name} ({place}): 4 steps and {back} for {moved}"))
    click.echo(escape(f"wrote {output}; begin with README.md"))


def _list_owned(
    environment: Environment, organizations: Iterable[Organization]
) -> Iterator[tuple[str, str]]:
    """List the domains whose records a stack wrote, with what that means for the move."""
    from workmail_org.plan.declarations import name_stack

    for organization in organizations:
        for domain in organization.domains:
            if domain.dns and domain.dns.written:
                stack = name_stack(environment, organization)
                yield (
                    domain.name,
                    f"{domain.name}: stack {stack} wrote records of this domain. Deploy the spec "
                    "as it is before step 1: the records then stay as the steps make them, "
                    "whatever becomes of the stack",
                )


def _refuse_deleted(
    environment: Environment, organizations: Iterable[Organization], moving: Collection[str]
) -> Iterator[str]:
    """Refuse domains whose records would go with the stack, those of the destination included."""
    from workmail_org.model.values import fold

    for organization in organizations:
        if organization.keeps_domains:
            continue
        for name, _ in _list_owned(environment, [organization]):
            if fold(name) in moving:
                yield (
                    f"{name}: the stack wrote records of this domain, and deletes them when it is "
                    "destroyed, those of the destination too: set on_removal: {domains: retain} "
                    f"for {organization.key}, deploy, and write the files then"
                )


def _choose_domains(known: Iterable[str], wanted: Iterable[str]) -> list[str]:
    from workmail_org.model.values import fold

    names = list(known)
    chosen = [fold(each).removesuffix(".") for each in wanted]
    for each in chosen:
        if each not in names:
            declared = ", ".join(names) or "none"
            raise click.BadParameter(
                f"{each!r} is not declared; declared are {declared}", param_hint="--domain"
            )
    if not names:
        raise click.UsageError("the organization has no domain of its own: no record changes")
    return chosen or names


@leave.command()
@click.argument("spec", type=NamedPath(path_type=pathlib.Path), required=False)
@click.option(
    "--to",
    "destination",
    type=click.Choice([each.value for each in Destination]),
    help="Destination of which all items are listed; by default all are compared.",
)
@only_option
@root_option
@click.option(
    "--offline", is_flag=True, help="Ask nothing of AWS: how far the exports are is not known then."
)
@click.option("--region", help="Without SPEC: region of a live organization.")
@click.option("--alias", help="Without SPEC: alias of a live organization.")
@click.option(
    "--sign-ins",
    "logs",
    multiple=True,
    type=NamedPath(dir_okay=False, exists=True, path_type=pathlib.Path),
    help="Audit log, as aws logs filter-log-events prints it. Can be repeated.",
)
@click.option(
    "--price",
    metavar="USD",
    help="For each user and month; by default 4.00.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="For people, for programs, or as a page that prints.",
)
@click.option(
    "--output",
    type=NamedPath(dir_okay=False, path_type=pathlib.Path),
    help="Write to this file instead; the result still goes to standard output.",
)
def report(
    spec: pathlib.Path | None,
    destination: str | None,
    only: str | None,
    root: pathlib.Path | None,
    offline: bool,
    region: str | None,
    alias: str | None,
    logs: tuple[pathlib.Path, ...],
    price: str | None,
    form: str,
    output: pathlib.Path | None,
) -> None:
    """Report how far an organization is on its way out.

    Days left, what blocks, what becomes of every address, member, right, rule and setting, what it
    costs until the end, what stays, and the order of the teardown. A spec needs credentials only
    where it declares exports, whose journal is read, and not with --offline; an organization that
    is live is read.
    """
    from workmail_org.leaving.reporting import Looked, build_report
    from workmail_org.leaving.signing_in import load_sign_ins
    from workmail_org.plan.costs import CENTS_PER_MAILBOX
    from workmail_org.reports import leave_reports, leave_text

    if spec is not None and (region or alias):
        raise click.UsageError("give SPEC, or --region and --alias, not both")
    if offline and spec is None:
        raise click.UsageError("--offline is for a SPEC: an organization that is live is read")
    cents = CENTS_PER_MAILBOX if price is None else _parse_price(price)
    deadlines: Mapping[Reference, datetime] = {}
    stacks: Mapping[str, str | None] | None = None
    if spec:
        environment = building.load_environment(spec, root=root)
        chosen = choose(environment, only)
        looked = (
            Looked(exports={each.key: _OFFLINE for each in chosen if each.exports})
            if offline
            else _read_exports(environment, chosen)
        )
    else:
        environment, deadlines, stacks, looked = _read_live(region, alias)
    built = build_report(
        environment,
        choose(environment, only),
        spec=str(spec) if spec else "",
        today=tell_day(),
        destinations=[Destination(destination)] if destination else [*Destination],
        deadlines=deadlines,
        looked=looked,
        stacks=stacks,
        sign_ins=load_sign_ins(logs) if logs else None,
        cents_per_month=cents,
    )
    text = leave_reports.render(built, form)
    if output is None:
        click.echo(text)
        return
    _write_report(output, text)
    click.echo(escape(leave_text.render_result(built)))


def tell_day() -> date:
    """Return today, in UTC."""
    return datetime.now(tz=UTC).date()


def _parse_price(price: str) -> int:
    """Return US cents."""
    from decimal import Decimal, InvalidOperation

    try:
        cents = Decimal(price) * 100
    except InvalidOperation:
        cents = Decimal("NaN")
    if not cents.is_finite() or cents < 0 or cents != int(cents):
        raise click.BadParameter(
            f"{price!r} is not an amount in USD such as 4.00", param_hint="--price"
        )
    return int(cents)


def _read_exports(environment: Environment, organizations: Sequence[Organization]) -> Looked:
    """Read of each organization that declares exports its journal, and who has a mailbox."""
    from workmail_org.errors import NotFoundError, TemporaryError
    from workmail_org.exporting.journal import Journal, read
    from workmail_org.leaving.looking import explain_no_exports, list_receiving
    from workmail_org.leaving.reporting import Looked
    from workmail_org.plan.declarations import name_stack
    from workmail_org.service.clients import PATIENT, make_clients, make_route53
    from workmail_org.service.templates import read_stack
    from workmail_org.wire.properties import ResourceType

    found: dict[str, Sequence[Exported] | str] = {}
    present: dict[str, Sequence[LiveMailbox]] = {}
    deleting: set[str] = set()
    receiving: dict[str, Sequence[str]] = {}
    for organization in organizations:
        if organization.exports is None:
            continue
        clients = make_clients(organization.region, config=PATIENT)
        stack = name_stack(environment, organization)
        deployed = read_stack(clients, stack)
        if deployed is None:
            reason = explain_no_exports(stack, organization.region, deployed)
            found[organization.key] = f"{reason}, so its journal was not read"
            continue
        if not _keeps_records(deployed.template):
            deleting.add(organization.key)
        if deployed.journal is None:
            found[organization.key] = explain_no_exports(stack, organization.region, deployed)
            continue
        identity = deployed.find_physical_id(ResourceType.ORGANIZATION) or ""
        try:
            present[organization.key] = _list_present(clients, identity)
        except (NotFoundError, TemporaryError) as error:  # it was deleted
            found[organization.key] = f"WorkMail does not say who has a mailbox: {error}"
            continue
        found[organization.key] = tuple(read(Journal(clients.dynamodb, deployed.journal)))
        receiving[organization.key] = list_receiving(organization, make_route53())
    return Looked(
        exports=found,
        present=present,
        deletes_records=frozenset(deleting),
        receiving=receiving,
    )


def _list_present(clients: Clients, organization_id: str) -> tuple[LiveMailbox, ...]:
    """List everybody who has a mailbox, also who is switched off since less than 30 days."""
    from workmail_org.exporting.jobs import read_time
    from workmail_org.exporting.running import choose_rows
    from workmail_org.leaving.reporting import LiveMailbox
    from workmail_org.service.reading import list_resources, list_users
    from workmail_org.service.workmail import WorkMail

    workmail = WorkMail(clients.workmail, organization_id)
    now = read_time(workmail)
    rows = choose_rows([*list_users(workmail), *list_resources(workmail)], (), now=now)
    return tuple(
        LiveMailbox(id=row.id, reference=row.reference, deadline=row.deadline) for row in rows
    )


def _keeps_records(template: Mapping[str, Any]) -> bool:
    """Return whether every DNS record of a deployed stack outlives it."""
    return all(
        str(each.get("DeletionPolicy", "")).startswith("Retain")
        for each in template.get("Resources", {}).values()
        if each.get("Type") == "AWS::Route53::RecordSet"
    )


def _read_journal(clients: Clients, stack: str) -> tuple[Exported, ...] | None:
    """Read the journal of a stack; `None`: it has none, or is not there."""
    from workmail_org.errors import NotFoundError
    from workmail_org.exporting.journal import open_journal, read

    try:
        journal = open_journal(clients, stack)
    except NotFoundError:  # never deployed
        return None
    return tuple(read(journal)) if journal else None


def _read_live(
    region: str | None, alias: str | None
) -> tuple[
    Environment,
    Mapping[Reference, datetime],
    Mapping[str, str | None],
    Looked,
]:
    """Read a live organization as a spec would declare it.

    Returns:
        It, when mailboxes are erased, the stack that manages it by its tag, and who has a mailbox,
        with that stack's journal of exports.
    """
    from workmail_org.describing import describe, leave_out_defaults
    from workmail_org.errors import NotFoundError
    from workmail_org.leaving.reporting import Looked
    from workmail_org.model.organization import Environment
    from workmail_org.service.clients import PATIENT, make_clients
    from workmail_org.service.directories import DirectoryService
    from workmail_org.service.reading import find_organization
    from workmail_org.service.snapshot import read_snapshot
    from workmail_org.service.workmail import WorkMail
    from workmail_org.wire.names import OWNER_TAG

    if not region or not alias:
        raise click.UsageError("give SPEC, or --region and --alias of a live organization")
    clients = make_clients(region, config=PATIENT)
    found = find_organization(WorkMail(clients.workmail), alias)
    snapshot = found and read_snapshot(
        WorkMail(clients.workmail, found),
        DirectoryService(clients.directory_service),
        region,
        with_disabled=True,
    )
    if not snapshot:
        raise NotFoundError(f"no organization with the alias {alias} is in {region}")
    described = leave_out_defaults(describe(snapshot))
    stack = snapshot.organization.tags.get(OWNER_TAG)
    entries = _read_journal(clients, stack) if stack else None
    return (
        Environment(name=alias, organizations=(described,)),
        snapshot.deadlines,
        {described.key: stack},
        Looked(
            exports={} if entries is None else {described.key: entries},
            present={described.key: _list_present(clients, found)} if found else {},
        ),
    )


def _write_report(path: pathlib.Path, text: str) -> None:
    from workmail_org.errors import FolderError

    # Whole or not at all: a report of before stays until the new one is written.
    is_special = path.exists() and not path.is_file()  # a pipe, or a terminal
    target = path if is_special else path.resolve()
    draft = target if is_special else target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.write_text(text + "\n", encoding="utf-8")
        if not is_special:
            draft.replace(target)
    except OSError as error:
        if not is_special:
            with contextlib.suppress(OSError):
                draft.unlink()
        reason = (error.strerror or str(error)).lower()
        raise FolderError(f"{path} cannot be written: {reason}") from error
