"""Functions of ministack that begin as copies of one process, in which botocore is loaded.

ministack starts a Python for each function, and unpacks its code into a new folder. There each of
them loaded botocore and compiled the code anew: more than half of all its computing. Here the
processes come from a fork server (Python's `multiprocessing`), and equal code is unpacked once.
"""

from __future__ import annotations

import hashlib
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import current_process, get_context
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_PRELOADED = ["boto3", "botocore.client", "botocore.session", "botocore.handlers"]
"""What is in the Python of a function before its own code, as in AWS; nothing of any function."""

_PREFIX = "PYTHON"
"""Environment variables that Python reads when it starts begin with it."""

_ZIP = "code.zip"
"""What ministack 1.5.33 unpacks into the folder beside it, in which a function works."""


class Functions:
    """Stands in for the module `subprocess` where ministack starts functions.

    Args:
        folder: Where code is unpacked, for this user alone; empty. Where it lies in the working
            folder, its own path can be of any length.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(_PRELOADED)
        # Where its socket is, whose path has at most 107 characters, however long TMPDIR is.
        own: Any = current_process()
        own._config["tempdir"] = min(str(folder), os.path.relpath(folder), key=len)

    def __getattr__(self, name: str) -> Any:
        """Leave everything but the start of a process to the module itself."""
        return getattr(subprocess, name)

    def Popen(self, command: Sequence[str], **options: Any) -> Any:  # noqa: N802 - subprocess's name
        """Start a process; one of Python, which begins as any other would, as a copy."""
        environment = options.get("env") or os.environ
        if command[0] != sys.executable or _choose(environment) != _choose(os.environ):
            return subprocess.Popen(command, **options)  # noqa: S603 - ministack's own command
        self._share(Path(options["cwd"]))
        return _Copy(self._context, command[1], options["cwd"], environment)

    def _share(self, code: Path) -> None:
        """Make a folder with unpacked code a link to one that all functions of that code have."""
        packed = code.with_name(_ZIP)
        if not packed.exists():
            return
        shared = self._folder / hashlib.sha256(packed.read_bytes()).hexdigest()
        with self._lock:
            if shared.exists():
                shutil.rmtree(code)
            else:
                code.rename(shared)
            code.symlink_to(shared)


class _Copy:
    """What ministack uses of a `subprocess.Popen` with three pipes of text."""

    def __init__(
        self, context: Any, script: str, folder: str, environment: Mapping[str, str]
    ) -> None:
        reads, writes = zip(*(context.Pipe(duplex=False) for _ in range(3)), strict=True)
        theirs: tuple[Connection, ...] = (reads[0], *writes[1:])
        ours: tuple[Connection, ...] = (writes[0], *reads[1:])
        arguments = (script, folder, dict(environment), theirs)
        self._lock = Lock()
        self._process = context.Process(target=_run, args=arguments, daemon=True)
        self._process.start()
        for each in theirs:
            each.close()
        self.stdin: IO[str] = _open(ours[0], "w")
        self.stdout: IO[str] = _open(ours[1], "r")
        self.stderr: IO[str] = _open(ours[2], "r")
        self.pid: int = self._process.pid
        self.terminate = self._process.terminate
        self.kill = self._process.kill

    @property
    def returncode(self) -> int | None:
        """How it ended; `None`: it runs."""
        return self.poll()

    def poll(self) -> int | None:
        """Return how it ended; `None`: it runs."""
        with self._lock:
            code: int | None = self._process.exitcode
            return code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises:
            TimeoutExpired: It runs on.
        """
        with self._lock:
            self._process.join(timeout)
            code: int | None = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code


def _choose(environment: Mapping[str, str]) -> dict[str, str]:
    """Choose what says how Python starts."""
    return {name: value for name, value in environment.items() if name.startswith(_PREFIX)}


def _open(end: Connection, mode: str) -> IO[str]:
    with end:
        return os.fdopen(os.dup(end.fileno()), mode, buffering=1, encoding="utf-8")


def _run(
    script: str, folder: str, environment: Mapping[str, str], streams: Sequence[Connection]
) -> None:
    """Become the process that `python SCRIPT` would be."""
    for number, stream in enumerate(streams):
        os.dup2(stream.fileno(), number)
        stream.close()
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - to the end
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - to the end
    sys.stderr = open(2, "w", 1, encoding="utf-8", closefd=False)  # noqa: SIM115 - to the end
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = [script]
    sys.path.insert(0, str(Path(script).parent))
    runpy.run_path(script, run_name="__main__")
