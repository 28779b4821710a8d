"""Plans: each format by its name, for the command line."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, TextIO

from workmail_org.reports import plan_machine, plan_markdown, plan_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workmail_org.plan.model import Plan

_FILE_WIDTH = 140
"""Columns where no terminal says how many: wide enough that most sentences stay on one line."""


def render_all(found: Sequence[Plan], form: str, *, terminal: TextIO | None = None) -> str:
    """Write the plans of one or several specs; several as JSON are the list `plans`."""
    rendered = [render(each, form, terminal=terminal) for each in found]
    if len(rendered) > 1 and form == "json":
        return json.dumps({"plans": [json.loads(each) for each in rendered]}, indent=2)
    return "\n\n".join(each.rstrip("\n") for each in rendered) if len(rendered) > 1 else rendered[0]


def render(found: Plan, form: str, *, terminal: TextIO | None = None) -> str:
    """Write a plan.

    Args:
        found: What to write.
        form: text, json, markdown or html.
        terminal: Where it goes; `None`: into a file.
    """
    if form == "json":
        return plan_machine.render_plan(found)
    if form == "markdown":
        return plan_markdown.render_plan(found).rstrip("\n")
    if form == "html":
        from workmail_org.reports import plan_html  # Jinja2 would make every other format slower

        return plan_html.render_plan(found)
    if terminal is None or not terminal.isatty():
        return plan_text.render_plan(found, width=_FILE_WIDTH)
    # https://no-color.org: set, whatever to, and not empty
    color = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size().columns
    return plan_text.render_plan(found, width=width, color=color)
