"""Calling: how the handlers of a stack reach AWS, and what they ask of it.

A request goes from botocore's serializer straight to the emulator and its answer
straight to botocore's parser: a harness of thousands of deployments spends most
of its time on signatures otherwise. What lies between, tests/unit/emulator and
tests/rehearsal go through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from threading import local
from typing import Any, cast

from botocore import parsers
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from workmail_emulator import Emulator
from workmail_emulator.errors import ResponseLost
from workmail_org.wire.properties import ResourceType

ORGANIZATION_TYPES = {
    ResourceType.DIRECTORY,
    ResourceType.ORGANIZATION,
    ResourceType.DOMAIN,
    ResourceType.DOMAIN_VERIFICATION,
    ResourceType.DEFAULT_DOMAIN,
    ResourceType.IDENTITY_CENTER,
}
"""What the organization's handlers answer for; the mailboxes' answer for the rest."""


class Function(StrEnum):
    """A pair of handler functions that share a role, as its provider's construct id."""

    ORGANIZATION = "Organization"
    MAILBOXES = "Mailboxes"


def find_function(resource_type: str) -> Function:
    """Return which function answers for a type of custom resource."""
    return Function.ORGANIZATION if resource_type in ORGANIZATION_TYPES else Function.MAILBOXES


@dataclass(frozen=True)
class Caller:
    """A client that tells which action it is about to ask for.

    Attributes:
        service: As IAM names it.
        note: Told `service:Action` before each call.
    """

    client: Any
    service: str
    note: Callable[[str], None]

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        if not callable(method):
            return method
        # Fakes have no table of what botocore calls an operation.
        meta = getattr(self.client, "meta", None)
        operation = meta.method_to_api_mapping[name] if meta else name.title().replace("_", "")
        action = f"{self.service}:{operation}"

        def call(**parameters: Any) -> Any:
            self.note(action)
            return method(**parameters)

        return call


@dataclass(frozen=True)
class _Status:
    """What botocore reads of an HTTP answer."""

    status_code: int


@dataclass(frozen=True)
class _Connection:
    """A botocore client whose calls reach one emulator."""

    client: Any
    emulator: Emulator

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.client, name)
        if name not in self.client.meta.method_to_api_mapping:
            return found

        def call(**parameters: Any) -> Any:
            before = getattr(_REACHED, "emulator", None)  # a call can be made within another
            _REACHED.emulator = self.emulator
            try:
                return found(**parameters)
            finally:
                _REACHED.emulator = before

        return call


_REACHED = local()
"""The emulator that a thread's call is meant for."""


def connect(emulator: Emulator, service: str, region: str) -> Any:
    """Give a botocore client of an emulator."""
    return _Connection(_make_client(service, region), emulator)


@cache
def _make_client(service: str, region: str) -> Any:
    """Make a botocore client, one for all emulators: it takes longer than a deployment."""
    config = Config(user_agent="tests", retries={"total_max_attempts": 1})
    client = Emulator().client(service, region=region, config=config)
    model = client.meta.service_model
    # botocore's functions are not annotated.
    parser: Any = cast("Any", parsers).create_parser(model.resolved_protocol)
    scope = f"AWS4-HMAC-SHA256 Credential=a/20261122/{region}/{service}/aws4_request"

    def answer(model: Any, params: Any, **_: Any) -> tuple[_Status, Any]:
        headers = {**params["headers"], "Authorization": scope}
        try:
            found = _REACHED.emulator.answer(headers, params["body"])
        except ResponseLost as lost:
            raise ConnectionClosedError(endpoint_url=params["url"]) from lost
        reply = {"headers": found.headers, "status_code": found.status, "body": found.body}
        return _Status(found.status), parser.parse(reply, model.output_shape)

    client._ruleset_resolver = None  # the rules of endpoints lead nowhere here, and take long
    client.meta.events.register(f"before-call.{model.service_id.hyphenize()}", answer)
    return client
