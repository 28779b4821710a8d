"""Specs are judged as users do it: written to a file, read, every problem told."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workmail_org.spec.building import read_spec
from workmail_org.spec.problems import render_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from workmail_org.spec.problems import Problem

HEAD = """\
version: 1
environment: test
organizations:
  acme:
    region: eu-west-1
    alias: acme
"""
"""What is well before the part that a test is about, which begins on line 7."""


@pytest.fixture
def expect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give a function that judges a spec and compares what it is told.

    Problems are written in two or three lines: line, column and path; message; hint.
    """
    monkeypatch.chdir(tmp_path)

    def check(organization: str = "", more: str = "", problems: str = "", head: str = HEAD) -> None:
        text = head + _indent(organization, "    ") + _indent(more, "  ")
        Path("spec.yaml").write_text(text, encoding="utf-8")

        actual = "".join(_render(problem) for problem in read_spec(Path("spec.yaml")).problems)

        assert _indent(problems, "") == actual

    return check


def _indent(text: str, prefix: str) -> str:
    return textwrap.indent(textwrap.dedent(text).lstrip("\n"), prefix)


def _render(problem: Problem) -> str:
    place = f"{problem.place.line}:{problem.place.column} {render_path(problem.path)}".rstrip()
    hint = f"  {problem.hint}\n" if problem.hint else ""
    return f"{place}\n  {problem.message}\n{hint}"
