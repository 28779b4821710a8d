"""Arguments of the command line that several commands share."""

from __future__ import annotations

from typing import Any

import click


class NamedPath(click.Path):
    """A path; empty text, such as an unset variable, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse empty text."""
        if value == "":
            self.fail("empty text names no file or folder", param, ctx)
        return super().convert(value, param, ctx)
