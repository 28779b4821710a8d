"""Faults on purpose: which call goes wrong, when, and what its caller sees."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from workmail_emulator.api import Document
from workmail_emulator.calls import Call, Phase
from workmail_emulator.errors import ResponseLost, ServiceFault

THROTTLED = ServiceFault("ThrottlingException", "Rate exceeded")
"""Not modelled by WorkMail; the name that botocore's retries know, facts.md §1.0."""


@dataclass(frozen=True)
class Fault:
    """One way for calls to go wrong.

    Attributes:
        operation: Which calls count; None for all.
        region: Which calls count; None for all.
        nth: The first call that fails, counted from 1 since the fault was injected.
        times: How many calls in a row fail; 0 for all that follow.
        when: `before` the effect, which then does not happen, or `after` it.
        answer: An `error`, or none at all because the connection is `lost`.
        code: Of the error; `ThrottlingException` throttles.
        message: Of the error.
        status: HTTP status; 500 is what botocore takes for a failure of the service itself.
    """

    operation: str | None = None
    region: str | None = None
    nth: int = 1
    times: int = 1
    when: Phase = "before"
    answer: Literal["error", "lost"] = "error"
    code: str = "InternalFailure"
    message: str = "The request processing has failed because of an unknown error."
    status: int = 500

    def __post_init__(self) -> None:
        """Refuse what could never happen.

        Raises:
            ValueError: A field has a value that means nothing.
        """
        if self.nth < 1 or self.times < 0:
            raise ValueError(f"nth counts from 1 and times from 0: {self.nth}, {self.times}")
        if self.when not in ("before", "after"):
            raise ValueError(f"when is before or after: {self.when}")
        if self.answer not in ("error", "lost"):
            raise ValueError(f"answer is error or lost: {self.answer}")

    def raised(self) -> Exception:
        """Build what the caller sees."""
        if self.answer == "lost":
            return ResponseLost()
        return ServiceFault(self.code, self.message, status=self.status)


def parse(document: Mapping[str, Any]) -> Fault:
    """Read a fault from JSON.

    A code without a status is an error of the request, a 400.

    Raises:
        ValueError: A field is unknown or has a value that means nothing.
    """
    known = {field.name for field in fields(Fault)}
    if unknown := sorted(set(document) - known):
        raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    values = dict(document)
    if "code" in values:
        values.setdefault("status", 400)
    return Fault(**values)


class Faults:
    """The faults that wait for their call."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Fault, list[int]]] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Inject a fault."""
        with self._lock:
            self._waiting.append((fault, []))

    def clear(self) -> None:
        """Take back every fault."""
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[Document]:
        """List the faults, each with how many calls it has met."""
        with self._lock:
            return [{**asdict(fault), "met": len(met)} for fault, met in self._waiting]

    def strike(self, phase: Phase, call: Call) -> None:
        """Let a call fail if it is a fault's turn.

        Raises:
            ServiceFault: The call is answered with an error.
            ResponseLost: The call is not answered.
        """
        with self._lock:
            due = [fault for fault, met in self._waiting if _is_due(fault, met, phase, call)]
            self._waiting = [item for item in self._waiting if not _is_over(*item)]
        if due:
            raise due[0].raised()


def _is_due(fault: Fault, met: list[int], phase: Phase, call: Call) -> bool:
    """Count a call the first time it is met, and tell whether the fault strikes it now."""
    if fault.operation not in (None, call.operation) or fault.region not in (None, call.region):
        return False
    if phase == "before":
        met.append(call.number)
    if fault.when != phase or call.number not in met:
        return False
    turn = met.index(call.number) + 1
    return turn >= fault.nth and (fault.times == 0 or turn < fault.nth + fault.times)


def _is_over(fault: Fault, met: list[int]) -> bool:
    """Return whether a fault can strike no more; an `after` one waits for its last call to end."""
    if fault.times == 0:
        return False
    last = fault.nth + fault.times - 1
    return len(met) > last if fault.when == "after" else len(met) >= last


class Throttle:
    """Lets so many calls a second through, a second's worth at once.

    Attributes:
        rate: Calls per second; None lets all through.
    """

    def __init__(self, rate: float | None) -> None:
        self.rate = rate
        self._tokens: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def admit(self, place: str, now: float) -> None:
        """Count a call.

        Args:
            place: Account and region.
            now: Seconds.

        Raises:
            ServiceFault: `ThrottlingException`: too many calls there.
        """
        if self.rate is None:
            return
        with self._lock:
            most = max(1.0, self.rate)
            tokens, since = self._tokens.get(place, (most, now))
            tokens = min(most, tokens + (now - since) * self.rate)
            admitted = tokens >= 1
            self._tokens[place] = (tokens - 1 if admitted else tokens, now)
        if not admitted:
            raise ServiceFault(THROTTLED.code, THROTTLED.message)
