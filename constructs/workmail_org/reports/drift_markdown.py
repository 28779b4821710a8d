"""Markdown: drift as the text of an issue, what has to be looked at first, the rest folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workmail_org.drift.model import DRIFTED, Result, RowClass
from workmail_org.reports.drift_words import (
    HEADINGS,
    HEADLINES,
    SUMMARIES,
    describe_row,
    group_rows,
    list_yaml,
    name_row,
    render_result,
)
from workmail_org.reports.plan_markdown import MAX_LENGTH, code, cut, fence, measure, safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workmail_org.drift.model import Drift, OrganizationDrift, Row

MARKER = "<!-- workmail-org drift -->"
"""First line, by which an issue is found again."""

_SYMBOLS = {
    Result.CLEAN: "✅",
    Result.PENDING: "📋",
    Result.DRIFT: "⚠️",
    Result.INCOMPLETE: "❔",
}


def render_drift(drift: Drift, *, max_length: int = MAX_LENGTH) -> str:
    """Write drift as Markdown, cut at a line with a note where it would be too long.

    Args:
        drift: What to write.
        max_length: In UTF-16 code units, as GitHub counts.
    """
    text = "\n".join(_list_lines(drift)) + "\n"
    return text if measure(text) <= max_length else cut(text, max_length)


def render_sections(drift: Drift, *, max_length: int) -> str:
    """Write what belongs into the comment about a plan: what was changed by hand.

    Args:
        drift: Without what is pending.
        max_length: In UTF-16 code units.
    """
    lines = [f"### {_SYMBOLS[drift.result]} {HEADLINES[drift.result].capitalize()}", ""]
    for organization in drift.organizations:
        lines += _list_organization(organization)
    text = "\n".join(lines) + "\n"
    return text if measure(text) <= max_length else cut(text, max_length)


def _list_lines(drift: Drift) -> Iterator[str]:
    yield MARKER
    yield f"### {_SYMBOLS[drift.result]} {safe(drift.environment)}: {SUMMARIES[drift.result]}"
    yield ""
    yield f"{code(drift.spec)} compared with what is deployed and what is live"
    yield ""
    yield code(render_result(drift))  # before the rows, so that no cut takes it away
    yield ""
    for organization in drift.organizations:
        yield from _list_organization(organization)
    for note in drift.notes:
        yield f"> {safe(note)}"
        yield ""


def _list_organization(drift: OrganizationDrift) -> Iterator[str]:
    yield f"#### {safe(drift.key)} ({safe(drift.alias)}, {drift.region})"
    yield ""
    if not drift.counted:
        yield "clean"
        yield ""
    for row_class, rows in group_rows(drift.rows):
        title = f"**{row_class}**: {HEADINGS[row_class]}"
        if row_class in DRIFTED or row_class is RowClass.UNREADABLE:
            yield title
            yield ""
            yield from _list_rows(rows)
        else:
            yield f"<details><summary>{len(rows):,} {row_class}: {HEADINGS[row_class]}</summary>"
            yield ""
            yield from _list_rows(rows)
            yield "</details>"
            yield ""
    for row in drift.rows:
        if row.ignored is not None:
            yield f"- _ignored:_ {code(name_row(row))}: {safe(row.ignored)}"
    yield ""
    for note in drift.notes:
        yield f"> {safe(note)}"
        yield ""


def _list_rows(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        said = describe_row(row)
        yield f"- {code(name_row(row))}: {safe(said)}" if said else f"- {code(name_row(row))}"
    yield ""
    lines = [line for row in rows for line in list_yaml(row)]
    if lines:
        yield "To take it in, add to the organization:"
        yield ""
        yield from fence(lines, "yaml")
        yield ""
