"""Messages, help and the schema keep to plain English; docs/glossary.md has the terms."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import click
import pytest

from workmail_org.cli import main

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "constructs" / "workmail_org"
# The first quotes AWS; the second is generated from the emulator's docstrings.
LEFT_OUT = {"facts.md", "emulator-coverage.md"}
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "SECURITY.md",
    *(path for path in sorted((ROOT / "docs").glob("*.md")) if path.name not in LEFT_OUT),
]

AVOIDED = re.compile(
    r"\b(?:for ever|for good|made up|foretells?|mend(?:s|ed)?|a word from|needs a word|"
    r"give the word|the word for|who receives what|nothing of it is left)\b"
    r"|\bNeeded\. |not done after",
    re.IGNORECASE,
)
# "is no longer" is usual English.
NOT_A = re.compile(r"(?<!there )\bis no (?!longer\b)")
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


def find_faults(text: str) -> list[str]:
    joined = " ".join(text.split())
    return [
        joined[max(0, match.start() - 40) : match.end() + 40]
        for pattern in (AVOIDED, NOT_A, PYTHON_REPR)
        for match in pattern.finditer(joined)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2.5 is no whole number",
        "the alias is taken\nfor ever",
        "this needs a word from a person",
        "Needed. A file",
        "directory <Kind.USER: 'user'> is gone",
    ],
)
def test_a_fault_is_found(text: str) -> None:
    assert find_faults(text)


def test_usual_english_is_not_a_fault() -> None:
    assert [] == find_faults('alice is no longer declared; there is no user "bob"; a commendation')


def test_messages_are_plain() -> None:
    faults = {
        f"{path.relative_to(PACKAGE)}: {fault}"
        for path in PACKAGE.rglob("*.py")
        for message in list_messages(path)
        for fault in find_faults(message)
    }

    assert set() == faults


def test_help_is_plain() -> None:
    faults = [fault for text in list_help(main, "workmail-org") for fault in find_faults(text)]

    assert [] == faults


@pytest.mark.parametrize("name", ["organization", "plan", "drift", "leave"])
def test_the_schemas_are_plain(name: str) -> None:
    schema = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text("utf-8"))

    assert [] == [fault for text in list_texts(schema) for fault in find_faults(text)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documents_are_plain(path: Path) -> None:
    assert [] == find_faults(path.read_text("utf-8"))
