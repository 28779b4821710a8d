"""Journaling: which entities are this stack's, and how they were, written into the ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from workmail_org.handlers.requests import Request
from workmail_org.model.live import EntityT, Found
from workmail_org.model.removal import Removal
from workmail_org.model.values import Reference
from workmail_org.service.ledger import Entry, Ledger, Origin


def get_owned(
    entries: dict[Reference, Entry], request: Request[object], *, rolls_back: bool
) -> set[str]:
    """Return the folded names of entities that this request may remove.

    What was removed before stays as it was left: the removal policy may have
    changed since. When the stack goes, adopted entities are left alone: they
    were there before it. When a creation failed, those of them that it had
    switched on are switched off again (`find_exceptions`).

    Args:
        entries: Of the ledger.
        request: Any.
        rolls_back: Whether a failed creation is taken back.
    """

    def stays(entry: Entry) -> bool:
        if entry.id is None:  # intended, and not known to have been made by us
            return True
        was_off = entry.enabled_before is False
        adopted = request.is_delete and entry.origin is Origin.ADOPTED
        return bool(entry.removed_at) or (adopted and not (rolls_back and was_off))

    return {reference.name for reference, entry in entries.items() if not stays(entry)}


def make_claim(
    entity: EntityT,
    found: Found[EntityT] | None,
    entry: Entry | None,
    *,
    settled: str | None = None,
    made: str | None = None,
    begins: bool = False,
    before: str | None = None,
    kept: tuple[Reference, ...] = (),
) -> Entry:
    """Build the ledger's entry of a declared entity.

    Args:
        entity: From the spec.
        found: What is there already.
        entry: What the ledger has.
        settled: Digest of what it was seen to be.
        made: Digest of what it was created as.
        begins: Whether it is about to be created; else one with an id that no list shows yet
            keeps it.
        before: How it was found by the running deployment.
        kept: Who could not be taken out of it yet.
    """
    enabled_before = entry.enabled_before if entry and not begins else None
    # Only the answer of our own call tells an id. Where it was lost, a person may have made the
    # same meanwhile: that is taken over, and never deleted.
    is_unknown = entry is None or (found is not None and entry.id is None)
    if found and (is_unknown or (entry and entry.removed_at)):
        enabled_before = found.entity.enabled
    origin = Origin.ADOPTED if found else Origin.CREATED
    return Entry(
        reference=entity.reference.folded,
        origin=origin if entry is None or is_unknown or begins else entry.origin,
        id=found.id if found else (entry.id if entry and not begins else None),
        enabled_before=enabled_before,
        settled=settled,
        made=made,
        before=before,
        kept=kept,
    )


def note_addresses(
    entry: Entry | None, addresses: tuple[str, ...], *, enabled: bool
) -> tuple[Entry, ...]:
    """Write down the addresses of somebody who leaves, before the first one goes to others.

    Args:
        entry: Of who leaves; `None`: not ours.
        addresses: The primary one first.
        enabled: Who is switched off has none any more.
    """
    if entry is None or not enabled or entry.addresses:
        return ()
    return (replace(entry, addresses=addresses),)


def find_exceptions(
    leaving: Iterable[Entry], *, rolls_back: bool | None, is_delete: bool, retains: bool
) -> dict[Reference, Removal]:
    """Say how a rollback leaves what the failed deployment had taken in, or made.

    What it took in is put back as it was found. What it made is not
    retained: nobody would own it, and the next try would run into it.

    Args:
        leaving: Entities that the stack manages and that are not declared.
        rolls_back: Whether a failed deployment is rolled back; `None`: not known,
            and an update may be one.
        is_delete: Whether the request is one.
        retains: Whether who leaves is retained.
    """
    if not (not is_delete if rolls_back is None else rolls_back):
        return {}
    removal_policies: dict[bool | None, Removal] = {True: Removal.RETAIN, False: Removal.DISABLE}
    if rolls_back and retains:
        removal_policies[None] = Removal.DISABLE
    return {
        entry.reference: removal_policies[entry.enabled_before]
        for entry in leaving
        if entry.enabled_before in removal_policies
    }


def record_departures(
    ledger: Ledger,
    gone: Iterable[Entry],
    *,
    present: Collection[Reference],
    removal_policies: Mapping[Reference, Removal | None],
    removal_policy: Removal,
    now: str,
) -> None:
    """Write down since when somebody is not in the spec; forget who is there no more, or let go.

    Whom another removal policy took away earlier is not forgotten: they can still be restored.

    Args:
        ledger: Where it is written.
        gone: Entities that the stack manages and that are not declared.
        present: Folded references of who is still there.
        removal_policies: Exceptions from `removal_policy`.
        removal_policy: What happens to those who leave.
        now: ISO 8601, UTC.
    """
    forgotten: list[Reference] = []
    removed: list[Entry] = []
    for entry in gone:
        exception = removal_policies.get(entry.reference)
        adopted_back = exception is not None and entry.origin is Origin.ADOPTED
        retained = (exception or removal_policy) is Removal.RETAIN and not entry.removed_at
        let_go = retained or adopted_back or entry.id is None
        if let_go or entry.reference not in present:
            forgotten.append(entry.reference)
        elif not entry.removed_at:
            removed.append(replace(entry, removed_at=now))
    ledger.drop(forgotten)
    ledger.put(removed)
