"""Policies: rules and settings of a whole organization."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Effect(StrEnum):
    """What a matching rule does."""

    ALLOW = "allow"
    DENY = "deny"


ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "active_sync": "ActiveSync",
        "auto_discover": "AutoDiscover",
        "ews": "EWS",
        "imap": "IMAP",
        "smtp": "SMTP",
        "windows_outlook": "WindowsOutlook",
        "web_mail": "WebMail",
    }
)
"""The spec's words for protocols and WorkMail's (WorkMail Admin Guide, "access-rules")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessControlRule:
    """Who may reach mailboxes by which protocol from where. No list: everything matches.

    Attributes:
        actions: active_sync auto_discover ews imap smtp windows_outlook web_mail.
        ip_ranges: IPv4 in CIDR notation.
        users: User names; the handler finds their ids.
        impersonation_roles: Role names; the handler finds their ids.
    """

    name: str
    effect: Effect
    description: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    ip_ranges: tuple[str, ...] = ()
    not_ip_ranges: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    not_users: tuple[str, ...] = ()
    impersonation_roles: tuple[str, ...] = ()
    not_impersonation_roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileDeviceAccessRule:
    """Which mobile devices may synchronize. No list: every device matches."""

    name: str
    effect: Effect
    description: str | None = None
    device_types: tuple[str, ...] = ()
    not_device_types: tuple[str, ...] = ()
    device_models: tuple[str, ...] = ()
    not_device_models: tuple[str, ...] = ()
    operating_systems: tuple[str, ...] = ()
    not_operating_systems: tuple[str, ...] = ()
    user_agents: tuple[str, ...] = ()
    not_user_agents: tuple[str, ...] = ()


class Folder(StrEnum):
    """Folders that a retention policy covers."""

    INBOX = "inbox"
    DELETED_ITEMS = "deleted_items"
    SENT_ITEMS = "sent_items"
    DRAFTS = "drafts"
    JUNK_EMAIL = "junk_email"


class RetentionAction(StrEnum):
    """What happens to old items. `delete` can be recovered, `permanently_delete` cannot."""

    NONE = "none"
    DELETE = "delete"
    PERMANENTLY_DELETE = "permanently_delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderRetention:
    """What happens in one folder.

    Attributes:
        days: 1 to 730; with delete and permanently_delete only.
    """

    folder: Folder
    action: RetentionAction
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """The retention policy of all mailboxes; folders left out are kept permanently."""

    name: str
    description: str | None = None
    folders: tuple[FolderRetention, ...] = ()


class ImpersonationType(StrEnum):
    """What an application may do with the mailboxes it impersonates."""

    FULL_ACCESS = "full_access"
    READ_ONLY = "read_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpersonationRule:
    """Whom a role may impersonate. No targets: everyone.

    Attributes:
        key: Spec key and WorkMail's client-supplied rule id.
        name: Shown in the console; `None`: none.
        target_users: User names.
    """

    key: str
    effect: Effect
    name: str | None = None
    description: str | None = None
    target_users: tuple[str, ...] = ()
    not_target_users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpersonationRole:
    """An application's right to act for users, over EWS only."""

    name: str
    type: ImpersonationType
    description: str | None = None
    rules: tuple[ImpersonationRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EwsAvailability:
    """Free/busy of another domain from an Exchange Web Services endpoint.

    Attributes:
        password_secret: Name or ARN of a Secrets Manager secret.
    """

    endpoint: str
    username: str
    password_secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Where free/busy of another domain comes from: exactly one of `ews` and `lambda_arn`."""

    domain: str
    ews: EwsAvailability | None = None
    lambda_arn: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailMonitoring:
    """Where email events are logged.

    Attributes:
        log_group_arn: A given log group; `None`: the stack makes one.
        role_arn: The role that writes to a given group; `None`: WorkMail's own.
        retention_days: Of the managed group; CloudWatch's own values.
    """

    log_group_arn: str | None = None
    role_arn: str | None = None
    retention_days: int | None = None

    @property
    def managed(self) -> bool:
        """Whether the stack makes the log group."""
        return self.log_group_arn is None


class AuthenticationMode(StrEnum):
    """How people sign in. `identity_provider_only` invalidates every directory password at once."""

    IDENTITY_PROVIDER_ONLY = "identity_provider_only"
    IDENTITY_PROVIDER_AND_DIRECTORY = "identity_provider_and_directory"


class TokenStatus(StrEnum):
    """Whether users may make personal access tokens."""

    ACTIVE = "active"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalAccessTokens:
    """The policy for personal access tokens.

    Attributes:
        lifetime_days: 1 to 3653; `None`: they never expire.
    """

    status: TokenStatus = TokenStatus.ACTIVE
    lifetime_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityCenter:
    """Sign-in through IAM Identity Center."""

    instance_arn: str
    authentication_mode: AuthenticationMode
    personal_access_tokens: PersonalAccessTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Everything under `policies`. `None` or empty: not managed.

    Attributes:
        inbound_dmarc_enforced: `None`: not managed.
    """

    access_control: tuple[AccessControlRule, ...] = ()
    mobile_devices: tuple[MobileDeviceAccessRule, ...] = ()
    retention: RetentionPolicy | None = None
    impersonation_roles: tuple[ImpersonationRole, ...] = ()
    availability: tuple[Availability, ...] = ()
    email_monitoring: EmailMonitoring | None = None
    inbound_dmarc_enforced: bool | None = None
    identity_center: IdentityCenter | None = None
