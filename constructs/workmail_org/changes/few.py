"""Few: who matters to a request; of many, few are looked up by name. Pure.

Theory of operation. Most of an organization's people do not matter to a deployment: they are
settled (`changes.settled`), and are declared as they were. They are *unseen*: what the ledger says
of them stands for what a list would show, however it is read. So what people did by hand to
somebody stays until that person's own declaration changes; `drift` reports it, and a repair, which
sees everybody, sets it right. That holds for a rollback too: it puts back what the failed
deployment has touched, and nobody of these is settled.

Who does matter is whoever is declared, and not settled as they are declared now; and whoever was
declared before, or is the stack's, and is not declared any more.

What the ledger says of the unseen can turn out to be wrong: somebody who matters has an address of
theirs, such as a successor who was given it by hand. Whoever is *disproved* so is left as they are:
they are not brought back, and nothing is taken from others, or withheld, for their sake. Only
whoever holds an address that somebody is to get is read, and brought to what is declared.

WorkMail shows a hundred rows in a
call, so where these are few of many, it takes fewer calls to look them up by name than to list
everybody. Of users alone: groups and resources need to know who is switched on, which lists tell.

Handlers and plan ask this module alone, so that what is approved is what is done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workmail_org.changes.addresses import list_held
from workmail_org.changes.settled import digest, is_same_declaration, predict
from workmail_org.model.live import Found
from workmail_org.model.values import EntityId, Reference, fold
from workmail_org.wire.properties import CollectionProperties

ROWS_OF_A_PAGE = 100
"""How many rows a list shows in one call (botocore, ListUsers: MaxResults at most 100)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Somebody who was there, as the ledger says.

    Attributes:
        settled: Digest of what was declared when they were last seen to be so; `None`: unknown.
        is_managed: Whether the stack answers for them: they did not leave the spec.
    """

    id: EntityId
    settled: str | None
    is_managed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Few:
    """Who matters, by name as it is written where they are declared.

    Attributes:
        there: Who has to be there.
        absent: Who must not be.
        among: How many there are of their kind, as far as is known.
    """

    there: tuple[str, ...]
    absent: tuple[str, ...]
    among: int


def are_few(wanted: int, among: int) -> bool:
    """Return whether it takes fewer calls to look some up by name than to list all."""
    return max(wanted, 1) * ROWS_OF_A_PAGE <= among


def find_unseen(
    declared: CollectionProperties, known: Mapping[str, Known], enabled: Mapping[Reference, str]
) -> dict[str, Found[Any]]:
    """Find who does not matter, by folded name, as they are taken to be.

    Args:
        declared: What is declared now.
        known: Who the ledger says is there, by folded name.
        enabled: Ids of the users and groups that are switched on, by folded reference.
    """
    return {
        name: Found(id=entry.id, entity=predict(entity, enabled))
        for entity in declared.entities
        if (entry := known.get(name := fold(entity.name)))
        and entry.settled == digest(entity, enabled)
    }


def find_left_alone(
    declared: CollectionProperties,
    known: Mapping[str, Known],
    unseen: Mapping[str, Found[Any]],
    found: Collection[Found[Any]],
    *,
    put_back: Iterable[Any] = (),
    elsewhere: Iterable[str] = (),
) -> frozenset[str]:
    """Find who is left as they are, by folded name: the disproved, and whom people switched off.

    Args:
        declared: What is declared now.
        known: Who the ledger says is there, by folded name; nobody where all are set right.
        unseen: Who does not matter, as they are taken to be (`find_unseen`).
        found: Who was read, or is believed.
        put_back: Entities of a rollback, as its deployment found them: that had begun by looking.
        elsewhere: Folded addresses of those of other collections who were read.
    """
    disproved = _find_disproved(unseen, found, put_back, elsewhere)
    return disproved | _find_left_off(declared, known, found)


def _find_disproved(
    unseen: Mapping[str, Found[Any]],
    found: Iterable[Found[Any]],
    put_back: Iterable[Any],
    elsewhere: Iterable[str],
) -> frozenset[str]:
    """Find of whom the ledger says what is not so any more."""
    read = {fold(each.entity.name): each for each in found}
    holders = {address: {"of another collection"} for address in elsewhere}
    for entity in (*(each.entity for each in read.values()), *put_back):
        for address in list_held(entity):
            holders.setdefault(address, set()).add(fold(entity.name))
    return frozenset(
        name
        for name, each in unseen.items()
        if read.get(name) == each
        and any(holders[address] != {name} for address in list_held(each.entity))
    )


def _find_left_off(
    declared: CollectionProperties, known: Mapping[str, Known], found: Iterable[Found[Any]]
) -> frozenset[str]:
    """Find whom people switched off, and who matters only because of others.

    A group or a resource is looked at once more where somebody is switched on or off who could be
    in it: it is not switched on for that.
    """
    wanted = {fold(entity.name): entity for entity in declared.entities if entity.enabled}
    return frozenset(
        name
        for each in found
        if not each.entity.enabled
        and (name := fold(each.entity.name)) in wanted
        and (entry := known.get(name))
        and entry.id == each.id
        and is_same_declaration(wanted[name], entry.settled)
    )


def select_few(
    declared: CollectionProperties,
    previous: CollectionProperties | None,
    known: Mapping[str, Known],
    unseen: Collection[str],
) -> Few | None:
    """Select the users to look up; `None`: they are not few.

    Args:
        declared: Users that are declared now.
        previous: Who was declared before.
        known: Who the ledger says is there, by folded name.
        unseen: Folded names of who does not matter (`find_unseen`).
    """
    past = previous.entities if previous else ()
    written = {fold(each.name): each.name for each in (*past, *declared.entities)}
    managed = {name for name, entry in known.items() if entry.is_managed}
    wanted = sorted({*written, *managed}.difference(unseen))
    among = len(wanted) + len(unseen)
    if not are_few(len(wanted), among):
        return None
    return Few(
        there=tuple(written.get(name, name) for name in wanted if name in known),
        absent=tuple(written.get(name, name) for name in wanted if name not in known),
        among=among,
    )
