"""The journal of exports, in a DynamoDB table: who is exported, verified, failed, and why.

WorkMail's lists forget a job after seven days, so nothing else remembers. The runner in AWS writes
it; commands and reports only read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from workmail_org.exporting.model import Checked, Exported, Pass, Stage
from workmail_org.model.values import EntityId, Kind, fold
from workmail_org.service.failures import translate
from workmail_org.service.stacks import list_resources
from workmail_org.wire.names import EXPORT_JOURNAL_ID

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from workmail_org.service.clients import Clients

PARTITION, SORT = "Pass", "Id"
"""Keys of the table: a pass, and the id of a user or resource."""

_CONFLICT = "ConditionalCheckFailedException"

_KEYS = MappingProxyType({"export_pass": PARTITION, "id": SORT})

_PARSERS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {
        "export_pass": Pass,
        "id": EntityId,
        "kind": Kind,
        "stage": Stage,
        "checked": Checked,
        "enabled": lambda text: text == "true",
        **dict.fromkeys(
            (
                *("attempts", "refusals", "progress", "checks", "revision"),
                *("size", "messages", "stated_messages", "left_out"),
            ),
            int,
        ),
        **dict.fromkeys(
            (
                *("since", "not_before", "started_at", "ended_at"),
                *("checking_since", "verified_at", "former_started_at"),
                *("former_verified_at", "gone_at"),
            ),
            float,
        ),
    }
)
"""How each field is read from its text; the others are texts."""


@dataclass(frozen=True, slots=True)
class Journal:
    """A table with the partition key `Pass` and the sort key `Id`."""

    client: DynamoDBClient
    table: str

    def read(self, export_pass: Pass) -> list[Exported]:
        """Read every mailbox of a pass, by name.

        Raises:
            ServiceError: DynamoDB refuses.
        """
        found = [_parse(item) for item in self._query(export_pass)]
        return sorted(found, key=lambda entry: (entry.kind != Kind.USER, fold(entry.name)))

    def find(self, export_pass: Pass, entity_id: str) -> Exported | None:
        """Read one mailbox of a pass."""
        key = {PARTITION: {"S": str(export_pass)}, SORT: {"S": entity_id}}
        answer = self._call("GetItem", self.client.get_item, Key=key, ConsistentRead=True)
        return _parse(answer["Item"]) if "Item" in answer else None

    def write(self, entry: Exported) -> Exported | None:
        """Write an entry, unless somebody wrote another one since it was read.

        Returns:
            As it was written; `None`: somebody else was faster, and the next look shows it.
        """
        written = replace(entry, revision=entry.revision + 1)
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(Revision)"}
        if entry.revision:
            condition = {
                "ConditionExpression": "Revision = :revision",
                "ExpressionAttributeValues": {":revision": {"S": str(entry.revision)}},
            }
        try:
            self.client.put_item(TableName=self.table, Item=_render(written), **condition)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == _CONFLICT:
                return None
            raise translate(error, "PutItem") from error
        except BotoCoreError as error:
            raise translate(error, "PutItem") from error
        return written

    def _query(self, export_pass: Pass) -> Iterator[Mapping[str, Any]]:
        start: dict[str, Any] = {}
        while True:
            page = self._call(
                "Query",
                self.client.query,
                KeyConditionExpression="#pass = :pass",
                ExpressionAttributeNames={"#pass": PARTITION},
                ExpressionAttributeValues={":pass": {"S": str(export_pass)}},
                ConsistentRead=True,
                **start,
            )
            yield from page.get("Items", ())
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _call(
        self, operation: str, method: Callable[..., Any], **parameters: Any
    ) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = method(TableName=self.table, **parameters)
        except (ClientError, BotoCoreError) as error:
            raise translate(error, operation) from error
        return answer


def open_journal(clients: Clients, stack: str) -> Journal | None:
    """Find the journal of a stack; `None`: its spec declared no `exports` when it was deployed.

    Raises:
        NotFoundError: There is no such stack.
        ServiceError: AWS refuses.
    """
    table = list_resources(clients.cloudformation, stack).get(EXPORT_JOURNAL_ID)
    return Journal(clients.dynamodb, table) if table else None


def read(journal: Journal) -> list[Exported]:
    """Read what is known of every mailbox, in both passes.

    Returns:
        The first pass, then the final one; each by name, users before resources. Name, id, stage,
        time of verification, reason and what is not exportable are fields of each.
    """
    return [entry for export_pass in Pass for entry in journal.read(export_pass)]


def _render(entry: Exported) -> dict[str, Any]:
    item: dict[str, Any] = {}
    for field in fields(entry):
        value = getattr(entry, field.name)
        if value is None or value == "":
            continue
        text = str(value).lower() if isinstance(value, bool) else str(value)
        item[_name(field.name)] = {"S": text}
    return item


def _parse(item: Mapping[str, Any]) -> Exported:
    known = {_FIELDS[name]: value["S"] for name, value in item.items() if name in _FIELDS}
    values: dict[str, Any] = {
        name: _PARSERS[name](text) if name in _PARSERS else text for name, text in known.items()
    }
    return Exported(**values)


def _name(field: str) -> str:
    """Name the attribute of a field: `job_id` is `JobId`."""
    return _KEYS.get(field) or "".join(part.capitalize() for part in field.split("_"))


_FIELDS: Mapping[str, str] = MappingProxyType(
    {_name(field.name): field.name for field in fields(Exported)}
)
"""Fields by the names of their attributes."""
