"""Checking: an organization declared in Python, by the rules for one declared in YAML."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workmail_org.errors import SpecError
from workmail_org.model.organization import Organization
from workmail_org.spec.building import load_environment
from workmail_org.spec.problems import Problem, render_path

_KEY = "organization"

_YAML_ONLY = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""Characters that JSON leaves as they are and YAML does not read as they are."""


def check_organization(declared: Mapping[str, Any]) -> Organization:
    """Build an organization from what a spec would say of it.

    Args:
        declared: Plain data, as below a key of `organizations`.

    Raises:
        SpecError: Each problem without a place: there is no file.
    """
    spec = {"version": 1, "environment": "app", "organizations": {_KEY: declared}}
    # JSON is YAML in which no text can be taken for a number or a boolean.
    text = _YAML_ONLY.sub(
        lambda found: f"\\u{ord(found[0]):04x}", json.dumps(spec, ensure_ascii=False)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "organization.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            return load_environment(path).organizations[0]
        except SpecError as error:
            raise SpecError([_leave_out_file(p, path) for p in error.problems]) from None


def _leave_out_file(problem: object, path: Path) -> str:
    if not isinstance(problem, Problem):
        return str(problem)
    # The first two steps, organizations and its key, are not the author's.
    parts = [render_path(problem.path[2:]), problem.message]
    text = ": ".join(part for part in parts if part)
    if problem.hint:
        text = f"{text}; {problem.hint}"
    # Of two that clash, one is named with its place.
    return re.sub(rf" at {re.escape(str(path))}:\d+", "", text)
