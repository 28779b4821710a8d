"""What travels through CloudFormation: names and encodings that template and handler share.

CloudFormation gives every scalar as a string, drops nothing else, and reads two
things into plain text: a map whose only key is `Ref` or begins with `Fn::` is an
intrinsic function, and `{{resolve:…}}` is a dynamic reference. `GetTemplate`
turns every non-ASCII character into `?`, after which `cdk diff` hides the change
(aws-cdk #25912). The CDK reads `${Token[…]}`. So text is written in pure ASCII
with backslash escapes, and everything goes in and out through this module alone.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar, cast

from workmail_org.errors import WireError
from workmail_org.model.bookable import Bookable
from workmail_org.model.directory import Directory
from workmail_org.model.group import Group
from workmail_org.model.organization import Passwords
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.policies import (
    AccessControlRule,
    Availability,
    FolderRetention,
    IdentityCenter,
    ImpersonationRole,
    ImpersonationRule,
    MobileDeviceAccessRule,
    RetentionPolicy,
)
from workmail_org.model.removal import Removal, Safety
from workmail_org.model.user import User
from workmail_org.model.values import Kind, Reference, make_api_name, parse_reference

ON_EVENT = "workmail_org.handlers.entry.on_event"
"""Lambda handler that CDK's provider framework calls for each CloudFormation event."""

IS_COMPLETE = "workmail_org.handlers.entry.is_complete"
"""Lambda handler that the framework calls until it answers `IsComplete: True`."""

UNRESOLVED = "<managed>"
"""Stands in a plan for what only CloudFormation knows, such as the ARN of the stack's own log
group."""

OWNER_TAG = "workmail-org:stack"
"""Tag on an organization that we made: the name of the stack that owns it."""

KEY_TAG = "workmail-org:kms-key"
"""Tag with the ARN of an organization's key, which WorkMail does not tell (facts.md §1.1)."""

TAKEN_OVER_TAG = "workmail-org:taken-over"
"""Tag on an organization that was there before the stack: it is never deleted, also when the spec
no longer says `existing`."""

MAX_INLINE_BYTES = 100_000
"""Properties larger than this, as JSON, move to an S3 asset (design.md §4)."""

MAX_RESPONSE_BYTES = 4096
"""CloudFormation refuses a longer answer of a custom resource (cfn user guide, crpg-ref)."""

ORGANIZATION_ID = "OrganizationId"
DIRECTORY_ID = "DirectoryId"
OWNER = "Owner"
KMS_KEY_ARN = "KmsKeyArn"
DIRECTORY = "Directory"
VPC_ID = "VpcId"
SUBNET_IDS = "SubnetIds"
SERVICE_ACCOUNT = "ServiceAccount"
PASSWORD_SECRET = "PasswordSecret"  # noqa: S105 - the name of a property
ADMIN_PASSWORD_SECRET_ARN = "AdminPasswordSecretArn"  # noqa: S105 - the name of a property
CONFIGURATIONS = "Configurations"
EWS = "Ews"
LAMBDA_ARN = "LambdaArn"
LOG_GROUP_ARN = "LogGroupArn"
ROLE_ARN = "RoleArn"
MANAGED = "Managed"
APPLICATION_NAME = "ApplicationName"
LEDGER_TABLE = "LedgerTable"
PASSWORD_SECRET_ARN = "PasswordSecretArn"  # noqa: S105 - the name of a property
COLLECTION_BUCKET = "CollectionBucket"
COLLECTION_KEY = "CollectionKey"
"""Where a collection that is too large to be inline lies: JSON of the properties it replaces."""


class ResourceType(StrEnum):
    """Custom resource types (design.md §4)."""

    DIRECTORY = "Custom::WorkMailDirectory"
    ORGANIZATION = "Custom::WorkMailOrganization"
    DOMAIN = "Custom::WorkMailDomain"
    DOMAIN_VERIFICATION = "Custom::WorkMailDomainVerification"
    DEFAULT_DOMAIN = "Custom::WorkMailDefaultDomain"
    USERS = "Custom::WorkMailUsers"
    GROUPS = "Custom::WorkMailGroups"
    RESOURCES = "Custom::WorkMailResources"
    MAILBOX_PERMISSIONS = "Custom::WorkMailMailboxPermissions"
    ACCESS_CONTROL_RULES = "Custom::WorkMailAccessControlRules"
    MOBILE_DEVICE_ACCESS_RULES = "Custom::WorkMailMobileDeviceAccessRules"
    IMPERSONATION_ROLES = "Custom::WorkMailImpersonationRoles"
    AVAILABILITY_CONFIGURATIONS = "Custom::WorkMailAvailabilityConfigurations"
    RETENTION_POLICY = "Custom::WorkMailRetentionPolicy"
    EMAIL_MONITORING = "Custom::WorkMailEmailMonitoring"
    INBOUND_DMARC = "Custom::WorkMailInboundDmarc"
    IDENTITY_CENTER = "Custom::WorkMailIdentityCenter"
    REMOVALS = "Custom::WorkMailRemovals"


