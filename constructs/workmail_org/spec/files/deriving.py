"""Deriving: a staging copy of a spec, which touches nothing that is live.

The copy has its own aliases, may have fewer users and no custom domain, and is easy to remove. It
works on nodes, so that a problem in the copy stands where the base says what is wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workmail_org.spec import suggesting
from workmail_org.spec.files import nodes
from workmail_org.spec.files.derive_options import REMOVAL_WORDS, Patterns, read_options
from workmail_org.spec.files.nodes import Gap, Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from workmail_org.spec.files.derive_options import DeriveOptions
    from workmail_org.spec.files.including import Library

_TEST_DOMAIN = "awsapps.com"

_LIVE_KEYS = ("existing", "kms_key_arn", "alarms", "exports", "drift")
_LIVE_POLICIES = ("availability", "identity_center")
_LIVE_MONITORING = ("log_group_arn", "role_arn")

_SIDES = ("mailbox", "grantee")  # of a permission

# Key with names of users → what becomes of the rule when all of them went. Without `users` a rule
# would be about everyone, so it goes too; without exceptions it is about the same people as before.
_RULE_KEYS = {"users": False, "target_users": False, "not_users": True, "not_target_users": True}


def derive(base: Mapping, options: Node | None, own: Mapping, library: Library) -> Mapping:
    """Make a copy of `base`.

    Args:
        base: A resolved spec.
        options: What stands behind `derive`; None copies nothing and gives `base`.
        own: The overlay's keys, which are applied afterwards: an alias among
            them is the one that addresses move to.
        library: Takes the problems.
    """
    if options is None or isinstance(options, Gap):
        return base
    read = read_options(options, library)
    organizations = base.entries.get("organizations")
    if isinstance(organizations, Mapping):
        kept = _kept_users(organizations, read.keep_users, library)
        copies = {
            key: _Copy(read, kept.get(key), _own_alias(own, key)).organization(node)
            for key, node in organizations.entries.items()
        }
        base = nodes.with_entry(base, "organizations", replace(organizations, entries=copies))
    if read.expires is not None:
        base = nodes.with_entry(base, "expires", read.expires, read.expires.place)
    return base


def _kept_users(
    organizations: Mapping, patterns: Sequence | None, library: Library
) -> dict[str, set[str]]:
    """Find the users that stay, for each organization; empty when all of them do."""
    if patterns is None:
        return {}
    wanted = Patterns(patterns, library)
    kept = {
        key: {name for name in _names(nodes.child(organization, "users")) if wanted.match(name)}
        for key, organization in organizations.entries.items()
    }
    for position, node in wanted.unmatched():
        message = f'"{node.value}" matches no user of any organization'
        path = ("derive", "keep_users", position)
        library.report("derive", node.place, path, message, _near_user(node, organizations))
    return kept


def _near_user(pattern: Scalar, organizations: Mapping) -> str | None:
    users = {
        name
        for organization in organizations.entries.values()
        for name in _names(nodes.child(organization, "users"))
    }
    near = suggesting.nearest(str(pattern.value), sorted(users))
    return f'did you mean "{near}"?' if near else None


def _own_alias(own: Mapping, key: str) -> Scalar | None:
    """Find the alias that the overlay gives to an organization itself."""
    node: Node | None = own
    for step in ("organizations", key, "alias"):
        node = nodes.child(node, step) if node else None
    return node if isinstance(node, Scalar) and isinstance(node.value, str) else None


class _Copy:
    """Makes the copy of one organization."""

    def __init__(
        self, options: DeriveOptions, kept: set[str] | None, own_alias: Scalar | None
    ) -> None:
        self._options = options
        self._kept = kept
        self._own_alias = own_alias
        self._gone: set[str] = set()

    def organization(self, node: Node) -> Node:
        """Copy an organization; what is not a mapping stays as it is, the schema refuses it."""
        if not isinstance(node, Mapping):
            return node
        if self._kept is not None:
            self._gone = set(_names(node.entries.get("users"))) - self._kept
        copy = nodes.without(node, *_LIVE_KEYS)
        copy = _edit(copy, "directory", _directory)
        copy = _edit(copy, "policies", self._policies)
        copy = self._without_users(copy)
        copy = self._under_other_alias(copy)
        copy = self._domains(copy)
        return self._removal(copy)

    def _policies(self, policies: Node) -> Node | None:
        if not isinstance(policies, Mapping):
            return policies
        copy = nodes.without(policies, *_LIVE_POLICIES)
        copy = _edit(copy, "email_monitoring", _monitoring)
        copy = _edit(copy, "access_control", lambda rules: _each_entry(rules, self._rule))
        return _edit(copy, "impersonation_roles", lambda roles: _each_entry(roles, self._role))

    def _role(self, role: Node) -> Node:
        if not isinstance(role, Mapping):
            return role
        return _edit(role, "rules", lambda rules: _each_entry(rules, self._rule))

    def _rule(self, rule: Node) -> Node | None:
        """Drop references to users who went; None for a rule that is about nobody any more."""
        if not isinstance(rule, Mapping):
            return rule
        for key, stays_without in _RULE_KEYS.items():
            before = rule.entries.get(key)
            after = self._references(before) if before else None
            if not isinstance(after, Sequence) or after is before:
                continue
            if after.items:
                rule = nodes.with_entry(rule, key, after)
            elif stays_without:
                rule = nodes.without(rule, key)
            else:
                return None
        return rule

    def _without_users(self, copy: Mapping) -> Mapping:
        if not self._gone:
            return copy
        copy = _edit(copy, "users", lambda users: _without_names(users, self._gone))
        copy = _edit(copy, "groups", lambda groups: self._each_list(groups, "members"))
        copy = _edit(copy, "resources", lambda resources: self._each_list(resources, "delegates"))
        copy = _edit(copy, "permissions", lambda each: self._without_entries(each, _SIDES))
        return _edit(copy, "expect", lambda each: self._without_entries(each, ("user",)))

    def _each_list(self, entities: Node, key: str) -> Node | None:
        def without_gone(entity: Node) -> Node:
            return _edit(entity, key, self._references) if isinstance(entity, Mapping) else entity

        return _each_entry(entities, without_gone)

    def _references(self, node: Node) -> Node:
        """Drop users who went from a list of references."""
        if not isinstance(node, Sequence):
            return node
        items = [item for item in node.items if not self._went(item)]
        return node if len(items) == len(node.items) else replace(node, items=items)

    def _without_entries(self, node: Node, keys: tuple[str, ...]) -> Node:
        """Drop the entries of a list that name users who went under one of some keys."""
        if not isinstance(node, Sequence):
            return node
        items = [
            item for item in node.items if not any(self._went(nodes.child(item, k)) for k in keys)
        ]
        return replace(node, items=items)

    def _went(self, reference: Node | None) -> bool:
        return isinstance(reference, Scalar) and reference.value in self._gone

    def _under_other_alias(self, copy: Mapping) -> Mapping:
        """Give the copy its alias, and move the addresses that belong to the other one."""
        alias = copy.entries.get("alias")
        if not isinstance(alias, Scalar) or not isinstance(alias.value, str):
            return copy
        suffixed = alias.value + (self._options.alias_suffix or "")
        final = str(self._own_alias.value) if self._own_alias else suffixed
        copy = nodes.with_entry(copy, "alias", Scalar(suffixed, alias.place, alias.written))
        left = f"{alias.value}.{_TEST_DOMAIN}".casefold()
        for kind in ("users", "groups", "resources"):
            copy = _edit(copy, kind, lambda them: _each_entry(them, self._mover(left, final)))
        return copy

    def _mover(self, left: str, alias: str) -> Callable[[Node], Node]:
        def address(node: Node) -> Node:
            if not isinstance(node, Scalar) or not isinstance(node.value, str):
                return node
            local, at, domain = node.value.rpartition("@")
            if not at or not (self._options.test_domains or domain.casefold() == left):
                return node
            return Scalar(f"{local}@{alias}.{_TEST_DOMAIN}", node.place, node.written)

        def addresses(node: Node) -> Node:
            if not isinstance(node, Sequence):
                return node
            return replace(node, items=[address(item) for item in node.items])

        def entity(node: Node) -> Node:
            if not isinstance(node, Mapping):
                return node
            return _edit(_edit(node, "email", address), "aliases", addresses)

        return entity

    def _domains(self, copy: Mapping) -> Mapping:
        if self._options.test_domains:
            return nodes.without(copy, "domains")
        return _edit(copy, "domains", lambda domains: _each_entry(domains, _domain))

    def _removal(self, copy: Mapping) -> Mapping:
        wanted = self._options.on_removal
        if isinstance(wanted, Mapping):
            return nodes.with_entry(copy, "on_removal", wanted, wanted.place)
        if not isinstance(wanted, Scalar):
            return copy
        place = wanted.place
        words = Mapping(place)
        for kind, word in REMOVAL_WORDS[str(wanted.value)].items():
            words = nodes.with_entry(words, kind, Scalar(word, place, wanted.written))
        return nodes.with_entry(copy, "on_removal", words, place)


def _directory(node: Node) -> Node | None:
    """A directory that is found by its id is live: the copy gets WorkMail's own instead."""
    return None if nodes.child(node, "directory_id") or _is_existing(node) else node


