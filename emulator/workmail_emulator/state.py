"""What the emulated account holds: regions, organizations, entities, mailboxes, directories.

Values are frozen and replaced as a whole, so that a shallow copy of an organization's tables is a
picture of it at one moment: reads that lag behind are answered from such copies.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self

from workmail_emulator.api import Document
from workmail_emulator.clock import DAY

Kind = Literal["USER", "GROUP", "RESOURCE"]
State = Literal["ENABLED", "DISABLED", "DELETED"]
DirectoryKind = Literal["VpcDirectory", "SimpleAD", "MicrosoftAD", "ADConnector"]

KEPT_SECONDS = 30 * DAY
"""How long a mailbox outlives DeregisterFromWorkMail; botocore, DeregisterFromWorkMail."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A user, group or resource; also the tombstone of a deleted one.

    Attributes:
        email: Primary address; a disabled entity goes on showing it (Assumption DISABLED_ADDRESS).
        aliases: Further addresses in the order of their creation.
        attributes: What Describe answers beside the fields above, under WorkMail's names.
    """

    id: str
    kind: Kind
    name: str
    state: State = "DISABLED"
    email: str | None = None
    aliases: tuple[str, ...] = ()
    enabled_at: float | None = None
    disabled_at: float | None = None
    attributes: Document = field(default_factory=dict[str, Any])

    @property
    def addresses(self) -> tuple[str, ...]:
        """The primary address and the aliases."""
        return (self.email, *self.aliases) if self.email else self.aliases

    @property
    def role(self) -> str:
        """A user's role; empty for groups and resources."""
        role: str = self.attributes.get("UserRole", "")
        return role


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where mail lies. It belongs to an entity's id, not to its name or address.

    Attributes:
        token: Names this mailbox and no later one: a mailbox survived when its token is the same.
        owner: Id of the user or resource.
        quota: Megabytes.
        size: Megabytes.
        provisioned_at: When it was made.
        deprovisioned_at: When it was taken from its owner; None while in use.
        deleted: Its owner was deleted, nothing brings it back.
    """

    token: str
    owner: str
    quota: int
    size: float
    provisioned_at: float
    deprovisioned_at: float | None = None
    deleted: bool = False

    def status(self, now: float) -> Literal["active", "kept", "lost"]:
        """Return whether it is in use, can still be restored, or is gone."""
        if self.deleted:
            return "lost"
        if self.deprovisioned_at is None:
            return "active"
        return "kept" if now < self.deprovisioned_at + KEPT_SECONDS else "lost"


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain of an organization; whether it is verified stands in the region's identity.

    Attributes:
        usable_at: Of a test domain, when it is verified.
    """

    name: str
    is_test: bool = False
    usable_at: float = 0.0


@dataclass
class Identity:
    """A domain as the region's SES knows it; it outlives its registration in WorkMail.

    Attributes:
        token: What the ownership TXT record must hold.
        dkim_tokens: Names of the three DKIM records.
        requested_at: When verification was last asked for; SES gives up after 72 hours.
    """

    domain: str
    token: str
    dkim_tokens: tuple[str, str, str]
    requested_at: float
    verified_at: float | None = None
    dkim_verified_at: float | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """A user or group in a directory, before any organization looks at it.

    Attributes:
        attributes: As in `Entity`.
        members: Ids of a group's members.
    """

    id: str
    kind: Kind
    name: str
    attributes: Document = field(default_factory=dict[str, Any])
    members: tuple[str, ...] = ()


