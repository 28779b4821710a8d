"""Plays CloudFormation and CDK's provider framework: one stack of custom resources, no AWS.

WorkMail is the emulator; time stands still until a handler sleeps. The order of
events, the rollback of a failure and the marker of a refused Create are those
of CloudFormation and of CDK's `custom_resources.Provider`.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

from botocore.exceptions import ClientError

from calling import Caller, Function, connect, find_function
from granting import refuse_more
from workmail_emulator import Emulator
from workmail_org import declaring
from workmail_org.changes.approvals import parse_approval
from workmail_org.handlers import entry
from workmail_org.handlers.patience import Patience
from workmail_org.handlers.requests import Run
from workmail_org.kinds import make_part_name
from workmail_org.model.organization import Organization
from workmail_org.model.values import Kind, Reference
from workmail_org.service.clients import Clients
from workmail_org.service.ledger import Entry, Note
from workmail_org.wire.encoding import encode_properties
from workmail_org.wire.names import (
    COLLECTION_BUCKET,
    COLLECTION_KEY,
    LEDGER_TABLE,
    LOG_GROUP_ARN,
    MAX_RESPONSE_BYTES,
    PASSWORD_SECRET_ARN,
    UNRESOLVED,
)
from workmail_org.wire.properties import DomainVerificationProperties, ResourceType

MAX_POLLS = 400
"""The framework asks `is_complete` for an hour; more often than this nothing is waiting for."""

_CLEANUP_TRIES = 3
"""After an update is complete; then the resource is removed from the stack and not deleted
(CloudFormation User Guide, "Troubleshooting", resource removed from stack but not deleted)."""

_ROLLBACK_SECONDS = 2.0
"""From the decision to roll back until the first request of the rollback is looked at."""

_QUEUED_SECONDS = 60.0
"""How long a request that is held has been on its way when its deployment is cancelled."""

_MADE_UP = "1ABCDEFGHIJKL"
"""Ends a physical id that CloudFormation makes up where a Create has not answered."""

_CHAINED = (
    ResourceType.ORGANIZATION,
    ResourceType.DOMAIN,
    ResourceType.DOMAIN_VERIFICATION,
    ResourceType.DEFAULT_DOMAIN,
    ResourceType.USERS,
    ResourceType.GROUPS,
    ResourceType.RESOURCES,
)
"""Types that depend on each other in this order, whichever way a deployment goes."""


class DeploymentFailedError(Exception):
    """CloudFormation gave up; the text is the reason of the resource that failed."""


class RollbackFailedError(DeploymentFailedError):
    """CloudFormation could not go back either: a person has to help."""


class Killed(BaseException):
    """What `emulator.on_call` raises to end the handler's process at once."""


class FakeSecrets:
    """Secrets Manager for `GetSecretValue` and `PutSecretValue`."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - the API's
        if SecretId not in self.values:
            answer = {"Error": {"Code": "ResourceNotFoundException", "Message": "no value"}}
            raise ClientError(cast("Any", answer), "GetSecretValue")
        return {"SecretString": self.values[SecretId]}

    def put_secret_value(self, *, SecretId: str, SecretString: str) -> None:  # noqa: N803
        self.values[SecretId] = SecretString


class FakeS3:
    """S3 for `GetObject`."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if (Bucket, Key) not in self.objects:
            answer = {"Error": {"Code": "NoSuchKey", "Message": "no such key"}}
            raise ClientError(cast("Any", answer), "GetObject")
        return {"Body": io.BytesIO(self.objects[Bucket, Key])}


