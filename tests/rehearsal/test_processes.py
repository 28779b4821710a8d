"""Whatever a rehearsal starts is gone when it ends."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from workmail_org.rehearsal import processes as processes_module
from workmail_org.rehearsal.interrupts import Interrupted, Interrupts
from workmail_org.rehearsal.processes import Processes

SPAWNER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def processes() -> Iterator[Processes]:
    started = Processes(Interrupts())
    yield started
    started.stop()


def start(processes: Processes, code: str, folder: Path) -> Path:
    """Start a Python process and wait for its first line; return its log."""
    log = folder / "log"
    processes.start([sys.executable, "-c", code], environment={}, folder=folder, log=log)
    deadline = time.monotonic() + 10
    while not log.read_text(encoding="utf-8").endswith("\n") and time.monotonic() < deadline:
        time.sleep(0.01)
    return log


def is_running(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def has_ended(pid: int) -> bool:
    """Whether a process ends; one that was killed is gone when the system next runs it."""
    deadline = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_running(pid)


def test_a_stop_takes_grandchildren_along(processes: Processes, tmp_path: Path) -> None:
    grandchild = int(start(processes, SPAWNER, tmp_path).read_text(encoding="utf-8"))
    assert is_running(grandchild)

    processes.stop()

    assert has_ended(grandchild)
    assert processes.groups == ()


def test_a_process_that_ignores_sigterm_is_killed(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workmail_org.rehearsal.processes._GRACE_SECONDS", 0.2)
    start(processes, STUBBORN, tmp_path)
    (group,) = processes.groups

    processes.stop()

    assert has_ended(group)


def test_a_command_hands_on_its_lines_and_its_exit_code(
    processes: Processes, tmp_path: Path
) -> None:
    lines: list[str] = []
    code = "import sys; print('one'); print('zwei ü'); sys.exit(3)"

    finished = processes.run(
        [sys.executable, "-c", code],
        environment={"PYTHONIOENCODING": "utf-8"},
        folder=tmp_path,
        on_line=lines.append,
    )

    assert (3, "one\nzwei ü\n") == (finished.code, finished.output)
    assert lines == ["one", "zwei ü"]
    assert processes.groups == ()


def test_nothing_starts_after_the_stop(processes: Processes, tmp_path: Path) -> None:
    processes.stop()

    with pytest.raises(RuntimeError, match="nothing is started any more"):
        processes.run(["true"], environment={}, folder=tmp_path, on_line=print)


def test_a_signal_becomes_an_exception_with_the_shells_exit_code() -> None:
    with pytest.raises(Interrupted) as caught, Interrupts().caught():
        os.kill(os.getpid(), signal.SIGTERM)

    assert caught.value.exit_code == 143


def test_a_signal_during_a_held_block_waits_for_its_end() -> None:
    interrupts = Interrupts()
    done: list[str] = []

    def interrupt_while_held() -> None:
        with interrupts.held():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("the block was finished")

    with pytest.raises(Interrupted) as caught, interrupts.caught():
        interrupt_while_held()

    assert caught.value.exit_code == 130
    assert done == ["the block was finished"]


def test_signal_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)

    with Interrupts().caught():
        pass

    assert before == signal.getsignal(signal.SIGTERM)


def test_a_folder_is_made_for_its_user_alone_and_goes_with_the_processes(tmp_path: Path) -> None:
    folder = tmp_path / "rehearsal"
    processes = Processes(Interrupts(), folder)
    mode = stat.S_IMODE(folder.stat().st_mode)
    child = int(start(processes, SPAWNER, folder).read_text(encoding="utf-8"))

    processes.stop()

    assert mode == 0o700
    assert has_ended(child)
    assert not folder.exists()


KEEPS = """
import pathlib, sys
from workmail_org.rehearsal import processes as processes_module
from workmail_org.rehearsal.interrupts import Interrupts
from workmail_org.rehearsal.processes import Processes
folder = pathlib.Path(sys.argv[1])
processes = Processes(Interrupts(), folder)
process = processes.start(["/bin/sleep", "60"], environment={}, folder=folder, log=folder / "log")
if sys.argv[2] == "keep":
    processes.keep()
print(process.pid, flush=True)
process.returncode = 0  # no warning of a process that runs on
if sys.argv[2] == "kill":
    import os
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize(("end", "stays"), [("keep", True), ("forget", False), ("kill", False)])
def test_only_what_is_kept_survives_the_process_that_started_it(
    tmp_path: Path, end: str, stays: bool
) -> None:
    folder = tmp_path / "rehearsal"
    program = [sys.executable, "-c", KEEPS, str(folder), end]
    finished = subprocess.run(program, capture_output=True, text=True, check=False)  # noqa: S603
    child = int(finished.stdout)
    deadline = time.monotonic() + 5
    while not stays and folder.exists() and time.monotonic() < deadline:
        time.sleep(0.01)

    assert stays == is_running(child)
    assert stays == folder.exists()
    if stays:
        os.killpg(child, signal.SIGKILL)


def test_a_keeper_kills_only_what_it_was_told_of_and_has_not_ended() -> None:
    groups = [subprocess.Popen(["/bin/sleep", "60"], start_new_session=True) for _ in range(3)]
    told = f"+{groups[0].pid}\n+{groups[1].pid}\n-{groups[1].pid}\n"
    program = Path(processes_module.__file__).with_name("keeper.py")
    subprocess.run(  # noqa: S603
        [sys.executable, "-I", "-S", str(program)], input=told, text=True, check=True
    )
    alive = [is_running(group.pid) for group in groups]
    for group in groups:
        group.kill()
        group.wait()

    assert alive == [False, True, True]
