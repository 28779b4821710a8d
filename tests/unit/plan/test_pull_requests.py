"""Ten pull requests as people make them, each with the comment that its reviewer reads.

After a change that is meant: `UPDATE_PLANS=1 pytest tests/unit/plan/test_pull_requests.py`,
then read every difference with your own eyes.
"""

from __future__ import annotations

import os

import pytest

from reviewing import FOLDER, NAMES, make_plan
from workmail_org.plan.model import Verdict
from workmail_org.reports import plan_html
from workmail_org.reports.plan_markdown import render_plan

REFUSED = {"lockout", "retention", "typo"}


def test_there_are_ten() -> None:
    assert 10 == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_pull_request_has_the_comment_that_was_read_and_found_clear(name: str) -> None:
    path = FOLDER / name / "plan.md"
    actual = render_plan(make_plan(name))
    if os.environ.get("UPDATE_PLANS"):
        path.write_text(actual, encoding="utf-8")

    assert path.read_text(encoding="utf-8") == actual


def test_the_page_whose_picture_the_readme_shows_is_that_of_today() -> None:
    """After a change: chromium --headless --screenshot --window-size=1000,860 of the page."""
    path = FOLDER / "leaver" / "plan.html"
    actual = plan_html.render_plan(make_plan("leaver"))
    if os.environ.get("UPDATE_PLANS"):
        path.write_text(actual, encoding="utf-8")

    assert path.read_text(encoding="utf-8") == actual


@pytest.mark.parametrize("name", NAMES)
def test_what_needs_a_person_is_refused(name: str) -> None:
    assert (Verdict.REFUSED if name in REFUSED else Verdict.CHANGES) is make_plan(name).verdict
