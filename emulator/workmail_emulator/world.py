"""An emulated account as a whole, with its settings; and what one call may look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

from workmail_emulator import api
from workmail_emulator.api import Document
from workmail_emulator.errors import ServiceFault
from workmail_emulator.history import History
from workmail_emulator.ids import Ids
from workmail_emulator.state import Directory, Identity, Organization, Region

DEFAULT_ACCOUNT = "000000000000"
"""Of an emulator that is told no other; no real account has this number."""

Lookup = Callable[[str, str], frozenset[str]]
"""DNS: name without trailing dot, record type → values, TXT unquoted and joined."""

Store = Callable[[str, str, bytes, str], None]
"""S3: bucket, key of the object, content, ARN of the KMS key; raises `StoreError`."""

DATA_ACCESS_SECONDS = 60.0
"""How long EnableDirectoryDataAccess takes; Assumption DIRECTORY_TIMES."""


@dataclass(frozen=True)
class Settings:
    """How an emulator behaves.

    Attributes:
        instant: Every asynchronous change is complete by the next read.
        lag: Seconds by which reads of people are behind writes.
        active_after: Seconds from CreateOrganization until an organization is Active.
        test_domain_after: Seconds from then until its test domain is verified.
        throttle: Calls per second that are let through; None for all.
        page_size: Entries on a page for which no MaxResults was sent, 1 to 100.
        account: Twelve digits, in every ARN.
        verified: Lower-case domains that are verified as soon as they are registered.
        dns: Where ownership and DKIM records are looked up; None for nowhere.
        store: Where export jobs write; None for nowhere.
    """

    instant: bool = False
    lag: float = 0.0
    active_after: float = 30.0
    test_domain_after: float = 0.0
    throttle: float | None = None
    page_size: int = 100
    account: str = DEFAULT_ACCOUNT
    verified: frozenset[str] = frozenset()
    dns: Lookup | None = None
    store: Store | None = None


@dataclass
class World:
    """One account: everything that a reset forgets.

    All but `regions`, `replies` and `history` is shared with the accounts beside it.

    Attributes:
        aliases: Every alias ever used by an organization or a directory, in lower case → directory
            id. They are unique over all accounts and regions and never free again
            (Assumption ALIAS_BURNED).
        replies: Answers to calls that carried a ClientToken.
        verified: Domains verified through the control path.
        failures: Operation → sentences with which the next of its jobs end as failed.
        networks: Directories outside of AWS by lower-case DNS name, with `users` and `groups`.
    """

    settings: Settings
    ids: Ids = field(default_factory=Ids)
    regions: dict[str, Region] = field(default_factory=dict[str, Region])
    aliases: dict[str, str] = field(default_factory=dict[str, str])
    replies: dict[tuple[str, str, str], tuple[float, Document, Document]] = field(
        default_factory=dict[tuple[str, str, str], tuple[float, Document, Document]]
    )
    verified: set[str] = field(default_factory=set[str])
    failures: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    networks: dict[str, Document] = field(default_factory=dict[str, Document])
    history: History = field(init=False)

    def __post_init__(self) -> None:
        """Start without pictures."""
        self.history = History(self.settings.lag)

    def beside(self, account: str) -> Self:
        """Make another account, without anything in it."""
        return type(self)(
            replace(self.settings, account=account),
            ids=self.ids,
            aliases=self.aliases,
            verified=self.verified,
            failures=self.failures,
            networks=self.networks,
        )

    def region(self, name: str) -> Region:
        """Give a region, made on its first use."""
        return self.regions.setdefault(name, Region(name))

    def next_failure(self, operation: str) -> str | None:
        """Take the sentence with which the job begun now is to fail, if there is one."""
        waiting = self.failures.get(operation)
        return waiting.pop(0) if waiting else None


@dataclass(frozen=True)
class Context:
    """One call: its parameters, its time, and where it may look.

    Attributes:
        parameters: Validated against the model.
        now: Seconds since the epoch, the same throughout the call.
    """

    world: World
    region: Region
    operation: str
    parameters: Document
    now: float

    @property
    def settings(self) -> Settings:
        """The emulator's settings."""
        return self.world.settings

    def seen(self, organization: Organization) -> Organization:
        """Give an organization as reads see it."""
        return self.world.history.seen(organization, self.now)

    def delay(self, seconds: float) -> float:
        """Give how long an asynchronous change takes: nothing when all is instant."""
        return 0.0 if self.settings.instant else seconds

    def directory(self, organization: Organization) -> Directory:
        """Give an organization's directory.

        Raises:
            ServiceFault: `DirectoryUnavailableException`: deleted, or out of reach; where the
                operation models this error.
        """
        directory = self.region.directories[organization.directory_id]
        if directory.deleted_at is not None or directory.unreachable:
            self._refuse(
                "DirectoryUnavailableException", f"Directory {directory.id} is unavailable."
            )
        return directory

    def writable_directory(self, organization: Organization) -> Directory:
        """Give an organization's directory for a change of what the directory itself keeps.

        Raises:
            ServiceFault: `UnsupportedOperationException` for AD Connector;
                `DirectoryServiceAuthenticationFailedException` for a Managed Microsoft AD
                without user and group management; else as `directory`.

        Source:
            facts.md §5 and §0.8; Assumption DATA_ACCESS.
        """
        directory = self.directory(organization)
        if directory.read_only:
            self._refuse(
                "UnsupportedOperationException",
                f"{self.operation} is a write to the read-only directory {directory.id}.",
            )
        if directory.kind == "MicrosoftAD" and not self.has_data_access(directory):
            self._refuse(
                "DirectoryServiceAuthenticationFailedException",
                f"User and group management is not enabled on directory {directory.id}.",
            )
        return directory

    def has_data_access(self, directory: Directory) -> bool:
        """Return whether a directory's user and group management is enabled by now."""
        if directory.data_access is None:
            return False
        wanted, since = directory.data_access
        return wanted and self.now >= since + self.delay(DATA_ACCESS_SECONDS)

    def _refuse(self, code: str, message: str) -> None:
        """Raise an error that the operation models; others do not look at the directory.

        Source:
            botocore, the errors of the operation.
        """
        if code in api.error_codes(api.WORKMAIL, self.operation):
            raise ServiceFault(code, message)

    def identity(self, domain: str) -> Identity | None:
        """Give what the region's SES knows of a domain."""
        return self.region.identities.get(domain.lower())
