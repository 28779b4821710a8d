"""Shards: which part of a large collection a custom resource answers for."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from workmail_org.changes.calls import EntityT
from workmail_org.model.values import fold


def get_shard(name: str, shards: int) -> int:
    """Tell which shard brings an entity into being: the same for the same name and count."""
    return zlib.crc32(fold(name).encode()) % shards


def take_share(
    desired: Sequence[EntityT], previous: Sequence[EntityT], *, shard: int, shards: int
) -> tuple[tuple[EntityT, ...], tuple[EntityT, ...]]:
    """Return the desired and previous entities that one shard answers for.

    Number 0 answers for all that is there already and for its share of what
    is new; the others bring only their share of what is new.
    """
    if shards == 1:
        return tuple(desired), tuple(previous)
    before = {fold(entity.name) for entity in previous}
    mine = tuple(
        entity
        for entity in desired
        if get_shard(entity.name, shards) == shard and fold(entity.name) not in before
    )
    if shard:
        return mine, ()
    return (*(e for e in desired if fold(e.name) in before), *mine), tuple(previous)
