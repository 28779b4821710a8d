"""Schema and model say the same: a key of one without a field of the other is a mistake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, cast, is_typeddict

import pytest

from workmail_org.infra import keywords
from workmail_org.kinds import DEFAULT_DOMAIN, SETTINGS
from workmail_org.model.alarms import Alarms
from workmail_org.model.bookable import Bookable, BookableType, Booking
from workmail_org.model.directory import Directory, DirectoryType, ServiceAccount
from workmail_org.model.domain import MailDomain, RecordGroup
from workmail_org.model.exports import Exports
from workmail_org.model.group import Group
from workmail_org.model.live import LiveOrganization, LiveSettings, Snapshot, State
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
    Policies,
    RetentionAction,
)
from workmail_org.model.removal import OnRemoval, Safety
from workmail_org.model.user import Role, User
from workmail_org.model.values import OrganizationId
from workmail_org.model.watching import Ignore, Unmanaged, Watching
from workmail_org.rehearsal.listing import build_organization, list_rows
from workmail_org.spec.building import load_environment
from workmail_org.spec.files.table_options import OPTIONS

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


(FULL,) = (
    each
    for each in load_environment(ROOT / "config" / "full.yaml").organizations
    if each.policies.identity_center
)
"""An organization that declares something of every kind."""

POLICY_KEYS = keys_of(DEFINITIONS["policies"])
EVERY_SETTING = (DEFAULT_DOMAIN, *SETTINGS)


@pytest.mark.parametrize("name", sorted(names_of(Policies)))
def test_every_field_of_policies_is_declared_by_exactly_one_kind(name: str) -> None:
    """Without it the kinds that are about it have something else, or nothing, to declare."""
    without = replace(FULL.policies, **{name: getattr(Policies(), name)})
    other = replace(FULL, policies=without)
    about = [
        kind.part_name
        for kind in EVERY_SETTING
        if kind.declare(FULL, "stack") != kind.declare(other, "stack")
    ]

    assert 1 == len(about), (name, about)


def test_every_kind_of_setting_is_declared_by_the_full_configuration() -> None:
    assert [] == [kind.part_name for kind in EVERY_SETTING if kind.declare(FULL, "stack") is None]


@pytest.mark.parametrize(
    ("keyword_fields", "keys"),
    [
        (keywords.UserFields, keys_of(DEFINITIONS["user"])),
        (keywords.GroupFields, keys_of(DEFINITIONS["group"])),
        (keywords.ResourceFields, keys_of(DEFINITIONS["resource"]) - {"type"}),
        (keywords.BookingFields, keys_of(DEFINITIONS["resource"]["properties"]["booking"])),
        (keywords.DirectoryFields, keys_of(DEFINITIONS["directory"])),
        (
            keywords.ServiceAccountFields,
            keys_of(DEFINITIONS["directory"]["properties"]["service_account"]),
        ),
        (keywords.PoliciesFields, POLICY_KEYS),
        (keywords.AlarmsFields, keys_of(DEFINITIONS["alarms"])),
        (keywords.ExportsFields, keys_of(DEFINITIONS["exports"])),
        (keywords.OnRemovalFields, keys_of(DEFINITIONS["on_removal"])),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_keywords_for_editors_are_the_keys_of_the_schema(
    keyword_fields: type[Any], keys: set[str]
) -> None:
    assert keys == set(keyword_fields.__annotations__)


def test_no_keywords_are_left_out_above() -> None:
    (mark,) = (
        each
        for each in test_keywords_for_editors_are_the_keys_of_the_schema.pytestmark  # type: ignore[attr-defined]
        if each.name == "parametrize"
    )
    tried = {each[0] for each in mark.args[1]}

    assert {each for each in vars(keywords).values() if is_typeddict(each)} == tried


def predict(kinds: tuple[Any, ...]) -> LiveSettings:
    """Say what is live of kinds once the full configuration is deployed."""
    return LiveSettings(**{kind.fact: kind.predict(kind.declare(FULL, "stack")) for kind in kinds})


def make_snapshot(settings: LiveSettings) -> Snapshot:
    organization = LiveOrganization(id=OrganizationId("m-0"), alias="acme", state=State.ACTIVE)
    return Snapshot(region="eu-west-1", organization=organization, settings=settings)


def test_what_a_rehearsal_lists_of_policies_has_the_keys_of_the_schema() -> None:
    listed: Any = build_organization(make_snapshot(LiveSettings()), stack="stack")

    assert POLICY_KEYS == set(listed["policies"])


def test_every_live_setting_is_one_of_a_kind() -> None:
    assert names_of(LiveSettings) == {kind.fact for kind in EVERY_SETTING}


@pytest.mark.parametrize("fact", sorted(names_of(LiveSettings) - {DEFAULT_DOMAIN.fact}))
def test_a_rehearsal_shows_every_live_setting(fact: str) -> None:
    """But the default domain, which stands beside the domains."""
    everything = predict(SETTINGS)
    new = getattr(LiveSettings(), fact)
    other = replace(everything, **{fact: not new if isinstance(new, bool) else new})
    without = replace(everything, **{fact: new})
    shown = everything if other == without else other
    rows, fewer = (list(list_rows(make_snapshot(each))) for each in (shown, without))
    built, less = (build_organization(make_snapshot(each), stack="s") for each in (shown, without))

    assert rows != fewer
    assert built != less


def test_editors_know_the_options_of_a_table() -> None:
    schema = json.loads((ROOT / "schemas" / "editor.schema.json").read_text("utf-8"))

    def find(node: Any) -> Iterator[set[str]]:
        if isinstance(node, dict):
            shape = cast("dict[str, Any]", node)
            if shape.get("required") == ["file"] and len(shape["properties"]) > 1:
                yield set(shape["properties"])
            for each in shape.values():
                yield from find(each)
        elif isinstance(node, list):
            for each in cast("list[Any]", node):
                yield from find(each)

    found = list(find(schema))

    assert found
    assert all({*OPTIONS} == each for each in found)
