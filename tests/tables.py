"""Tables: what DynamoDB does with the calls of a ledger, conditions of writes included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from botocore.exceptions import ClientError

Key = tuple[str, str]


@dataclass
class LedgerTable:
    """DynamoDB for the ledger's three calls, on one table.

    Attributes:
        items: By partition and sort key.
        refusal: Raised by every call.
    """

    items: dict[Key, Any] = field(default_factory=dict[Key, Any])
    refusal: ClientError | None = None

    def query(self, *, ExpressionAttributeValues: Any, **more: Any) -> dict[str, Any]:  # noqa: N803 - the API's
        self._refuse()
        kind, name = (
            ExpressionAttributeValues.get(each, {}).get("S") for each in (":kind", ":name")
        )
        asked = "Kind = :kind AND #name = :name" if name else "Kind = :kind"
        assert asked == more["KeyConditionExpression"]
        found = [item for key, item in self.items.items() if key[0] == kind]
        return {"Items": [each for each in found if name in (None, each["Name"]["S"])]}

    def batch_write_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803
        self._refuse()
        for request in (each for requests in RequestItems.values() for each in requests):
            if "PutRequest" in request:
                item = request["PutRequest"]["Item"]
                self.items[_make_key(item)] = item
            else:
                self.items.pop(_make_key(request["DeleteRequest"]["Key"]), None)
        return {}

    def put_item(self, *, Item: Any, ConditionExpression: str, **more: Any) -> dict[str, Any]:  # noqa: N803
        self._refuse()
        there = self.items.get(_make_key(Item), {}).get("Revision")
        expected = more.get("ExpressionAttributeValues", {}).get(":revision")
        asked = "Revision = :revision" if expected else "attribute_not_exists(Revision)"
        assert asked == ConditionExpression
        if there != expected:
            answer = {"Error": {"Code": "ConditionalCheckFailedException", "Message": "not met"}}
            raise ClientError(cast("Any", answer), "PutItem")
        self.items[_make_key(Item)] = Item
        return {}

    def _refuse(self) -> None:
        if self.refusal:
            raise self.refusal


def _make_key(item: Mapping[str, Any]) -> Key:
    return item["Kind"]["S"], item["Name"]["S"]
