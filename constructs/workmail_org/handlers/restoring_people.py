"""Restoring people: a rollback puts users, groups and resources back as they were found.

Theory of operation. The template knows nothing of what people had done by hand. So a deployment
notes in the ledger's entry of each whom it touches how it found them, before its first write; of
whom it is about to create, that they were not there; and which deployment that was. When
CloudFormation rolls this very deployment back, `restore` makes of the notes what is to be:

* whoever was found is declared as found, fields that no deployment wrote left out;
* whoever was absent is declared no more, and so switched off;
* whom the stack had not declared before is put back too, and then let go (`let_go`), or, if an
  earlier deployment had removed them, left as removed (`returned`).

Whoever has no note was not touched, and is left as they are (`changes.few`).
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, TypeVar

from workmail_org.changes.addresses import is_parking_address
from workmail_org.changes.collection import redeclare
from workmail_org.errors import WireError
from workmail_org.handlers.requests import Request, Run
from workmail_org.handlers.restoring import pack, unpack
from workmail_org.handlers.surroundings import is_rollback
from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.user import User
from workmail_org.model.values import Kind, Reference
from workmail_org.service.ledger import Entry, Origin
from workmail_org.service.stacks import FORWARD
from workmail_org.wire.encoding import decode_properties, encode_properties
from workmail_org.wire.properties import CollectionProperties

C = TypeVar("C", bound=CollectionProperties)
E = TypeVar("E", User, Group, Bookable)

_CLASSES: Mapping[Kind, type[Any]] = {
    Kind.USER: User,
    Kind.GROUP: Group,
    Kind.RESOURCE: Bookable,
}
"""Of the entities of a collection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim(Generic[C]):
    """What a request brings a collection to.

    Attributes:
        declared: What is to be; a Delete declares nobody, and a rollback everybody as found.
        previous: What was declared before.
        failed: Which deployment is rolled back; `None`: none is, or nobody knows which.
        found: Entities that a rollback puts back as they were found.
        let_go: Whom the failed deployment had taken over: they are put back, and nobody's.
        returned: Who had left the spec, and the failed deployment declared again: they are put
            back.
    """

    declared: C
    previous: C | None
    failed: str | None = None
    found: tuple[Any, ...] = ()
    let_go: frozenset[Reference] = frozenset()
    returned: frozenset[Reference] = frozenset()


def restore(
    run: Run,
    request: Request[C],
    kind: Kind,
    aim: Aim[C],
    entries: Mapping[Reference, Entry],
    present: Collection[Reference],
) -> Aim[C]:
    """Aim at everybody as a failed deployment found them; if none failed, as before.

    Args:
        run: This invocation.
        request: Any.
        kind: Of the collection.
        aim: What the template says.
        entries: Of the ledger, of whom the stack answers for.
        present: Folded references of who is there.
    """
    noted = {reference: entry.before for reference, entry in entries.items() if entry.before}
    if request.operation.startswith(FORWARD) or not is_rollback(run, request):
        return aim
    failed = find_deployment(run, request)
    declared = aim.declared
    named = {entity.reference.folded for entity in declared.entities}
    written = _list_written(request, declared)
    found = {
        reference: leave_unwritten(_leave_out_addresses(entity), written.get(reference, ()))
        for reference, note in noted.items()
        if reference in named or reference in present  # whom people deleted meanwhile stays so
        if failed and (entity := find_entity(run, failed, _CLASSES[kind], note))
    }
    absent = {
        reference
        for reference, note in noted.items()
        if failed and was_absent(request, failed, note)
    }
    taken = frozenset[Reference]() if declared.shard else found.keys() - named
    adopted = {each for each in taken if entries[each].origin is Origin.ADOPTED}
    staying = (each for each in declared.entities if each.reference.folded not in absent)
    run.log("put back as found", entities=sorted(map(str, found)))
    return Aim(
        declared=redeclare(
            declared,
            [
                *(found.get(each.reference.folded, each) for each in staying),
                *(found[reference] for reference in sorted(taken, key=str)),
            ],
        ),
        previous=request.desired if taken and request.is_delete else aim.previous,
        failed=failed,
        found=tuple(found.values()),
        let_go=frozenset(adopted),
        returned=frozenset(taken - adopted),
    )


def _leave_out_addresses(found: E) -> E:
    """Leave out addresses that nobody is to get back.

    Who was switched off may be shown one that they do not hold. An address that only a move needs
    another delivery had given, or a deployment that was cut off.
    """
    if not found.enabled:
        return replace(found, email="", aliases=())
    aliases = tuple(each for each in found.aliases if not is_parking_address(each))
    email = "" if is_parking_address(found.email) else found.email
    return replace(found, email=email, aliases=aliases)


def _list_written(
    request: Request[C], declared: CollectionProperties
) -> Mapping[Reference, list[Any]]:
    """List what the failed deployment and the one before declare, by folded reference."""
    failed = request.desired if request.is_delete else request.previous
    if failed is None or request.previous_is_lost:
        return {}
    written: dict[Reference, list[Any]] = {}
    for side in (failed, declared):
        for entity in side.entities:
            written.setdefault(entity.reference.folded, []).append(entity)
    return written


