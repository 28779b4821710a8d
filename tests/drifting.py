"""One deployed organization for tests of drift, and changes that somebody makes by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from botocore.exceptions import ClientError

from calling import connect
from cloudformation import Stack
from workmail_org.drift.classifying import Look, classify
from workmail_org.drift.describing_deployed import describe_deployed
from workmail_org.drift.model import Row
from workmail_org.model.live import Snapshot
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.values import Kind, Reference
from workmail_org.plan.declarations import declare
from workmail_org.service.clients import Clients
from workmail_org.service.directories import DirectoryService
from workmail_org.service.snapshot import read_snapshot
from workmail_org.service.workmail import WorkMail


@dataclass
class Hand:
    """Somebody with the console.

    Attributes:
        stack: Of the organization.
    """

    stack: Stack
    ids: dict[str, str] = field(default_factory=dict[str, str])

    def do(self, operation: str, **parameters: Any) -> Any:
        """Call WorkMail."""
        method = getattr(self.stack.workmail, operation)
        return method(OrganizationId=self.stack.organization_id, **parameters)

    def find(self, name: str) -> str:
        """Return the id of a user, group or resource."""
        return self._find_row(name)["Id"]

    def readdress(self, name: str, address: str) -> None:
        """Give somebody another primary address, and take the former one away."""
        row = self._find_row(name)
        self.do("update_primary_email_address", EntityId=row["Id"], Email=address)
        self.do("delete_alias", EntityId=row["Id"], Alias=row["Email"])

    def exchange(self, one: str, other: str) -> None:
        """Exchange the primary addresses of two."""
        first, second = self._find_row(one)["Email"], self._find_row(other)["Email"]
        for_a_while = f"for-a-while@{first.partition('@')[2]}"
        for name, address in ((one, for_a_while), (other, first), (one, second)):
            self.readdress(name, address)

    def _find_row(self, name: str) -> Any:
        pages = (
            ("list_users", "Users"),
            ("list_groups", "Groups"),
            ("list_resources", "Resources"),
        )
        rows = {each["Name"]: each for operation, key in pages for each in self.do(operation)[key]}
        return rows[name]


def look_live(stack: Stack, **options: Any) -> Snapshot | None:
    """Read everything that is live."""
    directories = DirectoryService(connect(stack.emulator, "ds", stack.region))
    workmail = WorkMail(stack.workmail, stack.organization_id)
    return read_snapshot(workmail, directories, stack.region, is_tolerant=True, **options)


def find_rows(
    stack: Stack,
    deployed: Organization,
    spec: Organization | None = None,
    *,
    removed: frozenset[Reference] = frozenset(),
) -> tuple[Row, ...]:
    """Compare three ways.

    Args:
        stack: What is live.
        deployed: What was deployed last, as its spec declared it.
        spec: What the spec says now; `None`: the same.
        removed: Whom the stack removed.
    """
    said = spec or deployed
    declaration = declare(Environment(name="test"), deployed)
    return classify(
        Look(
            spec=said,
            deployed=describe_deployed(declaration, said),
            live=look_live(stack),
            removed=removed,
        )
    )


def tell(rows: tuple[Row, ...]) -> dict[str, tuple[str, object, object, object]]:
    """Say of each path its class and the three values."""
    return {row.name: (row.row_class.value, row.spec, row.deployed, row.live) for row in rows}


class FakeCloudFormation:
    """CloudFormation with one stack, as the player has deployed it.

    Attributes:
        status: Of the stack; `None`: there is no such stack.
    """

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.status: str | None = "UPDATE_COMPLETE"

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - the API's
        if self.status is None:
            message = f"Stack with id {StackName} does not exist"
            raise ClientError(
                {"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks"
            )
        arn = f"arn:aws:cloudformation:eu-west-1:111122223333:stack/{self.stack.name}/1"
        described = {"StackId": arn, "StackStatus": self.status, "CreationTime": datetime.now(UTC)}
        return {"Stacks": [described]}

    def get_template(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        assert StackName
        resources = {
            name: {"Type": each.resource.type.value, "Properties": each.resource.properties}
            for name, each in self.stack.deployed.items()
        }
        return {"TemplateBody": {"Resources": resources}}

    def get_paginator(self, name: str) -> Any:
        assert "list_stack_resources" == name
        return self

    def paginate(self, *, StackName: str) -> list[dict[str, Any]]:  # noqa: N803
        assert StackName
        rows = [
            {
                "LogicalResourceId": name,
                "ResourceType": each.resource.type.value,
                "PhysicalResourceId": each.physical_id,
            }
            for name, each in self.stack.deployed.items()
        ]
        tables = [
            {
                "LogicalResourceId": logical_id,
                "ResourceType": "AWS::DynamoDB::Table",
                "PhysicalResourceId": physical_id,
            }
            for logical_id, physical_id in (("ExportJournal", "journal"), ("Ledger", "ledger"))
        ]
        return [{"StackResourceSummaries": [*rows, *tables]}]


class FakeDynamoDb:
    """DynamoDB that has the ledger of a stack, and its journal of exports."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.refuses = False

    def batch_write_item(self, **parameters: Any) -> dict[str, Any]:
        raise AssertionError(f"drift writes nothing: {parameters}")

    def query(self, **parameters: Any) -> dict[str, Any]:
        if self.refuses:
            answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": "not the ledger"}}
            raise ClientError(answer, "Query")
        if parameters["TableName"] == "journal":
            return self.stack.dynamodb.query(**parameters)
        values = parameters["ExpressionAttributeValues"]
        if ":name" in values:
            noted = self.stack.ledger.recall_found(values[":name"]["S"])
            return {"Items": [{"Judgement": {"S": noted}}] if noted else []}
        kind = Kind(values[":kind"]["S"])
        items = [
            {
                "Kind": {"S": str(kind)},
                "Name": {"S": reference.name},
                "Origin": {"S": str(entry.origin)},
                **({"Id": {"S": entry.id}} if entry.id else {}),
                **({"RemovedAt": {"S": entry.removed_at}} if entry.removed_at else {}),
            }
            for reference, entry in self.stack.ledger.read(kind).items()
        ]
        return {"Items": items}


@dataclass
class World:
    """AWS with one stack, for the command line.

    Attributes:
        slept: Seconds of each pause.
        on_sleep: Called in each pause.
    """

    stack: Stack
    slept: list[float] = field(default_factory=list[float])
    on_sleep: Callable[[], object] = lambda: None
    today: date = date(2026, 11, 26)
    account: str = "111122223333"

    def __post_init__(self) -> None:
        self.cloudformation = FakeCloudFormation(self.stack)
        self.dynamodb = FakeDynamoDb(self.stack)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.on_sleep()

    def open_clients(self, region: str) -> Clients:
        fakes: Any = {
            "workmail": self.stack.workmail,
            "directory_service": connect(self.stack.emulator, "ds", region),
            "secrets": self.stack.secrets,
            "s3": self.stack.s3,
            "dynamodb": self.dynamodb,
            "cloudformation": self.cloudformation,
        }
        return Clients(**fakes)
