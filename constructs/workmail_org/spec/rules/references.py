"""Whoever is named is declared."""

from __future__ import annotations

import bisect
import difflib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from workmail_org.model.permission import EVERY_MAILBOX
from workmail_org.model.values import Kind, Reference, fold, get_domain, parse_reference
from workmail_org.spec.declared import SECTIONS, is_mapping, listed, mapping, sequence
from workmail_org.spec.wording import show, with_suspect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from workmail_org.spec.declared import Body, Declared, DeclaredOrganization
    from workmail_org.spec.problems import Path, Problem

FEW = 5
"""So many names are told in full; of more, the nearest."""

_NEIGHBOURS = 10
"""A name is compared with so many before and behind it in the alphabet: comparing each unknown
name with each of 10 000 would take minutes."""

_PEOPLE = (Kind.USER, Kind.GROUP)
_HOW_TO_WRITE = {
    Kind.USER: "users (NAME)",
    Kind.GROUP: "groups (group:NAME)",
    Kind.RESOURCE: "resources (resource:NAME)",
}


@dataclass(frozen=True, slots=True)
class Mention:
    """A place that names somebody.

    Attributes:
        allowed: The kinds that can stand there.
        as_what: What they would be, for the sentence.
    """

    path: Path
    text: str
    allowed: tuple[Kind, ...]
    as_what: str


@dataclass(frozen=True)
class Roster:
    """The names that an organization declares of one kind, ready to be compared with many."""

    what: str
    names: tuple[str, ...]

    def suggest(self, name: str) -> str:
        """Say which names are declared: all when they are few, else the nearest."""
        names = self.names
        if not names:
            return f"this organization declares no {self.what}"
        same = next((each for each in names if fold(each) == fold(name)), None)
        if same is not None:
            return f'write it as it is declared: "{same}"'
        if len(names) <= FEW:
            return f"declared: {', '.join(names)}"
        at = bisect.bisect(self._folded, (fold(name), ""))
        near = dict(self._folded[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS])
        closest = [near[each] for each in difflib.get_close_matches(fold(name), near, n=3)]
        if closest:
            return f"nearest of {len(names)} declared: {', '.join(closest)}"
        return f"declared: {', '.join(names[:3])} and {len(names) - 3} more"

    @cached_property
    def _folded(self) -> list[tuple[str, str]]:
        return sorted((fold(each), each) for each in self.names)


def check_mentions(declared: Declared) -> Iterator[Problem]:
    """Members, delegates, mailboxes, grantees, users of rules and expectations are declared."""
    for organization in declared.organizations:
        rosters = {kind: Roster(kind, tuple(organization.named[kind])) for kind in Kind}
        for mention in _find_mentions(organization):
            yield from _check(declared, organization, mention, rosters)


def check_roles(declared: Declared) -> Iterator[Problem]:
    """Impersonation roles in access control rules and expectations are declared."""
    for organization in declared.organizations:
        policies = mapping(organization.body.get("policies"))
        path: Path = (*organization.path, "policies")
        roles = policies.get("impersonation_roles")
        if (*path, "impersonation_roles") in declared.document.gaps:
            continue
        if roles is not None and not is_mapping(roles):
            continue
        roster = Roster("impersonation role", tuple(mapping(roles)))
        for where, name in _find_roles(organization):
            if name not in mapping(roles):
                yield declared.at(
                    where,
                    f"no impersonation role {show(name)} is declared",
                    with_suspect(roster.suggest(name), name),
                )


def _find_roles(organization: DeclaredOrganization) -> Iterator[tuple[Path, str]]:
    policies = mapping(organization.body.get("policies"))
    for at, rule in _entries(policies, (*organization.path, "policies"), "access_control"):
        for key in ("impersonation_roles", "not_impersonation_roles"):
            yield from listed(rule, at, key)
    yield from _find_in_expectations(organization, "role")


def _find_in_expectations(
    organization: DeclaredOrganization, key: str
) -> Iterator[tuple[Path, str]]:
    for at, entry in enumerate(sequence(organization.body.get("expect"))):
        text = mapping(entry).get(key)
        if isinstance(text, str):
            yield (*organization.path, "expect", at, key), text


