"""What stands in an account without WorkMail being asked: directories, mail, tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from workmail_emulator import access_tokens, api, directories
from workmail_emulator.errors import ServiceFault, invalid_parameter
from workmail_emulator.state import Directory, DirectoryKind
from workmail_emulator.users import PROFILE
from workmail_emulator.world import Context, World

_KEYS = {"region", "id", "kind", "name", "alias", "users", "groups", "authorized", "unreachable"}
_ID = re.compile(r"d-[0-9a-f]{10}")


def add_directory(context: Context, document: Mapping[str, Any]) -> str:
    """Make a directory that is Active at once, or add users and groups to one that is there.

    Args:
        context: In the region of the directory.
        document: `region`, `kind`, `name` and, optional, `id`, `alias`, `users` (each a mapping
            with `Name` and fields of CreateUser and UpdateUser), `groups` (each with `Name` and
            `Members`, names), `authorized` (other applications), `unreachable`.

    Returns:
        The directory's id.

    Raises:
        ServiceFault: A name, the alias or the id is taken.
        ValueError: A key is missing or unknown, or a value means nothing.
    """
    _check(document)
    directory = context.region.directories.get(document.get("id", ""))
    if directory is None:
        directory = _new(context, document)
    elif directory.kind != document["kind"] or directory.deleted_at is not None:
        raise invalid_parameter(f"Directory {directory.id} is another one.")
    directory.authorized |= set(document.get("authorized", ()))
    directory.unreachable = document.get("unreachable", directory.unreachable)
    for user in document.get("users", ()):
        shown = {name: user[name] for name in PROFILE if name in user}
        directories.add_principal(context, directory, "USER", user["Name"], shown)
    for group in document.get("groups", ()):
        members = tuple(_principal_id(directory, name) for name in group.get("Members", ()))
        directories.add_principal(context, directory, "GROUP", group["Name"], {}, members)
    return directory.id


def _check(document: Mapping[str, Any]) -> None:
    if unknown := sorted(set(document) - _KEYS):
        raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(_KEYS))}")
    if missing := sorted({"region", "kind", "name"} - set(document)):
        raise ValueError(f"missing: {', '.join(missing)}")
    kinds = get_args(DirectoryKind)
    if document["kind"] not in kinds:
        raise ValueError(f"no kind {document['kind']}; known: {', '.join(kinds)}")
    if "id" in document and not _ID.fullmatch(document["id"]):
        raise ValueError(f"an id is d- and ten hexadecimal digits: {document['id']}")
    for item in (*document.get("users", ()), *document.get("groups", ())):
        if "Name" not in item:
            raise ValueError("a user or group without Name")


def _new(context: Context, document: Mapping[str, Any]) -> Directory:
    alias: str | None = document.get("alias")
    if alias and alias.lower() in context.world.aliases:
        raise ServiceFault("EntityAlreadyExistsException", f"The alias {alias} is in use.")
    directory = directories.new_directory(
        context,
        document["kind"],
        document["name"],
        described=api.without_nones(Size="Small" if document["kind"] != "MicrosoftAD" else None),
        directory_id=document.get("id"),
    )
    directory.created_at = context.now - directories.CREATION[directory.kind]
    directory.alias = alias
    if alias:
        context.world.aliases[alias.lower()] = directory.id
    context.region.directories[directory.id] = directory
    return directory


def _principal_id(directory: Directory, name: str) -> str:
    for principal in directory.principals.values():
        if principal.name.lower() == name.lower():
            return principal.id
    raise ValueError(f"a group has the member {name}, which the directory does not know")


def add_access_token(context: Context, organization_id: str, user_id: str, name: str) -> str:
    """Make a personal access token.

    Raises:
        KeyError: There is no such organization or user.
    """
    organization = context.region.organizations[organization_id]
    user = organization.entities[user_id]
    return access_tokens.add(context, organization, user.id, name)


def resize_mailbox(world: World, token: str, size: float) -> None:
    """Say how much mail is in a mailbox.

    Raises:
        KeyError: There is no such mailbox.
    """
    for region in world.regions.values():
        for organization in region.organizations.values():
            for owner, mailbox in organization.mailboxes.items():
                if mailbox.token == token:
                    organization.mailboxes[owner] = replace(mailbox, size=size)
                    return
    raise KeyError(token)
