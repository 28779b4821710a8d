"""Processes that a rehearsal starts: each in a group of its own, all stopped together."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

    from workmail_org.rehearsal.interrupts import Interrupts

_GRACE_SECONDS = 5.0
"""How long a process may take to end by itself. Measured: ministack takes 0.2."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended.

    Attributes:
        output: Standard output and standard error, in the order written.
    """

    code: int
    output: str


class Processes:
    """Starts processes and stops every one of them, children and grandchildren too.

    A process group holds what a process starts in turn (ministack runs each
    Lambda function as a process), so a group is what is stopped.
    """

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts
        self._running: list[subprocess.Popen[str]] = []
        self._lock = threading.Lock()
        self._closed = False

    @property
    def groups(self) -> tuple[int, ...]:
        """Ids of the process groups that run, in the order started."""
        return tuple(process.pid for process in self._running)

    def start(
        self, command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path
    ) -> subprocess.Popen[str]:
        """Start a process that runs on; what it prints goes to `log`."""
        with log.open("w", encoding="utf-8") as target, self._interrupts.held():
            return self._open(command, environment, folder, target.fileno())

    def run(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        on_line: Callable[[str], None],
    ) -> Finished:
        """Run a command to its end and hand on each line that it prints."""
        with self._started(command, environment, folder) as process:
            if process.stdout is None:  # pragma: no cover - `PIPE` makes one
                raise AssertionError
            lines: list[str] = []
            for line in process.stdout:
                lines.append(line)
                on_line(line.rstrip("\n"))
            return Finished(process.wait(), "".join(lines))

    @contextmanager
    def _started(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> Generator[subprocess.Popen[str]]:
        with self._interrupts.held():
            process = self._open(command, environment, folder, subprocess.PIPE)
        try:
            yield process
        finally:
            with self._interrupts.held():
                self._stop((process,))
            if process.stdout is not None:
                process.stdout.close()

    def _open(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, output: int
    ) -> subprocess.Popen[str]:
        with self._lock:
            if self._closed:
                raise RuntimeError("the rehearsal is over: nothing is started any more")
            process = subprocess.Popen(  # noqa: S603 - our own commands, never a shell
                command,
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
            self._running.append(process)
            return process

    def stop(self) -> None:
        """Stop everything that runs; nothing can be started afterwards."""
        with self._interrupts.held():
            with self._lock:
                self._closed = True
                running = tuple(reversed(self._running))
            self._stop(running)

    def _stop(self, processes: Sequence[subprocess.Popen[str]]) -> None:
        for process in processes:
            _signal_group(process, signal.SIGTERM)
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_SECONDS)
            # Its leader gone, a group can still hold children.
            _signal_group(process, signal.SIGKILL)
            process.wait()
            with self._lock:
                if process in self._running:
                    self._running.remove(process)


def _signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
