"""Whatever is deployed and read back is what was declared; and whatever differs is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from calling import connect
from cloudformation import Stack
from effort import ALL
from generating import organizations
from scenes import at, make_emulator, make_group, make_organization, make_user
from transitions import POLICIES, ROOM, impersonate, permit
from workmail_emulator.errors import ServiceFault
from workmail_org.describing import describe, leave_out_defaults
from workmail_org.differences.expecting import expect
from workmail_org.differences.keyed import find_differences
from workmail_org.differences.terms import KEYS, NOT_TOLD, SILENT, VALUES, WHOLE, WORDS
from workmail_org.errors import DeniedError
from workmail_org.model.bookable import Bookable, Booking
from workmail_org.model.directory import Directory
from workmail_org.model.live import Snapshot
from workmail_org.model.organization import Organization
from workmail_org.model.permission import Right
from workmail_org.model.policies import (
    Availability,
    Effect,
    EmailMonitoring,
    EwsAvailability,
    IdentityCenter,
    ImpersonationRole,
    ImpersonationRule,
    ImpersonationType,
    PersonalAccessTokens,
    Policies,
    RetentionPolicy,
)
from workmail_org.model.values import parse_reference
from workmail_org.rehearsal.comparing import compare
from workmail_org.service.directories import DirectoryService
from workmail_org.service.snapshot import read_snapshot
from workmail_org.service.workmail import WorkMail
from workmail_org.spec.building import load_environment
from workmail_org.spec.problems import Path as SpecPath
from workmail_org.spec.problems import render_path

EMULATOR = make_emulator()
CONFIG = Path(__file__).resolve().parents[2] / "config"
ORGANIZATIONS = {each.key: each for each in load_environment(CONFIG / "full.yaml").organizations}


def look(stack: Stack, **options: Any) -> Snapshot:
    """Read everything that is live."""
    directories = DirectoryService(connect(stack.emulator, "ds", stack.region))
    workmail = WorkMail(stack.workmail, stack.organization_id)
    snapshot = read_snapshot(workmail, directories, stack.region, **options)
    assert snapshot
    return snapshot


@settings(
    max_examples=500 if ALL else 20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=tuple(Phase) if ALL else (Phase.explicit, Phase.generate),
)
@given(declared=organizations(None), previous=st.none() | organizations(None))
def test_what_is_deployed_is_what_was_declared(
    declared: Organization, previous: Organization | None
) -> None:
    EMULATOR.reset()
    stack = Stack(EMULATOR)
    if previous:
        stack.deploy(previous)
    stack.deploy(declared)

    assert () == compare(declared, look(stack), previous)


def test_rules_and_settings_come_back_as_they_were_declared() -> None:
    stack = Stack(make_emulator())
    declared = make_organization(
        make_user("alice", aliases=(at("al"),), quota_megabytes=10_240),
        make_user("bob", enabled=False),
        resources=(replace(ROOM, delegates=(parse_reference("alice"),)),),
        policies=POLICIES,
        tags={"team": "platform"},
    )
    stack.secrets.put_secret_value(SecretId="ews", SecretString="hidden")
    stack.deploy(declared)
    described = leave_out_defaults(describe(look(stack)))

    assert () == compare(declared, look(stack))
    assert {"team": "platform"} == described.tags
    assert ["acme.example"] == [each.name for each in described.domains]
    assert set(POLICIES.access_control) == set(described.policies.access_control)
    assert POLICIES.mobile_devices == described.policies.mobile_devices
    assert POLICIES.impersonation_roles == described.policies.impersonation_roles
    assert POLICIES.retention == described.policies.retention
    assert described.policies.inbound_dmarc_enforced is False


def test_a_new_organization_has_nothing_that_a_spec_would_say() -> None:
    stack = Stack(make_emulator())
    stack.deploy(make_organization(domains=()))
    described = describe(look(stack))
    bare = leave_out_defaults(described)

    assert ["default"] == [each.name for each in described.policies.access_control]
    assert ["ALLOW-all"] == [each.name for each in described.policies.mobile_devices]
    assert ["acme.awsapps.com"] == [each.name for each in described.domains]
    assert Policies() == bare.policies
    assert ((), (), (), {}) == (bare.domains, bare.users, bare.groups, bare.tags)


def test_the_default_rule_stays_beside_others() -> None:
    """A section is exclusive: one that did not name the default rule would remove it."""
    described = make_organization(policies=POLICIES)

    assert POLICIES.access_control == leave_out_defaults(described).policies.access_control


def test_the_address_that_workmail_adds_is_left_out_and_no_other() -> None:
    automatic, own = "alice@acme.awsapps.com", "al@acme.awsapps.com"
    (alice,) = leave_out_defaults(
        make_organization(make_user("alice", aliases=(own, automatic)))
    ).users

    assert (own,) == alice.aliases


def test_each_list_is_read_once_and_progress_is_told() -> None:
    stack = Stack(make_emulator())
    stack.deploy(make_organization(make_user("alice"), make_user("bob")))
    stack.emulator.clear_calls()
    told: list[tuple[str, int, int]] = []

    def follow(part: str, done: int, total: int) -> None:
        told.append((part, done, total))

    look(stack, follow=follow)
    operations = [call.operation for call in stack.emulator.calls]

    assert {"ListUsers": 1, "ListGroups": 1, "ListResources": 1, "ListImpersonationRoles": 1} == {
        name: operations.count(name)
        for name in ("ListUsers", "ListGroups", "ListResources", "ListImpersonationRoles")
    }
    assert [("users", 1, 2), ("users", 2, 2)] == [step for step in told if step[0] == "users"]


def test_what_cannot_be_read_is_named_and_the_rest_is_read() -> None:
    stack = Stack(make_emulator())
    stack.deploy(make_organization(make_user("alice")))

    def refuse(now: str, call: Any) -> None:
        if now == "before" and call.operation in ("GetDefaultRetentionPolicy", "ListAliases"):
            raise ServiceFault("AccessDeniedException", "no", status=403)

    stack.emulator.on_call = refuse
    snapshot = look(stack, is_tolerant=True)
    with pytest.raises(DeniedError):
        look(stack)

    assert {("users", "alice"), ("policies", "retention")} == snapshot.unread.keys()
    assert {} == snapshot.people.users
    assert "acme.example" in snapshot.domains


def test_what_a_person_changes_with_a_client_is_found_under_its_path() -> None:
    stack = Stack(make_emulator())
    stack.secrets.put_secret_value(SecretId="ews", SecretString="hidden")
    declared = make_organization(
        make_user("alice", aliases=(at("al"),), quota_megabytes=10_240, city="Oxford"),
        make_user("bob"),
        make_group("sales", "alice"),
        resources=(replace(ROOM, delegates=(parse_reference("alice"),)),),
        permissions=(permit("alice", "bob", Right.SEND_AS),),
        policies=POLICIES,
        tags={"team": "platform"},
    )
    stack.deploy(declared)
    ids = {each.entity.name: each.id for each in look(stack).people.users.values()}
    groups = {each.entity.name: each.id for each in look(stack).people.groups.values()}
    client, scope = stack.workmail, {"OrganizationId": stack.organization_id}
    client.update_user(**scope, UserId=ids["alice"], City="Wonderland")
    client.update_mailbox_quota(**scope, UserId=ids["alice"], MailboxQuota=20_480)
    client.delete_alias(**scope, EntityId=ids["alice"], Alias=at("al"))
    client.disassociate_member_from_group(**scope, GroupId=groups["sales"], MemberId=ids["alice"])
    client.put_mailbox_permissions(
        **scope, EntityId=ids["alice"], GranteeId=ids["bob"], PermissionValues=["FULL_ACCESS"]
    )
    client.delete_access_control_rule(**scope, Name="office")
    client.put_inbound_dmarc_settings(**scope, Enforced=True)

    assert [
        'users.alice.aliases: the spec says ["al@acme.example"], WorkMail has []',
        'users.alice.city: the spec says "Oxford", WorkMail has "Wonderland"',
        "users.alice.quota_megabytes: the spec says 10240, WorkMail has 20480",
        'groups.sales.members: the spec says ["alice"], WorkMail has []',
        'permissions["alice for bob"]: the spec says ["send_as"], WorkMail has ["full_access"]',
        'policies.access_control.office: the spec says "present", WorkMail has nothing',
        "policies.inbound_dmarc.enforced: the spec says false, WorkMail has true",
    ] == [str(each).removeprefix("acme: ") for each in compare(declared, look(stack))]


def test_who_is_switched_off_is_nobody_s_target_and_has_a_deadline() -> None:
    """A rule for nobody but them is not there at all: it would be one for everyone."""
    stack = Stack(make_emulator())
    everybody = make_organization(
        make_user("alice"),
        make_user("bob"),
        make_group("sales", "alice", "bob"),
        permissions=(permit("alice", "bob", Right.SEND_AS),),
        policies=Policies(impersonation_roles=(impersonate("bob"),)),
    )
    declared = replace(everybody, users=(make_user("alice"), make_user("bob", enabled=False)))
    stack.deploy(everybody)
    assert () == compare(everybody, look(stack))
    stack.deploy(declared)
    snapshot = look(stack)

    assert () == compare(declared, snapshot, everybody)
    assert [parse_reference("bob")] == list(snapshot.deadlines)
    (role,) = describe(snapshot).policies.impersonation_roles
    assert () == role.rules


def test_who_is_switched_off_stays_denied_and_excepted() -> None:
    rules = (
        ImpersonationRule(key="all", effect=Effect.ALLOW, not_target_users=("carol",)),
        ImpersonationRule(key="no", effect=Effect.DENY, target_users=("bob",)),
        ImpersonationRule(key="some", effect=Effect.ALLOW, target_users=("bob",)),
    )
    role = ImpersonationRole(name="backup", type=ImpersonationType.READ_ONLY, rules=rules)
    people = (make_user("alice"), make_user("bob"), make_user("carol"))
    everybody = make_organization(*people, policies=Policies(impersonation_roles=(role,)))
    off = [replace(each, enabled=False) for each in people[1:]]
    declared = replace(everybody, users=(people[0], *off))
    stack = Stack(make_emulator())
    stack.deploy(everybody)
    stack.deploy(declared)

    assert () == compare(declared, look(stack), everybody)


def test_rights_that_travel_outside_the_template_are_compared() -> None:
    """1 500 rights are too large for a template; one of them is taken away by hand."""
    names = [f"user-{number:04}" for number in range(40)]
    rights = tuple(
        permit(mailbox, grantee, Right.SEND_AS)
        for mailbox in names
        for grantee in names
        if mailbox != grantee
    )[:1_500]
    declared = make_organization(*map(make_user, names), permissions=rights)
    stack = Stack(make_emulator())
    stack.deploy(declared)
    ids = {each.entity.name: each.id for each in look(stack).people.users.values()}

    assert () == compare(declared, look(stack))
    stack.workmail.delete_mailbox_permissions(
        OrganizationId=stack.organization_id, EntityId=ids[names[7]], GranteeId=ids[names[8]]
    )
    assert [
        'acme: permissions["user-0007 for user-0008"]: the spec says ["send_as"],'
        " WorkMail has nothing"
    ] == [str(each) for each in compare(declared, look(stack))]


# Each value of a spec, changed by hand.

Change = tuple[tuple[type, str], SpecPath, Any]
"""The field that is changed, where it is as a spec writes it, and the whole with the change."""


def list_changes(value: Any, path: SpecPath = ()) -> Iterator[Change]:
    """Change each value in turn."""
    for each in fields(value):
        field, inner = make_field(value, each.name), getattr(value, each.name)
        if field in NOT_TOLD or is_key(field):
            continue
        steps = (*path, *WORDS.get(field, (each.name,)))
        for changed_field, place, changed in list_changes_of(field, inner, steps):
            yield changed_field, place, replace(value, **{each.name: changed})


def make_field(owner: object, name: str) -> tuple[type, str]:
    return type(owner), name


def is_key(field: tuple[type, str]) -> bool:
    """What entries are matched by: another key is another entry."""
    kind, name = field
    if kind is ImpersonationRule:
        return name == "key"
    return kind in KEYS and name in ("name", "folder", "domain", "mailbox", "grantee")


def list_changes_of(field: tuple[type, str], value: Any, path: SpecPath) -> Iterator[Change]:
    if isinstance(value, tuple) and any(type(each) in KEYS for each in cast("Any", value)):
        entries = cast("tuple[Any, ...]", value)
        for index, entry in enumerate(entries):
            place = (*path, KEYS[type(entry)](entry))
            yield field, place, (*entries[:index], *entries[index + 1 :])
            for inner_field, inner, changed in list_changes(entry, place):
                shown = inner[:-1] if type(entry) in VALUES else inner
                yield inner_field, shown, (*entries[:index], changed, *entries[index + 1 :])
    elif isinstance(value, Mapping):
        texts = cast("Mapping[str, str]", value)
        for key in texts:
            yield field, (*path, key), {**texts, key: "by hand"}
    elif is_dataclass(cast("object", value)):
        if field in OPTIONAL:
            yield field, path, None
        yield from list_changes(value, path)
    elif value is not None and (field not in SILENT or value != SILENT[field]):
        yield field, path, change(field, value)
    elif field[0] in WHOLE and field not in OPTIONAL:
        yield field, path, "by hand"


OPTIONAL = {
    (Policies, "retention"),
    (Policies, "email_monitoring"),
    (Policies, "identity_center"),
    (Availability, "ews"),
}
"""Parts that can be missing."""

COMPARED = {
    (kind, each.name)
    for kind in (
        Organization,
        Directory,
        Policies,
        RetentionPolicy,
        Booking,
        EwsAvailability,
        EmailMonitoring,
        IdentityCenter,
        PersonalAccessTokens,
        *KEYS,
    )
    for each in fields(kind)
    if (kind, each.name) not in NOT_TOLD and not is_key((kind, each.name))
} - {
    (Organization, "directory"),
    (Organization, "policies"),
    (Bookable, "booking"),
    (IdentityCenter, "personal_access_tokens"),
}
"""Every field of the model that WorkMail tells, but for parts that are always there."""


def change(field: tuple[type, str], value: Any) -> Any:
    """Make another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, Enum):
        return next(each for each in type(value) if each != value)
    if isinstance(value, int):
        return value + 1
    if isinstance(value, tuple):
        given = cast("tuple[Any, ...]", value)
        stranger = parse_reference("by-hand") if field[1] in ("members", "delegates") else "by-hand"
        return given[1:] if given else (stranger,)
    return f"{value}-by-hand"