class OrganizationAttribute(StrEnum):
    """What `Custom::WorkMailOrganization` answers, for `Fn::GetAtt`."""

    ARN = "Arn"
    DIRECTORY_ID = "DirectoryId"


class RecordSlot(StrEnum):
    """The eight DNS records of a domain; attributes are `<slot>Name` and `<slot>Value`.

    Values are as Route 53 wants them: TXT in quotes.
    """

    MX = "Mx"
    OWNERSHIP = "Ownership"
    AUTODISCOVER = "Autodiscover"
    DKIM_1 = "Dkim1"
    DKIM_2 = "Dkim2"
    DKIM_3 = "Dkim3"
    SPF = "Spf"
    DMARC = "Dmarc"

    @property
    def name_attribute(self) -> str:
        """Attribute with the record's name, fully qualified with a trailing dot."""
        return f"{self.value}Name"

    @property
    def value_attribute(self) -> str:
        """Attribute with the record's value."""
        return f"{self.value}Value"

    @property
    def record_type(self) -> str:
        """DNS type of the record."""
        if self is RecordSlot.MX:
            return "MX"
        return "TXT" if self in _TXT_SLOTS else "CNAME"


_TXT_SLOTS = (RecordSlot.OWNERSHIP, RecordSlot.SPF, RecordSlot.DMARC)

ZONE_FILE = "ZoneFile"
"""Attribute of `Custom::WorkMailDomain`: its records as lines of a zone file (RFC 1035)."""