def _is_existing(directory: Node) -> bool:
    kind = nodes.child(directory, "type")
    return isinstance(kind, Scalar) and kind.value == "existing"


def _domain(node: Node) -> Node:
    """A domain that loses its hosted zone is kept by hand, and not in place yet."""
    if not isinstance(node, Mapping) or not isinstance(node.entries.get("dns"), Mapping):
        return node
    place = node.entries["dns"].place
    copy = nodes.with_entry(node, "dns", Scalar("manual", place, "manual"))
    return _edit(copy, "verified", lambda was: Scalar(False, was.place, "false"))


def _monitoring(node: Node) -> Node | None:
    """Monitoring into a log group that is given goes; into a managed one it stays."""
    if not isinstance(node, Mapping) or not any(key in node.entries for key in _LIVE_MONITORING):
        return node
    copy = nodes.without(node, *_LIVE_MONITORING)
    return copy if "log_group" in copy.entries else None


def _edit(mapping: Mapping, key: str, change: Callable[[Node], Node | None]) -> Mapping:
    """Change one entry, if it is there; None takes it out."""
    before = mapping.entries.get(key)
    if before is None:
        return mapping
    after = change(before)
    if after is None:
        return nodes.without(mapping, key)
    return mapping if after is before else nodes.with_entry(mapping, key, after)


def _each_entry(node: Node, change: Callable[[Node], Node | None]) -> Node:
    """Change every value of a mapping; None takes the entry out."""
    if not isinstance(node, Mapping):
        return node
    entries = {key: change(value) for key, value in node.entries.items()}
    kept = {key: value for key, value in entries.items() if value is not None}
    return replace(node, entries=kept, key_places={key: node.key_places[key] for key in kept})


def _without_names(node: Node, names: set[str]) -> Node:
    return nodes.without(node, *names) if isinstance(node, Mapping) else node


def _names(node: Node | None) -> list[str]:
    return list(node.entries) if isinstance(node, Mapping) else []
