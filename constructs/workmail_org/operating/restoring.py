"""Restoring: somebody who was removed comes back, with the same id and the same mailbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workmail_org.changes.addresses import create_alias
from workmail_org.changes.entities import register
from workmail_org.errors import ConflictError, ServiceError, UnsafePlanError
from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.user import User
from workmail_org.model.values import Reference, fold
from workmail_org.operating.deployed import Deployed
from workmail_org.operating.removed import Removed, find_removed
from workmail_org.service.reading import Listed, list_entities, read_aliases


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Who is back.

    Attributes:
        missing: Former addresses that somebody else has by now.
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

    The ledger comes last. Until it is written, doing it again goes on where it
    was; and a deployment leaves alone what the ledger says was removed.

    Raises:
        UnsafePlanError: It was not removed, or its mailbox is lost.
        ServiceError: AWS refuses.
    """
    removed = find_removed(deployed, reference)
    row = _find_row(removed)
    row = row if removed.is_back else _switch_on(deployed, removed, row)
    wanted = [each for each in removed.entry.addresses if fold(each) != fold(row.email)]
    missing = _give(deployed, row, wanted)
    deployed.ledger.put([replace(removed.entry, id=row.id, removed_at=None)])
    return Restored(
        reference=row.reference,
        id=row.id,
        email=row.email,
        missing=missing,
        declared=_is_declared(deployed, row.reference),
    )


def _find_row(removed: Removed) -> Listed:
    if removed.row is None:
        raise UnsafePlanError(
            f"{removed.reference} was deleted: there is nothing to restore; to start anew, declare "
            "it again in the spec and deploy"
        )
    if removed.lost:
        raise UnsafePlanError(
            f"the mailbox of {removed.reference} is lost: it was kept until "
            f"{removed.deadline:%Y-%m-%d}; to start with an empty one, declare it again in the "
            "spec and deploy"
        )
    return removed.row


def _switch_on(deployed: Deployed, removed: Removed, row: Listed) -> Listed:
    if not removed.entry.addresses:
        raise UnsafePlanError(
            f"the ledger does not know the address that {row.reference} had; declare it again in "
            "the spec with its address and deploy: the same mailbox comes back"
        )
    email = removed.entry.addresses[0]
    try:
        deployed.write(row, register(row.reference, email))
    except ServiceError as error:
        if _is_on(deployed, row):  # an answer can be lost
            return replace(row, enabled=True, email=email)
        if error.code != "EmailAddressInUseException":
            raise
        raise ConflictError(
            f"{email} belongs to another entity now: declare {row.reference} again in the spec, "
            f"with another address, and deploy: the same mailbox comes back ({error})",
            operation=error.operation,
            code=error.code,
        ) from error
    return replace(row, enabled=True, email=email)


def _is_on(deployed: Deployed, row: Listed) -> bool:
    rows = list_entities(deployed.workmail, row.reference.kind)
    return any(each.enabled for each in rows if each.id == row.id)


def _give(deployed: Deployed, row: Listed, addresses: Sequence[str]) -> tuple[str, ...]:
    """Give back what it does not have; return what somebody else has by now."""
    had = {fold(each) for each in read_aliases(deployed.workmail, row)}
    refused: list[str] = []
    for address in addresses:
        if fold(address) in had:
            continue
        try:
            deployed.write(row, create_alias(row.reference, address))
        except ConflictError:
            refused.append(address)
    if not refused:
        return ()
    # An answer can be lost, and what was tried again then be refused.
    has = {fold(each) for each in read_aliases(deployed.workmail, row)}
    return tuple(each for each in refused if fold(each) not in has)


def _is_declared(deployed: Deployed, reference: Reference) -> bool:
    spec = deployed.spec
    declared: tuple[User | Group | Bookable, ...] = (
        *spec.users,
        *spec.groups,
        *spec.resources,
    )
    return any(each.reference.folded == reference.folded for each in declared)
