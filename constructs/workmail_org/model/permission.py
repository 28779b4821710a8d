"""MailboxPermission: who may open or write from whose mailbox."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workmail_org.model.values import Reference

EVERY_MAILBOX = "*"
"""What a spec writes for every mailbox of the organization; no name can be this."""


class Right(StrEnum):
    """What a grantee may do (WorkMail API 2017-10-01, PermissionType)."""

    FULL_ACCESS = "full_access"
    SEND_AS = "send_as"
    SEND_ON_BEHALF = "send_on_behalf"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxPermission:
    """The rights of one grantee on one mailbox.

    Attributes:
        mailbox: A user, a group or a resource.
        grantee: A user or a group.
        rights: At least one; a set, kept sorted.
    """

    mailbox: Reference
    grantee: Reference
    rights: tuple[Right, ...]
