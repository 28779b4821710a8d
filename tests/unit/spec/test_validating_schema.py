"""The schema itself: sound, explained, and with the limits of the service."""

from __future__ import annotations

import copy
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import botocore.session
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from workmail_org.spec.files.loading import load
from workmail_org.spec.schema import find_shape, load_schema
from workmail_org.spec.validating import validate

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
WRITTEN: dict[str, Any] = json.loads((ROOT / "schemas/organization.schema.json").read_text("utf-8"))
FULL: dict[str, Any] = yaml.safe_load(
    (ROOT / "tests/data/specs/valid/full.yaml").read_text("utf-8")
)

ORGANIZATION = ("organizations", "acme")
USER = (*ORGANIZATION, "users", "alice")
POLICIES = (*ORGANIZATION, "policies")
ACCESS = (*POLICIES, "access_control", "rule")
MOBILE = (*POLICIES, "mobile_devices", "rule")
ROLE = (*POLICIES, "impersonation_roles", "role")
MONITORING = (*POLICIES, "email_monitoring")
EWS = (*POLICIES, "availability", "partner.example", "ews")
DIRECTORY = (*ORGANIZATION, "directory")
EXPECTATION = (*ORGANIZATION, "expect", 0)

LIMITS: dict[tuple[str | int, ...], str] = {
    (*ORGANIZATION, "alias"): "OrganizationName",
    (*ORGANIZATION, "existing"): "OrganizationId",
    (*ORGANIZATION, "kms_key_arn"): "KmsKeyArn",
    (*ORGANIZATION, "tags", "team"): "TagValue",
    (*ORGANIZATION, "domains", "acme.example", "dns", "hosted_zone_id"): "HostedZoneId",
    (*ORGANIZATION, "domains", "acme.example", "dns", "zone_name"): "DomainName",
    (*USER, "email"): "EmailAddress",
    (*USER, "aliases", 0): "EmailAddress",
    (*USER, "zip_code"): "UserAttribute",
    (*USER, "identity_provider_user_id"): "IdentityProviderUserId",
    (*ORGANIZATION, "resources", "room", "description"): "ResourceDescription",
    (*DIRECTORY, "directory_id"): "DirectoryId",
    (*ACCESS, "description"): "AccessControlRuleDescription",
    (*ACCESS, "ip_ranges", 0): "IpRange",
    (*MOBILE, "description"): "MobileDeviceAccessRuleDescription",
    (*MOBILE, "device_types", 0): "DeviceType",
    (*MOBILE, "device_models", 0): "DeviceModel",
    (*MOBILE, "operating_systems", 0): "DeviceOperatingSystem",
    (*MOBILE, "user_agents", 0): "DeviceUserAgent",
    (*ROLE, "description"): "ImpersonationRoleDescription",
    (*ROLE, "rules", "rule", "name"): "ImpersonationRuleName",
    (*ROLE, "rules", "rule", "description"): "ImpersonationRuleDescription",
    (*EXPECTATION, "from"): "IpAddress",
    (*EXPECTATION, "device_type"): "DeviceType",
    (*EXPECTATION, "device_model"): "DeviceModel",
    (*EXPECTATION, "operating_system"): "DeviceOperatingSystem",
    (*EXPECTATION, "user_agent"): "DeviceUserAgent",
    (*POLICIES, "retention", "name"): "ShortString",
    (*POLICIES, "retention", "description"): "PolicyDescription",
    (*POLICIES, "retention", "folders", "inbox", "days"): "RetentionPeriod",
    (*EWS, "endpoint"): "Url",
    (*EWS, "username"): "ExternalUserName",
    (*POLICIES, "availability", "partner.example", "lambda_arn"): "LambdaArn",
    (*MONITORING, "log_group_arn"): "LogGroupArn",
    (*MONITORING, "role_arn"): "RoleArn",
    (*POLICIES, "identity_center", "instance_arn"): "InstanceArn",
    (
        *POLICIES,
        "identity_center",
        "personal_access_tokens",
        "lifetime_days",
    ): "PersonalAccessTokenLifetimeInDays",
}
NAME_LIMITS = {
    (*ORGANIZATION, "domains"): "WorkMailDomainName",
    (*ORGANIZATION, "users"): "UserName",
    (*ORGANIZATION, "groups"): "GroupName",
    (*ORGANIZATION, "resources"): "ResourceName",
    (*ORGANIZATION, "tags"): "TagKey",
    (*POLICIES, "access_control"): "AccessControlRuleName",
    (*POLICIES, "mobile_devices"): "MobileDeviceAccessRuleName",
    (*POLICIES, "impersonation_roles"): "ImpersonationRoleName",
    (*ROLE, "rules"): "ImpersonationRuleId",
    (*POLICIES, "availability"): "DomainName",
}
LIST_LIMITS = {
    (*ORGANIZATION, "tags"): "TagList",
    (*POLICIES, "access_control"): "AccessControlRulesList",
    (*ACCESS, "actions"): "ActionsList",
    (*ACCESS, "ip_ranges"): "IpRangeList",
    (*ACCESS, "not_users"): "UserIdList",
    (*ACCESS, "impersonation_roles"): "ImpersonationRoleIdList",
    (*POLICIES, "mobile_devices"): "MobileDeviceAccessRulesList",
    (*MOBILE, "device_types"): "DeviceTypeList",
    (*MOBILE, "not_user_agents"): "DeviceUserAgentList",
    (*POLICIES, "impersonation_roles"): "ImpersonationRoleList",
    (*ROLE, "rules"): "ImpersonationRuleList",
    (*ROLE, "rules", "rule", "target_users"): "TargetUsers",
}
WORDS = {
    (*USER, "role"): "UserRole",
    (*ORGANIZATION, "resources", "room", "type"): "ResourceType",
    (*ORGANIZATION, "permissions", 0, "rights", 0): "PermissionType",
    (*ACCESS, "effect"): "AccessControlRuleEffect",
    (*MOBILE, "effect"): "MobileDeviceAccessRuleEffect",
    (*ROLE, "type"): "ImpersonationRoleType",
    (*ROLE, "rules", "rule", "effect"): "AccessEffect",
    (*POLICIES, "retention", "folders", "inbox", "action"): "RetentionAction",
    (*POLICIES, "identity_center", "authentication_mode"): "IdentityProviderAuthenticationMode",
    (
        *POLICIES,
        "identity_center",
        "personal_access_tokens",
        "status",
    ): "PersonalAccessTokenConfigurationStatus",
}
NOT_DECLARABLE = {"RESOURCE", "SYSTEM_USER"}
"""Roles that CreateUser refuses (WorkMail API 2017-10-01, CreateUser)."""

