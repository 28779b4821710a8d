"""Rules and settings: one lifecycle for every kind of which an organization has one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from workmail_org.changes.calls import Call
from workmail_org.changes.deciding import Decision
from workmail_org.changes.naming import (
    find_made_again,
    find_named,
    leave_out_hindered,
    refuse_hindered,
)
from workmail_org.changes.staying import leave
from workmail_org.errors import UnsafePlanError
from workmail_org.handlers.approving import approve, is_asked
from workmail_org.handlers.reconciling import reconcile
from workmail_org.handlers.requests import Progress, Request, Run
from workmail_org.handlers.restoring import (
    Before,
    find_before,
    find_sides,
    forget_earlier,
    note_found,
    wrote_nothing,
)
from workmail_org.handlers.restoring_people import was_noted
from workmail_org.handlers.returning import add_kept_permissions, note_kept_permissions
from workmail_org.handlers.stopping import require_acknowledgement
from workmail_org.handlers.surroundings import is_gone, is_rollback
from workmail_org.kinds import SettingKind
from workmail_org.model.live import LiveSettings
from workmail_org.model.values import Reference
from workmail_org.service.ledger import Entry, list_known
from workmail_org.service.passwords import read_secret
from workmail_org.service.snapshot import SnapshotReader
from workmail_org.service.workmail import WorkMail
from workmail_org.service.writing import Writer
from workmail_org.wire.properties import PermissionsProperties


class SettingProperties(Protocol):
    """Properties of any rule or setting."""

    @property
    def organization_id(self) -> str:
        """Id of the organization that it is in."""
        ...


P = TypeVar("P", bound=SettingProperties)


@dataclass(frozen=True, slots=True)
class SettingLifecycle(Generic[P]):
    """Rules or a setting of one kind. The physical id is `<organization id>/<part_name>`."""

    kind: SettingKind[P]

    def begin(self, run: Run, request: Request[P]) -> str:
        """Refuse what cannot be, was not confirmed, or was not approved."""
        if not request.is_delete and (self.kind.guarded or is_asked(request)):
            work = _SettingWork(self.kind, run, request, _open(run, request))
            decision = work.decide()
            if decision.refusals and not is_rollback(run, request):
                raise UnsafePlanError(*decision.refusals)
            require_acknowledgement(run, request, work.workmail, decision.brakes)
            approve(run, request, decision.calls)
        if not request.is_delete and not is_rollback(run, request):
            forget_earlier(run, request)
        return request.physical_id or f"{request.desired.organization_id}/{self.kind.part_name}"

    def advance(self, run: Run, request: Request[P]) -> Progress:
        """Make the calls that are missing; look again until none is."""
        workmail = _open(run, request)
        if request.is_delete and is_gone(workmail):
            return Progress(done=True)
        rolls_back = bool(is_rollback(run, request))
        return reconcile(
            run, _SettingWork(self.kind, run, request, workmail, rolls_back=rolls_back)
        )


def _open(run: Run, request: Request[P]) -> WorkMail:
    return run.open_organization(request.desired.organization_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """Those whom calls name; references are folded.

    Attributes:
        enabled: Whether they are switched on; `None`: they are not there.
        strangers: Who has another id than the stack's of the same name.
        entries: Of the ledger.
    """

    enabled: Mapping[Reference, bool | None]
    strangers: Collection[Reference]
    entries: Mapping[Reference, Entry]


@dataclass(slots=True)
class _SettingWork(Generic[P]):
    """One request for one kind, round by round.

    Attributes:
        rolls_back: Whether a failed deployment is rolled back.
        snapshot: As of the last look.
        found: What would bring back what was there at the last look.
    """

    kind: SettingKind[P]
    run: Run
    request: Request[P]
    workmail: WorkMail
    rolls_back: bool = False
    snapshot: SnapshotReader = field(init=False)
    found: P | None = field(init=False)
    in_order: bool = True

    def __post_init__(self) -> None:
        self.snapshot = SnapshotReader(self.workmail)

    @property
    def subject(self) -> str:
        """What fails."""
        return self.kind.part_name

    def decide(self) -> Decision:
        """Read what is there; decide what changes."""
        if self.rolls_back and wrote_nothing(self.run, self.request):
            return Decision()
        sides = find_sides(self.run, self.request, self.kind.properties, rolls_back=self.rolls_back)
        declared, previous = sides
        if not self.rolls_back:
            previous = add_kept_permissions(self.run, self.request, previous)
        self.snapshot = SnapshotReader(self.workmail)
        named = _list_mailboxes(declared) | _list_mailboxes(previous)
        live = self.snapshot.read_settings([self.kind.fact], mailboxes=named)
        self.found = self.kind.capture(live, declared, previous)
        decision = self.kind.decide(live, declared, previous)
        if decision.calls and self.request.is_delete and not self.rolls_back:
            before = find_before(self.run, self.request, self.kind.properties)
            if before is not None and self.found is not None:
                return self._leave(live, self.found, before)
        return decision

    def _leave(self, live: LiveSettings, found: P, before: Before[P]) -> Decision:
        """Decide what goes with the stack; what a person would have to confirm stays as it is."""
        declared = self.request.desired
        by_hand = self.kind.decide(live, declared, declared).calls
        is_changed = before.is_changed or bool(by_hand)
        aim = leave(found, before.found, declared, is_changed=is_changed)
        decision = self.kind.decide(live, aim, declared)
        return Decision() if decision.brakes else decision

    def observe(self) -> Sequence[Call]:
        """Read what is there; list what is missing.

        Refused was before anything was written, when the request began. What is refused now is a
        rollback of what somebody changed meanwhile, and is left as it is. So are rights and rules
        that name people who are switched off, or not there, by then.
        """
        calls = self.decide().calls
        if not self.rolls_back:
            return calls
        named = self._look_at_named(calls)
        possible = leave_out_hindered(calls, named.enabled, named.strangers)
        if len(possible) < len(calls):
            left = [str(call) for call in calls if call not in possible]
            self.run.log("left, since people are not there or switched off", calls=left)
        return possible

    def expects_calls(self) -> bool:
        """Return whether finding nothing to do at the first look is surprising: it is not."""
        return False

    def prepare(self, calls: Sequence[Call]) -> Writer:
        """Note what was found, for a rollback; find whom the calls name."""
        if not self.rolls_back:
            self._refuse_hindered(calls)
        self._note()
        secrets = self.run.clients.secrets
        return Writer(
            self.workmail,
            self.snapshot.find_ids(calls),
            request_id=self.request.request_id,
            read_secret=lambda secret: read_secret(secrets, secret),
        )

    def _refuse_hindered(self, calls: Sequence[Call]) -> None:
        """Refuse to name whom people made again, switched off or deleted.

        Raises:
            UnsafePlanError: Nothing of this resource was written.
        """
        named = self._look_at_named(calls)
        sure = {each: on for each, on in named.enabled.items() if self._is_sure(named, each)}
        refusals = refuse_hindered(calls, sure, named.strangers)
        if refusals:
            raise UnsafePlanError(*refusals)

    def _look_at_named(self, calls: Iterable[Call]) -> _Named:
        """Look at those whom calls name, as WorkMail lists them and the ledger knows them."""
        named = find_named(calls)
        kinds = sorted({each.kind for each in named})
        rows = {row.reference.folded: row for row in self.snapshot.list(*kinds)} if kinds else {}
        table = self.request.consent.ledger_table
        ledger = self.run.open_ledger(self.run.clients, table) if table and kinds else None
        entries = {kind: ledger.read(kind) for kind in kinds} if ledger else {}
        return _Named(
            enabled={each: rows[each].enabled if each in rows else None for each in named},
            strangers=find_made_again(
                {kind: list_known(each) for kind, each in entries.items()},
                {reference: row.id for reference, row in rows.items()},
            ),
            entries={ref: entry for each in entries.values() for ref, entry in each.items()},
        )

    def _is_sure(self, named: _Named, reference: Reference) -> bool:
        """Return whether somebody was seen as declared before this deployment left them so.

        Of others a list may not show yet what this very deployment did.
        """
        entry = named.entries.get(reference)
        if entry is None or entry.settled is None:
            return False
        return not was_noted(self.request, entry.before)

    def conclude(self, calls: Sequence[Call], done: Sequence[Call]) -> None:
        """Nothing is believed of settings: they are few, and read again."""

    def finish(self) -> None:
        """Note what was found where nothing had to be written: it may be somebody's."""
        self._note()
        note_kept_permissions(self.run, self.request, self.snapshot, rolls_back=self.rolls_back)

    def _note(self) -> None:
        """Note what was found, once for each request that goes forward."""
        if not self.rolls_back and not self.request.is_delete:
            note_found(self.run, self.request, self.found)


def _list_mailboxes(properties: object) -> set[Reference]:
    """List the mailboxes that permissions are about, folded."""
    if not isinstance(properties, PermissionsProperties):
        return set()
    return set(properties.mailboxes)
