"""Pages: what every HTML report has in common.

A page holds no script and loads nothing; its Content-Security-Policy allows its own
style sheet, by hash, and forbids the rest. What comes from a spec is escaped twice: what
steers a terminal or turns text around is shown as an escape, what is markup becomes text.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from workmail_org.spec.characters import escape


@cache
def make_environment() -> Environment:
    """Make what renders the templates of this package."""
    return Environment(
        loader=PackageLoader("workmail_org.reports", "html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_show,
    )


def _show(value: Any) -> Any:
    """Make what cannot be seen visible in everything that the template writes."""
    return escape(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def read_style(*more: str) -> str:
    """Return the style sheet of all pages, and more for one of them by name."""
    folder = resources.files("workmail_org.reports") / "html"
    return "".join((folder / name).read_text(encoding="utf-8") for name in ("plan.css", *more))


def make_policy(style: str) -> str:
    """Write a Content-Security-Policy that allows this style sheet and forbids the rest."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
