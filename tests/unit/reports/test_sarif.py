"""Problems for code scanning."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import jsonschema
import pytest

from workmail_org.reports import sarif
from workmail_org.spec.problems import Location, Problem, Severity

STANDARD: Any = jsonschema.Draft7Validator(
    json.loads(
        (pathlib.Path(__file__).parents[2] / "data" / "sarif-2.1.0.schema.json").read_text("utf-8")
    )
)
"""What the standard's schema says of the parts that we write, every required one among them."""


def _render(*problems: Problem) -> Any:
    report = sarif.render_problems(problems, version="1.2.3")

    assert report.isascii()
    log = json.loads(report)
    STANDARD.validate(log)
    return log


def test_a_problem_is_a_result_with_a_rule_and_a_region() -> None:
    problem = Problem(
        Location("config/my spec.yaml", 14, 7), ("users", "a"), "is wrong", "fix it", rule="yaml"
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
                                "fullDescription": {"text": "A file is one YAML 1.2 document."},
                                "help": {
                                    "text": "The message says what is wrong, the value, what is"
                                    " allowed and what to do. `workmail-org validate SPEC` prints"
                                    " the same in a terminal."
                                },
                            }
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    {
                        "ruleId": "yaml",
                        "level": "error",
                        "message": {"text": "users.a: is wrong; fix it"},
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


def test_every_kind_of_problem_fits_the_schema_of_the_standard() -> None:
    """`_render` holds each log against it."""
    place = Location("s.yaml", 1, 1)
    rules = ("spec", "file", "yaml", "include", "csv", "extends", "derive", "expect", "limits")
    problems = [
        Problem(place, path, "x", hint, severity, rule)
        for rule in rules
        for severity in Severity
        for path, hint in (((), None), (("a", 0), "y"))
    ]

    run = _render(*problems)["runs"][0]

    assert len(problems) == len(run["results"])
    texts = {rule["fullDescription"]["text"] for rule in run["tool"]["driver"]["rules"]}
    assert len(rules) == len(texts)


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        ((), "version", None),
        (("runs", 0), "tool", None),
        (("runs", 0, "tool", "driver"), "name", None),
        (("runs", 0, "results", 0), "message", None),
        (("runs", 0, "results", 0), "level", "fatal"),
        (("runs", 0, "results", 0, "locations", 0, "physicalLocation"), "line", 1),
    ],
    ids=["version", "tool", "name", "message", "level", "unknown"],
)
def test_the_schema_of_the_standard_refuses_what_is_incomplete(
    path: tuple[str | int, ...], key: str, value: object
) -> None:
    log = _render(Problem(Location("s.yaml", 1, 1), (), "x"))
    part = log
    for step in path:
        part = part[step]
    part[key] = value  # None fits none of them

    with pytest.raises(jsonschema.ValidationError):
        STANDARD.validate(log)
