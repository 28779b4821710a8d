"""Returning: who is switched on again gets nothing back that the spec took away meanwhile.

Theory of operation. Whoever is switched off stays a member, a delegate and a grantee whom no list
shows (assumed, MEMBERS_STAY). So what leaves the spec while people have switched somebody off
cannot be taken away. It is noted: members and delegates with their group or resource
(`Entry.kept`), rights in a note of their own (`service.kept`). The resource for the group, or for
permissions, takes away what is noted when it sees it. But the deployment that switches somebody on
may not come to these: so the resource that does it takes away the rest, once it sees them.

Whom people switch on by hand gets everything back, and `drift` reports it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from workmail_org.changes import permissions
from workmail_org.changes.bookables import release_delegate
from workmail_org.changes.calls import Call
from workmail_org.changes.entities import take_out
from workmail_org.errors import ServiceError
from workmail_org.handlers.requests import Request, Run
from workmail_org.handlers.restoring_people import was_found_off
from workmail_org.model.live import Found, LiveSettings
from workmail_org.model.values import Kind, Reference
from workmail_org.service.kept import read_kept, write_kept
from workmail_org.service.ledger import Entry, Ledger, get_valid
from workmail_org.service.policies import read_permissions
from workmail_org.service.reading import Listed
from workmail_org.service.snapshot import SnapshotReader
from workmail_org.wire.properties import PermissionsProperties


def find_returned(
    request: Request[object], found: Iterable[Found[Any]], entries: Mapping[Reference, Entry]
) -> frozenset[Reference]:
    """Find whom this deployment has switched on and sees so, folded, of those who were there."""
    return frozenset(
        reference
        for each in found
        if each.entity.enabled
        and (entry := entries.get(reference := each.entity.reference.folded))
        and entry.settled is None  # of the others nobody has to read a note
        and was_found_off(request, entry.before)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """One look at those whom a deployment has switched on again.

    Attributes:
        reader: Of this look.
        kind: Of the collection; its own groups are looked at anyway.
        returned: Who is back, folded.
    """

    reader: SnapshotReader
    ledger: Ledger
    kind: Kind
    returned: frozenset[Reference]

    def list_calls(self) -> tuple[Call, ...]:
        """List what takes away from them what left the spec."""
        if not self.returned:
            return ()
        calls = [call for kind in self._kinds for call in self._list_in(kind)]
        return (*calls, *self._list_rights())

    def forget(self) -> None:
        """Forget what has been taken away."""
        if not self.returned:
            return
        for kind in self._kinds:
            containers = self._find_containers(kind).values()
            self.ledger.put(
                replace(each, kept=tuple(one for one in each.kept if one not in self.returned))
                for each in containers
            )
        kept = read_kept(self.ledger)
        if kept:
            enabled = {row.reference.folded for row in self._list_enabled().values()}
            write_kept(self.ledger, permissions.list_hidden(kept, enabled))

    @property
    def _kinds(self) -> tuple[Kind, ...]:
        return tuple(each for each in (Kind.GROUP, Kind.RESOURCE) if each is not self.kind)

    def _find_containers(self, kind: Kind) -> dict[Reference, Entry]:
        """Find the groups or resources that some of them could not be taken out of."""
        entries = self.ledger.read(kind).items()
        return {ref: each for ref, each in entries if not self.returned.isdisjoint(each.kept)}

    def _list_in(self, kind: Kind) -> Iterable[Call]:
        containers = self._find_containers(kind)
        if not containers:
            return
        listed = self.reader.list(kind)
        containers = get_valid(containers, listed)
        rows = [row for row in listed if row.enabled and row.reference.folded in containers]
        release = take_out if kind is Kind.GROUP else release_delegate
        for found in self.reader.read_entities(kind, rows):
            entity = found.entity
            kept = self.returned & {*containers[entity.reference.folded].kept}
            inside = {each.folded for each in _list_inside(entity)} & kept
            yield from (release(entity.reference, each) for each in sorted(inside))

    def _list_rights(self) -> Sequence[Call]:
        """List which rights on their mailboxes, and theirs on those of others, go."""
        kept = [
            each
            for each in read_kept(self.ledger)
            if not self.returned.isdisjoint(permissions.get_pair(each))
        ]
        if not kept:
            return ()
        enabled = self._list_enabled()
        wanted = {each.mailbox.folded for each in kept}
        mailboxes = [row for row in enabled.values() if row.reference.folded in wanted]
        live = LiveSettings(permissions=read_permissions(self.reader.workmail, mailboxes, enabled))
        return permissions.decide(live, None, PermissionsProperties(permissions=tuple(kept))).calls

    def _list_enabled(self) -> dict[str, Listed]:
        """List who is switched on, by id; who is back, as this look sees them."""
        own = [row for row in self.reader.list(self.kind) if row.reference.folded in self.returned]
        rows = (*SnapshotReader(self.reader.workmail).list(*Kind), *own)
        return {row.id: row for row in rows if row.enabled}


def _list_inside(entity: Any) -> tuple[Reference, ...]:
    return (*getattr(entity, "members", ()), *getattr(entity, "delegates", ()))


P = TypeVar("P")


def add_kept_permissions(run: Run, request: Request[P], previous: P | None) -> P | None:
    """Declare as before also which rights could not be taken away from who was off.

    Args:
        run: This invocation.
        request: For any rules or setting; of others than permissions nothing is added.
        previous: What was declared before.
    """
    declared, _ = request.sides
    ledger = _open_ledger(run, request)
    if not isinstance(declared, PermissionsProperties) or ledger is None:
        return previous
    before = previous if isinstance(previous, PermissionsProperties) else None
    return cast("P | None", permissions.add_kept(before, read_kept(ledger)))


def note_kept_permissions(
    run: Run, request: Request[object], reader: SnapshotReader, *, rolls_back: bool
) -> None:
    """Note which rights left the spec, of those who are there and whom nobody sees switched on."""
    declared, previous = request.sides
    ledger = _open_ledger(run, request)
    if not isinstance(declared, PermissionsProperties) or ledger is None:
        return
    try:
        kept = read_kept(ledger)
    except ServiceError as error:
        if not rolls_back:
            raise
        run.log("note not read", error=str(error))
        return  # a stack that cannot go back is stuck
    before = previous if isinstance(previous, PermissionsProperties) else None
    gone = permissions.list_gone(permissions.add_kept(before, kept), declared)
    rows = reader.list(*Kind) if gone else ()
    there = {row.reference.folded for row in rows}
    hidden = permissions.list_hidden(gone, {row.reference.folded for row in rows if row.enabled})
    write_kept(ledger, [each for each in hidden if {*permissions.get_pair(each)} <= there])


def _open_ledger(run: Run, request: Request[object]) -> Ledger | None:
    table = request.consent.ledger_table
    return run.open_ledger(run.clients, table) if table else None
