from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import Stubber

from workmail_org.errors import DeniedError, TemporaryError
from workmail_org.model.values import EntityId, Kind, Reference
from workmail_org.service.clients import open_session
from workmail_org.service.ledger import DynamoDbLedger, Entry, Note, Origin

ALICE = Entry(reference=Reference(Kind.USER, "alice"), origin=Origin.CREATED)
ITEM = {"Kind": {"S": "user"}, "Name": {"S": "alice"}, "Origin": {"S": "created"}}
KEY = {"Kind": {"S": "user"}, "Name": {"S": "alice"}}
WHOLE = Entry(
    reference=Reference(Kind.GROUP, "sales"),
    origin=Origin.ADOPTED,
    id=EntityId("id-1"),
    removed_at="2026-11-22T12:00:00Z",
    enabled_before=False,
)


@pytest.fixture
def client() -> Any:
    return open_session().create_client(
        "dynamodb", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="s"
    )


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def expect_query(kind: str, start: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "TableName": "ledger",
        "KeyConditionExpression": "Kind = :kind",
        "ExpressionAttributeValues": {":kind": {"S": kind}},
        "ConsistentRead": True,
        **({"ExclusiveStartKey": start} if start else {}),
    }


def expect_find(kind: str, name: str) -> dict[str, Any]:
    return {
        **expect_query(kind),
        "KeyConditionExpression": "Kind = :kind AND #name = :name",
        "ExpressionAttributeNames": {"#name": "Name"},
        "ExpressionAttributeValues": {":kind": {"S": kind}, ":name": {"S": name}},
    }


def expect_write(*requests: dict[str, Any]) -> dict[str, Any]:
    return {"RequestItems": {"ledger": list(requests)}}


def put(item: dict[str, Any]) -> dict[str, Any]:
    return {"PutRequest": {"Item": item}}


def test_all_pages_of_a_kind_are_read(client: Any, stub: Stubber) -> None:
    second = {**ITEM, "Name": {"S": "bob"}}
    stub.add_response("query", {"Items": [ITEM], "LastEvaluatedKey": KEY}, expect_query("user"))
    stub.add_response("query", {"Items": [second]}, expect_query("user", KEY))
    found = DynamoDbLedger(client, "ledger").read(Kind.USER)

    assert [Reference(Kind.USER, "alice"), Reference(Kind.USER, "bob")] == list(found)
    assert ALICE == found[ALICE.reference]


def test_an_entry_comes_back_as_it_was_written(client: Any, stub: Stubber) -> None:
    item = {
        "Kind": {"S": "group"},
        "Name": {"S": "sales"},
        "Origin": {"S": "adopted"},
        "Id": {"S": "id-1"},
        "RemovedAt": {"S": "2026-11-22T12:00:00Z"},
        "EnabledBefore": {"S": "false"},
    }
    stub.add_response("batch_write_item", {}, expect_write(put(item)))
    stub.add_response("query", {"Items": [item]}, expect_query("group"))
    ledger = DynamoDbLedger(client, "ledger")
    ledger.put([WHOLE])

    assert {WHOLE.reference: WHOLE} == ledger.read(Kind.GROUP)


