"""Everything that people read keeps to plain English; docs/glossary.md has the terms.

Messages, help, schemas, documents, templates, docstrings and comments; and the names of classes.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import click
import pytest

from workmail_org.cli import main

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "constructs" / "workmail_org"
MODULES = [*sorted(PACKAGE.rglob("*.py")), *sorted((ROOT / "emulator").rglob("*.py"))]
TEMPLATES = sorted(each for kind in ("*.html", "*.jinja") for each in PACKAGE.rglob(kind))
# It quotes AWS.
LEFT_OUT = {"facts.md"}
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *(path for path in sorted((ROOT / "docs").rglob("*.md")) if path.name not in LEFT_OUT),
    *sorted((ROOT / "emulator").rglob("*.md")),
]
PUBLIC_TWICE = {"Organization"}
"""The construct and the model: apps of other people import both by this name."""

AVOIDED = re.compile(
    r"\b(?:for ever|for good|made up|foretells?|foretold|mend(?:s|ed|ing)?|a word from|"
    r"needs? a word|gives? the word|the word for|(?:says?|said) the word|a roll back|"
    r"the roll back|roll backs|carr(?:y|ies|ied|ying) out|who receives what|who is ours|"
    r"say what is wrong|nothing of it is left|(?:is|are) no error|"
    r"not done after|means? for people)\b"
    r"|(?-i:\bNeeded\. [A-Z])",
    re.IGNORECASE,
)
# In comments they are about people; in what a program prints they are about entities.
AVOIDED_IN_OUTPUT = re.compile(r"\b(?:somebody|tells|told|who leaves|of ours)\b", re.IGNORECASE)
# "is no longer" is usual English.
NOT_A = re.compile(r"(?<![Tt]here )\bis no (?!longer\b|more\b)")
PYTHON_REPR = re.compile(r"<[A-Z]\w+\.\w+: |<\w+ object at ")


def list_messages(path: Path) -> Iterator[str]:
    """List the texts of a module but its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {
        id(statement.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        for statement in node.body
        if isinstance(statement, ast.Expr)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in docstrings:
                yield text
            case _:
                pass


def list_comments(path: Path) -> Iterator[str]:
    """List the docstrings and comments of a module, a comment of several lines as one."""
    source = path.read_text("utf-8")
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield text
            case _:
                pass
    own: list[tuple[int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        text = token.string.lstrip("# ")
        if token.line.strip().startswith("#"):
            own.append((token.start[0], text))
        else:
            yield text
    together: list[str] = []
    for (number, text), (before, _) in zip(own, [(0, ""), *own], strict=False):
        if together and number != before + 1:
            yield " ".join(together)
            together = []
        together.append(text)
    yield " ".join(together)


def list_help(command: click.Command, name: str) -> Iterator[str]:
    """List the help texts of a command and of those below it."""
    yield command.get_help(click.Context(command, info_name=name))
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from list_help(each, f"{name} {each.name}")


def list_texts(schema: object) -> Iterator[str]:
    """List the texts of a schema, at any depth."""
    match schema:
        case str():
            yield schema
        case dict():
            for value in cast("dict[str, object]", schema).values():
                yield from list_texts(value)
        case list():
            for value in cast("list[object]", schema):
                yield from list_texts(value)
        case _:
            pass


def find_faults(text: str, *, printed: bool = False) -> list[str]:
    joined = " ".join(text.split())
    patterns = [AVOIDED, NOT_A, PYTHON_REPR, *([AVOIDED_IN_OUTPUT] if printed else [])]
    return [
        joined[max(0, match.start() - 40) : match.end() + 40]
        for pattern in patterns
        for match in pattern.finditer(joined)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2.5 is no whole number",
        "the alias is taken\nfor ever",
        "this needs a word from a person",
        "Needed. A file",
        "a failure that the roll back\nmends",
        "an absent one is no error",
        "nobody carries out calls",
        "directory <Kind.USER: 'user'> is gone",
    ],
)
def test_a_fault_is_found(text: str) -> None:
    assert find_faults(text)


def test_what_is_printed_is_about_entities() -> None:
    text = "somebody cancelled the job"

    assert ([], [text]) == (find_faults(text), find_faults(text, printed=True))


def test_usual_english_is_not_a_fault() -> None:
    assert [] == find_faults('alice is no longer declared; there is no user "bob"; a commendation')


def test_messages_are_plain() -> None:
    faults = {
        f"{path.relative_to(PACKAGE)}: {fault}"
        for path in PACKAGE.rglob("*.py")
        for message in list_messages(path)
        for fault in find_faults(message, printed=True)
    }

    assert set() == faults


def test_a_comment_of_two_lines_is_read_as_one(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text('"""Text."""\n\n# stays for\n# ever\nNAME = "x"  # for good\n')

    assert ["Text.", "for good", "stays for ever"] == list(list_comments(path))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_and_comments_are_plain(path: Path) -> None:
    assert [] == [fault for text in list_comments(path) for fault in find_faults(text)]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_are_plain(path: Path) -> None:
    assert [] == find_faults(path.read_text("utf-8"))


def test_a_class_has_a_name_of_its_own() -> None:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(str(path.relative_to(PACKAGE)))

    assert PUBLIC_TWICE == {name for name, places in found.items() if len(places) > 1}


def test_help_is_plain() -> None:
    faults = [
        fault
        for text in list_help(main, "workmail-org")
        for fault in find_faults(text, printed=True)
    ]

    assert [] == faults


@pytest.mark.parametrize("name", ["organization", "plan", "drift", "leave"])
def test_the_schemas_are_plain(name: str) -> None:
    schema = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text("utf-8"))

    assert [] == [fault for text in list_texts(schema) for fault in find_faults(text, printed=True)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documents_are_plain(path: Path) -> None:
    assert [] == find_faults(path.read_text("utf-8"))
