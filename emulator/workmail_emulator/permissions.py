"""Who may open, or write in the name of, whose mailbox."""

from __future__ import annotations

from workmail_emulator import entities, paging
from workmail_emulator.api import Document
from workmail_emulator.errors import entity_not_found, invalid_parameter
from workmail_emulator.state import Entity, Organization
from workmail_emulator.world import Context


def put_mailbox_permissions(context: Context, organization: Organization) -> Document:
    """Replace the rights that a grantee has to a mailbox.

    Source:
        botocore, the operation; facts.md §1.7: no FULL_ACCESS to a group, which has no mailbox.
    """
    owner, grantee = _pair(context, organization)
    for entity in (owner, grantee):
        entities.require(context, organization, entity, "ENABLED")
    rights: list[str] = list(dict.fromkeys(context.parameters["PermissionValues"]))
    if owner.id == grantee.id:
        raise invalid_parameter(f"{owner.id} cannot be granted rights to its own mailbox.")
    if owner.kind == "GROUP" and "FULL_ACCESS" in rights:
        raise invalid_parameter(f"Group {owner.name} has no mailbox to give FULL_ACCESS to.")
    grants = {**organization.permissions.get(owner.id, {}), grantee.id: rights}
    _store(organization, owner, grants)
    return {}


def delete_mailbox_permissions(context: Context, organization: Organization) -> Document:
    """Take all rights from a grantee; no rights to take is not an error.

    Source:
        botocore, the operation; Assumption PERMISSION_AGAIN.
    """
    owner, grantee = _pair(context, organization)
    for entity in (owner, grantee):
        entities.require(context, organization, entity, "ENABLED", "DISABLED")
    present = organization.permissions.get(owner.id, {})
    _store(organization, owner, {key: value for key, value in present.items() if key != grantee.id})
    return {}


def list_mailbox_permissions(context: Context, organization: Organization) -> Document:
    """List who has rights to a mailbox. Source: facts.md §1.7."""
    owner = _entity(context, organization, "EntityId", entities.EVERY_KIND)
    if owner.state == "DELETED":
        raise entity_not_found(owner.id)

    def permission(grant: tuple[str, list[str]]) -> Document:
        grantee, rights = grant
        kind = organization.entities[grantee].kind
        return {"GranteeId": grantee, "GranteeType": kind, "PermissionValues": rights}

    grants = organization.permissions.get(owner.id, {})
    return paging.page(context, "Permissions", grants.items(), permission)


def _store(organization: Organization, owner: Entity, grants: dict[str, list[str]]) -> None:
    """Keep the rights to a mailbox; an empty list of rights is none at all."""
    organization.permissions[owner.id] = {key: rights for key, rights in grants.items() if rights}


def _pair(context: Context, organization: Organization) -> tuple[Entity, Entity]:
    owner = _entity(context, organization, "EntityId", entities.EVERY_KIND)
    grantee = _entity(context, organization, "GranteeId", entities.MEMBERS)
    return owner, grantee


def _entity(
    context: Context, organization: Organization, field: str, kinds: entities.Kinds
) -> Entity:
    identifier: str = context.parameters[field]
    return entities.find(context, organization, identifier, kinds)
