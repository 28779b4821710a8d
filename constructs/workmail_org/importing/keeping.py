"""Keeping: what a long import has read is on disk for an hour, so that it can go on.

The file has names, addresses and rights of everybody, so that only its owner can read it, and it
goes as soon as the import has come to its end.
"""

from __future__ import annotations

import json
import os
import pathlib
import stat
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TextIO

from workmail_org.errors import FolderError, TemporaryError
from workmail_org.service.remembering import RememberingClient

MOST_SECONDS = 3600
"""So long what was read counts (decided for this command): later too much of it has changed."""

KEPT_FROM = 2000
"""Answers from which on they are kept: about 500 users, which take a minute or two."""

_VERSION = 1
_PREFIX = "import-"
_SUFFIX = ".jsonl"


@dataclass(slots=True)
class Keeper:
    """Writes down what was read of one organization.

    Attributes:
        path: Of its file; `None`: there is no folder for it, and nothing is kept.
        header: The first line.
    """

    path: pathlib.Path | None
    header: Mapping[str, Any]
    _waiting: list[str] = field(default_factory=list[str])
    _file: TextIO | None = None

    def note(self, line: Mapping[str, Any]) -> None:
        """Write a line; the first ones are written as soon as they are many."""
        if self.path is None:
            return
        self._waiting.append(json.dumps(line, default=str))
        if self._file is None and len(self._waiting) < KEPT_FROM:
            return
        try:
            self._write()
        except OSError:  # a full disk is not a reason to stop reading
            self.remove()
            self.path = None

    def _write(self) -> None:
        if self._file is None and self.path is not None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
            descriptor = os.open(self.path, flags, 0o600)
            self._file = os.fdopen(descriptor, "a", encoding="utf-8")
            if os.fstat(descriptor).st_size == 0:
                self._file.write(json.dumps(self.header) + "\n")
        if self._file is not None:
            self._file.writelines(f"{each}\n" for each in self._waiting)
            self._file.flush()
            self._waiting.clear()

    def close(self) -> pathlib.Path | None:
        """Close the file; return where what was read is kept, if it is."""
        if self._file is None:
            return None
        self._file.close()
        self._file = None
        return self.path

    def remove(self) -> None:
        """Remove the file."""
        self.close()
        self._waiting.clear()
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)


@contextmanager
def remember(
    client: Any,
    *,
    organization_id: str,
    region: str,
    resumes: bool,
    tell: Callable[[str], None],
) -> Generator[RememberingClient]:
    """Give a client whose answers are kept if the block is interrupted or gets no answer.

    Args:
        client: Of WorkMail.
        organization_id: That is read.
        region: Of the organization.
        resumes: Whether what was kept of it before is taken up.
        tell: Told what became of what was read.

    Raises:
        FolderError: What was kept is too old, of another organization, or not private.
    """
    folder = find_folder()
    path = folder / f"{_PREFIX}{organization_id}{_SUFFIX}" if folder else None
    header = {
        "version": _VERSION,
        "organization": organization_id,
        "region": region,
        "begun": time.time(),
    }
    keeper = Keeper(path=path, header=header)
    remembering = RememberingClient(client, keeper.note)
    if resumes:
        lines = list(_load(path, header)) if path else []
        remembering.recall(lines)
        tell(f"going on with {len(lines)} answers" if lines else "nothing was kept: reading all")
    else:
        keeper.remove()
    _remove_old(folder)
    try:
        yield remembering
    except (KeyboardInterrupt, TemporaryError):
        kept = keeper.close()
        if kept is not None:
            tell(f"what was read is kept for an hour in {kept}; --resume goes on with it")
        raise
    except BaseException:
        keeper.remove()
        raise
    keeper.remove()


def find_folder() -> pathlib.Path | None:
    """Find the user's folder for what programs keep between two runs; `None`: there is none.

    Source:
        XDG Base Directory Specification 0.8, `XDG_STATE_HOME`.
    """
    named = os.environ.get("XDG_STATE_HOME", "")
    if pathlib.Path(named).is_absolute():
        return pathlib.Path(named, "workmail-org")
    try:
        return pathlib.Path.home() / ".local" / "state" / "workmail-org"
    except RuntimeError:
        return None


def _load(path: pathlib.Path, header: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Read what was kept; the last line may be half a line."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    except OSError as error:
        raise FolderError(f"{path} cannot be read: {error.strerror}; remove it") from error
    with os.fdopen(descriptor, encoding="utf-8") as file:
        state = os.fstat(descriptor)
        if state.st_uid != os.getuid() or state.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise FolderError(f"{path} is not yours alone, so it is not trusted: remove it")
        lines = _parse(file)
        found = next(lines, dict[str, Any]())
        for key in ("version", "organization", "region"):
            if found.get(key) != header[key]:
                raise FolderError(
                    f"{path} is of another {key}, {found.get(key)} and not {header[key]}: remove it"
                )
        age = float(header["begun"]) - float(found.get("begun", 0))
        if not 0 <= age <= MOST_SECONDS:
            raise FolderError(
                f"what is kept in {path} was begun {age / 60:.0f} minutes ago, and counts for"
                f" {MOST_SECONDS // 60}: import without --resume"
            )
        yield from lines


def _parse(file: TextIO) -> Iterator[dict[str, Any]]:
    for line in file:
        try:
            yield json.loads(line)
        except ValueError:
            return


def _remove_old(folder: pathlib.Path | None) -> None:
    """Remove what other imports left more than an hour ago."""
    if folder is None:
        return
    with suppress(OSError):
        for each in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
            if time.time() - each.lstat().st_mtime > MOST_SECONDS:
                each.unlink()
