"""HTML: the report as one page that needs nothing else, and prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from workmail_org.leaving.model import TITLES, Placement
from workmail_org.leaving.reporting import TEARDOWN
from workmail_org.reports.leave_text import render_result
from workmail_org.reports.leave_words import (
    describe_cost,
    describe_days,
    describe_export,
    describe_exports,
    describe_readiness,
    describe_sign_ins,
    group_sign_ins,
    list_files,
    list_gone,
    list_sums,
    list_tasks,
)
from workmail_org.reports.pages import make_environment, make_policy, read_style

if TYPE_CHECKING:
    from workmail_org.leaving.reporting import LeaveReport

_WORDS: Mapping[str, Any] = {
    "Placement": Placement,
    "titles": TITLES,
    "teardown": TEARDOWN,
    "describe_cost": describe_cost,
    "describe_export": describe_export,
    "describe_exports": describe_exports,
    "describe_readiness": describe_readiness,
    "describe_sign_ins": describe_sign_ins,
    "group_sign_ins": group_sign_ins,
    "list_files": list_files,
    "list_gone": list_gone,
    "list_sums": list_sums,
    "list_tasks": list_tasks,
}
"""What `leave.html` calls by name."""


def render_report(report: LeaveReport) -> str:
    """Write the report as one HTML page, pure ASCII: right in whatever encoding it is served."""
    style = read_style("leave.css")
    page = (
        make_environment()
        .get_template("leave.html")
        .render(
            report=report,
            style=Markup(style),  # noqa: S704 - our own file, and in a style element nothing is escaped
            policy=make_policy(style),
            verdict="nothing" if report.readiness == 100 else "refused",
            days=describe_days(report),
            result=render_result(report),
            **_WORDS,
        )
    )
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")
