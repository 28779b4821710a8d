"""Problems for code scanning."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from workmail_org.reports import sarif
from workmail_org.spec.problems import Location, Problem, Severity


def _render(*problems: Problem) -> Any:
    report = sarif.render_problems(problems, version="1.2.3")

    assert report.isascii()
    return json.loads(report)


def test_a_problem_is_a_result_with_a_rule_and_a_region() -> None:
    problem = Problem(
        Location("config/my spec.yaml", 14, 7), ("users", "a"), "is wrong", "mend it", rule="yaml"
    )

    assert {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "workmail-org",
                        "version": "1.2.3",
                        "rules": [
                            {
                                "id": "yaml",
                                "shortDescription": {"text": "A file is one YAML 1.2 document."},
                            }
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    {
                        "ruleId": "yaml",
                        "level": "error",
                        "message": {"text": "users.a: is wrong; mend it"},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {
                                        "uri": "config/my%20spec.yaml",
                                        "uriBaseId": "%SRCROOT%",
                                    },
                                    "region": {"startLine": 14, "startColumn": 7},
                                },
                                "logicalLocations": [{"fullyQualifiedName": "users.a"}],
                            }
                        ],
                    }
                ],
            }
        ],
    } == _render(problem)


def test_a_warning_is_a_warning_and_the_root_has_no_name() -> None:
    problem = Problem(Location("s.yaml", 1, 1), (), "is odd", severity=Severity.WARNING)
    (result,) = _render(problem)["runs"][0]["results"]

    assert ("warning", "is odd") == (result["level"], result["message"]["text"])
    assert "logicalLocations" not in result["locations"][0]


@pytest.mark.parametrize("name", ["config/s.yaml", "./config/s.yaml", "config/../config/s.yaml"])
def test_files_are_named_relative_to_the_working_folder(name: str) -> None:
    for file in (name, str(pathlib.Path.cwd() / name)):
        (result,) = _render(Problem(Location(file, 1, 1), (), "is odd"))["runs"][0]["results"]

        assert {"uri": "config/s.yaml", "uriBaseId": "%SRCROOT%"} == result["locations"][0][
            "physicalLocation"
        ]["artifactLocation"]


def test_a_file_outside_the_working_folder_is_named_absolutely() -> None:
    (result,) = _render(Problem(Location("/else where/s.yaml", 1, 1), (), "x"))["runs"][0][
        "results"
    ]

    assert {"uri": "file:///else%20where/s.yaml"} == result["locations"][0]["physicalLocation"][
        "artifactLocation"
    ]


def test_a_file_name_that_is_no_text_is_named_by_its_bytes() -> None:
    (result,) = _render(Problem(Location("a\udcff.yaml", 1, 1), (), "x"))["runs"][0]["results"]

    assert "a%FF.yaml" == result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def test_each_broken_rule_is_described_once() -> None:
    place = Location("s.yaml", 1, 1)
    run = _render(
        Problem(place, (), "a", rule="yaml"), Problem(place, (), "b"), Problem(place, (), "c")
    )["runs"][0]

    assert ["spec", "yaml"] == [rule["id"] for rule in run["tool"]["driver"]["rules"]]


def test_a_valid_spec_has_no_results() -> None:
    run = _render()["runs"][0]

    assert ([], []) == (run["results"], run["tool"]["driver"]["rules"])
