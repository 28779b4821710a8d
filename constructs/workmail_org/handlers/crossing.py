"""Crossing: addresses that go from one collection to another, and back when a deployment fails.

Theory of operation. Each collection has a resource of its own, and CloudFormation brings, or rolls
back, one after the other. So the one that comes first moves what crosses for all of them
(`changes.crossings`): it reads whom of the others it has to change, and notes how it found them.

A rollback has three more cases. Whose addresses the failed deployment moved is put back by the one
that moved them, since their own resource may never have been begun. Who still has an address that
is to be given back, because their own rollback comes later, gives it up now. And an address that
people gave to somebody else meanwhile stays there: WorkMail refuses it, and a stack that cannot go
back is stuck. WorkMail is asked only for who has what it refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workmail_org.changes.collection import Addressed
from workmail_org.handlers.requests import Run
from workmail_org.handlers.restoring_people import Aim, find_addresses
from workmail_org.model.live import Found
from workmail_org.model.values import Kind, Reference
from workmail_org.service.ledger import Ledger, get_valid
from workmail_org.service.reading import AddressOwner, Listed, find_address_owner, read_aliases
from workmail_org.service.snapshot import SnapshotReader
from workmail_org.service.workmail import WorkMail


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """One look at what crosses to and from a collection.

    Attributes:
        reader: Of this look.
        kind: Of the collection.
        part_name: Of its resource.
        aim: What the collection is brought to.
    """

    run: Run
    workmail: WorkMail
    reader: SnapshotReader
    ledger: Ledger
    kind: Kind
    part_name: str
    aim: Aim[Any]

    def find_owners(self, refused: Collection[str]) -> Mapping[str, AddressOwner]:
        """Find who has the addresses that a rollback is to give back, and could not yet.

        Args:
            refused: Folded addresses that WorkMail did not give in this slice.
        """
        if self.aim.failed is None:
            return {}
        wanted = sorted(refused)
        owners = self.workmail.read_many(
            lambda each: find_address_owner(self.workmail, each), wanted
        )
        return {each: owner for each, owner in zip(wanted, owners, strict=True) if owner}

    def find_taken(
        self,
        owners: Mapping[str, AddressOwner],
        found: Iterable[Found[Any]],
        others: Iterable[Addressed],
        left_alone: Collection[str],
    ) -> frozenset[str]:
        """Find addresses that a rollback cannot give back: people gave them to somebody else.

        Args:
            owners: Who has them (`find_owners`).
            found: Who was read of the collection, or is believed.
            others: Who of other collections gives up what is wanted.
            left_alone: Folded names of those of the collection who do not.
        """
        restored = {entity.reference.folded for entity in self.aim.found}
        restored -= {Reference(self.kind, name) for name in left_alone}
        giving = {each.id for each in found if each.entity.reference.folded in restored}
        giving |= {each.id for each in others}
        taken = frozenset(each for each, owner in owners.items() if owner.id not in giving)
        if taken:
            self.run.log("left with whom people gave them to", addresses=sorted(taken))
        return taken

    def read_others(
        self, moving: Mapping[Reference, str], owners: Mapping[str, AddressOwner]
    ) -> Sequence[Addressed]:
        """Read what of other collections is the stack's and changes its addresses too.

        In a rollback whose addresses this collection has moved, whatever the template says; and of
        `owners`, who have an address that is to be given back, whom the failed deployment touched.
        """
        found = self._find_neighbours({owner.reference.folded for owner in owners.values()})

        def read(row: Listed) -> Addressed:
            return Addressed(
                id=row.id,
                reference=row.reference,
                addresses=(row.email, *read_aliases(self.workmail, row)),
                enabled=row.enabled,
                found=found.get(row.reference.folded),
            )

        wanted = moving.keys() if self.aim.failed is None else found.keys()
        rows: list[Listed] = []
        for kind in sorted({reference.kind for reference in wanted}):
            listed = self.reader.list(kind)
            ours = get_valid(self.ledger.read(kind), listed)
            rows += [row for row in listed if row.reference.folded in wanted & ours.keys()]
        return self.workmail.read_many(read, rows)

    def _find_neighbours(
        self, owners: Collection[Reference]
    ) -> Mapping[Reference, tuple[str, ...]]:
        """Find which addresses a failed deployment found those of other collections with."""
        failed = self.aim.failed
        if failed is None:
            return {}
        others = [kind for kind in Kind if kind is not self.kind]
        entries = [each for kind in others for each in self.ledger.read(kind).values()]
        found = {
            entry.reference: find_addresses(
                failed, entry.before, None if entry.reference in owners else self.part_name
            )
            for entry in entries
            if entry.before
        }
        return {each: addresses for each, addresses in found.items() if addresses is not None}
