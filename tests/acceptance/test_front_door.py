"""Where output cannot go, input that is no file, folders that are not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from workmail_org.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

ROOT = Path(__file__).resolve().parents[2]
_SPEC = str(ROOT / "config" / "example.yaml")
_FULL = "the output cannot be written: no space left on device\n"


def run_shell(command: str, folder: Path) -> tuple[int, str]:
    """Run a command line in a shell; exit code and standard error."""
    done = subprocess.run(  # noqa: S603 - our own program
        ["/bin/sh", "-c", command.replace("workmail-org", f"{sys.executable} -m workmail_org")],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'constructs'}"},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("arguments", ["--version", "--help", f"validate {_SPEC}", f"show {_SPEC}"])
def test_a_full_disk_is_told_in_one_line(tmp_path: Path, arguments: str) -> None:
    assert (1, _FULL) == run_shell(f"workmail-org {arguments} >/dev/full", tmp_path)


@pytest.mark.parametrize("arguments", ["--version", f"validate {_SPEC}", f"show {_SPEC}"])
def test_a_closed_standard_output_is_no_failure(tmp_path: Path, arguments: str) -> None:
    assert (0, "") == run_shell(f"workmail-org {arguments} >&-", tmp_path)


@pytest.mark.parametrize(
    "program",
    [
        "workmail_org",
        "workmail_org --help",
        "workmail_org --version",
        "workmail_org validate --help",
        "workmail_org leave --help",
        f"workmail_org validate {_SPEC}",
        "workmail_emulator",
        "workmail_emulator --help",
    ],
)
def test_a_pipe_that_nobody_reads_ends_a_program_quietly(tmp_path: Path, program: str) -> None:
    """As SIGPIPE would: with 141, which shells do not take for a failure of `… | head`."""
    reader, writer = os.pipe()
    os.close(reader)
    errors = tmp_path / "errors"
    wrong = program == "workmail_org"  # no command: the help goes to standard error
    with errors.open("wb") as elsewhere:
        done = subprocess.run(  # noqa: S603 - our own programs
            [sys.executable, "-m", *program.split()],
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'constructs'}:{ROOT / 'emulator'}"},
            cwd=tmp_path,
            stdout=writer,
            stderr=writer if wrong else elsewhere,
            timeout=60,
            check=False,
        )
    os.close(writer)

    assert (141, "") == (done.returncode, errors.read_text("utf-8"))


@pytest.mark.parametrize("arguments", ["", "--help"])
def test_an_emulator_that_cannot_print_says_so(tmp_path: Path, arguments: str) -> None:
    told = f"workmail-emulator: {_FULL}"
    program = f"PYTHONPATH={ROOT / 'emulator'} {sys.executable} -m workmail_emulator"

    assert (1, told) == run_shell(f"{program} {arguments} >/dev/full", tmp_path)


def test_an_emulator_without_a_standard_output_serves(tmp_path: Path) -> None:
    """Whoever closes it has chosen the port."""
    program = f"PYTHONPATH={ROOT / 'emulator'} {sys.executable} -m workmail_emulator"
    serving = f"{program} --dump dump.json >&- & sleep 2; kill $!; wait $!"

    assert (0, "") == run_shell(serving, tmp_path)
    assert (tmp_path / "dump.json").is_file()


def test_a_closed_standard_error_leaves_the_exit_code(tmp_path: Path) -> None:
    assert 2 == run_shell("workmail-org validate none.yaml 2>&-", tmp_path)[0]


@pytest.mark.parametrize("arguments", ["validate x.yaml", "init new"])
def test_a_deleted_folder_is_told_in_one_line(tmp_path: Path, arguments: str) -> None:
    told = "the current folder does not exist any more; change into another one\n"

    assert (2, told) == run_shell(
        f"mkdir gone && cd gone && rmdir ../gone && workmail-org {arguments}", tmp_path
    )


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (
            "none/plan.txt",
            "none/plan.txt cannot be written: no such file or directory;"
            " make the folder none first\n",
        ),
        ("/dev/full", "/dev/full cannot be written: no space left on device\n"),
        ("config/valid.yaml/x", "config/valid.yaml/x cannot be written: not a directory\n"),
    ],
)
def test_an_output_that_cannot_be_written_is_told(run: Run, output: str, told: str) -> None:
    spec = "config/valid.yaml"
    result = run("plan", spec, "--against", spec, "--output", output)

    assert (2, told) == (result.exit_code, result.stderr)


@pytest.mark.parametrize("output", ["before.yaml", "link.yaml", "spec.yaml", "people.csv"])
def test_an_output_never_takes_the_place_of_what_is_read(run: Run, output: str) -> None:
    spec = "version: 1\nenvironment: p\norganizations:\n  a: {region: eu-west-1, alias: a, "
    files = {
        "before.yaml": f"{spec}users: {{}}}}\n",
        "spec.yaml": f"{spec}users: !csv people.csv}}\n",
        "people.csv": "name,display_name\nalice,A\n",
    }
    run("validate", "spec.yaml", files=files)
    Path("link.yaml").symlink_to("before.yaml")
    result = run("plan", "spec.yaml", "--against", "before.yaml", "--output", output)
    told = f"{output} is read by this command: name another file for --output\n"

    assert (2, told) == (result.exit_code, result.stderr)
    assert files == {name: Path(name).read_text("utf-8") for name in files}


def test_a_link_to_nowhere_is_not_a_folder_to_make(run: Run) -> None:
    spec = "config/valid.yaml"
    run("validate", spec)
    Path("link").symlink_to("nowhere/plan.txt")
    result = run("plan", spec, "--against", spec, "--output", "link")

    assert "link cannot be written: no such file or directory\n" == result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("init", ""), ("validate", ""), ("show", ""), ("plan", "a", "--output", ""), ("removed", "")],
)
def test_empty_text_names_no_file(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)

    assert 2 == result.exit_code
    assert "empty text names no f" in result.stderr


def test_a_spec_is_read_from_standard_input(run: Run) -> None:
    files = {"config/people.csv": "name,display_name\nalice,A\n"}
    run("validate", "config/valid.yaml", files=files)
    head = "version: 1\nenvironment: p\norganizations:\n  a:\n    region: eu-west-1\n    alias: a\n"

    def validate(text: str | bytes) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["validate", "-"], input=text)
        return result.exit_code, result.stdout

    assert (0, "-: valid\n") == validate(f"{head}    users: !csv config/people.csv\n")
    assert (
        2,
        "-:7:12: organizations.a.users: !csv cannot read \"people.csv\": no such file\n",
    ) == validate(f"{head}    users: !csv people.csv\n")  # fmt: skip
    assert (2, "-:1:1: byte 0xff is not UTF-8 text; save it as UTF-8\n") == validate(b"\xff")


def test_a_spec_from_standard_input_is_shown(run: Run) -> None:
    run("validate", "config/valid.yaml")
    result = CliRunner().invoke(main, ["show", "-"], input="extends: config/valid.yaml\n")

    assert 0 == result.exit_code
    assert "Zoë Liddell" in result.stdout


def test_make_tells_what_it_can_make() -> None:
    done = subprocess.run(
        ["make", "--silent", "help"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    told = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("make ")}

    assert {
        *("setup", "help", "rehearse", "test", "test-all"),
        *("check", "fix", "docs", "site", "lock", "newest"),
    } == told
