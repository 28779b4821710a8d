"""Processes that a rehearsal starts: each in a group of its own, all stopped together.

A keeper (`keeper.py`) sees to it that they end with the rehearsal even if that is killed.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workmail_org.errors import WorkMailOrgError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from workmail_org.rehearsal.interrupts import Interrupts

_GRACE_SECONDS = 5.0
"""How long a process may take to end by itself. Measured: ministack takes 0.2."""

_KEEPER_SECONDS = 30.0
"""How long the keeper may take to remove the folder: a guess, many times what it needs."""

_LOOK_SECONDS = 1.0
"""How often a running command is interrupted by a look at what it depends on."""

_SILENCE_SECONDS = 30 * 60.0
"""How long a command may print nothing: a guess, many times what a large synthesis needs."""

_PROBE = b"\0" * 65536
"""What a folder must have room for; a page of a full disk is still free now and then."""

_NO_ROOM = {
    told: os.strerror(number)
    for number, name in ((errno.ENOSPC, "ENOSPC"), (errno.EDQUOT, "EDQUOT"))
    for told in (os.strerror(number), name)
}
"""Python prints the sentence, Node.js the name; the sentence is told, whichever comes first."""

_END_BYTES = 65536
"""How much of a log is read again every second."""

_REGISTER = 'echo "+$$" >&0 && exec "$@" </dev/null'
"""A shell that tells the keeper its process group, through standard input, and becomes a command.

So no moment lies between the start of a process and its being known, and the keeper's input does
not end while one is started.
"""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended.

    Attributes:
        output: Standard output and standard error, in the order written.
    """

    code: int
    output: str


@dataclass(frozen=True, slots=True)
class _Service:
    """A process that is to run until the end."""

    process: subprocess.Popen[str]
    log: Path


class Processes:
    """Starts processes and stops every one of them, children and grandchildren too.

    A process group holds what a process starts in turn (ministack runs each
    Lambda function as a process), so a group is what is stopped.
    """

    def __init__(self, interrupts: Interrupts, folder: Path | None = None) -> None:
        """Start the keeper.

        Args:
            interrupts: What must not come between the start of a process and its being known.
            folder: A folder to be made, for this user alone; removed when everything is stopped,
                or this process is killed.

        Raises:
            WorkMailOrgError: The folder cannot be made.
        """
        self._interrupts = interrupts
        self._folder = folder
        self._services: list[_Service] = []
        self._running: list[subprocess.Popen[str]] = []
        self._lock = threading.Lock()
        self._closed = False
        with interrupts.held():
            self._keeper = _start_keeper(folder)

    @property
    def groups(self) -> tuple[int, ...]:
        """Ids of the process groups that run, in the order started."""
        return tuple(process.pid for process in self._running)

    def start(
        self, command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path
    ) -> subprocess.Popen[str]:
        """Start a process that runs on; what it prints goes to `log`, for this user to read."""
        log.touch(mode=0o600)
        with log.open("w", encoding="utf-8") as target, self._interrupts.held():
            process = self._open(command, environment, folder, target.fileno())
            self._services.append(_Service(process, log))
            return process

    def run(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        on_line: Callable[[str], None],
    ) -> Finished:
        """Run a command to its end and hand on each line that it prints.

        Raises:
            WorkMailOrgError: The services that were started before it cannot go on, so the command
                would wait in vain or has failed; or it prints nothing for half an hour.
        """
        with (
            self._started(command, environment, folder) as process,
            self._watched(process) as watch,
        ):
            if process.stdout is None:  # pragma: no cover - `PIPE` makes one
                raise AssertionError
            lines: list[str] = []
            for line in process.stdout:
                watch.heard()
                lines.append(line)
                on_line(line.rstrip("\n"))
            finished = Finished(process.wait(), "".join(lines))
        if self._services and finished.code and (told := _find_no_room(finished.output)):
            raise WorkMailOrgError(_describe_no_room(self._folder or folder, told))
        return finished

    def find_trouble(self) -> str | None:
        """Give the reason why what was started cannot go on; `None`: it can."""
        folder = self._folder
        if folder is not None and (error := _try_to_write(folder)):
            return _describe_no_room(folder, str(error.strerror))
        for service in self._services:
            # What did not fit is removed at once, so there can be room again.
            if told := _find_no_room(_read_end(service.log)):
                return _describe_no_room(service.log.parent, told)
            if service.process.poll() is not None:
                said = read_last_words(service.log)
                return f"a process of the local AWS ended by itself; {service.log.name}: {said}"
        return None

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

    @contextmanager
    def _watched(self, process: subprocess.Popen[str]) -> Generator[_Watch]:
        """Look after a command; when it has no prospect, end it and say why."""
        watch = _Watch(process, self.find_trouble)
        watch.start()
        try:
            yield watch
        finally:
            watch.end()
        if watch.trouble is not None:
            raise WorkMailOrgError(watch.trouble)

    def _open(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, output: int
    ) -> subprocess.Popen[str]:
        with self._lock:
            if self._closed:
                raise RuntimeError("the rehearsal is over: nothing is started any more")
            process = subprocess.Popen(  # noqa: S603 - our own commands; the shell reads none of them
                ["/bin/sh", "-c", _REGISTER, "sh", *command],
                env=dict(environment),
                cwd=folder,
                stdin=self._keeper.stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
                umask=0o077,
            )
            self._running.append(process)
            return process

    def keep(self) -> None:
        """Leave everything as it is when this process ends; nothing can be started afterwards."""
        self._close("keep\n")

    def stop(self) -> None:
        """Stop everything that runs and remove the folder; nothing can be started afterwards."""
        with self._interrupts.held():
            with self._lock:
                self._closed = True
                running = tuple(reversed(self._running))
            self._stop(running)
            self._close()

    def _close(self, last: str = "") -> None:
        """End the keeper's input, so that it does its work and ends."""
        with self._interrupts.held(), self._lock:
            self._closed = True
            self._tell_keeper(last)
            for pipe in (self._keeper.stdin, self._keeper.stdout):
                if pipe is not None:
                    pipe.close()
            with suppress(subprocess.TimeoutExpired):
                self._keeper.wait(_KEEPER_SECONDS)

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
                self._tell_keeper(f"-{process.pid}\n")

    def _tell_keeper(self, line: str) -> None:
        if self._keeper.stdin is not None and not self._keeper.stdin.closed:
            with suppress(BrokenPipeError):
                self._keeper.stdin.write(line)
                self._keeper.stdin.flush()