@pytest.mark.parametrize("declared", ORGANIZATIONS.values(), ids=lambda each: each.key)
def test_every_value_that_is_changed_by_hand_is_found_under_its_path(
    declared: Organization,
) -> None:
    """The walk alone; what WorkMail does not tell is a table with reasons (`terms.NOT_TOLD`)."""
    passed_over = [
        render_path(path)
        for _, path, changed in list_changes(declared)
        if [path] != [finding[0] for finding in find_differences(declared, changed)]
    ]

    assert [] == passed_over


def test_every_field_of_the_model_is_changed_by_these_tests() -> None:
    """A new field is seen here before it is passed over."""
    changed = {field for each in ORGANIZATIONS.values() for field, _, _ in list_changes(each)}

    assert set() == COMPARED - changed


def test_what_workmail_tells_of_a_spec_is_not_passed_over_by_the_special_rules() -> None:
    """A change of the live organization is found also after `expect`."""
    declared = replace(
        ORGANIZATIONS["acme"],
        users=tuple(replace(each, enabled=True) for each in ORGANIZATIONS["acme"].users),
    )
    as_live = expect(declared, declared).declared
    passed_over = [
        render_path(path)
        for _, path, changed in list_changes(as_live)
        if path[0] != "directory"  # of which a spec that says `workmail` does not speak
        and path not in [finding[0] for finding in _find(declared, changed)]
        and path not in [each.path for each in expect(declared, changed).additions]
    ]

    assert [] == passed_over


def _find(declared: Organization, live: Organization) -> list[Any]:
    sides = expect(declared, live)
    return list(find_differences(sides.declared, sides.live, sides.previous))
