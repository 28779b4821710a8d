"""The ledger: which entities of an organization are this stack's, in a DynamoDB table.

What WorkMail shows does not tell who made an entity, and what CloudFormation
says was deployed may have been refused. A lost ledger means owning nothing,
never deleting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from workmail_org.model.values import EntityId, Kind, Reference
from workmail_org.service.failures import translate

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Origin(StrEnum):
    """How an entity became ours. Adopted ones are left alone when the stack is deleted."""

    CREATED = "created"
    ADOPTED = "adopted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entity that is, or is about to be, this stack's.

    Attributes:
        reference: Folded.
        id: `None`: about to be created; written before the call that does it.
        removed_at: ISO 8601, UTC; when it left the spec; `None`: it is in it.
    """

    reference: Reference
    origin: Origin
    id: EntityId | None = None
    removed_at: str | None = None


class Ledger(Protocol):
    """What handlers need of a ledger."""

    def read(self, kind: Kind) -> dict[Reference, Entry]:
        """Read all entries of a kind, by folded reference."""
        ...

    def put(self, entries: Iterable[Entry]) -> None:
        """Write entries; one of the same reference is replaced."""
        ...

    def drop(self, references: Iterable[Reference]) -> None:
        """Forget entries; absent ones are no error."""
        ...


@dataclass(frozen=True, slots=True)
class DynamoDbLedger:
    """A ledger in a table with the partition key `Kind` and the sort key `Name`."""

    client: DynamoDBClient
    table: str

    def read(self, kind: Kind) -> dict[Reference, Entry]:
        """Read all entries of a kind, by folded reference."""
        entries: dict[Reference, Entry] = {}
        start: dict[str, Any] = {}
        while True:
            page = self._call(
                "Query",
                KeyConditionExpression="Kind = :kind",
                ExpressionAttributeValues={":kind": {"S": str(kind)}},
                ConsistentRead=True,
                **start,
            )
            for item in page.get("Items", ()):
                entry = _parse(item)
                entries[entry.reference] = entry
            if "LastEvaluatedKey" not in page:
                return entries
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def put(self, entries: Iterable[Entry]) -> None:
        """Write entries; one of the same reference is replaced."""
        for entry in entries:
            self._call("PutItem", Item=_render(entry))

    def drop(self, references: Iterable[Reference]) -> None:
        """Forget entries; absent ones are no error."""
        for reference in references:
            self._call("DeleteItem", Key=_make_key(reference))

    def _call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        methods: Mapping[str, Any] = {
            "Query": self.client.query,
            "PutItem": self.client.put_item,
            "DeleteItem": self.client.delete_item,
        }
        try:
            return methods[operation](TableName=self.table, **parameters)
        except (ClientError, BotoCoreError) as error:
            raise translate(error, operation) from error


def _make_key(reference: Reference) -> dict[str, Any]:
    return {"Kind": {"S": str(reference.kind)}, "Name": {"S": reference.folded.name}}


def _render(entry: Entry) -> dict[str, Any]:
    item = _make_key(entry.reference) | {"Origin": {"S": str(entry.origin)}}
    if entry.id:
        item["Id"] = {"S": entry.id}
    if entry.removed_at:
        item["RemovedAt"] = {"S": entry.removed_at}
    return item


def _parse(item: Mapping[str, Any]) -> Entry:
    text = {name: value["S"] for name, value in item.items()}
    return Entry(
        reference=Reference(Kind(text["Kind"]), text["Name"]),
        origin=Origin(text["Origin"]),
        id=EntityId(text["Id"]) if "Id" in text else None,
        removed_at=text.get("RemovedAt"),
    )
