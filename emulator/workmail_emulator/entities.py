"""Finding entities and changing them: what users, groups and resources have in common."""

from __future__ import annotations

from dataclasses import replace

from workmail_emulator.errors import ServiceFault, entity_not_found, entity_state
from workmail_emulator.state import Entity, Kind, Organization, State
from workmail_emulator.world import Context

Kinds = tuple[Kind, ...]

EVERY_KIND: Kinds = ("USER", "GROUP", "RESOURCE")
MEMBERS: Kinds = ("USER", "GROUP")
USERS: Kinds = ("USER",)
GROUPS: Kinds = ("GROUP",)
RESOURCES: Kinds = ("RESOURCE",)

# Assumption RESERVED: real names vary by directory, facts.md §10.14.
RESERVED = frozenset({"administrator", "guest", "krbtgt"})
BUILT_IN_GROUPS = ("Domain Admins", "Domain Users", "Domain Guests")
"""What is in every directory; Assumption RESERVED, names vary (facts.md §10.14)."""

_RESERVED_GROUPS = frozenset(name.lower() for name in BUILT_IN_GROUPS)


def name_key(kind: Kind, name: str) -> str:
    """Build the key of a name: users and groups share one namespace (Assumption NAMES)."""
    return f"{'resource' if kind == 'RESOURCE' else 'principal'}:{name.lower()}"


def look_up(organization: Organization, identifier: str, *, email: bool = True) -> list[Entity]:
    """List what an identifier can mean: an id, a name, then an address if `email` allows it."""
    entities = organization.entities
    namespaces: Kinds = ("USER", "RESOURCE")
    keys = [organization.names.get(name_key(kind, identifier)) for kind in namespaces]
    found = [entities[key] for key in (identifier, *keys) if key and key in entities]
    if email and "@" in identifier:
        holder = by_address(organization, identifier)
        found += [holder] if holder else []
    return found


def by_address(organization: Organization, address: str) -> Entity | None:
    """Find who has an address: the enabled holder, else a disabled entity that shows it.

    Source:
        Assumption EMAIL_FINDS.
    """
    wanted = address.lower()
    if holder := organization.holders.get(wanted):
        return organization.entities.get(holder)
    shown = (
        entity
        for entity in organization.entities.values()
        if entity.state == "DISABLED"
        and entity.email
        and any(wanted == own.lower() for own in entity.addresses)
    )
    return next(shown, None)


def find(
    context: Context,
    organization: Organization,
    identifier: str,
    kinds: Kinds = EVERY_KIND,
    *,
    email: bool = True,
) -> Entity:
    """Find an entity that is there and, with lag, is also seen to be there.

    Returns:
        The live entity.

    Raises:
        ServiceFault: `EntityNotFoundException`.

    Source:
        facts.md §10.1: soon after Create, other calls answer EntityNotFoundException.
    """
    seen = context.seen(organization)
    for entity in look_up(organization, identifier, email=email):
        if entity.kind in kinds and entity.id in seen.entities:
            return entity
    raise entity_not_found(identifier)


def find_by_id(
    context: Context, organization: Organization, identifier: str, kinds: Kinds
) -> Entity:
    """Find an entity where the operation takes nothing but its id (a WorkMailIdentifier).

    Raises:
        ServiceFault: `EntityNotFoundException`, also for a name or an address.

    Source:
        botocore, the shapes of the parameters; facts.md §10.1 for what is not seen yet.
    """
    entity = organization.entities.get(identifier)
    if entity is None or entity.kind not in kinds:
        raise entity_not_found(identifier)
    if identifier not in context.seen(organization).entities:
        raise entity_not_found(identifier)
    return entity


def require(context: Context, organization: Organization, entity: Entity, *states: State) -> Entity:
    """Give the entity back if it is in one of the states, and is also seen to be.

    Raises:
        ServiceFault: `EntityStateException`.

    Source:
        facts.md §10.2: soon after Deregister, Delete still answers EntityStateException.
    """
    seen = context.seen(organization).entities.get(entity.id, entity)
    for state in (entity.state, seen.state):
        if state not in states:
            raise entity_state(
                f"{entity.kind.capitalize()} {entity.id} is {state}; {context.operation} needs"
                f" {' or '.join(states)}."
            )
    return entity


def add(organization: Organization, entity: Entity) -> None:
    """Enter a new entity.

    Raises:
        ServiceFault: `ReservedNameException` or `NameAvailabilityException`.

    Source:
        Assumptions RESERVED, NAMES.
    """
    if entity.name.lower() in RESERVED | _RESERVED_GROUPS:
        raise ServiceFault("ReservedNameException", f"The name {entity.name} is reserved.")
    claim_name(organization, entity)
    organization.entities[entity.id] = entity


def claim_name(organization: Organization, entity: Entity) -> None:
    """Give a name to an entity.

    Raises:
        ServiceFault: `NameAvailabilityException`: another entity has it.

    Source:
        Assumption NAMES.
    """
    key = name_key(entity.kind, entity.name)
    if organization.names.get(key, entity.id) != entity.id:
        raise ServiceFault(
            "NameAvailabilityException", f"The name {entity.name} is already in use."
        )
    organization.names[key] = entity.id


def put(organization: Organization, entity: Entity) -> None:
    """Replace an entity by its new version; its name is the same."""
    organization.entities[entity.id] = entity


def delete(
    context: Context, organization: Organization, identifier: str, kinds: Kinds
) -> Entity | None:
    """Delete a DISABLED entity, named by id or name but not by address; a tombstone stays.

    Returns:
        The tombstone, or None where there was nothing.

    Raises:
        ServiceFault: `EntityStateException`.

    Source:
        facts.md §2 and §7.2; Assumptions DELETE_ABSENT, TOMBSTONES.
    """
    found = look_up(organization, identifier, email=False)
    entity = next((candidate for candidate in found if candidate.kind in kinds), None)
    if entity is None:
        return None
    require(context, organization, entity, "DISABLED")
    organization.names.pop(name_key(entity.kind, entity.name), None)
    tombstone = replace(entity, state="DELETED", email=None, aliases=())
    put(organization, tombstone)
    _forget(organization, entity.id)
    return tombstone


def _forget(organization: Organization, entity_id: str) -> None:
    """Remove what pointed to a deleted entity (Assumption MEMBERS_STAY)."""
    organization.members.pop(entity_id, None)
    for group_id, members in list(organization.members.items()):
        if entity_id in members:
            organization.members[group_id] = {key: None for key in members if key != entity_id}
    organization.delegates.pop(entity_id, None)
    for resource_id, delegates in list(organization.delegates.items()):
        if entity_id in delegates:
            rest = tuple(key for key in delegates if key != entity_id)
            organization.delegates[resource_id] = rest
    organization.permissions.pop(entity_id, None)
    for owner, grants in list(organization.permissions.items()):
        if entity_id in grants:
            rest_of = {key: value for key, value in grants.items() if key != entity_id}
            organization.permissions[owner] = rest_of
    if entity_id in organization.mailboxes:
        gone = replace(organization.mailboxes[entity_id], deleted=True)
        organization.mailboxes[entity_id] = gone
