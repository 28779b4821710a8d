"""Restoring: somebody who was removed comes back, with the same id and the same mailbox."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workmail_org.errors import ConflictError, ServiceError, UnsafePlanError
from workmail_org.model.values import Kind, Reference, fold
from workmail_org.operating.deployed import Deployed
from workmail_org.operating.removed import Removed, find_removed
from workmail_org.service.reading import list_entities


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Who is back.

    Attributes:
        missing: Former aliases that somebody else has by now.
        declared: Whether the spec has a word for it; else the next deployment
            switches it off again.
    """

    reference: Reference
    id: str
    email: str
    missing: tuple[str, ...]
    declared: bool


def restore(deployed: Deployed, reference: Reference) -> Restored:
    """Switch on again who was removed, by its former addresses; the ledger says so.

    Raises:
        UnsafePlanError: It was not removed, or its mailbox is lost.
        ServiceError: AWS refuses.
    """
    removed = find_removed(deployed, reference)
    _refuse_lost(removed)
    email, *aliases = removed.entry.addresses or ("",)
    if not email:
        raise UnsafePlanError(
            f"the ledger does not know the address that {reference} had; declare it again in the "
            "spec with its address and deploy: the same mailbox comes back"
        )
    # The ledger first: a deployment in between leaves in peace what is no longer a removal.
    deployed.ledger.put([replace(removed.entry, removed_at=None)])
    try:
        deployed.workmail.call("RegisterToWorkMail", EntityId=removed.row.id, Email=email)
    except ServiceError:
        if not _is_on(deployed, removed):  # an answer can be lost
            deployed.ledger.put([removed.entry])
            raise
    return Restored(
        reference=removed.reference,
        id=removed.row.id,
        email=email,
        missing=tuple(alias for alias in aliases if not _give(deployed, removed, alias)),
        declared=_is_declared(deployed, removed.reference),
    )


def _refuse_lost(removed: Removed) -> None:
    if removed.lost and removed.reference.kind is not Kind.GROUP:
        raise UnsafePlanError(
            f"the mailbox of {removed.reference} is lost: it was kept until "
            f"{removed.deadline:%Y-%m-%d}; to start with an empty one, declare it again in the "
            "spec and deploy"
        )


def _is_on(deployed: Deployed, removed: Removed) -> bool:
    rows = list_entities(deployed.workmail, removed.reference.kind)
    return any(row.enabled for row in rows if row.id == removed.row.id)


def _give(deployed: Deployed, removed: Removed, alias: str) -> bool:
    """Give back an alias; tell whether nobody else has it."""
    try:
        deployed.workmail.call("CreateAlias", EntityId=removed.row.id, Alias=alias)
    except ConflictError:
        return False
    return True


def _is_declared(deployed: Deployed, reference: Reference) -> bool:
    spec = deployed.spec
    entities = {Kind.USER: spec.users, Kind.GROUP: spec.groups, Kind.RESOURCE: spec.resources}
    return any(fold(each.name) == fold(reference.name) for each in entities[reference.kind])
