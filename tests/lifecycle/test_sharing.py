"""Stacks of one region: throttled together, they do not come back together."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest

from cloudformation import Stack
from workmail_emulator import Emulator
from workmail_emulator.clock import Clock
from workmail_org.handlers.patience import Patience
from workmail_org.handlers.requests import Run
from workmail_org.model.organization import Organization
from workmail_org.model.user import User

HASTE = 100.0
"""So many times faster than it is does time go by where stacks share: handlers really overlap,
reads side by side included, on threads and on a clock that runs."""

SLICE_SECONDS = 600.0
"""As in Lambda (handlers/entry.py)."""

GIVE_UP_SECONDS = 55 * 60


@pytest.mark.parametrize(
    ("chance", "pauses"), [(0.0, [0.5, 1.0, 2.0]), (1.0, [1.0, 2.0, 4.0])], ids=["early", "late"]
)
def test_each_try_waits_longer_by_chance_up_to_half_of_it_less(
    stack: Stack, chance: float, pauses: list[float]
) -> None:
    waited: list[float] = []
    patience = replace(stack.make_run().patience, sleep=waited.append, chance=lambda: chance)

    assert [True, True, True] == [patience.back_off(tries) for tries in (1, 2, 3)]
    assert pauses == waited


def test_no_pause_is_longer_than_fifteen_seconds(stack: Stack) -> None:
    waited: list[float] = []
    replace(stack.make_run().patience, sleep=waited.append).back_off(20)

    assert [15.0] == waited


class RunningClock(Clock):
    """An emulator's clock that nobody moves: who waits for a later time has to wait."""

    def advance(self, seconds: float) -> float:
        sleep(seconds)
        return self.now()


class SharingStack(Stack):
    """A stack beside others: its pauses take time, and differ by chance as they do in Lambda."""

    def make_run(self) -> Run:
        now = read_clock()
        return replace(
            super().make_run(),
            patience=Patience(
                deadline=now + self.slice_seconds,
                clock=read_clock,
                sleep=sleep,
                chance=random.random,
            ),
            epoch=read_clock,
        )


def read_clock() -> float:
    return time.monotonic() * HASTE


def sleep(seconds: float) -> None:
    time.sleep(seconds / HASTE)


@dataclass(frozen=True)
class Outcome:
    """What became of one stack: how long it took, and how many may sign in."""

    seconds: float
    enabled: int


def deploy_together(*sizes: int) -> list[Outcome]:
    """Deploy organizations of so many users at once, in a region that takes one call a second."""
    emulator = Emulator(instant=True, throttle=1.0 * HASTE)
    emulator.clock = RunningClock()
    begun = read_clock()

    def deploy(size: int) -> Outcome:
        name = f"of-{size}-{next(numbers)}"
        users = (User(name=f"u{n}", email=f"u{n}@{name}.awsapps.com") for n in range(size))
        stack = SharingStack(emulator, name=name)
        stack.slice_seconds = SLICE_SECONDS
        stack.deploy(Organization(key=name, region="eu-west-1", alias=name, users=tuple(users)))
        return Outcome(read_clock() - begun, count_enabled(stack))

    numbers = iter(range(len(sizes)))
    with ThreadPoolExecutor(len(sizes)) as pool:
        return list(pool.map(deploy, sizes))


def count_enabled(stack: Stack) -> int:
    live: Any = stack.emulator.state()["regions"][stack.region]
    users: Mapping[str, Any] = live["organizations"][stack.organization_id]["users"]
    return sum(user["state"] == "ENABLED" for user in users.values())


def test_two_stacks_of_one_region_take_about_twice_as_long_as_one() -> None:
    (alone,) = deploy_together(80)
    together = deploy_together(80, 80)
    slowest = max(each.seconds for each in together)

    assert [80, 80, 80] == [each.enabled for each in (alone, *together)]
    # About twice; more where the machine that runs the tests has other things to do.
    assert slowest < 4 * alone.seconds
    assert slowest < GIVE_UP_SECONDS / 2


@pytest.mark.exhaustive
def test_no_stack_of_one_region_starves_the_others() -> None:
    outcomes = deploy_together(40, 40, 40, 4)
    *large, small = outcomes

    assert [40, 40, 40, 4] == [each.enabled for each in outcomes]
    assert small.seconds < max(each.seconds for each in large)
    assert max(each.seconds for each in large) < 3 * min(each.seconds for each in large)
