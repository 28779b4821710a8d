"""Tables on a terminal never break a word."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from workmail_org.reports.tables import build_table

_ROWS = [
    ["user", "maximilian.mustermann", "maximilian.mustermann@nordhavn.example", "enabled"],
    ["group", "everybody", "everybody@nordhavn.example", "members maximilian.mustermann, alice"],
]


@pytest.mark.parametrize("width", [20, 60, 80, 100, 140])
def test_no_address_and_no_name_is_broken(width: int) -> None:
    target = io.StringIO()
    table = build_table(("", "name", "address", ""), [[Text(c) for c in row] for row in _ROWS])
    Console(file=target, width=width).print(table, crop=False)
    written = target.getvalue().split()

    assert {word for row in _ROWS for cell in row for word in cell.split()} <= {*written}


def test_cells_wrap_between_words() -> None:
    target = io.StringIO()
    Console(file=target, width=30).print(build_table(("a", "b"), [[Text("x"), Text("word " * 9)]]))

    assert 3 == len(target.getvalue().splitlines())
