"""Which calls are asked about, and which of them as taking something away."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from cloudformation import Stack
from scenes import make_emulator
from workmail_org.service.gates import gate

SESSION: Any = boto3.Session(
    region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
)
ADDS = ("Associate", "Create", "Register", "Tag")
READS = ("Describe", "Get", "List")


class StoppedError(Exception):
    """What the gate raises, with whether the call takes something away."""


def stop(*, takes_away: bool) -> None:
    raise StoppedError(takes_away)


class Recorder:
    """A client that answers every call."""

    def __getattr__(self, name: str) -> Any:
        return self._answer

    def _answer(self) -> str:
        return "called"


def ask(method: str) -> object:
    """Call a method of a gated client; tell what was asked, or `None`."""
    clients = Stack(make_emulator()).make_run().clients
    recorder: Any = Recorder()
    gated: Any = gate(clients, stop)
    object.__setattr__(gated.workmail, "client", recorder)
    try:
        getattr(gated.workmail, method)()
    except StoppedError as stopped:
        return stopped.args[0]
    return None


def find_expected(operation: str) -> bool | None:
    if operation.startswith(READS):
        return None
    return not operation.startswith(ADDS)


def test_every_operation_of_workmail_is_a_read_or_adds_or_counts_as_taking_away() -> None:
    methods: dict[str, str] = SESSION.client("workmail").meta.method_to_api_mapping
    asked = {operation: ask(method) for method, operation in methods.items()}

    assert {operation: find_expected(operation) for operation in asked} == asked
    assert 92 == len(asked)


@pytest.mark.parametrize(
    ("method", "asked"),
    [
        ("create_directory", False),
        ("connect_directory", False),
        ("enable_directory_data_access", False),
        ("delete_directory", True),
        ("put_secret_value", False),
        ("batch_write_item", False),
        ("query", None),
        ("get_secret_value", None),
        ("something_new", True),
    ],
)
def test_other_services_are_asked_about_too(method: str, asked: object) -> None:
    assert asked == ask(method)
