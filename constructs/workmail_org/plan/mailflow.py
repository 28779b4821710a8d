"""Mail flow: which mailboxes get the mail of an address, and how that changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from workmail_org.model.group import Group
from workmail_org.model.live import People
from workmail_org.model.user import Role, User
from workmail_org.model.values import Kind, Reference, fold

Link = tuple[Reference, Reference]
"""One step that mail takes: from a group or a resource to a member or a delegate."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where mail to one address goes.

    Attributes:
        holder: Who has the address.
        recipients: Users, and resources, that get it; sorted. None: it
            reaches nobody, such as in a group without members.
        links: The way there, from the holder; sorted.
        loops: Groups on the way that contain themselves; sorted.
    """

    holder: Reference
    recipients: tuple[Reference, ...]
    links: tuple[Link, ...] = ()
    loops: tuple[Reference, ...] = ()


Flow = Mapping[str, Delivery]
"""Deliveries by folded address."""


class Outcome(StrEnum):
    """What a change means for who writes to an address."""

    STOPS = "will bounce"
    SILENT = "will reach nobody"
    MOVES = "will reach another user"
    LOSES = "will reach fewer people"
    CHANGES = "will reach other people"
    GAINS = "will reach more people"
    STARTS = "will be reachable"


@dataclass(frozen=True, slots=True)
class FlowChange:
    """How mail to one address changes.

    Attributes:
        address: Folded.
        before: `None`: nobody had it, mail bounced.
        after: `None`: nobody has it, mail bounces.
    """

    address: str
    before: Delivery | None
    after: Delivery | None

    @property
    def lost(self) -> tuple[Reference, ...]:
        """Who no longer gets this mail."""
        return _without(_get_recipients(self.before), _get_recipients(self.after))

    @property
    def gained(self) -> tuple[Reference, ...]:
        """Who gets this mail now."""
        return _without(_get_recipients(self.after), _get_recipients(self.before))

    @property
    def outcome(self) -> Outcome:
        """What it means for who writes to the address."""
        if self.after is None:
            return Outcome.STOPS
        if self.before is None:
            return Outcome.STARTS
        if not self.after.recipients:
            return Outcome.SILENT
        kept = set(self.before.recipients) & set(self.after.recipients)
        if not kept:
            return Outcome.MOVES
        if not self.gained:
            return Outcome.LOSES if self.lost else Outcome.CHANGES
        return Outcome.CHANGES if self.lost else Outcome.GAINS


def trace(people: People) -> Flow:
    """Find out which mailboxes get the mail of every address.

    A remote user has no mailbox here: mail to their own address is not ours to
    deliver, mail to a group of theirs is.
    """
    loops = _find_loops(people)
    flow: dict[str, Delivery] = {}
    for kind in Kind:
        for name, found in people.get_kind(kind).items():
            entity = found.entity
            is_remote = isinstance(entity, User) and entity.role is Role.REMOTE_USER
            if not entity.enabled or is_remote:
                continue
            delivery = _deliver(people, Reference(kind, name), loops)
            for address in (entity.email, *entity.aliases):
                flow[fold(address)] = delivery
    return flow


def compare(before: Flow, after: Flow) -> tuple[FlowChange, ...]:
    """List the addresses whose mail goes elsewhere, by what it means, then by address.

    Only who has an address and who gets its mail counts, not the way there.
    """
    changes = [
        FlowChange(address, before.get(address), after.get(address))
        for address in sorted({**before, **after})
        if _differs(before.get(address), after.get(address))
    ]
    order = list(Outcome)
    return tuple(sorted(changes, key=lambda change: order.index(change.outcome)))


def _differs(one: Delivery | None, other: Delivery | None) -> bool:
    if one is None or other is None:
        return one is not other
    return (one.holder, one.recipients, one.loops) != (other.holder, other.recipients, other.loops)


def _deliver(people: People, holder: Reference, loops: frozenset[Reference]) -> Delivery:
    if holder.kind is Kind.USER:
        return Delivery(holder, (holder,))
    seen = {holder}
    links: set[Link] = set()
    waiting = [holder]
    while waiting:
        one = waiting.pop()
        for other in _list_next(people, one):
            links.add((one, other))
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    recipients = tuple(sorted(each for each in seen if each.kind is not Kind.GROUP))
    return Delivery(holder, recipients, tuple(sorted(links)), tuple(sorted(seen & loops)))


def _list_next(people: People, reference: Reference) -> Sequence[Reference]:
    """Return whom a group or a resource passes mail on to: who is there and switched on."""
    found = people.find(reference)
    if found is None or reference.kind is Kind.USER:
        return ()
    entity = found.entity
    others = entity.members if isinstance(entity, Group) else entity.delegates
    return [
        other.folded
        for other in others
        if (known := people.find(other)) is not None and known.entity.enabled
    ]


def _find_loops(people: People) -> frozenset[Reference]:
    """Find the groups that lead back to themselves, by taking away all that do not."""
    ways = {
        Reference(Kind.GROUP, name): {
            other
            for other in _list_next(people, Reference(Kind.GROUP, name))
            if other.kind is Kind.GROUP
        }
        for name in people.groups
    }
    while True:
        reached = set[Reference]().union(*ways.values())
        left = {one: others & ways.keys() for one, others in ways.items() if others}
        left = {one: others & left.keys() for one, others in left.items() if one in reached}
        if left == ways:
            return frozenset(ways)
        ways = left


def _get_recipients(delivery: Delivery | None) -> tuple[Reference, ...]:
    return delivery.recipients if delivery else ()


def _without(some: Sequence[Reference], others: Sequence[Reference]) -> tuple[Reference, ...]:
    excluded = set(others)
    return tuple(each for each in some if each not in excluded)
