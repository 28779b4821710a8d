"""Returning: what the deployment that switches somebody on takes away from them. Pure.

It left the spec while they were switched off (`handlers.returning`). No plan lists it, since its
resource sees it only when they are switched on; but what comes after finds it gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from workmail_org.changes.calls import Call
from workmail_org.changes.permissions import get_pair
from workmail_org.model.live import Found, People
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.values import Kind, Reference
from workmail_org.plan.actual import Actual


def take_from_returned(before: Actual, after: Actual, calls: Iterable[Call], kind: Kind) -> Actual:
    """Say what there is once a collection's resource has taken away what is left.

    Args:
        before: What there was before its calls.
        after: What there is after them.
        calls: Of the resource.
        kind: Of the collection.
    """
    returned = {
        call.subject.folded
        for call in calls
        if call.operation == "RegisterToWorkMail"
        and isinstance(call.subject, Reference)
        and before.people.find(call.subject)
    }
    if not returned:
        return after
    enabled = after.people.enabled
    taken = {
        pair: each
        for each in after.kept_permissions
        if returned & {*(pair := get_pair(each))} and {*pair} <= enabled
    }
    permissions = tuple(
        left
        for each in after.settings.permissions
        if (left := _leave_rights(each, taken.get(get_pair(each)))).rights
    )
    return replace(
        after,
        people=_leave_groups(after, kind, returned),
        settings=replace(after.settings, permissions=permissions),
        kept_permissions=tuple(e for e in after.kept_permissions if get_pair(e) not in taken),
    )


def _leave_rights(found: MailboxPermission, taken: MailboxPermission | None) -> MailboxPermission:
    gone = taken.rights if taken else ()
    return replace(found, rights=tuple(each for each in found.rights if each not in gone))


def _leave_groups(actual: Actual, kind: Kind, returned: Collection[Reference]) -> People:
    def leave(found: Found[Any], kept: Collection[Reference]) -> Found[Any]:
        name = "members" if hasattr(found.entity, "members") else "delegates"
        listed = getattr(found.entity, name)
        left = tuple(each for each in listed if each.folded not in kept)
        return replace(found, entity=replace(found.entity, **{name: left}))

    def read(other: Kind) -> dict[str, Found[Any]]:
        every = actual.people.get_kind(other)
        nobody: Mapping[str, tuple[Reference, ...]] = {}
        kept = nobody if other is kind else actual.kept.get(other, nobody)
        gone = {name: {*returned} & {*each} for name, each in kept.items()}
        return {
            name: leave(found, gone[name]) if gone.get(name) else found
            for name, found in every.items()
        }

    return replace(actual.people, groups=read(Kind.GROUP), resources=read(Kind.RESOURCE))
