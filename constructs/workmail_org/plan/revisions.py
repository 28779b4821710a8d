"""Revisions: a spec as git has it; nothing of the working tree is looked at."""

from __future__ import annotations

import os
import pathlib
import subprocess
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from workmail_org.errors import RevisionError

_SYMLINK, _REGULAR = "120000", ("100644", "100755")
"""Modes of git's trees (git-fast-import, "filemodify")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """The folder of a spec as a revision has it, for as long as it is needed.

    Attributes:
        folder: Holds the tree; gone afterwards.
        spec: The spec in it; it may not exist.
        root: Of all files that it may name.
    """

    folder: pathlib.Path
    spec: pathlib.Path
    root: pathlib.Path


def find_revision(spec: pathlib.Path, text: str) -> str | None:
    """Return the full id of a commit, or `None` if the text names none.

    Args:
        spec: In the repository that is asked.
        text: A branch, a tag, an id, `HEAD~1`, …

    Raises:
        RevisionError: Git is not there, or there is no repository.
    """
    if text.startswith("-"):  # git would take it for an option
        return None
    done = _run(_get_folder(spec), ["rev-parse", "--verify", "--quiet", f"{text}^{{commit}}"])
    if done.returncode and done.stderr:
        raise RevisionError(_get_reason(done))
    return done.stdout.decode().strip() or None


def is_shallow(spec: pathlib.Path) -> bool:
    """Return whether a spec's repository has only a part of its history."""
    return _git(_get_folder(spec), "rev-parse", "--is-shallow-repository").strip() == b"true"


def find_former_name(spec: pathlib.Path, revision: str) -> pathlib.Path | None:
    """Return what a spec was called in a revision, if it was renamed since.

    Git decides by how alike both files are. A file that is there under both
    names was copied, not renamed.

    Args:
        spec: In the working tree, known to git; the revision has no such file.
        revision: A commit.

    Raises:
        RevisionError: There is no repository, or the spec lies outside of it.
    """
    top = _find_top(spec)
    options = ("--no-ext-diff", "--find-renames", "--diff-filter=R", "--name-status", "-z")
    fields = iter(_git(top, "diff", *options, revision, "--").split(b"\0")[:-1])
    threes = zip(fields, fields, fields, strict=True)  # R087, the former name, the name
    former = {os.fsdecode(after): os.fsdecode(before) for _, before, after in threes}
    name = former.get(_get_place(spec, top).as_posix())
    return top / name if name else None


@contextmanager
def check_out(
    spec: pathlib.Path, revision: str, *, root: pathlib.Path | None = None
) -> Generator[Checkout]:
    """Write the files below a spec's root, as a revision has them, into a folder of their own.

    They are taken from the tree, blob by blob: attributes such as export-ignore
    and filters have no part in it.

    Args:
        spec: The spec in the working tree; it need not exist in either.
        revision: A commit.
        root: No file that the spec names may lie outside of it; by default the
            spec's folder.

    Raises:
        RevisionError: Git is not there, this is not a repository, or the spec lies
            outside of it.
    """
    top = _find_top(spec)
    place = _get_place(spec, top)
    below = _get_place((root or spec.parent).resolve(), top)  # a linked folder is where it leads
    with tempfile.TemporaryDirectory(prefix="workmail-org-") as name:
        folder = pathlib.Path(name).resolve()
        _write_tree(top, revision, below, folder)
        (folder / below).mkdir(parents=True, exist_ok=True)
        yield Checkout(folder=folder, spec=folder / place, root=folder / below)


def _get_folder(spec: pathlib.Path) -> pathlib.Path:
    """Return the nearest folder that is there: the spec's may be new, or gone."""
    folder = spec.absolute().parent
    while not folder.is_dir():
        folder = folder.parent
    return folder


def _find_top(spec: pathlib.Path) -> pathlib.Path:
    printed = _git(_get_folder(spec), "rev-parse", "--show-toplevel")
    return pathlib.Path(os.fsdecode(printed).removesuffix("\n"))


