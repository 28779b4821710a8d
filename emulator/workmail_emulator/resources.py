"""Rooms and equipment, how they answer to bookings, and who answers for them."""

from __future__ import annotations

from dataclasses import replace

from workmail_emulator import api, entities, listing, paging
from workmail_emulator.api import Document
from workmail_emulator.errors import ServiceFault, entity_state, unsupported
from workmail_emulator.state import Entity, Organization
from workmail_emulator.world import Context

FILTERS = {"NamePrefix": "Name", "PrimaryEmailPrefix": "Email", "State": "State"}
FLAGS = (
    "AutoAcceptRequests",
    "AutoDeclineRecurringRequests",
    "AutoDeclineConflictingRequests",
)
DEFAULT_BOOKING = dict(zip(FLAGS, (True, False, True), strict=True))
"""AWS CLI example describe-resource, facts.md §1.5."""


def create_resource(context: Context, organization: Organization) -> Document:
    """Create a DISABLED room or piece of equipment.

    Source:
        facts.md §1.5; Assumption INTEROPERABILITY.
    """
    context.directory(organization)
    if organization.interoperability:
        raise unsupported("Resources are managed in Exchange.")
    parameters = context.parameters
    resource = Entity(
        id=context.world.ids.resource(),
        kind="RESOURCE",
        name=parameters["Name"],
        attributes=api.without_nones(
            Type=parameters["Type"],
            Description=parameters.get("Description"),
            HiddenFromGlobalAddressList=parameters.get("HiddenFromGlobalAddressList", False),
            BookingOptions=DEFAULT_BOOKING,
        ),
    )
    entities.add(organization, resource)
    return {"ResourceId": resource.id}


def describe_resource(context: Context, organization: Organization) -> Document:
    """Answer everything about a resource but its delegates. Source: facts.md §1.5."""
    resource = _resource(context, organization)
    return api.without_nones(
        ResourceId=resource.id,
        Name=resource.name,
        Email=resource.email,
        State=resource.state,
        EnabledDate=resource.enabled_at,
        DisabledDate=resource.disabled_at,
        **resource.attributes,
    )


def list_resources(context: Context, organization: Organization) -> Document:
    """List resources, tombstones included. Source: facts.md §1.5."""
    return listing.entities(
        context, organization, "RESOURCE", FILTERS, "Resources", ("Type", "Description")
    )


def update_resource(context: Context, organization: Organization) -> Document:
    """Change a resource, its name included.

    Source:
        facts.md §1.5; Assumptions UPDATE_MERGES, BOOKING_REPLACED.
    """
    context.directory(organization)
    parameters = context.parameters
    resource = _resource(context, organization)
    entities.require(context, organization, resource, "ENABLED", "DISABLED")
    changed = replace(
        resource,
        name=parameters.get("Name", resource.name),
        attributes={**resource.attributes, **_changes(parameters)},
    )
    if changed.attributes.get("Description") == "":
        changed.attributes.pop("Description")
    _require_answer(organization, changed)
    if entities.name_key("RESOURCE", changed.name) != entities.name_key("RESOURCE", resource.name):
        entities.claim_name(organization, changed)
        organization.names.pop(entities.name_key("RESOURCE", resource.name))
    entities.put(organization, changed)
    return {}


def delete_resource(context: Context, organization: Organization) -> Document:
    """Delete a DISABLED resource with its calendar. Source: facts.md §7.3."""
    if organization.interoperability:
        raise unsupported("Resources are managed in Exchange.")
    identifier: str = context.parameters["ResourceId"]
    entities.delete(context, organization, identifier, entities.RESOURCES)
    return {}


def associate_delegate_to_resource(context: Context, organization: Organization) -> Document:
    """Let an enabled user or group answer for an enabled resource.

    Source:
        facts.md §1.5; Assumption MEMBER_AGAIN.
    """
    resource, delegate = _pair(context, organization)
    present = organization.delegates.get(resource.id, ())
    if delegate.id not in present:
        organization.delegates[resource.id] = (*present, delegate.id)
    return {}


def disassociate_delegate_from_resource(context: Context, organization: Organization) -> Document:
    """Take a delegate away; the last one only from a resource that accepts by itself.

    Source:
        facts.md §7.7: back to auto-accept first; Assumption LAST_DELEGATE.
    """
    resource, delegate = _pair(context, organization)
    present = organization.delegates.get(resource.id, ())
    rest = tuple(key for key in present if key != delegate.id)
    accepts: bool = resource.attributes["BookingOptions"]["AutoAcceptRequests"]
    if present and not rest and not accepts:
        raise entity_state(f"Resource {resource.id} would have nobody to accept its bookings.")
    organization.delegates[resource.id] = rest
    return {}


def list_resource_delegates(context: Context, organization: Organization) -> Document:
    """List who answers for a resource. Source: facts.md §1.5."""
    resource = _resource(context, organization)
    entities.require(context, organization, resource, "ENABLED", "DISABLED")
    delegates = [organization.entities[key] for key in organization.delegates.get(resource.id, ())]
    return paging.page(
        context, "Delegates", delegates, lambda entity: {"Id": entity.id, "Type": entity.kind}
    )


def _changes(parameters: Document) -> Document:
    changes = {
        name: parameters[name]
        for name in ("Type", "Description", "HiddenFromGlobalAddressList")
        if parameters.get(name) is not None
    }
    if (booking := parameters.get("BookingOptions")) is not None:
        changes["BookingOptions"] = {flag: bool(booking.get(flag)) for flag in FLAGS}
    return changes


def _require_answer(organization: Organization, resource: Entity) -> None:
    """Refuse a resource that neither accepts by itself nor has a delegate.

    Source:
        facts.md §1.5.
    """
    accepts: bool = resource.attributes["BookingOptions"]["AutoAcceptRequests"]
    if not accepts and not organization.delegates.get(resource.id):
        raise ServiceFault(
            "InvalidConfigurationException",
            "A resource must either auto-respond to requests or have at least one delegate.",
        )


def _resource(context: Context, organization: Organization) -> Entity:
    identifier: str = context.parameters["ResourceId"]
    return entities.find(context, organization, identifier, entities.RESOURCES)


def _pair(context: Context, organization: Organization) -> tuple[Entity, Entity]:
    resource = _resource(context, organization)
    identifier: str = context.parameters["EntityId"]
    delegate = entities.find(context, organization, identifier, entities.MEMBERS)
    entities.require(context, organization, resource, "ENABLED")
    entities.require(context, organization, delegate, "ENABLED")
    return resource, delegate
