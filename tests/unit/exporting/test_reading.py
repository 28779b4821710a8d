"""Files of exports: whole, damaged, cut off, too large, with and without a log."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from exporting import Objects
from workmail_org.exporting import reading
from workmail_org.exporting.model import Evidence, JobLog
from workmail_org.exporting.reading import Bucket, gather_evidence, parse_log

PATH = "exports/first/id/2026-11-26/job.zip"


def make_zip(*, messages: int = 3, size: int = 1000) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.mkdir("Inbox")
        for number in range(messages):
            archive.writestr(f"Inbox/{number}.eml", bytes([number]) * size)
    return content.getvalue()


def make_log(content: bytes, **fields: str) -> bytes:
    stated = {"sha384Hash": hashlib.sha384(content).hexdigest(), "totalMessages": "3"}
    return json.dumps({**stated, "totalNonExportableItems": "7", **fields}).encode()


def look(
    contents: dict[str, bytes], *, is_late: Callable[[], bool] = lambda: False, path: str = PATH
) -> Evidence:
    client: Any = Objects(contents)
    return gather_evidence(Bucket(client, "mail-archive"), path, is_late)


def test_a_file_is_hashed_and_its_log_read_wherever_it_lies_beside() -> None:
    content = make_zip()
    others = {f"{PATH[:-7]}a.txt": b"no log", f"{PATH[:-7]}b.json": b'{"other": 1}'}
    found = look({PATH: content, **others, f"{PATH[:-7]}logs/z.json": make_log(content)})

    digest = hashlib.sha384(content).hexdigest()
    assert found == Evidence(
        size=len(content),
        version=f"version of {len(content)} bytes",
        messages=3,
        sha384=digest,
        log=JobLog(sha384=digest, messages=3, left_out=7),
    )


def test_without_a_log_every_entry_is_read() -> None:
    content = make_zip()

    version = f"version of {len(content)} bytes"
    expected = Evidence(size=len(content), version=version, messages=3, read_whole=True)
    assert expected == look({PATH: content})


def test_a_path_that_begins_with_the_bucket_is_understood() -> None:
    found = look({PATH: make_zip()}, path=f"mail-archive/{PATH}")

    assert found.read_whole


def test_a_path_that_is_a_folder_of_one_file_is_understood() -> None:
    found = look({f"{PATH}/part-1.zip": make_zip(), f"{PATH}/readme.txt": b"x"})

    assert (True, "") == (found.read_whole, found.problem)


def test_several_files_are_not_taken_for_verified() -> None:
    found = look({f"{PATH}/part-{n}.zip": make_zip() for n in (1, 2, 3)})

    assert "there are 3 zips, and one was expected: check them yourself" == found.problem
    assert 3 * len(make_zip()) == found.size


def test_what_is_not_there_is_no_evidence() -> None:
    assert look({}) == Evidence()


def test_a_file_is_never_read_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_PIECE_BYTES", 512)
    content = make_zip(messages=20)
    client: Any = Objects({PATH: content})
    bucket = Bucket(client, "mail-archive")

    found = gather_evidence(bucket, PATH, lambda: False)
    client.contents[f"{PATH[:-7]}log.json"] = make_log(content)
    hashed = gather_evidence(bucket, PATH, lambda: False)

    assert found.read_whole
    assert hashlib.sha384(content).hexdigest() == hashed.sha384
    # The directory of the zip is read as one.
    directory = content.index(b"PK\x01\x02")
    assert client.largest <= max(512, len(content) - directory)


@pytest.mark.parametrize("with_log", [True, False])
@pytest.mark.parametrize(
    "content", [make_zip()[:-30], make_zip()[: len(make_zip()) // 2], b"", b"<html>"]
)
def test_a_file_that_is_cut_off_is_found(content: bytes, with_log: bool) -> None:
    contents = {PATH: content}
    if with_log:
        contents[f"{PATH[:-7]}log.json"] = make_log(content)

    found = look(contents)

    assert found.problem.startswith("the zip does not open")
    assert len(content) == found.size


@pytest.mark.parametrize("at", [100, 1200, 2500])
def test_a_flipped_bit_is_found_by_the_hash_or_by_the_checksums(at: int) -> None:
    content = make_zip()
    flipped = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    with_log = look({PATH: flipped, f"{PATH[:-7]}log.json": make_log(content)})

    assert with_log.log is not None
    assert with_log.sha384 != with_log.log.sha384
    assert "an entry of the zip cannot be read" in look({PATH: flipped}).problem


@pytest.mark.parametrize("with_log", [True, False])
def test_who_has_no_time_says_that_it_was_not_read(with_log: bool) -> None:
    content = make_zip()
    contents = {PATH: content}
    if with_log:
        contents[f"{PATH[:-7]}log.json"] = make_log(content)

    found = look(contents, is_late=lambda: True)

    assert (None, False, "", 3) == (
        found.sha384,
        found.read_whole,
        found.problem,
        found.messages,
    )


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b'"sha384Hash"', b'{"a": "b"}'])
def test_what_is_no_log_is_not_read_as_one(content: bytes) -> None:
    assert None is parse_log(content)


@pytest.mark.parametrize(("text", "number"), [("12", 12), ("-1", None), ("x", None), ("²", None)])
def test_numbers_of_a_log_are_texts(text: str, number: int | None) -> None:
    log = parse_log(make_log(b"", totalMessages=text))

    assert log is not None
    assert number == log.messages
