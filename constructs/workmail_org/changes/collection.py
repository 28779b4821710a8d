"""Collections: what a resource for users, groups or resources answers for, from what is there.

Handler and plan look at the same things, one by reading, one by predicting, and hand them to
`assess`; what comes out is what the decision rests on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from workmail_org.changes.addresses import index_addresses, is_parking_address
from workmail_org.changes.calls import Call
from workmail_org.changes.crossings import find_moving, list_wanted_elsewhere
from workmail_org.changes.entities import Neighbour, Situation
from workmail_org.changes.shards import list_brought_later, take_share
from workmail_org.model.live import EntityT, Found
from workmail_org.model.organization import Passwords
from workmail_org.model.removal import Removal, Safety
from workmail_org.model.values import EntityId, Reference, fold, parse_reference
from workmail_org.wire.properties import CollectionProperties, UsersProperties

C = TypeVar("C", bound=CollectionProperties)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What of one kind is the stack's; folded names.

    Attributes:
        removable: Who may be removed by this request.
        known: These, and who was removed before or is not removed by this one.
        made: Those of them that the stack created, in an update that goes forward.
        kept: Members or delegates, folded, who left the spec and could not be taken out yet.
        managed: How many the stack answers for.
    """

    removable: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    made: frozenset[str] = frozenset()
    kept: Mapping[str, tuple[Reference, ...]] = field(
        default_factory=dict[str, tuple[Reference, ...]]
    )
    managed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """Somebody of another collection, with the addresses that they have now.

    Attributes:
        addresses: The primary one first.
        found: The same as a failed deployment found them, which is rolled back; `None`: it
            touched none of them.
    """

    id: EntityId
    reference: Reference
    addresses: tuple[str, ...]
    enabled: bool
    found: tuple[str, ...] | None = None


def list_coming(
    others: Iterable[Addressed],
    declared: CollectionProperties,
    previous: CollectionProperties | None,
) -> set[str]:
    """List the addresses, folded, that others are to get together with this collection.

    Args:
        others: Who of other collections changes addresses too.
        declared: What is declared.
        previous: What was declared before.
    """
    coming: set[str] = set()
    for each in list_neighbours(others, declared, previous):
        if each.enabled:
            has = index_addresses((each.primary, *each.aliases))
            coming |= index_addresses(each.wanted).keys() - has.keys()
    return coming


def list_elsewhere(others: Iterable[Addressed]) -> set[str]:
    """List the addresses, folded, of who is switched on."""
    return {fold(address) for each in others if each.enabled for address in each.addresses}


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionFacts(Generic[EntityT]):
    """What is there, and whose it is.

    Attributes:
        present: Folded names of everything of the kind that is there.
        found: Those of them that matter, in the order of the list; members and
            delegates are the enabled ones.
        contested: Folded names of those of other shards who have an address that somebody gets.
        claims: What is the stack's.
        enabled: Ids of the users and groups that are switched on, by folded reference.
        others: Who of other collections is the stack's and changes addresses
            together with this one (`list_moving`).
        exceptions: What happens to some who leave, by folded name.
        taken: Folded addresses that a rollback leaves with whom people gave them to meanwhile.
        left_alone: Folded names of those who are left as they are (`changes.few`).
        memberships: As in `Situation`.
        leftovers: As in `Situation`.
        strangers: As in `Situation`, like `namesakes`.
        undoing: A failed deployment is rolled back.
        as_found: As in `Situation`, like `template`.
        previous_is_lost: As in `Situation`.
        repairs: Whether everybody is set right.
        exported: Ids of those whose mailbox has a verified export; `None`: nobody has
            looked.
    """

    present: Collection[str]
    found: Sequence[Found[EntityT]]
    claims: Claims
    contested: Collection[str] = frozenset()
    enabled: Mapping[Reference, str] = field(default_factory=dict[Reference, str])
    others: Sequence[Addressed] = ()
    exceptions: Mapping[str, Removal] = field(default_factory=dict[str, Removal])
    taken: frozenset[str] = frozenset()
    left_alone: Collection[str] = frozenset()
    memberships: Mapping[Reference, tuple[Reference, ...]] = field(
        default_factory=dict[Reference, tuple[Reference, ...]]
    )
    leftovers: Sequence[Call] = ()
    strangers: Mapping[str, Reference] = field(default_factory=dict[str, Reference])
    namesakes: Collection[str] = frozenset()
    undoing: bool = False
    as_found: bool = False
    template: Sequence[EntityT] = ()
    previous_is_lost: bool = False
    repairs: bool = False
    exported: Collection[str] | None = None


