"""User: a person (or a service) with a mailbox, or a remote entry of the address book."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workmail_org.model.values import Kind, Listing, Reference


class Role(StrEnum):
    """What a user is. A remote user stands in the address book and has no mailbox."""

    USER = "user"
    REMOTE_USER = "remote_user"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A WorkMail user, desired or actual.

    Attributes:
        name: WorkMail user name and spec key; immutable.
        display_name: `None` where the directory owns it.
        email: Primary address. Empty for an actual user that never had one.
        aliases: Further addresses; sorted, without the primary.
        quota_megabytes: 1 to 51200; `None`: not managed.
        enabled: `False`: registered but switched off, mailbox kept 30 days.
        adopt: Take over a user of that name that exists already.
        exclusive: Lists that have no entries but declared ones; sorted. Others keep what
            people add by hand.
    """

    name: str
    display_name: str | None = None
    email: str = ""
    aliases: tuple[str, ...] = ()
    first_name: str | None = None
    last_name: str | None = None
    initials: str | None = None
    job_title: str | None = None
    department: str | None = None
    company: str | None = None
    office: str | None = None
    telephone: str | None = None
    street: str | None = None
    city: str | None = None
    zip_code: str | None = None
    country: str | None = None
    role: Role = Role.USER
    hidden_from_global_address_list: bool = False
    quota_megabytes: int | None = None
    identity_provider_user_id: str | None = None
    enabled: bool = True
    adopt: bool = False
    exclusive: tuple[Listing, ...] = ()

    @property
    def reference(self) -> Reference:
        """How the rest of the spec names this user."""
        return Reference(Kind.USER, self.name)


PROFILE_FIELDS = (
    "display_name",
    "first_name",
    "last_name",
    "initials",
    "job_title",
    "department",
    "company",
    "office",
    "telephone",
    "street",
    "city",
    "zip_code",
    "country",
)
"""The address-book fields of a user (WorkMail API 2017-10-01, UpdateUser)."""
