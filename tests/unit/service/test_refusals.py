"""Every error that AWS's models declare for what is called here has a way out."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, cast

import botocore.session
import pytest
from botocore.exceptions import ClientError

from workmail_org.service.failures import WORKMAIL_EXCEPTIONS, translate
from workmail_org.service.refusals import BY_CLOUDFORMATION, REFUSALS, find_advice

ROLES = Path(__file__).parents[2] / "data" / "roles.json"
"""What the roles of the handlers allow; held against templates and calls by tests/synth."""

EVERY = [(service, code) for service, each in REFUSALS.items() for code in each]


def list_called(service: str) -> set[str]:
    """List the operations of a service that handlers, or others in their name, call.

    Some actions of IAM are no operations: what WorkMail asks Directory Service for.
    """
    roles: dict[str, list[str]] = json.loads(ROLES.read_text(encoding="ascii"))
    actions = {action for each in roles.values() for action in each}
    allowed = {a.partition(":")[2] for a in actions if a.startswith(f"{service}:")}
    return (allowed | BY_CLOUDFORMATION.get(service, frozenset())) & set(
        read_model(service).operation_names
    )


@cache
def read_model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def list_modelled(service: str) -> set[str]:
    """List the codes that the model declares for what is called."""
    model = read_model(service)
    shapes = [
        each for name in list_called(service) for each in model.operation_model(name).error_shapes
    ]
    return {str(each.metadata.get("error", {}).get("code") or each.name) for each in shapes}


@pytest.mark.parametrize("service", REFUSALS)
def test_every_modelled_refusal_has_a_way_out_and_no_other(service: str) -> None:
    assert list_called(service)
    assert list_modelled(service) == set(REFUSALS[service])


def test_every_exception_of_workmail_is_in_both_tables() -> None:
    assert set(WORKMAIL_EXCEPTIONS) == set(REFUSALS["workmail"])


@pytest.mark.parametrize(("service", "code"), EVERY, ids=map(".".join, EVERY))
def test_a_way_out_is_a_sentence(service: str, code: str) -> None:
    refusal = REFUSALS[service][code]

    for text in (refusal.meaning, refusal.advice):
        assert text == text.strip().rstrip(".")
        assert 10 < len(text) < 200
    assert refusal.advice != refusal.meaning


def test_no_way_out_is_a_copy() -> None:
    """But for what a later deployment fixes, and what cannot come up."""
    counts = Counter(REFUSALS[service][code].advice for service, code in EVERY)
    repeated = [text for text, number in counts.items() if number > 2]

    assert all("deploy again" in text for text in repeated)


def fail(service: str, code: str, message: str) -> str:
    answer = {"Error": {"Code": code, "Message": message}}
    return str(translate(ClientError(cast("Any", answer), "Call"), "Call", service=service))


@pytest.mark.parametrize(("service", "code"), EVERY, ids=map(".".join, EVERY))
def test_the_way_out_stands_behind_the_words_of_aws(service: str, code: str) -> None:
    said = fail(service, code, "No.")

    assert f"Call failed with {code}: No; {REFUSALS[service][code].advice}" == said


@pytest.mark.parametrize(
    ("service", "code"),
    [("workmail", "NeverHeardOfException"), ("dynamodb", "LimitExceededException"), ("", "X")],
)
def test_what_no_model_declares_has_the_words_of_aws_alone(service: str, code: str) -> None:
    assert f"Call failed with {code}: No." == fail(service, code, "No.")
    assert find_advice(service, code) is None
