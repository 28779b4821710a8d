"""Completion in the shell: commands, options, words and spec files."""

from __future__ import annotations

import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from workmail_org.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

BIN = pathlib.Path(sys.executable).parent
PATIENCE = 30.0
"""Seconds until a busy machine has answered a key."""


def ask(shell: str, *words: str) -> list[tuple[str, str]]:
    """Ask as the script of a shell does for the last word; kinds and values of the answers."""
    line = " ".join(words)
    environment = {
        "_WORKMAIL_ORG_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": words[-1] if shell == "fish" else str(len(words) - 1),
    }
    answer = CliRunner().invoke(main, env=environment, prog_name="workmail-org").stdout
    if shell == "zsh":  # three lines each: kind, value, help
        lines = answer.splitlines()
        return list(zip(lines[::3], lines[1::3], strict=True))
    pairs = (line.partition("\t")[0].partition(",") for line in answer.splitlines())
    return [(kind, value) for kind, _, value in pairs]


SHELLS = ["bash", "zsh", "fish"]


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_are_completed(shell: str) -> None:
    assert [("plain", "validate")] == ask(shell, "workmail-org", "val")


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_is_offered(shell: str) -> None:
    offered = (
        ask(shell, "workmail-org", "") if shell != "fish" else ask(shell, "workmail-org", "''")
    )

    assert sorted(main.commands) == sorted(value for _, value in offered)


@pytest.mark.parametrize("shell", SHELLS)
def test_specs_are_completed_as_files(shell: str) -> None:
    """The shell itself lists files when it is told the kind."""
    assert [("file", "config/pro")] == ask(shell, "workmail-org", "validate", "config/pro")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_words_of_an_option_are_completed(shell: str) -> None:
    words = ("workmail-org", "validate", "--format", "s")

    assert [("plain", "sarif")] == ask(shell, *words)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_gets_its_script(shell: str) -> None:
    environment = {"_WORKMAIL_ORG_COMPLETE": f"{shell}_source"}
    result = CliRunner().invoke(main, env=environment, prog_name="workmail-org")

    assert 0 == result.exit_code
    assert f"_WORKMAIL_ORG_COMPLETE={shell}_complete" in result.stdout


class Terminal:
    """An interactive bash."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-i"],  # noqa: S607 - the one of the machine
            cwd=folder,
            env={"PATH": f"{BIN}:{os.environ['PATH']}", "PS1": "$ ", "TERM": "dumb"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def type(self, keys: str, *, until: str) -> str:
        """Type keys; what is on the screen once a pattern has appeared."""
        os.write(self.master, keys.encode())
        screen = ""
        deadline = time.monotonic() + PATIENCE
        while not re.search(until, screen):
            wait = deadline - time.monotonic()
            ready = select.select([self.master], [], [], max(wait, 0))[0]
            assert ready, f"no {until!r} after {keys!r}: {screen!r}"
            screen += os.read(self.master, 65536).decode()
        return screen

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture
def terminal(tmp_path: pathlib.Path) -> Iterator[Terminal]:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "production.yaml").touch()
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def test_bash_completes_as_one_types(terminal: Terminal) -> None:
    """As docs/ci.md says to set it up."""
    setup = 'eval "$(_WORKMAIL_ORG_COMPLETE=bash_source workmail-org)"; echo set-$((1 + 1))\n'
    terminal.type(setup, until="set-2")

    terminal.type("workmail-org val\t", until="validate ")
    terminal.type("conf\t", until="config/")
    screen = terminal.type("pro\t", until=r"production\.yaml ")

    assert "production.yaml " in screen


_DECLARED = """\
version: 1
organizations:
  acme-eu: {users: {alice: {}, alan: {}, bob: {}}, groups: {all: {}}, resources: {atrium: {}}}
  acme-us: !include none.yaml
"""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("plan", "s.yaml", "--organization", "acme"), ["acme-eu", "acme-us"]),
        (("restore", "s.yaml", "alice", "--organization", "acme-u"), ["acme-us"]),
        (("restore", "missing.yaml", "a"), []),
        (("restore", "s.yaml", "al"), ["alice", "alan"]),
        (("restore", "s.yaml", "group:"), ["group:all"]),
        (("purge", "s.yaml", "bob", "resource:a"), ["resource:atrium"]),
        (("reset-password", "s.yaml", "a"), ["alice", "alan"]),
    ],
)
def test_keys_and_people_of_the_spec_are_completed(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    expected: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(_DECLARED, "utf-8")

    found = [value for _, value in ask("bash", "workmail-org", *words)]

    assert expected == [value for value in found if value]


def test_what_a_plan_compares_with_is_completed(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    identity = ["-c", "user.name=t", "-c", "user.email=t@acme.example"]
    for command in (
        ["init", "--quiet", "--initial-branch=develop"],
        [*identity, "commit", "--quiet", "--allow-empty", "--message=first"],
        ["tag", "v1"],
    ):
        subprocess.run(["git", *command], check=True)  # noqa: S603, S607 - our own words

    def complete(begin: str) -> list[tuple[str, str]]:
        return ask("bash", "workmail-org", "plan", "s.yaml", "--against", begin)

    assert [("plain", "deployed"), ("plain", "develop"), ("file", "de")] == complete("de")
    assert [("plain", "v1"), ("file", "v")] == complete("v")
