"""Files as they are found: missing, forbidden, endless, in another encoding."""

from __future__ import annotations

import os
import pathlib
import socket
from typing import TYPE_CHECKING

import pytest

from workmail_org.spec.characters import escape
from workmail_org.spec.files import sources
from workmail_org.spec.files.loading import load

if TYPE_CHECKING:
    from collections.abc import Callable

    Problems = Callable[..., list[str]]


def _problems(path: str | pathlib.Path) -> list[str]:
    return [str(problem) for problem in load(pathlib.Path(path)).problems]


@pytest.fixture(autouse=True)
def _here(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction] - autouse
    monkeypatch.chdir(tmp_path)


def test_a_missing_spec_is_a_problem_at_its_first_character() -> None:
    document = load(pathlib.Path("config/none.yaml"))

    assert ["config/none.yaml:1:1: no such file"] == [str(p) for p in document.problems]
    assert (False, {}) == (document.readable, document.value)


def test_a_folder_is_no_spec() -> None:
    pathlib.Path("config").mkdir()

    assert ["config:1:1: is a folder, not a file"] == _problems("config")


def test_a_forbidden_spec_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")  # root may read everything

    monkeypatch.setattr(os, "open", refuse)

    assert ["s.yaml:1:1: permission denied; make the file readable"] == _problems("s.yaml")


def test_a_pipe_without_a_writer_does_not_hang() -> None:
    os.mkfifo("pipe.yaml")

    assert ["pipe.yaml:1:1: is not a regular file"] == _problems("pipe.yaml")


def test_a_device_is_no_spec() -> None:
    assert ["/dev/zero:1:1: is not a regular file"] == _problems("/dev/zero")


def test_a_socket_is_no_spec() -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.yaml")

        assert ["s.yaml:1:1: no such device or address"] == _problems("s.yaml")


def test_a_loop_of_links_is_a_problem() -> None:
    pathlib.Path("s.yaml").symlink_to("s.yaml")

    assert ["s.yaml:1:1: too many levels of symbolic links"] == _problems("s.yaml")


@pytest.mark.parametrize("name", ["a\0b.yaml", "a\ud800.yaml"])
def test_a_name_that_no_file_can_have_is_a_problem(name: str) -> None:
    assert [f"{escape(name)}:1:1: no such file: no file name can hold its characters"] == _problems(
        name
    )


def test_a_name_that_is_too_long_is_a_problem() -> None:
    assert [f"{'n' * 300}:1:1: file name too long"] == _problems("n" * 300)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("a: b".encode("utf-16"), "1:1: the text is UTF-16; save it as UTF-8"),
        (b"a: 1\nb: \xe9t\xe9", "2:4: byte 0xe9 is not UTF-8 text; save it as UTF-8"),
        ("é: ".encode() + b"\xff", "1:4: byte 0xff is not UTF-8 text; save it as UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0", "1:1: byte 0x89 is not UTF-8 text; save it as UTF-8"),
        (b"a: b\0", "1:5: character U+0000 is not allowed in a spec"),
        (b"a: b\nc: \x1b[31m", "2:4: character U+001B is not allowed in a spec"),
        ("a: b\ufeff".encode(), "1:5: character U+FEFF is not allowed in a spec"),
        (b"a: \xed\xa0\x80", "1:4: byte 0xed is not UTF-8 text; save it as UTF-8"),
    ],
    ids=["utf-16", "latin-1", "column", "binary", "nul", "escape", "mark", "surrogate"],
)
def test_what_is_no_utf_8_text_is_a_problem_at_its_place(data: bytes, problem: str) -> None:
    pathlib.Path("s.yaml").write_bytes(data)

    assert [f"s.yaml:{problem}"] == _problems("s.yaml")


def test_a_byte_order_mark_is_left_out() -> None:
    pathlib.Path("s.yaml").write_bytes(b"\xef\xbb\xbfa: b\n")
    document = load(pathlib.Path("s.yaml"))

    assert ({"a": "b"}, "s.yaml:1:1") == (document.value, str(document.key_place(("a",))))


def test_windows_line_ends_are_line_ends() -> None:
    pathlib.Path("s.yaml").write_bytes(b"a: b\r\nc: d\r\n")

    assert "s.yaml:2:4" == str(load(pathlib.Path("s.yaml")).place(("c",)))


def test_all_files_together_may_have_20_megabytes(
    problems_of: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", 1_000)
    files: dict[str, str | bytes] = {
        "s.yaml": "a: !include a.yaml\nb: !include b.yaml\n",
        "a.yaml": f"# {'x' * 700}",
        "b.yaml": f"# {'x' * 700}",
    }

    assert [
        's.yaml:2:4: b: !include cannot read "b.yaml":'
        " the files of a spec may have 0 MB together, this is more"
    ] == problems_of(files)


def test_20_megabytes_are_the_most() -> None:
    path = pathlib.Path("s.yaml")
    path.write_bytes(b"#" * 20_000_000)

    assert [] == _problems("s.yaml")

    path.write_bytes(b"#" * 20_000_001)

    assert ["s.yaml:1:1: the files of a spec may have 20 MB together, this is more"] == _problems(
        "s.yaml"
    )
