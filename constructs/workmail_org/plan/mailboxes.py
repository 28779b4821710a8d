"""Mailboxes: what the resources for users, groups and resources would do, shard by shard."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from workmail_org.changes.collection import (
    Addressed,
    Claims,
    CollectionFacts,
    assess,
    is_idle,
    list_moving,
    take_own_share,
)
from workmail_org.changes.few import find_unseen
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
        seen = replace(state, ledger={}) if actual.repairs else state
        step = _step_shard(kind, known, seen, own)
        yield step
        state = replace(state, people=apply_calls(state.people, step.calls))


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
    unseen = find_unseen(declared, actual.ledger.get(kind, {}), enabled)
    present = _take_present(kind, actual, unseen)
    owned = actual.owned.get(kind, frozenset[str]()).union(unseen)
    seen = {name: _see(found, enabled) for name, found in present.items()}
    share, _past = take_own_share(declared, before, present.keys())
    contested = _list_contested(seen, list_new_addresses(share, {**seen, **unseen}))
    names = {fold(entity.name) for entity in declared.entities}
    own = {fold(entity.name) for entity in share}
    return CollectionFacts(
        present=present.keys(),
        # Whom the handler believes, it takes for what the ledger says.
        found=[
            unseen[name] if name in unseen.keys() - contested else seen[name] for name in present
        ],
        contested=contested & owned & names - own if declared.shard else frozenset(),
        claims=Claims(
            removable=owned,
            known=owned | actual.known.get(kind, frozenset()),
            made=actual.made.get(kind, frozenset()),
            kept=actual.kept.get(kind, {}),
            managed=len(owned),
        ),
        enabled=enabled,
        others=_list_others(actual, list_moving(declared, before)),
        strangers=_list_strangers(actual),
        namesakes=_list_namesakes(kind, actual),
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


def _list_strangers(actual: Actual) -> dict[str, Reference]:
    """List who has an address and is not the stack's, by folded address."""
    return {
        fold(address): found.entity.reference
        for kind in Kind
        for name, found in actual.people.get_kind(kind).items()
        # Somebody who is switched off may show an address, and does not hold it.
        if name not in actual.owned.get(kind, ()) and found.entity.enabled
        for address in (found.entity.email, *found.entity.aliases)
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


def _list_contested(seen: Mapping[str, Found[Any]], new: Collection[str]) -> set[str]:
    """List the folded names of those who have an address that somebody is to get."""
    return {
        name
        for name, found in seen.items()
        if any(fold(each) in new for each in (found.entity.email, *found.entity.aliases))
    }


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
    yield Step(
        part_name=make_part_name(ResourceType.REMOVALS),
        resource_type=ResourceType.REMOVALS,
        calls=decide(call_roll(present, owned, declared)).calls,
    )
