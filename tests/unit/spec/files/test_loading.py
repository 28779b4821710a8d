"""What a loaded spec offers: its value, and the place of everything in it."""

from __future__ import annotations

import pathlib
import tempfile
from typing import TYPE_CHECKING, cast

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from workmail_org.spec.files.loading import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from workmail_org.spec.files.loading import Document

    Loads = Callable[..., Document]

_SPEC = {
    "config/s.yaml": """\
        # the spec
        version: 1
        organizations:
          acme:
            users:
              alice: {zip_code: 01069, aliases: [a, b]}
            groups:
        """
}


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), "2:1"),
        (("version",), "2:10"),
        (("organizations", "acme"), "5:5"),
        (("organizations", "acme", "users", "alice", "zip_code"), "6:25"),
        (("organizations", "acme", "users", "alice", "aliases", 1), "6:45"),
        (("organizations", "acme", "groups"), "7:12"),
        (("missing",), "2:1"),
        (("organizations", "acme", "users", "bob", "email"), "6:7"),
        (("organizations", "acme", "users", "alice", "aliases", 9), "6:41"),
        (("organizations", "acme", "users", "alice", "aliases", "text"), "6:41"),
        (("version", "deeper"), "2:10"),
    ],
)
def test_each_value_has_a_place(load_files: Loads, path: tuple[str | int, ...], place: str) -> None:
    assert f"config/s.yaml:{place}" == str(load_files(_SPEC).place(path))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), "2:1"),
        (("version",), "2:1"),
        (("organizations", "acme", "users", "alice"), "6:7"),
        (("organizations", "acme", "users", "alice", "zip_code"), "6:15"),
        (("organizations", "acme", "users", "alice", "aliases", 1), "6:45"),
        (("organizations", "acme", "users", "bob"), "6:7"),
    ],
)
def test_each_key_has_a_place(load_files: Loads, path: tuple[str | int, ...], place: str) -> None:
    assert f"config/s.yaml:{place}" == str(load_files(_SPEC).key_place(path))


def test_what_was_written_is_known(load_files: Loads) -> None:
    document = load_files(_SPEC)
    alice = ("organizations", "acme", "users", "alice")

    assert "01069" == document.written((*alice, "zip_code"))
    assert None is document.written(alice)
    assert None is document.written((*alice, "city"))


def test_values_are_not_shared(load_files: Loads) -> None:
    document = load_files({"s.yaml": "a: &a {b: [1]}\nc: *a\n"})
    document.value["a"]["b"].append(2)

    assert [1] == document.value["c"]["b"]


def test_files_are_named_as_they_were_given(write: Callable[..., None]) -> None:
    write({"config/s.yaml": "a: [\n"})
    absolute = pathlib.Path.cwd() / "config" / "s.yaml"

    assert [f"{absolute}"] == [problem.place.file for problem in load(absolute).problems]
    assert ["config/s.yaml"] == [
        problem.place.file for problem in load(pathlib.Path("./config/s.yaml")).problems
    ]


def test_many_values_without_aliases_are_no_problem(load_files: Loads) -> None:
    document = load_files({"s.yaml": f"a: [{'x, ' * 150_000}]"})

    assert ((), 150_000) == (document.problems, len(document.value["a"]))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_give_a_document(data: bytes) -> None:
    _load_bytes(data)


_pieces = st.lists(
    st.sampled_from(
        [
            *("a", "b: ", "- ", "? ", ": ", "[", "]", "{", "}", ", ", "\n", "\n  ", "\t", "# "),
            *(
                "&x ",
                "*x",
                "<<: ",
                "!include s.yaml",
                "!csv s.yaml",
                "!!str ",
                "!x ",
                "|\n",
                ">-\n",
            ),
            *("'", '"', "\\ud800", "---\n", "...\n", "%YAML 1.2\n", "é", "0o7", ".nan", "~"),
            *("extends: s.yaml\n", "derive: ", "keep_users: ", "organizations: ", "users: "),
        ]
    ),
    max_size=40,
).map("".join)


@given(_pieces)
def test_any_piece_of_yaml_gives_a_document(text: str) -> None:
    document = _load_bytes(text.encode())

    assert document.readable or document.problems


@given(_pieces, _pieces)
def test_any_overlay_gives_a_document(overlay: str, base: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spec, extended = pathlib.Path(folder, "s.yaml"), pathlib.Path(folder, "base.yaml")
        spec.write_text(f"extends: base.yaml\nderive: {{domains: test}}\n{overlay}", "utf-8")
        extended.write_text(f"organizations: {{a: {{alias: b}}}}\n{base}", "utf-8")
        load(spec)


@given(st.text(alphabet=st.sampled_from('name,city\n\r" aé;'), max_size=60))
def test_any_table_gives_a_document(table: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "t.csv").write_bytes(f"name,city\n{table}".encode())
        spec = pathlib.Path(folder, "s.yaml")
        spec.write_text("users: !csv t.csv\n", "utf-8")
        load(spec)


@given(
    st.recursive(
        st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_json_is_yaml(value: object) -> None:
    text = yaml.dump({"a": value}, Dumper=yaml.SafeDumper, default_style='"', width=10_000)
    document = _load_bytes(text.encode())

    assert () == document.problems
    assert _trimmed(value) == document.value["a"]


def _trimmed(value: object) -> object:
    """Trim texts, as is done with those of a spec; names are kept."""
    if isinstance(value, dict):
        return {key: _trimmed(inner) for key, inner in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_trimmed(inner) for inner in cast("list[object]", value)]
    return value.strip() if isinstance(value, str) else value


def test_spaces_around_a_text_do_not_count() -> None:
    spec = b'a: " x\\u00a0\\n"\nb: |\n  y\n\nc: [\' z \']\n" d ": e\n'
    document = _load_bytes(spec)

    assert {"a": "x", "b": "y", "c": ["z"], " d ": "e"} == document.value


def _load_bytes(data: bytes) -> Document:
    with tempfile.TemporaryDirectory() as folder:
        spec = pathlib.Path(folder, "s.yaml")
        spec.write_bytes(data)
        return load(spec)
