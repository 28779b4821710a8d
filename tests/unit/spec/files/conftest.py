"""Specs on disk: files by name in a folder that is the working folder."""

from __future__ import annotations

import pathlib
import textwrap
from typing import TYPE_CHECKING, Protocol

import pytest

from workmail_org.spec.files.loading import Document, load

if TYPE_CHECKING:
    from collections.abc import Callable


class Files(Protocol):
    def __call__(self, files: dict[str, str | bytes], *, root: str | None = None) -> Document: ...


@pytest.fixture
def write(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Write files into an empty working folder."""
    monkeypatch.chdir(tmp_path)

    def write_files(files: dict[str, str | bytes]) -> None:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                content = textwrap.dedent(content).encode()
            path.write_bytes(content)

    return write_files


@pytest.fixture
def load_files(write: Callable[..., None]) -> Files:
    """Write files and load the first one."""

    def load_first(files: dict[str, str | bytes], *, root: str | None = None) -> Document:
        write(files)
        return load(pathlib.Path(next(iter(files))), root=pathlib.Path(root) if root else None)

    return load_first


@pytest.fixture
def problems_of(load_files: Files) -> Callable[..., list[str]]:
    """Write files, load the first one, give its problems as they are printed."""

    def give(files: dict[str, str | bytes], *, root: str | None = None) -> list[str]:
        return [str(problem) for problem in load_files(files, root=root).problems]

    return give
