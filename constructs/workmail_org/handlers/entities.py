"""Collections of entities: read, compare, write, until nothing is left to do."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol

from workmail_org.changes.brakes import list_removal_brakes
from workmail_org.changes.calls import Call, Subject
from workmail_org.changes.crossings import find_moving, list_wanted_elsewhere
from workmail_org.changes.deciding import Decision
from workmail_org.changes.entities import Neighbour, Situation, list_staying, refuse_renames
from workmail_org.changes.shards import take_share
from workmail_org.errors import NotFoundError, UnsafePlanError
from workmail_org.handlers.approving import approve
from workmail_org.handlers.claims import (
    find_exceptions,
    get_owned,
    get_valid,
    make_claim,
    note_addresses,
    settle,
)
from workmail_org.handlers.reconciling import reconcile
from workmail_org.handlers.requests import Progress, Request, RequestType, Run
from workmail_org.handlers.stopping import stop
from workmail_org.handlers.surroundings import goes_back, is_gone
from workmail_org.model.live import EntityT, Found
from workmail_org.model.removal import Removal, Safety
from workmail_org.model.values import Kind, Reference, fold
from workmail_org.service.ledger import Entry, Ledger
from workmail_org.service.reading import (
    Listed,
    list_entities,
    read_aliases,
)
from workmail_org.service.workmail import WorkMail
from workmail_org.service.writing import Writer
from workmail_org.wire.properties import CollectionProperties


class Traits(Protocol[EntityT]):
    """What one kind of collection does in its own way."""

    kind: Kind

    def get_entities(self, properties: Any) -> tuple[EntityT, ...]:
        """Return the entities that properties declare."""
        ...

    def read(
        self, run: Run, workmail: WorkMail, rows: Sequence[Listed], desired: Sequence[EntityT]
    ) -> Sequence[Found[EntityT]]:
        """Read the whole of the entities in `rows`."""
        ...

    def plan(self, workmail: WorkMail, situation: Situation[EntityT], properties: Any) -> Decision:
        """List what is to be done."""
        ...

    def prepare(self, run: Run, properties: Any, calls: Sequence[Call], writer: Writer) -> None:
        """Do what has to be done before the first of some calls is made."""
        ...

    def list_references(
        self, workmail: WorkMail, rows: Sequence[Listed]
    ) -> dict[Reference, Listed]:
        """Return every entity that a call may name, by folded reference."""
        ...


class CollectionLifecycle(Generic[EntityT]):
    """Users, groups or resources. The physical id is `<organization id>/<kind>s`."""

    def __init__(self, traits: Traits[EntityT]) -> None:
        self.traits = traits

    def begin(self, run: Run, request: Request[Any]) -> str:
        """Refuse renamed keys, entities that are not ours, and too many removals."""
        properties: CollectionProperties = request.desired
        if not request.is_delete:
            self._refuse(run, request)
        suffix = f"/{properties.shard}" if properties.shard else ""
        own = f"{properties.organization_id}/{self.traits.kind}s{suffix}"
        return request.physical_id or own

    def advance(self, run: Run, request: Request[Any]) -> Progress:
        """Bring every entity to its desired state, as far as this slice comes."""
        properties: CollectionProperties = request.desired
        workmail = run.open_organization(properties.organization_id)
        if request.is_delete and (properties.shard or is_gone(workmail)):
            return Progress(done=True)
        ledger = run.open_ledger(run.clients, properties.ledger_table)
        return reconcile(run, _CollectionWork(self, run, request, workmail, ledger))

    def _refuse(self, run: Run, request: Request[Any]) -> None:
        workmail = run.open_organization(request.desired.organization_id)
        ledger = run.open_ledger(run.clients, request.desired.ledger_table)
        situation, rows, entries = self.read(run, request, workmail, ledger)
        plan = self.plan(run, request, workmail, situation)
        refusals = plan.refusals or self._refuse_renames(run, request, situation, rows)
        if refusals:
            raise UnsafePlanError(*refusals)
        properties: CollectionProperties = request.desired
        brakes = list_removal_brakes(
            self.traits.kind,
            plan.calls,
            owned=sum(not entry.removed_at for entry in entries.values()),
            safety=Safety(
                max_removals_percent=properties.max_removals_percent,
                min_managed=properties.min_managed,
            ),
        )
        stop(run, request, workmail, brakes)
        approve(run, request, list_staying(situation, plan.calls))

    def plan(
        self, run: Run, request: Request[Any], workmail: WorkMail, situation: Situation[EntityT]
    ) -> Decision:
        """List all that is to be done, by whichever resource of the stack.

        A roll back is not refused, or the stack would be stuck.
        """
        plan = self.traits.plan(workmail, situation, request.desired)
        if plan.refusals and goes_back(run, request):
            run.log("refusals let go", refusals=plan.refusals)
            undoing = replace(situation, undoing=True)
            plan = self.traits.plan(workmail, undoing, request.desired)
        return plan

    def _refuse_renames(
        self,
        run: Run,
        request: Request[Any],
        situation: Situation[EntityT],
        rows: Sequence[Listed],
    ) -> tuple[str, ...]:
        """Look for renamed keys in the whole collection: a newcomer may be another shard's."""
        present = {row.reference.folded for row in rows}
        whole = self.traits.get_entities(request.desired)
        refusals = refuse_renames(
            self.traits.kind,
            gone=[leaver.entity for leaver in situation.get_leavers()],
            come=[entity for entity in whole if entity.reference.folded not in present],
        )
        return () if refusals and goes_back(run, request) else refusals

    def read(
        self,
        run: Run,
        request: Request[Any],
        workmail: WorkMail,
        ledger: Ledger,
        known: dict[Listed, Found[EntityT]] | None = None,
    ) -> tuple[Situation[EntityT], Sequence[Listed], dict[Reference, Entry]]:
        """Read what is there, and what of it is this stack's.

        Args:
            run: This invocation.
            request: Whose collection is read.
            workmail: The organization.
            ledger: Of the stack.
            known: What was read before, by its row in the list at that time; who
                is in it with the same row is not read again. Grows.
        """
        properties = request.desired
        own_rows = [row for row in list_entities(workmail, self.traits.kind) if not row.system]
        entries = get_valid(self._read_entries(run, request, ledger), own_rows)
        desired, previous = self._get_share(request, own_rows)
        owned = get_owned(entries, request) if not properties.shard else set[str]()
        names = owned | {fold(entity.name) for entity in (*desired, *previous)}
        wanted = [row for row in own_rows if fold(row.reference.name) in names]
        actual = self._read_unknown(run, workmail, wanted, desired, {} if known is None else known)
        situation = Situation(
            actual=actual,
            previous=previous,
            desired=desired,
            owned=owned | {reference.name for reference in entries},
            removal=properties.on_removal,
            test_domain=properties.test_domain,
            neighbours=self._read_neighbours(workmail, request, ledger),
            wanted_elsewhere=list_wanted_elsewhere(
                () if request.is_delete else self.traits.get_entities(properties),
                desired,
                properties.other_addresses,
            ),
            exceptions=self._find_exceptions(run, request, entries, owned),
            read_only_directory=getattr(properties, "read_only_directory", False),
            adopt=properties.adopt,
        )
        return replace_leavers(situation, owned), own_rows, entries

    def _read_unknown(
        self,
        run: Run,
        workmail: WorkMail,
        rows: Sequence[Listed],
        desired: Sequence[EntityT],
        known: dict[Listed, Found[EntityT]],
    ) -> Sequence[Found[EntityT]]:
        unknown = {row.id: row for row in rows if row not in known}
        for found in self.traits.read(run, workmail, [*unknown.values()], desired):
            known[unknown[found.id]] = found
        return [known[row] for row in rows if row in known]

    def _read_entries(
        self, run: Run, request: Request[Any], ledger: Ledger
    ) -> dict[Reference, Entry]:
        """Read the ledger; lost when the stack goes, it leaves nobody to remove."""
        try:
            return ledger.read(self.traits.kind)
        except NotFoundError as error:
            if not request.is_delete:
                raise
            run.log("nobody is removed", reason=str(error))
            return {}

    def make_writer(
        self, workmail: WorkMail, situation: Situation[EntityT], rows: Sequence[Listed]
    ) -> Writer:
        """Make what carries out calls, with the ids that they may name."""
        ids = _get_ids(self.traits.list_references(workmail, rows))
        ids |= {neighbour.reference.folded: neighbour.id for neighbour in situation.neighbours}
        return Writer(workmail, ids)

    def _read_neighbours(
        self, workmail: WorkMail, request: Request[Any], ledger: Ledger
    ) -> tuple[Neighbour, ...]:
        """Read what changes its addresses in other collections, if one crosses to or from here."""
        moving = self._find_moving(request)
        if not request.previous or request.desired.shard or not moving:
            return ()
        before, after = request.previous.other_addresses, request.desired.other_addresses

        def read(row: Listed) -> Neighbour:
            text = moving[row.reference.folded]
            return Neighbour(
                id=row.id,
                reference=row.reference,
                primary=row.email,
                aliases=read_aliases(workmail, row),
                previous=before.get(text, ()),
                wanted=after.get(text, ()),
                enabled=row.enabled,
            )

        rows: list[Listed] = []
        for kind in sorted({reference.kind for reference in moving}):
            listed = list_entities(workmail, kind)
            ours = get_valid(ledger.read(kind), listed)
            rows += [row for row in listed if row.reference.folded in moving.keys() & ours.keys()]
        return tuple(workmail.read_many(read, rows))

    def _find_moving(self, request: Request[Any]) -> dict[Reference, str]:
        if not request.previous:
            return {}
        return find_moving(
            self.traits.get_entities(request.previous),
            self.traits.get_entities(request.desired),
            request.previous.other_addresses,
            request.desired.other_addresses,
        )

    def _find_exceptions(
        self, run: Run, request: Request[Any], entries: Mapping[Reference, Entry], owned: set[str]
    ) -> dict[str, Removal]:
        """Say how a roll back leaves what the failed deployment had taken in, or made."""
        whole = () if request.is_delete else self.traits.get_entities(request.desired)
        leaving = owned - {fold(entity.name) for entity in whole}
        if not leaving:
            return {}
        found = find_exceptions(
            [entry for entry in entries.values() if entry.reference.name in leaving],
            going_back=goes_back(run, request),
            is_delete=request.is_delete,
            retains=request.desired.on_removal is Removal.RETAIN,
        )
        return {reference.name: word for reference, word in found.items()}

    def changes(self, request: Request[Any]) -> bool:
        """Tell whether a request wants something else than the one before."""
        if request.type is not RequestType.UPDATE or self._find_moving(request):
            return True
        return self._make_digest(request.previous) != self._make_digest(request.desired)

    def _make_digest(self, properties: Any) -> str:
        """Name what a collection declares."""
        entities = sorted(self.traits.get_entities(properties), key=lambda entity: entity.name)
        return hashlib.sha256(repr(entities).encode()).hexdigest()

    def _get_share(
        self, request: Request[Any], rows: Iterable[Listed]
    ) -> tuple[tuple[EntityT, ...], tuple[EntityT, ...]]:
        """Return the desired and previous entities that this custom resource answers for."""
        properties: CollectionProperties = request.desired
        desired = () if request.is_delete else self.traits.get_entities(properties)
        previous = self.traits.get_entities(request.previous) if request.previous else ()
        return take_share(
            desired,
            previous,
            shard=properties.shard,
            shards=properties.shards,
            present={fold(row.reference.name) for row in rows},
        )


