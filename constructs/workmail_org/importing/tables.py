"""Tables: the people of an organization as a CSV file that `!csv` reads. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, cast

from workmail_org.importing.notation import write_organization
from workmail_org.model.organization import Organization
from workmail_org.spec.files.headers import NAME


def render_table(organization: Organization) -> str:
    """Write the users of an organization: a column for each key that somebody has."""
    users: dict[str, dict[str, Any]] = write_organization(organization)["users"]
    columns = list(dict.fromkeys(column for body in users.values() for column in body))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([NAME, *columns])
    for name, body in users.items():
        writer.writerow([name, *(_write_cell(body.get(column)) for column in columns)])
    return text.getvalue()


def _write_cell(value: object) -> str:
    """Write a value as one cell; an empty cell is absent."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(cast("Sequence[str]", value))
    return str(value)
