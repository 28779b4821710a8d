"""A spec as it is once everything is in place."""

from __future__ import annotations

import pathlib
import tempfile
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from workmail_org.reports import resolved
from workmail_org.spec.files.loading import Document, load

_misread = st.sampled_from(
    [
        *(
            "no",
            "on",
            "y",
            "~",
            "null",
            "true",
            "1_000",
            "0o17",
            "0b1",
            "1e5",
            "1:30",
            ".5",
            "+.inf",
        ),
        *("2026-12-31", "", " ", " a", "a ", "- a", "a: b", "a #b", "&a", "*a", "!a", "%a", "@a"),
        *(
            "<<",
            "=",
            "---",
            "...",
            "a\nb",
            "\n",
            "a\n",
            "\ta",
            "é😀",
            "\u2028",
            "\x1b[31m",
            "\ufeff",
        ),
        "9" * 200,
    ]
)
_text = st.text(st.characters(codec="utf-8"), max_size=20) | _misread
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=20,
)


def _load(text: str) -> Document:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "s.yaml")
        path.write_bytes(text.encode())
        return load(path)


def _flow(value: Any) -> str:
    return yaml.dump(value, Dumper=yaml.SafeDumper, default_style='"', width=100_000)


def _is_about_mail(key: str) -> bool:
    return not key.startswith("x-") and key not in ("extends", "derive")


@given(st.dictionaries(_text.filter(_is_about_mail), _values, max_size=4))
def test_a_shown_spec_loaded_again_is_the_same(value: dict[str, Any]) -> None:
    document = _load(_flow(value))
    again = _load(resolved.render(document))

    assert () == document.problems
    assert () == again.problems
    assert repr(document.value) == repr(again.value)


def test_a_spec_is_shown_as_people_write_it() -> None:
    document = _load(
        "a: &a {name: Zoë, zip: '01069', 'no': 'on', octal: '0o17',"
        " list: [x, {y: 1}], n: , e: []}\n"
        "b: *a\nlong: " + "word " * 60
    )
    body = (
        "  name: Zoë\n  zip: '01069'\n  'no': 'on'\n  octal: '0o17'\n"
        "  list:\n  - x\n  - y: 1\n  n: null\n  e: []\n"
    )

    assert f"a:\n{body}b:\n{body}long: {('word ' * 60).strip()}\n" == resolved.render(document)


def test_an_empty_spec_is_an_empty_mapping() -> None:
    assert "{}\n" == resolved.render(_load(""))


def test_text_that_runs_backwards_is_written_as_an_escape() -> None:
    """Seen in a terminal it would say another name than the file."""
    document = _load('a: "Al\\e[2Jice\\u202egnp"\n')

    assert 'a: "Al\\e[2Jice\\u202egnp"\n' == resolved.render(document)
