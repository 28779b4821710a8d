"""Tables: the people of an organization as a CSV file that `!csv` reads. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, cast

from workmail_org.model.organization import Organization
from workmail_org.notation import write_organization
from workmail_org.spec.files.headers import NAME


def render_table(organization: Organization) -> str:
    """Write the users of an organization: a column for each key that somebody has."""
    users: dict[str, dict[str, Any]] = write_organization(organization)["users"]
    columns = list(dict.fromkeys(column for body in users.values() for column in body))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([NAME, *columns])
    for name, body in users.items():
        cells = (name, *(body.get(column) for column in columns))
        writer.writerow([_write_cell(cell) for cell in cells])
    return text.getvalue()


def _write_cell(value: object) -> str:
    """Write a value as one cell; an empty cell is absent."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return _mark(" ".join(cast("Sequence[str]", value)))
    return _mark(str(value))


def _mark(text: str) -> str:
    """Mark text that a spreadsheet would take for a formula; `!csv` reads it without the mark.

    Source:
        OWASP, "CSV Injection".
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
