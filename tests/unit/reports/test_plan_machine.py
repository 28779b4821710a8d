"""A plan as JSON keeps to its schema."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from transitions import TRANSITIONS
from workmail_org.changes.consequences import Consequence
from workmail_org.model.organization import Environment, Organization
from workmail_org.plan.bases import make_base
from workmail_org.plan.mailflow import Outcome
from workmail_org.plan.planning import Question, plan
from workmail_org.reports.plan_machine import render_plan

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "schemas" / "plan.schema.json").read_text("utf-8")
)


def make_document(before: Organization | None, after: Organization) -> dict[str, Any]:
    base = Environment(name="test", organizations=(before,)) if before else None
    environment = Environment(name="test", organizations=(after,))
    question = Question(spec="spec.yaml", today=date(2026, 11, 22))
    text = render_plan(plan(environment, make_base("main", base), question))

    assert text.isascii()
    return json.loads(text)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(("before", "after"), TRANSITIONS.values(), ids=TRANSITIONS.keys())
def test_every_plan_keeps_to_the_schema(before: Organization | None, after: Organization) -> None:
    document = make_document(before, after)

    validator: Any = Draft202012Validator(SCHEMA)

    assert [] == [error.message for error in validator.iter_errors(document)]


def test_only_a_plan_of_a_repair_has_the_text_for_one() -> None:
    before, after = TRANSITIONS["a leaver"]
    assert before
    environment, base = (
        Environment(name="test", organizations=(each,)) for each in (after, before)
    )
    question = Question(spec="spec.yaml", today=date(2026, 11, 22), repairs=True)
    document = json.loads(render_plan(plan(environment, make_base("main", base), question)))
    validator: Any = Draft202012Validator(SCHEMA)

    assert (document["approval"], True) == (document["repair"], validator.is_valid(document))
    assert make_document(before, after)["repair"] is None


def test_the_schema_knows_every_class_and_every_outcome() -> None:
    definitions = SCHEMA["$defs"]

    assert [each.value for each in Consequence] == definitions["consequence"]["enum"]
    assert [each.value for each in Outcome] == definitions["flow"]["properties"]["outcome"]["enum"]


def test_every_change_is_counted() -> None:
    document = make_document(*TRANSITIONS["a leaver"])
    changes = document["organizations"][0]["changes"]

    assert len(changes) == sum(document["counts"].values())