def _make_empty() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a person said of a deployment; a resource carries it beside its own properties.

    Attributes:
        acknowledge: Digests of changes that need a word.
        require_approval: Nothing is changed that was not approved.
        approved: Digest of what this resource may do, or `NOT_SEEN`; `None`: the
            deployment goes without an approval.
        approved_others: The same of all other resources, by noun; for the one
            that comes first and judges what comes to domains, and what leaves.
        ledger_table: DynamoDB table that tells which request was let through.
    """

    acknowledge: tuple[str, ...] = ()
    require_approval: bool = False
    approved: str | None = None
    approved_others: Mapping[str, str] = field(default_factory=_make_empty)
    ledger_table: str = ""

    @property
    def asks(self) -> bool:
        """Whether nothing may be done but what was approved."""
        return self.approved is not None or self.require_approval


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationProperties:
    """Properties of `Custom::WorkMailOrganization`.

    Attributes:
        owner: Stack name, kept as a tag so that a stack finds its own again.
        on_removal: retain or delete.
        directory_on_removal: retain or delete; of the directory WorkMail makes.
        domains: Declared domains. That one leaves is refused here: once
            CloudFormation deletes its own resource it is too late.
        domains_on_removal: deregister or retain.
        makes_directory: Whether the stack made the directory.
        leavable: Nouns of the resources whose end takes something away, but for
            domains: that one leaves is judged here too.
    """

    alias: str
    owner: str
    existing: str | None = None
    directory_id: str | None = None
    kms_key_arn: str | None = None
    interoperability: bool = False
    tags: Mapping[str, str] = field(default_factory=_make_empty)
    on_removal: Removal = Removal.RETAIN
    directory_on_removal: Removal = Removal.RETAIN
    domains: tuple[str, ...] = ()
    domains_on_removal: Removal = Removal.DEREGISTER
    makes_directory: bool = False
    leavable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainProperties:
    """Properties of `Custom::WorkMailDomain`."""

    organization_id: str = ""
    domain: str
    on_removal: Removal = Removal.DEREGISTER
    existing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainVerificationProperties:
    """Properties of `Custom::WorkMailDomainVerification`."""

    organization_id: str = ""
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultDomainProperties:
    """Properties of `Custom::WorkMailDefaultDomain`.

    Attributes:
        test_domain: What the default goes back to on Delete.
    """

    organization_id: str = ""
    domain: str
    test_domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionProperties:
    """What users, groups and resources have in common.

    Attributes:
        test_domain: Where an address goes that has to make room.
        other_addresses: Address book of the collections that come later in the
            stack, `group:sales` to its addresses, the primary one first: an
            address can move from one of them to this one.
        ledger_table: DynamoDB table that tells what this stack owns.
        shard: Which part of the collection this custom resource brings into
            being, from 0; number 0 also owns all that leaves.
        max_removals_percent: So many of those that are owned may leave without
            a word from a person.
        min_managed: Below so many owned ones the percentage is not applied.
        people: Names who is switched on in the collections that come before.
            Who was switched off stays a member or a delegate, cannot be taken
            out meanwhile, and would come back as one: so whenever people come
            or go, this collection is looked at too.
    """

    organization_id: str = ""
    test_domain: str
    other_addresses: Mapping[str, tuple[str, ...]] = field(default_factory=_make_empty)
    ledger_table: str = ""
    shard: int = 0
    shards: int = 1
    adopt: bool = False
    max_removals_percent: int = Safety().max_removals_percent
    min_managed: int = Safety().min_managed
    people: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersProperties(CollectionProperties):
    """Properties of `Custom::WorkMailUsers`.

    Attributes:
        password_secret_arn: Secret for generated passwords.
        read_only_directory: Users exist already and are only enabled.
    """

    users: tuple[User, ...] = ()
    on_removal: Removal = Removal.DISABLE
    passwords: Passwords = Passwords.GENERATE
    password_secret_arn: str | None = None
    read_only_directory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsProperties(CollectionProperties):
    """Properties of `Custom::WorkMailGroups`. Members that are switched off are left out."""

    groups: tuple[Group, ...] = ()
    on_removal: Removal = Removal.DELETE
    read_only_directory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcesProperties(CollectionProperties):
    """Properties of `Custom::WorkMailResources`. Delegates that are switched off are left out."""

    resources: tuple[Bookable, ...] = ()
    on_removal: Removal = Removal.DISABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionsProperties:
    """Properties of `Custom::WorkMailMailboxPermissions`. Disabled users are left out."""

    organization_id: str = ""
    permissions: tuple[MailboxPermission, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessControlProperties:
    """Properties of `Custom::WorkMailAccessControlRules`: all rules there shall be."""

    organization_id: str = ""
    rules: tuple[AccessControlRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileDevicesProperties:
    """Properties of `Custom::WorkMailMobileDeviceAccessRules`: all rules there shall be."""

    organization_id: str = ""
    rules: tuple[MobileDeviceAccessRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpersonationRolesProperties:
    """Properties of `Custom::WorkMailImpersonationRoles`. Disabled users are left out."""

    organization_id: str = ""
    roles: tuple[ImpersonationRole, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityProperties:
    """Properties of `Custom::WorkMailAvailabilityConfigurations`."""

    organization_id: str = ""
    configurations: tuple[Availability, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionProperties:
    """Properties of `Custom::WorkMailRetentionPolicy`."""

    organization_id: str = ""
    policy: RetentionPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailMonitoringProperties:
    """Properties of `Custom::WorkMailEmailMonitoring`.

    Attributes:
        log_group_arn: Ends in `:*`; the stack's own where the group is managed.
        role_arn: `None`: WorkMail's service-linked role.
        managed: Whether the stack made up both.
    """

    organization_id: str = ""
    log_group_arn: str
    role_arn: str | None = None
    managed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundDmarcProperties:
    """Properties of `Custom::WorkMailInboundDmarc`."""

    organization_id: str = ""
    enforced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityCenterProperties:
    """Properties of `Custom::WorkMailIdentityCenter`.

    Attributes:
        application_name: Of the application made for the organization.
    """

    organization_id: str = ""
    application_name: str
    identity_center: IdentityCenter


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalsProperties:
    """Properties of `Custom::WorkMailRemovals`: who is switched off or deleted, and how.

    Attributes:
        ledger_table: DynamoDB table that tells what this stack owns.
        enabled: Who is declared and switched on.
        disabled: Who is declared and switched off.
        read_only_directory: Users and groups are deleted in the directory alone.
    """

    organization_id: str = ""
    ledger_table: str = ""
    enabled: tuple[Reference, ...] = ()
    disabled: tuple[Reference, ...] = ()
    users_on_removal: Removal = Removal.DISABLE
    groups_on_removal: Removal = Removal.DELETE
    resources_on_removal: Removal = Removal.DISABLE
    read_only_directory: bool = False

    @property
    def words(self) -> Mapping[Kind, Removal]:
        """What happens to those who left the spec, by kind."""
        return {
            Kind.USER: self.users_on_removal,
            Kind.GROUP: self.groups_on_removal,
            Kind.RESOURCE: self.resources_on_removal,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryProperties:
    """Properties of `Custom::WorkMailDirectory`.

    Attributes:
        alias: Claimed for the directory: the organization's must match it.
        owner: Stack name, kept as a tag so that a stack finds its own again.
        admin_password_secret_arn: `None` for an AD Connector.
    """

    alias: str
    owner: str
    directory: Directory
    admin_password_secret_arn: str | None = None
    on_removal: Removal = Removal.RETAIN


PROPERTIES: Mapping[ResourceType, type[Any]] = MappingProxyType(
    {
        ResourceType.ORGANIZATION: OrganizationProperties,
        ResourceType.DOMAIN: DomainProperties,
        ResourceType.DOMAIN_VERIFICATION: DomainVerificationProperties,
        ResourceType.DEFAULT_DOMAIN: DefaultDomainProperties,
        ResourceType.USERS: UsersProperties,
        ResourceType.GROUPS: GroupsProperties,
        ResourceType.RESOURCES: ResourcesProperties,
        ResourceType.DIRECTORY: DirectoryProperties,
        ResourceType.MAILBOX_PERMISSIONS: PermissionsProperties,
        ResourceType.ACCESS_CONTROL_RULES: AccessControlProperties,
        ResourceType.MOBILE_DEVICE_ACCESS_RULES: MobileDevicesProperties,
        ResourceType.IMPERSONATION_ROLES: ImpersonationRolesProperties,
        ResourceType.AVAILABILITY_CONFIGURATIONS: AvailabilityProperties,
        ResourceType.RETENTION_POLICY: RetentionProperties,
        ResourceType.EMAIL_MONITORING: EmailMonitoringProperties,
        ResourceType.INBOUND_DMARC: InboundDmarcProperties,
        ResourceType.IDENTITY_CENTER: IdentityCenterProperties,
        ResourceType.REMOVALS: RemovalsProperties,
    }
)
"""What each type of custom resource carries."""

BRAKED = frozenset(
    {
        ResourceType.ORGANIZATION,
        ResourceType.USERS,
        ResourceType.GROUPS,
        ResourceType.RESOURCES,
        ResourceType.ACCESS_CONTROL_RULES,
        ResourceType.MOBILE_DEVICE_ACCESS_RULES,
        ResourceType.RETENTION_POLICY,
        ResourceType.IDENTITY_CENTER,
    }
)
"""Types whose changes can need a word from a person."""

APPROVED = frozenset(PROPERTIES) - {ResourceType.DOMAIN, ResourceType.DOMAIN_VERIFICATION}
"""Types that are told of an approval. One that only waits changes nothing. A domain has answers
that only WorkMail knows and is left alone while its declaration stays: the organization judges."""

NOT_SEEN = "nothing"
"""An approval was given, and this resource had nothing to do in it."""

NOUNS: Mapping[ResourceType, str] = MappingProxyType(
    {
        ResourceType.DIRECTORY: "directory",
        ResourceType.ORGANIZATION: "organization",
        ResourceType.DOMAIN: "domains",
        ResourceType.DEFAULT_DOMAIN: "default-domain",
        ResourceType.USERS: "users",
        ResourceType.GROUPS: "groups",
        ResourceType.RESOURCES: "resources",
        ResourceType.MAILBOX_PERMISSIONS: "permissions",
        ResourceType.IMPERSONATION_ROLES: "impersonation-roles",
        ResourceType.ACCESS_CONTROL_RULES: "access-control",
        ResourceType.MOBILE_DEVICE_ACCESS_RULES: "mobile-devices",
        ResourceType.AVAILABILITY_CONFIGURATIONS: "availability",
        ResourceType.RETENTION_POLICY: "retention",
        ResourceType.INBOUND_DMARC: "inbound-dmarc",
        ResourceType.EMAIL_MONITORING: "email-monitoring",
        ResourceType.IDENTITY_CENTER: "identity-center",
        ResourceType.REMOVALS: "removals",
    }
)
"""What each type is called in physical ids and in approvals; a domain and a shard add their own."""

LEAVABLE = (
    ResourceType.DEFAULT_DOMAIN,
    ResourceType.IMPERSONATION_ROLES,
    ResourceType.AVAILABILITY_CONFIGURATIONS,
    ResourceType.RETENTION_POLICY,
    ResourceType.INBOUND_DMARC,
    ResourceType.EMAIL_MONITORING,
    ResourceType.IDENTITY_CENTER,
)
"""Types that leave a stack by themselves and take something away with them, but for domains. Rules
of access and of devices stay as they are: without any nobody gets in."""

_KEY_FIELDS: Mapping[type[Any], str] = MappingProxyType(
    {
        User: "name",
        Group: "name",
        Bookable: "name",
        AccessControlRule: "name",
        MobileDeviceAccessRule: "name",
        ImpersonationRole: "name",
        ImpersonationRule: "key",
        Availability: "domain",
        FolderRetention: "folder",
    }
)
"""Tuples of these travel as maps by this field: `cdk diff` shows just the entry that changed."""

# `$` and `{` are escaped only before a brace: `${Token[…]}` and `{{resolve:…}}` mean something.
_MEANT = re.compile(r"[${](?=\{)")

_P = TypeVar("_P")


def name_resource(resource_type: ResourceType, *, name: str = "", shard: int = 0) -> str:
    """Name a custom resource as its physical id and an approval do, such as `users/1`.

    Args:
        resource_type: Its type.
        name: Of a domain.
        shard: Of a collection.
    """
    return "/".join(part for part in (NOUNS[resource_type], name, str(shard or "")) if part)


def encode_text(text: str) -> str:
    r"""Write any text in printable ASCII that neither CloudFormation nor the CDK interprets.

    `Zoë` becomes `Zo\xeb`, a backslash is doubled. Plain text stays as it is.
    """
    if text.isascii() and text.isprintable() and "\\" not in text and "{" not in text:
        return text  # almost every text; 10 000 users have a hundred thousand
    escaped = text.replace("\\", "\\\\").encode("ascii", "backslashreplace").decode("ascii")
    escaped = _MEANT.sub(lambda match: f"\\x{ord(match[0]):02x}", escaped)
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in escaped)


def decode_text(text: str) -> str:
    """Undo `encode_text`.

    Raises:
        WireError: The text holds something that `encode_text` never writes.
    """
    if text.isascii() and "\\" not in text:
        return text
    try:
        return text.encode("ascii").decode("unicode_escape")
    except UnicodeError as error:
        raise WireError(f"a text is not encoded as this version encodes it: {error}") from error


def encode(properties: object) -> dict[str, Any]:
    """Write a properties dataclass as CloudFormation properties.

    Keys are PascalCase, scalars are strings, what equals its default is left
    out. Values that are CDK tokens (ids of other resources) do not go through
    here: they are added to the result as they are.
    """
    return cast("dict[str, Any]", _encode(properties))


def decode(cls: type[_P], properties: Mapping[str, Any]) -> _P:
    """Read CloudFormation properties into their dataclass.

    Keys that `cls` does not know are passed over: `ServiceToken` is one, and
    properties of another version arrive after an update and on a rollback.

    Raises:
        WireError: A required property is missing or a value is not of its type.
    """
    return cast("_P", _decode(cls, properties, cls.__name__))


def _encode(value: object) -> Any:
    match value:
        case Reference() | StrEnum():
            return encode_text(str(value))
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return encode_text(value)
        case tuple():
            return _encode_sequence(cast("tuple[object, ...]", value))
        case Mapping():
            items = cast("Mapping[str, object]", value).items()
            return {_encode_key(key): _encode(item) for key, item in items}
        case _:
            return _encode_fields(value, without=None)


def _encode_sequence(items: tuple[object, ...]) -> Any:
    key_field = _KEY_FIELDS.get(type(items[0])) if items else None
    if key_field is None:
        return [_encode(item) for item in items]
    return {
        _encode_key(str(getattr(item, key_field))): _encode_fields(item, without=key_field)
        for item in items
    }


def _encode_key(key: str) -> str:
    # A lone key `Ref` or `Fn::…` would make its map an intrinsic function.
    encoded = encode_text(key)
    if encoded == "Ref" or encoded.startswith("Fn::") or encoded == "Condition":
        return f"\\x{ord(encoded[0]):02x}{encoded[1:]}"
    return encoded


def _encode_fields(value: object, *, without: str | None) -> dict[str, Any]:
    encoded: dict[str, Any] = {}
    for each in fields(cast("Any", value)):
        item = getattr(value, each.name)
        if each.name == without or item is None or item == _get_default(each):
            continue
        encoded[make_api_name(each.name)] = _encode(item)
    return encoded


def _get_default(of: Field[Any]) -> object:
    if of.default is not MISSING:
        return of.default
    return of.default_factory() if of.default_factory is not MISSING else MISSING


def _decode(hint: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        hint = next(arg for arg in typing.get_args(hint) if arg is not type(None))
        return _decode(hint, value, where)
    if origin is tuple:
        return _decode_sequence(typing.get_args(hint)[0], value, where)
    if origin is Mapping:
        item = typing.get_args(hint)[1]
        mapping = _expect(dict, value, where)
        decoded = {
            decode_text(key): _decode(item, entry, f"{where}.{key}")
            for key, entry in mapping.items()
        }
        return MappingProxyType(decoded)
    if hint is not Reference and is_dataclass(hint):
        return _decode_fields(hint, _expect(dict, value, where), where)
    return _decode_scalar(hint, _expect(str, value, where), where)


def _decode_scalar(hint: Any, value: str, where: str) -> Any:
    text = decode_text(value)
    if hint is Reference:
        return parse_reference(text)
    if hint is bool:
        return _decode_boolean(text, where)
    try:
        return hint(text) if hint is int or _is_enum(hint) else text
    except ValueError as error:
        raise WireError(f"{where}: {value!r} is not of type {hint.__name__}") from error


def _decode_boolean(text: str, where: str) -> bool:
    if text not in ("true", "false"):
        raise WireError(f"{where}: {text!r} is neither true nor false")
    return text == "true"


def _is_enum(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, StrEnum)


def _decode_sequence(hint: Any, value: Any, where: str) -> Any:
    key_field = _KEY_FIELDS.get(hint)
    if key_field is None:
        items = _expect(list, value, where)
        return tuple(_decode(hint, item, f"{where}[{i}]") for i, item in enumerate(items))
    entries = _expect(dict, value, where)
    return tuple(
        _decode_fields(hint, _expect(dict, entry, where), f"{where}.{key}", {key_field: key})
        for key, entry in entries.items()
    )


def _decode_fields(
    cls: Any, value: Mapping[str, Any], where: str, keyed: Mapping[str, str] | None = None
) -> Any:
    hints = _get_hints(cls)
    found = {name: make_api_name(name) for name in hints}
    required = {each.name for each in fields(cls) if _get_default(each) is MISSING}
    # An empty list or map may be left out on the way; it means the same.
    empty = {found[name]: _get_empty(hints[name]) for name in required}
    sent = {**{key: item for key, item in empty.items() if item is not None}, **value}
    arguments = {
        name: _decode(hints[name], sent[key], f"{where}.{key}")
        for name, key in found.items()
        if key in sent
    }
    for name, text in (keyed or {}).items():
        arguments[name] = _decode(hints[name], text, f"{where}.{name}")
    missing = [make_api_name(name) for name in found if name in required - arguments.keys()]
    if missing:
        raise WireError(f"{where}: {', '.join(missing)} missing")
    return cls(**arguments)


def _get_empty(hint: Any) -> Any:
    """Return the empty list or map of a type, `None` for a scalar."""
    if typing.get_origin(hint) is tuple:
        return [] if typing.get_args(hint)[0] not in _KEY_FIELDS else {}
    is_map = typing.get_origin(hint) is Mapping or is_dataclass(hint)
    return {} if is_map and hint is not Reference else None


@cache
def _get_hints(cls: Any) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _expect(kind: type[Any], value: Any, where: str) -> Any:
    if not isinstance(value, kind):
        raise WireError(f"{where}: expected {kind.__name__}, found {type(value).__name__}")
    return value
