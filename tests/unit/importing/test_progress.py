"""How far an import is: a bar on a terminal, plain lines in a pipe."""

from __future__ import annotations

import io

from rich.console import Console

from workmail_org.importing.progress import show_progress


def show(*, terminal: bool) -> str:
    file = io.StringIO()
    with show_progress(Console(file=file, force_terminal=terminal, width=100)) as follow:
        for done in (1, 2, 3, 40):
            follow("acme", "users", done, 40)
    return file.getvalue()


def test_a_terminal_shows_how_many_of_how_many_are_read() -> None:
    shown = show(terminal=True)

    assert "acme: users" in shown
    assert "40/40" in shown
    assert shown.endswith("\x1b[2K")  # nothing stays


def test_a_pipe_gets_a_line_for_each_part() -> None:
    assert "acme: users 40\n" == show(terminal=False)
