"""Signals as exceptions, so that every way out of a rehearsal stops what it started."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

_CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """When Ctrl-C, SIGTERM or a closed terminal ends the rehearsal.

    Attributes:
        exit_code: What a shell expects: 130 for Ctrl-C, 143 for SIGTERM.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


class Interrupts:
    """Raises `Interrupted` when a signal comes, or later if it comes at a bad moment."""

    def __init__(self) -> None:
        self._held = 0
        self._pending: int | None = None

    @contextmanager
    def caught(self) -> Generator[None]:
        """Catch signals inside the block; only a main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._receive) for number in _CAUGHT}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def held(self) -> Generator[None]:
        """Let nothing interrupt the block; a signal that came is raised at its end.

        A process that is started and not yet written down, or a stop that is
        half done, would leave a process behind. Signals reach the main
        thread only, so the others have nothing to hold.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
        if self._pending is not None and not self._held:
            number, self._pending = self._pending, None
            raise Interrupted(number)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if self._held:
            self._pending = number
        else:
            raise Interrupted(number)
