"""Whole specs, each beside the problems that it has."""

from __future__ import annotations

import pathlib

import pytest
from click.testing import CliRunner

from workmail_org.cli import main

_SPECS = pathlib.Path(__file__).parents[1] / "data" / "specs"
_EXPECTED = sorted((_SPECS / "invalid").glob("*.problems.txt"))
_VALID = sorted((_SPECS / "valid").glob("*.yaml"))


@pytest.mark.parametrize("expected", _EXPECTED, ids=lambda path: path.name.split(".")[0])
def test_every_problem_of_a_wrong_spec_is_told(
    expected: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(expected.parent)
    spec = expected.name.replace(".problems.txt", ".yaml")
    result = CliRunner().invoke(main, ["validate", spec])

    assert expected.read_text("utf-8") == result.stdout
    assert 2 == result.exit_code


@pytest.mark.parametrize("spec", _VALID, ids=lambda path: path.stem)
def test_a_right_spec_has_no_problem(spec: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(spec.parent)
    result = CliRunner().invoke(main, ["validate", spec.name])

    assert (0, f"{spec.name}: valid\n") == (result.exit_code, result.stdout)


def test_every_wrong_spec_says_what_is_wrong() -> None:
    specs = {path.stem for path in (_SPECS / "invalid").glob("*.yaml")}

    assert specs == {path.name.removesuffix(".problems.txt") for path in _EXPECTED}
