"""Registration, primary addresses and aliases: which mailboxes get the mail of an address."""

from __future__ import annotations

from dataclasses import replace

from workmail_emulator import domains, entities, mailboxes, paging
from workmail_emulator.api import Document
from workmail_emulator.errors import (
    ServiceFault,
    entity_not_found,
    entity_state,
    invalid_parameter,
    limit_exceeded,
    unsupported,
)
from workmail_emulator.state import Entity, Organization
from workmail_emulator.world import Context

MOST_ALIASES = 100
"""Aliases of one entity; Admin Guide workmail_limits, groups by observation, facts.md §3."""


def register_to_workmail(context: Context, organization: Organization) -> Document:
    """Enable a user, group or resource under an address, with its old mailbox or a new one.

    Source:
        facts.md §1.6 and §7.1; Assumptions REGISTERED_AGAIN, DISABLED_ADDRESS, SYSTEM_REGISTER.
    """
    context.directory(organization)
    address: str = context.parameters["Email"]
    identifier: str = context.parameters["EntityId"]
    entity = entities.find(context, organization, identifier, email=False)
    entities.require(context, organization, entity, "ENABLED", "DISABLED")
    if entity.state == "ENABLED":
        return _registered_again(entity, address)
    if entity.role == "SYSTEM_USER":
        raise entity_state(f"User {entity.name} belongs to the directory.")
    if organization.interoperability and entity.kind == "RESOURCE":
        raise unsupported("Resources are managed in Exchange.")
    _require_free(context, organization, entity, address)
    aliases = tuple(
        alias
        for alias in entity.aliases
        if alias.lower() != address.lower() and alias.lower() not in organization.holders
    )
    enabled = replace(
        entity,
        state="ENABLED",
        email=address,
        aliases=aliases,
        enabled_at=context.now,
        disabled_at=None,
    )
    _hold(organization, enabled)
    mailboxes.provision(context, organization, enabled)
    return {}


def _registered_again(entity: Entity, address: str) -> Document:
    """Answer for who is enabled already. Source: Assumption REGISTERED_AGAIN."""
    if (entity.email or "").lower() != address.lower():
        raise ServiceFault(
            "EntityAlreadyRegisteredException",
            f"{entity.kind.capitalize()} {entity.id} is already registered as {entity.email}.",
        )
    return {}


def deregister_from_workmail(context: Context, organization: Organization) -> Document:
    """Disable an entity; its mailbox is kept for 30 days. Source: facts.md §1.6 and §7.1."""
    entity = entities.find(context, organization, context.parameters["EntityId"])
    entities.require(context, organization, entity, "ENABLED")
    _release(organization, entity)
    disabled = replace(entity, state="DISABLED", disabled_at=context.now)
    entities.put(organization, disabled)
    mailboxes.deprovision(context, organization, disabled)
    return {}


def update_primary_email_address(context: Context, organization: Organization) -> Document:
    """Promote an address; the old primary becomes an alias. Source: botocore, the operation."""
    context.directory(organization)
    if organization.interoperability:
        raise unsupported("Addresses are managed in Exchange.")
    address: str = context.parameters["Email"]
    entity = entities.find(context, organization, context.parameters["EntityId"])
    entities.require(context, organization, entity, "ENABLED")
    _require_free(context, organization, entity, address)
    aliases = tuple(
        own for own in (*entity.aliases, entity.email or "") if own.lower() != address.lower()
    )
    _hold(organization, replace(entity, email=address, aliases=aliases))
    return {}


def create_alias(context: Context, organization: Organization) -> Document:
    """Add an address to an enabled entity. Source: facts.md §1.6, Assumption ALIAS_AGAIN."""
    alias: str = context.parameters["Alias"]
    entity = _aliased(context, organization)
    if organization.holders.get(alias.lower()) == entity.id:
        return {}
    _require_free(context, organization, entity, alias)
    if len(entity.aliases) >= MOST_ALIASES:
        raise limit_exceeded("Maximum alias limit exceeded")
    _hold(organization, replace(entity, aliases=(*entity.aliases, alias)))
    return {}


def delete_alias(context: Context, organization: Organization) -> Document:
    """Take an alias from an enabled entity. Source: facts.md §1.6, Assumption ALIAS_AGAIN."""
    alias: str = context.parameters["Alias"].lower()
    entity = _aliased(context, organization)
    if (entity.email or "").lower() == alias:
        raise invalid_parameter(f"{entity.email} is the primary address of {entity.id}.")
    _release(organization, entity)
    rest = tuple(own for own in entity.aliases if own.lower() != alias)
    _hold(organization, replace(entity, aliases=rest))
    return {}


def list_aliases(context: Context, organization: Organization) -> Document:
    """List an entity's addresses, the primary one among them. Source: facts.md §10.5."""
    identifier: str = context.parameters["EntityId"]
    entity = entities.find_by_id(context, organization, identifier, entities.EVERY_KIND)
    entities.require(context, organization, entity, "ENABLED")
    return paging.page(context, "Aliases", entity.addresses, str)


def describe_entity(context: Context, organization: Organization) -> Document:
    """Tell whose address it is. Source: facts.md §1.6, Assumption EMAIL_FINDS."""
    address: str = context.parameters["Email"]
    entity = entities.by_address(organization, address)
    if entity is None:
        raise entity_not_found(address)
    return {"EntityId": entity.id, "Name": entity.name, "Type": entity.kind}


def _aliased(context: Context, organization: Organization) -> Entity:
    """Find the enabled entity whose aliases are to change.

    Source:
        Assumptions DISABLED_ALIASES, RESOURCE_ALIAS, INTEROPERABILITY.
    """
    if organization.interoperability:
        raise invalid_parameter("Aliases are managed in Exchange.")
    identifier: str = context.parameters["EntityId"]
    entity = entities.find_by_id(context, organization, identifier, entities.EVERY_KIND)
    return entities.require(context, organization, entity, "ENABLED")


def _require_free(
    context: Context, organization: Organization, entity: Entity, address: str
) -> None:
    """Check that an entity may have an address: domain known and verified, nobody else has it.

    Source:
        facts.md §0.6; Assumption REMOTE_ADDRESS.
    """
    if entity.role != "REMOTE_USER":
        domains.require_verified(context, organization, address.rpartition("@")[2])
    holder = organization.holders.get(address.lower(), entity.id)
    if holder != entity.id:
        raise ServiceFault(
            "EmailAddressInUseException", f"The email address {address} is in use by {holder}."
        )


def _hold(organization: Organization, entity: Entity) -> None:
    """Enter an enabled entity and every address that it has."""
    organization.entities[entity.id] = entity
    organization.holders.update({address.lower(): entity.id for address in entity.addresses})


def _release(organization: Organization, entity: Entity) -> None:
    for address in entity.addresses:
        organization.holders.pop(address.lower(), None)
