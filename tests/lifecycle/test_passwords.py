"""Passwords appear in the secret and in CreateUser, and nowhere else."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, Stack
from scenes import make_organization, make_user
from workmail_emulator.errors import ResponseLost, ServiceFault
from workmail_emulator.faults import Fault
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.service import passwords

CANARY = "Canary-7-in-the-coal-mine"
ORGANIZATION = make_organization(make_user("alice"), make_user("bob"))


@pytest.fixture(autouse=True)
def sing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every password be the canary."""
    monkeypatch.setattr(passwords, "generate_password", lambda: CANARY)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Everything that a handler answered."""
    collected: list[object] = []
    invoke: Callable[..., dict[str, Any]] = Stack.invoke

    def collect(self: Stack, *arguments: Any) -> dict[str, Any]:
        collected.append(arguments[0])
        answer = invoke(self, *arguments)
        collected.append(answer)
        return answer

    monkeypatch.setattr(Stack, "invoke", collect)
    return collected


FAULTS = {
    "none": None,
    "refused with the password in the message": Fault(
        operation="CreateUser",
        code="InvalidPasswordException",
        message="The password does not match the policy.",
        status=400,
    ),
    "answer lost": Fault(operation="CreateUser", answer="lost", times=0),
    "denied": Fault(operation="CreateUser", code="AccessDeniedException", status=400),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_no_password_is_in_any_answer_log_line_reason_or_ledger(
    stack: Stack, answers: list[object], caplog: pytest.LogCaptureFixture, fault: Fault | None
) -> None:
    caplog.set_level(logging.DEBUG, logger="workmail_org")
    if fault:
        stack.emulator.faults.add(fault)
        with pytest.raises(DeploymentFailedError) as failed:
            stack.deploy(ORGANIZATION)
        assert CANARY not in "".join(map(str, (failed.value, failed.value.__cause__)))
    else:
        stack.deploy(ORGANIZATION)

    assert CANARY in stack.secrets.values["arn:secret0"]
    assert CANARY not in caplog.text
    assert CANARY not in str(answers)
    assert CANARY not in str(stack.reasons)
    assert CANARY not in str(stack.ledger.entries)


def test_a_password_is_on_record_before_its_user_exists(stack: Stack) -> None:
    seen: list[set[str]] = []

    def watch(phase: str, call: Any) -> None:
        if phase == "before" and call.operation == "CreateUser":
            seen.append(set(json.loads(stack.secrets.values["arn:secret0"])))

    stack.emulator.on_call = watch
    stack.deploy(ORGANIZATION)

    assert [{"alice", "bob"}, {"alice", "bob"}] == seen


@pytest.fixture
def numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let passwords be told apart."""
    made = iter(f"{CANARY}-{number}" for number in range(9))
    monkeypatch.setattr(passwords, "generate_password", lambda: next(made))


@pytest.mark.usefixtures("numbered")
@pytest.mark.parametrize("lost", [True, False], ids=["answer lost", "thrown back"])
def test_a_second_try_uses_the_same_password(stack: Stack, lost: bool) -> None:
    struck = [0]

    def strike(phase: str, call: Any) -> None:
        if call.operation == "CreateUser" and phase == ("after" if lost else "before"):
            struck[0] += 1
            if struck[0] == 1:
                raise ResponseLost if lost else ServiceFault("InternalFailure", "", status=500)

    stack.emulator.on_call = strike
    stack.deploy(make_organization(make_user("alice")))

    assert f'{{"alice": "{CANARY}-0"}}' == stack.secrets.values["arn:secret0"]


@pytest.mark.usefixtures("numbered")
def test_who_is_hired_under_the_name_of_somebody_deleted_does_not_get_their_password(
    stack: Stack,
) -> None:
    deleting = OnRemoval(users=Removal.DELETE)
    alice = make_user("alice")
    stack.deploy(make_organization(alice, make_user("bob"), on_removal=deleting))
    stack.deploy(make_organization(make_user("bob"), on_removal=deleting))
    another = replace(alice, display_name="Another Alice")
    stack.deploy(make_organization(another, make_user("bob"), on_removal=deleting))
    held: dict[str, str] = json.loads(stack.secrets.values["arn:secret0"])

    assert {"alice": f"{CANARY}-2", "bob": f"{CANARY}-1"} == held


@pytest.mark.usefixtures("numbered")
def test_a_deployment_that_failed_before_anybody_was_made_makes_another_password(
    stack: Stack,
) -> None:
    stack.emulator.faults.add(Fault(operation="CreateUser", code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(make_organization(make_user("alice")))
    stack.deploy(make_organization(make_user("alice")))

    assert f'{{"alice": "{CANARY}-1"}}' == stack.secrets.values["arn:secret0"]


def test_an_existing_user_gets_no_password(stack: Stack) -> None:
    stack.deploy(ORGANIZATION)
    before = dict(stack.secrets.values)
    stack.deploy(make_organization(replace(ORGANIZATION.users[0], city="Bonn")))
    stack.deploy(ORGANIZATION)

    assert before == stack.secrets.values


def test_a_secret_that_somebody_broke_is_refused_without_its_text(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    stack.secrets.values["arn:secret0"] = f"alice: {CANARY}"
    caplog.set_level(logging.INFO, logger="workmail_org")
    with pytest.raises(DeploymentFailedError, match="arn:secret0 is not a JSON object") as failed:
        stack.deploy(ORGANIZATION)

    assert CANARY not in str(failed.value) + caplog.text
    assert not [call for call in stack.emulator.calls if call.operation == "CreateUser"]