class FakeCloudFormation:
    """CloudFormation for `DescribeStacks` of one stack.

    Attributes:
        status: `None`: it does not answer.
        created: When the stack was.
        updated: When its last update began; `None`: there was none.
    """

    def __init__(self, created: datetime) -> None:
        self.status: str | None = "CREATE_IN_PROGRESS"
        self.created = created
        self.updated: datetime | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something is being done with the stack."""
        return self.status is not None and self.status.endswith("_IN_PROGRESS")

    @property
    def rolls_back(self) -> bool:
        """Whether a deployment is being undone."""
        return self.status is not None and "ROLLBACK" in self.status

    def tell(self, status: str) -> None:
        """Show another status, if it answers at all."""
        if self.status is not None:
            self.status = status

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - the API's
        if self.status is None:
            answer = {"Error": {"Code": "AccessDenied", "Message": StackName}}
            raise ClientError(cast("Any", answer), "DescribeStacks")
        updated = {"LastUpdatedTime": self.updated} if self.updated else {}
        described = {"StackStatus": self.status, "CreationTime": self.created, **updated}
        return {"Stacks": [described]}


@dataclass
class MemoryLedger:
    """A ledger in memory."""

    entries: dict[Reference, Entry] = field(default_factory=dict[Reference, Entry])
    judgements: dict[str, str] = field(default_factory=dict[str, str])
    notes: dict[str, Note] = field(default_factory=dict[str, Note])

    def read(self, kind: Kind) -> dict[Reference, Entry]:
        return {ref: entry for ref, entry in self.entries.items() if ref.kind is kind}

    def put(self, entries: Iterable[Entry]) -> None:
        self.entries.update((entry.reference, entry) for entry in entries)

    def drop(self, references: Iterable[Reference]) -> None:
        for reference in references:
            self.entries.pop(reference, None)

    def remember(self, part_name: str, judgement: str) -> None:
        self.judgements[part_name] = judgement

    def recall(self, part_name: str) -> str | None:
        return self.judgements.get(part_name)

    def read_note(self, name: str) -> Note:
        return self.notes.get(name) or Note(text=self.judgements.get(name, ""))

    def write_note(self, name: str, note: Note) -> bool:
        if self.read_note(name).revision != note.revision:
            return False
        self.notes[name] = replace(note, revision=note.revision + 1)
        return True

    def keep_found(self, part_name: str, note: str) -> None:
        self.judgements[f"found {part_name}"] = note

    def recall_found(self, part_name: str) -> str | None:
        return self.judgements.get(f"found {part_name}")


@dataclass(frozen=True)
class WatchedLedger:
    """A ledger in memory that asks DynamoDB's client for its calls.

    Attributes:
        client: Told each call; what holds calls of a handler back holds these.
    """

    ledger: MemoryLedger
    client: Any

    def read(self, kind: Kind) -> dict[Reference, Entry]:
        self.client.query()
        return self.ledger.read(kind)

    def put(self, entries: Iterable[Entry]) -> None:
        listed = list(entries)
        if listed:
            self.client.batch_write_item()
            self.ledger.put(listed)

    def drop(self, references: Iterable[Reference]) -> None:
        listed = list(references)
        if listed:
            self.client.batch_write_item()
            self.ledger.drop(listed)

    def remember(self, part_name: str, judgement: str) -> None:
        self.client.batch_write_item()
        self.ledger.remember(part_name, judgement)

    def recall(self, part_name: str) -> str | None:
        self.client.query()
        return self.ledger.recall(part_name)

    def read_note(self, name: str) -> Note:
        self.client.query()
        return self.ledger.read_note(name)

    def write_note(self, name: str, note: Note) -> bool:
        self.client.put_item()
        return self.ledger.write_note(name, note)

    def keep_found(self, part_name: str, note: str) -> None:
        self.client.batch_write_item()
        self.ledger.keep_found(part_name, note)

    def recall_found(self, part_name: str) -> str | None:
        self.client.query()
        return self.ledger.recall_found(part_name)


class SilentDynamoDb:
    """DynamoDB of a ledger that is in memory, and of a journal of exports that is empty."""

    def query(self, **_: Any) -> dict[str, Any]:
        """Answer nothing."""
        return {}

    def batch_write_item(self) -> None:
        """Write nothing."""

    def put_item(self) -> None:
        """Write nothing."""


@dataclass
class Resource:
    """One custom resource of a template; `OrganizationId` is filled in when it is deployed."""

    logical_id: str
    type: ResourceType
    properties: dict[str, Any]

    @property
    def part_name(self) -> str:
        """What it is called in an approval."""
        if self.type is ResourceType.DOMAIN_VERIFICATION:
            return ""
        name = self.properties["Domain"] if self.type is ResourceType.DOMAIN else ""
        return make_part_name(self.type, name=name, shard=int(self.properties.get("Shard", 0)))


@dataclass
class Deployed:
    """One custom resource as CloudFormation keeps it."""

    resource: Resource
    physical_id: str
    attributes: Mapping[str, str]


@dataclass
class Deployment:
    """What one deployment has begun.

    Attributes:
        done: Resources with their previous ones, in the order in which they were begun.
        cancelled: Whether somebody cancelled it; then it was rolled back.
    """

    done: list[tuple[Resource, Resource | None]] = field(
        default_factory=list[tuple[Resource, Resource | None]]
    )
    cancelled: bool = False


@dataclass
class Context:
    """Lambda's context."""

    log_group_name: str = "/aws/lambda/handler"
    log_stream_name: str = "2026/11/22/[$LATEST]abc"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


