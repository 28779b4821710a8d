"""Collections of entities: read, compare, write, until nothing is left to do."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol

from workmail_org.changes.brakes import list_removal_brakes
from workmail_org.changes.calls import Call, EntityT, Found, Phase, Plan, Subject
from workmail_org.changes.crossings import find_moving
from workmail_org.changes.entities import Neighbour, Situation, refuse_renames
from workmail_org.changes.shards import take_share
from workmail_org.errors import (
    NotFoundError,
    PermanentError,
    ServiceError,
    TemporaryError,
    UnsafePlanError,
)
from workmail_org.handlers.approving import approve
from workmail_org.handlers.claims import get_owned, get_valid, is_let_go, make_claim
from workmail_org.handlers.failing import (
    PATIENCE_SECONDS,
    Failure,
    describe_failures,
    make_key,
)
from workmail_org.handlers.requests import Progress, Request, RequestType, Run
from workmail_org.handlers.stopping import stop
from workmail_org.model.removal import Removal, Safety
from workmail_org.model.values import Kind, Reference, fold
from workmail_org.service.ledger import Entry, Ledger
from workmail_org.service.reading import (
    Listed,
    list_entities,
    read_aliases,
    read_organization,
)
from workmail_org.service.stacks import read_state
from workmail_org.service.workmail import WorkMail
from workmail_org.service.writing import Writer
from workmail_org.wire import CollectionProperties

_CONFIRM_SECONDS = 10.0
"""A guess: how long to wait before a second read, when nothing is to be done although something
changed. The first may be older than what is to be undone."""


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

    def plan(self, workmail: WorkMail, situation: Situation[EntityT], properties: Any) -> Plan:
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


@dataclass(slots=True)
class _Slice(Generic[EntityT]):
    """What one slice of work remembers; lost with the process, and not needed to go on.

    Attributes:
        written: Calls that succeeded: what lists do not show yet is not done twice.
        first_failed: When each call failed first, on the run's clock.
        failures: Of the last round.
        unseen_since: Since when everything was written and something is not seen.
        seen_settled: Whether an earlier round found nothing to do.
        rounds: That had to wait.
    """

    written: list[Call] = field(default_factory=list[Call])
    first_failed: dict[tuple[str, Subject], float] = field(
        default_factory=dict[tuple[str, Subject], float]
    )
    failures: list[Failure] = field(default_factory=list[Failure])
    unseen_since: float | None = None
    seen_settled: bool = False
    rounds: int = 0


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
        if request.is_delete and (properties.shard or _is_gone(workmail)):
            return Progress(done=True)
        return self._advance(run, request, workmail, _Slice())

    def _refuse(self, run: Run, request: Request[Any]) -> None:
        workmail = run.open_organization(request.desired.organization_id)
        ledger = run.open_ledger(run.clients, request.desired.ledger_table)
        situation, rows, entries = self._read(run, request, workmail, ledger)
        plan = self._plan(run, request, workmail, situation)
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
        approve(run, request, plan.calls)

    def _plan(
        self, run: Run, request: Request[Any], workmail: WorkMail, situation: Situation[EntityT]
    ) -> Plan:
        """List what is to be done; a roll back is not refused, or the stack would be stuck."""
        plan = self.traits.plan(workmail, situation, request.desired)
        if plan.refusals and _goes_back(run, request):
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
        return () if refusals and _goes_back(run, request) else refusals

    def _advance(
        self, run: Run, request: Request[Any], workmail: WorkMail, memory: _Slice[EntityT]
    ) -> Progress:
        ledger = run.open_ledger(run.clients, request.desired.ledger_table)
        while True:
            situation, rows, entries = self._read(run, request, workmail, ledger)
            plan = self._plan(run, request, workmail, situation)
            if plan.refusals:
                raise UnsafePlanError(*plan.refusals)
            if not plan.calls:
                if not self._is_confirmed(run, request, situation, memory):
                    continue
                self._close(run, request, ledger, entries, situation, rows)
                return Progress(done=True)
            fresh = [call for call in plan.calls if call not in memory.written]
            if fresh:
                writer = self._make_writer(workmail, situation, rows)
                self._claim(ledger, entries, situation)
                self._write(run, request, writer, fresh, memory)
            elif self._is_stuck(run, plan, memory):
                self._close(run, request, ledger, entries, situation, rows)
                return Progress(done=True)
            self._raise_permanent(run, memory)
            if run.time_is_up:
                return Progress(done=False, waiting_for=_describe(memory, plan))
            if memory.failures or not fresh:
                memory.rounds += 1
                run.back_off(memory.rounds)

    def _read(
        self, run: Run, request: Request[Any], workmail: WorkMail, ledger: Ledger
    ) -> tuple[Situation[EntityT], Sequence[Listed], dict[Reference, Entry]]:
        properties = request.desired
        own_rows = [row for row in list_entities(workmail, self.traits.kind) if not row.system]
        entries = get_valid(self._read_entries(run, request, ledger), own_rows)
        desired, previous = self._get_share(request, own_rows)
        owned = get_owned(entries, request) if not properties.shard else set[str]()
        names = owned | {fold(entity.name) for entity in (*desired, *previous)}
        wanted = [row for row in own_rows if fold(row.reference.name) in names]
        actual = self.traits.read(run, workmail, wanted, desired)
        situation = Situation(
            actual=actual,
            previous=previous,
            desired=desired,
            owned=owned | {reference.name for reference in entries},
            removal=properties.on_removal,
            test_domain=properties.test_domain,
            neighbours=self._read_neighbours(workmail, request, ledger),
            exceptions=self._find_exceptions(run, request, entries, owned),
            read_only_directory=getattr(properties, "read_only_directory", False),
            adopt=properties.adopt,
        )
        return replace_leavers(situation, owned), own_rows, entries

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

    def _make_writer(
        self, workmail: WorkMail, situation: Situation[EntityT], rows: Sequence[Listed]
    ) -> Writer:
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
        """Say how a roll back leaves what the failed deployment had taken in, or made.

        What it took in goes back to how it was found. What it made is not
        retained: nobody would own it, and the next try would run into it.
        """
        whole = () if request.is_delete else self.traits.get_entities(request.desired)
        leaving = owned - {fold(entity.name) for entity in whole}
        if not leaving:
            return {}
        goes_back = _goes_back(run, request)
        # Where CloudFormation does not tell, an update may be a roll back.
        if not (not request.is_delete if goes_back is None else goes_back):
            return {}
        words: dict[bool | None, Removal] = {True: Removal.RETAIN, False: Removal.DISABLE}
        if goes_back and request.desired.on_removal is Removal.RETAIN:
            words[None] = Removal.DISABLE
        return {
            reference.name: words[entry.enabled_before]
            for reference, entry in entries.items()
            if reference.name in leaving and entry.enabled_before in words
        }

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

    def _claim(
        self,
        ledger: Ledger,
        entries: dict[Reference, Entry],
        situation: Situation[EntityT],
    ) -> None:
        """Write down what is about to be ours, and which addresses are about to be lost."""
        claims: list[Entry] = []
        for entity in situation.desired:
            entry = entries.get(entity.reference.folded)
            claim = make_claim(entity, situation.find(entity), entry)
            if claim != entry:
                claims.append(claim)
        for leaver in situation.get_leavers():
            entry = entries.get(leaver.entity.reference.folded)
            addresses = (leaver.entity.email, *leaver.entity.aliases)
            if entry and leaver.entity.enabled and entry.addresses != addresses:
                claims.append(replace(entry, addresses=addresses))
        ledger.put(claims)
        entries.update((claim.reference, claim) for claim in claims)

    def _write(
        self,
        run: Run,
        request: Request[Any],
        writer: Writer,
        calls: Sequence[Call],
        memory: _Slice[EntityT],
    ) -> None:
        """Make calls in order; an entity whose call fails waits for the next round.

        Removals wait until nothing fails: what cannot be completed will be
        rolled back, and a deleted mailbox cannot.
        """
        memory.failures = []
        self.traits.prepare(run, request.desired, calls, writer)
        failed: set[Subject] = set()
        hold = max(Phase)
        for call in calls:
            # One call at least, or an organization that takes longer to read never ends.
            if call.phase > hold or (run.time_is_up and call is not calls[0]):
                return
            if call.subject.folded in failed:
                continue
            try:
                writer.write(call)
            except ServiceError as error:
                failed.add(call.subject.folded)
                may_pass = isinstance(error, TemporaryError)
                hold = min(hold, call.phase if call.phase.makes_room and may_pass else Phase.PART)
                memory.failures.append(Failure(call, error))
                memory.first_failed.setdefault(make_key(call), run.clock())
                run.log_call(call, error)
            else:
                memory.written.append(call)
                memory.first_failed.pop(make_key(call), None)
                run.log_call(call)

    def _raise_permanent(self, run: Run, memory: _Slice[EntityT]) -> None:
        """Give up when a failure will not go away; name every failing entity."""
        now, since = run.clock(), memory.first_failed
        permanent = [f for f in memory.failures if f.is_permanent(now - since[f.key])]
        if not permanent:
            return
        others = len(memory.failures) - len(permanent)
        waiting = f" ({others} more were still being tried)" if others else ""
        detail = describe_failures(permanent)
        raise PermanentError(f"{len(permanent)} {self.traits.kind}(s) failed{waiting}: {detail}")

    def _is_confirmed(
        self,
        run: Run,
        request: Request[Any],
        situation: Situation[EntityT],
        memory: _Slice[EntityT],
    ) -> bool:
        """Tell whether finding nothing to do can be believed.

        What was written in this slice was read back. But a first read that
        finds a change done already may be older than what undid it.
        """
        nobody = not (situation.desired or situation.actual)
        if memory.written or memory.seen_settled or nobody or not self._changes(request):
            return True
        memory.seen_settled = True
        run.pause(_CONFIRM_SECONDS)
        return False

    def _changes(self, request: Request[Any]) -> bool:
        if request.type is not RequestType.UPDATE or self._find_moving(request):
            return True
        return self._make_digest(request.previous) != self._make_digest(request.desired)

    def _is_stuck(self, run: Run, plan: Plan, memory: _Slice[EntityT]) -> bool:
        """Tell whether WorkMail does not take fields that it said it took.

        Whether an empty text clears a field is not documented (facts.md §1.3):
        a field that stays is reported and lived with. Everything else that was
        written and is not seen is written again.
        """
        if memory.unseen_since is None:
            memory.unseen_since = run.clock()
        if run.clock() - memory.unseen_since < PATIENCE_SECONDS:
            return False
        if all(call.operation == "UpdateUser" for call in plan.calls):
            run.log("fields stay", calls=[str(call) for call in plan.calls])
            return True
        memory.written.clear()
        memory.unseen_since = None
        return False

    def _close(
        self,
        run: Run,
        request: Request[Any],
        ledger: Ledger,
        entries: dict[Reference, Entry],
        situation: Situation[EntityT],
        rows: Sequence[Listed],
    ) -> None:
        """Write down who is ours now, and since when the others are not in the spec.

        Who left earlier is no part of the situation any more, but in `rows` for
        as long as it is there: it can still be restored.
        """
        self._claim(ledger, entries, situation)
        if request.desired.shard:
            return
        desired = {entity.reference.folded for entity in situation.desired}
        present = {found.entity.reference.folded for found in situation.actual}
        there = {row.reference.folded for row in rows}
        whole = () if request.is_delete else self.traits.get_entities(request.desired)
        declared = desired | {entity.reference.folded for entity in whole}
        gone = [entry for ref, entry in entries.items() if ref not in declared]
        forgotten = [
            entry.reference
            for entry in gone
            if entry.reference not in (there if entry.removed_at else present)
            or is_let_go(entry, situation)
        ]
        removed = [
            replace(entry, removed_at=run.now())
            for entry in gone
            if entry.reference not in forgotten and not entry.removed_at
        ]
        ledger.drop(forgotten)
        ledger.put(removed)


def replace_leavers(situation: Situation[EntityT], leavers: Collection[str]) -> Situation[EntityT]:
    """Leave out what is owned, no longer declared, and not to be removed by this request."""
    declared = {fold(entity.name) for entity in situation.desired}
    return replace(situation, owned={n for n in situation.owned if n in leavers or n in declared})


def _goes_back(run: Run, request: Request[Any]) -> bool | None:
    """Tell whether a failed deployment is rolled back; `None`: CloudFormation does not tell."""
    state = read_state(run.clients.cloudformation, request.stack_id)
    return state.goes_back if state else None


def _is_gone(workmail: WorkMail) -> bool:
    organization = read_organization(workmail)
    return organization is None or fold(organization.get("State", "")) == "deleting"


def _get_ids(rows: dict[Reference, Listed]) -> dict[Subject, str]:
    return {reference: row.id for reference, row in rows.items()}


def _describe(memory: _Slice[Any], plan: Plan) -> str:
    if memory.failures:
        return describe_failures(memory.failures)
    return f"{len(plan.calls)} calls were left to make"
