"""Exporting: whose mailbox has a verified export, for whom a deployment takes away."""

from __future__ import annotations

from workmail_org.errors import NotFoundError
from workmail_org.exporting import journal
from workmail_org.exporting.deciding import find_verified
from workmail_org.handlers.requests import Run
from workmail_org.wire.properties import CollectionProperties, RemovalsProperties


def read_exported(
    run: Run, declared: CollectionProperties | RemovalsProperties
) -> frozenset[str] | None:
    """Read the ids of those whose mailbox has a verified export, in any pass.

    Returns:
        `None`: the spec declares no exports.

    Raises:
        ServiceError: The journal cannot be read.
    """
    if not declared.exports:
        return None
    found = journal.Journal(run.clients.dynamodb, declared.journal_table)
    try:
        return frozenset(find_verified(journal.read(found)))
    except NotFoundError as error:
        run.log("nobody is known to be exported", reason=str(error))
        return frozenset()
