"""SARIF: problems for code scanning, which shows them beside the lines of a change.

Source: SARIF 2.1.0, OASIS standard; GitHub's "SARIF support for code scanning" asks for relative
URIs, a region and a rule for each result, and for a description and a help text of each rule.
"""

from __future__ import annotations

import json
import os
import pathlib
import urllib.parse
from typing import TYPE_CHECKING, Any

from workmail_org.spec.problems import Severity, render_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workmail_org.spec.problems import Problem

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_BASE = "%SRCROOT%"  # what relative URIs are relative to: the working folder
_RULES = {
    "spec": "The content of a spec is valid.",
    "file": "A file is UTF-8 text and can be read.",
    "yaml": "A file is one YAML 1.2 document.",
    "include": "A spec names files in its own folder, and never in a circle.",
    "csv": "A table has a header with known columns, and no row has more cells.",
    "extends": "A spec extends one other spec.",
    "derive": "A derived spec says how it differs from what it copies.",
    "expect": "The rules of a spec do what it expects of them.",
    "limits": "A spec stays within the limits of its size.",
}

_HELP = (
    "The message says what is wrong, the value, what is allowed and what to do."
    " `workmail-org validate SPEC` prints the same in a terminal."
)


def render_problems(problems: Sequence[Problem], *, version: str) -> str:
    """Write problems as a SARIF log, pure ASCII.

    Args:
        problems: In the order in which they shall appear.
        version: Version of this program.
    """
    driver = {"name": "workmail-org", "version": version, "rules": _rules(problems)}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem) for problem in problems],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rules(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Describe the rules that were broken."""
    return [_describe(rule) for rule in sorted({problem.rule for problem in problems})]


def _describe(rule: str) -> dict[str, Any]:
    sentence = {"text": _RULES.get(rule, _RULES["spec"])}
    return {
        "id": rule,
        "shortDescription": sentence,
        "fullDescription": sentence,
        "help": {"text": _HELP},
    }


def _result(problem: Problem) -> dict[str, Any]:
    hint = f"; {problem.hint}" if problem.hint else ""
    place = problem.place
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": _artifact(place.file),
            "region": {"startLine": place.line, "startColumn": place.column},
        },
    }
    path = render_path(problem.path)
    if path:
        location["logicalLocations"] = [{"fullyQualifiedName": path}]
    return {
        "ruleId": problem.rule,
        "level": "error" if problem.severity is Severity.ERROR else "warning",
        "message": {"text": f"{f'{path}: ' if path else ''}{problem.message}{hint}"},
        "locations": [location],
    }


def _artifact(file: str) -> dict[str, str]:
    """Name a file relative to the working folder, or absolutely when it lies outside."""
    absolute = pathlib.Path(os.path.normpath(pathlib.Path.cwd() / file))
    try:
        relative = absolute.relative_to(pathlib.Path.cwd())
    except ValueError:
        return {"uri": absolute.as_uri()}
    return {"uri": urllib.parse.quote(os.fsencode(relative)), "uriBaseId": _BASE}
