"""Gates: boto3 clients that ask whether they may, before each call that writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from workmail_org.service.clients import Clients

_READS = ("describe_", "list_", "get_", "query", "can_paginate")
"""What the names of methods begin with that write nothing."""

_ADDS = (
    "associate_",
    "batch_write_item",
    "connect_",
    "create_",
    "enable_",
    "put_secret_value",
    "register_",
    "tag_",
)
"""What the names of methods begin with that take nothing away from anybody. Every other write can:
it deletes, switches off, or replaces a value, a rule or an address."""


class Ask(Protocol):
    """Asked before each write; raises where it must not be made."""

    def __call__(self, *, takes_away: bool) -> None:
        """Let a write pass, or raise.

        Args:
            takes_away: Whether it can take something away.
        """
        ...


def gate(clients: Clients, ask: Ask) -> Clients:
    """Build clients that ask before each write: of WorkMail, directories, secrets, the ledger."""

    def guard(client: Any) -> Any:
        return _Gated(client, ask)

    return replace(
        clients,
        workmail=guard(clients.workmail),
        directory_service=guard(clients.directory_service),
        secrets=guard(clients.secrets),
        dynamodb=guard(clients.dynamodb),
    )


@dataclass(frozen=True, slots=True)
class _Gated:
    client: Any
    ask: Ask

    def __getattr__(self, name: str) -> Any:
        member = getattr(self.client, name)
        if not callable(member) or name.startswith(_READS):
            return member
        method = cast("Callable[..., Any]", member)

        def call(**parameters: Any) -> Any:
            self.ask(takes_away=not name.startswith(_ADDS))
            return method(**parameters)

        return call
