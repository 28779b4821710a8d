"""Problems: how they are printed, sorted and told once."""

from __future__ import annotations

import pytest

from workmail_org.spec.problems import Location, Problem, Severity, render_path, sort_problems


def _problem(
    line: int, *, file: str = "s.yaml", order: int = 0, column: int = 1, path: str = "a"
) -> Problem:
    return Problem(Location(file, line, column, order), (path,), "is wrong")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("a", "b-c_1"), "a.b-c_1"),
        (("a", 0, 12), "a[0][12]"),
        (("domains", "a.example", "dns"), 'domains["a.example"].dns'),
        (("a b",), '["a b"]'),
        (("", 'q"\\'), '[""]["q\\"\\\\"]'),
        (("Zoë",), '["Zoë"]'),
    ],
)
def test_paths_are_written_as_people_read_them(path: tuple[str | int, ...], text: str) -> None:
    assert text == render_path(path)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem(Location("s.yaml", 1, 2), (), "is wrong"), "s.yaml:1:2: is wrong"),
        (
            Problem(Location("s.yaml", 1, 2), ("a",), "is wrong", "fix it"),
            "s.yaml:1:2: a: is wrong; fix it",
        ),
        (
            Problem(Location("s.yaml", 1, 2), (), "is odd", severity=Severity.WARNING),
            "s.yaml:1:2: warning: is odd",
        ),
    ],
)
def test_a_problem_is_one_line(problem: Problem, text: str) -> None:
    assert text == str(problem)


def test_problems_are_sorted_by_file_as_read_then_line_then_column() -> None:
    first = _problem(9, file="z.yaml", order=0)
    second = _problem(2, file="a.yaml", order=1, column=3)
    third = _problem(2, file="a.yaml", order=1, column=20)
    fourth = _problem(10, file="a.yaml", order=1)

    assert (first, second, third, fourth) == sort_problems([fourth, third, second, first])


def test_what_is_wrong_in_one_place_is_told_once() -> None:
    problems = [_problem(1, path="b"), _problem(1, path="a"), _problem(2, path="a")]

    assert (_problem(1, path="a"), _problem(2, path="a")) == sort_problems(problems)
