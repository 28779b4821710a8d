"""Schema and model say the same: a key of one without a field of the other is a mistake."""

from __future__ import annotations

import json
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from workmail_org.model.alarms import Alarms
from workmail_org.model.bookable import Bookable, BookableType, Booking
from workmail_org.model.directory import Directory, DirectoryType, ServiceAccount
from workmail_org.model.domain import MailDomain, RecordGroup
from workmail_org.model.exports import Exports
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization, Passwords
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.policies import (
    AccessControlRule,
    Availability,
    Effect,
    EwsAvailability,
    FolderRetention,
    ImpersonationRole,
    ImpersonationRule,
    ImpersonationType,
    MobileDeviceAccessRule,
    RetentionAction,
)
from workmail_org.model.removal import OnRemoval, Safety
from workmail_org.model.user import Role, User
from workmail_org.model.watching import Ignore, Unmanaged, Watching

ROOT = Path(__file__).resolve().parents[2]
SCHEMA: dict[str, Any] = json.loads(
    (ROOT / "schemas" / "organization.schema.json").read_text("utf-8")
)
DEFINITIONS = SCHEMA["$defs"]

KEYED = {"name"}
"""Fields that are the key of a mapping in a spec."""


def keys_of(schema: dict[str, Any]) -> set[str]:
    """Return the keys that a schema knows, through its branches."""
    keys = set(schema.get("properties", {}))
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        keys |= keys_of(branch)
    return keys


def values_of(schema: dict[str, Any]) -> set[str]:
    """Return the words that a schema allows, through references and branches."""
    if "$ref" in schema:
        schema = DEFINITIONS[schema["$ref"].rpartition("/")[2]]
    words = set(schema.get("enum", ()))
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        words |= values_of(branch)
    return {word for word in words if isinstance(word, str)}


def names_of(kind: type[Any]) -> set[str]:
    return {field.name for field in fields(kind)}


@pytest.mark.parametrize(
    ("definition", "kind", "keyed"),
    [
        ("user", User, KEYED),
        ("group", Group, KEYED | {"enabled"}),  # a spec wants every group enabled
        ("resource", Bookable, KEYED),
        ("domain", MailDomain, KEYED),
        ("directory", Directory, set[str]()),
        ("permission", MailboxPermission, set[str]()),
        ("access_control_rule", AccessControlRule, KEYED),
        ("mobile_device_rule", MobileDeviceAccessRule, KEYED),
        ("impersonation_role", ImpersonationRole, KEYED),
        ("impersonation_rule", ImpersonationRule, {"key"}),
        ("folder_retention", FolderRetention, {"folder"}),
        ("availability", Availability, {"domain"}),
        ("on_removal", OnRemoval, set[str]()),
        ("safety", Safety, set[str]()),
        ("alarms", Alarms, set[str]()),
        ("exports", Exports, set[str]()),
        ("drift", Watching, set[str]()),
        ("drift_ignore", Ignore, set[str]()),
        ("drift_unmanaged", Unmanaged, set[str]()),
        ("organization", Organization, {"key"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_key_is_a_field_and_every_field_a_key(
    definition: str, kind: type[Any], keyed: set[str]
) -> None:
    assert keys_of(DEFINITIONS[definition]) == names_of(kind) - keyed


@pytest.mark.parametrize(
    ("definition", "key", "kind"),
    [
        ("resource", "booking", Booking),
        ("directory", "service_account", ServiceAccount),
        ("availability", "ews", EwsAvailability),
    ],
)
def test_inner_mappings_agree_too(definition: str, key: str, kind: type[Any]) -> None:
    assert keys_of(DEFINITIONS[definition]["properties"][key]) == names_of(kind)


@pytest.mark.parametrize(
    ("definition", "key", "kind"),
    [
        ("user", "role", Role),
        ("resource", "type", BookableType),
        ("directory", "type", DirectoryType),
        ("organization", "passwords", Passwords),
        ("access_control_rule", "effect", Effect),
        ("impersonation_role", "type", ImpersonationType),
        ("folder_retention", "action", RetentionAction),
    ],
)
def test_words_of_the_schema_are_words_of_the_model(
    definition: str, key: str, kind: type[StrEnum]
) -> None:
    schema = DEFINITIONS[definition]["properties"][key]

    assert values_of(schema) == {member.value for member in kind}


def test_words_in_lists_are_words_of_the_model() -> None:
    rights = DEFINITIONS["permission"]["properties"]["rights"]["items"]
    omit = json.dumps(DEFINITIONS["domain"]["properties"]["dns"])

    assert values_of(rights) == {right.value for right in Right}
    assert all(f'"{group.value}"' in omit for group in RecordGroup)


def find_undescribed(schema: dict[str, Any], path: str) -> list[str]:
    """List the keys, at any depth, that say nothing to the person who writes a spec."""
    properties: dict[str, dict[str, Any]] = schema.get("properties", {})
    found = [
        f"{path}.{key}"
        for key, inner in properties.items()
        if "description" not in inner and "$ref" not in inner
    ]
    return found + [
        missing
        for key, inner in properties.items()
        for missing in find_undescribed(inner, f"{path}.{key}")
    ]


def test_every_key_is_described_for_editors() -> None:
    # The definitions called complete ask for more of a resolved spec; they describe nothing.
    definitions = {
        name: schema
        for name, schema in DEFINITIONS.items()
        if not name.startswith(("complete", "directory_owns"))
    }

    assert [m for name, schema in definitions.items() for m in find_undescribed(schema, name)] == []
