"""Access control rules: from where, how, and for whom mailboxes open."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from typing import Any

from workmail_emulator import entities
from workmail_emulator.api import Document
from workmail_emulator.errors import (
    entity_not_found,
    invalid_parameter,
    limit_exceeded,
    not_found,
)
from workmail_emulator.state import Organization
from workmail_emulator.world import Context

MOST_RULES = 10
"""Rules of one organization; botocore, AccessControlRulesList, facts.md §1.8."""

ACTIONS = ("ActiveSync", "AutoDiscover", "EWS", "IMAP", "SMTP", "WindowsOutlook", "WebMail")
"""Admin Guide access-rules, facts.md §1.8; the model takes any letters."""

CONDITIONS = (
    "IpRanges",
    "NotIpRanges",
    "Actions",
    "NotActions",
    "UserIds",
    "NotUserIds",
    "ImpersonationRoleIds",
    "NotImpersonationRoleIds",
)


def put_access_control_rule(context: Context, organization: Organization) -> Document:
    """Add a rule, or replace the one of that name. Source: botocore, the operation."""
    parameters = context.parameters
    name: str = parameters["Name"]
    _check(context, organization)
    replaced = organization.access_rules.get(name)
    if replaced is None and len(organization.access_rules) >= MOST_RULES:
        raise limit_exceeded(f"An organization has at most {MOST_RULES} access control rules.")
    organization.access_rules[name] = {
        "Name": name,
        "Effect": parameters["Effect"],
        "Description": parameters["Description"],
        **{field: parameters[field] for field in CONDITIONS if parameters.get(field)},
        "DateCreated": replaced["DateCreated"] if replaced else context.now,
        "DateModified": context.now,
    }
    return {}


def _check(context: Context, organization: Organization) -> None:
    """Check that what a rule names is there. Source: Assumption RULE_REFERENCES."""
    parameters = context.parameters
    for action in (*parameters.get("Actions", ()), *parameters.get("NotActions", ())):
        _check_action(action)
    for user_id in (*parameters.get("UserIds", ()), *parameters.get("NotUserIds", ())):
        user = entities.find_by_id(context, organization, user_id, entities.USERS)
        if user.state == "DELETED":
            raise entity_not_found(user_id)
    for field in ("ImpersonationRoleIds", "NotImpersonationRoleIds"):
        for role_id in parameters.get(field, ()):
            if role_id not in organization.roles:
                raise not_found(f"Impersonation role {role_id} is not found.")


def _check_action(action: str) -> None:
    """Refuse what is not a way to a mailbox. Source: Assumption ACCESS_ACTIONS."""
    if action not in ACTIONS:
        raise invalid_parameter(f"No action {action}; there are {', '.join(ACTIONS)}.")


def delete_access_control_rule(context: Context, organization: Organization) -> Document:
    """Delete a rule; no error if absent. Source: botocore, the operation."""
    organization.access_rules.pop(context.parameters["Name"], None)
    return {}


def list_access_control_rules(context: Context, organization: Organization) -> Document:
    """List the rules, not paged. Source: facts.md §1.0."""
    del context
    return {"Rules": list(organization.access_rules.values())}


def get_access_control_effect(context: Context, organization: Organization) -> Document:
    """Return what the rules do to one access: a denial wins, no match denies.

    Source:
        botocore, the operation: a user or a role, a role with EWS alone; Assumption ACCESS_EFFECT.
    """
    parameters = context.parameters
    user_id: str | None = parameters.get("UserId")
    role_id: str | None = parameters.get("ImpersonationRoleId")
    _check_action(parameters["Action"])
    if (user_id is None) == (role_id is None):
        raise invalid_parameter("Give either UserId or ImpersonationRoleId.")
    if user_id:
        entities.find_by_id(context, organization, user_id, entities.USERS)
    if role_id and parameters["Action"] != "EWS":
        raise invalid_parameter("ImpersonationRoleId can only be used with Action EWS.")
    if role_id and role_id not in organization.roles:
        raise not_found(f"Impersonation role {role_id} is not found.")
    rules = organization.access_rules.values()
    matching = [rule for rule in rules if _matches(rule, parameters, user_id, role_id)]
    return decide(matching, "Name")


def decide(matching: Iterable[Document], *fields: str) -> Document:
    """Answer the effect of the rules that match: any DENY denies, none allows nothing.

    Args:
        matching: Rules of any sort, with Effect.
        fields: What is told of the rules that decided; one field is told without its name.
    """
    matching = list(matching)
    denied = not matching or any(rule["Effect"] == "DENY" for rule in matching)
    effect = "DENY" if denied else "ALLOW"
    decisive = [rule for rule in matching if rule["Effect"] == effect]
    told: list[Any] = [
        rule[fields[0]]
        if len(fields) == 1
        else {name: rule[name] for name in fields if name in rule}
        for rule in decisive
    ]
    return {"Effect": effect, "MatchedRules": told}


def _matches(rule: Document, access: Document, user_id: str | None, role_id: str | None) -> bool:
    address = ipaddress.ip_address(access["IpAddress"])

    def in_ranges(ranges: Collection[str]) -> bool:
        return any(address in ipaddress.ip_network(item, strict=False) for item in ranges)

    return (
        in_ranges(rule.get("IpRanges", ["0.0.0.0/0"]))
        and not in_ranges(rule.get("NotIpRanges", ()))
        and access["Action"] in rule.get("Actions", ACTIONS)
        and access["Action"] not in rule.get("NotActions", ())
        and _is_named(rule, "UserIds", user_id)
        and _is_named(rule, "ImpersonationRoleIds", role_id)
    )


def _is_named(rule: Document, field: str, identifier: str | None) -> bool:
    """Return whether a rule speaks of a user or role; without conditions it speaks of everyone."""
    wanted = field not in rule or identifier in rule[field]
    return wanted and identifier not in rule.get(f"Not{field}", ())
