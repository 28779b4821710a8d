"""Words: how every report of drift names what it found."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, cast

from workmail_org.differences.finding import PRESENT
from workmail_org.drift.model import Drift, Result, Row, RowClass
from workmail_org.reports.resolved import render_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HEADINGS = {
    RowClass.UNREADABLE: "could not be looked at: neither clean nor drift",
    RowClass.GONE: "deployed, and not there any more",
    RowClass.CONFLICT: "changed in the spec and in WorkMail: a deployment overwrites WorkMail's",
    RowClass.DRIFT: "changed in WorkMail since the last deployment",
    RowClass.UNMANAGED: "live and declared nowhere",
    RowClass.CONVERGED: "changed in WorkMail to what the spec says by now",
    RowClass.PENDING_REMOVAL: "not declared any more, and not removed yet",
    RowClass.PENDING: "declared, and not deployed yet",
}
"""What each class means."""

SUMMARIES = {
    Result.CLEAN: "what is live is as deployed and as declared",
    Result.PENDING: "nothing that the spec does not say was changed by hand; the spec is ahead",
    Result.DRIFT: "what is live was changed since the last deployment",
    Result.INCOMPLETE: "not everything could be looked at",
}

HEADLINES = {
    Result.CLEAN: "nothing was changed by hand since the last deployment",
    Result.PENDING: "nothing was changed by hand since the last deployment",
    Result.DRIFT: "changed by hand since the last deployment, or declared nowhere",
    Result.INCOMPLETE: "not everything that is live could be looked at",
}
"""The same within a plan, which tells by itself what the spec is ahead of."""


def group_rows(rows: Sequence[Row]) -> Iterator[tuple[RowClass, list[Row]]]:
    """Group rows by class, without those that are ignored."""
    counted = [row for row in rows if row.ignored is None]
    for row_class, group in groupby(counted, key=lambda row: row.row_class):
        yield row_class, list(group)


def name_row(row: Row) -> str:
    """Name a value as a spec does."""
    return row.name or "the organization"


def describe_row(row: Row) -> str:
    """Write the values of a row; empty: its class says it all."""
    if row.reason is not None:
        return row.reason
    if PRESENT in (row.spec, row.deployed, row.live):
        return ""
    sides = [("spec", row.spec), ("deployed", row.deployed), ("live", row.live)]
    # The spec says the same as what is deployed, or neither says anything.
    left = {RowClass.DRIFT: 1, RowClass.GONE: 1, RowClass.UNMANAGED: 2}.get(row.row_class, 0)
    return ", ".join(f"{name} {show_value(value)}" for name, value in sides[left:])


def show_value(value: object) -> str:
    """Write a value as YAML does in a line."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(show_value(each) for each in cast('Sequence[object]', value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def list_yaml(row: Row) -> list[str]:
    """Write the lines that would take in what is unmanaged."""
    return render_value(row.declaration).splitlines() if row.declaration else []


def render_result(drift: Drift) -> str:
    """Write the line for scripts: one word, then counts."""
    counts = " ".join(f"{each.value.replace(' ', '_')}={drift.count(each)}" for each in RowClass)
    return (
        f"result: {drift.result} organizations={len(drift.organizations)} {counts} "
        f"ignored={drift.ignored}"
    )
