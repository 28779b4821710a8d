"""Mailboxes: what the resources for users, groups and resources would do, shard by shard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from workmail_org.changes import bookables, groups, users
from workmail_org.changes.brakes import list_removal_brakes
from workmail_org.changes.crossings import find_moving, list_wanted_elsewhere
from workmail_org.changes.deciding import Decision
from workmail_org.changes.entities import Neighbour, Situation, list_staying, refuse_renames
from workmail_org.changes.removals import Presence, RollCall, between
from workmail_org.changes.shards import take_share
from workmail_org.kinds import name_part
from workmail_org.model.live import Found
from workmail_org.model.organization import Passwords
from workmail_org.model.removal import Safety
from workmail_org.model.values import Kind, Reference, fold
from workmail_org.plan.actual import Actual
from workmail_org.plan.carrying import carry_out
from workmail_org.plan.declarations import Declaration
from workmail_org.plan.step import Step
from workmail_org.wire.names import ResourceType

_RESOURCE_TYPES = {
    Kind.USER: ResourceType.USERS,
    Kind.GROUP: ResourceType.GROUPS,
    Kind.RESOURCE: ResourceType.RESOURCES,
}


def _get_collection(declaration: Declaration | None, kind: Kind) -> Any:
    if declaration is None:
        return None
    return {
        Kind.USER: declaration.users,
        Kind.GROUP: declaration.groups,
        Kind.RESOURCE: declaration.resources,
    }[kind]


def _get_entities(collection: Any, kind: Kind) -> tuple[Any, ...]:
    """Return the entities of a collection's properties; of none, none."""
    return getattr(collection, f"{kind}s") if collection else ()


def list_collection_steps(
    kind: Kind, previous: Declaration | None, actual: Actual, desired: Declaration
) -> Iterator[Step]:
    """List what each shard of one collection would do, one after the other.

    Args:
        kind: Of the collection.
        previous: What is deployed; `None`: the stack does not exist.
        actual: What there is when CloudFormation comes to it.
        desired: What is to be deployed.
    """
    collection = _get_collection(desired, kind)
    before = _get_collection(previous, kind)
    state = actual
    for shard in range(collection.shards):
        known = before if before and shard < before.shards else None
        step = _step_collection(kind, known, state, replace(collection, shard=shard))
        if known == collection:
            yield replace(step, refusals=(), brakes=(), untouched=True)
            continue
        yield step
        state = replace(state, people=carry_out(state.people, step.calls))


def step_removals(previous: Declaration | None, actual: Actual, desired: Declaration) -> Step:
    """Say who is switched off and who deleted, once everything else is done.

    Args:
        previous: What is deployed; `None`: the stack does not exist.
        actual: What there is when CloudFormation comes to it.
        desired: What is to be deployed.
    """
    told = desired.removals
    roll = RollCall(
        present=[
            Presence(reference=found.entity.reference, enabled=found.entity.enabled)
            for kind in Kind
            for found in actual.people.get_kind(kind).values()
        ],
        owned={Reference(kind, name) for kind, names in actual.owned.items() for name in names}
        | {each.folded for each in (*told.enabled, *told.disabled)},
        enabled={each.folded for each in told.enabled},
        disabled={each.folded for each in told.disabled},
        words=told.words,
        read_only_directory=told.read_only_directory,
    )
    return Step(
        noun=name_part(ResourceType.REMOVALS),
        resource_type=ResourceType.REMOVALS,
        calls=between(roll),
        untouched=previous is not None and previous.removals == told,
    )


