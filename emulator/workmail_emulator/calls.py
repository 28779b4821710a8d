"""The log of calls: what was asked, in which order, and how it ended."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from workmail_emulator import api

Phase = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it was received.

    Attributes:
        number: Counts from 1 since the start; a reset does not start over.
        service: `workmail` or `ds`.
        operation: API operation, such as `CreateUser`; also one that AWS does not have.
        account: Whose call it is.
        region: From the credential scope of the signature.
        parameters: What was sent, passwords replaced.
        write: Whether the operation changes anything.
        time: Seconds since the epoch on the emulator's clock.
        request_id: As answered in `x-amzn-RequestId`.
        error: AWS's error code, `ResponseLost`, or None for success.
        effect: Whether the operation was applied, whatever was answered.
    """

    number: int
    service: str
    operation: str
    account: str
    region: str
    parameters: api.Document
    write: bool
    time: float
    request_id: str
    error: str | None = None
    effect: bool = False


MOST_LOGGED = 100_000
"""Calls that the log holds; older ones are forgotten. Chosen: more than any rehearsal makes."""

Hook = Callable[[Phase, Call], None]
"""Called before and after the effect of each call; what it raises is answered instead."""


@dataclass
class Log:
    """The last calls in the order in which they arrived; each stands there from its arrival on."""

    _calls: deque[Call] = field(default_factory=lambda: deque[Call](maxlen=MOST_LOGGED))
    _issued: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, call: Call) -> Call:
        """Enter a call; its number is given here."""
        with self._lock:
            self._issued += 1
            numbered = replace(call, number=self._issued)
            self._calls.append(numbered)
            return numbered

    def close(self, call: Call) -> None:
        """Note how a call ended, unless the log has forgotten it meanwhile."""
        with self._lock:
            first = self._calls[0].number if self._calls else 0
            index = call.number - first
            if self._calls and 0 <= index < len(self._calls):
                self._calls[index] = call

    def all(self) -> tuple[Call, ...]:
        """List every call."""
        with self._lock:
            return tuple(self._calls)

    def clear(self) -> None:
        """Forget every call; numbers go on, so that a call under way finds no other's place."""
        with self._lock:
            self._calls.clear()


def summary(calls: tuple[Call, ...]) -> api.Document:
    """Show calls as JSON: the list, and how often each operation was called."""
    counts = Counter(call.operation for call in calls)
    return {"calls": [asdict(call) for call in calls], "counts": dict(sorted(counts.items()))}