@pytest.mark.parametrize(
    "spoiled",
    [
        {**KEY},
        {**KEY, "Origin": {"S": "by hand"}},
        {**KEY, "Origin": {"N": "1"}},
        {"Kind": {"S": "nobody"}, "Name": {"S": "alice"}, "Origin": {"S": "created"}},
    ],
    ids=["without origin", "of another origin", "of another type", "of another kind"],
)
def test_an_entry_that_somebody_spoiled_is_named_and_stops_no_other(
    client: Any, stub: Stubber, spoiled: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    bob = {**ITEM, "Name": {"S": "bob"}}
    stub.add_response("query", {"Items": [spoiled, bob]}, expect_query("user"))
    found = DynamoDbLedger(client, "ledger").read(Kind.USER)

    assert [Reference(Kind.USER, "bob")] == [*found]
    assert f'"key": "{spoiled["Kind"]["S"]} alice"' in caplog.text


def test_many_entries_are_written_in_batches(client: Any, stub: Stubber) -> None:
    names = [f"u{number}" for number in range(60)]
    entries = [Entry(reference=Reference(Kind.USER, n), origin=Origin.CREATED) for n in names]
    items = [put({**ITEM, "Name": {"S": name}}) for name in names]
    for start in (0, 25, 50):
        stub.add_response("batch_write_item", {}, expect_write(*items[start : start + 25]))

    DynamoDbLedger(client, "ledger").put(entries)


def test_what_is_left_undone_is_sent_again(client: Any, stub: Stubber) -> None:
    left = {"UnprocessedItems": {"ledger": [put(ITEM)]}}
    for _ in range(3):
        stub.add_response("batch_write_item", left, expect_write(put(ITEM)))
    stub.add_response("batch_write_item", {}, expect_write(put(ITEM)))
    pauses: list[float] = []
    DynamoDbLedger(client, "ledger", pauses.append).put([ALICE])

    assert [0.1, 0.2, 0.4] == pauses


def test_what_stays_undone_is_an_error_that_may_pass(client: Any, stub: Stubber) -> None:
    left = {"UnprocessedItems": {"ledger": [put(ITEM)]}}
    for _ in range(8):
        stub.add_response("batch_write_item", left, expect_write(put(ITEM)))
    with pytest.raises(TemporaryError, match="BatchWriteItem left 1 entries"):
        DynamoDbLedger(client, "ledger", lambda _: None).put([ALICE])


def test_entries_are_forgotten(client: Any, stub: Stubber) -> None:
    expected = expect_write({"DeleteRequest": {"Key": KEY}})
    stub.add_response("batch_write_item", {}, expected)

    DynamoDbLedger(client, "ledger").drop([ALICE.reference])


def test_nothing_to_write_makes_no_call(client: Any, stub: Stubber) -> None:
    ledger = DynamoDbLedger(client, "ledger")
    ledger.put([])
    ledger.drop([])

    stub.assert_no_pending_responses()


def test_a_missing_right_is_named(client: Any, stub: Stubber) -> None:
    stub.add_client_error("query", "AccessDeniedException", "not authorized")
    with pytest.raises(DeniedError, match="Query failed with AccessDeniedException"):
        DynamoDbLedger(client, "ledger").read(Kind.USER)


def test_what_became_of_a_request_lies_beside_the_entities(client: Any, stub: Stubber) -> None:
    item = {"Kind": {"S": "judged"}, "Name": {"S": "users/1"}, "Judgement": {"S": "request-1"}}
    stub.add_response("batch_write_item", {}, expect_write(put(item)))
    stub.add_response("query", {"Items": [item]}, expect_find("judged", "users/1"))
    stub.add_response("query", {"Items": []}, expect_find("judged", "users"))
    ledger = DynamoDbLedger(client, "ledger")
    ledger.remember("users/1", "request-1")

    assert "request-1" == ledger.recall("users/1")
    assert ledger.recall("users") is None


def test_how_something_was_lies_in_a_partition_of_its_own(client: Any, stub: Stubber) -> None:
    item = {"Kind": {"S": "found"}, "Name": {"S": "retention"}, "Judgement": {"S": "note"}}
    stub.add_response("batch_write_item", {}, expect_write(put(item)))
    stub.add_response("query", {"Items": [item]}, expect_find("found", "retention"))
    stub.add_response("query", {"Items": []}, expect_find("found", "permissions"))
    ledger = DynamoDbLedger(client, "ledger")
    ledger.keep_found("retention", "note")

    assert "note" == ledger.recall_found("retention")
    assert ledger.recall_found("permissions") is None


NOTED = {
    "Kind": {"S": "judged"},
    "Name": {"S": "users requests"},
    "Judgement": {"S": "two one"},
    "Details": {"S": "{}"},
    "Revision": {"N": "8"},
}


def expect_note(**condition: Any) -> dict[str, Any]:
    return {"TableName": "ledger", "Item": NOTED, **condition}


def test_a_note_is_written_if_it_is_still_as_it_was_read(client: Any, stub: Stubber) -> None:
    condition = {
        "ConditionExpression": "Revision = :revision",
        "ExpressionAttributeValues": {":revision": {"N": "7"}},
    }
    note = Note(text="two one", details="{}", revision=7)
    stub.add_response("query", {"Items": [NOTED]}, expect_find("judged", "users requests"))
    stub.add_response("put_item", {}, expect_note(**condition))
    stub.add_client_error(
        "put_item", "ConditionalCheckFailedException", expected_params=expect_note(**condition)
    )
    ledger = DynamoDbLedger(client, "ledger")

    assert replace(note, revision=8) == ledger.read_note("users requests")
    assert ledger.write_note("users requests", note)
    assert not ledger.write_note("users requests", note)


@pytest.mark.parametrize("there", [{}, {"Judgement": {"S": "two one"}}], ids=["none", "an old one"])
def test_a_note_without_a_number_is_written_if_it_still_has_none(
    client: Any, stub: Stubber, there: dict[str, Any]
) -> None:
    items = [{**KEY, **there}] if there else []
    stub.add_response("query", {"Items": items}, expect_find("judged", "users requests"))
    condition = {"ConditionExpression": "attribute_not_exists(Revision)"}
    item = {**NOTED, "Revision": {"N": "1"}}
    stub.add_response("put_item", {}, {**expect_note(**condition), "Item": item})
    ledger = DynamoDbLedger(client, "ledger")
    found = ledger.read_note("users requests")

    assert Note(text="two one" if there else "") == found
    assert ledger.write_note("users requests", Note(text="two one", details="{}"))


def test_a_note_that_cannot_be_written_says_why(client: Any, stub: Stubber) -> None:
    stub.add_client_error("put_item", "AccessDeniedException", "not authorized")
    with pytest.raises(DeniedError, match="PutItem failed with AccessDeniedException"):
        DynamoDbLedger(client, "ledger").write_note("users requests", Note())