def _step_collection(kind: Kind, before: Any, actual: Actual, collection: Any) -> Step:
    shard: int = collection.shard
    everybody = _get_entities(collection, kind)
    present = actual.people.get_kind(kind)
    share, past = take_share(
        everybody,
        _get_entities(before, kind),
        shard=shard,
        shards=collection.shards,
        present=present.keys(),
    )
    situation = _make_situation(kind, before, actual, collection, share, past)
    plan = _plan(kind, situation, actual, collection)
    refusals = plan.refusals or refuse_renames(
        kind,
        gone=[leaver.entity for leaver in situation.get_leavers()],
        come=[entity for entity in everybody if fold(entity.name) not in present],
    )
    owned = actual.owned.get(kind, frozenset())
    safety = Safety(
        max_removals_percent=collection.max_removals_percent, min_managed=collection.min_managed
    )
    stops = list_removal_brakes(kind, plan.calls, owned=len(owned), safety=safety)
    return Step(
        noun=name_part(_RESOURCE_TYPES[kind], shard=shard),
        resource_type=_RESOURCE_TYPES[kind],
        calls=() if refusals else list_staying(situation, plan.calls),
        refusals=refusals,
        brakes=() if refusals else stops,
    )


def _make_situation(
    kind: Kind,
    before: Any,
    actual: Actual,
    collection: Any,
    share: Sequence[Any],
    past: Sequence[Any],
) -> Situation[Any]:
    owned = actual.owned.get(kind, frozenset())
    declared = {fold(entity.name) for entity in share}
    # As in the handlers: shard 0 alone removes.
    known = (owned | actual.known.get(kind, frozenset())) & declared
    responsible = known if collection.shard else owned | known
    names = responsible | declared | {fold(entity.name) for entity in past}
    present = actual.people.get_kind(kind)
    return Situation(
        actual=[found for name, found in present.items() if name in names],
        previous=past,
        desired=share,
        owned=responsible,
        removal=collection.on_removal,
        test_domain=collection.test_domain,
        neighbours=_list_neighbours(kind, before, actual, collection),
        wanted_elsewhere=list_wanted_elsewhere(
            _get_entities(collection, kind), share, collection.other_addresses
        ),
        read_only_directory=getattr(collection, "read_only_directory", False),
        adopt=collection.adopt,
    )


def _list_neighbours(
    kind: Kind, before: Any, actual: Actual, collection: Any
) -> tuple[Neighbour, ...]:
    if before is None or collection.shard:
        return ()
    there_before, there_after = before.other_addresses, collection.other_addresses
    moving = find_moving(
        _get_entities(before, kind), _get_entities(collection, kind), there_before, there_after
    )
    return tuple(
        _make_neighbour(found, there_before.get(text, ()), there_after.get(text, ()))
        for other in sorted({reference.kind for reference in moving})
        # In the order of the list, as the handlers read it.
        for name, found in actual.people.get_kind(other).items()
        if name in actual.owned.get(other, ()) and (text := moving.get(Reference(other, name)))
    )


def _make_neighbour(
    found: Found[Any], previous: tuple[str, ...], wanted: tuple[str, ...]
) -> Neighbour:
    entity = found.entity
    return Neighbour(
        id=found.id,
        reference=entity.reference,
        primary=entity.email,
        aliases=entity.aliases,
        previous=previous,
        wanted=wanted,
        enabled=entity.enabled,
    )


def _plan(kind: Kind, situation: Situation[Any], actual: Actual, collection: Any) -> Decision:
    if kind is Kind.USER:
        generate = collection.passwords is Passwords.GENERATE
        return users.between(situation, generate_passwords=generate)
    enabled = frozenset(r for r in actual.people.enabled if r.kind is not Kind.RESOURCE)
    if kind is Kind.GROUP:
        seen = [_see(found, "members", enabled) for found in situation.actual]
        return groups.between(replace(situation, actual=seen), enabled=enabled)
    seen = [_see(found, "delegates", enabled) for found in situation.actual]
    return bookables.between(replace(situation, actual=seen), enabled=enabled)


def _see(found: Found[Any], field: str, enabled: frozenset[Reference]) -> Found[Any]:
    """Leave out members and delegates that are switched off, as the handlers read them."""
    references = getattr(found.entity, field)
    kept = tuple(each for each in references if each.folded in enabled)
    if len(kept) == len(references):
        return found
    return replace(found, entity=replace(found.entity, **{field: kept}))
