"""How the GitHub Action installs the program: locked, without an extra, and once for each lock."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
STEPS: list[dict[str, Any]] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"][
    "steps"
]

PYTHON = '''\
#!{python}
"""Plays Python: makes environments, and writes down what pip is asked for."""
import pathlib, shutil, sys
here = pathlib.Path(sys.argv[0])
match sys.argv[1:]:
    case ["-VV"]:
        print("Python {version}")
    case ["-m", "venv", folder]:
        (pathlib.Path(folder) / "bin").mkdir(parents=True)
        shutil.copy(here, pathlib.Path(folder) / "bin" / "python")
    case ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]:
        with open({log!r}, "a") as log:
            log.write(" ".join(arguments) + "\\n")
        sys.exit(pathlib.Path({broken!r}).exists() and "--require-hashes" in arguments)
    case _:
        sys.exit("unexpected: " + repr(sys.argv))
'''


@dataclass
class Runner:
    """A runner of GitHub with this action in a folder of its own."""

    folder: Path

    @property
    def action(self) -> Path:
        return self.folder / "action-of-ours"

    @property
    def temp(self) -> Path:
        return self.folder / "temp"

    def install_python(self, version: str) -> None:
        python = self.folder / "python"
        log, broken = str(self.folder / "pip.log"), str(self.folder / "broken")
        python.write_text(
            PYTHON.format(python=sys.executable, version=version, log=log, broken=broken)
        )
        python.chmod(python.stat().st_mode | stat.S_IXUSR)

    def run(self, script: str) -> int:
        """Run a script of the action, as its step does."""
        (step,) = [step for step in STEPS if script in step.get("run", "")]
        done = subprocess.run(  # noqa: S603 - the step's own script
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],  # noqa: S607
            env={
                "PATH": os.environ["PATH"],
                "PYTHON": str(self.folder / "python"),
                "GITHUB_ACTION_PATH": str(self.action),
                "RUNNER_TEMP": str(self.temp),
                "RUNNER_OS": "Linux",
                "RUNNER_ARCH": "X64",
                "GITHUB_OUTPUT": str(self.folder / "output"),
                "GITHUB_PATH": str(self.folder / "path"),
            },
            check=False,
        )
        return done.returncode

    def find_key(self) -> str:
        assert 0 == self.run("key.sh")
        return (self.folder / "output").read_text().splitlines()[-1].removeprefix("key=")

    @property
    def asked(self) -> list[str]:
        """What pip was asked for."""
        return (self.folder / "pip.log").read_text().splitlines()


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    runner = Runner(tmp_path)
    runner.temp.mkdir()
    shutil.copytree(ROOT / "action", runner.action / "action")
    runner.install_python("3.13.5")
    return runner


def test_what_is_needed_is_locked_and_the_program_is_the_actions_own(runner: Runner) -> None:
    assert 0 == runner.run("install.sh")

    assert [
        f"--require-hashes --requirement {runner.action}/action/requirements.txt",
        f"--no-deps --no-build-isolation --no-index --force-reinstall {runner.action}",
    ] == runner.asked
    assert f"{runner.temp}/workmail-org/bin\n" == (runner.folder / "path").read_text()


def test_an_environment_from_the_cache_gets_this_revision_alone(runner: Runner) -> None:
    runner.run("install.sh")
    runner.run("install.sh")

    assert runner.asked[1:] == [runner.asked[1]] * 2


def test_an_environment_that_was_not_finished_is_made_anew(runner: Runner) -> None:
    (runner.folder / "broken").touch()
    first = runner.run("install.sh")
    (runner.folder / "broken").unlink()

    assert (1, 0) == (first, runner.run("install.sh"))
    assert [runner.asked[0]] * 2 == runner.asked[:2]


def test_the_cache_is_for_this_lock_and_this_python(runner: Runner) -> None:
    first = runner.find_key()
    again = runner.find_key()
    runner.install_python("3.13.6")
    other_python = runner.find_key()
    lock = runner.action / "action" / "requirements.txt"
    lock.write_text(f"{lock.read_text()}\n")

    assert first == again
    assert first.startswith("workmail-org-Linux-X64-")
    assert 3 == len({first, other_python, runner.find_key()})


def test_without_a_python_there_is_no_key(runner: Runner) -> None:
    (runner.folder / "python").unlink()

    assert 0 != runner.run("key.sh")


def test_the_cache_holds_what_is_installed(runner: Runner) -> None:
    scripts: list[str] = [step.get("run", "") for step in STEPS]
    (cache,) = [step for step in STEPS if step.get("uses", "").startswith("actions/cache@")]
    at = STEPS.index(cache)
    runner.run("install.sh")

    assert "key.sh" in scripts[at - 1]
    assert "install.sh" in scripts[at + 1]
    assert {
        "path": "${{ runner.temp }}/workmail-org",
        "key": "${{ steps.environment.outputs.key }}",
    } == cache["with"]
    assert ["workmail-org"] == [path.name for path in runner.temp.iterdir()]
