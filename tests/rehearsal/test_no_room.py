"""A rehearsal on a full disk, or on none, ends with one sentence; it used to wait for an hour."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workmail_org.errors import WorkMailOrgError
from workmail_org.rehearsal.interrupts import Interrupts
from workmail_org.rehearsal.processes import Processes

SPEC = """
version: 1
environment: test
organizations:
  acme: {region: us-west-2, alias: acme, users: {alice: {display_name: Alice}}}
"""

COMMAND = [sys.executable, "-c", "from workmail_org.cli import main; main()", "rehearse"]


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "test.yaml"
    path.write_text(SPEC, encoding="utf-8")
    return path


@pytest.fixture
def small(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file system of its own, of so many bytes; only root can mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={request.param}", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, check=False).returncode:  # noqa: S603
        pytest.skip("cannot mount a small file system: needs Linux and root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S603, S607


def run(spec: Path, temporary: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, str(spec)],
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize(
    "small",
    [
        pytest.param("100k", id="while it starts"),
        pytest.param("1m", id="while it synthesizes", marks=pytest.mark.exhaustive),
        pytest.param("4m", id="while it deploys"),
    ],
    indirect=True,
)
def test_a_full_disk_ends_it_with_one_sentence(spec: Path, small: Path) -> None:
    finished = run(spec, small)

    assert finished.stderr.splitlines()[-1] == (
        f"the rehearsal cannot go on: nothing can be written in {small} (No space left on device);"
        " make room there, or set TMPDIR to another folder"
    )
    assert (1, "") == (finished.returncode, finished.stdout)
    assert list(small.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "absent" / "rehearsal"

    with pytest.raises(WorkMailOrgError) as refused:
        Processes(Interrupts(), folder)

    assert str(refused.value) == (
        f"a rehearsal cannot make its folder {folder} (No such file or directory); make room there,"
        " or set TMPDIR to another folder"
    )


def test_no_temporary_folder_at_all_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from workmail_org.rehearsal import rehearsing
    from workmail_org.rehearsal.progress import ProgressReport

    def refuse() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr("tempfile.gettempdir", refuse)
    script = rehearsing.Script(spec=Path("config/example.yaml"))
    with pytest.raises(WorkMailOrgError, match="set TMPDIR to a folder that can be written"):
        rehearsing.rehearse(script, ProgressReport(), lambda _kept: None)


def test_a_command_does_not_wait_for_a_server_that_ended(tmp_path: Path) -> None:
    processes = Processes(Interrupts())
    ends = ["/bin/sh", "-c", "echo why; exit 1"]
    try:
        processes.start(ends, environment={}, folder=tmp_path, log=tmp_path / "aws.log")
        with pytest.raises(WorkMailOrgError) as ended:
            processes.run(["/bin/sleep", "600"], environment={}, folder=tmp_path, on_line=print)
    finally:
        processes.stop()

    assert str(ended.value) == "a process of the local AWS ended by itself; aws.log: why"


def test_a_command_that_prints_nothing_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workmail_org.rehearsal.processes._LOOK_SECONDS", 0.02)
    monkeypatch.setattr("workmail_org.rehearsal.processes._SILENCE_SECONDS", 0.1)
    processes = Processes(Interrupts())
    try:
        with pytest.raises(WorkMailOrgError, match="nothing happened in the local AWS for 0 min"):
            processes.run(["/bin/sleep", "600"], environment={}, folder=tmp_path, on_line=print)
    finally:
        processes.stop()
