"""Removed: who was taken out of the spec and is switched off, and until when they can come back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from workmail_org.errors import UnsafePlanError
from workmail_org.model.values import Kind, Reference
from workmail_org.operating.deployed import Deployed
from workmail_org.service.ledger import Entry
from workmail_org.service.reading import Listed, list_entities

MAILBOX_KEPT = timedelta(days=30)
"""How long WorkMail keeps the mailbox of somebody who is switched off (facts.md §7.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """Somebody who left the spec, or something that did, and is switched off.

    Attributes:
        since: When it was switched off.
        lost: Whether the deadline has passed, and with it the mailbox.
    """

    row: Listed
    entry: Entry
    since: datetime
    lost: bool

    @property
    def reference(self) -> Reference:
        """Its name, spelled as WorkMail does."""
        return self.row.reference

    @property
    def deadline(self) -> datetime:
        """Until when its mailbox is kept."""
        return self.since + MAILBOX_KEPT


def list_removed(deployed: Deployed) -> tuple[Removed, ...]:
    """List who is switched off because they left the spec, the first deadline first."""
    now = datetime.fromtimestamp(deployed.epoch(), UTC)
    found: list[Removed] = []
    for kind in Kind:
        entries = deployed.ledger.read(kind)
        for row in list_entities(deployed.workmail, kind):
            entry = entries.get(row.reference.folded)
            if row.enabled or entry is None or not entry.removed_at or entry.id != row.id:
                continue
            since = row.disabled_at or datetime.fromisoformat(entry.removed_at)
            lost = since + MAILBOX_KEPT <= now
            found.append(Removed(row=row, entry=entry, since=since.astimezone(UTC), lost=lost))
    return tuple(sorted(found, key=lambda each: (each.since, each.reference)))


def find_removed(deployed: Deployed, reference: Reference) -> Removed:
    """Return one of them.

    Raises:
        UnsafePlanError: It is none of them; says who is.
    """
    removed = list_removed(deployed)
    for each in removed:
        if each.reference.folded == reference.folded:
            return each
    names = ", ".join(str(each.reference) for each in removed) or "nobody"
    raise UnsafePlanError(
        f"{reference} was not switched off by a removal from the spec of {deployed.spec.key}; "
        f"removed and still there: {names}"
    )
