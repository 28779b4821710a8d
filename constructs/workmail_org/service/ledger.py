"""The ledger: which entities of an organization are this stack's, in a DynamoDB table.

What WorkMail shows does not tell who made an entity, and what CloudFormation
says was deployed may have been refused. A lost ledger means owning nothing,
never deleting.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from workmail_org.changes.few import Known
from workmail_org.errors import NotFoundError, ServiceError, TemporaryError
from workmail_org.model.values import EntityId, Kind, Reference, parse_reference
from workmail_org.service.failures import translate
from workmail_org.service.reading import Listed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_LOG = logging.getLogger("workmail_org")

_BATCH = 25
"""Items that one BatchWriteItem takes (DynamoDB API 2012-08-10)."""

_PAUSES_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
"""Between tries of what DynamoDB left undone: "exponential backoff", its guide says; a guess."""


_JUDGED = "judged"
"""Partition of what became of requests, beside those of the kinds of entities."""

_CONFLICT = "ConditionalCheckFailedException"

_FOUND = "found"
"""Partition of how rules and settings were before a deployment touched them."""


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
        enabled_before: Whether it was switched on when the spec took it in;
            `None`: it did not exist.
        addresses: Which it had when it was taken away, the primary one first:
            WorkMail forgets them.
        settled: Digest of what was declared when the entity with this id was last seen
            to be so (`changes.settled`); `None`: it has to be read.
        made: The same of a user that the stack created, of whom nothing else is certain.
        before: How somebody who was there was found by the deployment that last wrote to
            them (`handlers.restoring`); they are put back so if it fails.
        kept: Members or delegates, folded, who left the spec and could not be taken out yet,
            such as those who are switched off.
    """

    reference: Reference
    origin: Origin
    id: EntityId | None = None
    removed_at: str | None = None
    enabled_before: bool | None = None
    addresses: tuple[str, ...] = ()
    settled: str | None = None
    made: str | None = None
    before: str | None = None
    kept: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note that several may write at once.

    Attributes:
        text: What releases before this one read and write.
        details: What they do not know, and lose when they write.
        revision: How often it was written; 0: not yet, or by such a release.
    """

    text: str = ""
    details: str = ""
    revision: int = 0


class Ledger(Protocol):
    """What handlers need of a ledger."""

    def read(self, kind: Kind) -> dict[Reference, Entry]:
        """Read all entries of a kind, by folded reference."""
        ...

    def put(self, entries: Iterable[Entry]) -> None:
        """Write entries; one of the same reference is replaced."""
        ...

    def drop(self, references: Iterable[Reference]) -> None:
        """Forget entries; absent ones are not an error."""
        ...

    def remember(self, part_name: str, judgement: str) -> None:
        """Write down what became of the last request of a custom resource."""
        ...

    def recall(self, part_name: str) -> str | None:
        """Return what became of the last request of a custom resource."""
        ...

    def read_note(self, name: str) -> Note:
        """Read a note; an empty one if there is none."""
        ...

    def write_note(self, name: str, note: Note) -> bool:
        """Write a note, unless somebody wrote it since it was read.

        Args:
            name: Of the note.
            note: With the revision that was read.

        Returns:
            Whether it was written.
        """
        ...

    def keep_found(self, part_name: str, note: str) -> None:
        """Write down how something was before a deployment touched it."""
        ...

    def recall_found(self, part_name: str) -> str | None:
        """Return how something was before a deployment touched it."""
        ...


def get_valid(entries: Mapping[Reference, Entry], rows: Iterable[Listed]) -> dict[Reference, Entry]:
    """Leave out entries of whom the stack does not answer for.

    Whoever has another id was deleted, and made anew by somebody else. Whoever is switched on and
    has no id in the ledger was never made by the stack: it writes the id down before it switches
    anybody on.
    """
    found = {row.reference.folded: row for row in rows}

    def is_valid(entry: Entry) -> bool:
        row = found.get(entry.reference)
        return row is None or (not row.enabled if entry.id is None else entry.id == row.id)

    return {reference: entry for reference, entry in entries.items() if is_valid(entry)}


def list_known(entries: Mapping[Reference, Entry]) -> dict[str, Known]:
    """List who was there, by folded name, of the entries of one kind."""
    return {
        reference.name: Known(
            id=entry.id, settled=entry.settled, is_managed=entry.removed_at is None
        )
        for reference, entry in entries.items()
        if entry.id
    }


@dataclass(frozen=True, slots=True)
class DynamoDbLedger:
    """A ledger in a table with the partition key `Kind` and the sort key `Name`."""

    client: DynamoDBClient
    table: str
    sleep: Callable[[float], None] = time.sleep

    def read(self, kind: Kind) -> dict[Reference, Entry]:
        """Read all entries of a kind, by folded reference."""
        entries = [_read_entry(item) for item in self._query(kind)]
        return {entry.reference: entry for entry in entries if entry}

    def put(self, entries: Iterable[Entry]) -> None:
        """Write entries; one of the same reference is replaced."""
        self._write([{"PutRequest": {"Item": _render(entry)}} for entry in entries])

    def drop(self, references: Iterable[Reference]) -> None:
        """Forget entries; absent ones are not an error."""
        self._write([{"DeleteRequest": {"Key": _make_key(each)}} for each in references])

    def remember(self, part_name: str, judgement: str) -> None:
        """Write down what became of the last request of a custom resource."""
        self._write_text(_JUDGED, part_name, judgement)

    def recall(self, part_name: str) -> str | None:
        """Return what became of the last request of a custom resource."""
        return self._read_text(_JUDGED, part_name)

    def read_note(self, name: str) -> Note:
        """Read a note; an empty one if there is none."""
        item = self._find(_JUDGED, name)
        return Note(
            text=item.get("Judgement", {}).get("S", ""),
            details=item.get("Details", {}).get("S", ""),
            revision=int(item.get("Revision", {}).get("N", 0)),
        )

    def write_note(self, name: str, note: Note) -> bool:
        """Write a note, unless somebody wrote it since it was read."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(Revision)"}
        if note.revision:
            condition = {
                "ConditionExpression": "Revision = :revision",
                "ExpressionAttributeValues": {":revision": {"N": str(note.revision)}},
            }
        item = {
            "Kind": {"S": _JUDGED},
            "Name": {"S": name},
            "Judgement": {"S": note.text},
            "Details": {"S": note.details},
            "Revision": {"N": str(note.revision + 1)},
        }
        try:
            self._call(
                "PutItem", self.client.put_item, TableName=self.table, Item=item, **condition
            )
        except ServiceError as error:
            if error.code == _CONFLICT:
                return False
            raise
        return True

    def keep_found(self, part_name: str, note: str) -> None:
        """Write down how something was before a deployment touched it."""
        self._write_text(_FOUND, part_name, note)

    def recall_found(self, part_name: str) -> str | None:
        """Return how something was before a deployment touched it."""
        return self._read_text(_FOUND, part_name)

    def _write_text(self, partition: str, name: str, text: str) -> None:
        item = {"Kind": {"S": partition}, "Name": {"S": name}, "Judgement": {"S": text}}
        self._write([{"PutRequest": {"Item": item}}])

    def _read_text(self, partition: str, name: str) -> str | None:
        text: str | None = self._find(partition, name).get("Judgement", {}).get("S")
        return text

    def _find(self, partition: str, name: str) -> Mapping[str, Any]:
        """Read one item; an empty one if there is none."""
        answer = self._call(
            "Query",
            self.client.query,
            TableName=self.table,
            KeyConditionExpression="Kind = :kind AND #name = :name",
            ExpressionAttributeNames={"#name": "Name"},
            ExpressionAttributeValues={":kind": {"S": partition}, ":name": {"S": name}},
            ConsistentRead=True,
        )
        items: Sequence[Mapping[str, Any]] = answer.get("Items", ())
        return items[0] if items else {}

    def _write(self, requests: Sequence[Any]) -> None:
        for start in range(0, len(requests), _BATCH):
            self._write_batch(requests[start : start + _BATCH])

    def _query(self, kind: str) -> Iterator[Mapping[str, Any]]:
        """Read all items of a partition."""
        start: dict[str, Any] = {}
        while True:
            page = self._call(
                "Query",
                self.client.query,
                TableName=self.table,
                KeyConditionExpression="Kind = :kind",
                ExpressionAttributeValues={":kind": {"S": str(kind)}},
                ConsistentRead=True,
                **start,
            )
            yield from page.get("Items", ())
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _write_batch(self, requests: Sequence[Any]) -> None:
        """Write up to 25 items; what DynamoDB leaves undone is sent again."""
        left = requests
        for pause in (*_PAUSES_SECONDS, None):
            answer = self._call(
                "BatchWriteItem", self.client.batch_write_item, RequestItems={self.table: left}
            )
            left = answer.get("UnprocessedItems", {}).get(self.table, [])
            if not left:
                return
            if pause is not None:
                self.sleep(pause)
        raise TemporaryError(
            f"BatchWriteItem left {len(left)} entries of the ledger undone",
            operation="BatchWriteItem",
        )

    def _call(
        self, operation: str, method: Callable[..., Any], **parameters: Any
    ) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = method(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise _explain(translate(error, operation), self.table) from error
        return answer


def _explain(failure: ServiceError, table: str) -> ServiceError:
    """Say how a lost ledger comes back.

    DynamoDB keeps a backup of a deleted table with point-in-time recovery for 35
    days (DynamoDB Developer Guide, "Point-in-time recovery").
    """
    if not isinstance(failure, NotFoundError):
        return failure
    return NotFoundError(
        f"the ledger, DynamoDB table {table}, is gone, and nobody else knows who is this stack's; "
        "restore its backup under the same name (aws dynamodb list-backups --backup-type ALL "
        f"--table-name {table}, then aws dynamodb restore-table-from-backup), then deploy again",
        operation=failure.operation,
        code=failure.code,
    )


def _make_key(reference: Reference) -> dict[str, Any]:
    return {"Kind": {"S": str(reference.kind)}, "Name": {"S": reference.folded.name}}


def _render(entry: Entry) -> dict[str, Any]:
    item = _make_key(entry.reference) | {"Origin": {"S": str(entry.origin)}}
    if entry.id:
        item["Id"] = {"S": entry.id}
    if entry.removed_at:
        item["RemovedAt"] = {"S": entry.removed_at}
    if entry.settled:
        item["Settled"] = {"S": entry.settled}
    if entry.made:
        item["Made"] = {"S": entry.made}
    if entry.before:
        item["Before"] = {"S": entry.before}
    if entry.kept:
        item["Kept"] = {"S": json.dumps([str(each) for each in entry.kept])}
    if entry.addresses:
        item["Addresses"] = {"S": " ".join(entry.addresses)}
    if entry.enabled_before is not None:
        item["EnabledBefore"] = {"S": str(entry.enabled_before).lower()}
    return item


def _read_entry(item: Mapping[str, Any]) -> Entry | None:
    """Read an entry; `None`: somebody edited it by hand so that it says nothing.

    Whoever it is about is then nobody's, and so neither changed nor removed; everybody else's
    entries hold.
    """
    try:
        return _parse(item)
    except (KeyError, TypeError, ValueError) as error:
        key = " ".join(str(each.get("S")) for name in ("Kind", "Name") if (each := item.get(name)))
        event = {"event": "entry of the ledger not understood", "key": key, "error": repr(error)}
        _LOG.warning(json.dumps(event))
        return None


def _parse(item: Mapping[str, Any]) -> Entry:
    text = {name: value["S"] for name, value in item.items()}
    return Entry(
        reference=Reference(Kind(text["Kind"]), text["Name"]),
        origin=Origin(text["Origin"]),
        id=EntityId(text["Id"]) if "Id" in text else None,
        removed_at=text.get("RemovedAt"),
        enabled_before=text["EnabledBefore"] == "true" if "EnabledBefore" in text else None,
        addresses=tuple(text.get("Addresses", "").split()),
        settled=text.get("Settled"),
        made=text.get("Made"),
        before=text.get("Before"),
        kept=tuple(parse_reference(each) for each in json.loads(text.get("Kept", "[]"))),
    )
