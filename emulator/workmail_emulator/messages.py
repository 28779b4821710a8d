"""Messages of a mailbox, generated from the organization: the same in every run, real MIME."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from workmail_emulator.api import Document
from workmail_emulator.state import Entity, Mailbox, Organization

_FOLDERS = ("Inbox", "Sent Items", "Deleted Items")

_EVENTS = "Calendar"

_ZIP_TIME = (2026, 1, 1, 0, 0, 0)
"""Of every entry, Assumption EXPORT_FILES: the bytes of an export depend on the mailbox alone."""


def make_export(organization: Organization, owner: Entity, mailbox: Mailbox) -> tuple[bytes, int]:
    """Make the zip of a mailbox. Source: Assumption EXPORT_FILES.

    Returns:
        The file, and how many items are not in it: contacts, tasks, notes.
    """
    number = int(hashlib.sha256(mailbox.token.encode()).hexdigest(), 16)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, message in _write_messages(organization, owner, mailbox, number):
            archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), message.as_bytes())
    return content.getvalue(), number % 5


def make_log(content: bytes, left_out: int, job: Document, ended: float) -> bytes:
    """Make the log of a job; every value is a text (WorkMail Admin Guide, "mail-export")."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
    folders = {entry.filename.rpartition("/")[0] for entry in entries}
    values = {
        "totalNonExportableItems": left_out,
        "totalMessages": len(entries),
        "sha384Hash": hashlib.sha384(content).hexdigest(),
        "totalBytes": sum(entry.file_size for entry in entries),
        "totalFolders": len(folders),
        "startTime": _show(job["StartTime"]),
        "endTime": _show(ended),
    }
    return json.dumps({name: str(value) for name, value in values.items()}).encode()


def _write_messages(
    organization: Organization, owner: Entity, mailbox: Mailbox, number: int
) -> Iterator[tuple[str, EmailMessage]]:
    others = [
        entity
        for entity in organization.entities.values()
        if entity.email and entity.id != owner.id and entity.state == "ENABLED"
    ] or [owner]
    start = datetime.fromtimestamp(mailbox.provisioned_at, UTC)
    for count in range(3 + number % 7):
        folder = _FOLDERS[count % len(_FOLDERS)]
        other = others[(number + count) % len(others)]
        sides = (owner, other) if folder == "Sent Items" else (other, owner)
        yield (
            f"{folder}/{count + 1:06d}.eml",
            _write(sides, f"Message {count + 1}", start + timedelta(hours=count), mailbox.token),
        )
    meeting = _write((others[0], owner), "Meeting", start, mailbox.token)
    meeting.add_attachment(
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:{mailbox.token}\r\n"
        f"DTSTART:{start:%Y%m%dT%H%M%SZ}\r\nSUMMARY:Meeting\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        subtype="calendar",
    )
    meeting.set_boundary(f"boundary-{mailbox.token}")  # else it is drawn
    yield f"{_EVENTS}/000001.eml", meeting


def _write(sides: Sequence[Entity], subject: str, sent: datetime, token: str) -> EmailMessage:
    sender, receiver = sides
    message = EmailMessage()
    message["From"] = sender.email or f"{sender.name}@invalid"
    message["To"] = receiver.email or f"{receiver.name}@invalid"
    message["Subject"] = subject
    message["Date"] = format_datetime(sent)
    message["Message-ID"] = f"<{subject.replace(' ', '-')}.{token}@workmail.invalid>"
    message.set_content(f"From {sender.name} to {receiver.name}.\n")
    return message


def _show(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat()