DIRECTORY_PATTERNS = {
    (*DIRECTORY, "name"): "DirectoryName",
    (*DIRECTORY, "short_name"): "DirectoryShortName",
    (*DIRECTORY, "vpc_id"): "VpcId",
    (*DIRECTORY, "subnet_ids", 0): "SubnetId",
    (*DIRECTORY, "dns_ips", 0): "IpAddr",
    (*DIRECTORY, "service_account", "username"): "UserName",
}


@cache
def read_model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def read_limits(shape: str, service: str = "workmail") -> dict[str, Any]:
    return read_model(service).shape_for(shape).metadata


def anchor(pattern: str | None) -> str | None:
    r"""Write a pattern of botocore for JSON Schema: whole text, and `\w` and `\d` are ASCII."""
    if pattern in (None, r"[\S\s]+", r"[\w\d\s\S\-!?=,.;:'_]+"):
        return None  # anything
    for written, meant in ((r"\d{", "[0-9]{"), (r"\d", "0-9"), (r"\w", "A-Za-z0-9_")):
        pattern = pattern.replace(written, meant)
    return f"^{pattern.removeprefix('^').removesuffix('$')}$"


def is_allowed(value: object, schema: dict[str, Any] = WRITTEN) -> bool:
    validator: Any = Draft202012Validator(schema)
    return validator.is_valid(value)


def test_the_schema_is_valid_json_schema() -> None:
    Draft202012Validator.check_schema(WRITTEN)


