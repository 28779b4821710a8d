"""Taking in: what a spec would say of something that is live and declared nowhere. Pure.

`import` writes whole specs; this writes one entry of an organization with the same `notation`,
which reports print as YAML.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any, cast

from workmail_org.differences.additions import Addition
from workmail_org.differences.terms import KEYS, WORDS
from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization
from workmail_org.model.policies import Availability, Policies
from workmail_org.model.user import User
from workmail_org.notation import write_value
from workmail_org.spec.problems import Path

_KEYED = frozenset(("policies", each.name) for each in fields(Policies) if each.default == ())
"""Policies of which there are many."""

_SECRET = "NAME-OF-A-SECRET"  # noqa: S105 - stands where an author has to write a name
"""WorkMail does not show passwords; the author names the secret that has it."""


def declare_unmanaged(path: Path, live: Organization) -> dict[str, Any]:
    """Say what the organization of a spec would have to declare.

    Args:
        path: Of something that is there, such as `("users", "mallory")`.
        live: As `describing.leave_out_defaults` leaves it.
    """
    match path:
        case ("tags", str(tag)):
            return {"tags": {tag: live.tags[tag]}}
        case ("permissions", str(name)):
            return {"permissions": [_write(_find(live.permissions, name))]}
        case ("policies", str(section), str(name)) if (*path[:1], section) in _KEYED:
            entries = getattr(live.policies, section)
            return {"policies": {section: {name: _write(_find(entries, name))}}}
        case ("policies", *_):
            return {"policies": _declare_single(path, live.policies)}
        case (str(section), str(name)):
            return {section: {name: _declare_entity(_find(getattr(live, section), name))}}
        case _:
            return {}


def declare_addition(addition: Addition) -> dict[str, Any]:
    """Say what the organization of a spec would have to declare to have what people added.

    Args:
        addition: To a list of somebody, or to the rights of somebody on a mailbox.
    """
    match addition.path:
        case ("permissions", str(name)):
            mailbox, _, grantee = name.partition(" for ")
            entry = {"mailbox": mailbox, "grantee": grantee, "rights": list(addition.whole)}
            return {"permissions": [entry]}
        case (str(section), str(name), str(listing)):
            return {section: {name: {listing: list(addition.whole)}}}
        case _:
            return {}


def _declare_entity(entity: object) -> dict[str, Any]:
    """Declare a domain, or somebody who is there already and is to be taken over."""
    declared: dict[str, Any] = _write(entity)
    if isinstance(entity, User | Group | Bookable):
        return {**declared, "adopt": True}
    return declared


def _declare_single(path: Path, policies: Policies) -> dict[str, Any]:
    """Declare a policy of which there is one."""
    for each in fields(policies):
        steps = WORDS.get((Policies, each.name), (each.name,))
        if path[1:] != steps:
            continue
        value = _write(getattr(policies, each.name))
        for step in reversed(steps):
            value = {step: value}
        return cast("dict[str, Any]", value)
    return {}


def _find(entries: Iterable[Any], name: str) -> Any:
    return next(each for each in entries if KEYS[type(each)](each) == name)


def _write(value: Any) -> Any:
    """Write a value as a spec does; the author has to name the secrets of passwords."""
    if isinstance(value, Availability) and value.ews and not value.ews.password_secret:
        value = replace(value, ews=replace(value.ews, password_secret=_SECRET))
    return write_value(value)
