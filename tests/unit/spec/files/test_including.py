"""Specs of several files."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import pytest

from workmail_org.spec.files.loading import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from workmail_org.spec.files.loading import Document

    Loads = Callable[..., Document]
    Problems = Callable[..., list[str]]


def test_any_node_may_be_included(load_files: Loads) -> None:
    document = load_files(
        {
            "s.yaml": "a: !include map.yaml\nb: [!include text.yaml, !include list.yaml]\n",
            "map.yaml": "c: 1\n",
            "text.yaml": "hello\n",
            "list.yaml": "[x, y]\n",
        }
    )

    assert {"a": {"c": 1}, "b": ["hello", ["x", "y"]]} == document.value
    assert ("s.yaml", "map.yaml", "text.yaml", "list.yaml") == document.files
    assert "map.yaml:1:4" == str(document.place(("a", "c")))
    assert "s.yaml:1:1" == str(document.key_place(("a",)))


def test_a_whole_spec_may_be_an_include(load_files: Loads) -> None:
    assert {"a": 1} == load_files({"s.yaml": "!include t.yaml", "t.yaml": "a: 1\n"}).value


def test_an_include_may_be_merged_and_repeated(load_files: Loads) -> None:
    document = load_files(
        {
            "s.yaml": "a: &a !include t.yaml\nb: *a\nc: {<<: !include t.yaml, d: 2}\n",
            "t.yaml": "e: 1\n",
        }
    )

    assert {"a": {"e": 1}, "b": {"e": 1}, "c": {"d": 2, "e": 1}} == document.value


def test_paths_are_relative_to_the_including_file(load_files: Loads) -> None:
    document = load_files(
        {
            "config/s.yaml": "a: !include parts/a.yaml\n",
            "config/parts/a.yaml": "b: !include more/b.yaml\nc: !include ../c.yaml\n",
            "config/parts/more/b.yaml": "1",
            "config/c.yaml": "2",
        }
    )

    assert {"a": {"b": 1, "c": 2}} == document.value
    assert (
        "config/s.yaml",
        "config/parts/a.yaml",
        "config/parts/more/b.yaml",
        "config/c.yaml",
    ) == document.files


def test_an_empty_included_file_is_an_empty_mapping(load_files: Loads) -> None:
    document = load_files({"s.yaml": "a: !include t.yaml\n", "t.yaml": "# nothing yet\n"})

    assert ({"a": {}}, ()) == (document.value, document.problems)


def test_a_missing_file_is_a_problem_where_it_is_named(load_files: Loads) -> None:
    document = load_files({"s.yaml": "a: 1\nb:\n  c: !include t.yaml\n"})

    assert ['s.yaml:3:6: b.c: !include cannot read "t.yaml": no such file'] == [
        str(problem) for problem in document.problems
    ]
    assert ({"a": 1, "b": {"c": None}}, True) == (document.value, document.readable)
    assert {("b", "c")} == document.gaps
    assert ("s.yaml",) == document.files


def test_a_folder_cannot_be_included(problems_of: Problems) -> None:
    assert ['s.yaml:1:4: a: !include cannot read "t": is a folder, not a file'] == problems_of(
        {"s.yaml": "a: !include t\n", "t/u.yaml": ""}
    )


def test_a_problem_inside_an_included_file_stands_there(problems_of: Problems) -> None:
    assert [
        't.yaml:2:1: users.alice: key "alice" stands here twice, first on line 1',
    ] == problems_of({"s.yaml": "users: !include t.yaml\n", "t.yaml": "alice: 1\nalice: 2\n"})


def test_a_problem_in_a_file_that_is_included_twice_is_told_once(load_files: Loads) -> None:
    document = load_files(
        {"s.yaml": "a: !include t.yaml\nb: !include ./t.yaml\n", "t.yaml": "c: [1\n"}
    )

    assert ["t.yaml:2:1"] == [str(problem.place) for problem in document.problems]
    assert {("a",), ("b",)} == document.gaps
    assert ("s.yaml", "t.yaml") == document.files


@pytest.mark.parametrize(
    "path",
    ["../secret.yaml", "/etc/hostname", "sub/../../secret.yaml", "link.yaml", "up/secret.yaml"],
)
def test_nothing_outside_the_folder_of_the_spec_is_read(
    write: Callable[..., None], path: str
) -> None:
    write(
        {"config/s.yaml": f"a: !include {path}\n", "secret.yaml": "secret: 1", "config/sub/t": ""}
    )
    pathlib.Path("config/link.yaml").symlink_to("../secret.yaml")
    pathlib.Path("config/up").symlink_to("..")
    document = load(pathlib.Path("config/s.yaml"))

    assert [
        f'config/s.yaml:1:4: a: !include "{path}" leads outside the folder that this spec may read;'
        " move the file, or name a wider folder with --root"
    ] == [str(problem) for problem in document.problems]
    assert {"a": None} == document.value


def test_a_wider_root_lets_more_in(write: Callable[..., None]) -> None:
    write({"config/s.yaml": "a: !include ../t.yaml\n", "t.yaml": "1"})
    document = load(pathlib.Path("config/s.yaml"), root=pathlib.Path())

    assert ({"a": 1}, pathlib.Path.cwd()) == (document.value, document.root)
    assert ("config/s.yaml", "t.yaml") == document.files


def test_a_narrower_root_lets_less_in(problems_of: Problems) -> None:
    (line,) = problems_of(
        {"s.yaml": "a: !include t.yaml\n", "t.yaml": "1", "sub/u": ""}, root="sub"
    )

    assert line.startswith('s.yaml:1:4: a: !include "t.yaml" leads outside')


def test_an_absolute_path_inside_the_folder_may_be_included(
    load_files: Loads, tmp_path: pathlib.Path
) -> None:
    document = load_files({"s.yaml": f"a: !include {tmp_path}/t.yaml\n", "t.yaml": "1"})

    assert {"a": 1} == document.value


def test_a_link_that_stays_inside_is_followed(write: Callable[..., None]) -> None:
    write({"s.yaml": "a: !include current/t.yaml\n", "v1/t.yaml": "1"})
    pathlib.Path("current").symlink_to("v1")

    assert {"a": 1} == load(pathlib.Path("s.yaml")).value


def test_the_folder_of_the_spec_may_be_a_link(write: Callable[..., None]) -> None:
    write({"real/s.yaml": "a: !include t.yaml\n", "real/t.yaml": "1"})
    pathlib.Path("link").symlink_to("real")
    document = load(pathlib.Path("link/s.yaml"))

    assert ({"a": 1}, ("link/s.yaml", "link/t.yaml")) == (document.value, document.files)


def test_names_behind_a_link_say_where_the_file_is(write: Callable[..., None]) -> None:
    write({"s.yaml": "a: !include link/../t.yaml\n", "deep/er/u": "", "deep/t.yaml": "1"})
    pathlib.Path("link").symlink_to("deep/er")

    assert ("s.yaml", "link/../t.yaml") == load(pathlib.Path("s.yaml")).files


@pytest.mark.parametrize("path", ["~/t.yaml", "~root/t.yaml", "~"])
def test_the_home_folder_has_no_sign(problems_of: Problems, path: str) -> None:
    assert [
        f's.yaml:1:4: a: !include "{path}": ~ is not replaced, write the path relative to this file'
    ] == problems_of({"s.yaml": f"a: !include '{path}'\n"})


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "!include names no file"),
        (' "\\0"', '!include cannot follow "\\x00"'),
    ],
)
def test_a_path_that_leads_nowhere_is_a_problem(
    problems_of: Problems, written: str, problem: str
) -> None:
    assert [f"s.yaml:1:4: a: {problem}"] == problems_of({"s.yaml": f"a: !include{written}\n"})


def test_a_file_that_includes_itself_is_a_problem(problems_of: Problems) -> None:
    assert ["s.yaml:1:4: a: !include goes in a circle: s.yaml → s.yaml"] == problems_of(
        {"s.yaml": "a: !include s.yaml\n"}
    )


def test_a_circle_is_told_once_at_its_later_end(problems_of: Problems) -> None:
    assert [
        "c.yaml:1:4: a.b.c: !include goes in a circle: b.yaml → c.yaml → b.yaml"
    ] == problems_of(
        {
            "s.yaml": "a: !include b.yaml\nx: !include b.yaml\n",
            "b.yaml": "b: !include c.yaml\n",
            "c.yaml": "c: !include b.yaml\n",
        }
    )


def test_a_circle_through_a_link_is_found(write: Callable[..., None]) -> None:
    write({"s.yaml": "a: !include link.yaml\n"})
    pathlib.Path("link.yaml").symlink_to("s.yaml")
    (problem,) = load(pathlib.Path("s.yaml")).problems

    assert "!include goes in a circle: s.yaml → s.yaml" == problem.message


def test_a_chain_of_files_ends_somewhere(problems_of: Problems) -> None:
    files = {f"{n}.yaml": f"!include {n + 1}.yaml" for n in range(200)}

    assert ["49.yaml:1:1: !include 50 files in a chain are the most"] == problems_of(files)


def test_depth_is_counted_through_includes(problems_of: Problems) -> None:
    assert [
        f"s.yaml:1:14: a{'[0]' * 10}: values may be nested 50 deep, this is deeper"
    ] == problems_of(
        {"s.yaml": f"a: {'[' * 10}!include t.yaml{']' * 10}", "t.yaml": f"{'[' * 40}{']' * 40}"}
    )


def test_files_that_include_others_ten_times_are_counted(load_files: Loads) -> None:
    files = {f"{n}.yaml": "[" + ", ".join([f"!include {n + 1}.yaml"] * 10) + "]" for n in range(20)}
    document = load_files({"s.yaml": "a: !include 0.yaml", **files, "20.yaml": "x"})

    assert ["a spec may have 1000000 keys and values, this is more"] == [
        problem.message for problem in document.problems
    ]


def test_a_large_file_may_be_included_twice(load_files: Loads) -> None:
    document = load_files(
        {"s.yaml": "a: !include t.yaml\nb: !include t.yaml\n", "t.yaml": f"[{'x, ' * 120_000}]"}
    )

    assert () == document.problems


def test_problems_are_sorted_by_file_as_first_read(problems_of: Problems) -> None:
    lines = problems_of(
        {
            "s.yaml": "z: !include z.yaml\na: !include a.yaml\nb: 1\nb: 2\n",
            "a.yaml": "c: 1\nc: 2\n",
            "z.yaml": "c: 1\nc: 2\n",
        }
    )

    assert ["s.yaml:4:1", "z.yaml:2:1", "a.yaml:2:1"] == [line.split(": ")[0] for line in lines]