def note_deployment(run: Run, request: Request[object]) -> None:
    """Write down, when a request begins, with which deployment it brings which properties.

    A rollback names the properties that failed; by this their deployment is found, and with it the
    notes on everybody whom it touched, also those that another resource wrote.
    """
    table = request.consent.ledger_table
    if table and not request.is_delete:
        note = f"{request.fingerprint} {_name_deployment(request)}"
        run.open_ledger(run.clients, table).keep_found(request.part_name, note)


def find_deployment(run: Run, request: Request[object]) -> str | None:
    """Return the deployment that a request rolls back; `None`: nobody knows."""
    table = request.consent.ledger_table
    noted = run.open_ledger(run.clients, table).recall_found(request.part_name) if table else None
    failed = request.fingerprint if request.is_delete else request.previous_fingerprint
    fingerprint, _, deployment = (noted or "").partition(" ")
    return deployment if fingerprint == failed else None


def note_entity(request: Request[object], found: User | Group | Bookable, noted: str | None) -> str:
    """Write how somebody was found before the first write of a deployment, for their entry.

    Args:
        request: Goes forward.
        found: As they are; a resource that came earlier may have moved their addresses already.
        noted: What their entry says already: of this very deployment, that counts.
    """
    known = _recall_entity(request, noted)
    if "found" in known or known.get("absent") == request.fingerprint:
        return noted or ""
    if "addresses" in known:
        email, *aliases = known["addresses"]
        found = replace(found, email=email, aliases=tuple(aliases))
    note = {"deployment": _name_deployment(request), "found": encode_properties(found)}
    moved = {"moved_by": known["moved_by"]} if "moved_by" in known else {}
    return pack({**note, **moved})


def note_absent(request: Request[object]) -> str:
    """Write that somebody was not there who is about to be created, or not any more."""
    return pack({"deployment": _name_deployment(request), "absent": request.fingerprint})


def was_noted(request: Request[object], noted: str | None) -> bool:
    """Return whether this deployment has noted how it found somebody."""
    return bool(_recall_entity(request, noted))


def was_found_off(request: Request[object], noted: str | None) -> bool:
    """Return whether this deployment has found somebody switched off."""
    found: Mapping[str, Any] = _recall_entity(request, noted).get("found", {})
    return _is_off(found)


def note_neighbour(request: Request[object], addresses: Sequence[str], noted: str | None) -> str:
    """Write which addresses somebody had whose own resource comes later."""
    if noted and _recall_entity(request, noted):
        return noted
    note = {"deployment": _name_deployment(request), "addresses": [*addresses]}
    return pack({**note, "moved_by": request.part_name})


def find_addresses(deployment: str, noted: str, moved_by: str | None) -> tuple[str, ...] | None:
    """Return which addresses a deployment found somebody with; `None`: it did not touch them.

    Args:
        deployment: As `find_deployment` returns it.
        noted: What their entry says.
        moved_by: Part that has to have moved them; `None`: it counts whoever touched them.

    Returns:
        The primary one first; nothing of who was switched off, or not there.
    """
    try:
        note = unpack(noted)
    except (ValueError, zlib.error):  # of another version
        return None
    if note.get("deployment") != deployment:
        return None
    if moved_by and note.get("moved_by") != moved_by:
        return None
    if "addresses" in note:
        return tuple(note["addresses"])
    if "absent" in note:
        return ()
    found: Mapping[str, Any] | None = note.get("found")
    if found is None:
        return None
    return () if _is_off(found) else (found["Email"], *found.get("Aliases", ()))


def find_entity(run: Run, deployment: str, kind: type[E], noted: str) -> E | None:
    """Return how somebody was found by a deployment.

    Args:
        run: This invocation.
        deployment: As `find_deployment` returns it.
        kind: Class of the entity.
        noted: What their entry says.
    """
    try:
        note = unpack(noted)
        if note["deployment"] != deployment or "found" not in note:
            return None
        return decode_properties(kind, note["found"])
    except (WireError, KeyError, ValueError, zlib.error) as error:  # of another version
        run.log("note not understood", error=str(error))
        return None


def was_absent(request: Request[object], deployment: str, noted: str) -> bool:
    """Return whether the deployment that a request rolls back found that somebody was not there."""
    failed = request.fingerprint if request.is_delete else request.previous_fingerprint
    try:
        note = unpack(noted)
    except (ValueError, zlib.error):  # of another version
        return False
    return note.get("deployment") == deployment and note.get("absent") == failed


def leave_unwritten(found: E, declared: Sequence[E]) -> E:
    """Leave out of how somebody was found what no deployment wrote: people may have changed it.

    Args:
        found: As a failed deployment found them.
        declared: By that one, and by the one before; empty: nobody knows what was written.
    """
    if not declared:
        return found
    unwritten = {
        each.name: None
        for each in fields(found)
        if each.default is None and all(getattr(side, each.name) is None for side in declared)
    }
    changed: dict[str, Any] = unwritten
    return replace(found, **changed)


def _recall_entity(request: Request[object], noted: str | None) -> dict[str, Any]:
    """Read a note of this deployment on somebody; empty: there is none."""
    try:
        known = unpack(noted) if noted else {}
    except (ValueError, zlib.error):  # of another version
        return {}
    return known if known.get("deployment") == _name_deployment(request) else {}


def _is_off(found: Mapping[str, Any]) -> bool:
    return found.get("Enabled") == "false"


def _name_deployment(request: Request[object]) -> str:
    return request.operation or request.request_id
