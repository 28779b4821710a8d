"""HTML: drift as one page that needs nothing else, and as sections of the page of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from workmail_org.drift.model import DRIFTED, RowClass
from workmail_org.reports.drift_words import (
    HEADINGS,
    SUMMARIES,
    describe_row,
    group_rows,
    list_yaml,
    name_row,
    render_result,
)
from workmail_org.reports.pages import make_environment, make_policy, read_style

if TYPE_CHECKING:
    from workmail_org.drift.model import Drift

_OPEN = DRIFTED | {RowClass.UNREADABLE}
"""Classes that a reader sees without unfolding."""

_STYLES = {"clean": "nothing", "pending": "changes", "drift": "refused", "incomplete": "refused"}
"""Classes of the style sheet, by result."""

_MOST_ROWS = 1000
"""Of one class. So that a page about 10 000 users still opens on a phone; JSON has everything."""


WORDS: Mapping[str, Any] = {
    "headings": HEADINGS,
    "open": _OPEN,
    "most_rows": _MOST_ROWS,
    "group_rows": group_rows,
    "list_yaml": list_yaml,
    "describe_row": describe_row,
    "name_row": name_row,
}
"""What `drift_rows.html` calls by name."""


def render_drift(drift: Drift) -> str:
    """Write drift as one HTML page, pure ASCII: right in whatever encoding it is served."""
    style = read_style()
    page = (
        make_environment()
        .get_template("drift.html")
        .render(
            drift=drift,
            style=Markup(style),  # noqa: S704 - our own file, and in a style element nothing is escaped
            policy=make_policy(style),
            verdict=_STYLES[drift.result],
            summary=SUMMARIES[drift.result],
            result=render_result(drift),
            **WORDS,
        )
    )
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")
