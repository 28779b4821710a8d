"""Stacks of one region: throttled together, they do not come back together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloudformation import Stack


@pytest.mark.parametrize(
    ("chance", "pauses"), [(0.0, [0.5, 1.0, 2.0]), (1.0, [1.0, 2.0, 4.0])], ids=["early", "late"]
)
def test_each_try_waits_longer_by_chance_up_to_half_of_it_less(
    stack: Stack, chance: float, pauses: list[float]
) -> None:
    waited: list[float] = []
    run = replace(stack.make_run(), sleep=waited.append, chance=lambda: chance)

    assert [True, True, True] == [run.back_off(tries) for tries in (1, 2, 3)]
    assert pauses == waited


def test_no_pause_is_longer_than_fifteen_seconds(stack: Stack) -> None:
    waited: list[float] = []
    replace(stack.make_run(), sleep=waited.append).back_off(20)

    assert [15.0] == waited
