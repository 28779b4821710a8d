"""Machine: problems and records as JSON, for other programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from workmail_org.spec.problems import render_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workmail_org.model.domain import DnsRecord
    from workmail_org.spec.problems import Problem


def render_problems(problems: Sequence[Problem]) -> str:
    """Write problems as one JSON object, pure ASCII; an empty list for a valid spec."""
    return json.dumps({"problems": [_describe(problem) for problem in problems]}, indent=2)


def render_records(
    records: Mapping[str, Sequence[tuple[str, Sequence[DnsRecord]]]],
) -> str:
    """Write the DNS records of domains as one JSON object, by organization; TXT unquoted."""
    found = [
        {
            "organization": organization,
            "domain": domain,
            "type": record.type,
            "name": record.name,
            "value": record.value,
        }
        for organization, domains in records.items()
        for domain, its_records in domains
        for record in its_records
    ]
    return json.dumps({"records": found}, indent=2)


def _describe(problem: Problem) -> dict[str, str | int | None]:
    return {
        "severity": problem.severity.value,
        "file": problem.place.file,
        "line": problem.place.line,
        "column": problem.place.column,
        "path": render_path(problem.path),
        "message": problem.message,
        "hint": problem.hint,
    }
