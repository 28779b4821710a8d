"""Virtual time: runs or stands still, and can be moved forward."""

from __future__ import annotations

import threading
import time

MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0


class Clock:
    """Seconds since the epoch, as the emulator sees them.

    Attributes:
        start: Where the clock stands still, or None for a running clock.
    """

    def __init__(self, start: float | None = None) -> None:
        self.start = start
        self._advanced = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Tell the time, to the millisecond as AWS does."""
        real = time.time() if self.start is None else self.start
        return round(real + self._advanced, 3)

    def advance(self, seconds: float) -> float:
        """Move time forward.

        Args:
            seconds: How far; not negative, since time has been observed.

        Returns:
            The new time.

        Raises:
            ValueError: The clock would go backwards.
        """
        if not seconds >= 0:
            raise ValueError(f"the clock cannot go back: {seconds} seconds")
        with self._lock:
            self._advanced += seconds
        return self.now()
