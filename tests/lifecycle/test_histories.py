"""Any history of people and deployments comes out as it shall; of a broken engine one does not.

`make test-all` plays two thousand. Of one that fails the story is printed, with what does not
matter left out; `python -c "import histories; print(histories.replay(SEED))"` tells it again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from drawing import draw
from effort import ALL, TRIED
from histories import Play, replay
from workmail_org.changes import addresses, entities, few, settled
from workmail_org.changes.removals import call_roll
from workmail_org.handlers import collection, removals, settings

CHUNK = 100
CHUNKS = (
    [range(at, at + CHUNK) for at in range(0, 2_000, CHUNK)]
    if ALL
    else [(0, 1, 2, 3, 5), (8, 9, 11, 26, 31)]
)
"""Numbers of histories; those of the sample are also the ones that find a broken engine."""


@pytest.mark.parametrize("seeds", CHUNKS, ids=[f"from {each[0]}" for each in CHUNKS])
def test_every_history_comes_out_as_it_shall(
    seeds: Sequence[int], record_property: Callable[[str, object], None]
) -> None:
    wrong = [told for seed in seeds if (told := replay(seed))]

    assert [] == wrong, "\n\n".join(wrong)
    record_property(TRIED, json.dumps(["histories", len(seeds)]))


def test_a_history_is_the_same_every_time() -> None:
    first, second = Play(draw(5)), Play(draw(5))
    first.run()
    second.run()

    assert len(first.story) > 1
    assert first.story == second.story


def _give(answer: object) -> Callable[..., Any]:
    """Make a function that answers the same whatever it is asked."""

    def answer_always(*_: object, **__: object) -> object:
        return answer

    return answer_always


def _own_everybody(present: Any, _: object, *declared: Any) -> Any:
    return call_roll(present, {each.reference.folded for each in present}, *declared)


def _aim_at_the_template(*given: Any) -> Any:
    return given[3]


def _take_the_template(_: object, request: Any, *__: object, **___: object) -> Any:
    return request.sides


def _settle_once(patch: pytest.MonkeyPatch) -> None:
    for module in (collection, few, settled):
        patch.setattr(module, "digest", _give("settled"))


Mutation = Callable[[pytest.MonkeyPatch], None]

MUTATIONS: dict[str, tuple[Mutation, int]] = {
    "nobody is believed unseen": (
        lambda patch: patch.setattr(collection, "find_unseen", _give({})),
        26,
    ),
    "who is settled stays so whatever is declared": (_settle_once, 0),
    "every alias may go": (lambda patch: patch.setattr(addresses, "_may_drop", _give(True)), 1),
    "a parking address is one like any other": (
        lambda patch: patch.setattr(addresses, "is_parking_address", _give(False)),
        31,
    ),
    "nobody is put back as found": (
        lambda patch: patch.setattr(collection, "restore", _aim_at_the_template),
        9,
    ),
    "rules are put back as declared": (
        lambda patch: patch.setattr(settings, "find_sides", _take_the_template),
        8,
    ),
    "anybody is taken over": (
        lambda patch: patch.setattr(entities, "_refuse_takeovers", _give(())),
        8,
    ),
    "whoever is not declared is removed": (
        lambda patch: patch.setattr(removals, "call_roll", _own_everybody),
        11,
    ),
}
"""Each takes one rule out of the engine; with a history that misses it."""


@pytest.mark.parametrize(("mutate", "seed"), MUTATIONS.values(), ids=MUTATIONS)
def test_a_broken_engine_is_found(
    monkeypatch: pytest.MonkeyPatch, mutate: Mutation, seed: int
) -> None:
    """Of a whole one the same history comes out as it shall: it is among those above."""
    mutate(monkeypatch)

    assert Play(draw(seed)).run() is not None
