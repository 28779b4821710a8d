"""Each value that differs between spec, template and WorkMail has its class, and no other one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings

from cloudformation import Stack
from drifting import Hand, find_rows, look_live, tell
from effort import ALL
from generating import organizations
from scenes import at, make_emulator, make_group, make_organization, make_user
from transitions import POLICIES, ROOM, permit
from workmail_emulator.errors import ServiceFault
from workmail_org.drift.classifying import Look, classify
from workmail_org.drift.describing_deployed import describe_deployed
from workmail_org.drift.model import Row
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.domain import MailDomain
from workmail_org.model.live import Snapshot
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.permission import Right
from workmail_org.model.policies import Policies
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.values import Kind, Reference, parse_reference
from workmail_org.plan.declarations import declare
from workmail_org.reports.drift_words import describe_row
from workmail_org.reports.resolved import render_value
from workmail_org.spec.building import load_environment
from workmail_org.wire.names import UNRESOLVED

ROLE = "policies.impersonation_roles.backup.rules.some"
EMULATOR = make_emulator()
OTHER = MailDomain(name="other.example", verified=True)
DEPLOYED = make_organization(
    make_user("alice", aliases=(at("al"),), quota_megabytes=10_240),
    make_user("bob"),
    make_user("carol"),
    make_group("sales", "alice", "bob"),
    resources=(replace(ROOM, delegates=(parse_reference("alice"),)),),
    permissions=(permit("alice", "bob", Right.FULL_ACCESS),),
    domains=(*make_organization().domains, OTHER),
    policies=POLICIES,
    tags={"team": "platform"},
)


@pytest.fixture
def hand() -> Hand:
    stack = Stack(make_emulator())
    stack.secrets.put_secret_value(SecretId="ews", SecretString="hidden")
    stack.deploy(DEPLOYED)
    return Hand(stack)


def test_what_nobody_touched_is_clean(hand: Hand) -> None:
    assert () == find_rows(hand.stack, DEPLOYED)


@settings(
    max_examples=300 if ALL else 15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=tuple(Phase) if ALL else (Phase.explicit, Phase.generate),
)
@given(declared=organizations(None))
def test_whatever_is_deployed_is_clean(declared: Organization) -> None:
    EMULATOR.reset()
    stack = Stack(EMULATOR)
    stack.deploy(declared)

    assert {} == tell(find_rows(stack, declared))


def test_a_value_that_only_the_hand_changed_has_drifted(hand: Hand) -> None:
    hand.do("update_user", UserId=hand.find("bob"), DisplayName="Robert")
    hand.do("delete_alias", EntityId=hand.find("alice"), Alias=at("al"))
    hand.do("update_mailbox_quota", UserId=hand.find("alice"), MailboxQuota=2048)
    hand.do("disassociate_member_from_group", GroupId=hand.find("sales"), MemberId=hand.find("bob"))

    assert {
        "users.alice.aliases": ("drift", [at("al")], [at("al")], []),
        "users.alice.quota_megabytes": ("drift", 10_240, 10_240, 2048),
        "users.bob.display_name": ("drift", "Bob", "Bob", "Robert"),
        "groups.sales.members": ("drift", ["alice", "bob"], ["alice", "bob"], ["alice"]),
    } == tell(find_rows(hand.stack, DEPLOYED))


def test_who_is_switched_off_by_hand_is_one_row_whatever_went_with_it(hand: Hand) -> None:
    hand.do("deregister_from_work_mail", EntityId=hand.find("alice"))

    assert {"users.alice.enabled": ("drift", True, True, False)} == tell(
        find_rows(hand.stack, DEPLOYED)
    )


def test_who_is_deleted_by_hand_is_gone(hand: Hand) -> None:
    alice = hand.find("alice")
    for name in ("alice", "sales"):
        hand.do("deregister_from_work_mail", EntityId=hand.find(name))
    hand.do("delete_group", GroupId=hand.find("sales"))
    hand.do("delete_user", UserId=hand.find("alice"))
    hand.do("deregister_from_work_mail", EntityId=hand.find(ROOM.name))
    hand.do("delete_resource", ResourceId=hand.find(ROOM.name))

    assert {
        "users.alice": ("gone", "present", "present", None),
        "groups.sales": ("gone", "present", "present", None),
        f"resources.{ROOM.name}": ("gone", "present", "present", None),
        # WorkMail keeps the id as a target of the role's rule.
        f"{ROLE}.target_users": ("drift", ["alice"], ["alice"], [alice]),
    } == tell(find_rows(hand.stack, DEPLOYED))


def test_a_domain_that_was_deregistered_is_gone(hand: Hand) -> None:
    hand.do("deregister_mail_domain", DomainName=OTHER.name)

    assert {'domains["other.example"]': ("gone", "present", "present", None)} == tell(
        find_rows(hand.stack, DEPLOYED)
    )


def test_settings_that_were_changed_by_hand_are_named(hand: Hand) -> None:
    hand.do("put_inbound_dmarc_settings", Enforced=True)
    hand.do("update_default_mail_domain", DomainName=OTHER.name)
    retention = hand.do("get_default_retention_policy")
    hand.do("delete_retention_policy", Id=retention["Id"])
    hand.do("delete_mailbox_permissions", EntityId=hand.find("alice"), GranteeId=hand.find("bob"))
    rule = POLICIES.access_control[0].name
    hand.do("delete_access_control_rule", Name=rule)
    found = tell(find_rows(hand.stack, DEPLOYED))

    assert ("drift", False, False, True) == found["policies.inbound_dmarc.enforced"]
    assert "drift" == found['domains["acme.example"].default'][0]
    assert "gone" == found["policies.retention"][0]
    assert ("gone", ["full_access"], ["full_access"], None) == found['permissions["alice for bob"]']
    assert "gone" == found[f"policies.access_control.{rule}"][0]
    assert 5 == len(found)


def test_what_nobody_declared_is_unmanaged(hand: Hand) -> None:
    made = hand.do("create_user", Name="mallory", DisplayName="Mallory", Password="Str0ng-enough")
    hand.do("register_to_work_mail", EntityId=made["UserId"], Email=at("mallory"))
    hand.do(
        "put_mailbox_permissions",
        EntityId=hand.find("bob"),
        GranteeId=made["UserId"],
        PermissionValues=["FULL_ACCESS"],
    )
    hand.do("register_mail_domain", DomainName="third.example")
    hand.do("put_access_control_rule", Name="open", Effect="ALLOW", Description="everybody")

    assert {
        "users.mallory": ("unmanaged", None, None, "present"),
        'permissions["bob for mallory"]': ("unmanaged", None, None, ["full_access"]),
        'domains["third.example"]': ("unmanaged", None, None, "present"),
        "policies.access_control.open": ("unmanaged", None, None, "present"),
    } == tell(find_rows(hand.stack, DEPLOYED))


def test_rules_and_settings_that_nobody_declared_are_unmanaged() -> None:
    declared = make_organization(make_user("alice"))
    stack = Stack(make_emulator())
    stack.deploy(declared)
    hand = Hand(stack)
    hand.do("put_inbound_dmarc_settings", Enforced=False)
    hand.do("put_access_control_rule", Name="open", Effect="ALLOW", Description="everybody")
    hand.do(
        "put_retention_policy",
        Name="short",
        FolderConfigurations=[{"Name": "INBOX", "Action": "DELETE", "Period": 30}],
    )
    hand.do("update_default_mail_domain", DomainName="acme.awsapps.com")
    found = {row.name: row.row_class.value for row in find_rows(stack, declared)}

    assert {
        "policies.inbound_dmarc.enforced": "unmanaged",
        "policies.access_control.open": "unmanaged",
        "policies.access_control.default": "unmanaged",
        "policies.retention": "unmanaged",
        'domains["acme.example"].default': "drift",
    } == found


def test_the_default_domain_cannot_move_unseen_where_none_is_declared() -> None:
    declared = make_organization(domains=(OTHER,))
    stack = Stack(make_emulator())
    stack.deploy(declared)
    Hand(stack).do("update_default_mail_domain", DomainName=OTHER.name)

    assert {'domains["acme.awsapps.com"].default': ("drift", True, True, False)} == tell(
        find_rows(stack, declared)
    )


def test_a_spec_that_is_ahead_is_pending_and_no_drift(hand: Hand) -> None:
    alice, bob, _ = DEPLOYED.users
    spec = replace(
        DEPLOYED,
        users=(replace(alice, display_name="Alice L."), bob, make_user("dave")),
        policies=replace(POLICIES, inbound_dmarc_enforced=True),
        tags={},
    )

    assert {
        "users.alice.display_name": ("pending", "Alice L.", "Alice", "Alice"),
        "users.dave": ("pending", "present", None, None),
        "users.carol": ("pending removal", None, "present", "present"),
        "policies.inbound_dmarc.enforced": ("pending", True, False, False),
        "tags.team": ("pending removal", None, "present", "present"),
    } == tell(find_rows(hand.stack, DEPLOYED, spec))


def test_what_leaves_and_is_retained_is_pending_and_not_about_to_be_removed() -> None:
    kept = OnRemoval(users=Removal.RETAIN, domains=Removal.RETAIN)
    domains = make_organization().domains
    everybody = (make_user("alice"), make_user("bob"), make_group("sales"))
    before = make_organization(*everybody, domains=(*domains, OTHER), on_removal=kept)
    stack = Stack(make_emulator())
    stack.deploy(before)
    spec = replace(before, domains=domains, users=before.users[:1], groups=())
    rows = find_rows(stack, before, spec)

    assert {
        "users.bob": ("pending", None, "present", "present"),
        "groups.sales": ("pending removal", None, "present", "present"),
        'domains["other.example"]': ("pending", None, "present", "present"),
    } == tell(rows)
    said = {row.name: describe_row(row) for row in rows}
    assert said["users.bob"] == (
        "no longer declared; the next deployment leaves it as it is and stops managing it"
        " (on_removal: retain)"
    )

    stack.deploy(spec)
    assert {"users.bob": "unmanaged", 'domains["other.example"]': "unmanaged"} == {
        row.name: row.row_class.value for row in find_rows(stack, spec)
    }


def test_both_changed_is_a_conflict_or_has_converged(hand: Hand) -> None:
    alice, bob, carol = DEPLOYED.users
    hand.do("update_user", UserId=hand.find("alice"), DisplayName="Liddell")
    hand.do("update_user", UserId=hand.find("bob"), DisplayName="Robert")
    hand.do("update_user", UserId=hand.find("carol"), DisplayName="Caroline")
    spec = replace(
        DEPLOYED,
        users=(
            replace(alice, display_name="Alice L."),
            replace(bob, display_name="Robert"),
        ),
    )

    assert {
        "users.alice.display_name": ("conflict", "Alice L.", "Alice", "Liddell"),
        "users.bob.display_name": ("converged", "Robert", "Bob", "Robert"),
        "users.carol": ("pending removal", None, "present", "present"),
        "users.carol.display_name": ("conflict", None, "Carol", "Caroline"),
    } == tell(find_rows(hand.stack, DEPLOYED, spec))
    assert carol


def test_who_the_stack_removed_is_no_stranger(hand: Hand) -> None:
    spec = replace(DEPLOYED, users=DEPLOYED.users[:2])
    hand.stack.deploy(spec)
    removed = frozenset({Reference(Kind.USER, "carol")})

    assert () == find_rows(hand.stack, spec, removed=removed)
    assert {"users.carol": ("unmanaged", None, None, "present")} == tell(
        find_rows(hand.stack, spec)
    )


def test_who_the_stack_removed_and_the_hand_switched_on_is_unmanaged(hand: Hand) -> None:
    spec = replace(DEPLOYED, users=DEPLOYED.users[:2])
    hand.stack.deploy(spec)
    hand.do("register_to_work_mail", EntityId=hand.find("carol"), Email=at("carol"))

    assert ["users.carol"] == [
        row.name
        for row in find_rows(hand.stack, spec, removed=frozenset({Reference(Kind.USER, "carol")}))
    ]


@pytest.mark.parametrize(
    ("operation", "unreadable"),
    [
        ("ListUsers", {"users"}),
        ("ListGroups", {"groups"}),
        ("ListMailDomains", {"domains"}),
        ("GetDefaultRetentionPolicy", {"policies.retention"}),
        ("DescribeInboundDmarcSettings", {"policies.inbound_dmarc"}),
        ("ListAliases", {"users.alice", "users.bob", "users.carol", "groups.sales"}),
    ],
)
def test_what_cannot_be_read_is_neither_drift_nor_clean(
    hand: Hand, operation: str, unreadable: set[str]
) -> None:
    def refuse(now: str, call: object) -> None:
        if now == "before" and getattr(call, "operation", "") == operation:
            raise ServiceFault("AccessDeniedException", "not for you")

    hand.stack.emulator.on_call = refuse  # type: ignore[assignment]
    rows = find_rows(hand.stack, DEPLOYED)

    assert {} == {k: v for k, v in tell(rows).items() if v[0] != "unreadable"}
    assert unreadable <= {row.name for row in rows}
    assert all("not for you" in str(row.reason) for row in rows)


def test_a_bare_organization_has_no_policies_to_take_in() -> None:
    declared = make_organization(policies=Policies())
    stack = Stack(make_emulator())
    stack.deploy(declared)

    assert () == find_rows(stack, declared)


def test_the_lines_for_unmanaged_things_declare_them(tmp_path: Path) -> None:
    """A spec with these lines has nothing unmanaged any more, whatever it was."""
    declared = make_organization(make_user("alice"))
    stack = Stack(make_emulator())
    stack.deploy(declared)
    theirs = Hand(stack)
    made = theirs.do("create_user", Name="mallory", DisplayName="Mallory: no", Password="Str0ng-1")
    theirs.do("register_to_work_mail", EntityId=made["UserId"], Email=at("mallory"))
    theirs.do("create_alias", EntityId=made["UserId"], Alias=at("mal"))
    theirs.do("create_group", Name="off")
    group = theirs.find("off")
    theirs.do("register_to_work_mail", EntityId=group, Email=at("off"))
    theirs.do("associate_member_to_group", GroupId=group, MemberId=made["UserId"])
    room = theirs.do("create_resource", Name="attic", Type="ROOM", Description="1e5")
    theirs.do("register_to_work_mail", EntityId=room["ResourceId"], Email=at("attic"))
    theirs.do(
        "put_mailbox_permissions",
        EntityId=theirs.find("alice"),
        GranteeId=made["UserId"],
        PermissionValues=["SEND_AS"],
    )
    theirs.do("put_inbound_dmarc_settings", Enforced=False)
    theirs.do("put_access_control_rule", Name="open", Effect="ALLOW", Description="everybody")
    theirs.do(
        "create_mobile_device_access_rule", Name="phones", Effect="DENY", DeviceTypes=["iphone"]
    )
    theirs.do(
        "put_retention_policy",
        Name="short",
        FolderConfigurations=[{"Name": "INBOX", "Action": "DELETE", "Period": 30}],
    )
    theirs.do("register_mail_domain", DomainName="third.example")
    theirs.do(
        "create_impersonation_role",
        Name="backup",
        Type="READ_ONLY",
        Rules=[{"ImpersonationRuleId": "all", "Effect": "ALLOW"}],
    )
    before = look_live(stack)
    assert before
    stack.workmail.tag_resource(
        ResourceARN=before.organization.arn, Tags=[{"Key": "cost", "Value": "no"}]
    )
    rows = find_rows(stack, declared)
    body: dict[str, Any] = {
        "region": "eu-west-1",
        "alias": "acme",
        "domains": {"acme.example": {"default": True, "verified": True}},
        "users": {"alice": {"display_name": "Alice"}},
    }
    for row in rows:
        merge(body, yaml.safe_load(render_value(row.declaration)))
    path = tmp_path / "spec.yaml"
    document = {"version": 1, "environment": "test", "organizations": {"acme": body}}
    path.write_text(render_value(document), encoding="utf-8")
    (spec,) = load_environment(path).organizations

    assert {"unmanaged"} == {row.row_class.value for row in rows}
    assert 11 <= len(rows)
    assert {} == {
        name: each
        for name, each in tell(find_rows(stack, declared, spec)).items()
        if each[0] != "converged"
    }


def merge(into: dict[str, Any], other: dict[str, Any]) -> None:
    """Add what a report says to a spec."""
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], cast("dict[str, Any]", value))
        elif isinstance(value, list):
            into[key] = [*into.get(key, []), *cast("list[Any]", value)]
        else:
            into[key] = value


def test_groups_and_rooms_that_are_switched_off_by_hand_are_one_row_each() -> None:
    declared = make_organization(
        make_user("alice"),
        make_group("sales", "alice"),
        make_group("everyone", "group:sales", "alice"),
        resources=(replace(ROOM, delegates=(parse_reference("group:sales"),)),),
        permissions=(permit("alice", "group:sales", Right.SEND_AS),),
    )
    stack = Stack(make_emulator())
    stack.deploy(declared)
    hand = Hand(stack)
    hand.do("deregister_from_work_mail", EntityId=hand.find("sales"))

    assert {"groups.sales.enabled": ("drift", True, True, False)} == tell(
        find_rows(stack, declared)
    )

    hand.do("deregister_from_work_mail", EntityId=hand.find(ROOM.name))

    assert {"groups.sales.enabled", f"resources.{ROOM.name}.enabled"} == set(
        tell(find_rows(stack, declared))
    )


def test_who_is_switched_on_by_hand_has_drifted() -> None:
    declared = make_organization(
        make_user("alice"), make_user("bob", enabled=False), make_group("sales", "alice", "bob")
    )
    stack = Stack(make_emulator())
    stack.deploy(declared)
    hand = Hand(stack)
    hand.do("register_to_work_mail", EntityId=hand.find("bob"), Email=at("bob"))

    assert {"users.bob.enabled": ("drift", False, False, True)} == tell(find_rows(stack, declared))


def test_a_user_that_was_made_again_by_hand_is_seen_as_it_is(hand: Hand) -> None:
    bob = hand.find("bob")
    hand.do("deregister_from_work_mail", EntityId=bob)
    hand.do("delete_user", UserId=bob)
    made = hand.do("create_user", Name="bob", DisplayName="Robert", Password="Str0ng-enough")
    hand.do("register_to_work_mail", EntityId=made["UserId"], Email=at("bob"))
    found = tell(find_rows(hand.stack, DEPLOYED))

    assert ("drift", "Bob", "Bob", "Robert") == found["users.bob.display_name"]
    assert ("drift", ["alice", "bob"], ["alice", "bob"], ["alice"]) == found["groups.sales.members"]
    assert "gone" == found['permissions["alice for bob"]'][0]


def test_names_and_addresses_compare_without_case(hand: Hand) -> None:
    spec = replace(
        DEPLOYED,
        users=tuple(replace(each, email=each.email.upper()) for each in DEPLOYED.users),
        groups=(
            replace(DEPLOYED.groups[0], members=tuple(map(parse_reference, ("BOB", "Alice")))),
        ),
    )

    assert {} == tell(find_rows(hand.stack, DEPLOYED, spec))


@settings(
    max_examples=300 if ALL else 25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=tuple(Phase) if ALL else (Phase.explicit, Phase.generate),
)
@given(one=organizations(None), other=organizations(None))
def test_only_the_side_that_moved_is_named(one: Organization, other: Organization) -> None:
    """Any two organizations: which of spec, template and WorkMail is another says the class."""
    EMULATOR.reset()
    stack = Stack(EMULATOR)
    stack.deploy(one)

    assert list_classes(stack, one, other) <= {"pending", "pending removal"}
    assert list_classes(stack, other, one) <= {"converged"}
    assert list_classes(stack, other, other) <= {"drift", "gone", "unmanaged"}


def list_classes(stack: Stack, deployed: Organization, spec: Organization) -> set[str]:
    return {row.row_class.value for row in find_rows(stack, deployed, spec)}


def look_at(hand: Hand, deployed: Organization, live: Snapshot | None) -> tuple[Row, ...]:
    assert hand
    return classify(Look(spec=deployed, deployed=deployed, live=live))


def test_what_only_cloudformation_knows_is_not_compared(hand: Hand) -> None:
    """A construct can be given the ARN of a key in the same app; the template has a token there."""
    declaration = declare(Environment(name="test"), DEPLOYED)
    about = replace(declaration.organization, kms_key_arn=UNRESOLVED)
    deployed = describe_deployed(replace(declaration, organization=about), DEPLOYED)
    rows = classify(Look(spec=DEPLOYED, deployed=deployed, live=look_live(hand.stack)))

    assert {} == tell(rows)


def test_tags_of_aws_are_not_unmanaged_and_others_are(hand: Hand) -> None:
    live = look_live(hand.stack)
    assert live
    tags = {**live.organization.tags, "aws:createdBy": "x", "cost": "42"}
    rows = look_at(
        hand, DEPLOYED, replace(live, organization=replace(live.organization, tags=tags))
    )

    assert {"tags.cost": ("unmanaged", None, None, "42")} == tell(rows)


def test_a_directory_that_is_not_there_any_more_is_gone(hand: Hand) -> None:
    live = look_live(hand.stack)
    assert live
    made = Directory(type=DirectoryType.SIMPLE_AD, name="corp.example", size="small")
    deployed = replace(DEPLOYED, directory=made)

    assert {"directory": ("gone", "present", "present", None)} == tell(
        look_at(hand, deployed, replace(live, directory=None))
    )
    unread = replace(live, directory=None, unread={("directory",): "not for you"})
    assert [("directory", "unreadable")] == [
        (row.name, row.row_class.value) for row in look_at(hand, deployed, unread)
    ]
