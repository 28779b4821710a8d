"""Sources: the bytes of a spec's files, read with care, as text.

A path in a spec can name anything: a device that never ends, a pipe that never answers, a picture.
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pathlib

    from workmail_org.spec.files.nodes import Place, Source

MAX_BYTES = 20_000_000
"""All files of one spec together; 10 000 users with every field are about 5 MB."""

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""How .xlsx, .ods and .numbers begin, which are ZIP archives (APPNOTE.TXT, 4.3.7), and .xls
(MS-CFB, 2.2)."""
_AS_TEXT = {
    True: "export the sheet as CSV (UTF-8), and name that file",
    False: "a spec is YAML; a table of people is exported as CSV (UTF-8) and named with !csv",
}
"""What to do, by whether a table is wanted."""
_UTF16_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
# YAML 1.2.2, section 5.1: c-printable, here without the byte order mark
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


class UnreadableError(Exception):
    """When a file cannot be read as text.

    Attributes:
        message: What is wrong with it.
        hint: What to do.
        line: From 1; 0 when it is the file as a whole.
        column: From 1; 0 when it is the file as a whole.
    """

    def __init__(
        self, message: str, hint: str | None = None, *, line: int = 0, column: int = 0
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.line = line
        self.column = column

    def place(self, source: Source) -> Place:
        """Say where in `source` it is."""
        return source, self.line or 1, self.column or 1


def read_bytes(path: pathlib.Path, *, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes.

    Raises:
        UnreadableError: It is missing, no regular file, forbidden or too long.
    """
    try:
        return _read_regular(path, limit)
    except FileNotFoundError:
        raise UnreadableError("no such file") from None
    except PermissionError:
        raise UnreadableError("permission denied", "make the file readable") from None
    except OSError as error:
        raise UnreadableError((error.strerror or str(error)).lower()) from None
    except ValueError:  # a path with a NUL, or with half a surrogate pair
        raise UnreadableError("no such file: no file name can hold its characters") from None


def limited(data: bytes, limit: int) -> bytes:
    """Return what was read.

    Raises:
        UnreadableError: It is too long.
    """
    if len(data) > limit:
        raise UnreadableError(
            f"the files of a spec may have {MAX_BYTES // 1_000_000} MB together, this is more"
        )
    return data


def decode(data: bytes, *, may_be_utf_16: bool = False) -> str:
    """Decode a file's bytes; a byte order mark at the beginning is left out.

    Args:
        data: The file.
        may_be_utf_16: A byte order mark of UTF-16 is believed. Spreadsheets
            write "Unicode text" so.

    Raises:
        UnreadableError: They are not text in this encoding.
    """
    if data.startswith(_WORKBOOKS):
        message = "this is a workbook of a spreadsheet, or another archive, and not text"
        raise UnreadableError(message, _AS_TEXT[may_be_utf_16], line=1, column=1)
    encoding = _UTF16_MARKS.get(data[:2])
    if encoding and not may_be_utf_16:
        raise UnreadableError("the text is UTF-16", "save it as UTF-8", line=1, column=1)
    encoding, shown = (encoding, "UTF-16") if encoding else ("utf-8", "UTF-8")
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line, column = _position(data[: error.start].decode(encoding).removeprefix("\ufeff"))
        what = f"byte 0x{data[error.start]:02x} is not {shown} text"
        raise UnreadableError(what, "save it as UTF-8", line=line, column=column) from None
    if found := _UNPRINTABLE.search(text):
        line, column = _position(text[: found.start()])
        what = f"character U+{ord(found[0]):04X} is not allowed in a spec"
        # Every other byte of Latin letters in UTF-16 is zero; without a mark it reads as UTF-8.
        hint = (
            "this looks like UTF-16: save it as UTF-8" if text.count("\0") * 3 > len(text) else None
        )
        raise UnreadableError(what, hint, line=line, column=column)
    return text


def displayed_name(named: str, including: Source) -> str:
    """Name an included file as seen from the working folder: `config/people.csv`."""
    name = os.path.join(os.path.dirname(including.name), named)  # noqa: PTH118, PTH120 - as typed
    shorter = os.path.normpath(name)
    try:  # `..` behind a symbolic link leads elsewhere than it reads
        return shorter if os.path.samefile(shorter, name) else name  # noqa: PTH121 - as typed
    except (OSError, ValueError):
        return name


def _read_regular(path: pathlib.Path, limit: int) -> bytes:
    # O_NONBLOCK: opening a pipe without a writer would wait permanently
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder, not a file" if stat.S_ISDIR(mode) else "not a regular file"
            raise UnreadableError(f"is {kind}")
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(limit + 1)
    finally:
        os.close(descriptor)
    return limited(data, limit)


def _position(before: str) -> tuple[int, int]:
    """Give line and column, from 1, of what follows the text `before`."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")