@dataclass(slots=True)
class _CollectionWork(Generic[EntityT]):
    """One request for one collection, round by round.

    Attributes:
        known: Who was read and needed nothing, by row: an organization has
            thousands of people, of whom one deployment changes a few.
        situation: As of the last look, like `rows` and `entries`.
        rows: Of the whole kind.
        entries: Of the ledger.
    """

    lifecycle: CollectionLifecycle[EntityT]
    run: Run
    request: Request[Any]
    workmail: WorkMail
    ledger: Ledger
    known: dict[Listed, Found[EntityT]] = field(default_factory=dict[Listed, Found[EntityT]])
    situation: Situation[EntityT] = field(init=False)
    rows: Sequence[Listed] = field(init=False)
    entries: dict[Reference, Entry] = field(init=False)
    in_order: bool = False

    @property
    def noun(self) -> str:
        """What fails."""
        return f"{self.lifecycle.traits.kind}(s)"

    def observe(self) -> Sequence[Call]:
        """Read what is there; list what is missing.

        Who is switched off or deleted waits for the end of the stack
        (`handlers.removals`): until then everything can be taken back. Not so
        where the stack goes, or goes back: what a failed deployment has made,
        only this resource takes away.
        """
        run, request = self.run, self.request
        self.situation, self.rows, self.entries = self.lifecycle.read(
            run, request, self.workmail, self.ledger, self.known
        )
        plan = self.lifecycle.plan(run, request, self.workmail, self.situation)
        if plan.refusals:
            raise UnsafePlanError(*plan.refusals)
        # Who is about to change is read again, until nothing is seen to be missing.
        changing = {call.subject.folded for call in plan.calls}
        for row in [row for row in self.known if row.reference.folded in changing]:
            del self.known[row]
        staying = list_staying(self.situation, plan.calls)
        return staying if staying == plan.calls or not self._removes() else plan.calls

    def expects_calls(self) -> bool:
        """Tell whether finding nothing to do at the first look is surprising."""
        somebody = self.situation.desired or self.situation.actual
        expects = bool(somebody) and self.lifecycle.changes(self.request)
        if expects:
            self.known.clear()  # a second look is one at everything
        return expects

    def prepare(self, calls: Sequence[Call]) -> Writer:
        """Write down what is about to be ours; make passwords."""
        self._claim()
        writer = self.lifecycle.make_writer(self.workmail, self.situation, self.rows)
        self.lifecycle.traits.prepare(self.run, self.request.desired, calls, writer)
        return writer

    def finish(self) -> None:
        """Write down who is ours now; and who is no more, where this resource removes."""
        self._claim()
        request, situation = self.request, self.situation
        whole = () if request.is_delete else self.lifecycle.traits.get_entities(request.desired)
        declared = {entity.reference.folded for entity in (*situation.desired, *whole)}
        gone = [entry for reference, entry in self.entries.items() if reference not in declared]
        late = [entry for entry in gone if entry.reference.name not in situation.declared]
        if len(late) < len(gone) and not self._removes():
            gone = late  # the others wait for the end of the stack
        if request.desired.shard or not gone:
            return
        # Who left earlier is no part of the situation any more, and can still be restored.
        left = {entry.reference for entry in gone if entry.removed_at}
        there = {row.reference.folded for row in self.rows}
        settle(
            self.ledger,
            gone,
            present={found.entity.reference.folded for found in situation.actual} | (left & there),
            words={
                entry.reference: situation.exceptions.get(entry.reference.name) for entry in gone
            },
            word=situation.removal,
            now=self.run.now(),
        )

    def _removes(self) -> bool:
        """Tell whether nobody comes after this resource who would.

        What began before somebody cancelled the deployment does not go back
        itself: it would take away whom the roll back keeps.
        """
        if self.request.goes_forward:
            return False
        return self.request.is_delete or bool(goes_back(self.run, self.request))

    def _claim(self) -> None:
        """Write down what is about to be ours, and which addresses are about to be lost."""
        claims: list[Entry] = []
        for entity in self.situation.desired:
            entry = self.entries.get(entity.reference.folded)
            claim = make_claim(entity, self.situation.find(entity), entry)
            if claim != entry:
                claims.append(claim)
        for leaver in self.situation.get_leavers():
            entity = leaver.entity
            entry = self.entries.get(entity.reference.folded)
            addresses = (entity.email, *entity.aliases)
            claims += note_addresses(entry, addresses, enabled=entity.enabled)
        self.ledger.put(claims)
        self.entries.update((claim.reference, claim) for claim in claims)


def replace_leavers(situation: Situation[EntityT], leavers: Collection[str]) -> Situation[EntityT]:
    """Leave out what is owned, no longer declared, and not to be removed by this request."""
    declared = {fold(entity.name) for entity in situation.desired}
    return replace(situation, owned={n for n in situation.owned if n in leavers or n in declared})


def _get_ids(rows: dict[Reference, Listed]) -> dict[Subject, str]:
    return {reference: row.id for reference, row in rows.items()}
