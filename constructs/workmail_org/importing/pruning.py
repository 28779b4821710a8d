"""Pruning: what the spec's own rules refuse is left out, until nothing is refused. Pure.

The rules of a spec know best what it cannot say: names, addresses, circles of groups. So a draft is
judged like every spec, and what a problem is about goes, as the smallest part whose absence changes
nothing that is live. What named it is refused in the next round, and goes too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import Field, fields, replace
from types import MappingProxyType
from typing import Any

from workmail_org.differences.terms import EXCLUSIVE, WORDS
from workmail_org.importing.fitting import Remainder, list_entities
from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization
from workmail_org.model.policies import Policies
from workmail_org.model.structuring import KEY_FIELDS, get_default
from workmail_org.model.values import Reference
from workmail_org.spec.problems import Path, Problem, Severity, render_path

_ENTITIES: Mapping[str, str] = MappingProxyType(
    {"users": "user", "groups": "group", "resources": "resource"}
)
_FIELDS: Mapping[str, Field[Any]] = MappingProxyType(
    {WORDS.get((Policies, each.name), (each.name,))[0]: each for each in fields(Policies)}
)
"""Fields of policies by the key that a spec has for them."""

_STAYS = "it stays as it is, and a deployment does not touch it"


def prune(
    organization: Organization, problems: Iterable[Problem], *, is_first: bool
) -> tuple[Organization, tuple[Remainder, ...]]:
    """Leave out what problems are about.

    Args:
        organization: As it was written.
        problems: Of reading it; those of other organizations, and those about
            nothing that could be left out, are passed over.
        is_first: Whether nothing was left out before: later problems only say
            that something is named which has gone.

    Returns:
        The rest, and what was left out, in the order of the spec.
    """
    left: dict[Path, Remainder] = {}
    for problem in problems:
        own = problem.path[:2] == ("organizations", organization.key)
        part = _find_part(problem.path[2:]) if own else None
        if part is not None and part not in left and problem.severity is Severity.ERROR:
            left[part] = _describe(part, problem, organization, is_first=is_first)
    rest = _leave_out(organization, left)
    while followers := dict(_find_followers(rest)):  # reading again for each would take minutes
        left |= followers
        rest = _leave_out(rest, followers)
    return rest, tuple(left.values())


def _find_followers(organization: Organization) -> Iterator[tuple[Path, Remainder]]:
    """Find groups and resources that name somebody who has gone: without them they are others."""
    known = {each.reference.folded for each in list_entities(organization)}
    named: list[tuple[str, Group | Bookable, tuple[Reference, ...]]] = [
        *(("groups", each, each.members) for each in organization.groups),
        *(("resources", each, each.delegates) for each in organization.resources),
    ]
    for section, entity, references in named:
        gone = sorted(str(each) for each in references if each.folded not in known)
        if gone:
            path: Path = (section, entity.name)
            yield (
                path,
                Remainder(
                    subject=_name(path, organization),
                    reason=f"it names {', '.join(gone)}, left out here",
                    advice=_STAYS,
                    path=path,
                ),
            )


def _find_part(path: Path) -> Path | None:
    """Find the smallest part that can be left out; `None`: there is none."""
    match path:
        case ("users" | "groups" | "resources" | "domains" | "tags" | "permissions", _, *_):
            return path[:2]
        case ("policies", str(kind), _, *_) if _has_entries(kind):
            return path[:3]
        case ("policies", kind, *_) if kind in _FIELDS:
            return path[:2]
        case _:
            return None


def _has_entries(kind: str) -> bool:
    """Whether one entry can be left out: the others of its kind stay as they are.

    Other kinds are managed completely or not at all.
    """
    found = _FIELDS.get(kind)
    return found is not None and found.default == () and (Policies, found.name) not in EXCLUSIVE


def _describe(
    part: Path, problem: Problem, organization: Organization, *, is_first: bool
) -> Remainder:
    where = render_path(problem.path[2 + len(part) :])
    message = f"{where.removeprefix('.')}: {problem.message}" if where else problem.message
    if not is_first:  # only what it names has gone
        return Remainder(
            subject=_name(part, organization), reason=message, advice=_STAYS, path=part
        )
    hint = f" ({problem.hint})" if problem.hint and not _names_others(problem.hint) else ""
    return Remainder(
        subject=_name(part, organization),
        reason=f"a spec cannot express it: {message}{hint}",
        advice=f"put it right in WorkMail and import again; until then {_STAYS}",
        path=part,
    )


def _names_others(hint: str) -> bool:
    """Whether a hint lists what else is in the file, which its author may have meant."""
    return hint.startswith(("declared:", "nearest of", "this organization declares"))


def _name(part: Path, organization: Organization) -> str:
    match part:
        case ("permissions", int(at)):
            permission = organization.permissions[at]
            return f"permission of {permission.grantee} on {permission.mailbox}"
        case ("policies", str(kind), name):
            return f"{kind.removesuffix('s').replace('_', ' ')} {name}"
        case ("policies", str(kind)):
            return kind.replace("_", " ")
        case (section, name):
            return f"{_ENTITIES.get(str(section), str(section).removesuffix('s'))} {name}"
        case _:
            return render_path(part)


def _leave_out(organization: Organization, parts: Iterable[Path]) -> Organization:
    gone = frozenset(parts)
    changes: dict[str, Any] = {
        section: tuple(
            each for each in getattr(organization, section) if (section, each.name) not in gone
        )
        for section in ("domains", *_ENTITIES)
    }
    return replace(
        organization,
        **changes,
        tags={k: v for k, v in organization.tags.items() if ("tags", k) not in gone},
        permissions=tuple(
            each
            for at, each in enumerate(organization.permissions)
            if ("permissions", at) not in gone
        ),
        policies=_leave_out_policies(organization.policies, gone),
    )


def _leave_out_policies(policies: Policies, gone: frozenset[Path]) -> Policies:
    changes: dict[str, Any] = {}
    for kind, field in _FIELDS.items():
        if ("policies", kind) in gone:
            changes[field.name] = get_default(field)
        elif _has_entries(kind):
            changes[field.name] = tuple(
                each
                for each in getattr(policies, field.name)
                if ("policies", kind, getattr(each, KEY_FIELDS[type(each)])) not in gone
            )
    return replace(policies, **changes)
