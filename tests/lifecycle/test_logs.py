"""The log: one JSON object a line, which says of which run it is, about whom, and how it went."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, Stack
from scenes import make_organization, make_user
from workmail_emulator.faults import Fault


def read_lines(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    lines = (json.loads(r.message) for r in caplog.records if r.name == "workmail_org")
    return [line for line in lines if line["event"] == event]


@pytest.fixture(autouse=True)
def log_everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="workmail_org")


def test_every_line_says_of_which_run_and_organization_it_is(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    stack.deploy(make_organization(make_user("alice")))
    lines = [json.loads(r.message) for r in caplog.records if r.name == "workmail_org"]
    users = [line for line in lines if line["kind"] == "Custom::WorkMailUsers"]

    assert [] == [line for line in lines if not {"run", "organization", "kind"} <= line.keys()]
    assert {stack.organization_id} == {line["organization"] for line in users}
    assert 1 == len({line["run"] for line in users})


def test_a_write_says_about_whom_which_and_how_it_went(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    stack.emulator.faults.add(Fault(operation="RegisterToWorkMail", code="Final", status=400))
    with pytest.raises(DeploymentFailedError):
        stack.deploy(make_organization(make_user("alice")))
    writes = read_lines(caplog, "write")

    assert [
        ("alice", "CreateUser", "done", None),
        ("alice", "RegisterToWorkMail", "failed", "Final"),
    ] == [
        (line["entity"], line["call"], line["outcome"], line.get("code"))
        for line in writes
        if line.get("entity") == "alice"
    ][:2]


def test_a_throttled_call_says_which_and_how_often(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    for operation in ("ListUsers", "CreateUser"):
        fault = Fault(operation=operation, times=2, code="ThrottlingException", status=400)
        stack.emulator.faults.add(fault)
    stack.deploy(make_organization(make_user("alice")))
    lines = [line for line in read_lines(caplog, "throttled") if "Users" in line["kind"]]

    assert [
        ("ListUsers", "ThrottlingException", 1),
        ("ListUsers", "ThrottlingException", 2),
        ("CreateUser", "ThrottlingException", 1),
        ("CreateUser", "ThrottlingException", 2),
    ] == [(line["call"], line["code"], line["tries"]) for line in lines]
    assert {stack.organization_id} == {line["organization"] for line in lines}
