"""Changes of access-control rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from workmail_org.changes.calls import Argument, Call, Identity, Phase, Setting, make_call
from workmail_org.changes.rules import replace_rules
from workmail_org.model.policies import AccessControlRule
from workmail_org.model.values import Kind, Reference

ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "active_sync": "ActiveSync",
        "auto_discover": "AutoDiscover",
        "ews": "EWS",
        "imap": "IMAP",
        "smtp": "SMTP",
        "windows_outlook": "WindowsOutlook",
        "web_mail": "WebMail",
    }
)
"""The spec's words for protocols and WorkMail's (WorkMail Admin Guide, "access-rules")."""


_LISTS = (
    "actions",
    "not_actions",
    "ip_ranges",
    "not_ip_ranges",
    "users",
    "not_users",
    "impersonation_roles",
    "not_impersonation_roles",
)


def between(
    actual: Sequence[AccessControlRule], desired: Sequence[AccessControlRule]
) -> tuple[Call, ...]:
    """List the calls that make exactly the desired rules hold.

    The service's own `default` rule and rules made by hand go too, when the
    spec does not name them: what nobody reviewed must not let anybody in.

    Args:
        actual: All rules there are.
        desired: Not empty: without any rule nobody gets in.

    Source:
        WorkMail API 2017-10-01: PutAccessControlRule (replaces a rule of the
        same name), DeleteAccessControlRule.
    """
    present = {rule.name: sort_lists(rule) for rule in actual}
    names = {rule.name for rule in desired}
    changed = [rule for rule in desired if present.get(rule.name) != sort_lists(rule)]
    return replace_rules(
        len(present),
        updates=[_put(rule) for rule in changed if rule.name in present],
        additions=[_put(rule) for rule in changed if rule.name not in present],
        removals=[_delete(name) for name in present if name not in names],
    )


def sort_lists(rule: AccessControlRule) -> AccessControlRule:
    """Return the rule with its lists sorted: they are sets."""
    lists: dict[str, Any] = {name: tuple(sorted(getattr(rule, name))) for name in _LISTS}
    return replace(rule, **lists)


def _put(rule: AccessControlRule) -> Call:
    arguments: dict[str, Argument] = {
        "Name": rule.name,
        "Effect": rule.effect.upper(),
        "Description": rule.description,
    }
    lists: dict[str, tuple[Argument, ...]] = {
        "Actions": tuple(ACTIONS[action] for action in rule.actions),
        "NotActions": tuple(ACTIONS[action] for action in rule.not_actions),
        "IpRanges": rule.ip_ranges,
        "NotIpRanges": rule.not_ip_ranges,
        "UserIds": identify_users(rule.users),
        "NotUserIds": identify_users(rule.not_users),
        "ImpersonationRoleIds": _identify_roles(rule.impersonation_roles),
        "NotImpersonationRoleIds": _identify_roles(rule.not_impersonation_roles),
    }
    arguments |= {name: value for name, value in lists.items() if value}
    return make_call(Phase.JOIN, "PutAccessControlRule", _get_subject(rule.name), **arguments)


def _delete(name: str) -> Call:
    return make_call(Phase.PART, "DeleteAccessControlRule", _get_subject(name), Name=name)


def _get_subject(name: str) -> Setting:
    return Setting("access-control rule", name)


def identify_users(names: Sequence[str]) -> tuple[Argument, ...]:
    """Stand for users by their names until their ids are put in."""
    return tuple(Identity(Reference(Kind.USER, name)) for name in names)


def _identify_roles(names: Sequence[str]) -> tuple[Argument, ...]:
    return tuple(Identity(make_role_subject(name)) for name in names)


def make_role_subject(name: str) -> Setting:
    """Return what an impersonation role is called in a call."""
    return Setting("impersonation role", name)
