"""Small values that every entity uses: ids, addresses, references."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import NewType

OrganizationId = NewType("OrganizationId", str)
"""`m-` and 32 hexadecimal digits; WorkMail assigns it."""

EntityId = NewType("EntityId", str)
"""A user's, group's or resource's id: a UUID or a SID, `r-…` for resources.

The mailbox hangs on it: a new id is a new, empty mailbox.
"""

TEST_DOMAIN_SUFFIX = ".awsapps.com"
"""`<alias>.awsapps.com` exists in every organization (WorkMail Admin Guide, "what_is")."""


class Kind(StrEnum):
    """The three kinds of entity that have an address."""

    USER = "user"
    GROUP = "group"
    RESOURCE = "resource"


class Listing(StrEnum):
    """What an entity has a list of, which people add to by hand as well."""

    ALIASES = "aliases"
    MEMBERS = "members"
    DELEGATES = "delegates"
    RIGHTS = "rights"


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """An entity by kind and spec key, written `alice`, `group:sales` or `resource:boardroom`."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return self.name if self.kind is Kind.USER else f"{self.kind}:{self.name}"

    @property
    def folded(self) -> Reference:
        """The same reference for comparing: WorkMail names compare without case."""
        return Reference(self.kind, fold(self.name))


def parse_reference(text: str) -> Reference:
    """Read `alice`, `group:NAME` or `resource:NAME`."""
    for kind in (Kind.GROUP, Kind.RESOURCE):
        prefix = f"{kind}:"
        if text.startswith(prefix):
            return Reference(kind, text.removeprefix(prefix))
    return Reference(Kind.USER, text)


def fold(text: str) -> str:
    """Return what a name or an address compares by: case does not matter in either."""
    return text.casefold()


@cache
def make_api_name(field: str) -> str:
    """Turn `display_name` into `DisplayName`, as WorkMail and CloudFormation write fields."""
    return "".join(part.capitalize() for part in field.split("_"))


def get_domain(address: str) -> str:
    """Return the folded domain of an address."""
    return fold(address.rpartition("@")[2])


def get_test_domain(alias: str) -> str:
    """Return the domain that WorkMail gives an organization, `<alias>.awsapps.com`."""
    return f"{alias}{TEST_DOMAIN_SUFFIX}"
