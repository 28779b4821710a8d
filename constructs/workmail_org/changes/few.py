"""Few: whom a request looks up by name, instead of listing everybody. Pure.

Theory of operation. WorkMail shows a hundred rows in a call, so a list of ten thousand takes a
hundred calls, for a change of one user. What such a change needs to know is how those are whom it
is about; everybody else is settled (`changes.settled`), and what the ledger says of them is taken
for their rows. So of many, few are looked up:

* whoever is declared, and not settled as they are declared now;
* whoever was declared before, or is the stack's, and is not declared any more.

What people did by hand to somebody else is not seen then: it stays, and `drift` reports it. A
deployment that a person has confirmed or approved, a repair and a rollback list everybody.

Users alone: what groups and resources are declared to be depends on who is switched on, which only
lists tell. Handlers and plan ask this module alone, so that both see the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workmail_org.changes.settled import digest, predict
from workmail_org.model.live import Found
from workmail_org.model.user import User
from workmail_org.model.values import EntityId, fold
from workmail_org.wire.properties import CollectionProperties, UsersProperties

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
    """Whom to look up among many; by folded name.

    Attributes:
        there: Names, as they are written where they are declared, of who has to be there.
        absent: The same of who must not be.
        unseen: Everybody else, as they are taken to be.
    """

    there: Mapping[str, str]
    absent: Mapping[str, str]
    unseen: Mapping[str, Found[User]]


def are_few(wanted: int, among: int) -> bool:
    """Return whether it takes fewer calls to look some up by name than to list all."""
    return max(wanted, 1) * ROWS_OF_A_PAGE <= among


def select_few(
    declared: CollectionProperties,
    previous: CollectionProperties | None,
    known: Mapping[str, Known],
) -> Few | None:
    """Select whom a request that goes forward has to look up; `None`: everybody is listed.

    Args:
        declared: What is declared now.
        previous: What was declared before; `None`: the resource is created. That lists everybody,
            unless it is a further shard of people whom the stack has known for long.
        known: Who the ledger says is there, by folded name.
    """
    if not isinstance(declared, UsersProperties) or (previous is None and not declared.shard):
        return None
    past = previous.users if isinstance(previous, UsersProperties) else ()
    unseen = {
        name: Found(id=entry.id, entity=predict(user, {}))
        for user in declared.users
        if (entry := known.get(name := fold(user.name))) and entry.settled == digest(user, {})
    }
    written = {fold(each.name): each.name for each in (*past, *declared.users)}
    managed = {name for name, entry in known.items() if entry.is_managed}
    wanted = {*written, *managed} - unseen.keys()
    if not are_few(len(wanted), len(wanted) + len(unseen)):
        return None
    named = {name: written.get(name, name) for name in sorted(wanted)}
    return Few(
        there={name: each for name, each in named.items() if name in known},
        absent={name: each for name, each in named.items() if name not in known},
        unseen=unseen,
    )
