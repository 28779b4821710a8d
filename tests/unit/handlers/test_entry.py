from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudformation import Context, Resource, Stack
from scenes import make_emulator
from workmail_org.handlers import entry
from workmail_org.handlers.requests import parse_request
from workmail_org.service.clients import Clients
from workmail_org.wire.names import MAX_RESPONSE_BYTES
from workmail_org.wire.properties import ResourceType

CDK_WORDS_BYTES = 1000
"""Room for what the framework adds to a reason: its own words and two log names."""


@given(reason=st.text(max_size=9000))
def test_a_reason_always_fits_and_begins_as_it_was(reason: str) -> None:
    limited = entry.limit_reason(reason, "/log/place")

    assert len(limited.encode()) + CDK_WORDS_BYTES < MAX_RESPONSE_BYTES
    assert limited[:100] == " ".join(reason.split())[:100]
    assert "\n" not in limited


def test_a_reason_that_fits_is_left_alone() -> None:
    assert "one two" == entry.limit_reason("one\n  two", "/log/place")


def test_a_cut_reason_says_where_the_whole_is() -> None:
    limited = entry.limit_reason("ü" * 5000, "/log/place")

    assert limited.endswith("ü ... (the whole list is in the log: /log/place)")


def test_a_run_ends_before_lambda_does() -> None:
    class Short(Context):
        def get_remaining_time_in_millis(self) -> int:
            return 30_000

    stack = Stack(make_emulator())
    run = entry.make_run(Short(), stack.make_run().clients)

    assert 0 < run.patience.deadline - run.patience.clock() <= 10


def test_a_process_makes_its_clients_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda keeps a process for many invocations; making clients takes longer than a request."""
    stack = Stack(make_emulator())
    made: list[Clients] = []

    def make() -> Clients:
        made.append(stack.make_run().clients)
        return made[-1]

    monkeypatch.setattr(entry, "make_clients", make)
    entry.open_clients.cache_clear()
    try:
        for step in (entry.on_event, entry.is_complete, entry.on_event):
            with pytest.raises(entry.HandlerError):
                step({}, Context())
    finally:
        entry.open_clients.cache_clear()

    assert 1 == len(made)


def test_a_run_says_where_its_log_is() -> None:
    stack = Stack(make_emulator())
    run = entry.make_run(Context(), stack.make_run().clients)

    assert "/aws/lambda/handler 2026/11/22/[$LATEST]abc" == run.log_place


def test_reads_that_are_throttled_wait_longer_each_time_and_never_past_the_end() -> None:
    emulator = make_emulator()
    stack = Stack(emulator)
    stack.slice_seconds = 40.0
    run = stack.make_run()
    started, waits = emulator.clock.now(), list[float]()
    for tries in range(1, 8):
        before = emulator.clock.now()
        if not run.patience.back_off(tries):
            break
        waits.append(emulator.clock.now() - before)

    assert [1, 2, 4, 8, 15, 10] == waits
    assert 40.0 == emulator.clock.now() - started


def test_an_event_is_decoded_as_it_really_arrives() -> None:
    stack = Stack(make_emulator())
    event = stack.make_event(
        "Update",
        Resource("Users", ResourceType.USERS, {"TestDomain": "a.awsapps.com", "Users": {}}),
        Resource("Users", ResourceType.USERS, {"TestDomain": "b.awsapps.com"}),
        physical_id="m-1/users",
        request_id="r1",
    )
    request = parse_request(json.loads(json.dumps(event)), _load_nothing)

    assert ("Update", "m-1/users", "r1") == (request.type, request.physical_id, request.request_id)
    assert "a.awsapps.com" == request.desired.test_domain
    assert request.previous
    assert "b.awsapps.com" == request.previous.test_domain


@pytest.mark.parametrize("request_type", ["Create", "Delete"])
def test_only_an_update_has_something_previous(request_type: str) -> None:
    stack = Stack(make_emulator())
    resource = Resource("Users", ResourceType.USERS, {"TestDomain": "a.awsapps.com"})
    event = stack.make_event(request_type, resource, resource)

    assert None is parse_request(event, _load_nothing).previous


def _load_nothing(bucket: str, key: str) -> Any:
    raise AssertionError(f"{bucket}/{key} should not be loaded")
