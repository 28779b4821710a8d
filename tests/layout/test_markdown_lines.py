"""Documents have one sentence a line, and no line over 120 columns outside tables and code."""

from __future__ import annotations

from pathlib import Path

import pytest

import markdown_lines
from markdown_lines import find_faults, fix

LONG = "which is as long as a clause of a sentence can be before somebody has to look for its end,"


def test_each_sentence_is_on_a_line_of_its_own() -> None:
    text = "* One sentence. Another, e.g. this. `code. Text` is whole.\n  See [a. B](c.md). A. B!\n"

    assert fix(text) == (
        "* One sentence.\n  Another, e.g. this.\n  `code. Text` is whole.\n"
        "  See [a. B](c.md).\n  A. B!\n"
    )


def test_a_long_sentence_is_broken_at_a_clause() -> None:
    text = f"A sentence {LONG} and goes on (in (two)\nparentheses).\n"

    assert fix(text) == f"A sentence {LONG}\nand goes on (in (two) parentheses).\n"


def test_breaks_of_an_author_stay() -> None:
    text = "A sentence,\nbroken by its author.\n\n> A quotation\n> of two lines.\n"

    assert text == fix(text)


@pytest.mark.parametrize(
    "text",
    [
        f"| {LONG} | {LONG} |\n| --- | --- |\n| A. B. | {LONG} |\n",
        f"    indented code. {LONG} {LONG}\n",
        f"```text\nA fence. {LONG} {LONG}\n```\n",
        f"<p>HTML. {LONG} {LONG}</p>\n",
        f"---\ntitle: A. B. {LONG} {LONG}\n---\n",
        f"[a](https://example.com/{130 * 'x'})\n",
    ],
    ids=["table", "code", "fence", "HTML", "front matter", "link"],
)
def test_what_is_not_a_paragraph_stays(text: str) -> None:
    assert ([], text) == (find_faults(text), fix(text))


def test_a_line_never_begins_as_something_else() -> None:
    """A number, a hyphen or a plus sign at the beginning of a line would be a list."""
    words = " ".join(["+ 1 - 2", "1. 2"] * 30)
    fixed = fix(f"Text {words}.\n")

    assert markdown_lines.render(f"Text {words}.\n") == markdown_lines.render(fixed)
    assert max(map(len, fixed.splitlines())) <= markdown_lines.WIDTH


def test_list_and_quotation_keep_their_indentation() -> None:
    text = f"1. > A text {LONG} {LONG}\n   > B. C\n"

    assert fix(text) == f"1. > A text {LONG}\n   > {LONG} B. C\n"


def test_a_fault_has_a_place() -> None:
    assert [(3, "more than one sentence")] == find_faults("# Title\n\nOne. Two.\n")


@pytest.mark.parametrize(
    "path",
    markdown_lines.list_documents(),
    ids=lambda path: str(path.relative_to(markdown_lines.ROOT)),
)
def test_documents_have_one_sentence_a_line(path: Path) -> None:
    """Else: python tools/markdown_lines.py --fix."""
    assert [] == find_faults(path.read_text("utf-8"))
