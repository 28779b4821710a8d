"""Expectations: what the policies of an organization have to do, in the words of its author.

They change nothing. They are checked against the rules before a deployment, and against the
service's own answers after it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeAlias

from workmail_org.model.policies import Effect

NOT_TOLD = "$NONE"
"""What a spec writes for a property that a device does not tell (WorkMail Admin Guide,
"manage-mobile-access")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Somebody opens a mailbox by a protocol: what access-control rules decide.

    Attributes:
        action: A word of `AccessControlRule.actions`.
        address: IPv4; where the client is.
        user: User name; exactly one of `user` and `role` is given.
        role: Name of an impersonation role, with ews only.
    """

    action: str
    address: str
    user: str | None = None
    role: str | None = None

    def __str__(self) -> str:
        who = f'"{self.user}"' if self.role is None else f'role "{self.role}"'
        return f"{self.action} for {who} from {self.address}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A mobile device synchronizes: what mobile device rules decide. `None`: it does not tell."""

    device_type: str | None = None
    device_model: str | None = None
    operating_system: str | None = None
    user_agent: str | None = None

    def __str__(self) -> str:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        told = [f'{name} "{value}"' for name, value in values.items() if value is not None]
        return f"mobile with {', '.join(told)}" if told else "mobile without any attribute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Impersonation:
    """A role acts for a user: what the rules of the role decide.

    Over EWS: whether the role may use that is another question, an `Access`.
    """

    role: str
    user: str

    def __str__(self) -> str:
        return f'impersonate "{self.user}" by role "{self.role}"'


Attempt: TypeAlias = Access | Device | Impersonation


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What shall become of an attempt.

    Attributes:
        description: Why; for people.
    """

    effect: Effect
    attempt: Attempt
    description: str | None = None
