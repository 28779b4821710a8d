"""How addresses move between entities: released before they are taken, swaps and cycles included.

Theory of operation. An address belongs to one user, group or resource of an organization, as its
primary address or as an alias; WorkMail refuses one that somebody else has. So a set of changes
that is right as a whole can be impossible in most orders, and in some it is impossible in every
order: two people who swap their addresses each wait for the other.

`move_addresses` plays the changes through on `Holder`s, which are changed as calls are listed, so
that each call is judged by what holds when it is made:

1. *Drop aliases* (phase RELEASE) that their holder is not to have, before anybody takes one. Kept
   are those that nobody wants, as long as the stack did not give them: people add some by hand
   (unless the spec says that aliases are exclusive), WorkMail gives everybody an address in the
   test domain by itself, and people who leave keep what nobody asks for.
2. *Park* (RELEASE) who leaves, or is switched off in the spec, and bears a primary address that
   somebody else wants. An entity cannot be without a primary address, so it gets one that nobody
   can want, in the test domain, made from its name: a run that was cut off finds it again.
3. *Readdress* (READDRESS) everybody whose wanted primary address is free, again and again, because
   each one that moves may free the next. WorkMail keeps the former address as an alias: it is
   dropped like any other. When nobody can move and somebody is left, they wait for each
   other in a circle: one of them is parked, which opens it, and takes its own address at its turn.
4. *Add aliases* (ALIAS) last, when all primary addresses are where they belong.

Only entities that are switched on can change addresses. Who is to be registered takes addresses
later (REGISTER), and what such newcomers want counts as wanted in 1 and 2. Holders can belong to
several collections (`changes.crossings`): the resource for users moves what crosses to groups and
rooms too.

A primary address is changed in place (WorkMail API 2017-10-01, UpdatePrimaryEmailAddress): the
mailbox stays, whatever happens in between.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from workmail_org.changes.calls import Call, Identity, Phase, make_call
from workmail_org.model.live import Entity
from workmail_org.model.values import Reference, fold, get_domain

_PARKING_PREFIX = "workmail-org.moving."
"""Local part of the address that an entity bears while its own goes to another one."""


@dataclass(slots=True, kw_only=True)
class Holder:
    """An entity and its addresses, while a plan is made.

    Attributes:
        primary: Now; changes as the plan proceeds.
        aliases: Now, by folded address; changes as the plan proceeds.
        wanted_primary: What it shall be; `None`: it leaves, or is switched off, and keeps what
            others do not want.
        wanted_aliases: By folded address.
        owned: Folded addresses that this stack gave it.
        exclusive: Whether it has no addresses but those.
        leaves: Whether the spec declares it no more: it keeps its aliases too.
        readdressable: Whether its addresses can change: only of enabled ones.
    """

    reference: Reference
    primary: str
    aliases: dict[str, str]
    wanted_primary: str | None
    wanted_aliases: dict[str, str] = field(default_factory=dict[str, str])
    owned: frozenset[str] = frozenset()
    exclusive: bool = False
    leaves: bool = False
    readdressable: bool = True

    @property
    def wants(self) -> set[str]:
        """Folded addresses that it shall have."""
        primary = {fold(self.wanted_primary)} if self.wanted_primary else set[str]()
        return primary | set(self.wanted_aliases)


def make_parking_address(reference: Reference, test_domain: str) -> str:
    """Build an address for an entity whose own address goes to another one.

    The same for the same entity every time, so that a run that was cut off
    finds it again.
    """
    digest = hashlib.sha256(str(reference.folded).encode()).hexdigest()[:12]
    return f"{_PARKING_PREFIX}{digest}@{test_domain}"


def is_parking_address(address: str) -> bool:
    """Tell an address that only a move needs."""
    return address.startswith(_PARKING_PREFIX)


def move_addresses(holders: Iterable[Holder], test_domain: str, wanted: set[str]) -> list[Call]:
    """List the calls that give every present holder its addresses.

    Args:
        holders: Entities that exist and whose addresses are known. They are
            changed to what holds after the calls.
        test_domain: `<alias>.awsapps.com`.
        wanted: Folded addresses that entities still to be registered want.

    Returns:
        Calls of phases RELEASE, READDRESS and ALIAS, in order.
    """
    present = [holder for holder in holders if holder.readdressable]
    taken = wanted.union(*(holder.wants for holder in present))
    calls = [call for holder in present for call in _drop_aliases(holder, test_domain, taken)]
    calls += _readdress(present, test_domain, taken)
    for holder in present:
        calls += _add_aliases(holder)
    return calls


def _drop_aliases(holder: Holder, test_domain: str, taken: set[str]) -> list[Call]:
    calls: list[Call] = []
    for folded, alias in sorted(holder.aliases.items()):
        if folded in holder.wants or not _may_drop(holder, folded, test_domain, taken):
            continue
        calls.append(_delete_alias(Phase.RELEASE, holder, alias))
    return calls


def _may_drop(holder: Holder, folded: str, test_domain: str, taken: set[str]) -> bool:
    if folded in taken or is_parking_address(folded):
        return True
    if holder.leaves:
        return False
    # What people added by hand is theirs. WorkMail gives entities addresses in the test domain
    # by itself; those stay too, unless this stack put them there (facts.md §1.6).
    return folded in holder.owned or (holder.exclusive and get_domain(folded) != fold(test_domain))


def _readdress(holders: list[Holder], test_domain: str, taken: set[str]) -> list[Call]:
    calls: list[Call] = []
    for holder in holders:
        leaves = holder.wanted_primary is None
        if leaves and fold(holder.primary) in taken:
            calls += _park(Phase.RELEASE, holder, test_domain, taken)
    # What another one keeps is left there: a rollback may find that two had one address in turn.
    waiting = [
        holder
        for holder in holders
        if holder.wanted_primary
        and not _same(holder.primary, holder.wanted_primary)
        and not _is_wanted_by_others(holder, holders)
    ]
    while waiting:
        ready = [h for h in waiting if _is_free_for(h, holders)]
        if ready:
            for holder in ready:
                address = holder.wanted_primary or ""
                calls += _make_primary(Phase.READDRESS, holder, address, test_domain, taken)
                waiting.remove(holder)
            continue
        wanted = {fold(each.wanted_primary or "") for each in waiting}
        circle = [each for each in waiting if fold(each.primary) in wanted]
        if not circle:
            break  # what they wait for does not become free
        # One steps aside: not the first, since plan and handler may see them in another order.
        aside = min(circle, key=lambda each: str(each.reference.folded))
        calls += _park(Phase.READDRESS, aside, test_domain, taken)
    return calls


def _is_wanted_by_others(holder: Holder, holders: list[Holder]) -> bool:
    folded = fold(holder.wanted_primary or "")
    return any(other is not holder and folded in other.wants for other in holders)


def _is_free_for(holder: Holder, holders: list[Holder]) -> bool:
    folded = fold(holder.wanted_primary or "")
    return all(
        other is holder or (fold(other.primary) != folded and folded not in other.aliases)
        for other in holders
    )


def _park(phase: Phase, holder: Holder, test_domain: str, taken: set[str]) -> list[Call]:
    address = make_parking_address(holder.reference, test_domain)
    return _make_primary(phase, holder, address, test_domain, taken)


def _make_primary(
    phase: Phase, holder: Holder, address: str, test_domain: str, taken: set[str]
) -> list[Call]:
    """Change the primary address; WorkMail keeps the former one as an alias until it is dropped."""
    former = holder.primary
    calls = [
        make_call(
            phase,
            "UpdatePrimaryEmailAddress",
            holder.reference,
            EntityId=Identity(holder.reference),
            Email=address,
        )
    ]
    holder.primary = address
    holder.aliases.pop(fold(address), None)
    holder.aliases[fold(former)] = former
    folded = fold(former)
    unwanted = former and folded not in holder.wanted_aliases
    if unwanted and _may_drop(holder, folded, test_domain, taken):
        calls.append(_delete_alias(phase, holder, former))
    return calls


def _add_aliases(holder: Holder) -> list[Call]:
    calls: list[Call] = []
    for folded, alias in sorted(holder.wanted_aliases.items()):
        if folded in holder.aliases or _same(alias, holder.primary):
            continue
        holder.aliases[folded] = alias
        calls.append(create_alias(holder.reference, alias))
    return calls


def create_alias(reference: Reference, alias: str) -> Call:
    """Build the call that gives an entity one more address."""
    return make_call(
        Phase.ALIAS, "CreateAlias", reference, EntityId=Identity(reference), Alias=alias
    )


def _delete_alias(phase: Phase, holder: Holder, alias: str) -> Call:
    del holder.aliases[fold(alias)]
    reference = holder.reference
    return make_call(phase, "DeleteAlias", reference, EntityId=Identity(reference), Alias=alias)


def _same(one: str, other: str) -> bool:
    return fold(one) == fold(other)


def list_held(entity: Entity | None) -> frozenset[str]:
    """List the addresses, folded, that somebody holds; `None`: they are not there.

    Who is switched off may be shown with one, and holds none.
    """
    addresses = (entity.email, *entity.aliases) if entity and entity.enabled else ()
    return frozenset(fold(address) for address in addresses if address)


def describe_taken(address: str, holder: Reference) -> str:
    """Write that an address belongs to somebody else."""
    return (
        f"{address} belongs to {holder.kind} {holder.name!r} already; take it away from there first"
    )


def index_addresses(addresses: Iterable[str]) -> dict[str, str]:
    """Key addresses by what they compare by."""
    return {fold(address): address for address in addresses}
