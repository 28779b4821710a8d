"""Reading an export in S3: is it there, does the zip open, is it what WorkMail wrote?

A file can be larger than any function's memory and disk. It is read in pieces of a few megabytes:
its end, where a zip has its directory, and once from beginning to end.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from workmail_org.errors import NotFoundError
from workmail_org.exporting.model import Evidence, JobLog
from workmail_org.service.failures import translate

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PIECE_BYTES = 8 * 1024 * 1024
"""Of one GetObject: large enough that requests do not matter, small enough for any function."""

_LARGEST_LOG_BYTES = 64 * 1024
"""A job's log has seven short values (WorkMail Admin Guide, "mail-export")."""

_MOST_LOGS = 20
"""Files beside the export that are looked into; a guess: one is expected."""

_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


@dataclass(frozen=True, slots=True)
class Object:
    """An object of S3.

    Attributes:
        size: Bytes.
        version: `None`: the bucket keeps none.
    """

    key: str
    size: int
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """Objects of one bucket."""

    client: S3Client
    name: str

    def find(self, key: str) -> Object | None:
        """Look at an object; `None`: there is none."""
        try:
            answer = self._call("HeadObject", Key=key)
        except NotFoundError:
            return None
        return Object(key, int(answer["ContentLength"]), answer.get("VersionId"))

    def read(self, key: str, start: int, length: int) -> bytes:
        """Read a part of an object."""
        span = f"bytes={start}-{start + length - 1}"
        try:
            content: bytes = self._call("GetObject", Key=key, Range=span)["Body"].read()
        except BotoCoreError as error:  # while the body is read
            raise translate(error, "GetObject") from error
        return content

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """List keys and sizes below a prefix."""
        token: dict[str, str] = {}
        while True:
            page = self._call("ListObjectsV2", Prefix=prefix, **token)
            for item in page.get("Contents", ()):
                yield item["Key"], int(item["Size"])
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def _call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        methods: Mapping[str, Any] = {
            "HeadObject": self.client.head_object,
            "GetObject": self.client.get_object,
            "ListObjectsV2": self.client.list_objects_v2,
        }
        try:
            answer: Mapping[str, Any] = methods[operation](Bucket=self.name, **parameters)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _MISSING:
                raise NotFoundError(f"{parameters.get('Key')} is not there") from error
            raise translate(error, operation) from error
        except BotoCoreError as error:
            raise translate(error, operation) from error
        return answer


def gather_evidence(bucket: Bucket, path: str, is_late: Callable[[], bool]) -> Evidence:
    """Look at the file of a completed job.

    Args:
        bucket: Where it was written.
        path: `S3Path` of the job.
        is_late: Whether there is no time to read on.

    Raises:
        ServiceError: S3 refuses; nothing is known of the file.
    """
    objects = _find_objects(bucket, path)
    if len(objects) != 1:
        # WorkMail does not document that a mailbox can become several files.
        problem = f"there are {len(objects)} zips, and one was expected: check them yourself"
        size = sum(each.size for each in objects)
        return Evidence(size=size, problem=problem) if objects else Evidence()
    (file,) = objects
    found = Evidence(size=file.size, version=file.version, log=find_log(bucket, file.key))
    try:
        with zipfile.ZipFile(_open(bucket, file.key, file.size)) as archive:
            entries = [each for each in archive.infolist() if not each.is_dir()]
            found = replace(found, messages=len(entries))
            if found.log and found.log.sha384:
                # The hash is of every byte: the checksums inside would say the same once more.
                return replace(found, sha384=hash_object(bucket, file.key, file.size, is_late))
            unread = _read_entries(archive, entries, is_late)
    except zipfile.BadZipFile as error:
        return replace(found, messages=None, problem=f"the zip does not open: {error}")
    return replace(found, read_whole=unread is None, problem=unread or "")


def _find_objects(bucket: Bucket, path: str) -> list[Object]:
    """Find what an `S3Path` names.

    It is the path of one file (WorkMail API 2017-10-01, DescribeMailboxExportJob). Whether it can
    begin with the bucket, or be a folder of several files, is not documented.
    """
    paths = (path, path.removeprefix(f"{bucket.name}/"))
    for key in paths:
        if found := bucket.find(key):
            return [found]
    for folder in paths:
        below = bucket.list(f"{folder.rstrip('/')}/")
        if zips := [Object(key, size) for key, size in below if key.endswith(".zip")]:
            return zips
    return []


def hash_object(bucket: Bucket, key: str, size: int, is_late: Callable[[], bool]) -> str | None:
    """Return the SHA-384 of an object in hexadecimal digits; `None`: there was no time."""
    digest = hashlib.sha384()
    for start in range(0, size, _PIECE_BYTES):
        if is_late():
            return None
        digest.update(bucket.read(key, start, min(_PIECE_BYTES, size - start)))
    return digest.hexdigest()


def _read_entries(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], is_late: Callable[[], bool]
) -> str | None:
    """Read every entry, which compares its checksum.

    Returns:
        What is wrong; empty: there was no time to read all; `None`: all are as they were written.
    """
    for entry in entries:
        if is_late():
            return ""
        try:
            with archive.open(entry) as content:
                while content.read(_PIECE_BYTES):
                    if is_late():
                        return ""
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
            # Not the entry's name: it can be the subject of a message.
            return f"an entry of the zip cannot be read: {type(error).__name__}"
    return None


def find_log(bucket: Bucket, key: str) -> JobLog | None:
    """Find a job's log beside its file; where WorkMail writes it is not documented."""
    folder = key.rpartition("/")[0]
    looked_at = 0
    for other, size in bucket.list(f"{folder}/" if folder else ""):
        if other == key or not 0 < size <= _LARGEST_LOG_BYTES:
            continue
        looked_at += 1
        if looked_at > _MOST_LOGS:
            return None
        log = parse_log(bucket.read(other, 0, size))
        if log is not None:
            return log
    return None


def parse_log(content: bytes) -> JobLog | None:
    """Read a job's log; `None`: it is something else.

    Every value of a log is a text (WorkMail Admin Guide, "mail-export").
    """
    try:
        document: Any = json.loads(content)
    except ValueError:  # UnicodeDecodeError is one too
        return None
    if not isinstance(document, dict) or "sha384Hash" not in document:
        return None
    values = cast("dict[str, Any]", document)
    return JobLog(
        sha384=str(values["sha384Hash"]),
        messages=_parse_number(values.get("totalMessages")),
        left_out=_parse_number(values.get("totalNonExportableItems")),
    )


def _parse_number(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() else None


def _open(bucket: Bucket, key: str, size: int) -> io.BufferedReader:
    return io.BufferedReader(_Remote(bucket, key, size), _PIECE_BYTES)


class _Remote(io.RawIOBase):
    """An object of S3 as a file that can be read anywhere."""

    def __init__(self, bucket: Bucket, key: str, size: int) -> None:
        super().__init__()
        self._bucket, self._key, self._size = bucket, key, size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        length = min(len(buffer), self._size - self._at)
        if length <= 0:
            return 0
        content = self._bucket.read(self._key, self._at, length)
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)
