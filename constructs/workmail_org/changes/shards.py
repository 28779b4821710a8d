"""Shards: which part of a large collection a custom resource answers for."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence

from workmail_org.model.live import EntityT
from workmail_org.model.values import fold


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
    is new; the others bring only their share of what is new.

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
    taken = mine - before if shard else mine | before | set(present)
    share = tuple(entity for entity in desired if fold(entity.name) in taken)
    return share, () if shard else tuple(previous)
