"""Directories: who is in them, how far they are, and what WorkMail has seen of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from workmail_emulator import entities
from workmail_emulator.api import Document
from workmail_emulator.clock import HOUR, MINUTE
from workmail_emulator.errors import ServiceFault, invalid_parameter
from workmail_emulator.state import (
    Directory,
    DirectoryKind,
    Entity,
    Kind,
    Organization,
    Principal,
)
from workmail_emulator.world import Context

SYNCHRONIZATION = 4 * HOUR
"""How often WorkMail looks at what changed in a directory; Admin Guide, facts.md §5."""

CREATION: Mapping[DirectoryKind, float] = {
    "VpcDirectory": 0.0,
    "SimpleAD": 10 * MINUTE,
    "MicrosoftAD": 25 * MINUTE,
    "ADConnector": 5 * MINUTE,
}
"""Assumption DIRECTORY_TIMES; 10 and 20 to 40 minutes were reported, facts.md §2."""

DELETION = 5 * MINUTE
"""Assumption DIRECTORY_TIMES."""

REQUESTED = 5.0
"""How long a directory shows the stage Requested; Assumption DIRECTORY_TIMES."""

SYSTEM_USERS = ("Administrator", "Guest", "krbtgt")
"""Who is in every directory; Assumption RESERVED, names vary (facts.md §10.14)."""


def new_principal_id(context: Context, directory: Directory) -> str:
    """Make an id for a user or group: a UUID, or a SID outside WorkMail's own directory."""
    ids = context.world.ids
    return ids.uuid() if directory.kind == "VpcDirectory" else ids.sid(directory.id)


def new_directory(
    context: Context,
    kind: DirectoryKind,
    name: str,
    *,
    described: Document | None = None,
    directory_id: str | None = None,
) -> Directory:
    """Make a directory with the users and groups that every directory brings."""
    directory = Directory(
        id=directory_id or context.world.ids.directory(),
        kind=kind,
        name=name,
        created_at=context.now,
        described=described or {},
    )
    for user in SYSTEM_USERS:
        add_principal(context, directory, "USER", user, {"UserRole": "SYSTEM_USER"})
    for group in entities.BUILT_IN_GROUPS:
        add_principal(context, directory, "GROUP", group, {})
    return directory


def workmail_directory(context: Context, alias: str) -> Directory:
    """Make the hidden directory of an organization that was given none. Source: facts.md §5."""
    return new_directory(context, "VpcDirectory", f"{alias}.awsapps.com")


def add_principal(
    context: Context,
    directory: Directory,
    kind: Kind,
    name: str,
    attributes: Document,
    members: tuple[str, ...] = (),
) -> Principal:
    """Put a user or group into a directory from outside of WorkMail.

    Raises:
        ServiceFault: `InvalidParameterException`: the directory has one of that name. No caller of
            AWS sees it: the control path does (chosen).
    """
    if any(name.lower() == other.name.lower() for other in directory.principals.values()):
        raise invalid_parameter(f"Directory {directory.id} has a {name} already.")
    shown: Document = {"HiddenFromGlobalAddressList": False, **attributes}
    if kind == "USER":
        shown = {"UserRole": "USER", "DisplayName": name, **shown}
    principal = Principal(
        id=new_principal_id(context, directory),
        kind=kind,
        name=name,
        attributes=shown,
        members=members,
    )
    directory.principals[principal.id] = principal
    directory.revision += 1
    return principal


def mirror(directory: Directory, entity: Entity) -> None:
    """Write to the directory what WorkMail created or changed, where others see it.

    What WorkMail writes itself it need not read back: the revision stays.
    """
    directory.principals[entity.id] = Principal(
        id=entity.id, kind=entity.kind, name=entity.name, attributes=entity.attributes
    )


def synchronize(context: Context, organization: Organization) -> None:
    """Show the organization what was added to its directory, when it is time to look.

    Source:
        Every four hours, facts.md §5; new entities are DISABLED, §1.3 and §10.5.
    """
    directory = context.region.directories[organization.directory_id]
    if organization.synchronized:
        revision, looked_at = organization.synchronized
        due = context.now >= looked_at + context.delay(SYNCHRONIZATION)
        if revision == directory.revision or not due:
            return
    organization.synchronized = (directory.revision, context.now)
    new = [key for key in directory.principals if key not in organization.entities]
    for principal in directory.principals.values():
        key = entities.name_key(principal.kind, principal.name)
        if organization.names.get(key, principal.id) != principal.id:
            continue
        known = organization.entities.get(
            principal.id, Entity(id=principal.id, kind=principal.kind, name=principal.name)
        )
        organization.names[key] = principal.id
        entities.put(organization, replace(known, attributes=principal.attributes))
    for key in directory.principals if directory.read_only else new:
        members = directory.principals[key].members
        present = [item for item in members if item in organization.entities]
        if present:
            organization.members[key] = dict.fromkeys(present)


def usable(context: Context, directory_id: str) -> Directory:
    """Find a directory on which an organization can be made.

    Raises:
        ServiceFault: `DirectoryUnavailableException`: absent, not Active, out of reach.

    Source:
        botocore, DirectoryUnavailableException.
    """
    directory = context.region.directories.get(directory_id)
    active = directory is not None and stage(context, directory) == "Active"
    if directory is None or not active or directory.unreachable:
        raise ServiceFault(
            "DirectoryUnavailableException", f"Directory {directory_id} is unavailable."
        )
    return directory


def stage(context: Context, directory: Directory) -> str:
    """Return how far a directory is; `Deleted` ones are no longer described."""
    if directory.deleted_at is not None:
        over = context.now >= directory.deleted_at + context.delay(DELETION)
        return "Deleted" if over else "Deleting"
    age = context.now - directory.created_at
    if age >= context.delay(CREATION[directory.kind]):
        return "Active"
    return "Requested" if age < REQUESTED else "Creating"
