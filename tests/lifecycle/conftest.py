"""An emulator and a stack on it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloudformation import Stack
from effort import TRIED
from scenes import make_emulator
from striking import STRUCK, render_table
from workmail_emulator import Emulator


@pytest.fixture
def emulator() -> Emulator:
    """An account with no WorkMail in it yet."""
    return make_emulator()


@pytest.fixture
def stack(emulator: Emulator) -> Stack:
    """A stack that was never deployed."""
    return Stack(emulator)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the harness struck and what was generated, whichever process ran it."""
    struck = _list_told(terminalreporter, STRUCK)
    if struck:
        seconds = sum(duration for duration, _ in struck)
        terminalreporter.write_line(render_table([row for _, row in struck], seconds))
    for duration, (noun, count) in _list_told(terminalreporter, TRIED):
        terminalreporter.write_line(f"{count} {noun} tried in {duration:.0f} seconds")


def _list_told(reporter: pytest.TerminalReporter, name: str) -> list[tuple[float, Any]]:
    """List what passed tests told under a name, with how long each took."""
    passed: list[pytest.TestReport] = reporter.stats.get("passed", [])
    return [
        (report.duration, json.loads(str(value)))
        for report in passed
        for key, value in report.user_properties
        if key == name
    ]