def list_relevant(
    declared: CollectionProperties,
    previous: CollectionProperties | None,
    claims: Claims,
    present: Collection[str],
) -> set[str]:
    """List the folded names of those who matter: declared now, before, or to be removed."""
    share, past = take_own_share(declared, previous, present)
    names = {fold(entity.name) for entity in (*share, *past)}
    return names if declared.shard else names | claims.removable


def list_moving(
    declared: CollectionProperties, previous: CollectionProperties | None
) -> Mapping[Reference, str]:
    """Find who changes addresses in other collections, if an address crosses to or from here.

    Returns:
        The text of a reference in `other_addresses`, by folded reference.
    """
    if previous is None or declared.shard:
        return {}
    return find_moving(
        previous.entities, declared.entities, previous.other_addresses, declared.other_addresses
    )


def assess(
    facts: CollectionFacts[EntityT],
    declared: CollectionProperties,
    previous: CollectionProperties | None,
) -> Situation[EntityT]:
    """Put together everything that the changes of one collection depend on.

    Args:
        facts: What is there.
        declared: What is declared.
        previous: What was declared before; `None`: the resource is created, or goes.
    """
    declared = leave_out(declared, facts.left_alone)
    if facts.taken:
        declared = _leave_addresses(declared, facts)
    previous = leave_out(previous, facts.left_alone) if previous else None
    share: Any
    past: Any
    share, past = take_own_share(declared, previous, facts.present)
    whole: Any = declared.entities
    own = {fold(entity.name) for entity in share} | {*facts.contested}
    share = tuple(entity for entity in whole if fold(entity.name) in own)
    removable = frozenset[str]() if declared.shard else facts.claims.removable
    named = list_relevant(declared, previous, facts.claims, facts.present).union(facts.contested)
    return Situation(
        actual=[
            each
            for each in facts.found
            if (name := fold(each.entity.name)) in named and name not in facts.left_alone
        ],
        previous=past,
        desired=share,
        owned=removable | (facts.claims.known & own),
        removal=declared.on_removal,
        test_domain=declared.test_domain,
        neighbours=tuple(
            _leave_taken(each, facts.taken)
            for each in list_neighbours(facts.others, declared, previous)
        ),
        wanted_elsewhere=list_wanted_elsewhere(
            whole,
            share,
            previous.other_addresses if previous and not facts.repairs else {},
            declared.other_addresses,
        ),
        exceptions=facts.exceptions,
        memberships=facts.memberships,
        leftovers=facts.leftovers,
        read_only_directory=declared.read_only_directory,
        adopt=declared.adopt,
        taken_over=declared.taken_over and not declared.read_only_directory,
        undoing=facts.undoing,
        as_found=facts.as_found,
        template=facts.template,
        begins=previous is None or declared.read_only_directory,
        previous_is_lost=facts.previous_is_lost,
        absent=[entity for entity in whole if fold(entity.name) not in facts.present],
        brought_later=list_brought_later(
            whole, shard=declared.shard, shards=declared.shards, present=facts.present
        ),
        enabled=facts.enabled,
        made=facts.claims.made,
        kept=facts.claims.kept,
        managed=facts.claims.managed - _count_resting(declared, previous),
        safety=_choose_stricter(declared, previous),
        exported=_choose_exported(facts, declared, previous),
        strangers=facts.strangers,
        namesakes=facts.namesakes,
        generate_passwords=isinstance(declared, UsersProperties)
        and declared.passwords is Passwords.GENERATE,
    )


def _count_resting(declared: CollectionProperties, previous: CollectionProperties | None) -> int:
    """Count who was declared as switched off and stays so: they do not make others fewer."""
    before = previous.entities if previous else ()
    off = {fold(entity.name) for entity in before if not entity.enabled}
    return sum(fold(entity.name) in off for entity in declared.entities if not entity.enabled)


def _choose_stricter(
    declared: CollectionProperties, previous: CollectionProperties | None
) -> Safety:
    """Judge by the stricter of the deployed and the declared safety.

    A change that loosens it and removes people at once would otherwise confirm itself.
    """
    every = [each.safety for each in (declared, previous) if each]
    return Safety(
        max_removals_percent=min(each.max_removals_percent for each in every),
        min_managed=min(each.min_managed for each in every),
    )


def _choose_exported(
    facts: CollectionFacts[EntityT],
    declared: CollectionProperties,
    previous: CollectionProperties | None,
) -> Collection[str] | None:
    """Say who is exported, as far as it matters.

    A change that takes `exports` out of the spec and people with them would otherwise confirm
    itself; the journal may not be read any more then, so that nobody is known to be exported.
    """
    if declared.exports:
        return facts.exported
    return frozenset() if previous and previous.exports else None


