"""Problems for people."""

from __future__ import annotations

import pytest

from workmail_org.reports import text
from workmail_org.spec.characters import escape
from workmail_org.spec.problems import Location, Problem, Severity

_PLACE = Location("s.yaml", 1, 2)


@pytest.mark.parametrize(
    ("unsafe", "safe"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x00\x7f\x9b", "\\x00\\x7f\\x9b"),
        ("a\u202eb\u2066", "a\\u202eb\\u2066"),
        ("\u2028\ufeff\ud800", "\\u2028\\ufeff\\ud800"),
        ("Zoë 😀 → 日本", "Zoë 😀 → 日本"),
    ],
)
def test_what_steers_a_terminal_is_shown_instead(unsafe: str, safe: str) -> None:
    assert safe == escape(unsafe)


def test_a_problem_is_one_safe_line() -> None:
    problem = Problem(_PLACE, ("a\nb",), '"\x1b]0;x\x07" is wrong', "say\u0085no")

    assert 's.yaml:1:2: ["a\\nb"]: "\\x1b]0;x\\x07" is wrong; say\\x85no' == text.render_problem(
        problem
    )


@pytest.mark.parametrize(
    ("errors", "warnings", "summary"),
    [(0, 0, ""), (1, 0, "1 error"), (2, 1, "2 errors, 1 warning"), (0, 2, "2 warnings")],
)
def test_problems_are_counted(errors: int, warnings: int, summary: str) -> None:
    problems = [Problem(_PLACE, (), "is wrong")] * errors
    problems += [Problem(_PLACE, (), "is odd", severity=Severity.WARNING)] * warnings

    assert summary == text.render_summary(problems)
