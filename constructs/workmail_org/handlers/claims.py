"""Claims: which entities are this stack's, as the ledger says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workmail_org.changes.calls import EntityT, Found
from workmail_org.changes.entities import Situation
from workmail_org.handlers.requests import Request
from workmail_org.model.removal import Removal
from workmail_org.model.values import Reference
from workmail_org.service.ledger import Entry, Origin
from workmail_org.service.reading import Listed


def get_owned(entries: dict[Reference, Entry], request: Request[Any]) -> set[str]:
    """Return the folded names of entities that this request may remove.

    What was removed before stays as it was left: the word for removals may have
    changed since. When the stack goes, adopted entities are left alone: they
    were there before it.
    """
    return {
        reference.name
        for reference, entry in entries.items()
        if not entry.removed_at and not (request.is_delete and entry.origin is Origin.ADOPTED)
    }


def is_let_go(entry: Entry, situation: Situation[Any]) -> bool:
    """Tell whether something that stays is ours no more."""
    exception = situation.exceptions.get(entry.reference.name)
    return (exception or situation.removal) is Removal.RETAIN or (
        exception is not None and entry.origin is Origin.ADOPTED
    )


def get_valid(entries: Mapping[Reference, Entry], rows: Iterable[Listed]) -> dict[Reference, Entry]:
    """Leave out entries whose entity was deleted, and made anew by somebody else."""
    ids = {row.reference.folded: row.id for row in rows}
    return {
        reference: entry
        for reference, entry in entries.items()
        if entry.id is None or ids.get(reference, entry.id) == entry.id
    }


def make_claim(entity: EntityT, found: Found[EntityT] | None, entry: Entry | None) -> Entry:
    """Build the ledger's entry of a declared entity.

    Args:
        entity: From the spec.
        found: What is there already.
        entry: What the ledger has.
    """
    enabled_before = entry.enabled_before if entry else None
    if found and (entry is None or entry.removed_at):
        enabled_before = found.entity.enabled
    origin = Origin.ADOPTED if found else Origin.CREATED
    return Entry(
        reference=entity.reference.folded,
        origin=entry.origin if entry else origin,
        id=found.id if found else None,
        enabled_before=enabled_before,
    )
