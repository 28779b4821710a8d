"""Users, groups and resources: one lifecycle for every collection.

Theory of operation. A request goes round by round, over several slices if it has to
(`handlers.reconciling`), and each round could be the last, because a function can die at any call:

1. *Observe* reads what is there, as little as possible: the unseen are not read at all
   (`changes.few`), the settled and known ones are believed (`handlers.believing`). In a rollback,
   the first look replaces what the template says by what the failed deployment had found
   (`handlers.restoring_people`). From both comes the decision (`changes.entities`).
2. *Prepare* writes into the ledger, before the first call: whom the calls are about, that they are
   not settled any more, and how they were found; of whom is about to be created, that there was
   nobody. So whatever happens after it, the next look reads them, and a rollback knows them.
3. The writer makes the calls. The id of whoever is created is written down at once: nothing else
   tells later that it was the stack.
4. *Conclude* notes who was made whole by calls that all succeeded: the next round believes them.

When a look finds nothing missing, *finish* notes who is managed and settled now, and, of those who
left, what a restoration needs. Who is switched off or deleted waits for the end of the stack
(`handlers.removals`), unless the request is the end: a deletion, or a rollback. From whom it has
switched on again it takes what left the spec meanwhile (`handlers.returning`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from workmail_org.changes.calls import Call, GeneratedPassword, Subject, order
from workmail_org.changes.collection import (
    Addressed,
    Claims,
    CollectionFacts,
    assess,
    empty,
    is_idle,
    list_coming,
    list_elsewhere,
    list_moving,
    list_relevant,
    redeclare,
)
from workmail_org.changes.deciding import Decision
from workmail_org.changes.entities import Situation
from workmail_org.changes.few import find_left_alone, find_unseen, select_few
from workmail_org.changes.naming import find_made_again
from workmail_org.changes.settled import digest, list_unsure
from workmail_org.errors import NotFoundError, TemporaryError, UnsafePlanError
from workmail_org.handlers.approving import approve
from workmail_org.handlers.believing import Beliefs, Observation
from workmail_org.handlers.crossing import Crossing
from workmail_org.handlers.exporting import read_exported
from workmail_org.handlers.journaling import (
    find_exceptions,
    get_owned,
    make_claim,
    note_addresses,
    record_departures,
)
from workmail_org.handlers.memberships import read_memberships
from workmail_org.handlers.reconciling import reconcile
from workmail_org.handlers.requests import Progress, Request, RequestType, Run
from workmail_org.handlers.restoring_people import (
    Aim,
    note_absent,
    note_deployment,
    note_entity,
    note_neighbour,
    restore,
)
from workmail_org.handlers.returning import Return, find_returned
from workmail_org.handlers.stopping import require_acknowledgement
from workmail_org.handlers.surroundings import (
    belongs_to_first_deployment,
    is_gone,
    is_rollback,
)
from workmail_org.kinds import CollectionKind
from workmail_org.model.live import Found
from workmail_org.model.removal import Removal
from workmail_org.model.user import User
from workmail_org.model.values import EntityId, Kind, Reference, fold
from workmail_org.service.ledger import (
    Entry,
    Ledger,
    Origin,
    get_valid,
    list_known,
)
from workmail_org.service.passwords import PasswordSecret
from workmail_org.service.reading import (
    Listed,
    make_row,
)
from workmail_org.service.snapshot import SnapshotReader
from workmail_org.service.stacks import FORWARD
from workmail_org.service.workmail import WorkMail
from workmail_org.service.writing import Writer
from workmail_org.wire.properties import CollectionProperties

_CREATIONS = frozenset({"CreateUser", "CreateGroup", "CreateResource"})
"""Calls that make somebody from nothing."""

C = TypeVar("C", bound=CollectionProperties)


@dataclass(frozen=True, slots=True)
class CollectionLifecycle(Generic[C]):
    """Users, groups or resources. The physical id is `<organization id>/<kind>s`."""

    kind: CollectionKind[C]

    def begin(self, run: Run, request: Request[C]) -> str:
        """Refuse renamed keys, entities that are not ours, and too many removals."""
        if not request.is_delete:
            work = self._open(run, request)
            work.exported = read_exported(run, request.desired)
            decision = Decision() if work.is_idle else work.decide()
            if decision.refusals:
                raise UnsafePlanError(*decision.refusals)
            require_acknowledgement(run, request, work.workmail, decision.brakes)
            approve(run, request, decision.calls)
            if not is_rollback(run, request):
                note_deployment(run, request)
        shard = request.desired.shard
        own = (
            f"{request.desired.organization_id}/{self.kind.part_name}{f'/{shard}' if shard else ''}"
        )
        return request.physical_id or own

    def advance(self, run: Run, request: Request[C]) -> Progress:
        """Bring every entity to its desired state, as far as this slice comes."""
        workmail = run.open_organization(request.desired.organization_id)
        if request.is_delete and (request.desired.shard or is_gone(workmail)):
            return Progress(done=True)
        work = self._open(run, request)
        return Progress(done=True) if work.is_idle else reconcile(run, work)

    def _open(self, run: Run, request: Request[C]) -> CollectionWork[C]:
        return CollectionWork(
            kind=self.kind,
            run=run,
            request=request,
            workmail=run.open_organization(request.desired.organization_id),
            ledger=run.open_ledger(run.clients, request.desired.ledger_table),
            aim=Aim(
                declared=empty(request.desired) if request.is_delete else request.desired,
                previous=request.previous,
            ),
        )


@dataclass(slots=True, kw_only=True)
class CollectionWork(Generic[C]):
    """One request for one collection, round by round.

    Attributes:
        aim: What is to be: as the template says, or as a failed deployment found it.
        beliefs: Whom this slice need not read.
        exported: Ids of those whose mailbox has a verified export; read once, to confirm.
        reader: As of the last look, like `situation` and `entries`.
        entries: Of the ledger.
        back: Whom the deployment has switched on again.
    """

    kind: CollectionKind[C]
    run: Run
    request: Request[C]
    workmail: WorkMail
    ledger: Ledger
    aim: Aim[C]
    beliefs: Beliefs[C] = field(init=False)
    reader: SnapshotReader = field(init=False)
    situation: Situation[Any] = field(init=False)
    decision: Decision = field(init=False)
    entries: dict[Reference, Entry] = field(init=False)
    back: Return = field(init=False)
    in_order: bool = False
    exported: frozenset[str] | None = None
    _earlier: dict[Reference, Entry] = field(init=False)
    _looked: bool = False
    _is_partial: bool = False
    _unseen: Mapping[str, Found[Any]] | None = None
    _written: frozenset[Reference] = frozenset()
    _refused: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self.beliefs = self._open_beliefs()

    @property
    def declared(self) -> C:
        """What is to be."""
        return self.aim.declared

    @property
    def subject(self) -> str:
        """What fails."""
        return f"{self.kind.kind}(s)"

    @property
    def is_idle(self) -> bool:
        """Whether what changed is for other shards to bring about."""
        request = self.request
        if request.is_delete or request.repairs or request.previous_is_lost:
            return False
        if request.previous_repairs and is_rollback(self.run, request):
            return False  # a repair that failed is taken back
        return is_idle(self.declared, self.aim.previous)

    @property
    def _rolls_back(self) -> bool:
        """Whether a creation is deleted because its deployment failed."""
        return self.request.is_delete and bool(is_rollback(self.run, self.request))

    def decide(self) -> Decision:
        """Read what is there, and decide.

        A rollback is not refused, or the stack would be stuck.
        """
        decision = self._decide(undoing=False)
        if decision.refusals and is_rollback(self.run, self.request):
            self.run.log("refusals let go", refusals=decision.refusals)
            decision = self._decide(undoing=True)
        return decision

    def observe(self) -> Sequence[Call]:
        """Read what is there; list what is missing.

        Who is switched off or deleted waits for the end of the stack
        (`handlers.removals`): until then everything can be taken back. Not so
        where the stack is deleted, or rolls back: what a failed deployment has made,
        only this resource takes away.
        """
        decision = self.decide()
        if decision.refusals:
            raise UnsafePlanError(*decision.refusals)
        everything = (*decision.calls, *decision.waits)
        self.beliefs.forget({call.subject.folded for call in everything})
        return order(everything) if decision.waits and self._removes() else decision.calls

    def expects_calls(self) -> bool:
        """Return whether finding nothing to do at the first look is surprising."""
        somebody = self.situation.desired or self.situation.actual
        expects = bool(somebody) and self._changes() and not self._only_lets_go()
        if expects:
            self.beliefs.forget_all()
        return expects

    def prepare(self, calls: Sequence[Call]) -> Writer:
        """Put passwords on record before their users exist; write down what is about to be ours."""
        passwords = self._ensure_passwords(calls)
        creating = {call.subject.folded for call in calls if call.operation in _CREATIONS}
        self._refuse_noted_meanwhile(creating)
        self._claim(self._list_unsettled(), creating)
        self._unsettle_neighbours(calls)
        ids: dict[Subject, str] = {
            each.entity.reference.folded: each.id for each in (self._unseen or {}).values()
        }
        ids |= self.reader.find_ids(calls)
        ids |= {neighbour.reference.folded: neighbour.id for neighbour in self.situation.neighbours}
        return Writer(self.workmail, ids, passwords=passwords, note_made=self._note_made)

    def conclude(self, calls: Sequence[Call], done: Sequence[Call]) -> None:
        """Write down who was made whole: the next look need not read them.

        Where all succeeded, it looks up these alone, and does not list everybody again.

        Not so who was there: whoever is switched on again may get back what nobody declares. And
        not a room or a piece of equipment, whose booking follows its delegates.
        """
        subjects = {call.subject for call in calls}
        named = {each for each in subjects if isinstance(each, Reference)}
        own = {each for each in named if each.kind is self.kind.kind}
        is_whole = len(done) == len(calls) and own == subjects
        self._written = frozenset(own) if is_whole else frozenset()
        self._refused |= {
            fold(str(call.arguments[parameter]))
            for call in set(calls).difference(done)
            for parameter in ("Email", "Alias")
            if parameter in call.arguments
        }
        if self.kind.kind is Kind.RESOURCE or not self._settles_anew():
            return
        succeeded = set(done)
        made = {
            call.subject.folded
            for call in done
            if call.operation in _CREATIONS or self._was_made(call.subject)
        }
        unfinished = {call.subject.folded for call in calls if call not in succeeded}
        whole = made - unfinished - list_unsure(calls) - self._list_waiting()
        self._put(
            [
                replace(entry, settled=settled, made=None)
                for entity in self.situation.desired
                if entity.reference.folded in whole
                and (entry := self.entries.get(entity.reference.folded))
                and entry.id
                and (settled := self._name_settled(entity))
            ]
        )

    def _was_made(self, subject: Subject) -> bool:
        """Return whether an earlier round or slice made a user, and did nothing more."""
        entry = self.entries.get(subject.folded) if isinstance(subject, Reference) else None
        return entry is not None and entry.made is not None

    def _note_made(self, subject: Subject, made: str) -> None:
        """Write down the id of who was made: nothing else tells that it was us."""
        entry = self.entries.get(subject) if isinstance(subject, Reference) else None
        if entry is None:
            return
        declared = self.beliefs.declared_by_name.get(entry.reference.name)
        created = digest(declared, {}) if isinstance(declared, User) else None
        self._put([replace(entry, id=EntityId(made), made=created)])

    def finish(self) -> None:
        """Write down which entities are managed now, and which no more, where it removes."""
        self._claim(self._list_unsettled(), ())
        self.back.forget()
        self.ledger.drop(self.aim.let_go)
        self._put(
            [
                replace(entry, removed_at=self.run.now(), settled=None)
                for entry in self.entries.values()
                if entry.reference in self.aim.returned
            ]
        )
        situation = self.situation
        declared = {
            entity.reference.folded for entity in (*situation.desired, *self.declared.entities)
        }
        gone = [entry for reference, entry in self.entries.items() if reference not in declared]
        late = [
            entry
            for entry in gone
            if entry.reference.name not in situation.declared and not situation.previous_is_lost
        ]
        if len(late) < len(gone) and not self._removes():
            gone = late  # the others wait for the end of the stack
        if self.declared.shard or not gone:
            return
        rows = {row.reference.folded: row for row in self.reader.list(self.kind.kind)}
        recognized = {_recognize(entry, rows.get(entry.reference)) for entry in gone} - {*gone}
        # Who left earlier is not part of the situation any more, and can still be restored.
        left = {entry.reference for entry in gone if entry.removed_at}
        if self._is_partial:
            gone = [entry for entry in gone if entry.reference not in left]  # not looked for
        known = left | {entry.reference for entry in recognized}
        gone = [*recognized, *(each for each in gone if each.id or each.reference not in known)]
        record_departures(
            self.ledger,
            gone,
            present={found.entity.reference.folded for found in situation.actual}
            | (known & rows.keys()),
            removal_policies={
                entry.reference: situation.exceptions.get(entry.reference.name) for entry in gone
            },
            removal_policy=situation.removal,
            now=self.run.now(),
        )

    def _decide(self, *, undoing: bool) -> Decision:
        facts = self._read(undoing=undoing)
        self.situation = assess(facts, self.aim.declared, self.aim.previous)
        self.decision = self.kind.decide(self.situation)
        return self.decision

    def _read(self, *, undoing: bool) -> CollectionFacts[Any]:
        """Read what is there, and what of it is this stack's."""
        self.reader = self._open_reader()
        self._earlier = self._read_entries()
        rows = self._list()
        if not self._looked:
            self._looked = True
            rows = self._restore(rows)
        # After the rows: whom another delivery has made meanwhile is not taken for somebody else's.
        self.entries = get_valid(self._read_entries(), rows)
        previous = self.aim.previous
        claims = Claims(
            removable=frozenset(get_owned(self.entries, self.request, rolls_back=self._rolls_back)),
            known=frozenset(reference.name for reference in self.entries),
            made=self._list_made(),
            kept={reference.name: entry.kept for reference, entry in self.entries.items()},
            managed=sum(not entry.removed_at for entry in self.entries.values()),
        )
        present = {fold(row.reference.name) for row in rows}
        relevant = list_relevant(self.declared, previous, claims, present)
        enabled = self._list_enabled(self.entries)
        template, _ = self.request.sides
        crossing = Crossing(
            run=self.run,
            workmail=self.workmail,
            reader=self.reader,
            ledger=self.ledger,
            kind=self.kind.kind,
            part_name=self.request.part_name,
            aim=self.aim,
        )
        moving = list_moving(self.declared, previous)
        others = crossing.read_others(moving, {})
        read = [row for row in rows if fold(row.reference.name) in relevant]
        look = Observation(
            reader=self.reader,
            entries=self.entries,
            rows=rows,
            present=present,
            enabled=enabled,
            coming=list_coming(others, self.declared, previous),
        )
        found = self.beliefs.read(look, read)
        owners = crossing.find_owners(self._refused)
        if owners:
            others = crossing.read_others(moving, owners)
        left_alone = self._find_left_alone(found, others)
        self.back = self._find_returned(found)
        return CollectionFacts(
            present=present,
            found=found,
            contested=self.beliefs.contested,
            claims=claims,
            enabled=enabled,
            others=others,
            exceptions=self._find_exceptions(claims),
            taken=crossing.find_taken(owners, found, others, left_alone),
            left_alone=left_alone,
            memberships=read_memberships(
                self.run,
                None if self.request.is_delete else self.aim.failed,
                self.reader,
                self.ledger,
                [row.reference.folded for row in read if row.enabled and self._leaves(row, claims)],
            ),
            leftovers=self.back.list_calls(),
            undoing=undoing,
            as_found=bool(self.aim.found),
            template=template.entities if self.aim.found and template else (),
            previous_is_lost=self.request.previous_is_lost,
            repairs=self.request.repairs,
            exported=self.exported,
        )

    def _restore(self, rows: Sequence[Listed]) -> Sequence[Listed]:
        """Aim at what a failed deployment found, when it is rolled back; list who is there."""
        present = {row.reference.folded for row in rows}
        entries = get_valid(self._earlier, rows)
        aim = restore(self.run, self.request, self.kind.kind, self.aim, entries, present)
        if aim is self.aim:
            return rows
        self.aim, self._unseen = aim, None
        self.beliefs = self._open_beliefs()
        return self._list()

    def _find_left_alone(
        self, found: Collection[Found[Any]], others: Iterable[Addressed]
    ) -> frozenset[str]:
        """Find who is left as they are, by folded name (`changes.few`).

        In a rollback also whom the failed deployment has not noted: it had written nothing to them.
        """
        left: set[str] = set()
        if self.aim.failed is not None:
            put_back = {fold(entity.name) for entity in self.aim.found}
            left = {fold(entity.name) for entity in self.declared.entities} - put_back
        return frozenset(left) | find_left_alone(
            self.declared,
            {} if self.request.repairs else list_known(self.entries),
            self._unseen or {},
            found,
            put_back=self.aim.found,
            elsewhere=list_elsewhere(others),
        )

    def _find_returned(self, found: Iterable[Found[Any]]) -> Return:
        """Find whom this deployment has switched on; a rollback puts back who was off."""
        returned = find_returned(self.request, found, self.entries)
        # CloudFormation is asked only where there is somebody.
        forward = bool(returned) and not self.request.is_delete and self._settles_anew()
        return Return(
            reader=self.reader,
            ledger=self.ledger,
            kind=self.kind.kind,
            returned=returned if forward else frozenset(),
        )

    def _open_beliefs(self) -> Beliefs[C]:
        doubts = self.aim.failed is None and not belongs_to_first_deployment(self.run, self.request)
        return Beliefs(self.request, self.declared, self.kind.kind, doubts=doubts)

    def _open_reader(self) -> SnapshotReader:
        """Read the lists anew; of whom all that was written succeeded, the rows alone, once."""
        written, self._written = self._written, frozenset()
        if written and self.reader.renew(self.kind.kind, written):
            return self.reader
        self._is_partial = False
        return SnapshotReader(self.workmail)

    def _list(self) -> Sequence[Listed]:
        """List who is there; whoever does not matter, as the ledger says (`changes.few`).

        That is settled at the first look: whom this slice settles, the lists have to confirm.
        """
        if self._unseen is None:
            entries = {} if self.request.repairs else self._earlier
            enabled = self._list_enabled(entries)
            self._unseen = find_unseen(self.declared, list_known(entries), enabled)
        if self._may_look_up():
            known = list_known(self._earlier)
            few = select_few(self.declared, self.aim.previous, known, self._unseen)
            self._is_partial = few is not None and self.reader.look_up(few)
        seen = [
            row
            for row in self.reader.list(self.kind.kind)
            if fold(row.reference.name) not in self._unseen
        ]
        return [*seen, *map(make_row, self._unseen.values())]

    def _may_look_up(self) -> bool:
        """Return whether a list of everybody can be done without."""
        request = self.request
        is_forward = not request.is_delete and request.operation.startswith(FORWARD)
        is_known = not request.repairs and not request.previous_is_lost
        is_unread = not self.reader.has_listed(self.kind.kind)
        return self.kind.kind is Kind.USER and is_forward and is_known and is_unread

    def _list_made(self) -> frozenset[str]:
        if not self.request.goes_forward or self.request.previous_is_lost:
            return frozenset()
        return frozenset(
            reference.name
            for reference, entry in self.entries.items()
            if entry.origin is Origin.CREATED
        )

    def _read_entries(self, kind: Kind | None = None) -> dict[Reference, Entry]:
        """Read the ledger; lost when the stack goes, it leaves nobody to remove."""
        try:
            return self.ledger.read(kind or self.kind.kind)
        except NotFoundError as error:
            if not self.request.is_delete:
                raise
            self.run.log("nobody is removed", reason=str(error))
            return {}

    def _settles_anew(self) -> bool:
        """Return whether what is seen now can be believed later. Asks CloudFormation.

        A rollback begins right after what it takes back, and may have read what was before that.
        """
        return is_rollback(self.run, self.request) is False

    def _name_settled(self, entity: Any) -> str | None:
        """Name what somebody was seen to be; `None`: that cannot be believed.

        Not so a group while somebody is switched off who is declared a member, or who is still to
        be taken out.
        """
        if self.situation.list_kept(entity):
            return None
        named = {
            each.folded
            for each in (*getattr(entity, "members", ()), *getattr(entity, "delegates", ()))
        }
        return self._digest(entity) if named <= self.situation.enabled.keys() else None

    def _digest(self, entity: Any) -> str:
        return digest(entity, self.situation.enabled)

    def _list_waiting(self) -> set[Subject]:
        return {call.subject.folded for call in self.decision.waits}

    def _list_unsettled(self) -> set[Subject]:
        """List whom a call is about that was not made, or whom nobody sees yet."""
        calls = {call.subject.folded for call in self.decision.calls}
        return calls | self._list_waiting()

    def _unsettle_neighbours(self, calls: Iterable[Call]) -> None:
        """Note of those of other collections who change addresses which they had.

        Their own resource comes later, and finds them changed.
        """
        addresses = {
            each.reference.folded: (each.primary, *each.aliases)
            for each in self.situation.neighbours
        }
        others = {
            each
            for call in calls
            if isinstance(each := call.subject.folded, Reference) and each.kind != self.kind.kind
        }
        anew = bool(others) and self._settles_anew()
        for kind in sorted({each.kind for each in others}):
            entries = self.ledger.read(kind)
            claims: list[Entry] = []
            for each in sorted(others & entries.keys(), key=str):
                entry = entries[each]
                before = entry.before
                if anew and each in addresses:
                    before = note_neighbour(self.request, addresses[each], entry.before)
                claims.append(replace(entry, settled=None, before=before))
            self.ledger.put(claim for claim in claims if claim != entries[claim.reference])

    def _list_enabled(self, entries: Collection[object]) -> Mapping[Reference, str]:
        """List who can be a member or a delegate, with their ids.

        Not who was made again by hand: somebody else is declared.
        """
        nobody = not self.declared.entities and not entries
        if self.kind.kind is Kind.USER or nobody:
            return {}  # users have none
        rows = [row for row in self.reader.list(Kind.USER, Kind.GROUP) if row.enabled]
        enabled = {row.reference.folded: row.id for row in rows}
        known = {kind: list_known(self._read_entries(kind)) for kind in (Kind.USER, Kind.GROUP)}
        strangers = find_made_again(known, enabled)
        return {each: made for each, made in enabled.items() if each not in strangers}

    def _leaves(self, row: Listed, claims: Claims) -> bool:
        name = fold(row.reference.name)
        return name in claims.removable and name not in self.beliefs.declared_by_name

    def _find_exceptions(self, claims: Claims) -> dict[str, Removal]:
        """Say how a rollback leaves what the failed deployment had taken in, or made."""
        removable = frozenset[str]() if self.declared.shard else claims.removable
        leaving = removable - {fold(entity.name) for entity in self.declared.entities}
        if not leaving:
            return {}
        found = find_exceptions(
            [entry for entry in self.entries.values() if entry.reference.name in leaving],
            rolls_back=is_rollback(self.run, self.request),
            is_delete=self.request.is_delete,
            retains=self.declared.on_removal is Removal.RETAIN,
        )
        return {reference.name: removal for reference, removal in found.items()}

    def _changes(self) -> bool:
        """Return whether the request wants something else than the one before."""
        previous = self.request.previous
        if self.request.type is not RequestType.UPDATE or previous is None:
            return True
        if list_moving(self.declared, previous):
            return True
        return _make_digest(previous.entities) != _make_digest(self.declared.entities)

    def _only_lets_go(self) -> bool:
        """Return whether all that changed is who goes or is switched off, and these all wait."""
        previous = self.request.previous
        if self.request.type is not RequestType.UPDATE or previous is None:
            return False
        waiting = self._list_waiting()
        before, after = (
            redeclare(side, [e for e in side.entities if e.reference.folded not in waiting])
            for side in (previous, self.declared)
        )
        return before == after

    def _ensure_passwords(self, calls: Iterable[Call]) -> Mapping[str, str]:
        names = [
            value.user
            for call in calls
            for value in call.arguments.values()
            if isinstance(value, GeneratedPassword)
        ]
        arn = getattr(self.declared, "password_secret_arn", None)
        if not names or not arn:
            return {}
        # An entry without an id was written right before the first try.
        begun = [
            name
            for name in names
            if (entry := self.entries.get(Reference(Kind.USER, name).folded)) and not entry.id
        ]
        return PasswordSecret(self.run.clients.secrets, arn).ensure(names, begun=begun)

    def _refuse_noted_meanwhile(self, creating: Collection[Subject]) -> None:
        """Refuse to go on where another delivery has made or noted somebody since the look began.

        A claim that is written now would forget the id, and with it that the stack made them; or
        note as found what the other one has written.

        Raises:
            TemporaryError: The next slice sees what is there.
        """
        late: list[str] = []
        for reference, entry in self._read_entries().items():
            seen = self._earlier.get(reference)
            is_made = reference in creating and entry.id and entry.id != (seen.id if seen else None)
            if is_made or (entry.before and entry.before != (seen.before if seen else None)):
                late.append(str(reference))
        if late:
            names = ", ".join(sorted(late))
            raise TemporaryError(f"another delivery of this request came to {names} meanwhile")

    def _removes(self) -> bool:
        """Return whether nobody comes after this resource who would.

        What began before somebody cancelled the deployment does not go back
        itself: it would take away whom the rollback keeps.
        """
        if self.request.goes_forward:
            return False
        return self.request.is_delete or bool(is_rollback(self.run, self.request))

    def _claim(self, unsettled: Collection[Subject], creating: Collection[Subject]) -> None:
        """Write down what is about to be ours, and which addresses are about to be lost.

        Args:
            unsettled: Folded references of those who are not as declared, or about to change.
            creating: Of those who are about to be created.
        """
        anew = self._settles_anew()
        claims: list[Entry] = []
        for entity in self.situation.desired:
            entry = self.entries.get(entity.reference.folded)
            found = self.situation.find(entity)
            is_settled = found is not None and entity.reference.folded not in unsettled
            settled = self._name_settled(entity) if is_settled else None
            if not anew and not (entry and entry.settled == settled):
                settled = None
            made = entry.made if entry and settled is None else None
            begins = entity.reference.folded in creating
            before = entry.before if entry else None
            # Also of whom nothing is written: what is there as declared may be people's.
            is_known = is_settled and settled is not None and entry and entry.settled == settled
            if anew and begins:
                before = note_absent(self.request)
            elif anew and found and not is_known:
                before = note_entity(self.request, found.entity, before)
            claim = make_claim(
                entity,
                found,
                entry,
                settled=settled,
                made=made,
                begins=begins,
                before=before,
                kept=self.situation.list_kept(entity),
            )
            if claim != entry:
                claims.append(claim)
        for leaver in self.situation.get_leavers():
            entity = leaver.entity
            entry = self.entries.get(entity.reference.folded)
            addresses = (entity.email, *entity.aliases)
            if entry is None:
                continue
            (noted,) = note_addresses(entry, addresses, enabled=entity.enabled) or (entry,)
            before = note_entity(self.request, entity, noted.before) if anew else noted.before
            claim = replace(noted, settled=None, before=before)
            if claim != entry:
                claims.append(claim)
        self._put(claims)

    def _put(self, claims: Sequence[Entry]) -> None:
        self.ledger.put(claims)
        self.entries.update((claim.reference, claim) for claim in claims)


def _recognize(entry: Entry, row: Listed | None) -> Entry:
    """Take somebody for whom a failed deployment was about to create; its answer was lost.

    They are left switched off. Now their id is known, the next try finds them again, and nobody
    else. They are never deleted: people may have made them in the same moment.
    """
    if entry.id or row is None or row.enabled:
        return entry
    return replace(entry, id=row.id, origin=Origin.ADOPTED)


def _make_digest(entities: Iterable[Any]) -> str:
    """Name what a collection declares."""
    ordered = sorted(entities, key=lambda entity: entity.name)
    return hashlib.sha256(repr(ordered).encode()).hexdigest()
