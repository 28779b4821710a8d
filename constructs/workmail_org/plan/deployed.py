"""Deployed: what plans compare with when it is read from AWS; nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from workmail_org.changes.directories import refuse_existing
from workmail_org.changes.organizations import (
    decide_organization,
    describe_missing,
    describe_taken_alias,
)
from workmail_org.errors import ServiceError
from workmail_org.exporting import journal
from workmail_org.exporting.deciding import find_verified
from workmail_org.exporting.journal import Journal
from workmail_org.kinds import DEFAULT_DOMAIN, SETTINGS
from workmail_org.model.domain import LiveZone
from workmail_org.model.live import LiveDirectory, LiveSettings, People, Snapshot
from workmail_org.model.organization import Environment
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.values import Kind, Reference, fold
from workmail_org.plan.actual import Actual, predict
from workmail_org.plan.bases import Base, DeployedState
from workmail_org.plan.declarations import Declaration, Zone, declare, decode_template
from workmail_org.plan.expectations import ask_live_rules
from workmail_org.plan.zoning import list_questions, note, refuse
from workmail_org.service import reading
from workmail_org.service.clients import Clients, make_clients, make_route53
from workmail_org.service.directories import DirectoryService
from workmail_org.service.kept import read_kept
from workmail_org.service.ledger import DynamoDbLedger, Ledger, Origin, get_valid, list_known
from workmail_org.service.reading import Listed
from workmail_org.service.snapshot import SnapshotReader
from workmail_org.service.templates import DeployedStack, load_outside, read_stack
from workmail_org.service.workmail import WorkMail
from workmail_org.service.zones import read_zone
from workmail_org.wire.names import OWNER_TAG
from workmail_org.wire.properties import OrganizationProperties, ResourceType

OpenClients = Callable[[str], Clients]
"""Makes the clients of a region."""

OpenRoute53 = Callable[[], Any]
"""Makes the client of Route 53, which is the same for all regions."""


def read_deployed(
    environment: Environment, *, only: str | None = None, open_clients: OpenClients = make_clients
) -> Base:
    """Read what CloudFormation has deployed of an environment.

    Args:
        environment: Of the spec; a stack that it does not declare is not seen.
        only: Spec key of the one organization that matters; `None`: all.
        open_clients: Makes clients.

    Raises:
        ServiceError: AWS refuses.
        WireError: A stack is none of ours.
    """
    stacks: dict[str, DeployedState] = {}
    for desired in _declare_all(environment, only):
        clients = open_clients(desired.region)
        stack = read_stack(clients, desired.stack)
        if stack:
            declaration = _decode(clients, desired, stack)
            stacks[desired.stack] = DeployedState(
                declaration=declaration, actual=predict(declaration)
            )
    return Base(name="what is deployed", stacks=stacks)


def read_live(
    environment: Environment,
    *,
    only: str | None = None,
    open_clients: OpenClients = make_clients,
    snapshots: Mapping[str, Snapshot] | None = None,
    open_route53: OpenRoute53 = make_route53,
) -> Base:
    """Read what is deployed of an environment, and what is live.

    Args:
        environment: Of the spec; a stack that it does not declare is not seen.
        only: Spec key of the one organization that matters; `None`: all.
        open_clients: Makes clients.
        snapshots: What is live, by spec key, where it was read before, with members and
            delegates that are switched off; other organizations are read.
        open_route53: Makes the client of Route 53, if a hosted zone matters.

    Raises:
        ServiceError: AWS refuses.
        WireError: A stack is none of ours.
    """
    stacks: dict[str, DeployedState] = {}
    zones = _Zones(open_route53)
    organizations = {each.key: each for each in environment.organizations}
    for desired in _declare_all(environment, only):
        clients = open_clients(desired.region)
        stack = read_stack(clients, desired.stack)
        declaration = _decode(clients, desired, stack) if stack else None
        found = stack.find_physical_id(ResourceType.ORGANIZATION) if stack else None
        organization_id = (
            found or desired.organization.existing or _find_left(clients, desired.organization)
        )
        if organization_id is None:
            stacks[desired.stack] = zones.look(_look_around(clients, desired), desired)
            continue
        table = stack.ledger if stack else None
        ledger = DynamoDbLedger(clients.dynamodb, table) if table else None
        workmail = WorkMail(clients.workmail, organization_id)
        known_live = (snapshots or {}).get(desired.key)
        actual = (
            make_actual(known_live, ledger)
            if known_live
            else read_actual(workmail, ledger, declaration, desired)
        )
        if actual is None:
            stacks[desired.stack] = DeployedState(
                declaration=declaration,
                actual=Actual(),
                is_live=True,
                refusals=decide_organization(None, desired.organization, None).refusals
                or (describe_missing(organization_id, desired.region),),
            )
            continue
        known = stack.find_physical_id(ResourceType.DIRECTORY) if stack else None
        standing = DeployedState(
            declaration=declaration,
            actual=replace(
                actual,
                directory=_read_directory(clients, desired, known),
                exported=_read_exported(clients, desired, stack),
            ),
            is_live=True,
            notes=ask_live_rules(workmail, organizations[desired.key]),
        )
        stacks[desired.stack] = zones.look(standing, desired, workmail)
    return Base(name="what is live", stacks=stacks)


class _Zones:
    """Hosted zones, each read once, if what a stack writes or finds there matters."""

    def __init__(self, open_route53: OpenRoute53) -> None:
        self._open = open_route53
        self._client: Any = None
        self._read: dict[str, LiveZone | None] = {}

    def look(
        self, standing: DeployedState, desired: Declaration, workmail: WorkMail | None = None
    ) -> DeployedState:
        """Add what the zones of an organization's domains say.

        A zone that cannot be read refuses nothing: a deployment does not read it either.

        Args:
            standing: Its stack.
            desired: What is to be deployed.
            workmail: The organization, which says what records it wants; `None`: there is none.
        """
        before = standing.declaration
        previous = before.zones if before else dict[str, Zone]()
        questions = list_questions(
            desired.zones,
            desired.adopted,
            previous,
            keeps=bool(before and before.organization.keeps_records),
            settled=before.hosted - {*map(fold, previous)} if before else (),
        )
        for question in questions:
            if not question.matters:
                continue
            try:
                zone = self._get(question.hosted_zone_id)
            except ServiceError as error:
                said = (
                    f"whether records of {question.domain} are in hosted zone "
                    f"{question.hosted_zone_id} already is not known: {error}"
                )
                standing = replace(standing, notes=(*standing.notes, said), is_whole=False)
                continue
            if workmail is not None and question.domain in standing.actual.domains:
                domain = reading.read_domain(workmail, question.domain)
                question = replace(question, wanted=domain.records if domain else ())
            standing = replace(
                standing,
                refusals=(*standing.refusals, *refuse(question, zone)),
                notes=(*standing.notes, *note(question, zone)),
            )
        return standing

    def _get(self, zone_id: str) -> LiveZone | None:
        if zone_id not in self._read:
            if self._client is None:
                self._client = self._open()
            self._read[zone_id] = read_zone(self._client, zone_id)
        return self._read[zone_id]


def _read_exported(
    clients: Clients, desired: Declaration, stack: DeployedStack | None
) -> Mapping[str, float] | None:
    """Read whose mailbox has a verified export, and since when; `None`: no exports are declared."""
    if not desired.users.exports:
        return None
    if stack is None or stack.journal is None:
        return {}
    found = find_verified(journal.read(Journal(clients.dynamodb, stack.journal)))
    return {key: entry.exported_at or 0.0 for key, entry in found.items()}


def _look_around(clients: Clients, desired: Declaration) -> DeployedState:
    """Look at what a new organization would meet."""
    about = desired.organization
    everywhere = WorkMail(clients.workmail, "")
    refusals: tuple[str, ...] = ()
    if reading.is_alias_used_up(everywhere, about.alias):
        refusals += (describe_taken_alias(about.alias),)
    if about.directory_id and not desired.directory:
        refusals += refuse_existing(
            about.directory_id,
            DirectoryService(clients.directory_service).read(about.directory_id),
            about.alias,
        )
    return DeployedState(
        declaration=None,
        actual=Actual(directory=_read_directory(clients, desired, None)),
        refusals=refusals,
    )


def _read_directory(
    clients: Clients, desired: Declaration, known: str | None
) -> LiveDirectory | None:
    """Read the directory that the stack makes, or finds again as its handler does.

    Args:
        clients: Of its region.
        desired: What is to be deployed.
        known: Its id, if it is deployed.
    """
    declared = desired.directory
    if declared is None:
        return None
    service = DirectoryService(clients.directory_service)
    name = declared.directory.name or ""
    found = known or service.find_owned(OWNER_TAG, declared.owner, name)
    return service.read(found) if found else None


def _find_left(clients: Clients, desired: OrganizationProperties) -> str | None:
    """Find the organization with an alias: left by a stack of this name, or somebody else's."""
    return reading.find_organization(WorkMail(clients.workmail, ""), desired.alias)


