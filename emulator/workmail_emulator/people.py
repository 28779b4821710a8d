"""Users and groups that a directory has before WorkMail looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workmail_emulator import directories
from workmail_emulator.state import Directory
from workmail_emulator.users import PROFILE
from workmail_emulator.world import Context


def add_people(context: Context, directory: Directory, document: Mapping[str, Any]) -> None:
    """Put `users` and `groups` of a document of the control path into a directory.

    Raises:
        ServiceFault: A name is taken.
        ValueError: A group has a member that the directory does not know.
    """
    for user in document.get("users", ()):
        shown = {name: user[name] for name in PROFILE if name in user}
        directories.add_principal(context, directory, "USER", user["Name"], shown)
    for group in document.get("groups", ()):
        members = tuple(_principal_id(directory, name) for name in group.get("Members", ()))
        directories.add_principal(context, directory, "GROUP", group["Name"], {}, members)


def _principal_id(directory: Directory, name: str) -> str:
    for principal in directory.principals.values():
        if principal.name.lower() == name.lower():
            return principal.id
    raise ValueError(f"a group has the member {name}, which the directory does not know")