class _Watch:
    """A thread that looks, while a command runs, whether it can still succeed."""

    def __init__(
        self, process: subprocess.Popen[str], find_trouble: Callable[[], str | None]
    ) -> None:
        self.trouble: str | None = None
        self._process = process
        self._find_trouble = find_trouble
        self._ended = threading.Event()
        self._lines = 0
        self._thread = threading.Thread(target=self._look, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def heard(self) -> None:
        """Note that the command printed a line."""
        self._lines += 1

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        seen, silent = self._lines, 0.0
        while self.trouble is None and not self._ended.wait(_LOOK_SECONDS):
            silent = silent + _LOOK_SECONDS if seen == self._lines else 0.0
            seen = self._lines
            self.trouble = self._find_trouble()
            if silent >= _SILENCE_SECONDS:
                self.trouble = f"nothing happened in the local AWS for {silent / 60:.0f} minutes"
        if self.trouble is not None:
            _signal_group(self._process, signal.SIGKILL)


def read_last_words(log: Path) -> str:
    """Return the last lines of a log, in one line."""
    return " / ".join(_read_end(log).strip().splitlines()[-5:]) or "it printed nothing"


def _read_end(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _END_BYTES))
        return file.read().decode("utf-8", "replace")


def _start_keeper(folder: Path | None) -> subprocess.Popen[str]:
    program = Path(__file__).with_name("keeper.py")
    keeper = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-I", "-S", str(program), *([str(folder)] if folder else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd="/",  # it keeps no file system busy
        text=True,
        start_new_session=True,
    )
    said = keeper.stdout.readline().strip() if keeper.stdout else ""
    if said != "ready":
        keeper.communicate()
        if not said:
            raise WorkMailOrgError(
                f"a rehearsal needs {program.name} to clean up; it did not start"
            )
        raise WorkMailOrgError(
            f"a rehearsal cannot make its folder {folder} ({said}); make room there, or set TMPDIR "
            "to another folder"
        )
    return keeper


def _find_no_room(text: str) -> str | None:
    """Find what programs print when a disk, or a user's share of it, is full."""
    return next((sentence for told, sentence in _NO_ROOM.items() if told in text), None)


def _describe_no_room(folder: Path, told: str) -> str:
    return (
        f"the rehearsal cannot go on: nothing can be written in {folder.parent} ({told}); "
        "make room there, or set TMPDIR to another folder"
    )


def _try_to_write(folder: Path) -> OSError | None:
    """Write into a folder; give what went wrong."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(_PROBE)
            probe.flush()
    except OSError as error:
        return error
    return None


def _signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
