"""From the bytes of a request to the effect of its operation, and to the bytes of the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import cast

from workmail_emulator import api, directories, domains, operations, organizations, validation
from workmail_emulator.api import Document
from workmail_emulator.clock import HOUR
from workmail_emulator.errors import ServiceFault, invalid_parameter
from workmail_emulator.state import Identity, Organization
from workmail_emulator.world import Context, World

TOKEN_LIFETIME = 24 * HOUR
"""Assumption REPEATED_CALL; facts.md §1.0: undocumented."""

CONTENT_TYPE = "application/x-amz-json-1.1"

_SCOPE = re.compile(
    r"Credential=(?P<key>[^/,\s]+)/\d{8}/(?P<region>[^/,\s]+)/[^/,\s]+/aws4_request"
)

_ACCOUNT = re.compile(r"[0-9]{12}")
"""An access key id that is an account; chosen, other local AWS's tell accounts apart by it too."""


@dataclass(frozen=True)
class Request:
    """A request as it was read.

    Attributes:
        service: `workmail` or `ds`.
        operation: What was asked for, also when AWS has no such operation.
        account: The access key id where it is twelve digits, else None.
        parameters: The parsed body, an object, not validated.
    """

    service: str
    operation: str
    account: str | None
    region: str
    parameters: Document


@dataclass(frozen=True)
class Answer:
    """An HTTP answer.

    Attributes:
        more: Headers besides those that every answer has, or instead of them.
        time: Seconds since the epoch, of the emulator's clock; None: not said.
    """

    status: int
    body: bytes
    request_id: str
    more: Mapping[str, str] = field(default_factory=dict[str, str])
    time: float | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers that AWS sends."""
        date = {} if self.time is None else {"Date": formatdate(self.time, usegmt=True)}
        return {
            **date,
            "Content-Type": CONTENT_TYPE,
            "Content-Length": str(len(self.body)),
            "x-amzn-RequestId": self.request_id,
            **self.more,
        }


def parse(headers: Mapping[str, str], body: bytes) -> Request:
    """Read a request; the names of its headers are in lower case.

    Raises:
        ServiceFault: No such service, no signature, no JSON.

    Source:
        WorkMail API Reference, Common Errors.
    """
    prefix, _, operation = headers.get("x-amz-target", "").partition(".")
    service = api.TARGETS.get(prefix)
    if service is None or not operation:
        raise unknown_operation()
    authorization = headers.get("authorization", "")
    scope = _SCOPE.search(authorization)
    if scope is None:
        code = (
            "IncompleteSignatureException"
            if authorization
            else "MissingAuthenticationTokenException"
        )
        raise ServiceFault(code, "The request has no signature with a credential scope.")
    try:
        parameters = json.loads(body or b"{}")
    except ValueError as error:
        raise ServiceFault("SerializationException", "The body is not JSON.") from error
    if not isinstance(parameters, dict):
        raise ServiceFault("SerializationException", "The body is not a JSON object.")
    account = scope["key"] if _ACCOUNT.fullmatch(scope["key"]) else None
    return Request(service, operation, account, scope["region"], cast("Document", parameters))


def unknown_operation() -> ServiceFault:
    """Build the answer for an operation that AWS does not have; it has no message."""
    return ServiceFault("UnknownOperationException", "")


def carry_out(world: World, request: Request, now: float) -> Document:
    """Do what a request asks for.

    The caller holds the lock: calls take effect one after the other.

    Returns:
        The reply.

    Raises:
        ServiceFault: What AWS would answer instead; then nothing has changed.

    Source:
        facts.md §4.1: three regions; Assumption REGION.
    """
    if api.operation_model(request.service, request.operation) is None:
        raise unknown_operation()
    if request.service == api.WORKMAIL and request.region not in api.REGIONS:
        raise ServiceFault(
            "InvalidSignatureException",
            f"Credential should be scoped to a valid region, not '{request.region}'.",
        )
    validation.check(request.service, request.operation, request.parameters)
    region = world.region(request.region)
    context = Context(world, region, request.operation, request.parameters, now)
    if request.service == api.DIRECTORY_SERVICE:
        return _in_region(operations.DIRECTORY_SERVICE, context)
    return _remembered(context)


def _remembered(context: Context) -> Document:
    """Answer a repeated ClientToken as the first time. Source: Assumption REPEATED_CALL."""
    parameters = dict(context.parameters)
    token: str | None = parameters.pop("ClientToken", None)
    if token is None:
        return _perform(context)
    place = f"{context.region.name}/{parameters.get('OrganizationId', '')}"
    key = (place, context.operation, token)
    if found := context.world.replies.get(key):
        expires, asked, reply = found
        if context.now < expires:
            if asked != parameters:
                raise invalid_parameter("The ClientToken was used with other parameters.")
            return reply
    reply = _perform(context)
    context.world.replies[key] = (context.now + TOKEN_LIFETIME, parameters, reply)
    return reply


def _perform(context: Context) -> Document:
    """Do what an operation of WorkMail does; one that is not emulated is refused (chosen)."""
    if "OrganizationId" not in context.parameters:
        return _in_region(operations.WORKMAIL_IN_REGION, context)
    function = operations.WORKMAIL_IN_ORGANIZATION.get(context.operation)
    if function is None:
        raise _missing(context)
    organization = _organization(context)
    directories.synchronize(context, organization)
    if not api.is_write(context.operation):
        return function(context, context.seen(organization))
    context.world.history.before_write(organization, context.now)
    return function(context, organization)


def _in_region(functions: Mapping[str, operations.InRegion], context: Context) -> Document:
    """Do what needs no organization; an operation that is not emulated is refused (chosen)."""
    function = functions.get(context.operation)
    if function is None:
        raise _missing(context)
    return function(context)


def _missing(context: Context) -> ServiceFault:
    """Build the answer for what AWS has and the emulator has not; never mistaken for AWS's own."""
    return ServiceFault("NotEmulatedException", f"{context.operation} is not emulated.", status=501)


def _organization(context: Context) -> Organization:
    """Find the organization of a call; all but two operations need it to be active.

    Source:
        botocore, the errors of the operations; facts.md §10.3.
    """
    organization_id: str = context.parameters["OrganizationId"]
    organization = context.region.organizations.get(organization_id)
    if organization is None:
        raise ServiceFault(
            "OrganizationNotFoundException", f"Organization {organization_id} is not found."
        )
    if context.operation not in ("DescribeOrganization", "DeleteOrganization"):
        state = organizations.state_of(context, organization)
        if state != "Active":
            raise organizations.wrong_state(organization, state)
    return organization


def unverified(world: World, request: Request) -> list[Identity]:
    """List the domains that a call depends on and that are registered, but not verified yet."""
    if request.service != api.WORKMAIL:
        return []
    identities = world.region(request.region).identities
    named = [identities.get(name) for name in domains.names_in(request.parameters)]
    looks_at_dkim = request.operation == "GetMailDomain"
    return [
        identity
        for identity in named
        if identity
        and (identity.verified_at is None or (looks_at_dkim and identity.dkim_verified_at is None))
    ]


def success(reply: Document, request_id: str) -> Answer:
    """Write the answer of an operation that went well."""
    return Answer(200, json.dumps(reply).encode(), request_id)


def failure(fault: ServiceFault, request_id: str) -> Answer:
    """Write the answer of an operation that did not."""
    body: Document = {"__type": fault.code}
    if fault.message:
        body["Message"] = fault.message
    return Answer(fault.status, json.dumps(body).encode(), request_id)
