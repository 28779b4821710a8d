"""The program as a whole: help, version, and what becomes of errors."""

from __future__ import annotations

import pathlib
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from workmail_org import errors
from workmail_org.cli import main
from workmail_org.spec.problems import Location, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PROGRAM = [sys.executable, "-c", "from workmail_org.cli import main; main()"]


@pytest.fixture
def failing() -> Iterator[Callable[[BaseException], None]]:
    """Add a command `fail` that raises something."""

    def add(error: BaseException) -> None:
        @main.command("fail")
        def fail() -> None:  # pyright: ignore[reportUnusedFunction] - click has it
            raise error

    yield add
    main.commands.pop("fail", None)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (
            errors.SpecError([Problem(Location("s.yaml", 1, 2), ("a\x1b",), "is wrong")]),
            2,
            's.yaml:1:2: ["a\\x1b"]: is wrong\n',
        ),
        (
            errors.UnsafePlanError("this removes all", "so does that"),
            3,
            "this removes all; so does that\n",
        ),
        (errors.DeploymentError("CloudFormation said no"), 4, "CloudFormation said no\n"),
        (errors.PermanentError("name taken", operation="CreateUser"), 4, "name taken\n"),
        (errors.WireError("no such property"), 1, "no such property\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (
            ValueError("a\nb"),
            1,
            "unexpected ValueError: a\\nb; --debug before the command shows the traceback\n",
        ),
        (
            OSError(28, "disk full"),
            1,
            "the output cannot be written: disk full\n",
        ),
        (click.UsageError("called wrongly"), 2, "Usage: main fail [OPTIONS]\n"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_each_error_has_its_exit_code_and_one_message(
    failing: Callable[[BaseException], None], error: BaseException, code: int, message: str
) -> None:
    failing(error)
    result = CliRunner().invoke(main, ["fail"])

    assert (code, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith(message)


def test_debug_shows_the_traceback(failing: Callable[[BaseException], None]) -> None:
    failing(ValueError("odd"))
    result = CliRunner().invoke(main, ["--debug", "fail"])

    assert 1 == result.exit_code
    assert result.stderr.startswith("Traceback (most recent call last)")
    assert result.stderr.endswith("unexpected ValueError: odd\n")


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_the_commands(option: str) -> None:
    result = CliRunner().invoke(main, [option])

    assert 0 == result.exit_code
    assert {"validate", "show"} <= {line.split()[0] for line in result.stdout.splitlines() if line}


def test_help_tells_each_command_in_a_whole_sentence_and_in_the_order_of_use() -> None:
    lines = CliRunner().invoke(main, ["--help"]).stdout.partition("Commands:\n")[2].splitlines()

    assert [line for line in lines if not line.endswith(".") or line.endswith("...")] == []
    assert [line.split()[0] for line in lines] == [
        *("init", "import", "validate", "show", "plan", "drift", "rehearse", "records", "schema"),
        *("removed", "restore", "purge", "reset-password", "leave"),
    ]


def test_the_version_is_the_package_s() -> None:
    result = CliRunner().invoke(main, ["--version"])

    assert (0, True) == (result.exit_code, result.stdout.startswith("workmail-org, version "))


def test_an_unknown_command_is_a_usage_error() -> None:
    assert 2 == CliRunner().invoke(main, ["valdiate"]).exit_code


@pytest.mark.parametrize(
    ("command", "spec"),
    [("show", "a: " + "x" * 8_000_000), ("validate", ("x" * 1000 + ": 1\n") * 8000)],
)
def test_a_reader_that_has_gone_is_no_error(
    tmp_path: pathlib.Path, command: str, spec: str
) -> None:
    (tmp_path / "s.yaml").write_text(spec, "utf-8")  # says more than a pipe holds
    with subprocess.Popen(  # noqa: S603 - our own program
        [*_PROGRAM, command, "s.yaml"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env={"PATH": ""},  # without PYTHONUNBUFFERED, under which Python forgets what it lost
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.read(10)
        program.stdout.close()

        assert (141, b"") == (program.wait(60), program.stderr.read())


def test_an_interrupted_program_says_so(tmp_path: pathlib.Path) -> None:
    code = """\
        import signal, sys, time
        from workmail_org import cli
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
        @cli.main.command()
        def wait():
            print("waiting", flush=True)
            time.sleep(60)
        cli.main(["wait"])
        """
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.readline()
        program.send_signal(signal.SIGINT)

        assert (130, b"interrupted\n") == (program.wait(30), program.stderr.read())


def test_letters_that_the_terminal_has_not_are_escaped(tmp_path: pathlib.Path) -> None:
    (tmp_path / "s.yaml").write_text("Zoë: 1\nZoë: 2\n", "utf-8")
    result = subprocess.run(  # noqa: S603 - our own program
        [*_PROGRAM, "validate", "s.yaml"],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
    )

    assert 2 == result.returncode
    assert b'key "Zo\\xeb" stands here twice' in result.stdout
