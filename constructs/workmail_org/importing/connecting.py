"""Connecting: clients for each region, and a count of what is asked through them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from threading import Lock
from typing import Any

from workmail_org.service.clients import PATIENT, Clients, make_clients, make_route53

_EVENT = "provide-client-params"
"""What botocore emits once for each call, before it is signed; not for each attempt."""

_COUNTER = "workmail-org-import"


@dataclass(slots=True)
class Connections:
    """Clients that are made once for each region.

    Attributes:
        calls: How often each action was asked for, as IAM names it.
    """

    make: Callable[[str], Clients]
    make_route53: Callable[[], Any]
    calls: Counter[str] = field(default_factory=Counter[str])
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
            self._watched.append(events)

    def _count(self, *, model: Any, **_: Any) -> None:
        service = model.service_model.signing_name
        with self._lock:
            self.calls[f"{service}:{model.name}"] += 1

    def close(self) -> None:
        """End the counting."""
        for events in self._watched:
            events.unregister(_EVENT, unique_id=_COUNTER)


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
