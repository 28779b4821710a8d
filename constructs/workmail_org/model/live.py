"""Live: what AWS says of an organization and its directory, in types of our own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from workmail_org.model.directory import DirectoryType
from workmail_org.model.domain import DnsRecord
from workmail_org.model.values import OrganizationId


class State(StrEnum):
    """State of an organization (WorkMail API 2017-10-01, DescribeOrganization; facts.md §1.1)."""

    REQUESTED = "requested"
    CREATING = "creating"
    ACTIVE = "active"
    DELETING = "deleting"
    DELETED = "deleted"
    FAILED = "failed"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOrganization:
    """An organization as WorkMail describes it.

    Attributes:
        directory_id: `None`: not made yet.
        directory_type: WorkMail's word, such as VpcDirectory.
        default_domain: Folded; empty: not told.
        completed: When it became usable; `None`: not yet.
        reason: Why it failed; empty: it did not.
        tags: Read by a call of their own.
    """

    id: OrganizationId
    arn: str = ""
    alias: str
    state: State
    directory_id: str | None = None
    directory_type: str = ""
    default_domain: str = ""
    interoperability: bool = False
    completed: datetime | None = None
    reason: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_going(self) -> bool:
        """Whether it is deleted, or about to be."""
        return self.state in (State.DELETING, State.DELETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDomain:
    """A mail domain as WorkMail has it.

    Attributes:
        ownership: PENDING, VERIFIED or FAILED.
    """

    name: str
    is_default: bool
    is_test_domain: bool
    ownership: str
    dkim: str
    records: tuple[DnsRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDirectory:
    """A directory as Directory Service has it.

    Attributes:
        alias: `None`: it has none yet.
        stage: DirectoryStage, such as Creating or Active.
        size: small or large; `None` of a Managed Microsoft AD.
        edition: standard or enterprise, of a Managed Microsoft AD.
        launched: When it was asked for.
    """

    id: str
    type: DirectoryType | None
    name: str
    alias: str | None
    stage: str
    reason: str | None
    size: str | None
    edition: str | None
    vpc_id: str | None
    subnet_ids: frozenset[str]
    launched: datetime | None
