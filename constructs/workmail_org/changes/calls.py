"""Call: one write to WorkMail, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType

from workmail_org.model.values import Reference


class Phase(IntEnum):
    """The order of calls within one plan (design.md §4, rule 4).

    Addresses are released before they are taken, creations and updates come
    before removals, deletions come last; both of these at the end of the whole
    stack.
    """

    RELEASE = 1
    CREATE = 2
    READDRESS = 3
    REGISTER = 4
    ALIAS = 5
    UPDATE = 6
    LEAVE = 7
    JOIN = 8
    SETTLE = 9
    DETACH = 10
    DISABLE = 11
    DELETE = 12

    @property
    def makes_room(self) -> bool:
        """Whether calls of later phases can fail only because one of this phase did."""
        return self in (Phase.RELEASE, Phase.READDRESS, Phase.LEAVE)

    @property
    def takes_away(self) -> bool:
        """Whether somebody is switched off or deleted: what going back does not give back."""
        return self in (Phase.DISABLE, Phase.DELETE)


@dataclass(frozen=True, slots=True, order=True)
class Setting:
    """A rule or a setting of an organization, by what it is and its name."""

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}" if self.name else self.kind

    @property
    def folded(self) -> Setting:
        """The same: names of rules and settings compare exactly."""
        return self


Subject = Reference | Setting
"""What a call is about."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Stands in a call for an id, which may exist only when the call is made."""

    reference: Subject


@dataclass(frozen=True, slots=True)
class GeneratedPassword:
    """Stands in a call for a password, which exists only inside the handler."""

    user: str


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """Stands in a call for the value of a Secrets Manager secret, by its name or ARN."""

    secret: str


@dataclass(frozen=True, slots=True)
class DirectoryPassword:
    """Stands in a call for the password in a secret, which the stack may have made.

    Equal to every other: nobody who plans knows the name of a secret that is not made yet.
    """

    secret: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Generated:
    """Stands in a call for what CloudFormation generates, such as the ARN of a log group.

    Equal to every other: nobody who plans knows it.
    """

    value: str = field(compare=False)


Scalar = (
    str | int | bool | Identity | GeneratedPassword | StoredSecret | DirectoryPassword | Generated
)
Argument = Scalar | tuple["Argument", ...] | Mapping[str, "Argument"]
"""What a parameter of a call can be."""


@dataclass(frozen=True, slots=True)
class Call:
    """One write to WorkMail.

    Attributes:
        operation: API operation, such as `CreateUser`.
        subject: The entity, rule or setting that it is about.
        arguments: Parameters, without `OrganizationId`.
    """

    phase: Phase
    operation: str
    subject: Subject
    arguments: Mapping[str, Argument] = field(hash=False)

    def __str__(self) -> str:
        return f"{self.subject}: {self.operation}"


def make_call(phase: Phase, operation: str, subject: Subject, **arguments: Argument) -> Call:
    """Build a call; keywords are the API's own parameter names."""
    return Call(phase, operation, subject, MappingProxyType(arguments))


def order(calls: Sequence[Call]) -> tuple[Call, ...]:
    """Sort calls by phase; within one phase they keep their order."""
    return tuple(sorted(calls, key=lambda call: call.phase))
