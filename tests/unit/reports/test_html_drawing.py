"""The picture of the addresses whose mail goes elsewhere."""

from __future__ import annotations

from itertools import pairwise

import pytest

from reviewing import NAMES, make_plan
from workmail_org.model.values import Reference, parse_reference
from workmail_org.plan.mailflow import Delivery, FlowChange
from workmail_org.reports.drawing import MOST_ADDRESSES, WIDTH, Box, Drawing, Fate, draw


def deliver(holder: str, *recipients: str) -> Delivery:
    return Delivery(parse_reference(holder), tuple(parse_reference(each) for each in recipients))


def draw_some(*changes: FlowChange) -> Drawing:
    drawing = draw(changes)
    assert drawing is not None
    return drawing


def list_titles(drawing: Drawing, style: str, *, left: bool) -> list[str]:
    boxes = [box for box in drawing.boxes if box.style == style]
    return [box.title for box in boxes if (box.center < WIDTH // 2) is left]


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def test_without_a_change_there_is_no_picture() -> None:
    assert draw(()) is None


def test_who_loses_an_address_stands_left_and_who_takes_it_over_right() -> None:
    drawing = draw_some(FlowChange("a@x.example", deliver("carol", "carol"), deliver("dan", "dan")))

    assert ["carol"] == list_titles(drawing, "person", left=True)
    assert ["dan"] == list_titles(drawing, "person", left=False)
    assert [(Fate.LOST, "\u2212"), (Fate.GAINED, "+")] == [
        (line.fate, line.sign) for line in drawing.lines
    ]


def test_who_has_two_addresses_is_drawn_once_on_a_side() -> None:
    drawing = draw_some(
        FlowChange("a@x.example", deliver("carol", "carol"), None),
        FlowChange("b@x.example", deliver("carol", "carol"), None),
    )

    assert ["carol"] == list_titles(drawing, "person", left=True)
    assert ["nobody: it bounces"] == list_titles(drawing, "nobody", left=False)
    assert 4 == len(drawing.lines)


def test_a_group_without_members_reaches_nobody() -> None:
    drawing = draw_some(FlowChange("a@x.example", deliver("group:a", "bob"), deliver("group:a")))

    assert ["nobody"] == list_titles(drawing, "nobody", left=False)


def test_below_an_address_stands_by_whom_its_mail_is_passed_on() -> None:
    drawing = draw_some(
        FlowChange("a@x.example", deliver("group:a", "bob"), deliver("group:b", "bob", "eve"))
    )
    address = next(box for box in drawing.boxes if box.style == "address")

    assert ("a@x.example", "group a \u2192 group b: will reach more people") == address.lines


def test_of_many_people_who_changes_is_named_and_the_rest_counted() -> None:
    people = [f"p{number}" for number in range(9)]
    drawing = draw_some(
        FlowChange(
            "all@x.example", deliver("group:all", *people, "zoe"), deliver("group:all", *people)
        )
    )

    assert ["zoe", "9 as before"] == list_titles(drawing, "person", left=True)
    assert ["9 as before"] == list_titles(drawing, "person", left=False)


def test_of_many_who_change_six_are_named() -> None:
    people = [f"p{number}" for number in range(2000)]
    drawing = draw_some(FlowChange("all@x.example", deliver("group:all", *people), None))

    assert [*people[:6], "1,994 more"] == list_titles(drawing, "person", left=True)


def test_a_picture_holds_so_many_addresses_and_counts_the_rest() -> None:
    changes = [
        FlowChange(f"a{number}@x.example", None, deliver("bob", "bob"))
        for number in range(MOST_ADDRESSES + 3)
    ]
    drawing = draw_some(*changes)

    assert (MOST_ADDRESSES, 3) == (drawing.shown, drawing.left)


@pytest.mark.parametrize("name", NAMES)
def test_no_box_lies_on_another_or_outside(name: str) -> None:
    for organization in make_plan(name).organizations:
        drawing = draw(organization.flow)
        if drawing is None:
            continue
        boxes = sorted(drawing.boxes, key=lambda box: (box.x, box.y))

        assert [] == [pair for pair in pairwise(boxes) if overlap(*pair)]
        assert all(box.x >= 0 and box.x + box.width <= drawing.width for box in boxes)
        assert all(box.y >= 0 and box.y + box.height <= drawing.height for box in boxes)


@pytest.mark.parametrize("several", [1, 7, 60])
def test_there_is_room_for_everybody_at_the_same_address(several: int) -> None:
    changes = [
        FlowChange(f"a{n}@x.example", deliver("group:a", *(f"p{n}-{m}" for m in range(6))), None)
        for n in range(several)
    ]
    drawing = draw_some(*changes)
    people = sorted(box.y for box in drawing.boxes if box.style == "person")

    assert all(one + 28 <= other for one, other in pairwise(people))
    assert people[0] >= 0
    assert people[-1] + 28 <= drawing.height


def test_of_a_long_address_both_ends_are_shown_and_all_in_the_title() -> None:
    address = f"{'a' * 64}@{'b' * 60}.example"
    drawing = draw_some(FlowChange(address, None, deliver("bob", "bob")))
    box = next(box for box in drawing.boxes if box.style == "address")

    assert f"{address}, will be reachable" == box.title
    assert "aaaaaaaaaaaaaaaaaaa\u2026bbbbbbbbbbb.example" == box.lines[0]


def test_wide_letters_take_the_room_of_two() -> None:
    name = "\u65e5\u672c" * 20
    drawing = draw_some(FlowChange("a@x.example", None, deliver(name, name)))
    box = next(box for box in drawing.boxes if box.style == "person")

    assert "\u65e5\u672c\u65e5\u672c\u65e5\u2026\u672c\u65e5\u672c\u65e5\u672c" == box.lines[0]


def test_what_turns_text_around_is_shown_as_an_escape() -> None:
    name = Reference(parse_reference("x").kind, "a\u202eb")
    delivery = Delivery(name, (name,))
    drawing = draw_some(FlowChange("a\x1b@x.example", None, delivery))

    assert {"nobody: it bounces", "a\\x1b@x.example, will be reachable", "a\\u202eb"} == {
        box.title for box in drawing.boxes
    }