def _declare_all(environment: Environment, only: str | None) -> list[Declaration]:
    return [
        declare(environment, each) for each in environment.organizations if only in (None, each.key)
    ]


def _decode(clients: Clients, desired: Declaration, stack: DeployedStack) -> Declaration:
    return decode_template(
        desired.key,
        desired.stack,
        desired.region,
        stack.template,
        lambda bucket, key: load_outside(clients, stack, bucket, key),
    )


def read_actual(
    workmail: WorkMail,
    ledger: Ledger | None,
    previous: Declaration | None,
    desired: Declaration,
) -> Actual | None:
    """Read the whole of one organization, and which of it is the stack's; `None`: it is gone.

    Args:
        workmail: The organization.
        ledger: Of its stack; `None`: nothing is the stack's.
        previous: What is deployed.
        desired: What is to be deployed.

    Raises:
        ServiceError: AWS refuses.
    """
    live = reading.read_tagged_organization(workmail)
    if live is None:
        return None
    reader = SnapshotReader(workmail)
    rows = reader.list(*Kind)
    noted = _read_ledger(ledger, rows)
    return Actual(
        organization=live,
        is_whole=True,
        domains=frozenset(
            fold(each["DomainName"]) for each in workmail.list("ListMailDomains", "MailDomains")
        ),
        people=_read_people(reader, desired),
        settings=_read_settings(reader, previous, desired, noted.get("kept_permissions", ())),
        **noted,
    )