def walk(shape: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    """List every key that an author can write, with what the schema says of it."""
    for key, inner in shape.get("properties", {}).items():
        yield ".".join((*path, key)), inner
        yield from walk(inner, (*path, key))
    for key in ("additionalProperties", "items"):
        if isinstance(shape.get(key), dict):
            yield from walk(shape[key], (*path, "*"))


KEYS = dict(walk(load_schema()))


def test_the_full_spec_has_every_key() -> None:
    """Which makes it the spec that other tests change; overlays alone extend and derive."""
    used = {find_key(path) for path in list_paths(FULL)}
    meant = {key for key in KEYS if not key.startswith(("extends", "derive"))}

    assert meant - used == set()


def find_key(path: tuple[Any, ...]) -> str:
    """Name a key of a spec as `KEYS` does: chosen names and positions are `*`."""
    found = ""
    for step in path:
        known = f"{found}.{step}".lstrip(".")
        found = known if known in KEYS else f"{found}.*"
    return found


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_described_by_a_sentence(key: str) -> None:
    description = KEYS[key].get("description", "")

    assert re.match(r"[A-Z`]|([a-z_]+, )*[a-z_]+: [a-zA-Z`]", description), key
    assert description.endswith("."), key


@pytest.mark.parametrize("key", KEYS)
def test_every_key_has_examples_that_the_schema_allows(key: str) -> None:
    shape = KEYS[key]

    assert shape["examples"]
    for example in shape["examples"]:
        assert is_allowed(example, shape)


def test_the_examples_make_a_whole_spec() -> None:
    for example in WRITTEN["examples"]:
        assert is_allowed(example)


@pytest.mark.parametrize(("path", "shape"), LIMITS.items(), ids=LIMITS.values())
def test_a_value_has_the_limits_of_the_service(path: tuple[str | int, ...], shape: str) -> None:
    limits, found = read_limits(shape), find_shape(path)

    assert limits.get("max") == found.get("maxLength", found.get("maximum"))
    assert (limits.get("min") or None) == found.get("minLength", found.get("minimum"))
    assert anchor(limits.get("pattern")) == found.get("pattern")


@pytest.mark.parametrize(("path", "shape"), NAME_LIMITS.items(), ids=NAME_LIMITS.values())
def test_a_name_has_the_limits_of_the_service(path: tuple[str, ...], shape: str) -> None:
    limits, found = read_limits(shape), find_shape(path)["propertyNames"]

    assert limits.get("max") == found.get("maxLength")
    assert limits.get("min") == found.get("minLength")
    if shape != "TagKey":  # `aws:` is reserved by every AWS service, and in no model
        assert anchor(limits.get("pattern")) == found.get("pattern")


@pytest.mark.parametrize(("path", "shape"), LIST_LIMITS.items(), ids=LIST_LIMITS.values())
def test_a_list_has_the_limits_of_the_service(path: tuple[str, ...], shape: str) -> None:
    found = find_shape(path)

    assert read_limits(shape)["max"] == found.get("maxItems", found.get("maxProperties"))


@pytest.mark.parametrize(("path", "shape"), WORDS.items(), ids=WORDS.values())
def test_words_are_those_of_the_service_in_lower_case(
    path: tuple[str | int, ...], shape: str
) -> None:
    words = {word.lower() for word in set(read_model("workmail").shape_for(shape).enum)}

    assert words - {word.lower() for word in NOT_DECLARABLE} == set(find_shape(path)["enum"])


def test_folders_are_those_of_the_service() -> None:
    folders = {word.lower() for word in read_model("workmail").shape_for("FolderName").enum}
    names = find_shape((*POLICIES, "retention", "folders"))["propertyNames"]

    assert folders == set(names["enum"])


@pytest.mark.parametrize(("path", "shape"), DIRECTORY_PATTERNS.items(), ids=str)
def test_a_directory_has_the_limits_of_directory_service(
    path: tuple[str | int, ...], shape: str
) -> None:
    assert anchor(read_limits(shape, "ds")["pattern"]) == find_shape(path)["pattern"]


def test_retention_of_logs_is_one_of_cloudwatch() -> None:
    """CloudWatch Logs API 2014-03-28, PutRetentionPolicy, in the words of its documentation."""
    documentation = read_model("logs").shape_for("Days").documentation
    documented = {int(number) for number in re.findall(r"\d+", documentation)}

    assert documented == set(find_shape((*MONITORING, "retention_days"))["enum"])


def test_an_overlay_needs_none_of_the_required_keys_and_removes_with_null() -> None:
    overlay = {
        "extends": "production.yaml",
        "organizations": {
            "acme": {
                "passwords": None,
                "domains": {"old.example": None, "acme.example": {"dns": None}},
                "users": {"alice": None, "bob": {"quota_megabytes": None, "role": None}},
                "directory": {"size": "large"},
                "policies": {"retention": {"folders": {"inbox": {"days": 3}}}},
            }
        },
    }

    assert is_allowed(overlay)
    del overlay["extends"]
    assert not is_allowed(overlay)


def test_an_overlay_is_checked_all_the_same() -> None:
    overlay = {"extends": "production.yaml", "organizations": {"acme": {"regoin": "eu-west-1"}}}

    assert not is_allowed(overlay)


def test_a_derived_copy_is_described() -> None:
    overlay: dict[str, Any] = {
        "extends": "production.yaml",
        "derive": {
            "alias_suffix": "-stg",
            "domains": "test",
            "keep_users": ["alice", "qa-*"],
            "expires": "2026-12-31",
            "on_removal": "delete",
        },
    }

    assert is_allowed(overlay)
    for key, wrong in (("on_removal", "disable"), ("domains", "all"), ("expires", "soon")):
        changed = {**overlay, "derive": {**overlay["derive"], key: wrong}}
        assert not is_allowed(changed), key


def test_only_an_overlay_can_derive() -> None:
    assert not is_allowed({**FULL, "derive": {"domains": "test"}})


def test_top_level_keys_that_begin_with_x_hold_anything() -> None:
    assert is_allowed({**FULL, "x-people": [1, {"a": None}]})


def list_paths(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, inner in list_entries(value):
        yield from list_paths(inner, (*path, key))


def list_entries(value: object) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return list(cast("dict[str, object]", value).items())
    return list(enumerate(cast("list[object]", value))) if isinstance(value, list) else []


@given(
    path=st.sampled_from(list(list_paths(FULL))[1:]),
    value=st.sampled_from(["", "x", "Zoë", 5, True, [], ["x", "x"], {}, {"x": 1}, {"type": "x"}]),
)
def test_validating_refuses_what_plain_json_schema_refuses(
    tmp_path_factory: pytest.TempPathFactory, path: tuple[Any, ...], value: object
) -> None:
    """The editor and the command agree: one schema, two validators."""
    spec = copy.deepcopy(FULL)
    parent: Any = spec
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    file = tmp_path_factory.getbasetemp() / "spec.yaml"
    file.write_text(json.dumps(spec), encoding="utf-8")

    problems = validate(load(file))

    assert is_allowed(spec) == (problems == [])
