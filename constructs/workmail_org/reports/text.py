"""Text: problems for people, one a line, safe to print on a terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workmail_org.spec.problems import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workmail_org.spec.problems import Problem

# C0, DEL and C1 steer terminals; U+2028 and U+2029 break lines; the bidirectional controls make a
# line read other than it is (CVE-2021-42574); half a surrogate pair cannot be printed at all.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def render_problem(problem: Problem) -> str:
    """Write a problem on one line: `file:line:column: path: message; hint`."""
    return escape(str(problem))


def render_summary(problems: Sequence[Problem]) -> str:
    """Count problems: `2 errors, 1 warning`."""
    counts = [(severity, _count(problems, severity)) for severity in Severity]
    return ", ".join(f"{n} {word}{'s' if n > 1 else ''}" for word, n in counts if n)


def escape(text: str) -> str:
    r"""Make what steers a terminal visible: `\x1b` instead of an escape character."""
    return _UNSAFE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def _count(problems: Sequence[Problem], severity: Severity) -> int:
    return sum(problem.severity is severity for problem in problems)