def make_actual(live: Snapshot, ledger: Ledger | None) -> Actual:
    """Say what there is of one organization that was read whole, and which of it is the stack's.

    Args:
        live: With members and delegates that are switched off.
        ledger: Of its stack; `None`: nothing is the stack's.
    """
    rows = [
        Listed(
            id=found.id,
            reference=found.entity.reference,
            enabled=found.entity.enabled,
            email=found.entity.email,
        )
        for kind in Kind
        for found in live.people.get_kind(kind).values()
    ]
    return Actual(
        organization=live.organization,
        is_whole=True,
        domains=frozenset(map(fold, live.domains)),
        people=live.people,
        settings=live.settings,
        **_read_ledger(ledger, rows),
    )


def _read_ledger(ledger: Ledger | None, rows: Sequence[Listed]) -> dict[str, Any]:
    """Say, as fields of `Actual`, what a ledger answers for.

    An entry whose entity was deleted, and made anew by others, does not count.
    """
    if ledger is None:
        return {}
    read = {kind: ledger.read(kind) for kind in Kind}
    valid = {kind: get_valid(each, rows).values() for kind, each in read.items()}
    return {
        "owned": {
            kind: frozenset(e.reference.name for e in each if e.id and not e.removed_at)
            for kind, each in valid.items()
        },
        "known": {kind: frozenset(e.reference.name for e in each) for kind, each in valid.items()},
        "made": {
            kind: frozenset(e.reference.name for e in each if e.origin is Origin.CREATED)
            for kind, each in valid.items()
        },
        "kept": {
            kind: {e.reference.name: e.kept for e in each if e.kept} for kind, each in valid.items()
        },
        "kept_permissions": read_kept(ledger),
        "ledger": {kind: list_known(each) for kind, each in read.items()},
    }


def _read_people(reader: SnapshotReader, desired: Declaration) -> People:
    """Read everybody; members and delegates that are switched off too."""
    with_quota = {
        fold(user.name) for user in desired.users.users if user.quota_megabytes is not None
    }
    names = {str(row.id): row.reference for row in reader.list(Kind.USER, Kind.GROUP)}
    return reader.read_people(names, with_quota=with_quota)


def _read_settings(
    reader: SnapshotReader,
    previous: Declaration | None,
    desired: Declaration,
    kept: Iterable[MailboxPermission],
) -> LiveSettings:
    named = _list_mailboxes(previous) | _list_mailboxes(desired)
    named |= {each.mailbox.folded for each in kept}
    facts = [kind.fact for kind in (DEFAULT_DOMAIN, *SETTINGS)]
    return reader.read_settings(facts, mailboxes=named, with_disabled=True)


def _list_mailboxes(declaration: Declaration | None) -> set[Reference]:
    """Return whose mailboxes a declaration gives rights on."""
    kind = ResourceType.MAILBOX_PERMISSIONS
    declared = declaration.settings.get(kind) if declaration else None
    return set(declared.mailboxes) if declared else set()
