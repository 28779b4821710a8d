"""YAML text: what is read, what is refused, and where."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from workmail_org.spec.files import events, parsing

if TYPE_CHECKING:
    from collections.abc import Callable

    from workmail_org.spec.files.loading import Document

    Loads = Callable[..., Document]
    Problems = Callable[..., list[str]]


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], ids=["libyaml", "pure"], autouse=True)
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction] - autouse
    """Run every test with libyaml and with the parser that stands in where it is absent."""
    if not hasattr(yaml, request.param):
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(events, "_LOADER", getattr(yaml, request.param))


def test_values_have_their_yaml_1_2_types(load_files: Loads) -> None:
    document = load_files(
        {
            "s.yaml": """\
            words: [true, no, on, ~, null]
            numbers: [1, 0x1F, 1.5]
            texts: ["1", '2', !!str 3, ! 4, 2026-12-31]
            lines: |
              no
              yes
            nothing:
            empty: {}
            """
        }
    )

    assert {
        "words": [True, "no", "on", None, None],
        "numbers": [1, 31, 1.5],
        "texts": ["1", "2", "3", "4", "2026-12-31"],
        "lines": "no\nyes",
        "nothing": None,
        "empty": {},
    } == document.value
    assert () == document.problems


def test_keys_are_text(load_files: Loads) -> None:
    document = load_files(
        {
            "s.yaml": "123: a\ntrue: b\nnull: c\n1.0: d\n"
            "2026-12-31: e\n'q': f\n!!str 5: g\n? x\n: h\n"
        }
    )

    assert ["123", "true", "null", "1.0", "2026-12-31", "q", "5", "x"] == list(document.value)
    assert () == document.problems


def test_a_second_key_of_one_name_names_the_first(load_files: Loads) -> None:
    document = load_files({"s.yaml": "users:\n  alice: 1\n  bob: 2\n  alice: 3\n"})

    assert ['s.yaml:4:3: users.alice: key "alice" stands here twice, first on line 2'] == [
        str(problem) for problem in document.problems
    ]
    assert {"users": {"alice": 1, "bob": 2}} == document.value


def test_a_quoted_and_a_plain_key_of_one_text_are_one_key(problems_of: Problems) -> None:
    assert ['s.yaml:2:1: ["1.0"]: key "1.0" stands here twice, first on line 1'] == problems_of(
        {"s.yaml": "1.0: a\n'1.0': b\n"}
    )


@pytest.mark.parametrize(
    ("text", "column"), [("[a]: b", 1), ("{a: b}: c", 1), ("x: &a [1]\n*a : b", 1)]
)
def test_a_key_that_is_no_text_is_a_problem(problems_of: Problems, text: str, column: int) -> None:
    line = text.count("\n") + 1

    assert [
        f"s.yaml:{line}:{column}: a key is text, not a list or a mapping; put text in quotes"
    ] == problems_of({"s.yaml": text})


def test_aliases_repeat_a_value_at_its_own_place(load_files: Loads) -> None:
    document = load_files({"s.yaml": "x-name: &n Zoë\na: *n\nb: &b {c: 1}\nd: [*b]\n*n : e\n"})

    assert {"a": "Zoë", "b": {"c": 1}, "d": [{"c": 1}], "Zoë": "e"} == document.value
    assert "s.yaml:1:9" == str(document.place(("a",)))
    assert "s.yaml:3:11" == str(document.place(("d", 0, "c")))


def test_an_alias_of_an_unknown_anchor_is_a_problem(load_files: Loads) -> None:
    document = load_files({"s.yaml": "a: *mail\n"})

    assert [
        "s.yaml:1:4: a: no &mail stands before alias *mail; put text that begins with * in quotes"
    ] == [str(problem) for problem in document.problems]
    assert {("a",)} == document.gaps


def test_an_alias_inside_its_own_value_is_a_problem(problems_of: Problems) -> None:
    assert ["s.yaml:1:12: a.b[0]: alias *x stands inside the value that it repeats"] == problems_of(
        {"s.yaml": "a: &x {b: [*x]}\n"}
    )


def test_merge_keys_bring_entries_that_do_not_stand_there(load_files: Loads) -> None:
    document = load_files(
        {
            "s.yaml": """\
            x-a: &a {city: Rome, office: A}
            x-b: &b {city: Oslo, role: user}
            alice: {<<: *a, office: B}
            bob: {city: Bonn, <<: [*a, *b]}
            text: {"<<": yes}
            """
        }
    )

    assert {
        "alice": {"office": "B", "city": "Rome"},
        "bob": {"city": "Bonn", "office": "A", "role": "user"},
        "text": {"<<": "yes"},
    } == document.value
    assert "s.yaml:1:16" == str(document.place(("alice", "city")))
    assert "s.yaml:1:10" == str(document.key_place(("alice", "city")))


@pytest.mark.parametrize("value", ["text", "[{a: b}, text]"])
def test_a_merge_of_something_else_is_a_problem(load_files: Loads, value: str) -> None:
    document = load_files({"s.yaml": f"alice: {{<<: {value}, city: Rome}}\n"})

    assert ["<< takes a mapping, or a list of mappings"] == [p.message for p in document.problems]
    assert {("alice",)} == document.gaps


def test_two_merge_keys_are_a_problem(problems_of: Problems) -> None:
    assert [
        's.yaml:2:13: a["<<"]: key "<<" stands here twice, first on line 2; write one: <<: [*a, *b]'
    ] == problems_of({"s.yaml": "x-b: &b {}\na: {<<: *b, <<: *b}\n"})


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("a: !!python/object/apply:os.abort []", "!!python/object/apply:os.abort"),
        ("a: !!python/name:os.abort", "!!python/name:os.abort"),
        ("a: !env HOME", "!env"),
        ("a: !!binary aGk=", "!!binary"),
        ("a: !!set {b}", "!!set"),
        ("a: !!timestamp 2026-12-31", "!!timestamp"),
        ("a: !!map [b]", "!!map"),
        ("a: !<x:y> b", "x:y"),
    ],
)
def test_unknown_tags_are_problems_and_never_run(load_files: Loads, text: str, tag: str) -> None:
    document = load_files({"s.yaml": text})

    assert [f"s.yaml:1:4: a: tag {tag} is not known; known: !include, !csv"] == [
        str(problem) for problem in document.problems
    ]
    assert {("a",)} == document.gaps


@pytest.mark.parametrize(
    ("text", "expected"),
    [("!!int 12", 12), ("!!float 1", 1), ("!!bool true", True), ("!!null ''", None)],
)
def test_core_tags_are_read(load_files: Loads, text: str, expected: object) -> None:
    assert {"a": expected} == load_files({"s.yaml": f"a: {text}\n"}).value


@pytest.mark.parametrize("text", ["!!int x", "!!bool no", "!!null x", "!!float x", "!!int 1.5"])
def test_a_core_tag_that_does_not_fit_is_a_problem(problems_of: Problems, text: str) -> None:
    tag, value = text.split()

    assert [f's.yaml:1:4: a: "{value}" is not what its tag {tag} says'] == problems_of(
        {"s.yaml": f"a: {text}\n"}
    )


def test_include_takes_the_path_of_a_file(problems_of: Problems) -> None:
    assert ["s.yaml:1:4: a: !include takes the path of a file; write !include path"] == problems_of(
        {"s.yaml": "a: !include [b.yaml]\n"}
    )


def test_a_file_holds_one_document(load_files: Loads) -> None:
    document = load_files({"s.yaml": "a: 1\n---\nb: 2\n"})

    assert [
        "s.yaml:2:1: a file holds one document, a second begins here; make it a file of its own"
    ] == [str(problem) for problem in document.problems]
    assert {"a": 1} == document.value


def test_markers_and_the_version_directive_may_stand_there(load_files: Loads) -> None:
    document = load_files({"s.yaml": "%YAML 1.2\n---\na: 1\n...\n"})

    assert ({"a": 1}, ()) == (document.value, document.problems)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "--- # nothing\n"])
def test_an_empty_file_is_an_empty_mapping(load_files: Loads, text: str) -> None:
    document = load_files({"s.yaml": text})

    assert ({}, (), True) == (document.value, document.problems, document.readable)


@pytest.mark.parametrize("text", ["- a\n", "text\n", "~\n", "12\n"])
def test_a_spec_that_is_no_mapping_is_a_problem(load_files: Loads, text: str) -> None:
    document = load_files({"s.yaml": text})

    assert ["s.yaml:1:1: a spec is a mapping: key: value"] == [str(p) for p in document.problems]
    assert ({}, False) == (document.value, document.readable)


INDENT = "fix the indentation or the quotes, here or in the line above"


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("a:\n\tb: c\n", "2:1", "indent with spaces, not with tabs"),
        ("a: @b\n", "1:4", "put text that begins with @ in quotes"),
        ("a: `b\n", "1:4", "put text that begins with ` in quotes"),
        ("a: b: c\n", "1:5", 'put text that contains ": " in quotes, or fix the indentation'),
        ("a: [1\nb: 2\n", "2:2", None),
        ("a: 'b\nc: d\n", "1:4", None),
        ("a: {b: c\n", "2:1", None),
        ('a: "\\z"\n', "1:5", None),
        ("a:\n  b: 1\n c: 2\n", "3:2", INDENT),
        ('a: "b" c\n', "1:8", INDENT),
        ("a: 1\nb\nc: 2\n", "3:1", 'put ":" behind the key, here or in the line above'),
    ],
)
def test_text_that_is_not_yaml_is_one_problem_with_advice(
    load_files: Loads, text: str, place: str, hint: str | None
) -> None:
    document = load_files({"s.yaml": text})
    (problem,) = document.problems

    assert problem.message.startswith("this is not YAML: ")
    assert hint == problem.hint
    assert not document.readable
    if events._LOADER is not yaml.SafeLoader:  # pyright: ignore[reportPrivateUsage] - its marks differ
        assert f"s.yaml:{place}" == str(problem.place)


def test_what_began_elsewhere_is_named(problems_of: Problems) -> None:
    (line,) = problems_of({"s.yaml": "a:\n  - [1,\n    2\nb: 3\n"})

    assert line.endswith("that begins on line 2")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_nesting_ends_the_reading_at_once(load_files: Loads, opening: str) -> None:
    before = time.monotonic()
    document = load_files({"s.yaml": opening * 1_000_000})

    assert ["values may be nested 50 deep, this is deeper"] == [
        problem.message for problem in document.problems
    ]
    assert not document.readable
    assert time.monotonic() - before < 10


def test_fifty_collections_may_be_nested(problems_of: Problems) -> None:
    assert [] == problems_of({"s.yaml": f"a: {'[' * 49}{']' * 49}"})


def test_a_collection_inside_fifty_others_is_a_problem(problems_of: Problems) -> None:
    assert ["s.yaml:1:53: values may be nested 50 deep, this is deeper"] == problems_of(
        {"s.yaml": f"a: {'[' * 50}{']' * 50}"}
    )


@pytest.mark.parametrize(("opening", "column"), [("[", 53), ("{a: ", 200)])
def test_the_place_is_the_same_beyond_the_limit_of_libyaml(
    problems_of: Problems, opening: str, column: int
) -> None:
    text = f"# Zoë and Renée 🏢\nname: é\na: {opening * 5_000}"

    assert [f"s.yaml:3:{column}: values may be nested 50 deep, this is deeper"] == problems_of(
        {"s.yaml": text}
    )


def test_depth_is_counted_where_an_alias_stands(load_files: Loads) -> None:
    document = load_files(
        {
            "s.yaml": f"x-a: &a {'[' * 40}{']' * 40}\n"
            f"b: {'[' * 9}*a{']' * 9}\nc: {'[' * 10}*a{']' * 10}\n"
        }
    )

    assert ["s.yaml:3:14"] == [str(problem.place) for problem in document.problems]


def test_an_alias_bomb_is_a_problem_at_the_value_that_explodes(load_files: Loads) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    document = load_files({"s.yaml": "\n".join(lines)})

    assert ["s.yaml:5:5: a4: aliases may add 100000 values, here they add more"] == [
        str(problem) for problem in document.problems
    ]
    assert not document.readable


def test_an_alias_bomb_that_nothing_uses_is_none(load_files: Loads) -> None:
    lines = ["x-a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"x-a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    document = load_files({"s.yaml": "\n".join([*lines, "b: *a3"])})

    assert () == document.problems
    assert 10 == len(document.value["b"])


def test_a_million_values_are_the_most(load_files: Loads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_VALUES", 1000)
    document = load_files({"s.yaml": f"a: [{'x, ' * 2000}]"})

    assert ["a spec may have 1000 keys and values, this is more"] == [
        problem.message for problem in document.problems
    ]


def test_merges_count_as_values(problems_of: Problems, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_VALUES", 10_000)
    many = ", ".join(f"k{n}: 1" for n in range(1000))
    lines = [f"x-a: &a {{{many}}}", *(f"b{n}: {{<<: *a}}" for n in range(1000))]

    assert ["s.yaml:9:5: a spec may have 10000 keys and values, this is more"] == problems_of(
        {"s.yaml": "\n".join(lines)}
    )


def test_a_flood_of_problems_ends_the_reading(
    load_files: Loads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "MAX_PROBLEMS", 100)
    document = load_files({"s.yaml": "a: 1\n" * 5000})

    assert "100 problems are enough, what follows is not read" in {
        problem.message for problem in document.problems
    }
    assert 101 == len(document.problems)


def test_directives_that_libyaml_compares_with_each_other_are_limited(
    problems_of: Problems,
) -> None:
    text = "".join(f"%TAG !a{n}! tag:x\n" for n in range(101))

    assert ["s.yaml:1:1: 101 directives (lines that begin with %) are too many"] == problems_of(
        {"s.yaml": f"{text}---\na: 1\n"}
    )


def test_half_a_surrogate_pair_is_refused(load_files: Loads) -> None:
    document = load_files({"s.yaml": 'a: "\\ud83d"\n'})

    assert 1 == len(document.problems)
    assert not document.readable


def test_digits_that_nobody_meant_are_a_problem(problems_of: Problems) -> None:
    assert [
        "s.yaml:1:4: a: 5000 digits are too many for a number; put text in quotes"
    ] == problems_of({"s.yaml": f"a: {'9' * 5000}\n"})


def test_columns_count_characters(load_files: Loads) -> None:
    document: Any = load_files({"s.yaml": "{'Zoë 😀': a, b: c}\n"})

    assert "s.yaml:1:14" == str(document.key_place(("b",)))
