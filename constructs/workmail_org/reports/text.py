"""Text: problems for people, one a line, safe to print on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workmail_org.spec.problems import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workmail_org.spec.problems import Problem


def render_problem(problem: Problem) -> str:
    """Write a problem on one line: `file:line:column: path: message; hint`."""
    return str(problem)


def render_summary(problems: Sequence[Problem]) -> str:
    """Count problems: `2 errors, 1 warning`."""
    counts = [(severity, _count(problems, severity)) for severity in Severity]
    return ", ".join(f"{n} {word}{'s' if n > 1 else ''}" for word, n in counts if n)


def _count(problems: Sequence[Problem], severity: Severity) -> int:
    return sum(problem.severity is severity for problem in problems)
