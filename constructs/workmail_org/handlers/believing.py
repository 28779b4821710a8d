"""Believing: whom a request need not read, and whom it must not believe.

Theory of operation. An organization has thousands of people, of whom one deployment changes a few;
to read somebody in depth takes two calls or three. So a request reads only whom it has to, and
believes of everybody else what the ledger says that they were last seen to be:

* *Settled* is who was seen to be as declared (`changes.settled`), unless a repair wants everything
  to be read. Who was settled when the request came is believed whatever a list shows
  (`changes.few`); of whom it settles itself, the row has to show it.
* *Known* is who was read in this slice and needed nothing. Who is about to change is forgotten
  (`forget`), and so read again until nothing is missing.
* *Doubted* is who was believed and turns out to have an address that somebody else is to get. No
  list shows further addresses, so WorkMail is asked who has each new one. An alias that was given
  by hand to somebody who is believed would else be found by the refusal of its new owner.
* *Contested* is who has such an address and is another shard's to answer for. That one may have
  nothing to do, so this one brings them to what is declared, and with that takes the address away.

The first deployment of a stack doubts nobody: whom it believes it has made itself, a moment ago.
Nor does a rollback: an address that people gave to somebody meanwhile stays there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from workmail_org.changes.calls import Subject
from workmail_org.changes.collection import take_own_share
from workmail_org.changes.settled import ListedRow, believe, believe_made, list_new_addresses
from workmail_org.handlers.requests import Request
from workmail_org.model.live import Found
from workmail_org.model.user import User
from workmail_org.model.values import Kind, Reference, fold
from workmail_org.service.ledger import Entry
from workmail_org.service.reading import Listed, find_address_owner
from workmail_org.service.snapshot import SnapshotReader
from workmail_org.wire.properties import CollectionProperties, UsersProperties

C = TypeVar("C", bound=CollectionProperties)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One look at a collection.

    Attributes:
        reader: Reads, and keeps the lists of this look.
        entries: Of the ledger, by folded reference.
        rows: Everybody who is there.
        present: Their folded names.
        enabled: Who can be a member or a delegate, with their ids.
        coming: Folded addresses that those of other collections get together with this one.
    """

    reader: SnapshotReader
    entries: Mapping[Reference, Entry]
    rows: Sequence[Listed]
    present: Collection[str]
    enabled: Mapping[Reference, str]
    coming: Collection[str]


@dataclass(slots=True)
class Beliefs(Generic[C]):
    """What one slice of a request holds true of a collection's entities.

    Attributes:
        declared: What is to be.
        doubts: Whether anybody is doubted: not in the first deployment of a stack, nor where a
            rollback puts back what was found.
        known: Who was read and needed nothing, or is believed, by row.
        believed: Who is not read, by id.
        doubted: Ids of those who were believed, or are contested, and have to be read.
        contested: Folded names of those of other shards who have an address that somebody gets.
        looked_up: Folded addresses whose holder was asked for.
    """

    request: Request[C]
    declared: C
    kind: Kind
    doubts: bool = True
    known: dict[Listed, Found[Any]] = field(default_factory=dict[Listed, Found[Any]])
    believed: dict[str, Listed] = field(default_factory=dict[str, Listed])
    doubted: set[str] = field(default_factory=set[str])
    contested: set[str] = field(default_factory=set[str])
    looked_up: set[str] = field(default_factory=set[str])
    declared_by_name: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.declared_by_name = {fold(each.name): each for each in self.declared.entities}

    def forget(self, changing: Collection[Subject]) -> None:
        """Read whoever is about to change again, until nothing is seen to be missing."""
        for row in [row for row in self.known if row.reference.folded in changing]:
            del self.known[row]

    def forget_all(self) -> None:
        """Read everybody again who is not settled: a second look is one at everything."""
        self.known.clear()

    def read(self, look: Observation, rows: Sequence[Listed]) -> Sequence[Found[Any]]:
        """Read some of those who are there: nobody who is known or believed; and the contested."""
        found = self._read_unknown(look, self._add_contested(look, rows))
        while self._doubt(look, rows, found):
            found = self._read_unknown(look, self._add_contested(look, rows))
        return found

    def _add_contested(self, look: Observation, rows: Sequence[Listed]) -> Sequence[Listed]:
        others = (row for row in look.rows if fold(row.reference.name) in self.contested)
        return [*rows, *others]

    def _read_unknown(self, look: Observation, rows: Sequence[Listed]) -> Sequence[Found[Any]]:
        unknown = {row.id: row for row in rows if row not in self.known}
        for row in [*unknown.values()]:
            believed = self._believe(look, row) if row.id not in self.doubted else None
            if believed:
                self.known[row] = believed
                self.believed[row.id] = row
                del unknown[row.id]
        wanted = [*unknown.values()]
        for found in look.reader.read_entities(
            self.kind, wanted, with_quota=self._list_with_quota()
        ):
            self.known[unknown[found.id]] = found
        return [self.known[row] for row in rows if row in self.known]

    def _believe(self, look: Observation, row: Listed) -> Found[Any] | None:
        """Say how somebody would be read who was settled, unless it has to be read."""
        entry = look.entries.get(row.reference.folded)
        declared = self.declared_by_name.get(fold(row.reference.name))
        if self.request.repairs or entry is None or declared is None:
            return None
        shown = ListedRow(
            id=row.id, enabled=row.enabled, email=row.email, display_name=row.display_name
        )
        if isinstance(declared, User) and (found := believe_made(declared, entry.made, shown)):
            return found
        return believe(declared, entry.settled, shown, look.enabled)

    def _doubt(
        self, look: Observation, rows: Sequence[Listed], found: Sequence[Found[Any]]
    ) -> bool:
        """Doubt whoever has an address that somebody is to get, of whatever shard.

        Returns:
            Whether there is anybody; then there may be more, whose addresses they get.
        """
        if not self.doubts or not (self.believed or self.declared.shard):
            return False
        share, _past = take_own_share(self.declared, self.request.previous, look.present)
        others = [self.declared_by_name[name] for name in sorted(self.contested)]
        new = list_new_addresses([*share, *others], {fold(f.entity.name): f for f in found})
        new |= {*look.coming}
        self.looked_up, wanted = self.looked_up | new, sorted(new - self.looked_up)
        workmail = look.reader.workmail
        holders = workmail.read_many(lambda each: find_address_owner(workmail, each), wanted)
        held = {each.id for each in holders if each}
        # Somebody who is switched off can show an address, and does not hold it.
        off = [row for row in look.rows if row.id in held and not row.enabled]
        read = look.reader.read_entities(self.kind, off)
        held -= {each.id for each in read if not each.entity.enabled}
        own = {row.id for row in rows}
        contested = {
            row.id: name
            for row in look.rows
            if row.id in held - own
            and row.reference.folded in look.entries
            and (name := fold(row.reference.name)) in self.declared_by_name
            and name not in self.contested
        }
        believed = held & self.believed.keys()
        self.contested |= {*contested.values()}
        self.doubted |= contested.keys() | believed
        for row_id in believed:
            self.known.pop(self.believed.pop(row_id), None)
        return bool(contested or believed)

    def _list_with_quota(self) -> set[str]:
        """List whose quota the spec has a word on; it takes a call of its own."""
        users = self.declared.users if isinstance(self.declared, UsersProperties) else ()
        return {fold(user.name) for user in users if user.quota_megabytes is not None}
