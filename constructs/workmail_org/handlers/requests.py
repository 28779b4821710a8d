"""What CloudFormation asks, decoded; and the means with which a handler answers it."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar, cast
from urllib.parse import parse_qs, urlsplit

from workmail_org.changes.calls import Call
from workmail_org.errors import PermanentError, ServiceError, TemporaryError, WireError
from workmail_org.handlers.patience import Patience
from workmail_org.kinds import KINDS, make_part_name
from workmail_org.model.values import fold
from workmail_org.service.clients import Clients
from workmail_org.service.ledger import DynamoDbLedger, Ledger
from workmail_org.service.stacks import BACKWARD, FORWARD
from workmail_org.service.workmail import WorkMail
from workmail_org.wire.encoding import decode_properties
from workmail_org.wire.names import COLLECTION_BUCKET, COLLECTION_KEY
from workmail_org.wire.properties import (
    Consent,
    DomainProperties,
    DomainVerificationProperties,
    ResourceType,
)

_LOG = logging.getLogger("workmail_org")

OPERATION = "Operation"
"""Key of `on_event`'s answer that the framework hands to `is_complete`."""

_SIGNED_AT = "X-Amz-Date"
"""Parameter of a presigned URL (Amazon S3 API Reference, "Authenticating requests: query
parameters")."""

PropertiesT_co = TypeVar("PropertiesT_co", covariant=True)


class RequestType(StrEnum):
    """What CloudFormation wants done."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Generic[PropertiesT_co]):
    """One CloudFormation request for one custom resource.

    Attributes:
        request_id: The same in every delivery of the same request.
        physical_id: `None` until Create has answered.
        desired: Of a Delete: what was deployed.
        previous: Of an Update only. After a failed update CloudFormation rolls
            back with both exchanged.
        consent: What a person said of this deployment.
        previous_is_lost: What was declared before cannot be read any more.
        operation: What CloudFormation was doing with the stack when this request
            began (`StackState.operation`); empty: not known.
        fingerprint: Of the properties as they came.
        previous_fingerprint: Of the previous ones.
        previous_repairs: Whether these were to set right what differed.
        sent: When CloudFormation sent it, in seconds since 1970; `None`: it does not say.
    """

    type: RequestType
    resource_type: ResourceType
    request_id: str
    stack_id: str
    logical_id: str
    physical_id: str | None
    desired: PropertiesT_co
    previous: PropertiesT_co | None = None
    consent: Consent = Consent()  # noqa: RUF009 - frozen
    previous_is_lost: bool = False
    operation: str = ""
    fingerprint: str = ""
    previous_fingerprint: str = ""
    previous_repairs: bool = False
    sent: float | None = None

    @property
    def stack_name(self) -> str:
        """Name of the stack, from its id: `arn:…:stack/NAME/uuid`."""
        return self.stack_id.partition("/")[2].partition("/")[0]

    @property
    def is_delete(self) -> bool:
        """Whether the resource goes away."""
        return self.type is RequestType.DELETE

    @property
    def goes_forward(self) -> bool:
        """Whether it is an update, and known to be none of a rollback."""
        return self.type is RequestType.UPDATE and self.operation.startswith(FORWARD)

    @property
    def is_unchanged(self) -> bool:
        """Whether an update says what was said before: nothing of it is ours to do.

        What a person says of a deployment is said to every resource, and comes as
        an update to those that `plan` takes for untouched.
        """
        is_same = self.type is RequestType.UPDATE and self.previous == self.desired
        return is_same and not self.repairs

    @property
    def repairs(self) -> bool:
        """Whether everything is read, and set right where it differs from what is declared.

        Not so in a rollback, also to a template that was deployed as a repair: it puts back what
        was found.
        """
        return bool(self.consent.repair) and not self.operation.startswith(BACKWARD)

    @property
    def sides(self) -> tuple[PropertiesT_co | None, PropertiesT_co | None]:
        """What is declared now and what was before; of a Delete nothing is declared any more."""
        return (None, self.desired) if self.is_delete else (self.desired, self.previous)

    @property
    def part_name(self) -> str:
        """What the resource is called in an approval, and in the ledger; no other one is."""
        desired: object = self.desired
        name = ""
        if isinstance(desired, DomainProperties | DomainVerificationProperties):
            name = fold(desired.domain)
        return make_part_name(self.resource_type, name=name, shard=getattr(desired, "shard", 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a slice of work came.

    Attributes:
        done: Nothing is left to do.
        attributes: For `Fn::GetAtt`, once done.
        waiting_for: What to tell when time is up before it is done.
    """

    done: bool
    waiting_for: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One invocation: AWS, the time there is, and the log.

    Attributes:
        patience: The time that there is.
        epoch: Seconds since 1970.
        log_place: Where the log of this invocation is read.
        context: What every line of the log says.
    """

    clients: Clients
    patience: Patience
    epoch: Callable[[], float] = time.time
    open_ledger: Callable[[Clients, str], Ledger] = lambda clients, table: DynamoDbLedger(
        clients.dynamodb, table
    )
    log_place: str = ""
    context: Mapping[str, str] = field(default_factory=dict[str, str])

    def end_by(self, epoch: float) -> Run:
        """Build a run that has no time after a moment, in seconds since 1970."""
        patience = self.patience
        ends = min(patience.deadline, patience.clock() + epoch - self.epoch())
        return replace(self, patience=replace(patience, deadline=ends))

    def now(self) -> str:
        """Return the time of day, ISO 8601 in UTC."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.epoch()))

    def open_organization(self, organization_id: str) -> WorkMail:
        """Return one organization; an empty id is for calls that need none."""
        return WorkMail(self.clients.workmail, organization_id, self._wait_out)

    def _wait_out(self, error: TemporaryError, tries: int) -> bool:
        self.log("throttled", call=error.operation, code=error.code, tries=tries)
        return self.patience.back_off(tries)

    def log(self, event: str, **fields: object) -> None:
        """Write one line of JSON: never a password, never a whole event."""
        _LOG.info(json.dumps({"event": event, **self.context, **fields}, default=str))

    def log_call(self, call: Call, error: ServiceError | None = None) -> None:
        """Write what became of one write to WorkMail: about whom, which, how."""
        outcome = "failed" if error else "done"
        detail = {"code": error.code, "error": str(error)} if error else {}
        entity = str(call.subject)
        self.log("write", entity=entity, call=call.operation, outcome=outcome, **detail)


