"""Directory: where an organization keeps its users."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DirectoryType(StrEnum):
    """Kinds of directory; `existing` names one that is there already."""

    WORKMAIL = "workmail"
    SIMPLE_AD = "simple_ad"
    MANAGED_AD = "managed_ad"
    AD_CONNECTOR = "ad_connector"
    EXISTING = "existing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccount:
    """The account by which an AD Connector reads the directory.

    Attributes:
        password_secret: Name or ARN of a Secrets Manager secret.
    """

    username: str
    password_secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """A directory; which fields count depends on its type (design.md §3).

    Attributes:
        directory_id: `d-…`, of an existing directory only.
        kind: What an existing directory is; `None`: unknown, so the strictest
            limits hold.
        name: Fully qualified DNS name, such as `corp.example`.
        size: `small` or `large`.
        edition: `standard` or `enterprise`.
        admin_password_secret: Name or ARN of a secret; `None`: generated.
    """

    type: DirectoryType = DirectoryType.WORKMAIL
    directory_id: str | None = None
    kind: DirectoryType | None = None
    name: str | None = None
    short_name: str | None = None
    size: str | None = None
    edition: str | None = None
    vpc_id: str | None = None
    subnet_ids: tuple[str, ...] = ()
    dns_ips: tuple[str, ...] = ()
    admin_password_secret: str | None = None
    service_account: ServiceAccount | None = None

    @property
    def effective_kind(self) -> DirectoryType:
        """What it behaves like: the type, or the kind of an existing one."""
        return self.kind or self.type

    @property
    def read_only(self) -> bool:
        """Whether users and groups are made elsewhere and only enabled here."""
        return self.effective_kind is DirectoryType.AD_CONNECTOR