def _check(
    declared: Declared,
    organization: DeclaredOrganization,
    mention: Mention,
    rosters: Mapping[Kind, Roster],
) -> Iterator[Problem]:
    reference = parse_reference(mention.text)
    kind, name = reference.kind, reference.name
    if kind not in mention.allowed:
        allowed = " and ".join(_HOW_TO_WRITE[each] for each in mention.allowed)
        yield declared.at(
            mention.path,
            f"{show(mention.text)} cannot be {mention.as_what}",
            f"allowed: {allowed}",
        )
        return
    named = organization.named
    if name in named[kind] or not organization.knows(SECTIONS[kind]):
        return
    if kind is Kind.USER and "@" in name:
        hint = _advise_on_address(organization, mention, name)
        message = f"{show(name)} is an address, and {mention.as_what} is written by name"
        yield declared.at(mention.path, message, with_suspect(hint, name))
        return
    others = [each for each in mention.allowed if each is not kind and name in named[each]]
    hint = (
        f'there is a {others[0]} of that name: write "{others[0]}:{name}"'
        if others and kind is Kind.USER
        else rosters[kind].suggest(name)
    )
    yield declared.at(mention.path, f"no {kind} {show(name)} is declared", with_suspect(hint, name))


def _advise_on_address(organization: DeclaredOrganization, mention: Mention, address: str) -> str:
    """Say how whoever has an address is written, or how somebody outside is declared."""
    owner = organization.owners.get(fold(address))
    if owner and owner.kind in mention.allowed:
        return f'write "{Reference(owner.kind, owner.name)}"'
    if owner:
        return f"it is the address of {owner}"
    if get_domain(address) in {*organization.domains_by_name, organization.test_domain}:
        return "nobody declared here has this address"
    return (
        f'declare a user with "role: remote_user" and "email: {address}", and write the name of'
        " this user"
    )


def _find_mentions(organization: DeclaredOrganization) -> Iterator[Mention]:
    for entity in organization.entities:
        if entity.kind is Kind.GROUP:
            for path, text in entity.listed("members"):
                yield Mention(path, text, _PEOPLE, "a member of a group")
        if entity.kind is Kind.RESOURCE:
            for path, text in entity.listed("delegates"):
                yield Mention(path, text, _PEOPLE, "a delegate of a resource")
    yield from _find_in_permissions(organization)
    yield from _find_in_policies(organization)
    for path, text in _find_in_expectations(organization, "user"):
        yield Mention(path, text, (Kind.USER,), "named in an expectation")


def _find_in_permissions(organization: DeclaredOrganization) -> Iterator[Mention]:
    for at, entry in enumerate(sequence(organization.body.get("permissions"))):
        path: Path = (*organization.path, "permissions", at)
        for key, kinds, as_what in (
            ("mailbox", tuple(Kind), "a mailbox"),
            ("grantee", _PEOPLE, "a grantee"),
        ):
            text = mapping(entry).get(key)
            if isinstance(text, str) and (key, text) != ("mailbox", EVERY_MAILBOX):
                yield Mention((*path, key), text, kinds, as_what)


def _find_in_policies(organization: DeclaredOrganization) -> Iterator[Mention]:
    policies = mapping(organization.body.get("policies"))
    path: Path = (*organization.path, "policies")
    rules = list(_entries(policies, path, "access_control"))
    for at, role in _entries(policies, path, "impersonation_roles"):
        rules.extend(_entries(role, at, "rules"))
    for at, rule in rules:
        for key in ("users", "not_users", "target_users", "not_target_users"):
            for where, text in listed(rule, at, key):
                yield Mention(where, text, (Kind.USER,), "named in a rule")


def _entries(body: Body, path: Path, key: str) -> Iterable[tuple[Path, Body]]:
    """List the mappings under the keys of the mapping under `key`, each with its path."""
    inner = mapping(body.get(key))
    return [((*path, key, name), mapping(value)) for name, value in inner.items()]


RULES = (check_mentions, check_roles)
