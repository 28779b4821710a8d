"""What stands in an account without WorkMail being asked: directories, mail, tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, get_args

from workmail_emulator import access_tokens, api, directories, people
from workmail_emulator.errors import ServiceFault, invalid_parameter
from workmail_emulator.state import Directory, DirectoryKind
from workmail_emulator.world import Context, World

_KEYS = {
    "account",
    "region",
    "id",
    "kind",
    "name",
    "alias",
    "users",
    "groups",
    "authorized",
    "unreachable",
}
_ID = re.compile(r"d-[0-9a-f]{10}")


def add_directory(context: Context, document: Mapping[str, Any]) -> str:
    """Make a directory that is Active at once, or add users and groups to one that is there.

    Args:
        context: In the region of the directory.
        document: `region`, `kind`, `name` and, optional, `account`, `id`, `alias`, `users` (each a
            mapping with `Name` and fields of CreateUser and UpdateUser), `groups` (each with
            `Name` and `Members`, names), `authorized` (other applications), `unreachable`.

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
    people.add_people(context, directory, document)
    return directory.id


def add_network(context: Context, document: Mapping[str, Any]) -> None:
    """Put a directory outside of AWS: an AD Connector to its name will find its users and groups.

    Args:
        context: Of any region.
        document: `name` and, optional, `users` and `groups` as of `add_directory`; sent again,
            it adds users and groups for connectors to come.

    Raises:
        ServiceFault: A name is there twice.
        ValueError: A key is missing or unknown, or a value means nothing.
    """
    _check_keys(document, known={"name", "users", "groups"}, needed={"name"})
    name: str = document["name"]
    present = context.world.networks.get(name.lower(), {})
    merged = {
        sort: [*present.get(sort, ()), *document.get(sort, ())] for sort in ("users", "groups")
    }
    trial = directories.new_directory(context, "ADConnector", name)
    people.add_people(context, trial, merged)
    context.world.networks[name.lower()] = merged


def _check_keys(document: Mapping[str, Any], *, known: set[str], needed: set[str]) -> None:
    if unknown := sorted(set(document) - known):
        raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    if missing := sorted(needed - set(document)):
        raise ValueError(f"missing: {', '.join(missing)}")
    for item in (*document.get("users", ()), *document.get("groups", ())):
        if "Name" not in item:
            raise ValueError("a user or group without Name")


def _check(document: Mapping[str, Any]) -> None:
    _check_keys(document, known=_KEYS, needed={"region", "kind", "name"})
    kinds = get_args(DirectoryKind)
    if document["kind"] not in kinds:
        raise ValueError(f"no kind {document['kind']}; known: {', '.join(kinds)}")
    if "id" in document and not _ID.fullmatch(document["id"]):
        raise ValueError(f"an id is d- and ten hexadecimal digits: {document['id']}")


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


def add_access_token(context: Context, organization_id: str, user_id: str, name: str) -> str:
    """Make a personal access token.

    Raises:
        KeyError: There is no such organization or user.
    """
    organization = context.region.organizations[organization_id]
    user = organization.entities[user_id]
    return access_tokens.add(context, organization, user.id, name)


def resize_mailbox(worlds: Iterable[World], token: str, size: float) -> None:
    """Say how much mail is in a mailbox.

    Raises:
        KeyError: There is no such mailbox.
    """
    regions = [region for world in worlds for region in world.regions.values()]
    for organization in [item for region in regions for item in region.organizations.values()]:
        for owner, mailbox in organization.mailboxes.items():
            if mailbox.token == token:
                organization.mailboxes[owner] = replace(mailbox, size=size)
                return
    raise KeyError(token)
