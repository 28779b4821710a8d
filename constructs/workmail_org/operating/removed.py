"""Removed: who was taken out of the spec, and until when they can come back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from workmail_org.errors import UnsafePlanError
from workmail_org.model.values import Kind, Reference
from workmail_org.operating.deployed import Deployed
from workmail_org.service.ledger import Entry
from workmail_org.service.reading import Listed, list_entities


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """Somebody who left the spec, or something that did.

    Attributes:
        row: As WorkMail lists it; `None`: it was deleted since.
        since: When it was switched off, in UTC; as far as WorkMail tells.
        now: In UTC.
    """

    row: Listed | None
    entry: Entry
    since: datetime
    now: datetime

    @property
    def reference(self) -> Reference:
        """Its name, spelled as WorkMail does while it is there."""
        return self.row.reference if self.row else self.entry.reference

    @property
    def is_back(self) -> bool:
        """Whether it is switched on all the same: by hand, or by half of a `restore`."""
        return self.row is not None and self.row.enabled

    @property
    def deadline(self) -> datetime | None:
        """Until when its mailbox is kept; `None`: it has none to lose, or is back."""
        return self.row.deadline if self.row else None

    @property
    def lost(self) -> bool:
        """Whether the deadline has passed, and with it the mailbox."""
        return self.deadline is not None and self.deadline <= self.now


def list_removed(deployed: Deployed) -> tuple[Removed, ...]:
    """List who left the spec and is still there, the first deadline first."""
    found = [each for kind in Kind for each in _read_removed(deployed, kind) if each.row]
    return tuple(sorted(found, key=lambda each: (each.since, each.reference)))


def find_removed(deployed: Deployed, reference: Reference) -> Removed:
    """Return one of them, or one that was deleted since.

    Raises:
        UnsafePlanError: It is none of them; says who is.
    """
    for each in _read_removed(deployed, reference.kind):
        if each.reference.folded == reference.folded:
            return each
    names = ", ".join(str(each.reference) for each in list_removed(deployed)) or "nobody"
    raise UnsafePlanError(
        f"{reference} was not switched off by a removal from the spec of {deployed.spec.key}; "
        f"removed and still there: {names}"
    )


def _read_removed(deployed: Deployed, kind: Kind) -> Iterator[Removed]:
    now = datetime.fromtimestamp(deployed.epoch(), UTC)
    rows = {row.reference.folded: row for row in list_entities(deployed.workmail, kind)}
    for reference, entry in deployed.ledger.read(kind).items():
        row = rows.get(reference)
        if not entry.removed_at:
            continue
        if row and entry.id not in (None, row.id):  # somebody else's, of the same name
            row = None
        since = datetime.fromisoformat(entry.removed_at)
        if row and not row.enabled:
            since = row.disabled_at or since
            row = replace(row, disabled_at=since)
        yield Removed(row=row, entry=entry, since=since.astimezone(UTC), now=now)
