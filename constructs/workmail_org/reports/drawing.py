"""Drawing: the addresses whose mail goes elsewhere as a picture, before any markup.

Addresses stand in the middle, who received their mail until now on the left, who
receives it from now on on the right. A person stands once on each side, so that what
somebody loses or takes over is seen in one place.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workmail_org.reports.plan_words import name_reference
from workmail_org.spec.characters import escape

if TYPE_CHECKING:
    from workmail_org.model.values import Reference
    from workmail_org.plan.mailflow import Delivery, FlowChange

MOST_ADDRESSES = 40
"""Addresses in one picture: more do not fit a page. The table has the rest."""

MOST_PEOPLE = 6
"""People of one address who are named on each side; the rest is a number."""

_MOST_KEPT = 3
"""People of one address who are named although nothing changes for them."""

# Lengths in pixels at the size that the picture is made for.
_PERSON_WIDTH, _PERSON_HEIGHT, _PERSON_ROW = 200, 28, 36
_ADDRESS_WIDTH, _ADDRESS_HEIGHT, _ADDRESS_ROW = 330, 44, 56
_GAP = 96
_HEADING = 28
_HEAD = 8  # of an arrow
_MARK = 24  # from the end of a line to its sign
# Measured: the mean width of a letter in DejaVu Sans, a wide font, in an address at 13 px and in a
# sentence at 12 px.
_LETTER, _SMALL_LETTER = 7.7, 6.6
_PADDING = 10

WIDTH = 2 * (_PERSON_WIDTH + _GAP) + _ADDRESS_WIDTH
"""Of every picture."""


class Fate(StrEnum):
    """What becomes of the way from an address to somebody; what matters most is drawn last."""

    KEPT = "kept"
    NOBODY = "nobody"
    LOST = "lost"
    GAINED = "gained"


_SIGNS: Mapping[Fate, str] = {Fate.LOST: "\u2212", Fate.GAINED: "+", Fate.KEPT: "", Fate.NOBODY: ""}


@dataclass(frozen=True, slots=True)
class Box:
    """An address, somebody who gets mail, or nobody.

    Attributes:
        x: Of its left side.
        y: Of its upper side.
        lines: Short enough to fit.
        title: The same at full length.
    """

    x: int
    y: int
    width: int
    height: int
    lines: tuple[str, ...]
    title: str
    style: str

    @property
    def center(self) -> int:
        """Its horizontal middle."""
        return self.x + self.width // 2

    @property
    def middle(self) -> int:
        """Its vertical middle."""
        return self.y + self.height // 2

    @property
    def baselines(self) -> tuple[tuple[int, str], ...]:
        """Where each line of text is written."""
        first = self.middle + 5 - 8 * (len(self.lines) - 1)
        return tuple((first + 16 * number, line) for number, line in enumerate(self.lines))


@dataclass(frozen=True, slots=True)
class Line:
    """A way from an address to somebody.

    Attributes:
        path: SVG path data.
        head: That of the arrow's head, at somebody.
        sign: What says the fate where colours are not seen.
    """

    path: str
    head: str
    fate: Fate
    sign: str
    sign_x: int
    sign_y: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture: lines below, boxes above.

    Attributes:
        shown: Addresses in it, the first of the plan.
        left: Addresses that it has no room for.
    """

    width: int
    height: int
    headings: tuple[tuple[int, str], ...]
    lines: tuple[Line, ...]
    boxes: tuple[Box, ...]
    shown: int
    left: int


@dataclass(frozen=True, slots=True)
class _End:
    """Somebody at the end of a way; equal keys are drawn as one box."""

    key: str
    label: str
    fate: Fate
    row: int