def parse_request(
    event: Mapping[str, Any], load_collection: Callable[[str, str], Mapping[str, Any]]
) -> Request[Any]:
    """Decode a CloudFormation event.

    Args:
        event: As CDK's provider framework delivers it.
        load_collection: Reads a JSON object from a bucket by key, for
            properties that were too large to be inline. Only what is desired
            has to be there: an older one may have been tidied away, and its
            loss must not stop updates permanently.

    Raises:
        WireError: The event is none of ours, or a property cannot be decoded.
        ServiceError: A collection cannot be read.
    """
    try:
        resource_type = ResourceType(event["ResourceType"])
        properties = KINDS[resource_type].properties
        request_type = RequestType(event["RequestType"])
        desired = _get_object(event, "ResourceProperties")
        past = _get_object(event, "OldResourceProperties")
    except (KeyError, ValueError) as error:
        raise WireError(f"this is not a request for a resource of this project: {error}") from error

    def decode(raw: Mapping[str, Any]) -> Any:
        if COLLECTION_KEY in raw:
            loaded = load_collection(raw[COLLECTION_BUCKET], raw[COLLECTION_KEY])
            raw = {**raw, **loaded}
        return decode_properties(properties, raw)

    def decode_past(raw: Mapping[str, Any]) -> tuple[Any, bool]:
        """Decode what was declared before, and tell whether a part of it is lost."""
        try:
            return decode(raw), False
        except PermanentError as error:
            _LOG.info(json.dumps({"event": "what was deployed is lost", "reason": str(error)}))
            return decode_properties(properties, raw), True

    is_update = request_type is RequestType.UPDATE
    is_delete = request_type is RequestType.DELETE
    previous, is_lost = decode_past(past) if past and is_update else (None, False)
    return Request(
        type=request_type,
        resource_type=resource_type,
        request_id=event.get("RequestId", ""),
        stack_id=event.get("StackId", ""),
        logical_id=event.get("LogicalResourceId", ""),
        physical_id=event.get("PhysicalResourceId"),
        desired=decode_past(desired)[0] if is_delete else decode(desired),
        previous=previous,
        previous_is_lost=is_lost,
        consent=decode_properties(Consent, desired),
        operation=str(event.get(OPERATION, "")),
        fingerprint=_make_fingerprint(desired),
        previous_fingerprint=_make_fingerprint(past),
        previous_repairs=bool(past and decode_properties(Consent, past).repair),
        sent=_find_date(str(event.get("ResponseURL", ""))),
    )


def _find_date(url: str) -> float | None:
    """Find when a presigned address was signed (docs/facts.md §10.27): when its request was sent.

    The address is for the answer, and as good as a password: nothing else of it is kept.
    """
    (found,) = parse_qs(urlsplit(url).query).get(_SIGNED_AT, [""])[:1]
    try:
        return datetime.strptime(found, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _make_fingerprint(properties: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(properties, sort_keys=True).encode()).hexdigest()


def _get_object(event: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = event.get(key, {})
    if not isinstance(found, Mapping):
        raise WireError(f"{key}: expected an object, found {type(found).__name__}")
    return cast("Mapping[str, Any]", found)