def _get_place(path: pathlib.Path, top: pathlib.Path) -> pathlib.PurePath:
    """Say where a path lies in its repository; a link at its end is not followed."""
    absolute = path.absolute()
    resolved = absolute.parent.resolve() / absolute.name if absolute.name else absolute
    try:
        return resolved.relative_to(top.resolve())
    except ValueError:
        raise RevisionError(f"{path} lies outside of the repository {top}") from None


def _write_tree(
    top: pathlib.Path, revision: str, below: pathlib.PurePath, folder: pathlib.Path
) -> None:
    """Write a tree below a new folder, and nowhere else, whatever the tree holds.

    Git lists what its own checkout would refuse: absolute names, `..`, a link and a folder of one
    name; a plain clone brings such a tree. So each name is judged, and links come last: nothing
    that is written can pass through one.
    """
    pathspec = [] if below == pathlib.PurePath() else ["--", f"{below.as_posix()}/"]
    listing = _git(top, "ls-tree", "-r", "-z", "--full-tree", revision, *pathspec)
    entries = [_parse_entry(line) for line in listing.split(b"\0") if line]
    wanted = [entry for entry in entries if entry.mode in (*_REGULAR, _SYMLINK)]
    for entry in wanted:
        _refuse_outside(entry.path, revision)
    ids = b"".join(entry.id + b"\n" for entry in wanted)
    blobs = _split_blobs(_git(top, "cat-file", "--batch", given=ids), revision)
    contents = list(zip(wanted, blobs, strict=True))
    contents.sort(key=lambda each: each[0].mode == _SYMLINK)
    for entry, content in contents:
        try:
            _write_file(folder / entry.path, content, is_link=entry.mode == _SYMLINK)
        except FileExistsError:
            raise RevisionError(
                f"revision {revision} has {entry.path!r}, and something else in its place: it "
                "cannot be compared with; name another revision"
            ) from None
        except OSError as error:
            raise RevisionError(
                f"{entry.path!r} of revision {revision} cannot be written below {folder}: "
                f"{error.strerror}"
            ) from error


@dataclass(frozen=True, slots=True)
class _Entry:
    """One file or link of a tree.

    Attributes:
        path: As the tree has it, from the top of the repository.
    """

    mode: str
    id: bytes
    path: str


def _parse_entry(line: bytes) -> _Entry:
    """Read mode, type and id, a tab, and the path (git-ls-tree)."""
    about, _, path = line.partition(b"\t")
    mode, _, id_ = about.split()
    return _Entry(mode.decode(), id_, os.fsdecode(path))


def _refuse_outside(path: str, revision: str) -> None:
    parts = pathlib.PurePath(path).parts
    if parts != tuple(path.split("/")) or ".." in parts:
        raise RevisionError(
            f"revision {revision} has the path {path!r}, which leads out of its folder: it cannot "
            "be compared with; name another revision"
        )


def _split_blobs(blobs: bytes, revision: str) -> Iterator[bytes]:
    """Read blobs that follow each other: id, type and size on a line, then the content."""
    start = 0
    while start < len(blobs):
        end = blobs.index(b"\n", start)
        about = blobs[start:end].split()
        if about[-1] == b"missing":
            raise RevisionError(
                f"object {about[0].decode()} of revision {revision} is not in the repository: "
                "fetch the whole revision first"
            )
        size = int(about[-1])
        yield blobs[end + 1 : end + 1 + size]
        start = end + 1 + size + 1


def _write_file(path: pathlib.Path, content: bytes, *, is_link: bool) -> None:
    """Write a file or a link where nothing is yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if is_link:
        # Where it leads is judged when it is read: nothing outside of the root is.
        path.symlink_to(os.fsdecode(content))
    else:
        with path.open("xb") as file:
            file.write(content)


def _git(folder: pathlib.Path, *arguments: str, given: bytes | None = None) -> bytes:
    done = _run(folder, arguments, given)
    if done.returncode:
        raise RevisionError(_get_reason(done))
    return done.stdout


def _run(
    folder: pathlib.Path, arguments: Sequence[str], given: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(  # noqa: S603 - no shell, and no argument that git takes for an option
            command, input=given, capture_output=True, check=False
        )
    except FileNotFoundError:
        raise RevisionError("git is not installed, so that no revision can be read") from None


def _get_reason(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return f"git: {lines[0].removeprefix('fatal: ')}" if lines else "git refused"
