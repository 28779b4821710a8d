"""The log of calls holds the last ones, and how each of them ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workmail_emulator import Emulator, calls


def test_the_log_forgets_its_oldest_calls_and_notes_the_ends_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calls, "MOST_LOGGED", 3)
    with Emulator(instant=True) as emulator:
        workmail = emulator.client("workmail", region="eu-west-1")
        for alias in ("one", "two", "three", "four", "five"):
            workmail.create_organization(Alias=alias)

        assert [(c.number, c.parameters["Alias"], c.effect) for c in emulator.calls] == [
            (3, "three", True),
            (4, "four", True),
            (5, "five", True),
        ]


def test_the_end_of_a_forgotten_call_is_noted_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MOST_LOGGED", 1)
    with Emulator(instant=True) as emulator:
        emulator.client("workmail", region="eu-west-1").create_organization(Alias="acme")
        (shown,) = emulator.calls
        log = calls.Log()
        first, second = log.open(shown), log.open(shown)
        log.close(replace(first, error="Forgotten"))

        assert log.all() == (second,)
