"""The schema and the model say the same: keys are fields, words are enums, defaults agree."""

from __future__ import annotations

import dataclasses
from enum import Enum
from typing import TYPE_CHECKING, Any

import pytest

from workmail_org.model.alarms import Alarms
from workmail_org.model.bookable import Bookable, BookableType, Booking
from workmail_org.model.directory import Directory, DirectoryType, ServiceAccount
from workmail_org.model.domain import HostedZone, MailDomain, RecordGroup
from workmail_org.model.expectations import Access, Device, Expectation, Impersonation
from workmail_org.model.exports import Exports
from workmail_org.model.group import Group
from workmail_org.model.organization import Environment, Organization, Passwords
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.policies import (
    AccessControlRule,
    AuthenticationMode,
    Availability,
    Effect,
    EmailMonitoring,
    EwsAvailability,
    FolderRetention,
    IdentityCenter,
    ImpersonationRole,
    ImpersonationRule,
    ImpersonationType,
    MobileDeviceAccessRule,
    PersonalAccessTokens,
    Policies,
    RetentionAction,
    RetentionPolicy,
    TokenStatus,
)
from workmail_org.model.removal import OnRemoval, Safety
from workmail_org.model.user import Role, User
from workmail_org.model.watching import Ignore, Unmanaged, Watching
from workmail_org.spec.schema import find_shape

if TYPE_CHECKING:
    from workmail_org.spec.problems import Path

ORGANIZATION: Path = ("organizations", "acme")
DOMAIN: Path = (*ORGANIZATION, "domains", "acme.example")
USER: Path = (*ORGANIZATION, "users", "alice")
GROUP: Path = (*ORGANIZATION, "groups", "sales")
RESOURCE: Path = (*ORGANIZATION, "resources", "room")
POLICIES: Path = (*ORGANIZATION, "policies")
ACCESS: Path = (*POLICIES, "access_control", "default")
MOBILE: Path = (*POLICIES, "mobile_devices", "phones")
ROLE: Path = (*POLICIES, "impersonation_roles", "backup")
FOLDER: Path = (*POLICIES, "retention", "folders", "inbox")
AVAILABILITY: Path = (*POLICIES, "availability", "partner.example")
IDENTITY: Path = (*POLICIES, "identity_center")
PERMISSION: Path = (*ORGANIZATION, "permissions", 0)
EXPECTATION: Path = (*ORGANIZATION, "expect", 0)

SAME: dict[type[Any], tuple[Path, dict[str, str | None]]] = {
    # the key of the mapping is a field, and every other difference has its reason
    Environment: ((), {"name": "environment", "": "version"}),
    Organization: (ORGANIZATION, {"key": None}),
    Directory: ((*ORGANIZATION, "directory"), {}),
    ServiceAccount: ((*ORGANIZATION, "directory", "service_account"), {}),
    MailDomain: (DOMAIN, {"name": None}),
    HostedZone: ((*DOMAIN, "dns"), {}),
    User: (USER, {"name": None}),
    Group: (GROUP, {"name": None, "enabled": None}),  # a spec always wants a group enabled
    Bookable: (RESOURCE, {"name": None}),
    Booking: ((*RESOURCE, "booking"), {}),
    MailboxPermission: (PERMISSION, {}),
    Policies: (POLICIES, {"inbound_dmarc_enforced": "inbound_dmarc"}),
    AccessControlRule: (ACCESS, {"name": None}),
    MobileDeviceAccessRule: (MOBILE, {"name": None}),
    RetentionPolicy: ((*POLICIES, "retention"), {}),
    FolderRetention: (FOLDER, {"folder": None}),
    ImpersonationRole: (ROLE, {"name": None}),
    ImpersonationRule: ((*ROLE, "rules", "everyone"), {"key": None}),
    Availability: (AVAILABILITY, {"domain": None}),
    EwsAvailability: ((*AVAILABILITY, "ews"), {}),
    # `log_group: managed` is the absence of an ARN
    EmailMonitoring: ((*POLICIES, "email_monitoring"), {"": "log_group"}),
    IdentityCenter: (IDENTITY, {}),
    PersonalAccessTokens: ((*IDENTITY, "personal_access_tokens"), {}),
    OnRemoval: ((*ORGANIZATION, "on_removal"), {}),
    Safety: ((*ORGANIZATION, "safety"), {}),
    Alarms: ((*ORGANIZATION, "alarms"), {}),
    Exports: ((*ORGANIZATION, "exports"), {}),
    Watching: ((*ORGANIZATION, "drift"), {}),
    Ignore: ((*ORGANIZATION, "drift", "ignore", 0), {}),
    Unmanaged: ((*ORGANIZATION, "drift", "unmanaged", 0), {}),
}
"""Each dataclass, where its keys stand, and the fields that are called otherwise there."""

FILES_ONLY = {"extends", "derive"}
"""Top-level keys that are gone once a spec is read."""

WORDS: dict[type[Enum], Path] = {
    DirectoryType: (*ORGANIZATION, "directory", "type"),
    Passwords: (*ORGANIZATION, "passwords"),
    RecordGroup: (*DOMAIN, "dns", "omit", 0),
    Role: (*USER, "role"),
    BookableType: (*RESOURCE, "type"),
    Right: (*PERMISSION, "rights", 0),
    Effect: (*ACCESS, "effect"),
    RetentionAction: (*FOLDER, "action"),
    ImpersonationType: (*ROLE, "type"),
    AuthenticationMode: (*IDENTITY, "authentication_mode"),
    TokenStatus: (*IDENTITY, "personal_access_tokens", "status"),
}


@pytest.mark.parametrize("model", SAME, ids=lambda model: model.__name__)
def test_every_field_is_a_key_and_every_key_a_field(model: type[Any]) -> None:
    path, renamed = SAME[model]
    fields = {field.name: field.name for field in dataclasses.fields(model)} | renamed

    keys = set(find_shape(path)["properties"]) - (set() if path else FILES_ONLY)

    assert {key for key in fields.values() if key} == keys


def test_an_expectation_has_the_keys_of_every_attempt() -> None:
    renamed = {"effect": "allow", "attempt": "deny", "action": "allow", "address": "from"}
    fields = {
        renamed.get(field.name, field.name)
        for model in (Expectation, Access, Device, Impersonation)
        for field in dataclasses.fields(model)
    }

    assert fields == set(find_shape(EXPECTATION)["properties"])


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.__name__)
def test_every_word_of_the_model_is_a_word_of_the_schema(words: type[Enum]) -> None:
    assert {str(word.value) for word in words} == set(find_shape(WORDS[words])["enum"])


@pytest.mark.parametrize("model", SAME, ids=lambda model: model.__name__)
def test_the_defaults_that_the_schema_tells_are_those_of_the_model(model: type[Any]) -> None:
    path, renamed = SAME[model]
    for field in dataclasses.fields(model):
        shape = find_shape((*path, renamed.get(field.name) or field.name))
        if "default" in shape:
            assert shape["default"] == _get_default(field, empty=shape["default"]), field.name


def _get_default(field: dataclasses.Field[Any], *, empty: object) -> object:
    """Write a field's default as a spec would; collections are empty in any type."""
    factory = field.default_factory
    value: Any = field.default if factory is dataclasses.MISSING else factory()
    if isinstance(value, Directory):
        return {"type": value.type.value}
    if isinstance(value, Enum):
        return value.value
    if field.name == "dns" and value is None:
        return "manual"
    return empty if value == () or value == {} else value
