"""Connecting: clients for each region, and a count of what is asked through them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from threading import Lock
from typing import Any

from workmail_org.service.clients import PATIENCE, PATIENT, Clients, make_clients, make_route53

_EVENT = "provide-client-params"
"""What botocore emits once for each call, before it is signed; not for each attempt."""

_RETRY = "needs-retry"
"""What botocore emits after each attempt, whether it makes another one or not."""

_COUNTER = "workmail-org-import"

_FAILED = 400
"""Statuses of HTTP from which on nothing was answered."""

_TOLD_FROM = 5
"""The attempt from which on somebody who waits is told: the one before was 8 seconds ago, on
average, and the ones after take longer each."""


@dataclass(slots=True)
class Connections:
    """Clients that are made once for each region.

    Attributes:
        calls: How often each action was asked for, as IAM names it.
        tell: Told why it takes long, when AWS does not answer.
    """

    make: Callable[[str], Clients]
    make_route53: Callable[[], Any]
    calls: Counter[str] = field(default_factory=Counter[str])
    tell: Callable[[str], None] = lambda _message: None
    _told: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    _clients: dict[str, Clients] = field(default_factory=dict[str, Clients])
    _route53: Any = None
    _watched: list[Any] = field(default_factory=list[Any])
    _lock: Lock = field(default_factory=Lock)

    def open(self, region: str) -> Clients:
        """Return the clients of a region."""
        if region not in self._clients:
            clients = self.make(region)
            for each in fields(clients):
                self._watch(getattr(clients, each.name))
            self._clients[region] = clients
        return self._clients[region]

    def open_route53(self) -> Any:
        """Return a client of Route 53, which has no regions."""
        if self._route53 is None:
            self._route53 = self.make_route53()
            self._watch(self._route53)
        return self._route53

    def _watch(self, client: Any) -> None:
        events = getattr(getattr(client, "meta", None), "events", None)
        if events is not None:  # stand-ins of tests have none
            events.register(_EVENT, self._count, unique_id=_COUNTER)
            events.register(_RETRY, self._tell_failure, unique_id=f"{_COUNTER}-retry")
            self._watched.append(events)

    def _count(self, *, model: Any, **_: Any) -> None:
        service = model.service_model.signing_name
        with self._lock:
            self.calls[f"{service}:{model.name}"] += 1

    def _tell_failure(
        self,
        *,
        response: Any,
        operation: Any,
        attempts: int,
        caught_exception: Exception | None = None,
        **_: Any,
    ) -> None:
        """Say that a call fails again and again; once for each attempt, whoever else waits too."""
        failed = caught_exception is not None or response[0].status_code >= _FAILED
        place = (operation.name, attempts)
        with self._lock:
            if not failed or not _TOLD_FROM <= attempts < PATIENCE or place in self._told:
                return
            self._told.add(place)
        self.tell(f"{operation.name} gets no answer; attempt {attempts + 1} of {PATIENCE} follows")

    def close(self) -> None:
        """End the counting."""
        for events in self._watched:
            events.unregister(_EVENT, unique_id=_COUNTER)
            events.unregister(_RETRY, unique_id=f"{_COUNTER}-retry")


def _make_patient(region: str) -> Clients:
    return make_clients(region, config=PATIENT)


@contextmanager
def connect(
    make: Callable[[str], Clients] = _make_patient,
    make_route53: Callable[[], Any] = make_route53,
) -> Generator[Connections]:
    """Give clients whose calls are counted until the end."""
    connections = Connections(make=make, make_route53=make_route53)
    try:
        yield connections
    finally:
        connections.close()
