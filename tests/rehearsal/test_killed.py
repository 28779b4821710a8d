"""Nothing of a rehearsal survives it, not even when it is killed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SPEC = """
version: 1
environment: test
organizations:
  acme: {region: us-west-2, alias: acme, users: {alice: {display_name: Alice}}}
"""

COMMAND = [sys.executable, "-c", "from workmail_org.cli import main; main()", "rehearse"]


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    made = tmp_path / "tmp"
    made.mkdir()
    return made


@pytest.fixture
def rehearsal(tmp_path: Path, temporary: Path) -> Iterator[subprocess.Popen[str]]:
    spec = tmp_path / "test.yaml"
    spec.write_text(SPEC, encoding="utf-8")
    with subprocess.Popen(  # noqa: S603 - our own command
        [*COMMAND, str(spec)],
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def find_processes(folder: Path) -> dict[int, str]:
    """Find every process that has a folder in its arguments, environment or open files."""
    found: dict[int, str] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            known = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            links = [process / "cwd", *(process / "fd").iterdir()]
            known += b"\0".join(str(link.readlink()).encode() for link in links)
        except OSError:  # it has ended, or waits for its parent
            continue
        if str(folder).encode() in known and int(process.name) != os.getpid():
            found[int(process.name)] = (process / "comm").read_text(encoding="utf-8").strip()
    return found


def wait_until_gone(folder: Path) -> tuple[dict[int, str], list[Path]]:
    """Give the processes and files that are left, when none is or after ten seconds."""
    deadline = time.monotonic() + 10
    while (find_processes(folder) or [*folder.iterdir()]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return find_processes(folder), [*folder.iterdir()]


def wait_for(process: subprocess.Popen[str], line: str) -> None:
    assert process.stderr is not None
    seen = next(each for each in process.stderr if line in each)
    assert seen


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.3])
def test_a_rehearsal_killed_while_it_starts_leaves_nothing(
    rehearsal: subprocess.Popen[str], temporary: Path, seconds: float
) -> None:
    wait_for(rehearsal, "starting a local AWS")
    time.sleep(seconds)
    rehearsal.kill()

    assert wait_until_gone(temporary) == ({}, [])


def test_a_rehearsal_killed_while_it_synthesizes_leaves_nothing(
    rehearsal: subprocess.Popen[str], temporary: Path
) -> None:
    wait_for(rehearsal, "synthesizing")
    while "jsii-kernel" not in (before := " ".join(list_names(temporary))):
        assert rehearsal.poll() is None, before
        time.sleep(0.02)
    rehearsal.kill()

    assert wait_until_gone(temporary) == ({}, [])


def test_a_rehearsal_killed_while_it_deploys_leaves_nothing_and_was_private(
    rehearsal: subprocess.Popen[str], temporary: Path
) -> None:
    wait_for(rehearsal, "Custom::WorkMailOrganization")  # the functions run by then
    before = find_processes(temporary)
    (folder,) = temporary.iterdir()
    private = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    rehearsal.kill()

    assert len(before) >= 6  # keeper, ministack, emulator, CDK CLI, functions in two languages
    assert {0o700, 0o600} >= {private[folder / name] for name in ("", "tmp", "aws.log", "cdk")}
    assert private[folder] == 0o700
    assert wait_until_gone(temporary) == ({}, [])


def list_names(folder: Path) -> list[str]:
    return [path.name for inside in folder.iterdir() for path in (inside / "tmp").glob("*")]
