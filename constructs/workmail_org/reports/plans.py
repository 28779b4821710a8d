"""Plans: each format by its name, for the command line."""

from __future__ import annotations

import json
import os
import shutil
from itertools import zip_longest
from typing import TYPE_CHECKING, TextIO

from workmail_org.reports import (
    drift_markdown,
    drift_text,
    plan_machine,
    plan_markdown,
    plan_text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workmail_org.drift.model import Drift
    from workmail_org.plan.model import Plan

_VERSION = 1
"""Of the format of several plans; counts up when a reader of the version before would err."""

_FILE_WIDTH = 140
"""Columns where no terminal says how many: wide enough that most sentences stay on one line."""


def render_all(
    found: Sequence[Plan],
    form: str,
    *,
    terminal: TextIO | None = None,
    drifts: Sequence[Drift | None] = (),
) -> str:
    """Write the plans of one or several specs.

    Several as JSON are the list `plans`, as schemas/plans.schema.json describes it.

    Args:
        found: The plans.
        form: As in `render`.
        terminal: As in `render`.
        drifts: What was changed by hand, of each; empty: nobody has looked.
    """
    rendered = [
        render(each, form, terminal=terminal, drift=drift)
        for each, drift in zip_longest(found, drifts)
    ]
    if len(rendered) > 1 and form == "json":
        plans = [json.loads(each) for each in rendered]
        return json.dumps({"version": _VERSION, "plans": plans}, indent=2)
    return "\n\n".join(each.rstrip("\n") for each in rendered) if len(rendered) > 1 else rendered[0]


def render(
    found: Plan, form: str, *, terminal: TextIO | None = None, drift: Drift | None = None
) -> str:
    """Write a plan.

    Args:
        found: What to write.
        form: text, json, markdown or html.
        terminal: Where it goes; `None`: into a file.
        drift: What was changed by hand, of a plan against what is live.
    """
    if form == "json":
        return plan_machine.render_plan(found, drift)
    if form == "markdown":
        return _render_markdown(found, drift).rstrip("\n")
    if form == "html":
        from workmail_org.reports import plan_html  # Jinja2 would make every other format slower

        return plan_html.render_plan(found, drift)
    is_terminal = terminal is not None and terminal.isatty()
    # https://no-color.org: set, whatever to, and not empty
    color = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size().columns if is_terminal else _FILE_WIDTH
    text = plan_text.render_plan(found, width=width, color=color)
    return f"{text}\n\n{drift_text.render_sections(drift, color=color)}" if drift else text


def _render_markdown(found: Plan, drift: Drift | None) -> str:
    """Write both into one comment; what was changed by hand gets at most half of it."""
    if drift is None:
        return plan_markdown.render_plan(found)
    most = plan_markdown.MAX_LENGTH
    sections = drift_markdown.render_sections(drift, max_length=most // 2)
    left = most - plan_markdown.measure(sections) - 2
    return f"{plan_markdown.render_plan(found, max_length=left)}\n{sections}"
