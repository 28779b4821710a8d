"""Bookable: what WorkMail calls a resource, a room or a piece of equipment.

Everywhere else a WorkMail noun keeps its name. "Resource" alone already means a
CloudFormation resource (and a module of the standard library).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workmail_org.model.values import Kind, Listing, Reference


class BookableType(StrEnum):
    """What can be booked."""

    ROOM = "room"
    EQUIPMENT = "equipment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """How a resource answers meeting requests.

    Source of the defaults: AWS CLI examples, `describe-resource`.
    """

    auto_accept: bool = True
    decline_recurring: bool = False
    decline_conflicts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookable:
    """A WorkMail resource, desired or actual.

    Attributes:
        name: WorkMail resource name and spec key; at most 20 characters.
        description: At most 64 characters; `None`: none.
        delegates: Users and groups that answer requests; a set, kept sorted.
        adopt: Take over a resource of that name that exists already.
        exclusive: Lists that have no entries but declared ones; sorted. Others keep what
            people add by hand.
    """

    name: str
    type: BookableType
    description: str | None = None
    email: str = ""
    aliases: tuple[str, ...] = ()
    hidden_from_global_address_list: bool = False
    booking: Booking = Booking()
    delegates: tuple[Reference, ...] = ()
    enabled: bool = True
    adopt: bool = False
    exclusive: tuple[Listing, ...] = ()

    @property
    def reference(self) -> Reference:
        """How the rest of the spec names this resource."""
        return Reference(Kind.RESOURCE, self.name)
