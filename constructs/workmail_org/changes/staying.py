"""Staying: which rules, rights and settings stay when a whole stack is deleted. Pure.

Theory of operation. A stack that takes an organization over finds much of what it declares. When
it goes, that stays, as it is by then: what the spec has taken away or changed since is not undone,
such as a right that was revoked. What was not there before the stack is the stack's, and goes.

So it is noted what was there when the spec first named it (`note_named`). A right is named by
itself, so of the rights of one pair some can go. Of what an organization has one, such as a
retention policy, it becomes what it was, unless it was changed since, by a later deployment or by
hand. A default domain always does, since the domain that the spec chose may go.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar, cast

from workmail_org.changes.permissions import get_pair
from workmail_org.model.values import fold
from workmail_org.wire.properties import (
    AvailabilityProperties,
    DefaultDomainProperties,
    EmailMonitoringProperties,
    ImpersonationRolesProperties,
    PermissionsProperties,
)

P = TypeVar("P")

Grain = tuple[Any, ...]
"""What is there or not: a right of a pair, the name of a role, a domain."""


def note_named(before: P, found: P, declared: P, previous: P | None) -> P:
    """Note also of what is newly declared whether it was there; forget what is declared no more.

    Args:
        before: What was there of what was declared before.
        found: What is there now.
        declared: What is declared.
        previous: What was declared before.
    """
    named = _list_grains(previous) if previous else frozenset[Grain]()
    kept = _select(before, _list_grains(before) & named)
    added = _select(found, _list_grains(found) & (_list_grains(declared) - named))
    return _join(kept, added)


def is_keyed(properties: object) -> bool:
    """Return whether an organization has several of a kind, each known by itself."""
    return isinstance(
        properties, PermissionsProperties | ImpersonationRolesProperties | AvailabilityProperties
    )


def leave(live: P, before: P, declared: P, *, is_changed: bool) -> P:
    """Say what is to be when the stack goes.

    Args:
        live: What is there of what is declared.
        before: What was there when the spec first named it.
        declared: By the stack, as it goes.
        is_changed: Whether it was changed since it was first declared.
    """
    if is_keyed(declared):
        made = _list_grains(declared) - _list_grains(before)
        return _select(live, _list_grains(live) - made)
    goes = isinstance(declared, EmailMonitoringProperties) and declared.managed
    if isinstance(declared, DefaultDomainProperties) or goes:
        return before
    return live if is_changed else before


def _list_grains(properties: object) -> frozenset[Grain]:
    match properties:
        case PermissionsProperties():
            every = properties.permissions
            return frozenset((*get_pair(each), right) for each in every for right in each.rights)
        case ImpersonationRolesProperties():
            return frozenset((each.name,) for each in properties.roles)
        case AvailabilityProperties():
            return frozenset((fold(each.domain),) for each in properties.configurations)
        case _:
            return frozenset()


def _select(properties: P, grains: frozenset[Grain]) -> P:
    """Leave out what is none of some grains."""
    selected: object = properties
    match properties:
        case PermissionsProperties():
            permissions = tuple(
                replace(each, rights=rights)
                for each in properties.permissions
                if (rights := tuple(r for r in each.rights if (*get_pair(each), r) in grains))
            )
            selected = replace(properties, permissions=permissions)
        case ImpersonationRolesProperties():
            roles = tuple(each for each in properties.roles if (each.name,) in grains)
            selected = replace(properties, roles=roles)
        case AvailabilityProperties():
            every = properties.configurations
            configurations = tuple(each for each in every if (fold(each.domain),) in grains)
            selected = replace(properties, configurations=configurations)
        case _:
            pass
    return cast("P", selected)


def _join(one: P, other: P) -> P:
    """Put together what have no grain in common."""
    joined: object = one
    match (one, other):
        case (PermissionsProperties(), PermissionsProperties()):
            joined = replace(one, permissions=(*one.permissions, *other.permissions))
        case (ImpersonationRolesProperties(), ImpersonationRolesProperties()):
            joined = replace(one, roles=(*one.roles, *other.roles))
        case (AvailabilityProperties(), AvailabilityProperties()):
            joined = replace(one, configurations=(*one.configurations, *other.configurations))
        case _:
            pass
    return cast("P", joined)
