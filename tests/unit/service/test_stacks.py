"""What CloudFormation tells of a stack."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from workmail_org.errors import DeniedError, NotFoundError
from workmail_org.service.stacks import list_resources
from workmail_org.service.templates import read_stack

SESSION: Any = boto3.Session(
    region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
)
CLIENT = SESSION.client("cloudformation")


def make_row(logical_id: str, physical_id: str) -> dict[str, object]:
    return {
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": physical_id,
        "ResourceType": "AWS::DynamoDB::Table",
        "LastUpdatedTimestamp": "2026-11-22T00:00:00Z",
        "ResourceStatus": "CREATE_COMPLETE",
    }


def test_every_page_is_read() -> None:
    with Stubber(CLIENT) as stub:
        first = {"StackResourceSummaries": [make_row("Ledger", "table")], "NextToken": "1"}
        stub.add_response("list_stack_resources", first)
        stub.add_response("list_stack_resources", {"StackResourceSummaries": [make_row("A", "b")]})

        assert {"Ledger": "table", "A": "b"} == list_resources(CLIENT, "test-acme")


def test_a_stack_that_is_not_there_is_told_with_its_region() -> None:
    with Stubber(CLIENT) as stub:
        stub.add_client_error(
            "list_stack_resources", "ValidationError", "Stack with id test-acme does not exist"
        )
        with pytest.raises(NotFoundError, match="test-acme is not deployed in eu-west-1"):
            list_resources(CLIENT, "test-acme")


def test_a_missing_permission_is_told_as_one() -> None:
    with Stubber(CLIENT) as stub:
        stub.add_client_error("list_stack_resources", "AccessDenied", "not authorized")
        with pytest.raises(DeniedError, match="ListStackResources"):
            list_resources(CLIENT, "test-acme")


def test_the_ledger_is_not_mistaken_for_the_journal_of_exports() -> None:
    """CloudFormation lists `ExportJournal` before `Ledger`, and both are tables."""
    rows = [make_row("MailExportJournal1A2B", "journal"), make_row("MailLedger3C4D", "ledger")]
    clients: Any = SimpleNamespace(cloudformation=CLIENT)
    with Stubber(CLIENT) as stub:
        stack = {"StackName": "a", "StackStatus": "CREATE_COMPLETE", "CreationTime": "2026-11-22"}
        stub.add_response("describe_stacks", {"Stacks": [stack]})
        stub.add_response("get_template", {"TemplateBody": "{}"})
        stub.add_response("list_stack_resources", {"StackResourceSummaries": rows})

        found = read_stack(clients, "a")

    assert found is not None
    assert ("ledger", "journal") == (found.ledger, found.journal)
