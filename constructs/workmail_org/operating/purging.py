"""Purging: somebody who was removed is deleted before the 30 days are over, for good."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from workmail_org.changes.digests import digest_texts
from workmail_org.errors import NotFoundError, UnsafePlanError
from workmail_org.model.values import Kind, Reference
from workmail_org.operating.deployed import Deployed
from workmail_org.operating.removed import Removed, find_removed

_DELETE = {
    Kind.USER: ("DeleteUser", "UserId"),
    Kind.GROUP: ("DeleteGroup", "GroupId"),
    Kind.RESOURCE: ("DeleteResource", "ResourceId"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What is lost with one entity.

    Attributes:
        megabytes: Size of its mailbox; `None`: it has none any more.
        addresses: Which it had, the primary one first.
        groups: Of which it is a member.
        permissions: Who has rights on it, by name or id.
    """

    removed: Removed
    megabytes: float | None
    addresses: tuple[str, ...]
    groups: tuple[str, ...]
    permissions: tuple[str, ...]


def survey(deployed: Deployed, references: Sequence[Reference]) -> tuple[Loss, ...]:
    """List what would be lost; nothing is changed.

    Raises:
        UnsafePlanError: One of them was not removed from the spec.
        ServiceError: AWS refuses.
    """
    removed = {ref.folded: find_removed(deployed, ref) for ref in references}
    return tuple(_survey_one(deployed, each) for _, each in sorted(removed.items()))


def digest_losses(losses: Sequence[Loss]) -> str:
    """Name exactly these entities: somebody who came back in between has another word."""
    return digest_texts(
        f"purge {loss.removed.row.id} {loss.removed.since.isoformat()}" for loss in losses
    )


def purge(deployed: Deployed, losses: Sequence[Loss], digest: str) -> None:
    """Delete them.

    Raises:
        UnsafePlanError: The word is for others.
        ServiceError: AWS refuses.
    """
    wanted = digest_losses(losses)
    if digest != wanted:
        raise UnsafePlanError(
            f"--erase {digest} is not the word for these: look at the list, then say --erase "
            f"{wanted}"
        )
    for loss in losses:
        operation, parameter = _DELETE[loss.removed.reference.kind]
        with suppress(NotFoundError):
            deployed.workmail.call(operation, **{parameter: loss.removed.row.id})
        deployed.ledger.drop([loss.removed.entry.reference])


def _survey_one(deployed: Deployed, removed: Removed) -> Loss:
    return Loss(
        removed=removed,
        megabytes=_read_size(deployed, removed),
        addresses=removed.entry.addresses,
        groups=_list_groups(deployed, removed),
        permissions=_list_permissions(deployed, removed),
    )


def _read_size(deployed: Deployed, removed: Removed) -> float | None:
    if removed.reference.kind is not Kind.USER:
        return None
    try:
        answer = deployed.workmail.call("GetMailboxDetails", UserId=removed.row.id)
    except NotFoundError:
        return None
    return float(answer.get("MailboxSize", 0.0))


def _list_groups(deployed: Deployed, removed: Removed) -> tuple[str, ...]:
    if removed.reference.kind is Kind.RESOURCE:
        return ()
    rows = deployed.workmail.list("ListGroupsForEntity", "Groups", EntityId=removed.row.id)
    return tuple(sorted(row["GroupName"] for row in rows))


def _list_permissions(deployed: Deployed, removed: Removed) -> tuple[str, ...]:
    rows = deployed.workmail.list("ListMailboxPermissions", "Permissions", EntityId=removed.row.id)
    return tuple(
        sorted(f"{row['GranteeId']}: {', '.join(sorted(row['PermissionValues']))}" for row in rows)
    )
