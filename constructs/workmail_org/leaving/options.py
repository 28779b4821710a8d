"""MoveOptions: what only people know, and a destination's files need."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from workmail_org.leaving.passwords import PasswordBook


class UserFormat(StrEnum):
    """How Microsoft 365 takes users. `entra` takes a password and a country, the other neither."""

    ENTRA = "entra"
    ADMIN_CENTER = "admin-center"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveOptions:
    """What somebody chose.

    Attributes:
        usage_location: ISO 3166 code of the country for licences; `None`: of each
            user whose country is such a code.
        imap_host: Of the destination, for imapsync.
    """

    passwords: PasswordBook = field(default_factory=PasswordBook)
    user_format: UserFormat = UserFormat.ENTRA
    usage_location: str | None = None
    imap_host: str | None = None
