"""Confirming: what changed while an organization was read, as far as lists and settings show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from workmail_org.model.live import LiveSettings, Snapshot
from workmail_org.model.values import Kind
from workmail_org.service.reading import read_domains, read_tagged_organization
from workmail_org.service.snapshot import SnapshotReader

_SEEN = "changed while it was read: remove the file, and import again"


def list_changes(key: str, read: Snapshot, reader: SnapshotReader) -> Iterator[str]:
    """List what is otherwise than it was read, in sentences.

    What takes a call for each user, such as rights and further addresses, is not read again.

    Args:
        key: Of the organization.
        read: What was read.
        reader: That read it, and kept its lists.

    Raises:
        ServiceError: AWS refuses.
    """
    again = SnapshotReader(reader.workmail)
    if read_tagged_organization(reader.workmail) != read.organization:
        yield f"{key}: the organization or its tags {_SEEN}"
    for kind in Kind:
        before = {row.id: row for row in reader.list(kind)}
        after = {row.id: row for row in again.list(kind)}
        for each in sorted(before.keys() | after.keys()):
            if before.get(each) != after.get(each):
                row = before.get(each) or after[each]
                yield f"{key}: {row.reference} {_SEEN}"
    if {each.name: each for each in read_domains(reader.workmail)} != read.domains:
        yield f"{key}: a domain {_SEEN}"
    facts = [each.name for each in fields(LiveSettings) if each.name != "permissions"]
    settings = again.read_settings(facts)
    for fact in facts:
        if getattr(settings, fact) != getattr(read.settings, fact):
            yield f"{key}: {fact} {_SEEN}"
