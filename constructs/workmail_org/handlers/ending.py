"""Ending: what would stop the destruction of a stack halfway, found before anything is deleted.

CloudFormation deletes the removals' resource first and the organization last. Whoever is switched
on and is not this stack's keeps WorkMail from deleting the organization, or a domain, when
everybody else is gone already. So the first resource looks for them. It also looks for those whose
mailbox ends with the stack and has no verified export, where the stack keeps a journal of exports.

CloudFormation goes on after a resource that could not be deleted, with what that one depends on
too (docs/facts.md §10). So the refusal is written into the ledger, which goes after every custom
resource, and each of these refuses as well. What CloudFormation deletes by itself goes: record
sets, functions, and the ledger of an organization that should be deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from workmail_org.errors import PermanentError, ServiceError
from workmail_org.handlers.exporting import read_exported
from workmail_org.handlers.requests import Request, Run
from workmail_org.model.removal import Removal
from workmail_org.model.values import Kind, fold, get_domain
from workmail_org.service.ledger import Entry, Ledger, Origin, get_valid
from workmail_org.service.reading import Listed, list_entities, read_aliases, read_organization
from workmail_org.service.stacks import read_state
from workmail_org.service.workmail import WorkMail
from workmail_org.wire.properties import RemovalsProperties

_MOST_READ = 100
"""Of how many all addresses are read; chosen: of a crowd one is enough to stop, by the address that
the list shows."""

_MOST_NAMED = 10
"""Names in a sentence."""

_END = "end"
"""Name of the note in the ledger."""


@dataclass(frozen=True, slots=True)
class _Stayer:
    """Somebody who will be switched on when everybody of the stack is gone."""

    row: Listed
    addresses: tuple[str, ...]


def refuse_half_an_end(run: Run, request: Request[RemovalsProperties]) -> None:
    """Refuse to begin with the end of a stack that could not be finished.

    Raises:
        PermanentError: Nothing in the organization was deleted; it says who stands in the way.
    """
    state = read_state(run.clients.cloudformation, request.stack_id)
    if state is None or not state.status.startswith("DELETE"):
        return  # a rollback
    desired = request.desired
    workmail = run.open_organization(desired.organization_id)
    try:
        organization = read_organization(workmail)
        if organization is None or organization.is_going:
            return
        deletes = desired.organization_on_removal is Removal.DELETE and state.has_made(
            organization.completed
        )
        ledger = run.open_ledger(run.clients, desired.ledger_table)
        now = datetime.fromtimestamp(run.epoch(), UTC)
        found = _look(workmail, ledger, desired, now)
    except ServiceError as error:  # each resource says by itself what it lacks
        run.log("end not judged", error=str(error))
        return
    exported = read_exported(run, desired)
    reasons = [
        *_stop_mailboxes(found.rows if deletes else found.leavers, exported),
        *(_stop_organization(found.stayers) if deletes else ()),
        *_stop_domains(found.stayers, desired.deregistered),
    ]
    reason = "; ".join(reasons)
    _note(run, request, reason)
    if reason:
        raise PermanentError(
            "the stack cannot be destroyed as it is, and nothing in the organization was deleted: "
            f"{reason}; what CloudFormation deletes by itself, such as record sets and "
            'functions, is gone: the section "Destroying a stack" of docs/operating.md says how to '
            "go on"
        )


def refuse_after_refused_end(run: Run, request: Request[object]) -> None:
    """Refuse to delete what is left when the end of the stack was refused.

    Raises:
        PermanentError: It was; nothing was deleted.
    """
    if not request.is_delete or isinstance(request.desired, RemovalsProperties):
        return
    table = request.consent.ledger_table
    try:
        note = run.open_ledger(run.clients, table).recall(_END) if table else None
    except ServiceError as error:  # a ledger that is gone: who is in it is not known either
        run.log("refused end not read", error=str(error))
        return
    stack_id, _, reason = (note or "").partition(" ")
    if stack_id != request.stack_id:
        return
    state = read_state(run.clients.cloudformation, request.stack_id)
    if state is not None and state.status.startswith("DELETE"):
        raise PermanentError(f"nothing is deleted, since the end of the stack is refused: {reason}")


def _note(run: Run, request: Request[RemovalsProperties], reason: str) -> None:
    """Write down why the end of the stack was refused; empty: it was not."""
    ledger = run.open_ledger(run.clients, request.desired.ledger_table)
    if reason or ledger.recall(_END):
        ledger.remember(_END, f"{request.stack_id} {reason}" if reason else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Who is there.

    Attributes:
        leavers: Who is switched off or deleted with the stack.
        stayers: Strangers, who was taken over, who is retained.
        kept: Who is switched off already, and whose mailbox WorkMail keeps for now.
    """

    leavers: Sequence[Listed]
    stayers: Sequence[_Stayer]
    kept: Sequence[Listed]

    @property
    def rows(self) -> tuple[Listed, ...]:
        """All of them: with an organization every mailbox in it goes, at once."""
        return (*self.leavers, *(each.row for each in self.stayers), *self.kept)


def _look(workmail: WorkMail, ledger: Ledger, desired: RemovalsProperties, now: datetime) -> _Found:
    leavers: list[Listed] = []
    kept: list[Listed] = []
    found: list[_Stayer] = []
    for kind in Kind:
        rows = [row for row in list_entities(workmail, kind) if not row.system]
        entries = get_valid(ledger.read(kind), rows)
        for row in rows:
            if not row.enabled:
                if row.deadline and row.deadline > now:
                    kept.append(row)
                continue
            if not _stays(entries.get(row.reference.folded), desired.removal_policies[kind]):
                leavers.append(row)
                continue
            read = len(found) < _MOST_READ
            aliases = read_aliases(workmail, row) if read else ()
            found.append(_Stayer(row, (row.email, *aliases)))
    return _Found(leavers=leavers, stayers=found, kept=kept)


def _stays(entry: Entry | None, removal_policy: Removal) -> bool:
    if entry is None or entry.id is None or entry.removed_at:
        return True
    return entry.origin is Origin.ADOPTED or removal_policy is Removal.RETAIN


def _stop_mailboxes(rows: Iterable[Listed], exported: Collection[str] | None) -> Iterator[str]:
    """What is erased then, or 30 days later, is nowhere else (§7.1, §7.5)."""
    if exported is None:
        return
    names = [str(row.reference) for row in rows if row.has_mailbox and row.id not in exported]
    if names:
        yield (
            "WorkMail would erase mailboxes without a verified export "
            f"({_join(names)}), which workmail-org leave export makes"
        )


def _stop_organization(stayers: Iterable[_Stayer]) -> Iterator[str]:
    """Without force WorkMail deletes no organization with users who are switched on (§7.5)."""
    users = [each.row.reference.name for each in stayers if each.row.reference.kind is Kind.USER]
    if users:
        yield (
            "the organization would not be deleted, since users are switched on whom this stack "
            f"did not make or retains ({_join(users)})"
        )


def _stop_domains(stayers: Iterable[_Stayer], domains: Iterable[str]) -> Iterator[str]:
    known = {fold(name) for name in domains}
    holders: dict[str, list[str]] = {}
    for each in stayers:
        for address in each.addresses:
            domain = get_domain(address) if address else ""
            name = str(each.row.reference)
            if domain in known and name not in holders.setdefault(domain, []):
                holders[domain].append(name)
    for domain, names in sorted(holders.items()):
        yield f"domain {domain} would stay registered, since it has addresses of {_join(names)}"


def _join(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