def take_own_share(
    declared: CollectionProperties,
    previous: CollectionProperties | None,
    present: Collection[str],
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return who of the declared, and of those declared before, is this shard's."""
    return take_share(
        declared.entities,
        previous.entities if previous else (),
        shard=declared.shard,
        shards=declared.shards,
        present=present,
    )


def is_idle(declared: CollectionProperties, previous: CollectionProperties | None) -> bool:
    """Return whether a shard has nothing to do: all that changed is who others bring into being.

    The first one would do no more than look at everybody once more, which an update that changes
    nothing does not do either.
    """
    if previous is None:
        return False
    share, _past = take_own_share(declared, previous, ())
    if declared.shard:
        return not share
    return redeclare(declared, share) == replace(previous, shards=declared.shards)


def list_neighbours(
    others: Iterable[Addressed],
    declared: CollectionProperties,
    previous: CollectionProperties | None,
) -> tuple[Neighbour, ...]:
    """List who of other collections changes addresses too, with what they are to have."""
    if previous is None:
        return ()
    declared_as = {
        parse_reference(text).folded: text
        for text in (*previous.other_addresses, *declared.other_addresses)
    }
    return tuple(
        Neighbour(
            id=other.id,
            reference=other.reference,
            primary=other.addresses[0],
            aliases=other.addresses[1:],
            previous=previous.other_addresses.get(text, ()),
            wanted=_choose_wanted(other, previous, declared, text),
            enabled=other.enabled,
        )
        for other in others
        for text in (declared_as.get(other.reference.folded, ""),)
    )


def _leave_taken(neighbour: Neighbour, taken: frozenset[str]) -> Neighbour:
    """Leave an address with somebody else who has it: the primary one stays as it is."""
    if taken.isdisjoint(map(fold, neighbour.wanted)):
        return neighbour
    primary, *aliases = neighbour.wanted
    kept = primary
    if fold(primary) in taken:
        kept = _choose_lasting(neighbour.primary, aliases, taken)
    others = (each for each in aliases if fold(each) not in {fold(kept), *taken})
    return replace(neighbour, wanted=(kept, *others))


def _choose_wanted(
    other: Addressed, previous: CollectionProperties, declared: CollectionProperties, text: str
) -> tuple[str, ...]:
    """Choose which addresses a neighbour is to have, the primary one first.

    A primary address whose declaration stays is left as it is: it crosses nowhere, and people may
    have changed it. A rollback gives back what was found.
    """
    if other.found is not None:
        return other.found
    before, after = previous.other_addresses.get(text, ()), declared.other_addresses.get(text, ())
    if not before or not after or fold(before[0]) != fold(after[0]):
        return after
    primary = other.addresses[0]
    return (primary, *(each for each in after[1:] if fold(each) != fold(primary)))


def empty(declared: C) -> C:
    """Declare nobody any more, and everything else as before."""
    return redeclare(declared, ())


def leave_out(declared: C, names: Collection[str]) -> C:
    """Declare everybody but some, by folded name."""
    if not names:
        return declared
    return redeclare(declared, [e for e in declared.entities if fold(e.name) not in names])


def _choose_lasting(primary: str, others: Iterable[str], taken: Collection[str]) -> str:
    """Choose a primary address to stay: another one of theirs, where it is only for a move."""
    if not is_parking_address(primary):
        return primary
    return next((each for each in others if fold(each) not in taken), primary)


def _leave_addresses(declared: C, facts: CollectionFacts[Any]) -> C:
    """Declare nobody with an address that somebody else has: who had it keeps what they have."""
    live = {fold(each.entity.name): each.entity for each in facts.found}

    def leave(entity: Any) -> Any:
        email, enabled = entity.email, entity.enabled
        if fold(email) in facts.taken:
            now = live.get(fold(entity.name))
            enabled = now is not None and now.enabled
            email = now.email if now and now.enabled else ""
            email = _choose_lasting(email, entity.aliases, facts.taken)
        others = {fold(email), *facts.taken}
        aliases = tuple(each for each in entity.aliases if fold(each) not in others)
        return replace(entity, email=email, aliases=aliases, enabled=enabled)

    return redeclare(declared, [leave(entity) for entity in declared.entities])


def redeclare(declared: C, entities: Sequence[Any]) -> C:
    """Declare other entities, and everything else as before."""
    others: dict[str, Any] = {
        name: tuple(entities)
        for name in ("users", "groups", "resources")
        if hasattr(declared, name)
    }
    return replace(declared, **others)
