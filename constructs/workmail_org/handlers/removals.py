"""Removals: `Custom::WorkMailRemovals`, the last of a stack.

Everything that a failed deployment could not give back waits until nothing else
can fail: nobody is switched off, and nothing deleted, before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from workmail_org.changes.calls import Call, Subject
from workmail_org.changes.removals import Presence, RollCall, call_roll, decide
from workmail_org.handlers.approving import approve, is_asked
from workmail_org.handlers.ending import refuse_half_an_end
from workmail_org.handlers.journaling import note_addresses, record_departures
from workmail_org.handlers.reconciling import reconcile
from workmail_org.handlers.requests import Progress, Request, Run
from workmail_org.handlers.surroundings import is_rollback
from workmail_org.model.values import Kind, Reference
from workmail_org.service.ledger import Entry, Ledger, get_valid
from workmail_org.service.reading import Listed, list_entities, look_up, read_aliases
from workmail_org.service.workmail import WorkMail
from workmail_org.service.writing import Writer
from workmail_org.wire.properties import RemovalsProperties


class RemovalsLifecycle:
    """Who left the spec, or is switched off in it. The physical id is `<organization id>/removals`.

    What must be confirmed was asked by the collections, before anything
    was written. The end of the stack, and a rollback, are theirs too.
    """

    def begin(self, run: Run, request: Request[RemovalsProperties]) -> str:
        """Refuse what was not approved, and an end that could not be finished."""
        if request.is_delete:
            refuse_half_an_end(run, request)
        if is_asked(request):
            workmail = run.open_organization(request.desired.organization_id)
            ledger = run.open_ledger(run.clients, request.desired.ledger_table)
            work = RemovalWork(run, request, workmail, ledger)
            approve(run, request, work.observe())
        return request.physical_id or f"{request.desired.organization_id}/removals"

    def advance(self, run: Run, request: Request[RemovalsProperties]) -> Progress:
        """Switch off, then delete, as far as this slice comes."""
        rolls_back = is_rollback(run, request)
        if request.is_delete or rolls_back:
            return Progress(done=True)
        if rolls_back is None:
            waiting = (
                "CloudFormation does not answer whether the deployment is being rolled back, so "
                "nobody is removed"
            )
            return Progress(done=False, waiting_for=waiting)
        workmail = run.open_organization(request.desired.organization_id)
        ledger = run.open_ledger(run.clients, request.desired.ledger_table)
        return reconcile(run, RemovalWork(run, request, workmail, ledger))


@dataclass(slots=True)
class RemovalWork:
    """One request, round by round.

    Attributes:
        rows: Who is there, as of the last look, like `entries` and `roll`.
        entries: Of the ledger.
        roll: Who is there, and who should be.
    """

    run: Run
    request: Request[RemovalsProperties]
    workmail: WorkMail
    ledger: Ledger
    rows: dict[Reference, Listed] = field(init=False)
    entries: dict[Reference, Entry] = field(init=False)
    roll: RollCall = field(init=False)
    subject: str = "removal(s)"
    in_order: bool = False

    def observe(self) -> Sequence[Call]:
        """Read whom the stack made or took over and does not want switched on; list who goes.

        Nobody else can be switched off or deleted here, so nobody else is looked for: not who was
        removed before either.
        """
        self.rows, self.entries = {}, {}
        wanted = {each.folded for each in self.request.desired.enabled}
        for kind in Kind:
            entries = {
                reference: entry
                for reference, entry in self.ledger.read(kind).items()
                if not entry.removed_at
            }
            rows = self._list(kind, entries.keys() - wanted, among=len(entries))
            self.rows |= {row.reference.folded: row for row in rows}
            self.entries |= get_valid(entries, rows)
        self.roll = self._call_roll()
        return decide(self.roll).calls

    def expects_calls(self) -> bool:
        """Return whether finding nothing to do at the first look is surprising."""
        before = self.request.previous
        return before is not None and not {each.folded for each in before.enabled} <= set(
            self.roll.enabled
        )

    def prepare(self, calls: Sequence[Call]) -> Writer:  # noqa: ARG002 - contract
        """Write down which addresses are about to be lost: WorkMail forgets them."""
        claims: list[Entry] = []
        for leaver in self.roll.get_leavers():
            row = self.rows[leaver.reference.folded]
            entry = self.entries.get(leaver.reference.folded)
            if row.enabled and entry and not entry.addresses:
                addresses = (row.email, *read_aliases(self.workmail, row))
                claims += note_addresses(entry, addresses, enabled=True)
        self.ledger.put(claims)
        ids: dict[Subject, str] = {reference: row.id for reference, row in self.rows.items()}
        return Writer(self.workmail, ids)

    def conclude(self, calls: Sequence[Call], done: Sequence[Call]) -> None:
        """Nothing is believed of who goes: the lists show it."""

    def finish(self) -> None:
        """Write down since when somebody is not in the spec."""
        for kind, removal_policy in self.request.desired.removal_policies.items():
            record_departures(
                self.ledger,
                [entry for entry in self._list_gone() if entry.reference.kind is kind],
                present=self.rows.keys(),
                removal_policies={},
                removal_policy=removal_policy,
                now=self.run.now(),
            )

    def _list(
        self, kind: Kind, references: Collection[Reference], *, among: int
    ) -> Sequence[Listed]:
        """List some of a kind, and others with them."""
        if not references:
            return ()
        found = look_up(self.workmail, references, among=among)
        listed = list_entities(self.workmail, kind) if found is None else found
        return [row for row in listed if not row.system]

    def _call_roll(self) -> RollCall:
        present = [Presence(reference=r.reference, enabled=r.enabled) for r in self.rows.values()]
        owned = {ref for ref, entry in self.entries.items() if entry.id}
        request = self.request
        is_known = not request.repairs and not request.previous_is_lost
        return call_roll(present, owned, request.desired, request.previous if is_known else None)

    def _list_gone(self) -> list[Entry]:
        desired = self.request.desired
        declared = {each.folded for each in (*desired.enabled, *desired.disabled)}
        return [entry for reference, entry in self.entries.items() if reference not in declared]
