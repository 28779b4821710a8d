"""Overlays: one spec on top of another, as a JSON Merge Patch."""

from __future__ import annotations

import json
import pathlib
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workmail_org.spec.files import extending, nodes
from workmail_org.spec.files.loading import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from workmail_org.spec.files.loading import Document

    Loads = Callable[..., Document]
    Problems = Callable[..., list[str]]


def test_an_overlay_patches_what_it_extends(load_files: Loads) -> None:
    document = load_files(
        {
            "s.yaml": "extends: base.yaml\na: {b: 2, c: null, e: {f: ~, g: 4}}\nlist: [3]\nk: ~\n",
            "base.yaml": "version: 1\na: {b: 1, c: 1, d: 1}\nlist: [1, 2]\nk: {l: 1}\n",
        }
    )

    assert {
        "version": 1,
        "a": {"b": 2, "d": 1, "e": {"g": 4}},
        "list": [3],
    } == document.value
    assert () == document.problems


def test_what_remains_stands_where_it_was_written(load_files: Loads) -> None:
    document = load_files(
        {
            "s.yaml": "extends: base.yaml\na:\n  b: 2\n",
            "base.yaml": "a:\n  b: 1\n  c: 1\n  d: [x]\n",
        }
    )

    assert "s.yaml:3:6" == str(document.place(("a", "b")))
    assert "base.yaml:3:6" == str(document.place(("a", "c")))
    assert "base.yaml:4:3" == str(document.key_place(("a", "d")))
    assert "base.yaml:4:7" == str(document.place(("a", "d", 0)))
    assert "s.yaml:3:3" == str(document.place(("a", "missing")))


def test_null_outside_an_overlay_stays(load_files: Loads) -> None:
    document = load_files({"s.yaml": "extends: base.yaml\nb: [~]\n", "base.yaml": "a: {c: }\n"})

    assert {"a": {"c": None}, "b": [None]} == document.value


def test_overlays_may_be_chained(load_files: Loads) -> None:
    document = load_files(
        {
            "config/dev.yaml": "extends: stages/staging.yaml\nc: 3\n",
            "config/stages/staging.yaml": "extends: ../base.yaml\nb: 2\nc: 2\n",
            "config/base.yaml": "a: 1\nb: 1\nc: 1\n",
        }
    )

    assert {"a": 1, "b": 2, "c": 3} == document.value
    assert (
        "config/dev.yaml",
        "config/stages/staging.yaml",
        "config/base.yaml",
    ) == document.files


def test_keys_about_files_and_anchors_are_gone(load_files: Loads) -> None:
    document = load_files(
        {
            "s.yaml": "extends: base.yaml\nx-two: 2\nb: {x-kept: 3}\n",
            "base.yaml": "x-one: &a 1\na: *a\n",
        }
    )

    assert {"a": 1, "b": {"x-kept": 3}} == document.value


def test_includes_are_read_before_the_patch(load_files: Loads) -> None:
    document = load_files(
        {
            "s.yaml": "extends: base.yaml\nusers: !include more.yaml\n",
            "base.yaml": "users: !csv people.csv\n",
            "more.yaml": "bob: {city: Bonn}\nalice: {city: null}\n",
            "people.csv": "name,city\nalice,Ely\n",
        }
    )

    assert {"users": {"alice": {}, "bob": {"city": "Bonn"}}} == document.value


def test_specs_that_extend_each_other_are_a_problem(load_files: Loads) -> None:
    document = load_files(
        {
            "s.yaml": "extends: b.yaml\n",
            "b.yaml": "extends: c.yaml\n",
            "c.yaml": "extends: b.yaml\n",
        }
    )

    assert ["c.yaml:1:10: extends: goes in a circle: b.yaml → c.yaml → b.yaml"] == [
        str(problem) for problem in document.problems
    ]
    assert not document.readable


