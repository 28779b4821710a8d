"""An emulator and a stack on it."""

from __future__ import annotations

import pytest

from cloudformation import Stack
from scenes import make_emulator
from workmail_emulator import Emulator


@pytest.fixture
def emulator() -> Emulator:
    """An account with no WorkMail in it yet."""
    return make_emulator()


@pytest.fixture
def stack(emulator: Emulator) -> Stack:
    """A stack that was never deployed."""
    return Stack(emulator)