def draw(changes: Sequence[FlowChange]) -> Drawing | None:
    """Draw how mail to addresses changes; `None`: there is nothing to draw."""
    shown = changes[:MOST_ADDRESSES]
    if not shown:
        return None
    before = [end for row, each in enumerate(shown) for end in _list_ends(each, row, before=True)]
    after = [end for row, each in enumerate(shown) for end in _list_ends(each, row, before=False)]
    room = max(
        len(shown) * _ADDRESS_ROW,
        *(len({end.key for end in side}) * _PERSON_ROW for side in (before, after)),
    )
    addresses = _place_addresses(shown, room)
    people = [_place_people(side, addresses, room, x) for side, x in _sides(before, after)]
    ends = [(end, people[0][end.key]) for end in before]
    ends += [(end, people[1][end.key]) for end in after]
    ends.sort(key=lambda pair: list(Fate).index(pair[0].fate))
    return Drawing(
        width=WIDTH,
        height=_HEADING + room,
        headings=(
            (_PERSON_WIDTH // 2, "before"),
            (WIDTH // 2, "mail to"),
            (WIDTH - _PERSON_WIDTH // 2, "after"),
        ),
        lines=tuple(_connect(addresses[end.row], box, end.fate) for end, box in ends),
        boxes=(*people[0].values(), *addresses, *people[1].values()),
        shown=len(shown),
        left=len(changes) - len(shown),
    )


def _sides(before: list[_End], after: list[_End]) -> tuple[tuple[list[_End], int], ...]:
    return (before, 0), (after, WIDTH - _PERSON_WIDTH)


def _list_ends(change: FlowChange, row: int, *, before: bool) -> Iterator[_End]:
    """List where mail to an address goes on one side: who changes by name, the rest together."""
    delivery = change.before if before else change.after
    fate = Fate.LOST if before else Fate.GAINED
    if delivery is None or not delivery.recipients:
        words = "nobody: it bounces" if delivery is None else "nobody"
        yield _End(words, words, Fate.NOBODY, row)
        return
    moving = change.lost if before else change.gained
    for each in moving[:MOST_PEOPLE]:
        yield _End(str(each), name_reference(each), fate, row)
    if (left := len(moving) - MOST_PEOPLE) > 0:
        yield _End(f"{row} more", f"{left:,} more", fate, row)
    excluded = set(moving)
    yield from _list_kept([each for each in delivery.recipients if each not in excluded], row)


def _list_kept(kept: Sequence[Reference], row: int) -> Iterator[_End]:
    if len(kept) > _MOST_KEPT:
        yield _End(f"{row} kept", f"{len(kept):,} as before", Fate.KEPT, row)
        return
    for each in kept:
        yield _End(str(each), name_reference(each), Fate.KEPT, row)


def _place_addresses(changes: Sequence[FlowChange], room: int) -> list[Box]:
    """Spread the addresses evenly over the whole height."""
    step = room / len(changes)
    return [
        Box(
            _PERSON_WIDTH + _GAP,
            round(_HEADING + (row + 0.5) * step - _ADDRESS_HEIGHT / 2),
            _ADDRESS_WIDTH,
            _ADDRESS_HEIGHT,
            (
                _shorten(change.address, _ADDRESS_WIDTH, _LETTER),
                _shorten(_tell(change), _ADDRESS_WIDTH, _SMALL_LETTER),
            ),
            f"{escape(change.address)}, {escape(_tell(change))}",
            "address",
        )
        for row, change in enumerate(changes)
    ]


def _tell(change: FlowChange) -> str:
    """Say below an address what becomes of it, and by which group or resource mail goes."""
    holders = dict.fromkeys(
        name_reference(delivery.holder)
        for delivery in (change.before, change.after)
        if delivery is not None and _is_passed_on(delivery)
    )
    return " \u2192 ".join(holders) + (": " if holders else "") + change.outcome.value


def _is_passed_on(delivery: Delivery) -> bool:
    return delivery.recipients != (delivery.holder,)


def _place_people(
    ends: Sequence[_End], addresses: Sequence[Box], room: int, x: int
) -> dict[str, Box]:
    """Put everybody of one side as near to the middle of their addresses as there is room."""
    rows: dict[str, list[_End]] = {}
    for end in ends:
        rows.setdefault(end.key, []).append(end)
    wanted = {
        key: sum(addresses[end.row].middle for end in each) / len(each)
        for key, each in rows.items()
    }
    keys = sorted(rows, key=lambda key: wanted[key])  # stable: by address among equals
    middles = _spread([wanted[key] for key in keys], _HEADING + room)
    return {
        key: Box(
            x,
            round(middle - _PERSON_HEIGHT / 2),
            _PERSON_WIDTH,
            _PERSON_HEIGHT,
            (_shorten(rows[key][0].label, _PERSON_WIDTH, _LETTER),),
            escape(rows[key][0].label),
            "nobody" if rows[key][0].fate is Fate.NOBODY else "person",
        )
        for key, middle in zip(keys, middles, strict=True)
    }


def _spread(wanted: Sequence[float], bottom: float) -> list[float]:
    """Move sorted places apart, first down, then back up where the last one leaves the room."""
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + _PERSON_ROW) if places else place)
    lowest = bottom - _PERSON_ROW / 2
    for number in reversed(range(len(places))):
        places[number] = min(places[number], lowest)
        lowest = places[number] - _PERSON_ROW
    return places


def _connect(address: Box, person: Box, fate: Fate) -> Line:
    """Lead a curve from the side of an address to the side of somebody."""
    right = person.x > address.x
    way = 1 if right else -1
    start = address.x + (address.width if right else 0)
    tip = person.x + (0 if right else person.width)
    end = tip - way * _HEAD
    bend = (start + end) // 2
    there, here = person.middle, address.middle
    return Line(
        path=f"M{start} {here}C{bend} {here} {bend} {there} {end} {there}",
        head=f"M{tip} {there}l{-way * _HEAD} -4v8z",
        fate=fate,
        sign=_SIGNS[fate],
        sign_x=tip - way * _MARK,
        sign_y=there + 5,
    )


def _shorten(text: str, width: int, letter: float) -> str:
    """Leave out the middle of a text that is wider than a box: both ends tell it apart."""
    visible = escape(text)
    limit = int((width - 2 * _PADDING) / letter)
    if _measure(visible) <= limit:
        return visible
    size = next(
        size
        for size in range(limit // 2, 0, -1)
        if _measure(visible[:size] + visible[-size:]) < limit
    )
    return f"{visible[:size]}\u2026{visible[-size:]}"


def _measure(text: str) -> int:
    """Count columns: letters of East Asia are twice as wide."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
