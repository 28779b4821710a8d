"""What strangers found wrong, and more of each kind: the whole of what the command line says now.

Each folder of tests/data/findings is an entry of what was found (`found…` files are the inputs as
they were found, the others are further ones of the kind), with commands and their exact output in
`seen.txt`: `UPDATE_FINDINGS=1 pytest tests/acceptance/test_findings.py` writes them anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from workmail_org.cli import main

FINDINGS = sorted((Path(__file__).parents[1] / "data" / "findings").iterdir())
_PROMPT = "$ workmail-org "
_OF_TODAY = re.compile(r"\nnote: Amazon WorkMail ends on .* days left\n")


def run(command: str) -> str:
    """Run a command; give it with what it writes, whatever day it is, and how it ends."""
    result = CliRunner().invoke(main, command.split())
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return f"{_PROMPT}{command}\n{_OF_TODAY.sub('', result.output)}[{result.exit_code}]\n"


@pytest.mark.parametrize("folder", FINDINGS, ids=lambda folder: folder.name)
def test_what_was_found_is_as_it_should_be(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    expected = Path("seen.txt").read_text("utf-8")
    commands = [
        line.removeprefix(_PROMPT) for line in expected.splitlines() if line.startswith(_PROMPT)
    ]
    seen = "".join(map(run, commands))
    if os.environ.get("UPDATE_FINDINGS"):
        Path("seen.txt").write_text(seen, "utf-8")
        return

    assert expected == seen


def test_every_input_is_run() -> None:
    """No file lies there that nothing reads."""
    for folder in FINDINGS:
        said = (folder / "seen.txt").read_text("utf-8")
        unused = [each.name for each in folder.glob("*.yaml") if each.name not in said]
        assert [] == unused, folder.name
