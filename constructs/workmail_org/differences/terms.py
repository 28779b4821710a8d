"""Terms: how the model is to be read when two organizations are compared, as tables.

Fields are named by their class and their name. A field that no table names is compared as it is:
what is new in the model is compared until somebody says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from types import MappingProxyType
from typing import Any

from workmail_org.model import policies
from workmail_org.model.bookable import Bookable
from workmail_org.model.directory import Directory
from workmail_org.model.domain import MailDomain
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.policies import (
    AccessControlRule,
    Availability,
    EmailMonitoring,
    EwsAvailability,
    FolderRetention,
    ImpersonationRole,
    ImpersonationRule,
    MobileDeviceAccessRule,
    Policies,
)
from workmail_org.model.user import User

Field = tuple[type, str]
"""A field of a class of the model."""

NOT_TOLD: Mapping[Field, str] = MappingProxyType(
    {
        (Organization, "key"): "names the stack",
        (Organization, "passwords"): "says where passwords come from; none can be read",
        (Organization, "on_removal"): "says what to do",
        (Organization, "safety"): "says what may be done",
        (Organization, "adopt"): "says what may be done",
        (Organization, "exclusive"): "says what may be done",
        (Organization, "expect"): "changes nothing; WorkMail is asked",
        (Organization, "alarms"): "not WorkMail's",
        (Organization, "exports"): "not WorkMail's",
        (Organization, "drift"): "says what to look for",
        (Directory, "kind"): "the type, of one that is there already (see `expecting`)",
        (Directory, "short_name"): "not read",
        (Directory, "dns_ips"): "not read",
        (Directory, "admin_password_secret"): "a secret",
        (Directory, "service_account"): "a secret",
        (MailDomain, "dns"): "Route 53's",
        (User, "adopt"): "says what may be done",
        (User, "exclusive"): "says what may be done",
        (Group, "adopt"): "says what may be done",
        (Group, "exclusive"): "says what may be done",
        (Bookable, "adopt"): "says what may be done",
        (Bookable, "exclusive"): "says what may be done",
        (EwsAvailability, "password_secret"): "a secret",
    }
)
"""What is not compared, because WorkMail does not tell it; and why."""

KEYS: Mapping[type, Callable[[Any], str]] = MappingProxyType(
    {
        MailDomain: lambda each: each.name,
        User: lambda each: each.name,
        Group: lambda each: each.name,
        Bookable: lambda each: each.name,
        MailboxPermission: lambda each: f"{each.mailbox} for {each.grantee}",
        AccessControlRule: lambda each: each.name,
        MobileDeviceAccessRule: lambda each: each.name,
        ImpersonationRole: lambda each: each.name,
        ImpersonationRule: lambda each: each.key,
        FolderRetention: lambda each: each.folder.value,
        Availability: lambda each: each.domain,
    }
)
"""By what the entries of a collection are matched. Any other collection is a set of values."""

FOLDED_KEYS = frozenset({MailDomain, User, Group, Bookable, MailboxPermission, Availability})
"""Entries that are matched without case (facts.md §2); names of rules have case."""

VALUES: Mapping[type, str] = MappingProxyType({MailboxPermission: "rights"})
"""Entries that are no more than one value under a key."""

WHOLE = frozenset(
    each for each in vars(policies).values() if isinstance(each, type) and is_dataclass(each)
) - {Policies, EmailMonitoring}
"""What is declared as a whole, of every kind of policy but one: what is left out is not there, and
nothing else may be there."""

NONE_IS_SAID = frozenset({(Organization, "kms_key_arn"), (EmailMonitoring, "retention_days")})
"""Fields of other classes where leaving out says something: AWS's own key; permanently."""

EXCLUSIVE = frozenset({(Policies, "access_control"), (Policies, "mobile_devices")})
"""Collections that are not managed while they are empty; else nothing else may be there. When they
leave a spec they stay as they are: without any rule nobody gets in."""

SILENT: Mapping[Field, object] = MappingProxyType(
    {(MailDomain, "default"): False, (MailDomain, "verified"): False}
)
"""The value, instead of `None`, with which a spec says nothing."""

LEFT_ALONE = frozenset(
    {
        *SILENT,
        (Organization, "existing"),
        (User, "quota_megabytes"),
        (User, "identity_provider_user_id"),
    }
)
"""What stays as it is when a spec does not say it any more."""

GOES_IF_SAME: Mapping[Field, str] = MappingProxyType(
    {
        (Policies, "retention"): "name",
        (Policies, "email_monitoring"): "log_group_arn",
    }
)
"""What goes when it leaves a spec only while this field of it is as it was declared: what somebody
has put in its place by hand stays."""

WORDS: Mapping[Field, tuple[str, ...]] = MappingProxyType(
    {(Policies, "inbound_dmarc_enforced"): ("inbound_dmarc", "enforced")}
)
"""Where a spec writes a field, if not under its name."""

_DEVICE_LISTS = (
    "device_types",
    "not_device_types",
    "device_models",
    "not_device_models",
    "operating_systems",
    "not_operating_systems",
    "user_agents",
    "not_user_agents",
)

FOLDED = frozenset(
    {
        (Organization, "alias"),
        (Directory, "name"),
        (MailDomain, "name"),
        (Availability, "domain"),
        *(
            (kind, name)
            for kind in (User, Group, Bookable)
            for name in ("name", "email", "aliases")
        ),
        *((AccessControlRule, name) for name in ("users", "not_users")),
        *((MobileDeviceAccessRule, name) for name in _DEVICE_LISTS),
        *((ImpersonationRule, name) for name in ("target_users", "not_target_users")),
    }
)
"""Texts that compare without case: names of people and domains, addresses (facts.md §2), and what
devices say of themselves (WorkMail Admin Guide, "mobile-device-rules"). References always do."""
