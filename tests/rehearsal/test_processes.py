"""Whatever a rehearsal starts is gone when it ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

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
def processes() -> Processes:
    return Processes(Interrupts())


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
