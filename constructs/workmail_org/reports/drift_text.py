"""Text: drift on a terminal, in colour where it has colours, plain in a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

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
from workmail_org.spec.characters import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workmail_org.drift.model import Drift, OrganizationDrift, Row

    Paint = Callable[[str, str], str]

_COLORS = {
    Result.CLEAN: "green",
    Result.PENDING: "cyan",
    Result.DRIFT: "red",
    Result.INCOMPLETE: "yellow",
}

_MOST_DECLARATIONS = 20
"""Unmanaged things of one organization whose lines of YAML a person still reads."""


def render_drift(drift: Drift, *, color: bool = False) -> str:
    """Write drift for people; the last line is for scripts.

    Args:
        drift: What to write.
        color: Whether colours may be used.
    """

    def paint(text: str, name: str) -> str:
        return click.style(text, fg=name) if color else text

    name = f"{escape(drift.environment)}: {escape(drift.spec)}"
    lines = [
        f"{name} compared with what is deployed and what is live",
        paint(SUMMARIES[drift.result], _COLORS[drift.result]),
    ]
    for organization in drift.organizations:
        lines += ["", *_list_organization(organization, paint)]
    lines += [f"note: {escape(note)}" for note in drift.notes]
    return "\n".join([*lines, "", render_result(drift)])


def render_sections(drift: Drift, *, color: bool = False) -> str:
    """Write what belongs into a plan: what was changed by hand.

    Args:
        drift: Without what is pending.
        color: Whether colours may be used.
    """

    def paint(text: str, name: str) -> str:
        return click.style(text, fg=name) if color else text

    lines = [paint(HEADLINES[drift.result], _COLORS[drift.result])]
    for organization in drift.organizations:
        lines += _list_organization(organization, paint)
    return "\n".join(lines)


def _list_organization(drift: OrganizationDrift, paint: Paint) -> Iterator[str]:
    yield (
        f"{escape(drift.key)}  {escape(drift.alias)} in {drift.region}, stack {escape(drift.stack)}"
    )
    if not drift.counted:
        yield paint("  clean", "green")
    for row_class, rows in group_rows(drift.rows):
        yield paint(f"  {row_class}: {HEADINGS[row_class]}", _choose_color(row_class))
        for position, row in enumerate(rows):
            yield from _list_row(row, with_yaml=position < _MOST_DECLARATIONS)
        if row_class is RowClass.UNMANAGED and len(rows) > _MOST_DECLARATIONS:
            yield "    --format json has the lines of YAML for all of them"
    for row in drift.rows:
        if row.ignored is not None:
            yield f"  ignored: {escape(name_row(row))}: {escape(row.ignored)}"
    for note in drift.notes:
        yield f"  note: {escape(note)}"


def _list_row(row: Row, *, with_yaml: bool) -> Iterator[str]:
    said = describe_row(row)
    yield escape(f"    {name_row(row)}: {said}" if said else f"    {name_row(row)}")
    for line in list_yaml(row) if with_yaml else ():
        yield f"      {line}"


def _choose_color(row_class: RowClass) -> str:
    if row_class is RowClass.UNREADABLE:
        return "yellow"
    return "red" if row_class in DRIFTED else "cyan"