@dataclass
class Directory:
    """A directory.

    Attributes:
        alias: None until one was claimed.
        described: Fields of DescribeDirectories that never change after creation.
        revision: Counts the changes made outside of WorkMail.
        authorized: Applications that use it besides WorkMail.
        data_access: Wanted state of user and group management, and when it was asked for.
        unreachable: Set through the control path: every call that needs it fails.
    """

    id: str
    kind: DirectoryKind
    name: str
    created_at: float
    alias: str | None = None
    deleted_at: float | None = None
    described: Document = field(default_factory=dict[str, Any])
    principals: dict[str, Principal] = field(default_factory=dict[str, Principal])
    revision: int = 0
    authorized: set[str] = field(default_factory=set[str])
    data_access: tuple[bool, float] | None = None
    tags: dict[str, str] = field(default_factory=dict[str, str])
    unreachable: bool = False

    @property
    def read_only(self) -> bool:
        """AD Connector: users and groups are managed in the customer's directory."""
        return self.kind == "ADConnector"


@dataclass
class Organization:
    """An organization with everything in it; deleted ones stay as tombstones.

    Attributes:
        synchronized: The directory's revision that was read last, and when.
        names: Namespace and lower-case name → id, of entities that are not deleted.
        holders: Lower-case address → id of the enabled entity that holds it.
        mailboxes: By owner's id; what can be used or restored, or was lost last.
        lost_mailboxes: By token; those in whose place a new one was made.
        members: Group id → ids of its members, in the order in which they joined.
        delegates: Resource id → ids.
        permissions: Mailbox owner's id → grantee's id → rights.
        settings: Retention, monitoring, DMARC, identity provider: at most one of each.
        access_rules: By name.
        mobile_rules: By id.
        overrides: By user id and lower-case device id.
    """

    id: str
    region: str
    alias: str
    directory_id: str
    created_at: float
    interoperability: bool = False
    kms_key_arn: str | None = None
    failure: str | None = None
    deleted_at: float | None = None
    default_domain: str = ""
    synchronized: tuple[int, float] | None = None
    domains: dict[str, Domain] = field(default_factory=dict[str, Domain])
    entities: dict[str, Entity] = field(default_factory=dict[str, Entity])
    names: dict[str, str] = field(default_factory=dict[str, str])
    holders: dict[str, str] = field(default_factory=dict[str, str])
    mailboxes: dict[str, Mailbox] = field(default_factory=dict[str, Mailbox])
    lost_mailboxes: dict[str, Mailbox] = field(default_factory=dict[str, Mailbox])
    members: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    delegates: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    permissions: dict[str, dict[str, list[str]]] = field(
        default_factory=dict[str, dict[str, list[str]]]
    )
    tags: dict[str, str] = field(default_factory=dict[str, str])
    settings: dict[str, Document] = field(default_factory=dict[str, Document])
    access_rules: dict[str, Document] = field(default_factory=dict[str, Document])
    mobile_rules: dict[str, Document] = field(default_factory=dict[str, Document])
    overrides: dict[tuple[str, str], Document] = field(
        default_factory=dict[tuple[str, str], Document]
    )
    roles: dict[str, Document] = field(default_factory=dict[str, Document])
    availability: dict[str, Document] = field(default_factory=dict[str, Document])
    access_tokens: dict[str, Document] = field(default_factory=dict[str, Document])
    exports: dict[str, Document] = field(default_factory=dict[str, Document])

    def arn(self, account: str) -> str:
        """Build the organization's ARN."""
        return f"arn:aws:workmail:{self.region}:{account}:organization/{self.id}"

    def copy(self) -> Self:
        """Copy the tables; what is in them is frozen or never changed in place."""
        picture = copy(self)
        for item in fields(self):
            table: Any = getattr(self, item.name)
            if isinstance(table, dict):
                setattr(picture, item.name, table.copy())
        return picture


@dataclass
class Region:
    """One region of the account.

    Attributes:
        identities: By lower-case domain name.
        applications: IAM Identity Center applications by ARN.
    """

    name: str
    organizations: dict[str, Organization] = field(default_factory=dict[str, Organization])
    directories: dict[str, Directory] = field(default_factory=dict[str, Directory])
    identities: dict[str, Identity] = field(default_factory=dict[str, Identity])
    applications: dict[str, Document] = field(default_factory=dict[str, Document])
