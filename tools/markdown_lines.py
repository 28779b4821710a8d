"""Keeps Markdown to one sentence a line, and to lines of 120 columns.

    python tools/markdown_lines.py [FILE …]           # reports lines that are not so
    python tools/markdown_lines.py --fix [FILE …]     # rewrites the paragraphs with such lines

Without FILE: every document that git has. Only paragraphs are read and rewritten, also those in
lists and quotations: tables, code, HTML and headings stay as they are. A sentence that is too long
is broken at a clause. A paragraph whose lines are fine keeps the breaks that its author chose.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 120

_PARSER = MarkdownIt("commonmark").enable("table")

# What must stay on one line: code, an image, a link with its address, an autolink.
_WHOLE = re.compile(
    r"(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)"
    r"|!?\[(?:[^][]|\[[^][]*\]|`[^`]*`)*\]\([^()]*\)"
    r"|<[^ <>]+>"
)
_SENTENCE_END = re.compile(r"[.!?][)\"'*_”\u2019]*$")
_SENTENCE_BEGIN = re.compile(r"[\[(\"'*_“\u2018`]*(?:[A-Z0-9]|`|--?[a-z])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|cf|vs|No|approx)|^[A-Z]|^\d+|…|\.\.)\.[)\"'*_]*$"
)
_BLOCK_BEGIN = re.compile(r"(?:[-*+]|#{1,6}|\d+[.)]|=+|-+)$|[>|]|```|~~~|:?-+:?\|")
_CLAUSE_BEGIN = ("and", "but", "or", "so", "which", "who", "where", "when", "while", "because")
_CLAUSE_END = ((";", 1), (":", 1), (",", 2), (")", 3))


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a document.

    Attributes:
        begin: Its first line, from 0.
        end: The line after its last one.
        first: What stands before its text on the first line, such as a list's marker.
        next: What stands before its text on the other lines.
        lines: Its text.
    """

    begin: int
    end: int
    first: str
    next: str
    lines: tuple[str, ...]

    def find_faults(self) -> Iterator[tuple[int, str]]:
        """List what is wrong with its lines, by line from 0."""
        for number, text in enumerate(self.lines):
            indent = self.first if number == 0 else self.next
            atoms = _split_atoms(text)
            if len(indent + text) > WIDTH and len(atoms) > 1:
                yield self.begin + number, f"{len(indent + text)} columns; at most {WIDTH}"
            if any(_ends(*pair) for pair in pairwise(atoms)):
                yield self.begin + number, "more than one sentence"

    def render(self) -> list[str]:
        """Write it anew: each sentence on lines of its own."""
        written: list[str] = []
        for text in _join(self.lines):
            for sentence in _split_sentences(_split_atoms(text)):
                written += _break(sentence, WIDTH - max(len(self.first), len(self.next)))
        indents = [self.first, *[self.next] * len(written)]
        return [indent + text for indent, text in zip(indents, written, strict=False)]


def list_paragraphs(text: str) -> Iterator[Paragraph]:
    """List the paragraphs of a document, also those in lists and quotations."""
    lines = text.splitlines()
    skipped = _count_front_matter(lines)
    tokens = _PARSER.parse("\n" * skipped + "\n".join(lines[skipped:]))
    for opening, token in pairwise(tokens):
        if opening.type != "paragraph_open" or token.map is None:
            continue
        begin = token.map[0]
        content = [line.strip() for line in token.content.split("\n")]
        first = lines[begin][: lines[begin].rindex(content[0])]
        yield Paragraph(
            begin=begin,
            end=begin + len(content),
            first=first,
            next=re.sub(r"[^>\s]", " ", first),
            lines=tuple(_keep_break(lines[begin + n], line) for n, line in enumerate(content)),
        )


def find_faults(text: str) -> list[tuple[int, str]]:
    """List the faults of a document, each with its line from 1."""
    return [
        (number + 1, fault)
        for paragraph in list_paragraphs(text)
        for number, fault in paragraph.find_faults()
    ]


def fix(text: str) -> str:
    """Rewrite the paragraphs that have a fault; everything else stays as it is, byte for byte.

    Raises:
        ValueError: The document would not be shown as before; that is a fault of this tool.
    """
    lines = text.split("\n")
    for paragraph in reversed(list(list_paragraphs(text))):
        if any(paragraph.find_faults()):
            lines[paragraph.begin : paragraph.end] = paragraph.render()
    fixed = "\n".join(lines)
    if render(fixed) != render(text):
        raise ValueError("the document would not be shown as before")
    return fixed


