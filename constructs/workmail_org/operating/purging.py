"""Purging: somebody who was removed is deleted before the 30 days are over, permanently."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from workmail_org.changes.digests import digest_texts
from workmail_org.changes.entities import remove
from workmail_org.errors import NotFoundError, UnsafePlanError
from workmail_org.exporting.deciding import find_verified
from workmail_org.exporting.journal import read
from workmail_org.model.removal import Removal
from workmail_org.model.values import Kind, Reference
from workmail_org.operating.deployed import Deployed
from workmail_org.operating.removed import Removed, find_removed
from workmail_org.service.reading import Listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What is lost with one entity.

    Attributes:
        megabytes: Size of its mailbox; `None`: it has none any more.
        addresses: Which it had, the primary one first.
        groups: Of which it is a member.
        permissions: Who has rights on it, by name or id.
        has_export: Whether a verified export has what was in the mailbox then; `None`: the stack
            exports nobody, or there is no mailbox.
    """

    removed: Removed
    megabytes: float | None
    addresses: tuple[str, ...]
    groups: tuple[str, ...]
    permissions: tuple[str, ...]
    has_export: bool | None = None

    def __str__(self) -> str:
        lost = " without an export" if self.has_export is False else ""
        return f"purge {self.removed.reference.folded} {self.removed.since.isoformat()}{lost}"


def survey(deployed: Deployed, references: Sequence[Reference]) -> tuple[Loss, ...]:
    """List what would be lost; nothing is changed.

    Raises:
        UnsafePlanError: One of them was not removed from the spec, or is back.
        ServiceError: AWS refuses.
    """
    removed = {ref.folded: find_removed(deployed, ref) for ref in references}
    exported = None if deployed.journal is None else find_verified(read(deployed.journal))
    return tuple(_survey_one(deployed, each, exported) for _, each in sorted(removed.items()))


def digest_losses(losses: Sequence[Loss]) -> str:
    """Name exactly these entities: somebody who came back in between has another word."""
    return digest_texts(map(str, losses))


def purge(deployed: Deployed, losses: Sequence[Loss], digest: str) -> None:
    """Delete them.

    The ledger forgets them last: doing it again, by the same word, finishes
    what was begun.

    Raises:
        UnsafePlanError: The word is for others.
        ServiceError: AWS refuses.
    """
    wanted = digest_losses(losses)
    if digest != wanted:
        raise UnsafePlanError(
            f"--erase {digest} does not confirm these: check the list, then use --erase {wanted}"
        )
    # On record, since WorkMail does not tell it of what is deleted.
    deployed.ledger.put(
        replace(loss.removed.entry, removed_at=loss.removed.since.isoformat()) for loss in losses
    )
    for loss in losses:
        _delete(deployed, loss.removed)
    deployed.ledger.drop(loss.removed.entry.reference for loss in losses)


def _delete(deployed: Deployed, removed: Removed) -> None:
    if removed.row is None:
        return
    for call in remove(removed.row.reference, Removal.DELETE, enabled=False):
        deployed.write(removed.row, call)


def _survey_one(deployed: Deployed, removed: Removed, exported: Collection[str] | None) -> Loss:
    if removed.is_back:
        raise UnsafePlanError(
            f"{removed.reference} is switched on again: a user who can sign in cannot be "
            "purged; finish its restore, or switch it off first"
        )
    row = removed.row
    megabytes = _read_size(deployed, row) if row else None
    has_mailbox = row is not None and (megabytes is not None or row.reference.kind is Kind.RESOURCE)
    return Loss(
        removed=removed,
        megabytes=megabytes,
        has_export=row.id in exported if row and has_mailbox and exported is not None else None,
        addresses=removed.entry.addresses,
        groups=_list_groups(deployed, row) if row else (),
        permissions=_list_permissions(deployed, row) if row else (),
    )


def _read_size(deployed: Deployed, row: Listed) -> float | None:
    if row.reference.kind is not Kind.USER:
        return None
    try:
        answer = deployed.workmail.call("GetMailboxDetails", UserId=row.id)
    except NotFoundError:
        return None
    return float(answer.get("MailboxSize", 0.0))


def _list_groups(deployed: Deployed, row: Listed) -> tuple[str, ...]:
    if row.reference.kind is Kind.RESOURCE:
        return ()
    rows = deployed.workmail.list("ListGroupsForEntity", "Groups", EntityId=row.id)
    return tuple(sorted(row["GroupName"] for row in rows))


def _list_permissions(deployed: Deployed, row: Listed) -> tuple[str, ...]:
    rows = deployed.workmail.list("ListMailboxPermissions", "Permissions", EntityId=row.id)
    return tuple(
        sorted(f"{row['GranteeId']}: {', '.join(sorted(row['PermissionValues']))}" for row in rows)
    )
