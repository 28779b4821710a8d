"""Looking: the deployed template and what is live, read from AWS; twice, before it is drift.

WorkMail is eventually consistent, and a deployment or a person may be at work while somebody looks.
So whatever says that something was changed by hand has to be there in two readings that follow each
other, some seconds apart. What does not settle is unreadable. What AWS refuses is unreadable too,
and the rest is looked at all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, cast

from workmail_org.differences.finding import PRESENT
from workmail_org.drift.classifying import Look, classify, list_undeclared
from workmail_org.drift.describing_deployed import describe_deployed
from workmail_org.drift.ignoring import apply_ignores
from workmail_org.drift.model import DRIFTED, Drift, OrganizationDrift, Row, RowClass
from workmail_org.errors import ServiceError, SpecError, WireError
from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.live import Snapshot
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.user import User
from workmail_org.model.values import Kind, Reference, fold, parse_reference
from workmail_org.plan.declarations import decode_template, name_stack
from workmail_org.service.accounts import read_account, refuse_account
from workmail_org.service.clients import Clients, make_clients
from workmail_org.service.directories import DirectoryService
from workmail_org.service.ledger import DynamoDbLedger
from workmail_org.service.reading import list_organizations
from workmail_org.service.remembering import RememberingClient
from workmail_org.service.snapshot import Follow, follow_nothing, read_snapshot
from workmail_org.service.stacks import read_state
from workmail_org.service.templates import DeployedStack, load_outside, read_stack
from workmail_org.service.workmail import WorkMail
from workmail_org.spec.problems import Path
from workmail_org.wire.names import OWNER_TAG, TAKEN_OVER_TAG
from workmail_org.wire.properties import ResourceType

_READINGS = 3
"""Of one organization at most. Two that agree are enough; a change in between takes a third."""

_PAUSE_SECONDS = 5.0
"""Between two readings. How long WorkMail takes to show a change everywhere is not documented; of
the delays that were measured most are below five seconds (facts.md §10)."""

_ROLLED_BACK = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
"""Statuses of a stack whose first deployment failed (CloudFormation API, Stack)."""

_MOST_OUTAGES = 20
"""Calls without an answer after which an organization is unreadable. Each has six attempts and
takes 16 seconds on average, eight at a time: one mailbox that is broken is still one row."""

_MOST_FIELDS = 10
"""Of profiles that a note names; a guess at what a person reads."""

_PENDING = Row(path=(), row_class=RowClass.PENDING, spec=PRESENT)
"""The organization is declared, and not deployed yet."""


OpenClients = Callable[[str], Clients]
"""Makes the clients of a region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What looking needs of the world.

    Attributes:
        open_clients: Makes clients.
        sleep: Waits for so many seconds.
        follow: Told how far a reading is.
        read_account: Returns the account of the credentials, asked in a region.
        tell_day: Returns today, in UTC.
    """

    open_clients: OpenClients = make_clients
    sleep: Callable[[float], None] = time.sleep
    follow: Follow = follow_nothing
    read_account: Callable[[str], str] = read_account
    tell_day: Callable[[], date] = lambda: datetime.now(tz=UTC).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """One deployed organization that is looked at.

    Attributes:
        stack: ARN, so that a stack that is made again is another one.
        owner: What the tag of ownership has to say.
        client: Of WorkMail: asks twice only about those who differ.
    """

    spec: Organization
    deployed: Organization
    stack: str
    owner: str
    clients: Clients
    client: RememberingClient
    workmail: WorkMail
    ledger: DynamoDbLedger | None


def look_for_drift(
    environment: Environment,
    spec: str,
    surroundings: Surroundings | None = None,
    *,
    only: str | None = None,
    beside_plan: bool = False,
) -> Drift:
    """Compare what a spec says with what is deployed and what is live.

    Args:
        environment: That the spec declares.
        spec: As the caller named it.
        surroundings: `None`: AWS.
        only: Spec key of the one organization that matters; `None`: all.
        beside_plan: A plan tells what is made for the first time: that there is no stack is
            said, and nothing that could not be looked at.

    Raises:
        SpecError: The organization that is asked for is not declared, or the spec is for
            another account.
        ServiceError: AWS refuses to show anything at all.
    """
    world = surroundings or Surroundings()
    wanted = _choose(environment, spec, only)
    if environment.account is not None:
        refuse_account(spec, environment.account, world.read_account(wanted[0].region))
    found = {each.key: _Reading() for each in wanted}
    for organization in wanted:
        _open(environment, organization, world, found[organization.key])
    for number in range(_READINGS):
        open_ = [each for each in found.values() if each.subject and not each.is_settled]
        if not open_:
            break
        if number:
            world.sleep(_PAUSE_SECONDS)
        for reading in open_:
            _read(reading, world.follow)
    refused = [each.refused for each in found.values()]
    if refused and all(refused):
        raise next(error for error in refused if error)
    if beside_plan:
        for reading in found.values():
            reading.tell_absence()
    today = world.tell_day()
    ignored = {
        each.key: apply_ignores(
            found[each.key].finish(),
            each.drift,
            today,
            looked=found[each.key].subject is not None,
        )
        for each in wanted
    }
    return Drift(
        environment=environment.name,
        spec=spec,
        organizations=tuple(
            OrganizationDrift(
                key=each.key,
                stack=name_stack(environment, each),
                region=each.region,
                alias=each.alias,
                rows=ignored[each.key].rows,
                notes=(*found[each.key].notes, *ignored[each.key].notes),
            )
            for each in wanted
        ),
    )


@dataclass(slots=True)
class _Reading:
    """How far one organization is looked at.

    Attributes:
        subject: `None`: there is nothing to look at, or it cannot be.
        rows: Of the last reading.
        is_settled: Whether no further reading would say more.
        refused: AWS refused to show anything of it.
        notes: What else there is to know.
        is_absent: There is no stack.
    """

    subject: _Subject | None = None
    rows: tuple[Row, ...] = ()
    is_settled: bool = False
    refused: ServiceError | None = None
    notes: tuple[str, ...] = ()
    is_absent: bool = False
    readings: int = 0
    previous: frozenset[tuple[Path, RowClass, str]] | None = None

    def take(self, rows: tuple[Row, ...]) -> None:
        """Take the rows of one more reading."""
        self.previous = _list_drifted(self.rows) if self.readings else None
        self.readings += 1
        self.rows = rows
        drifted = _list_drifted(rows)
        self.is_settled = not drifted or (self.previous is not None and drifted <= self.previous)

    def tell_absence(self) -> None:
        """Make a note of it that there is no stack, and no row."""
        if self.is_absent:
            self.notes = (*self.notes, *(each.reason for each in self.rows if each.reason))
            self.rows = ()

    def finish(self) -> tuple[Row, ...]:
        """Return the rows; what differs between readings is unreadable."""
        if self.is_settled or not self.subject:
            return self.rows
        known = self.previous or frozenset()
        return tuple(
            each
            if each.row_class not in DRIFTED or _identify(each) in known
            else replace(
                each,
                row_class=RowClass.UNREADABLE,
                reason="it changes from one reading to the next: look again later",
            )
            for each in self.rows
        )


def _list_drifted(rows: tuple[Row, ...]) -> frozenset[tuple[Path, RowClass, str]]:
    return frozenset(_identify(each) for each in rows if each.row_class in DRIFTED)


def _identify(row: Row) -> tuple[Path, RowClass, str]:
    return row.path, row.row_class, repr(row.live)


def _choose(environment: Environment, spec: str, only: str | None) -> list[Organization]:
    keys = [each.key for each in environment.organizations]
    if only is not None and only not in keys:
        raise SpecError(
            [f'{spec}: no organization "{only}" is declared; declared: {", ".join(keys)}']
        )
    return [each for each in environment.organizations if only in (None, each.key)]


def _open(
    environment: Environment, organization: Organization, world: Surroundings, reading: _Reading
) -> None:
    """Read what is deployed of an organization."""
    try:
        clients = world.open_clients(organization.region)
        name = name_stack(environment, organization)
        stack = read_stack(clients, name)
        state = read_state(clients.cloudformation, stack.arn or name) if stack else None
        found = stack.find_physical_id(ResourceType.ORGANIZATION) if stack else None
        if stack is None:
            absence = _judge_absence(environment, organization, clients, name)
            reading.rows, reading.is_absent = (absence,), True
            return
        if found is None or (state and state.status in _ROLLED_BACK):
            reading.rows = (_PENDING,)
            return
        client = RememberingClient(clients.workmail)
        reading.subject = _Subject(
            spec=organization,
            deployed=_describe(clients, organization, name, stack),
            stack=stack.arn or name,
            owner=name,
            clients=clients,
            client=client,
            workmail=WorkMail(cast("Any", client), found),
            ledger=_open_ledger(clients, stack),
        )
    except (ServiceError, WireError) as error:
        _refuse(reading, error)


def _judge_absence(
    environment: Environment, organization: Organization, clients: Clients, stack: str
) -> Row:
    """Say what it means that there is no stack: not deployed yet, or another account.

    Aliases are unique over all of AWS, so whoever sees the organization looks into its account.

    Raises:
        ServiceError: WorkMail refuses.
    """
    live = list_organizations(WorkMail(clients.workmail))
    wanted = organization.existing
    is_there = any(
        each.id == wanted if wanted else fold(each.alias) == fold(organization.alias)
        for each in live
    )
    if is_there or (wanted is None and environment.account is not None):
        return _PENDING
    missing = f"organization {wanted}" if wanted else f"organization {organization.alias}"
    advice = (
        "check existing and region"
        if environment.account is not None
        else "check which account the credentials are of; if it is the right one, declare account"
        " in the spec"
    )
    return Row(
        path=(),
        row_class=RowClass.UNREADABLE,
        reason=f"neither stack {stack} nor {missing} is in {organization.region} of this account:"
        f" {advice}",
    )


def _describe(
    clients: Clients, organization: Organization, name: str, stack: DeployedStack
) -> Organization:
    deployed = decode_template(
        organization.key,
        name,
        organization.region,
        stack.template,
        lambda bucket, key: load_outside(clients, stack, bucket, key),
    )
    return describe_deployed(deployed, organization)


def _open_ledger(clients: Clients, stack: DeployedStack) -> DynamoDbLedger | None:
    table = stack.ledger
    return DynamoDbLedger(clients.dynamodb, table) if table else None


def _refuse(reading: _Reading, error: ServiceError | WireError) -> None:
    reading.subject = None
    reading.refused = error if isinstance(error, ServiceError) else None
    reading.rows = (Row(path=(), row_class=RowClass.UNREADABLE, reason=str(error)),)


def _read(reading: _Reading, follow: Follow) -> None:
    """Read an organization once."""
    subject = reading.subject
    if subject is None:
        return
    state = read_state(subject.clients.cloudformation, subject.stack)
    if state and state.is_busy:
        reason = f"its stack is being changed ({state.status}): look again afterwards"
        reading.subject = None
        reading.rows = (Row(path=(), row_class=RowClass.UNREADABLE, reason=reason),)
        return
    try:
        live = read_snapshot(
            subject.workmail,
            DirectoryService(subject.clients.directory_service),
            subject.spec.region,
            follow=follow,
            is_tolerant=True,
            most_outages=_MOST_OUTAGES,
            without_quota=_list_without_quota(subject),
        )
    except ServiceError as error:
        _refuse(reading, error)
        return
    if live and live.organization.is_going:
        live = None
    unread: dict[Path, str] = {}
    removed = _read_removed(subject.ledger, live, unread) if live else frozenset[Reference]()
    look = Look(
        spec=subject.spec, deployed=subject.deployed, live=live, removed=removed, unread=unread
    )
    missing = (
        (
            *_list_remade(subject, live, unread),
            *_list_closed(subject, live),
            *_list_tags(subject, live),
        )
        if live
        else ()
    )
    reading.notes = tuple(_write_notes(look))
    rows = (*missing, *classify(look))
    if live:
        subject.client.forget(_find_ids(rows, live))
    reading.take(rows)


def _list_without_quota(subject: _Subject) -> frozenset[str]:
    """List, by folded name, whose quota nobody declares: it is not compared."""
    declared = (*subject.spec.users, *subject.deployed.users)
    names = {fold(each.name) for each in declared}
    return frozenset(names - {fold(e.name) for e in declared if e.quota_megabytes is not None})


def _find_ids(rows: Iterable[Row], live: Snapshot) -> Iterator[str]:
    """Find the ids of those whom rows are about, so that the next reading asks about them."""
    sections = {f"{kind}s": live.people.get_kind(kind) for kind in Kind}
    for row in rows:
        match row.path:
            case ("permissions", str(name), *_):
                mailbox = parse_reference(name.partition(" for ")[0])
                found = live.people.find(mailbox)
            case (str(section), str(name), *_) if section in sections:
                found = sections[section].get(fold(name))
            case _:
                found = None
        if found:
            yield found.id


def _write_notes(look: Look) -> Iterator[str]:
    """Name fields that are not compared although something is in them."""
    fields = list_undeclared(look)
    if fields:
        shown = ", ".join(fields[:_MOST_FIELDS])
        more = f" and {len(fields) - _MOST_FIELDS} more" if len(fields) > _MOST_FIELDS else ""
        yield f"live and not declared, so not compared: {shown}{more}"


def _list_tags(subject: _Subject, live: Snapshot) -> Iterator[Row]:
    """List the tags that say which stack manages the organization, where they do not."""
    wanted = {OWNER_TAG: subject.owner}
    if subject.deployed.existing:
        wanted[TAKEN_OVER_TAG] = "true"
    for tag, value in wanted.items():
        found = live.organization.tags.get(tag)
        if found != value:
            yield Row(
                path=("tags", tag),
                row_class=RowClass.DRIFT,
                spec=value,
                deployed=value,
                live=found,
            )


def _list_remade(subject: _Subject, live: Snapshot, unread: Mapping[Path, str]) -> Iterator[Row]:
    """List who was deployed and deleted by hand, though somebody made another of that name."""
    if subject.ledger is None or ("ledger",) in unread:
        return
    deployed = subject.deployed
    everybody: tuple[User | Group | Bookable, ...] = (
        *deployed.users,
        *deployed.groups,
        *deployed.resources,
    )
    declared = {each.reference.folded: each.name for each in everybody}
    for kind in Kind:
        for reference, entry in subject.ledger.read(kind).items():
            found = live.people.find(reference)
            if entry.removed_at or not entry.id or not found or reference not in declared:
                continue
            if found.id != entry.id:
                path = (f"{kind}s", declared[reference])
                yield Row(path=path, row_class=RowClass.GONE, spec=PRESENT, deployed=PRESENT)


def _list_closed(subject: _Subject, live: Snapshot) -> Iterator[Row]:
    """List rules that every organization has, where none is left: then nobody gets in."""
    for name in ("access_control", "mobile_devices"):
        path = ("policies", name)
        declared = getattr(subject.spec.policies, name) or getattr(subject.deployed.policies, name)
        if not declared and not getattr(live.settings, name) and path not in live.unread:
            yield Row(path=path, row_class=RowClass.GONE, deployed=PRESENT)


def _read_removed(
    ledger: DynamoDbLedger | None, live: Snapshot, unread: dict[Path, str]
) -> frozenset[Reference]:
    """Read whom the stack removed; an entry whose entity was made anew by others does not count."""
    if ledger is None:
        return frozenset()
    try:
        entries = [entry for kind in Kind for entry in ledger.read(kind).values()]
    except ServiceError as error:
        unread["ledger",] = str(error)
        return frozenset()
    ids: Mapping[Reference, str] = {
        found.entity.reference.folded: found.id
        for kind in Kind
        for found in live.people.get_kind(kind).values()
    }
    return frozenset(
        entry.reference.folded
        for entry in entries
        if entry.removed_at and entry.id in (None, ids.get(entry.reference.folded))
    )
