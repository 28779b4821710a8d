"""Tables on a terminal: cells wrap between words, never inside an address or a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

_GAP = 2  # columns between two cells


class _Table(Table):
    """A table that is as wide as its words need, whatever the terminal is."""

    needed = 0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Write the table; behind the edge of a narrow terminal the lines go on."""
        if options.max_width < self.needed:
            options = options.update(width=self.needed, max_width=self.needed)
        yield from super().__rich_console__(console, options)


def build_table(
    headings: Sequence[str], rows: Sequence[Sequence[Text]], *, indent: int = 0
) -> Table:
    """Build a table; each column is at least as wide as the longest word in it.

    Args:
        headings: One for each column.
        rows: Cells.
        indent: Columns before the table. Padding around it would cut what is too wide.
    """
    table = _Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    if indent:
        table.add_column("", width=indent - _GAP)
    for position, heading in enumerate(headings):
        words = [heading]
        for row in rows:
            words += re.split(r"\s+", row[position].plain)
        width = max(Text(word).cell_len for word in words)
        table.add_column(heading, overflow="fold", min_width=width)
        table.needed += width + _GAP
    table.needed += indent
    for row in rows:
        table.add_row(*([Text()] if indent else []), *row)
    return table
