"""Drifts: each format by its name, for the command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO

from workmail_org.reports import drift_machine, drift_markdown, drift_text
from workmail_org.reports.drift_words import render_result

if TYPE_CHECKING:
    from workmail_org.drift.model import Drift

__all__ = ["render", "render_result"]


def render(found: Drift, form: str, *, terminal: TextIO | None = None) -> str:
    """Write drift.

    Args:
        found: What to write.
        form: text, json, markdown or html.
        terminal: Where it goes; `None`: into a file.
    """
    if form == "json":
        return drift_machine.render_drift(found)
    if form == "markdown":
        return drift_markdown.render_drift(found).rstrip("\n")
    if form == "html":
        from workmail_org.reports import drift_html  # Jinja2 would make every other format slower

        return drift_html.render_drift(found)
    # https://no-color.org: set, whatever to, and not empty
    color = (
        terminal is not None
        and terminal.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )
    return drift_text.render_drift(found, color=color)
