"""Impersonation roles: programs that open other people's mailboxes."""

from __future__ import annotations

from workmail_emulator import access_rules, api, entities, paging
from workmail_emulator.api import Document
from workmail_emulator.clock import MINUTE
from workmail_emulator.errors import invalid_parameter, limit_exceeded, not_found
from workmail_emulator.state import Entity, Organization
from workmail_emulator.world import Context

MOST_ROLES = 20
"""Roles of one organization; botocore, ImpersonationRoleList, facts.md §1.11."""

TOKEN_SECONDS = 15 * MINUTE
"""Admin Guide using-impersonation-roles, facts.md §1.11."""


def create_impersonation_role(context: Context, organization: Organization) -> Document:
    """Create a role. Source: facts.md §1.11."""
    if len(organization.roles) >= MOST_ROLES:
        raise limit_exceeded(f"An organization has at most {MOST_ROLES} impersonation roles.")
    role_id = context.world.ids.uuid()
    _check(context, organization, role_id)
    organization.roles[role_id] = _role(context, role_id, context.now)
    return {"ImpersonationRoleId": role_id}


def get_impersonation_role(context: Context, organization: Organization) -> Document:
    """Answer a role with its rules. Source: botocore, the operation."""
    return _find(context, organization)


def update_impersonation_role(context: Context, organization: Organization) -> Document:
    """Replace a role as a whole. Source: facts.md §1.11."""
    replaced = _find(context, organization)
    role_id: str = replaced["ImpersonationRoleId"]
    _check(context, organization, role_id)
    organization.roles[role_id] = _role(context, role_id, replaced["DateCreated"])
    return {}


def delete_impersonation_role(context: Context, organization: Organization) -> Document:
    """Delete a role; no error if absent. Source: facts.md §1.14, not modelled."""
    organization.roles.pop(context.parameters["ImpersonationRoleId"], None)
    return {}


def list_impersonation_roles(context: Context, organization: Organization) -> Document:
    """List roles without their rules. Source: botocore, ImpersonationRole."""
    fields = ("ImpersonationRoleId", "Name", "Type", "DateCreated", "DateModified")
    roles = organization.roles.values()
    return paging.page(context, "Roles", roles, lambda role: {name: role[name] for name in fields})


def assume_impersonation_role(context: Context, organization: Organization) -> Document:
    """Give a token for 15 minutes. Source: facts.md §1.11."""
    _find(context, organization)
    return {"Token": context.world.ids.token(), "ExpiresIn": int(TOKEN_SECONDS)}


def get_impersonation_role_effect(context: Context, organization: Organization) -> Document:
    """Return whether a role may impersonate a user: a denial wins, no match denies.

    Source:
        Admin Guide managing-impersonation-roles, facts.md §1.11.
    """
    role = _find(context, organization)
    target = _target(context, organization, context.parameters["TargetUser"])
    rules: list[Document] = role["Rules"]
    matching = [rule for rule in rules if _matches(organization, rule, target)]
    effect = access_rules.decide(matching, "ImpersonationRuleId", "Name")
    return {"Type": role["Type"], **effect}


def _matches(organization: Organization, rule: Document, target: Entity) -> bool:
    def names(field: str) -> bool:
        listed: list[str] = rule.get(field, [])
        found = (entities.look_up(organization, identifier) for identifier in listed)
        return any(target.id == entity.id for meanings in found for entity in meanings)

    return (not rule.get("TargetUsers") or names("TargetUsers")) and not names("NotTargetUsers")


def _check(context: Context, organization: Organization, role_id: str) -> None:
    """Check that a role's name is its own and that its rules name people who are there.

    Source:
        facts.md §1.11; Assumptions ROLE_NAMES, RULE_REFERENCES.
    """
    parameters = context.parameters
    others = [role for key, role in organization.roles.items() if key != role_id]
    if any(role["Name"] == parameters["Name"] for role in others):
        raise invalid_parameter(f"There is an impersonation role {parameters['Name']} already.")
    rules: list[Document] = parameters["Rules"]
    ids = [rule["ImpersonationRuleId"] for rule in rules]
    if len(set(ids)) < len(ids):
        raise invalid_parameter("An ImpersonationRuleId is used twice.")
    for rule in rules:
        for identifier in (*rule.get("TargetUsers", ()), *rule.get("NotTargetUsers", ())):
            _target(context, organization, identifier)


def _target(context: Context, organization: Organization, identifier: str) -> Entity:
    user = entities.find(context, organization, identifier, entities.USERS)
    return entities.require(context, organization, user, "ENABLED", "DISABLED")


def _role(context: Context, role_id: str, created: float) -> Document:
    parameters = context.parameters
    return api.without_nones(
        ImpersonationRoleId=role_id,
        Name=parameters["Name"],
        Type=parameters["Type"],
        Description=parameters.get("Description"),
        Rules=parameters["Rules"],
        DateCreated=created,
        DateModified=context.now,
    )


def _find(context: Context, organization: Organization) -> Document:
    """Find a role. Source: botocore, ResourceNotFoundException."""
    role_id: str = context.parameters["ImpersonationRoleId"]
    role = organization.roles.get(role_id)
    if role is None:
        raise not_found(f"Impersonation role {role_id} is not found.")
    return role
