"""Crossings: addresses that move from one collection to another, such as from a user to a group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from workmail_org.changes.addresses import index_addresses
from workmail_org.model.live import EntityT
from workmail_org.model.values import Reference, fold, parse_reference

AddressBook = Mapping[str, tuple[str, ...]]
"""Addresses by the text of a reference, the primary one first."""


def find_moving(
    here_before: Sequence[EntityT],
    here_after: Sequence[EntityT],
    there_before: AddressBook,
    there_after: AddressBook,
) -> dict[Reference, str]:
    """Find who changes its addresses in other collections, if an address crosses at all.

    All of these move together, both ways: when this collection fails,
    CloudFormation does not come to the others, nor roll them back.

    Args:
        here_before: What the last deployment declared of this collection.
        here_after: What is declared of it now.
        there_before: The collections that come later in the stack, as the last
            deployment declared them.
        there_after: The same, as declared now.

    Returns:
        The text of a reference in the address books, by folded reference.
    """
    if not _is_crossed(here_before, here_after, there_before, there_after):
        return {}
    return {
        parse_reference(text).folded: text
        for text in {**there_before, **there_after}
        if _fold_all(there_before.get(text, ())) != _fold_all(there_after.get(text, ()))
    }


def list_wanted_elsewhere(
    whole: Sequence[EntityT],
    share: Sequence[EntityT],
    there_before: AddressBook,
    there_after: AddressBook,
) -> frozenset[str]:
    """Return folded addresses that other custom resources are going to give to somebody.

    What somebody was declared with before, nobody is going to give them: where people gave it to
    somebody else, it would be lost to both.

    Args:
        whole: What is declared of this collection.
        share: What this custom resource answers for.
        there_before: As in `find_moving`.
        there_after: The same.
    """
    own = {fold(entity.name) for entity in share}
    others = [entity for entity in whole if fold(entity.name) not in own]
    given = {
        address
        for text, addresses in there_after.items()
        for address in {*map(fold, addresses)} - {*map(fold, there_before.get(text, ()))}
    }
    return frozenset(_list_addresses(others) | given)


def _is_crossed(
    here_before: Sequence[EntityT],
    here_after: Sequence[EntityT],
    there_before: AddressBook,
    there_after: AddressBook,
) -> bool:
    """Return whether an address comes from another collection or goes to one."""
    left = _list_folded(there_before) & _list_addresses(here_after)
    given = _list_addresses(here_before) & _list_folded(there_after)
    return bool(left or given)


def _list_addresses(entities: Iterable[EntityT]) -> set[str]:
    return {fold(a) for entity in entities for a in (entity.email, *entity.aliases)}


def _list_folded(book: AddressBook) -> set[str]:
    return {fold(address) for addresses in book.values() for address in addresses}


def _fold_all(addresses: Iterable[str]) -> list[str]:
    return list(index_addresses(addresses))
