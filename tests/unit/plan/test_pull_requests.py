"""Ten pull requests as people make them, each with the comment that its reviewer reads.

After a change that is meant: `UPDATE_PLANS=1 pytest tests/unit/plan/test_pull_requests.py`,
then read every difference with your own eyes.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from workmail_org.plan.bases import make_base
from workmail_org.plan.model import Plan, Verdict
from workmail_org.plan.planning import Question, plan
from workmail_org.reports.plan_markdown import render_plan
from workmail_org.spec.building import load_environment

FOLDER = Path(__file__).parents[2] / "data" / "plans"
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/after.yaml"))
TODAY = date(2026, 11, 22)

REFUSED = {"lockout", "retention", "typo"}


def make_plan(name: str) -> Plan:
    """Plan one pull request; a spec that is new has nothing to be compared with."""
    folder = FOLDER / name
    before = folder / "before.yaml"
    base = load_environment(before, root=FOLDER) if before.exists() else None
    environment = load_environment(folder / "after.yaml", root=FOLDER)
    described = "main" if base else "main, which has no such spec"
    question = Question(spec=f"config/{environment.name}.yaml", today=TODAY)
    return plan(environment, make_base(described, base), question)


def test_there_are_ten() -> None:
    assert 10 == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_pull_request_has_the_comment_that_was_read_and_found_clear(name: str) -> None:
    path = FOLDER / name / "plan.md"
    actual = render_plan(make_plan(name))
    if os.environ.get("UPDATE_PLANS"):
        path.write_text(actual, encoding="utf-8")

    assert path.read_text(encoding="utf-8") == actual


@pytest.mark.parametrize("name", NAMES)
def test_what_needs_a_person_is_refused(name: str) -> None:
    assert (Verdict.REFUSED if name in REFUSED else Verdict.CHANGES) is make_plan(name).verdict
