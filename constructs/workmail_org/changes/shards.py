"""Shards: which part of a large collection a custom resource answers for."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence

from workmail_org.model.group import Group
from workmail_org.model.live import Entity, EntityT
from workmail_org.model.values import Kind, fold


def get_shard(name: str, shards: int) -> int:
    """Return which shard brings an entity into being: the same for the same name and count."""
    return zlib.crc32(fold(name).encode()) % shards


def take_share(
    desired: Sequence[EntityT],
    previous: Sequence[EntityT],
    *,
    shard: int,
    shards: int,
    present: Collection[str] = (),
) -> tuple[tuple[EntityT, ...], tuple[EntityT, ...]]:
    """Return the desired and previous entities that one shard answers for.

    Number 0 answers for all that is there already and for its share of what
    is new; the others bring only their share of what is new. Groups that have
    somebody of it as a member come again with it: nobody else can add them.

    Args:
        desired: Of the whole collection.
        previous: Of the whole collection.
        shard: From 0.
        shards: How many there are.
        present: Folded names of what is there, whatever was declared before: a
            failed deployment may have left some of it.
    """
    if shards == 1:
        return tuple(desired), tuple(previous)
    before = {fold(entity.name) for entity in previous}
    mine = {fold(e.name) for e in desired if get_shard(e.name, shards) == shard}
    if not shard:
        taken = mine | before | set(present)
        return _select(desired, taken), tuple(previous)
    new = mine - before
    taken = new | {fold(e.name) for e in desired if not new.isdisjoint(_list_nested(e))}
    return _select(desired, taken), _select(previous, taken)


def list_brought_later(
    desired: Sequence[EntityT], *, shard: int, shards: int, present: Collection[str]
) -> frozenset[str]:
    """List the folded names of who is not there, and whom a later shard brings into being."""
    return frozenset(
        name
        for entity in desired
        if (name := fold(entity.name)) not in present and get_shard(name, shards) > shard
    )


def _select(entities: Sequence[EntityT], names: Collection[str]) -> tuple[EntityT, ...]:
    return tuple(entity for entity in entities if fold(entity.name) in names)


def _list_nested(entity: Entity) -> set[str]:
    """List the folded names of a group's members that are groups."""
    members = entity.members if isinstance(entity, Group) else ()
    return {each.folded.name for each in members if each.kind is Kind.GROUP}
