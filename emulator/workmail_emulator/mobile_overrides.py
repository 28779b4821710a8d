"""Mobile device access overrides: one user's one device, whatever the rules say."""

from __future__ import annotations

from workmail_emulator import api, entities, paging
from workmail_emulator.api import Document
from workmail_emulator.errors import not_found
from workmail_emulator.state import Entity, Organization
from workmail_emulator.world import Context


def put_mobile_device_access_override(context: Context, organization: Organization) -> Document:
    """Create or replace an override. Source: facts.md §1.9; Assumption OVERRIDE_STATE."""
    parameters = context.parameters
    user = _user(context, organization)
    entities.require(context, organization, user, "ENABLED")
    key = _key(context, user)
    replaced = organization.overrides.get(key)
    organization.overrides[key] = api.without_nones(
        UserId=user.id,
        DeviceId=parameters["DeviceId"],
        Effect=parameters["Effect"],
        Description=parameters.get("Description"),
        DateCreated=replaced["DateCreated"] if replaced else context.now,
        DateModified=context.now,
    )
    return {}


def get_mobile_device_access_override(context: Context, organization: Organization) -> Document:
    """Answer an override. Source: botocore, the operation."""
    override = organization.overrides.get(_key(context, _user(context, organization)))
    if override is None:
        raise not_found("There is no override for this user and device.")
    return override


def delete_mobile_device_access_override(context: Context, organization: Organization) -> Document:
    """Delete an override; no error if absent. Source: botocore, the operation."""
    organization.overrides.pop(_key(context, _user(context, organization)), None)
    return {}


def list_mobile_device_access_overrides(context: Context, organization: Organization) -> Document:
    """List overrides, of one user or one device if asked for. Source: botocore, the operation."""
    user_id = _user(context, organization).id if "UserId" in context.parameters else None
    device_id: str | None = context.parameters.get("DeviceId")
    found = [
        override
        for (owner, device), override in organization.overrides.items()
        if user_id in (None, owner) and (device_id is None or device_id.lower() == device)
    ]
    return paging.page(context, "Overrides", found, dict)


def _user(context: Context, organization: Organization) -> Entity:
    identifier: str = context.parameters["UserId"]
    return entities.find(context, organization, identifier, entities.USERS)


def _key(context: Context, user: Entity) -> tuple[str, str]:
    """Build the key of an override: device ids compare without case, facts.md §1.9."""
    device_id: str = context.parameters["DeviceId"]
    return user.id, device_id.lower()