def render(text: str) -> str:
    """Render a document as HTML, with one space between words, as a browser shows it."""
    return " ".join(_PARSER.render(text).split())


def list_documents() -> list[Path]:
    """List the Markdown files that git has."""
    command = ["git", "-C", str(ROOT), "ls-files", "*.md"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return [ROOT / name for name in listed.stdout.splitlines() if not name.startswith("tests/")]


def _count_front_matter(lines: Sequence[str]) -> int:
    if not lines or lines[0] != "---" or "---" not in lines[1:]:
        return 0
    return lines.index("---", 1) + 1


def _keep_break(raw: str, text: str) -> str:
    """Keep the two spaces at the end of a line that are a line break."""
    return f"{text}  " if raw.endswith("  ") else text


def _join(lines: Sequence[str]) -> list[str]:
    """Join lines, but where the document breaks them."""
    joined = [""]
    for line in lines:
        joined[-1] += line if not joined[-1] else f" {line}"
        if line.endswith(("  ", "\\")):
            joined.append("")
    return [each for each in joined if each]


def _split_atoms(text: str) -> list[str]:
    """Split a text at the spaces where a line may be broken."""
    places = {place for match in _WHOLE.finditer(text) for place in range(*match.span())}
    atoms = [""]
    for place, character in enumerate(text.rstrip()):
        if character == " " and place not in places:
            atoms.append("")
        else:
            atoms[-1] += character
    found = [atom for atom in atoms if atom]
    if found and text.endswith("  "):
        found[-1] += "  "
    return found


def _ends(atom: str, following: str) -> bool:
    """Return whether a sentence ends with an atom, and another one begins."""
    return bool(
        _SENTENCE_END.search(atom)
        and not _ABBREVIATION.search(atom)
        and _SENTENCE_BEGIN.match(following)
        and not _BLOCK_BEGIN.match(following)
    )


def _split_sentences(atoms: Sequence[str]) -> Iterator[list[str]]:
    sentence: list[str] = []
    for atom, following in zip(atoms, [*atoms[1:], ""], strict=True):
        sentence.append(atom)
        if _ends(atom, following):
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _break(atoms: list[str], width: int) -> list[str]:
    """Break a sentence that is too long at its clauses, into as few lines as that takes."""
    whole = " ".join(atoms)
    if len(whole.rstrip()) <= width or len(atoms) == 1:
        return [whole]
    places: list[tuple[int, int]] = []
    for place in range(1, len(atoms)):
        if len(" ".join(atoms[:place])) > width and places:
            break
        if not _BLOCK_BEGIN.match(atoms[place]):
            places.append((_rate(atoms, place, width), place))
    if not places:
        return [whole]
    _, best = min(places, key=lambda each: (each[0], -each[1]))
    return [" ".join(atoms[:best]), *_break(atoms[best:], width)]


def _rate(atoms: Sequence[str], place: int, width: int) -> int:
    """Rate a place to break a line: the lower, the better."""
    before = " ".join(atoms[:place])
    worse = 4 if len(before) < width // 3 else 0  # a line of three words is not a clause
    if before.count("(") > before.count(")"):
        worse += 3  # what is in parentheses stays together, if it can
    for ending, rank in _CLAUSE_END:
        if atoms[place - 1].endswith(ending):
            return rank + worse
    begins = atoms[place] in _CLAUSE_BEGIN or atoms[place].startswith("(")
    return (3 if begins else 8) + worse


def main(arguments: Sequence[str] | None = None) -> int:
    """Report or fix; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", metavar="FILE", nargs="*", type=Path)
    parser.add_argument("--fix", action="store_true", help="rewrite the paragraphs with a fault")
    chosen = parser.parse_args(arguments)
    found = False
    for path in chosen.files or list_documents():
        text = path.read_text("utf-8")
        if chosen.fix:
            path.write_text(fix(text), "utf-8")
            text = path.read_text("utf-8")
        for number, fault in find_faults(text):
            found = True
            sys.stdout.write(f"{path}:{number}: {fault}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
