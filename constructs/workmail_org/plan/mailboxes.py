"""Mailboxes: what the resources for users, groups and resources would do, shard by shard."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from workmail_org.changes.addresses import list_held
from workmail_org.changes.collection import (
    Addressed,
    Claims,
    CollectionFacts,
    assess,
    is_idle,
    list_coming,
    list_elsewhere,
    list_moving,
    take_own_share,
)
from workmail_org.changes.few import Known, find_left_alone, find_unseen
from workmail_org.changes.removals import Presence, call_roll, decide
from workmail_org.changes.settled import list_new_addresses
from workmail_org.kinds import CollectionKind, make_part_name
from workmail_org.model.live import Found
from workmail_org.model.values import Kind, Reference, fold
from workmail_org.plan.actual import Actual, list_made_again
from workmail_org.plan.carrying import apply_calls
from workmail_org.plan.declarations import Declaration
from workmail_org.plan.step import Step
from workmail_org.wire.properties import CollectionProperties, ResourceType


def list_collection_steps(
    kind: CollectionKind[Any], previous: Declaration | None, actual: Actual, desired: Declaration
) -> Iterator[Step]:
    """List what each shard of one collection would do, one after the other.

    Args:
        kind: Of the collection.
        previous: What is deployed; `None`: the stack does not exist.
        actual: What there is when CloudFormation comes to it.
        desired: What is to be deployed.
    """
    declared = desired.get_collection(kind.kind)
    before = previous.get_collection(kind.kind) if previous else None
    state = actual
    for shard in range(declared.shards):
        known = before if before and shard < before.shards else None
        own = replace(declared, shard=shard)
        if not actual.repairs and is_idle(own, known and replace(known, shard=shard)):
            continue  # CloudFormation sends no request, or the handler has nothing to do
        step = _step_shard(kind, known, state, own)
        yield step
        people = apply_calls(state.people, step.calls)
        made = people.get_kind(kind.kind).keys() - state.people.get_kind(kind.kind).keys()
        owned = state.owned.get(kind.kind, frozenset()) | made
        state = replace(state, people=people, owned={**state.owned, kind.kind: owned})


def _step_shard(
    kind: CollectionKind[Any],
    before: CollectionProperties | None,
    actual: Actual,
    declared: CollectionProperties,
) -> Step:
    decision = kind.decide(
        assess(_predict_facts(kind.kind, before, actual, declared), declared, before)
    )
    return Step(
        part_name=make_part_name(kind.resource_type, shard=declared.shard),
        resource_type=kind.resource_type,
        calls=decision.calls,
        refusals=decision.refusals,
        brakes=decision.brakes,
    )


def _predict_facts(
    kind: Kind,
    before: CollectionProperties | None,
    actual: Actual,
    declared: CollectionProperties,
) -> CollectionFacts[Any]:
    """Say what the handler will find."""
    enabled = _list_enabled(actual)
    ledger = dict[Kind, Mapping[str, Known]]() if actual.repairs else actual.ledger
    known = ledger.get(kind, dict[str, Known]())
    unseen = find_unseen(declared, known, enabled)
    present = _take_present(kind, actual, unseen)
    owned = actual.owned.get(kind, frozenset[str]()).union(unseen)
    moving = list_moving(declared, before)
    others = _list_others(actual, moving)
    coming = list_coming(others, declared, before)
    found, contested = _read(present, before, declared, enabled, unseen, owned, coming)
    return CollectionFacts(
        present=present.keys(),
        found=found,
        contested=contested,
        claims=Claims(
            removable=owned,
            known=owned | actual.known.get(kind, frozenset()),
            made=actual.made.get(kind, frozenset()),
            kept=actual.kept.get(kind, {}),
            managed=len(owned),
        ),
        enabled=enabled,
        others=others,
        left_alone=find_left_alone(
            declared, known, unseen, found, elsewhere=list_elsewhere(others)
        ),
        strangers=_list_strangers(kind, actual, moving),
        namesakes=_list_namesakes(kind, actual),
        repairs=actual.repairs,
        exported=actual.exported,
    )


def _list_enabled(actual: Actual) -> dict[Reference, str]:
    """List who can be a member or a delegate: not who was made again by hand."""
    strangers = list_made_again(actual)
    return {
        reference: str(found.id)
        for each in (Kind.USER, Kind.GROUP)
        for found in actual.people.get_kind(each).values()
        if found.entity.enabled and (reference := found.entity.reference.folded) not in strangers
    }


def keep_unseen(kind: Kind, actual: Actual, desired: Declaration) -> Actual:
    """Forget what the ledger said of those whom a resource has brought to what is declared."""
    known = actual.ledger.get(kind, {})
    unseen = find_unseen(desired.get_collection(kind), known, _list_enabled(actual))
    left = {name: entry for name, entry in known.items() if name in unseen}
    return replace(actual, ledger={**actual.ledger, kind: left})


def _list_strangers(
    kind: Kind, actual: Actual, moving: Collection[Reference]
) -> dict[str, Reference]:
    """List who has an address and does not give it up for a collection, by folded address.

    Of the collection itself, who is not the stack's; of others, also who is, but for those who
    change addresses together with it.
    """

    def gives_up(reference: Reference) -> bool:
        is_ours = reference.name in actual.owned.get(reference.kind, ())
        return is_ours and (reference.kind is kind or reference in moving)

    return {
        address: found.entity.reference
        for other in Kind
        for name, found in actual.people.get_kind(other).items()
        if not gives_up(Reference(other, name))
        for address in list_held(found.entity)
    }


def _list_namesakes(kind: Kind, actual: Actual) -> Collection[str]:
    """List the names that a directory has given to others: users and groups share them."""
    others = {Kind.USER: Kind.GROUP, Kind.GROUP: Kind.USER}
    return actual.people.get_kind(others[kind]).keys() if kind in others else ()


def _take_present(
    kind: Kind, actual: Actual, unseen: Mapping[str, Found[Any]]
) -> dict[str, Found[Any]]:
    """Take who is there, as far as the handler knows before it reads anybody.

    Whoever was made again is another one: the handler asks for the id that the ledger has.
    """
    people = actual.people.get_kind(kind)
    seen = {name: found for name, found in people.items() if name not in unseen}
    same = {
        name: people[name] if name in people and people[name].id == found.id else found
        for name, found in unseen.items()
    }
    return seen | same


def _read(
    present: Mapping[str, Found[Any]],
    before: CollectionProperties | None,
    declared: CollectionProperties,
    enabled: Mapping[Reference, str],
    unseen: Mapping[str, Found[Any]],
    owned: Collection[str],
    coming: Collection[str],
) -> tuple[list[Found[Any]], frozenset[str]]:
    """Say how the handler reads everybody, those whom it believes included.

    Returns:
        Who is there; and folded names of those of other shards who have an address that somebody
        of this one gets.
    """
    seen = {name: _see(found, enabled) for name, found in present.items()}
    share, _past = take_own_share(declared, before, present.keys())
    own = {fold(entity.name) for entity in share}
    ours = {fold(e.name) for e in declared.entities}.intersection(owned)
    known, contested = {**seen, **unseen}, frozenset[str]()
    while True:
        getting = [e for e in declared.entities if fold(e.name) in own | contested]
        holders = _list_holders(list_new_addresses(getting, known).union(coming), seen)
        others = contested | (holders & ours - own) if declared.shard else contested
        if others == contested and all(known[name] == seen[name] for name in holders):
            return [known[name] for name in present], contested
        known, contested = known | {name: seen[name] for name in holders}, others


def _list_holders(addresses: Collection[str], seen: Mapping[str, Found[Any]]) -> frozenset[str]:
    """List the folded names of those who have one of some addresses."""
    return frozenset(
        name for name, found in seen.items() if not list_held(found.entity).isdisjoint(addresses)
    )


def _see(found: Found[Any], enabled: Collection[Reference]) -> Found[Any]:
    """Leave out members and delegates that are switched off, as the handlers read them."""
    for field in ("members", "delegates"):
        references = getattr(found.entity, field, ())
        kept = tuple(each for each in references if each.folded in enabled)
        if len(kept) < len(references):
            return replace(found, entity=replace(found.entity, **{field: kept}))
    return found


def _list_others(actual: Actual, moving: Mapping[Reference, str]) -> list[Addressed]:
    """List who of other collections is the stack's and moves, in the order of the list."""
    return [
        Addressed(
            id=found.id,
            reference=found.entity.reference,
            addresses=(found.entity.email, *found.entity.aliases),
            enabled=found.entity.enabled,
        )
        for kind in sorted({reference.kind for reference in moving})
        for name, found in actual.people.get_kind(kind).items()
        if name in actual.owned.get(kind, ()) and Reference(kind, name) in moving
    ]


def list_removals_steps(
    previous: Declaration | None, actual: Actual, desired: Declaration
) -> Iterator[Step]:
    """Say who is switched off and who deleted, once everything else is done.

    Args:
        previous: What is deployed; `None`: the stack does not exist.
        actual: What there is when CloudFormation comes to it.
        desired: What is to be deployed.
    """
    declared = desired.removals
    if previous is not None and previous.removals == declared and not actual.repairs:
        return  # CloudFormation sends no request
    present = [
        Presence(reference=found.entity.reference, enabled=found.entity.enabled)
        for kind in Kind
        for found in actual.people.get_kind(kind).values()
    ]
    owned = {Reference(kind, name) for kind, names in actual.owned.items() for name in names}
    owned |= {each.folded for each in (*declared.enabled, *declared.disabled)}
    before = previous.removals if previous and not actual.repairs else None
    yield Step(
        part_name=make_part_name(ResourceType.REMOVALS),
        resource_type=ResourceType.REMOVALS,
        calls=decide(call_roll(present, owned, declared, before)).calls,
    )
