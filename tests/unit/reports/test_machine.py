"""Problems for programs."""

from __future__ import annotations

import json

from workmail_org.reports import machine
from workmail_org.spec.problems import Location, Problem, Severity


def test_each_problem_has_all_its_keys() -> None:
    problems = [
        Problem(Location("config/é.yaml", 14, 7), ("users", "a.b", 0), "is wrong\x9b", "fix it"),
        Problem(Location("s.yaml", 1, 1), (), "is odd", severity=Severity.WARNING),
    ]
    report = machine.render_problems(problems)

    assert report.isascii()
    assert {
        "problems": [
            {
                "severity": "error",
                "file": "config/é.yaml",
                "line": 14,
                "column": 7,
                "path": 'users["a.b"][0]',
                "message": "is wrong\x9b",
                "hint": "fix it",
            },
            {
                "severity": "warning",
                "file": "s.yaml",
                "line": 1,
                "column": 1,
                "path": "",
                "message": "is odd",
                "hint": None,
            },
        ]
    } == json.loads(report)


def test_a_valid_spec_has_an_empty_list() -> None:
    assert {"problems": []} == json.loads(machine.render_problems([]))
