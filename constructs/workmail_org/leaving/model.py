"""Items of an organization, and what becomes of each, as data for every report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Destination(StrEnum):
    """Where an organization can go. `imapsync` is any other service with IMAP: mail alone."""

    MICROSOFT365 = "microsoft365"
    GOOGLE = "google"
    ZOHO = "zoho"
    IMAPSYNC = "imapsync"


TITLES: Mapping[Destination, str] = {
    Destination.MICROSOFT365: "Microsoft 365",
    Destination.GOOGLE: "Google Workspace",
    Destination.ZOHO: "Zoho Mail",
    Destination.IMAPSYNC: "another service, by imapsync",
}
"""Destinations as people call them."""


class ItemKind(StrEnum):
    """What there is to account for; in the order in which reports list it."""

    USER = "user"
    REMOTE_USER = "remote user"
    GROUP = "group"
    RESOURCE = "resource"
    ADDRESS = "address"
    ALIAS = "alias"
    FIELD = "address book field"
    HIDDEN = "hidden from the address list"
    QUOTA = "quota"
    IDENTITY = "identity of a user in IAM Identity Center"
    PASSWORD = "password"  # noqa: S105 - the kind of item, not one
    MAIL = "mail of a mailbox"
    CALENDAR = "calendar of a mailbox"
    CONTENT = "contacts, tasks and notes of a mailbox"
    MAILBOX_SETTINGS = "inbox rules, signature and out-of-office reply of a mailbox"
    FOLDER_PERMISSIONS = "folder permissions of a mailbox"
    MEMBER = "member"
    BOOKING = "booking option"
    DELEGATE = "delegate"
    RIGHT = "right on a mailbox"
    DOMAIN = "domain"
    # Policies are called like the fields of the model; a part is a rule within one.
    ACCESS_CONTROL = "access control rule"
    MOBILE_DEVICES = "mobile device access rule"
    IMPERSONATION_ROLES = "impersonation role"
    IMPERSONATION_ROLES_PART = "rule of an impersonation role"
    RETENTION = "retention policy"
    RETENTION_PART = "retention of a folder"
    AVAILABILITY = "availability configuration"
    EMAIL_MONITORING = "email event log"
    INBOUND_DMARC_ENFORCED = "inbound DMARC enforcement"
    IDENTITY_CENTER = "sign-in through IAM Identity Center"
    SETTING = "setting of the organization"
    TAG = "tag"
    UNMANAGED = "left out of the spec"
    UNSEEN = "setting that no API shows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item that an organization has.

    Attributes:
        owner: Reference of the entity, as a spec writes it; empty: the organization.
        name: What it is called: an address, a member's reference, a field.
        value: What it is set to; empty where the name says everything.
    """

    kind: ItemKind
    owner: str = ""
    name: str = ""
    value: str = ""

    def __str__(self) -> str:
        if not self.owner:
            return f"{self.name}: {self.value}" if self.value else self.name
        described = f"{self.name} {self.value}".strip()
        if self.owner == described:
            return described
        return f"{self.owner}: {described}" if described else self.owner


class Placement(StrEnum):
    """What becomes of an item."""

    FILE = "in a file"
    HAND = "by hand"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """What becomes of one item.

    Attributes:
        file: Path below the folder of output; empty unless it is in a file.
        note: By hand: what to do. Lost: why. In a file: what changes on the way;
            may be empty.
    """

    item: Item
    placement: Placement
    file: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file for the destination, or for people.

    Attributes:
        path: Below the folder of output, with slashes.
        is_secret: Only its owner may read it.
    """

    path: str
    data: bytes
    is_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """What a person does with the files, in order.

    Attributes:
        text: One paragraph of Markdown.
    """

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Everything that becomes of one organization at one destination.

    Attributes:
        key: Spec key of the organization.
        files: In the order in which they are used.
        entries: The ledger: every item once, by kind.
        steps: What to do with the files.
        notes: What somebody should check, such as names that were guessed.
    """

    key: str
    destination: Destination
    files: tuple[File, ...]
    entries: tuple[LedgerEntry, ...]
    steps: tuple[Instruction, ...] = ()
    notes: tuple[str, ...] = ()

    def count(self, placement: Placement, kind: ItemKind | None = None) -> int:
        """Count the entries of one placement, of one kind or of all."""
        return sum(
            each.placement is placement and kind in (None, each.item.kind) for each in self.entries
        )
