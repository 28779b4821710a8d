"""Reports of leaving: each format by its name, for the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workmail_org.reports import leave_machine, leave_text

if TYPE_CHECKING:
    from workmail_org.leaving.reporting import LeaveReport


def render(report: LeaveReport, form: str) -> str:
    """Write a report.

    Args:
        report: What to write.
        form: text, json or html.
    """
    if form == "json":
        return leave_machine.render_report(report)
    if form == "html":
        from workmail_org.reports import leave_html  # Jinja2 would make every other format slower

        return leave_html.render_report(report)
    return leave_text.render_report(report)
