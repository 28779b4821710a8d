"""Machine: drift as JSON, for other programs; described by schemas/drift.schema.json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workmail_org.drift.model import RowClass
from workmail_org.reports.drift_words import list_yaml

if TYPE_CHECKING:
    from workmail_org.drift.model import Drift, OrganizationDrift, Row

_VERSION = 1
"""Of the format: fields are added without a new number, never taken away or changed."""


def render_drift(drift: Drift) -> str:
    """Write drift as one JSON object, pure ASCII."""
    return json.dumps(build_document(drift), indent=2)


def build_document(drift: Drift) -> dict[str, Any]:
    """Return drift as JSON has it."""
    return {
        "version": _VERSION,
        "environment": drift.environment,
        "spec": drift.spec,
        "result": drift.result.value,
        "counts": {each.value: drift.count(each) for each in RowClass},
        "ignored": drift.ignored,
        "notes": list(drift.notes),
        "organizations": [_describe_organization(each) for each in drift.organizations],
    }


def _describe_organization(drift: OrganizationDrift) -> dict[str, Any]:
    return {
        "key": drift.key,
        "stack": drift.stack,
        "region": drift.region,
        "alias": drift.alias,
        "rows": [_describe_row(each) for each in drift.rows],
        "notes": list(drift.notes),
    }


def _describe_row(row: Row) -> dict[str, Any]:
    return {
        "path": row.name,
        "class": row.row_class.value,
        "spec": row.spec,
        "deployed": row.deployed,
        "live": row.live,
        "reason": row.reason,
        "yaml": "\n".join(list_yaml(row)) or None,
        "ignored": row.ignored,
    }
