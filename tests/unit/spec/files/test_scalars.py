"""What plain text means: YAML 1.2, core schema."""

from __future__ import annotations

import math

import pytest

from workmail_org.spec.files import scalars


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("0", 0),
        ("-12", -12),
        ("+7", 7),
        ("01069", 1069),
        ("0o17", 15),
        ("0x1F", 31),
        ("1.5", 1.5),
        (".5", 0.5),
        ("10.", 10.0),
        ("1e3", 1000.0),
        ("-.inf", -math.inf),
    ],
)
def test_core_values_are_read(text: str, expected: object) -> None:
    actual = scalars.resolve(text)

    assert (type(expected), expected) == (type(actual), actual)


@pytest.mark.parametrize(
    "text",
    [
        *("no", "No", "yes", "on", "Off", "y", "n", "tRUE", "nULL", "none"),
        *("2026-12-31", "1_000", "1:30", "0b1", "0o8", "0x", "-0x1", "+", "-", ".", "..", "1.2.3"),
        *("e3", ".e3", "1e", "٣", "1 ", "alice", "<<", "=", "+.nan"),
    ],
)
def test_everything_else_is_text(text: str) -> None:
    assert text == scalars.resolve(text)


def test_not_a_number_is_a_number() -> None:
    actual = scalars.resolve(".NaN")

    assert isinstance(actual, float)
    assert math.isnan(actual)


@pytest.mark.parametrize("text", ["9" * 101, "0x" + "f" * 99, "-" + "1" * 100])
def test_a_number_that_nobody_meant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[-0-9xf]+$"):
        scalars.resolve(text)


def test_a_hundred_digits_are_a_number() -> None:
    assert 10**99 == scalars.resolve("1" + "0" * 99)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("10", 10), ("-1", -1), ("007", 7), ("10.0", None), ("", None), ("x", None), ("٣", None)],
)
def test_whole_numbers_of_tables_are_decimal(text: str, expected: int | None) -> None:
    assert expected == scalars.whole_number(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("FALSE", False), ("", None), ("null", None), ("yes", None), ("1", None)],
)
def test_booleans_of_tables_are_true_or_false(text: str, expected: bool | None) -> None:
    assert expected is scalars.boolean(text)
