"""Memberships: the groups of users whom a rollback switches off.

A rollback comes to users before it comes to groups, and whoever is switched off cannot be taken out
of a group: WorkMail keeps them as members whom nobody sees. So before a rollback switches off whom
the failed deployment had made, it takes them out of the groups that this one has changed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from workmail_org.handlers.requests import Run
from workmail_org.handlers.restoring_people import find_entity
from workmail_org.model.group import Group
from workmail_org.model.values import Kind, Reference
from workmail_org.service.ledger import Ledger
from workmail_org.service.snapshot import SnapshotReader


def read_memberships(
    run: Run,
    failed: str | None,
    reader: SnapshotReader,
    ledger: Ledger,
    leaving: Collection[Reference],
) -> Mapping[Reference, tuple[Reference, ...]]:
    """Read which groups users are in who leave in a rollback, by folded reference.

    Args:
        run: This invocation.
        failed: Deployment that an update rolls back; `None`: nobody is looked for.
        reader: Of this look.
        ledger: Tells which groups the failed deployment has touched.
        leaving: Folded references of who is switched on, the stack's and not declared.
    """
    users = {each for each in leaving if each.kind is Kind.USER}
    if not users or failed is None:
        return {}
    touched = {
        reference
        for reference, entry in ledger.read(Kind.GROUP).items()
        if entry.before and find_entity(run, failed, Group, entry.before)
    }
    if not touched:
        return {}
    listed = reader.list(Kind.GROUP)
    rows = [row for row in listed if row.enabled and row.reference.folded in touched]
    memberships: dict[Reference, tuple[Reference, ...]] = {}
    for found in reader.read_entities(Kind.GROUP, rows):
        for member in {each.folded for each in found.entity.members} & users:
            memberships[member] = (*memberships.get(member, ()), found.entity.reference)
    return memberships
