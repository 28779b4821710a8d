"""Folder: files that appear all at once, in a folder that is new or empty."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from workmail_org.errors import FolderError
from workmail_org.leaving.model import File

SECRET = "secret"  # noqa: S105 - the name of a folder
"""Folder of every file with passwords, which its owner alone may enter."""

_IGNORED = File(path=".gitignore", data=f"# passwords\n{SECRET}/\n".encode())


def write_folder(folder: Path, files: Iterable[File]) -> None:
    """Write files into a folder that is new or empty: all of them, or none.

    They are written into another folder beside it, which then takes its name.

    Raises:
        FolderError: There is something in it already, or it cannot be written.
    """
    wanted = [*files]
    if any(each.is_secret for each in wanted):
        wanted.append(_IGNORED)
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise FolderError(f"{folder} is not a folder: name a new or an empty one")
    if folder.exists() and any(folder.iterdir()):
        raise FolderError(f"{folder} is not empty: name a new or an empty folder")
    beside: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))  # mode 0700
        for file in wanted:
            _write(beside, file)
        beside.chmod(0o777 & ~_read_umask())
        # Replaces an empty folder, and refuses one into which somebody wrote meanwhile.
        beside.rename(folder)
    except OSError as error:
        raise FolderError(f"{folder} cannot be written: {error.strerror or error}") from error
    finally:
        if beside is not None:
            with suppress(OSError):
                shutil.rmtree(beside)


def _write(folder: Path, file: File) -> None:
    target = folder / file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.is_secret:
        target.parent.chmod(0o700)
    mode = 0o600 if file.is_secret else 0o666
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(file.data)


def _read_umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
