"""Passwords: what the directory accepts. None is kept."""

from __future__ import annotations

from workmail_emulator import entities
from workmail_emulator.api import Document
from workmail_emulator.errors import ServiceFault
from workmail_emulator.state import Organization
from workmail_emulator.world import Context

SHORTEST, LONGEST, CLASSES = 8, 63, 3
"""At least 8, fewer than 64, three of five classes; Admin Guide manage-users, facts.md §1.3.

For the other directories: Assumption DIRECTORY_PASSWORDS.
"""


def check(password: str) -> None:
    """Refuse a password that the directory would refuse.

    Args:
        password: Latin-1, as the model's pattern says.

    Raises:
        ServiceFault: `InvalidPasswordException`; the password is not in it.

    Source:
        Assumption DIRECTORY_PASSWORDS.
    """
    classes = {
        "lower" if char.islower() else "upper"
        for char in password
        if char.isascii() and char.isalpha()
    }
    classes |= {"digit" for char in password if char.isascii() and char.isdigit()}
    classes |= {"special" for char in password if char.isascii() and not char.isalnum()}
    classes |= {"latin" for char in password if not char.isascii()}
    if not SHORTEST <= len(password) <= LONGEST or len(classes) < CLASSES:
        raise ServiceFault(
            "InvalidPasswordException",
            f"The password must have {SHORTEST} to {LONGEST} characters of {CLASSES} classes.",
        )


def reset_password(context: Context, organization: Organization) -> Document:
    """Set a user's password; the user is named by its id alone.

    Source:
        facts.md §1.3; Assumption RESET_STATE.
    """
    context.writable_directory(organization)
    identifier: str = context.parameters["UserId"]
    user = entities.find_by_id(context, organization, identifier, entities.USERS)
    entities.require(context, organization, user, "ENABLED", "DISABLED")
    check(context.parameters["Password"])
    return {}
