"""Groups and their members."""

from __future__ import annotations

from dataclasses import replace

from workmail_emulator import api, directories, entities, listing, paging
from workmail_emulator.api import Document
from workmail_emulator.errors import invalid_parameter, unsupported
from workmail_emulator.state import Entity, Organization
from workmail_emulator.world import Context

FILTERS = {"NamePrefix": "Name", "PrimaryEmailPrefix": "Email", "State": "State"}


def create_group(context: Context, organization: Organization) -> Document:
    """Create a DISABLED group in the directory. Source: facts.md §1.4."""
    directory = context.writable_directory(organization)
    parameters = context.parameters
    hidden: bool = parameters.get("HiddenFromGlobalAddressList", False)
    group = Entity(
        id=directories.new_principal_id(context, directory),
        kind="GROUP",
        name=parameters["Name"],
        attributes={"HiddenFromGlobalAddressList": hidden},
    )
    entities.add(organization, group)
    directories.mirror(directory, group)
    return {"GroupId": group.id}


def describe_group(context: Context, organization: Organization) -> Document:
    """Answer everything about a group but its members. Source: facts.md §1.4."""
    group = _group(context, organization)
    return api.without_nones(
        GroupId=group.id,
        Name=group.name,
        Email=group.email,
        State=group.state,
        EnabledDate=group.enabled_at,
        DisabledDate=group.disabled_at,
        HiddenFromGlobalAddressList=group.attributes["HiddenFromGlobalAddressList"],
    )


def list_groups(context: Context, organization: Organization) -> Document:
    """List groups, the directory's own included.

    Source:
        facts.md §10.5; Assumption GROUP_FILTER.
    """
    return listing.entities(context, organization, "GROUP", FILTERS, "Groups", ())


def update_group(context: Context, organization: Organization) -> Document:
    """Show or hide a group. Source: facts.md §1.4."""
    directory = context.writable_directory(organization)
    group = _group(context, organization)
    entities.require(context, organization, group, "ENABLED", "DISABLED")
    hidden: bool | None = context.parameters.get("HiddenFromGlobalAddressList")
    if hidden is not None:
        attributes = {**group.attributes, "HiddenFromGlobalAddressList": hidden}
        changed = replace(group, attributes=attributes)
        entities.put(organization, changed)
        directories.mirror(directory, changed)
    return {}


def delete_group(context: Context, organization: Organization) -> Document:
    """Delete a DISABLED group.

    Source:
        facts.md §7.3; Assumption SYSTEM_USERS.
    """
    directory = context.writable_directory(organization)
    identifier: str = context.parameters["GroupId"]
    for group in entities.look_up(organization, identifier, email=False):
        if group.kind == "GROUP" and group.name in entities.BUILT_IN_GROUPS:
            raise unsupported(f"Group {group.name} belongs to the directory.")
    if gone := entities.delete(context, organization, identifier, entities.GROUPS):
        directory.principals.pop(gone.id, None)
    return {}


def associate_member_to_group(context: Context, organization: Organization) -> Document:
    """Add an enabled user or group to an enabled group.

    Source:
        facts.md §1.4; Assumptions MEMBER_AGAIN, MEMBER_CYCLE.
    """
    group, member = _pair(context, organization)
    if member.id == group.id or _contains(organization, member.id, group.id):
        raise invalid_parameter(f"Group {group.name} would become a member of itself.")
    present = organization.members.get(group.id, {})
    organization.members[group.id] = {**present, member.id: None}
    return {}


def disassociate_member_from_group(context: Context, organization: Organization) -> Document:
    """Take a member out of a group. Source: facts.md §1.4."""
    group, member = _pair(context, organization)
    present = organization.members.get(group.id, {})
    organization.members[group.id] = {key: None for key in present if key != member.id}
    return {}


def list_group_members(context: Context, organization: Organization) -> Document:
    """List a group's direct members. Source: facts.md §1.4."""
    group = _group(context, organization)
    entities.require(context, organization, group, "ENABLED", "DISABLED")
    members = [organization.entities[key] for key in organization.members.get(group.id, {})]
    return paging.page(context, "Members", members, _member)


def list_groups_for_entity(context: Context, organization: Organization) -> Document:
    """List the groups that an entity is a direct member of. Source: botocore, the operation."""
    parameters = context.parameters
    entity = entities.find(context, organization, parameters["EntityId"], entities.MEMBERS)
    entities.require(context, organization, entity, "ENABLED", "DISABLED")
    filters: Document = parameters.get("Filters") or {}
    prefix: str = filters.get("GroupNamePrefix") or ""
    groups = [
        organization.entities[group_id]
        for group_id, members in organization.members.items()
        if entity.id in members and organization.entities[group_id].name.startswith(prefix)
    ]
    return paging.page(
        context, "Groups", groups, lambda group: {"GroupId": group.id, "GroupName": group.name}
    )


def _group(context: Context, organization: Organization) -> Entity:
    identifier: str = context.parameters["GroupId"]
    return entities.find(context, organization, identifier, entities.GROUPS)


def _pair(context: Context, organization: Organization) -> tuple[Entity, Entity]:
    """Find the group and the member of a membership change; both must be enabled."""
    context.writable_directory(organization)
    group = _group(context, organization)
    identifier: str = context.parameters["MemberId"]
    member = entities.find(context, organization, identifier, entities.MEMBERS)
    entities.require(context, organization, group, "ENABLED")
    entities.require(context, organization, member, "ENABLED")
    return group, member


def _contains(organization: Organization, group_id: str, wanted: str) -> bool:
    """Return whether a group has a member, directly or through other groups."""
    waiting, met = [group_id], {group_id}
    while waiting:
        members = organization.members.get(waiting.pop(), {})
        if wanted in members:
            return True
        fresh = [key for key in members if key not in met]
        met.update(fresh)
        waiting += fresh
    return False


def _member(entity: Entity) -> Document:
    return api.without_nones(
        Id=entity.id,
        Name=entity.name,
        Type=entity.kind,
        State=entity.state,
        EnabledDate=entity.enabled_at,
        DisabledDate=entity.disabled_at,
    )
