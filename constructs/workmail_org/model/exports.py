"""Exports: where the mailboxes of an organization are exported to."""

from __future__ import annotations

from dataclasses import dataclass

MANAGED = "managed"
"""What the stack makes, and what stays when the stack goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    """A bucket, the key that encrypts what lies in it, and a folder.

    Attributes:
        bucket: `managed`, or the name of a bucket in the organization's region.
        key: `managed`, or the ARN of a symmetric key in the organization's region.
        prefix: Ends with a slash.
    """

    bucket: str = MANAGED
    key: str = MANAGED
    prefix: str = "workmail-exports/"
