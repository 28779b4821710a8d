"""Every small world comes out as the table of outcomes says; of a broken engine one does not.

In `make test-all` every call of both requests is struck in every world that people can have made;
in `make test` a few of each.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from effort import ALL, TRIED
from workmail_org import declaring
from workmail_org.changes import few
from workmail_org.changes.entities import Situation
from workmail_org.handlers import collection, restoring_people, settings
from worlds import DECLARED, FOUND, Found, World, list_worlds

EVERY = 10
"""At one call in so many somebody does something; at which, shifts from one world to the next."""

BEGINNINGS = [(at, found) for at, found in enumerate(FOUND) if ALL or at % 9 == 4]


@pytest.mark.parametrize(("at", "found"), BEGINNINGS, ids=str)
@pytest.mark.parametrize("second", [False, True], ids=["first request", "second request"])
def test_every_world_comes_out_as_the_table_says(
    at: int, found: Found, second: bool, record_property: Callable[[str, object], None]
) -> None:
    worlds = list_worlds(found, second=second, every=EVERY, start=at)
    tried = worlds if ALL else worlds[at % 41 :: 41]
    wrong = {str(world): told for world in tried if (told := world.run())}

    assert {} == wrong
    record_property(TRIED, json.dumps(["small worlds", len(tried) + 1]))


@pytest.mark.parametrize(("at", "found"), BEGINNINGS[:: 1 if ALL else 3], ids=str)
def test_every_world_comes_out_so_where_few_of_many_are_looked_up(
    monkeypatch: pytest.MonkeyPatch,
    at: int,
    found: Found,
    record_property: Callable[[str, object], None],
) -> None:
    """As in a large organization: pages of one row, and a shard for each user."""
    monkeypatch.setattr(few, "ROWS_OF_A_PAGE", 1)
    monkeypatch.setattr(declaring, "_SHARD_ENTITIES", 1)
    worlds = list_worlds(found, second=True, every=EVERY, start=at)
    tried = worlds if ALL else worlds[at % 41 :: 41]
    wrong = {str(world): told for world in tried if (told := world.run())}

    assert {} == wrong
    record_property(TRIED, json.dumps(["small worlds, as in large ones", len(tried) + 1]))


def test_a_take_over_without_adopt_is_refused_and_leaves_everything() -> None:
    """Whoever is there already under a declared name is somebody else's."""
    assert DECLARED.users
    wrong = [World(found, adopt=False).run() for _, found in BEGINNINGS]

    assert [None] * len(BEGINNINGS) == wrong


def _take_out_everybody(*_: object) -> bool:
    return True


def _say_no(*_: object) -> bool:
    return False


def _forget_what_was_found(*given: Any) -> Any:
    return given[3]  # the aim of the template


def _put_back_everything(found: Any, _: object) -> Any:
    return found


MUTATIONS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "lists are exclusive": lambda patch: patch.setattr(
        Situation, "may_take_out", _take_out_everybody
    ),
    "aliases are exclusive": lambda patch: patch.setattr(
        Situation, "is_exclusive", _take_out_everybody
    ),
    "people are not put back as found": lambda patch: patch.setattr(
        collection, "restore", _forget_what_was_found
    ),
    "fields that were not written are put back": lambda patch: patch.setattr(
        restoring_people, "leave_unwritten", _put_back_everything
    ),
    "a rollback takes back what was never written": lambda patch: patch.setattr(
        settings, "wrote_nothing", _say_no
    ),
}
"""Each takes one rule out of the engine."""


@pytest.mark.parametrize("mutate", MUTATIONS.values(), ids=MUTATIONS)
def test_a_broken_engine_is_found(
    monkeypatch: pytest.MonkeyPatch, mutate: Callable[[pytest.MonkeyPatch], None]
) -> None:
    mutate(monkeypatch)
    other = Found(alice="other", sales="other", rule="other", right="declared")

    assert any(_is_wrong(other, second) for second in (False, True))


def _is_wrong(found: Found, second: bool) -> bool:
    try:
        worlds = list_worlds(found, second=second, every=EVERY)
    except AssertionError:
        return True
    # The last calls come first: a rollback has most to put back then.
    acted = [world for world in reversed(worlds) if world.act]
    struck = [world for world in reversed(worlds) if not world.act]
    return any(world.run() for world in (*acted[:3], *struck, *acted[3:]))
