"""Settled: who is believed to be as declared, without being read. Pure.

Theory of operation. One deployment changes a few of an organization's people, and to read somebody
takes two to four calls. So the ledger notes of each entity that was seen to be as declared a digest
of what was declared. As long as two things hold, it is believed to be so still:

* its declaration has the same digest; that of a group or resource covers which of its members or
  delegates are switched on;
* no call about it was begun since: the note is taken away before the first one.

Whom a request settles itself, a list has to confirm: their row shows what is declared. Whom the
stack created, and has not switched on yet, is taken for what the creation makes.

Whatever people change by hand stays until the entity itself changes in the spec (`changes.few`),
and is what `drift` reports. The handlers and the plan against what is live ask the same functions,
so that what is approved is what is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from workmail_org.changes.addresses import list_held
from workmail_org.changes.calls import Call
from workmail_org.changes.users import get_created
from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.live import EntityT, Found
from workmail_org.model.user import User
from workmail_org.model.values import EntityId, Listing, Reference, fold


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRow:
    """What a list shows of one entity.

    Attributes:
        email: Empty of what has none.
        display_name: Of a user.
    """

    id: EntityId
    enabled: bool
    email: str
    display_name: str = ""


def believe(
    declared: EntityT, settled: str | None, row: ListedRow, enabled: Mapping[Reference, str]
) -> Found[EntityT] | None:
    """Say how an entity would be read; `None`: it has to be read.

    Args:
        declared: What is declared of it now.
        settled: Digest of what it was last seen to be, of the entity with the row's id.
        row: What a list shows.
        enabled: Ids of the users and groups that are switched on, by folded reference.
    """
    if settled is None or settled != digest(declared, enabled) or not _shows(row, declared):
        return None
    return Found(id=row.id, entity=predict(declared, enabled))


def believe_made(declared: User, made: str | None, row: ListedRow) -> Found[User] | None:
    """Say how a user would be read whom the stack created, and nobody has switched on yet.

    So a slice that begins when a thousand were created goes on without reading them. What is
    written of them once more has the same effect as the first time.

    Args:
        declared: What is declared of the user now.
        made: Digest of what was declared when the user with the row's id was created.
        row: What a list shows.
    """
    if made is None or made != digest(declared, {}) or row.enabled or not declared.enabled:
        return None
    return Found(id=row.id, entity=replace(get_created(declared), enabled=False))


def list_new_addresses(declared: Iterable[Any], found: Mapping[str, Found[Any]]) -> set[str]:
    """List the addresses, folded, that people do not have yet; whoever has them has to be read.

    A person may have given one by hand to somebody who is believed.

    Args:
        declared: Who is declared.
        found: Who was read, or is believed, by folded name.
    """
    new: set[str] = set()
    for entity in declared:
        live = found.get(fold(entity.name))
        wanted = (entity.email, *entity.aliases) if entity.enabled else ()
        new |= {fold(each) for each in wanted if each} - list_held(live.entity if live else None)
    return new


def digest(declared: User | Group | Bookable, enabled: Mapping[Reference, str]) -> str:
    """Name what is declared of an entity, with everything that it depends on.

    What a group or a resource depends on follows a dot: `is_same_declaration` leaves it out.
    """
    listed = {each.folded for each in _list_listed(declared)}
    own = _hash([repr(predict(declared, dict.fromkeys(listed, "")))])
    if isinstance(declared, Group | Bookable):
        texts = [repr(predict(declared, enabled))]
        # Who was made again is another one, and is in no group yet.
        # Who was switched off stays a member or a delegate that nobody sees, and comes back as one:
        # that matters where nobody else may be.
        matters = enabled.keys() if _is_exclusive(declared) else listed & enabled.keys()
        texts += sorted(f"{each} {enabled[each]}" for each in matters)
        return f"{own}.{_hash(texts)}"
    return own


def is_same_declaration(declared: User | Group | Bookable, settled: str | None) -> bool:
    """Return whether somebody is declared as when they were settled, whoever is switched on."""
    own = digest(declared, {}).partition(".")[0]
    return settled is not None and settled.partition(".")[0] == own


def _hash(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def _list_listed(declared: User | Group | Bookable) -> tuple[Reference, ...]:
    if isinstance(declared, User):
        return ()
    return declared.members if isinstance(declared, Group) else declared.delegates


def _is_exclusive(declared: Group | Bookable) -> bool:
    return not {Listing.MEMBERS, Listing.DELEGATES}.isdisjoint(declared.exclusive)


def list_unsure(calls: Iterable[Call]) -> set[Reference]:
    """List whom a success of these calls does not settle.

    Whether an empty text clears a field is not documented (facts.md §1.3).
    """
    return {
        call.subject.folded
        for call in calls
        if isinstance(call.subject, Reference) and "" in call.arguments.values()
    }


def _shows(row: ListedRow, declared: Any) -> bool:
    if row.enabled != declared.enabled:
        return False
    if not row.enabled:
        return True
    name = declared.display_name if isinstance(declared, User) else None
    return fold(row.email) == fold(declared.email) and name in (None, row.display_name)


def predict(declared: EntityT, enabled: Mapping[Reference, str]) -> EntityT:
    """Return an entity as it is read: without members and delegates that are switched off."""
    fields: dict[str, Any] = {
        name: tuple(each for each in getattr(declared, name) if each.folded in enabled)
        for name in ("members", "delegates")
        if hasattr(declared, name)
    }
    if not declared.enabled:
        fields |= {"email": "", "aliases": ()}
        if isinstance(declared, Bookable):
            fields |= {"delegates": ()}
    if isinstance(declared, User):
        fields |= {"display_name": declared.display_name or declared.name}
    return replace(declared, **fields)