class Stack:
    """One stack with one organization.

    Attributes:
        deployed: By logical id, in the order of creation.
        reasons: Of every failure, roll back included.
        slice_seconds: How long one invocation may work.
        deliveries: How often each event arrives.
        repair: What a person gives with `-c repair`: what a plan printed; empty: nothing.
        agrees: Whether somebody gives the word for whatever needs one, and
            deploys again.
        backwards: Whether rules and settings are rolled back in the other order:
            CloudFormation promises none.
        left_behind: What could not be deleted; CloudFormation forgets it.
        watch: Told each call that a handler is about to make, with its function.
        hold: Whether a request stays on its way when it is sent. A minute later
            the deployment is cancelled, and every request is still in `held`.
        tells_time: Whether the address of an answer says when its request was sent.
    """

    def __init__(self, emulator: Emulator, *, name: str = "test-acme") -> None:
        self.emulator = emulator
        self.name = name
        self.secrets = FakeSecrets()
        self.s3 = FakeS3()
        self.ledger = MemoryLedger()
        self.slice_seconds = 300.0
        self.deliveries = 1
        self.agrees = True
        self.repair = ""
        self.cloudformation = FakeCloudFormation(self._tell_time())
        self.dynamodb: Any = SilentDynamoDb()
        self.deployed: dict[str, Deployed] = {}
        self.reasons: list[str] = []
        self.left_behind: list[Deployed] = []
        self.backwards = False
        self.region = "eu-west-1"
        self.watch: Callable[[Function, str], None] = refuse_more
        self.hold: Callable[[Mapping[str, Any]], bool] = lambda _: False
        self.held: list[Mapping[str, Any]] = []
        self.tells_time = True
        self._id = uuid.uuid4()
        self._requests = 0
        self._stuck: list[tuple[Resource, Resource | None]] = []
        self._function: Function | None = None
        self._deployment: Deployment | None = None

    def _tell_time(self) -> datetime:
        return datetime.fromtimestamp(self.emulator.clock.now(), UTC)

    @property
    def organization_id(self) -> str:
        """The id of the deployed organization."""
        return self.deployed["Organization"].physical_id

    @property
    def workmail(self) -> Any:
        """A client of the organization's region."""
        return connect(self.emulator, "workmail", self.region)

    def deploy(
        self, organization: Organization, *acknowledge: str, approved: str | None = None
    ) -> None:
        """Create or update the stack.

        Args:
            organization: What to make.
            acknowledge: Digests of changes that need a word.
            approved: What a plan printed; `None`: nothing was approved.

        Raises:
            DeploymentFailedError: After everything was rolled back.
            RollbackFailedError: That failed too.
        """
        try:
            self._deploy(organization, acknowledge, approved)
        except DeploymentFailedError as error:
            digest = find_digest(str(error)) if self.agrees else None
            if digest is None or isinstance(error, RollbackFailedError):
                raise
            self.deploy(organization, *acknowledge, digest, approved=approved)

    def _deploy(
        self, organization: Organization, acknowledge: tuple[str, ...], approved: str | None
    ) -> None:
        self.region = organization.region
        template = list_resources(organization, owner=self.name, s3=self.s3)
        own = None if approved is None else _find_own(organization, approved)
        repair = _find_own(organization, self.repair) if self.repair else None
        for resource in template:
            consent = declaring.make_consent(
                resource.type,
                resource.part_name,
                acknowledge=acknowledge,
                approved=own,
                require_approval=organization.safety.require_approval,
                repair=repair,
            )
            resource.properties |= encode_properties(consent)
        self._begin_deployment()
        outer, self._deployment = self._deployment, Deployment()
        try:
            self._bring_all(template, self._deployment)
        finally:
            self._deployment = outer
        first = self.cloudformation.status == "CREATE_IN_PROGRESS"
        if not first:
            self.cloudformation.tell("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        kept = {resource.logical_id for resource in template}
        self._clean_up([each for each in self.deployed if each not in kept])
        self.cloudformation.tell("CREATE_COMPLETE" if first else "UPDATE_COMPLETE")

    def _bring_all(self, template: Iterable[Resource], deployment: Deployment) -> None:
        """Bring every resource that changes, or roll all of them back."""
        try:
            for resource in template:
                previous = self.deployed.get(resource.logical_id)
                filled = self._fill(resource)
                if previous and previous.resource.properties == filled.properties:
                    continue
                deployment.done.append((filled, previous.resource if previous else None))
                self._bring(filled, previous.resource if previous else None, deployment)
        except DeploymentFailedError as error:
            if deployment.cancelled:  # and rolled back long ago
                raise
            try:
                self._roll_back(deployment.done)
            except DeploymentFailedError as worse:
                self._stuck = deployment.done
                raise RollbackFailedError(str(worse)) from error
            raise

    def cancel(self) -> bool:
        """Cancel the deployment that is going on, if it still can be: everything rolls back.

        The request that is under way is not told. CloudFormation waits for it no
        longer; its waiter goes on.

        Returns:
            Whether there was something to cancel.
        """
        deployment = self._deployment
        if deployment is None or deployment.cancelled or self.cloudformation.rolls_back:
            return False
        deployment.cancelled = True
        self._stuck = deployment.done
        self._roll_back(deployment.done)
        return True

    def _clean_up(self, logical_ids: Iterable[str]) -> None:
        """Delete what a finished update, or its rollback, no longer needs, or leave it behind."""
        for logical_id in reversed(list(logical_ids)):
            for _ in range(_CLEANUP_TRIES):
                try:
                    self._delete(logical_id)
                except DeploymentFailedError:
                    continue
                break
            else:
                self.left_behind.append(self.deployed.pop(logical_id))

    def continue_rollback(self) -> None:
        """Go on with a rollback that failed.

        Raises:
            DeploymentFailedError: It failed again.
        """
        self._roll_back(self._stuck)

    def _begin_deployment(self) -> None:
        if self.deployed:
            self._begin_update()
            return
        self.cloudformation.tell("CREATE_IN_PROGRESS")
        self.cloudformation.created, self.cloudformation.updated = self._tell_time(), None
        self.emulator.clock.advance(1)  # roles and functions come first

    def _begin_update(self) -> None:
        self.emulator.clock.advance(1)  # no two begin at once
        self.cloudformation.tell("UPDATE_IN_PROGRESS")
        self.cloudformation.updated = self._tell_time()

    def destroy(self) -> None:
        """Delete the stack. What cannot be deleted stops nothing else (docs/facts.md §10.25).

        Raises:
            DeploymentFailedError: A resource could not be deleted; the first that could not.
        """
        self.cloudformation.tell("DELETE_IN_PROGRESS")
        failures: list[DeploymentFailedError] = []
        for logical_id in reversed(list(self.deployed)):
            try:
                self._delete(logical_id)
            except DeploymentFailedError as failure:
                failures.append(failure)
        if failures:
            self.cloudformation.tell("DELETE_FAILED")
            raise failures[0]
        self.cloudformation.tell("DELETE_COMPLETE")

    def destroy_but_organization(self) -> None:
        """Delete everything in the organization, so that a test can look at what is left."""
        self.cloudformation.tell("DELETE_IN_PROGRESS")
        for logical_id in reversed([each for each in self.deployed if each != "Organization"]):
            self._delete(logical_id)

    def send(
        self,
        request_type: str,
        resource: Resource,
        *,
        previous: Resource | None = None,
        physical_id: str | None = None,
        request_id: str | None = None,
    ) -> tuple[str, Mapping[str, str]]:
        """Send one event and play the framework's waiter, as part of an update if nothing goes on.

        Returns:
            Physical id and attributes.

        Raises:
            DeploymentFailedError: The handler failed, or never finished.
        """
        if not self.cloudformation.is_busy:
            self._begin_update()
        event = self.make_event(request_type, resource, previous, physical_id, request_id)
        answer = self._begin(event)
        return answer["PhysicalResourceId"], self._wait(event, answer)

    def _begin(self, event: Mapping[str, Any]) -> dict[str, Any]:
        answers = [self.invoke(event, entry.begin) for _ in range(self.deliveries)]
        assert all(
            each["PhysicalResourceId"] == answers[0]["PhysicalResourceId"] for each in answers
        )
        return answers[0]

    def _wait(self, event: Mapping[str, Any], answer: Mapping[str, Any]) -> Mapping[str, str]:
        merged = {**event, **answer}
        for _ in range(MAX_POLLS):
            answers = [self.invoke(merged, entry.advance) for _ in range(self.deliveries)]
            if answers[-1]["IsComplete"]:
                return answers[-1].get("Data", {})
            self.emulator.clock.advance(10)
        raise self._fail("operation timed out")

    def invoke(self, event: Mapping[str, Any], step: entry.Step) -> dict[str, Any]:
        """Invoke the handler once.

        Raises:
            DeploymentFailedError: The handler failed.
        """
        outer, self._function = self._function, find_function(event["ResourceType"])
        try:
            # An event crosses the wire as JSON.
            answer = entry.handle(self.make_run(), json.loads(json.dumps(event)), step)
        except entry.HandlerError as error:
            raise self._fail(str(error)) from error
        except Killed as error:
            raise self._fail("the handler's process ended") from error
        finally:
            self._function = outer
        assert len(json.dumps(answer)) < MAX_RESPONSE_BYTES
        return json.loads(json.dumps(answer))

    def make_run(self) -> Run:
        """Make the means of one invocation on the emulator's clock."""
        clock = self.emulator.clock
        return Run(
            clients=self._make_clients(),
            patience=Patience(
                deadline=clock.now() + self.slice_seconds,
                clock=clock.now,
                sleep=self._sleep,
                chance=lambda: 1.0,
            ),
            epoch=clock.now,
            open_ledger=lambda clients, _table: WatchedLedger(self.ledger, clients.dynamodb),
            log_place="/aws/lambda/handler stream",
        )

    def _sleep(self, seconds: float) -> None:
        self.emulator.clock.advance(seconds)

    def _make_clients(self) -> Clients:
        def watch(client: Any, service: str) -> Any:
            return Caller(client, service, self._note)

        return Clients(
            workmail=watch(self.workmail, "workmail"),
            directory_service=watch(connect(self.emulator, "ds", self.region), "ds"),
            secrets=watch(self.secrets, "secretsmanager"),
            s3=watch(self.s3, "s3"),
            dynamodb=watch(self.dynamodb, "dynamodb"),
            cloudformation=watch(self.cloudformation, "cloudformation"),
        )

    def _note(self, action: str) -> None:
        """Hold a call of a handler against its function's role."""
        if self._function:
            self.watch(self._function, action)

    def _fill(self, resource: Resource) -> Resource:
        properties = copy.deepcopy(resource.properties)
        if resource.type is not ResourceType.ORGANIZATION:
            properties["OrganizationId"] = self.deployed["Organization"].physical_id
        return Resource(resource.logical_id, resource.type, properties)

    def _bring(self, resource: Resource, previous: Resource | None, deployment: Deployment) -> None:
        before = self.deployed.get(resource.logical_id)
        kind = "Update" if previous else "Create"
        physical_id = before.physical_id if before else None
        event = self.make_event(kind, resource, previous, physical_id, None)
        if self.hold(event):
            self._lose(event, resource)
        answer = self._begin(event)
        physical_id = answer["PhysicalResourceId"]
        if before:
            assert physical_id == before.physical_id, "a changed id makes CloudFormation delete"
        elif not deployment.cancelled:  # once accepted, a Create that fails is followed by a Delete
            self.deployed[resource.logical_id] = Deployed(resource, physical_id, {})
        attributes = self._wait(event, answer)
        if deployment.cancelled:
            raise self._fail("the deployment was cancelled")
        self.deployed[resource.logical_id] = Deployed(resource, physical_id, attributes)

    def _lose(self, event: Mapping[str, Any], resource: Resource) -> None:
        """Cancel a deployment whose request has not come; a Create gets its Delete all the same."""
        self.held.append(event)
        unknown = Deployed(resource, f"{self.name}-{resource.logical_id}-{_MADE_UP}", {})
        self.deployed.setdefault(resource.logical_id, unknown)
        self.emulator.clock.advance(_QUEUED_SECONDS)
        self.cancel()
        raise self._fail("the deployment was cancelled")

    def _roll_back(self, done: list[tuple[Resource, Resource | None]]) -> None:
        """Go back in the order of creation, then delete what is new."""
        tell = self.cloudformation.tell
        status = str(self.cloudformation.status)
        prefix = "" if status in ("CREATE_IN_PROGRESS", "ROLLBACK_FAILED") else "UPDATE_"
        tell(f"{prefix}ROLLBACK_IN_PROGRESS")
        self.emulator.clock.advance(_ROLLBACK_SECONDS)
        try:
            self._undo(done)
        except DeploymentFailedError:
            tell(f"{prefix}ROLLBACK_FAILED")
            raise
        tell(f"{prefix}ROLLBACK_COMPLETE")

    def _undo(self, done: list[tuple[Resource, Resource | None]]) -> None:
        for resource, previous in self._order(done):
            if previous is None:
                continue
            before = self.deployed[resource.logical_id]
            self.send("Update", previous, previous=resource, physical_id=before.physical_id)
            before.resource = previous
        new = [r.logical_id for r, previous in done if previous is None]
        there = [each for each in new if each in self.deployed]
        if len(there) < len(self.deployed):
            self.cloudformation.tell("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
            self._clean_up(there)
        else:  # a stack that never was complete
            for logical_id in reversed(there):
                self._delete(logical_id)

    def _order(
        self, done: list[tuple[Resource, Resource | None]]
    ) -> list[tuple[Resource, Resource | None]]:
        if not self.backwards:
            return done
        first = [each for each in done if each[0].type in _CHAINED]
        return [*first, *reversed([each for each in done if each[0].type not in _CHAINED])]

    def _delete(self, logical_id: str) -> None:
        deployed = self.deployed[logical_id]
        self.send("Delete", deployed.resource, physical_id=deployed.physical_id)
        del self.deployed[logical_id]

    def make_event(
        self,
        request_type: str,
        resource: Resource,
        previous: Resource | None = None,
        physical_id: str | None = None,
        request_id: str | None = None,
    ) -> dict[str, Any]:
        """Write an event as it arrives."""
        self._requests += 1
        event: dict[str, Any] = {
            "RequestType": request_type,
            "ServiceToken": "arn:aws:lambda:eu-west-1:111122223333:function:framework",
            "ResponseURL": self._sign() if self.tells_time else "...",
            "StackId": f"arn:aws:cloudformation:{self.region}:111122223333:stack/{self.name}/1",
            "RequestId": request_id or f"{self._id}-{self._requests}",
            "ResourceType": str(resource.type),
            "LogicalResourceId": resource.logical_id,
            "ResourceProperties": {"ServiceToken": "arn", **resource.properties},
        }
        if physical_id:
            event["PhysicalResourceId"] = physical_id
        if previous:
            event["OldResourceProperties"] = {"ServiceToken": "arn", **previous.properties}
        return event

    def _sign(self) -> str:
        """Write the address for an answer (docs/facts.md §10.27)."""
        sent = self._tell_time().strftime("%Y%m%dT%H%M%SZ")
        signature = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={sent}&X-Amz-Signature=0"
        return f"https://cloudformation-custom-resource-response.s3.amazonaws.com/0?{signature}"

    def _fail(self, reason: str) -> DeploymentFailedError:
        self.reasons.append(reason)
        assert len(reason.encode()) < MAX_RESPONSE_BYTES
        return DeploymentFailedError(reason)


def _find_own(organization: Organization, text: str) -> dict[str, str]:
    """Find the parts of one organization in what a plan printed."""
    prefix = f"{organization.key}/"
    return {name.removeprefix(prefix): digest for name, digest in parse_approval(text).items()}


def find_digest(reason: str) -> str | None:
    """Find the word that a refused deployment asks for."""
    found = re.search(r"-c acknowledge=([0-9a-f]{12})", reason)
    return found[1] if found else None


def list_resources(organization: Organization, *, owner: str, s3: FakeS3) -> list[Resource]:
    """List an organization's custom resources in the order of their dependencies."""
    about = encode_properties(declaring.make_organization(organization, owner=owner))
    resources = [Resource("Organization", ResourceType.ORGANIZATION, about)]
    for domain in organization.domains:
        registered = declaring.make_domain(organization, domain)
        name = domain.name.replace(".", "")
        resources.append(
            Resource(f"{name}Domain", ResourceType.DOMAIN, encode_properties(registered))
        )
        if domain.dns:
            verified = DomainVerificationProperties(domain=domain.name)
            kind = ResourceType.DOMAIN_VERIFICATION
            resources.append(Resource(f"{name}Verification", kind, encode_properties(verified)))
    default = declaring.declare_default_domain(organization, stack=owner)
    if default:
        resources.append(
            Resource(default.construct_id, default.resource_type, {**default.properties})
        )
    for collection in declaring.list_collections(organization):
        resources += _list_shards(collection, s3)
    for part in declaring.list_settings(organization, stack=owner):
        if part.properties.get(LOG_GROUP_ARN) == UNRESOLVED:
            continue  # a log group that CloudFormation makes
        properties = {**_put_outside(part.outside, s3), **part.properties}
        resources.append(Resource(part.construct_id, part.resource_type, properties))
    removals = declaring.make_removals(organization)
    told = {**_put_outside(removals.outside, s3), **removals.properties}
    resources.append(Resource("Removals", ResourceType.REMOVALS, told))
    ledger = {LEDGER_TABLE: "ledger"}
    return [replace(each, properties={**ledger, **each.properties}) for each in resources]


def _put_outside(outside: Mapping[str, Any], s3: FakeS3) -> dict[str, Any]:
    """Put what is too large for a template where its handler reads it; say where that is."""
    if not outside:
        return {}
    text = json.dumps(outside).encode()  # in the order of the spec, as `infra.assets` writes it
    key = f"{hashlib.sha256(text).hexdigest()}.json"
    s3.objects["assets", key] = text
    return {COLLECTION_BUCKET: "assets", COLLECTION_KEY: key}


def _list_shards(collection: declaring.Collection, s3: FakeS3) -> Iterable[Resource]:
    shared = _put_outside(collection.outside, s3)
    for shard, inline in enumerate(collection.inline):
        own = dict(shared)
        if collection.resource_type is ResourceType.USERS:
            own[PASSWORD_SECRET_ARN] = f"arn:secret{shard}"
        logical_id = f"{collection.construct_id}{shard or ''}"
        yield Resource(logical_id, collection.resource_type, {**own, **inline})