def test_a_long_chain_is_a_problem(problems_of: Problems) -> None:
    files = {f"{n}.yaml": f"extends: {n + 1}.yaml\n" for n in range(200)}

    assert ["49.yaml:1:10: extends: 50 files in a chain are the most"] == problems_of(files)


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("none.yaml", 'cannot read "none.yaml": no such file'),
        ("", "extends takes the path of one file"),
        ("[a.yaml, b.yaml]", "extends takes the path of one file"),
        ("12", "extends takes the path of one file"),
        (
            "../out.yaml",
            '"../out.yaml" leads outside the folder that this spec may read;'
            " move the file, or name a wider folder with --root",
        ),
    ],
)
def test_a_base_that_cannot_be_read_is_the_only_problem(
    load_files: Loads, target: str, problem: str
) -> None:
    document = load_files({"s.yaml": f"a: 1\nextends: {target}\n"})
    (line,) = [str(problem) for problem in document.problems]

    assert f"extends: {problem}" == line.split(" ", 1)[1]
    assert not document.readable


def test_a_base_that_is_no_mapping_is_a_problem(problems_of: Problems) -> None:
    assert ["b.yaml:1:1: a spec is a mapping: key: value"] == problems_of(
        {"s.yaml": "extends: b.yaml\n", "b.yaml": "- a\n"}
    )


def test_an_empty_base_is_an_empty_spec(load_files: Loads) -> None:
    assert {"a": 1} == load_files({"s.yaml": "extends: b.yaml\na: 1\n", "b.yaml": ""}).value


def test_root_reaches_bases_outside_the_folder(write: Callable[..., None]) -> None:
    write({"envs/s.yaml": "extends: ../base.yaml\n", "base.yaml": "a: 1\n"})

    assert {"a": 1} == load(pathlib.Path("envs/s.yaml"), root=pathlib.Path()).value


def test_a_shared_patch_costs_no_more_than_its_parts(load_files: Loads) -> None:
    lines = ["x-a0: &a0 {k: 1}"]
    lines += [
        f"x-a{n}: &a{n} {{{', '.join(f'k{m}: *a{n - 1}' for m in range(10))}}}"
        for n in range(1, 20)
    ]
    document = load_files(
        {"s.yaml": "\n".join(["extends: b.yaml", *lines, "b: *a19"]), "b.yaml": "b: {c: 1}\n"}
    )

    assert ["aliases may add 100000 values, here they add more"] == [
        problem.message for problem in document.problems
    ] or ["a spec may have 1000000 keys and values, this is more"] == [
        problem.message for problem in document.problems
    ]


_plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=2), _plain), st.dictionaries(st.text(max_size=2), _plain))
def test_merging_is_what_rfc_7396_says(base: dict[str, Any], patch: dict[str, Any]) -> None:
    actual = nodes.plain(extending.merge(_mapping(base), _mapping(patch)))

    assert json.dumps(_merge_patch(base, patch)) == json.dumps(actual)


def _merge_patch(target: Any, patch: Any) -> Any:
    """The pseudocode of RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    result: dict[str, Any] = cast(dict[str, Any], {**target}) if isinstance(target, dict) else {}
    for name, value in cast(dict[str, Any], patch).items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merge_patch(result.get(name), value)
    return result


def _mapping(value: dict[str, Any]) -> nodes.Mapping:
    node = _node(value)
    assert isinstance(node, nodes.Mapping)
    return node


def _node(value: Any) -> nodes.Node:
    place = (nodes.Source("s.yaml", pathlib.Path("s.yaml"), 0), 1, 1)
    if isinstance(value, dict):
        entries = {key: _node(item) for key, item in cast(dict[str, Any], value).items()}
        return nodes.Mapping(place, entries, dict.fromkeys(entries, place))
    if isinstance(value, list):
        return nodes.Sequence(place, [_node(item) for item in cast(list[Any], value)])
    return nodes.Scalar(value, place, str(value))
