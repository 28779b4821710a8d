"""An emulator and a stack on it."""

from __future__ import annotations

import json

import pytest

from cloudformation import Stack
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
    """Print what the harness struck, whichever process ran it."""
    passed: list[pytest.TestReport] = terminalreporter.stats.get("passed", [])
    struck = [
        (report.duration, json.loads(str(value)))
        for report in passed
        for name, value in report.user_properties
        if name == STRUCK
    ]
    if struck:
        seconds = sum(duration for duration, _ in struck)
        terminalreporter.write_line(render_table([row for _, row in struck], seconds))
