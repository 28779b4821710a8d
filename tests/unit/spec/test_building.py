"""A spec without problems becomes an Environment, with every default applied."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workmail_org.errors import SpecError
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
    Folder,
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
from workmail_org.model.removal import OnRemoval, Removal, Safety
from workmail_org.model.user import Role, User
from workmail_org.model.values import Kind, Listing, OrganizationId, Reference
from workmail_org.spec.building import build, load_environment, read_spec
from workmail_org.spec.problems import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

SPECS = Path(__file__).parents[2] / "data" / "specs"
FULL = load_environment(SPECS / "valid" / "full.yaml")
BY_KEY = {organization.key: organization for organization in FULL.organizations}
ACME = BY_KEY["acme"]

RIGHTS = (Listing.RIGHTS,)  # of the organization, and so of everybody
ALICE = Reference(Kind.USER, "alice")
SALES = Reference(Kind.GROUP, "sales")


def load_text(folder: Path, text: str) -> Environment:
    (folder / "spec.yaml").write_text(text, encoding="utf-8")
    return load_environment(folder / "spec.yaml")


def test_what_is_left_out_has_its_default() -> None:
    minimal = load_environment(SPECS / "valid" / "minimal.yaml")

    acme = Organization(
        key="acme",
        region="us-west-2",
        alias="acme",
        existing=None,
        directory=Directory(type=DirectoryType.WORKMAIL),
        kms_key_arn=None,
        interoperability=False,
        tags={},
        domains=(),
        passwords=Passwords.GENERATE,
        users=(),
        groups=(),
        resources=(),
        permissions=(),
        policies=Policies(),
        on_removal=OnRemoval(
            users=Removal.DISABLE,
            resources=Removal.DISABLE,
            groups=Removal.DELETE,
            domains=Removal.DEREGISTER,
            organization=Removal.RETAIN,
            directory=Removal.RETAIN,
        ),
        safety=Safety(max_removals_percent=10, min_managed=10),
        adopt=False,
    )
    assert Environment(name="minimal", account=None, organizations=(acme,), expires=None) == minimal


def test_an_environment_has_a_name_an_account_and_a_last_day() -> None:
    assert ("production", "111122223333", date(2026, 12, 31)) == (
        FULL.name,
        FULL.account,
        FULL.expires,
    )
    assert ["acme", "simple", "managed", "connector", "live"] == list(BY_KEY)


def test_the_end_of_support_is_acknowledged_when_the_spec_says_so() -> None:
    minimal = load_environment(SPECS / "valid" / "minimal.yaml")

    assert (True, False) == (FULL.acknowledge_end_of_support, minimal.acknowledge_end_of_support)


def test_expectations_are_built_by_what_is_attempted() -> None:
    assert (
        Expectation(
            effect=Effect.ALLOW,
            attempt=Access(action="imap", address="203.0.113.7", user="alice"),
            description="by the default rule",
        ),
        Expectation(
            effect=Effect.ALLOW, attempt=Access(action="ews", address="203.0.113.7", role="backup")
        ),
        Expectation(
            effect=Effect.ALLOW,
            attempt=Device(
                device_type="iPhone",
                device_model="iPhone14C2",
                operating_system="iOS 17.1",
                user_agent="Apple-iPhone14C2/2101.71",
            ),
        ),
        Expectation(effect=Effect.DENY, attempt=Impersonation(role="backup", user="bob")),
    ) == ACME.expect


def test_a_property_that_a_device_does_not_tell_is_none(tmp_path: Path) -> None:
    organization = load_text(
        tmp_path,
        "version: 1\nenvironment: test\norganizations:\n  acme:\n"
        "    region: eu-west-1\n    alias: acme\n"
        "    expect: [{allow: mobile, device_type: $NONE, user_agent: x}]\n",
    ).organizations[0]

    assert Device(user_agent="x") == organization.expect[0].attempt


def test_the_organization_itself_is_built() -> None:
    key = "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"
    assert ("eu-west-1", "acme", key, False, True, Passwords.GENERATE) == (
        ACME.region,
        ACME.alias,
        ACME.kms_key_arn,
        ACME.interoperability,
        ACME.adopt,
        ACME.passwords,
    )
    assert MappingProxyType({"team": "platform", "empty": ""}) == ACME.tags
    assert OrganizationId("m-0123456789abcdef0123456789abcdef") == BY_KEY["live"].existing


def test_domains_are_lower_case_and_know_who_keeps_their_records() -> None:
    zone = HostedZone(
        hosted_zone_id="Z0123", zone_name="acme.example", omit=(RecordGroup.MX, RecordGroup.SPF)
    )

    assert ACME.domains == (
        MailDomain(name="acme.example", default=True, dns=zone, verified=False),
        MailDomain(name="legacy.example", default=False, dns=None, verified=True),
        MailDomain(name="later.example", default=False, dns=None, verified=False),
    )


def test_users_are_built_field_by_field() -> None:
    alice = User(
        name="alice",
        display_name="Alice Liddell",
        email="Alice@acme.example",
        aliases=("al@legacy.example", "zulu@acme.example"),
        first_name="Alice",
        last_name="Liddell",
        initials="AL",
        job_title="Head of Sales",
        department="Sales",
        company="Acme",
        office="Dublin 2",
        telephone="+353 1 555 0100",
        street="1 Main Street",
        city="Dublin",
        zip_code="01069",
        country="Ireland",
        role=Role.USER,
        hidden_from_global_address_list=True,
        quota_megabytes=51200,
        identity_provider_user_id="906705a2e1-12345678-1234-1234-1234-123456789012",
        enabled=True,
        adopt=True,
        exclusive=(Listing.ALIASES, Listing.RIGHTS),
    )
    bob = User(
        name="bob",
        display_name="Bob",
        email="bob@acme.example",
        enabled=False,
        exclusive=RIGHTS,
    )
    rita = User(
        name="rita",
        display_name="Rita",
        email="rita@partner.example",
        role=Role.REMOTE_USER,
        exclusive=RIGHTS,
    )

    assert (alice, bob, rita) == ACME.users


def test_groups_have_their_members_sorted() -> None:
    support = Group(
        name="support",
        email="support@acme.example",
        members=(Reference(Kind.USER, "bob"),),
        exclusive=RIGHTS,
    )
    sales = Group(
        name="sales",
        email="sales@acme.example",
        aliases=("verkauf@acme.example",),
        members=(Reference(Kind.GROUP, "support"), ALICE, Reference(Kind.USER, "rita")),
        hidden_from_global_address_list=True,
        adopt=True,
        exclusive=(Listing.MEMBERS, Listing.RIGHTS),
    )

    assert (support, sales) == ACME.groups


def test_resources_are_built_with_their_booking() -> None:
    boardroom = Bookable(
        name="boardroom",
        type=BookableType.ROOM,
        description="12 seats",
        email="room@acme.example",
        aliases=("meeting@acme.example",),
        hidden_from_global_address_list=True,
        booking=Booking(auto_accept=False, decline_recurring=True, decline_conflicts=False),
        delegates=(SALES, ALICE),
        enabled=False,
        adopt=True,
        exclusive=(Listing.DELEGATES, Listing.RIGHTS),
    )
    projector = Bookable(
        name="projector",
        type=BookableType.EQUIPMENT,
        email="projector@acme.example",
        exclusive=RIGHTS,
    )

    assert (boardroom, projector) == ACME.resources


def test_permissions_have_their_rights_sorted() -> None:
    boardroom = Reference(Kind.RESOURCE, "boardroom")

    assert ACME.permissions == (
        MailboxPermission(
            mailbox=ALICE, grantee=SALES, rights=(Right.SEND_AS, Right.SEND_ON_BEHALF)
        ),
        MailboxPermission(mailbox=boardroom, grantee=ALICE, rights=(Right.FULL_ACCESS,)),
    )


def test_access_control_rules_keep_every_condition() -> None:
    assert ACME.policies.access_control == (
        AccessControlRule(name="default", effect=Effect.ALLOW, description="everyone"),
        AccessControlRule(
            name="all",
            effect=Effect.DENY,
            description="every condition",
            actions=("imap", "active_sync"),
            not_actions=("ews",),
            ip_ranges=("203.0.113.0/24",),
            not_ip_ranges=("198.51.100.7/32",),
            users=("alice",),
            not_users=("bob",),
            impersonation_roles=("backup",),
            not_impersonation_roles=("backup",),
        ),
    )


def test_mobile_device_rules_keep_every_condition() -> None:
    phones = MobileDeviceAccessRule(
        name="phones",
        effect=Effect.ALLOW,
        description="every condition",
        device_types=("iphone",),
        not_device_types=("ipad",),
        device_models=("iPhone14C2",),
        not_device_models=("iPhone12C8",),
        operating_systems=("iOS 17",),
        not_operating_systems=("iOS 9",),
        user_agents=("Apple-iPhone",),
        not_user_agents=("$NONE",),
    )

    assert (phones,) == ACME.policies.mobile_devices


def test_every_other_policy_is_built() -> None:
    rule = ImpersonationRule(
        key="everyone",
        effect=Effect.ALLOW,
        name="Everyone",
        description="but bob",
        target_users=("alice",),
        not_target_users=("bob",),
    )
    ews = EwsAvailability(
        endpoint="https://partner.example/ews", username="svc", password_secret="mail/ews"
    )

    policies = ACME.policies

    assert policies.retention == RetentionPolicy(
        name="standard",
        description="empty the bin",
        folders=(
            FolderRetention(folder=Folder.DELETED_ITEMS, action=RetentionAction.DELETE, days=30),
            FolderRetention(folder=Folder.INBOX, action=RetentionAction.NONE, days=None),
        ),
    )
    assert policies.impersonation_roles == (
        ImpersonationRole(
            name="backup",
            type=ImpersonationType.READ_ONLY,
            description="nightly",
            rules=(rule,),
        ),
    )
    assert policies.availability == (
        Availability(domain="partner.example", ews=ews),
        Availability(
            domain="other.example",
            lambda_arn="arn:aws:lambda:us-east-1:111122223333:function:availability",
        ),
    )
    assert policies.email_monitoring == EmailMonitoring(retention_days=90)
    assert policies.inbound_dmarc_enforced is True
    assert policies.identity_center == IdentityCenter(
        instance_arn="arn:aws:sso:::instance/ssoins-1234567890abcdef",
        authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY,
        personal_access_tokens=PersonalAccessTokens(status=TokenStatus.ACTIVE, lifetime_days=365),
    )


def test_given_log_groups_are_not_managed() -> None:
    expected = EmailMonitoring(
        log_group_arn="arn:aws:logs:us-east-1:111122223333:log-group:/mail/events:*",
        role_arn="arn:aws:iam::111122223333:role/events",
    )

    assert expected == BY_KEY["simple"].policies.email_monitoring


def test_words_for_removal_and_limits_are_built() -> None:
    assert ACME.on_removal == OnRemoval(
        users=Removal.RETAIN,
        resources=Removal.DELETE,
        groups=Removal.DISABLE,
        domains=Removal.RETAIN,
        organization=Removal.DELETE,
        directory=Removal.DELETE,
    )
    safety = Safety(max_removals_percent=50, min_managed=0, require_approval=True)

    assert safety == ACME.safety


def test_alarms_are_built() -> None:
    topic = "arn:aws:sns:eu-west-1:111122223333:mail"

    assert Alarms(topic_arn=topic, bounces_per_hour=50, dashboard=True) == ACME.alarms
    assert BY_KEY["simple"].alarms is None


def test_directories_of_every_type_are_built() -> None:
    subnets = ("subnet-01234567", "subnet-12345678")

    assert BY_KEY["simple"].directory == Directory(
        type=DirectoryType.SIMPLE_AD,
        name="corp.acme.example",
        short_name="CORP",
        size="small",
        vpc_id="vpc-01234567",
        subnet_ids=subnets,
        admin_password_secret="directory/admin",
    )
    assert BY_KEY["managed"].directory == Directory(
        type=DirectoryType.MANAGED_AD,
        name="corp.acme.example",
        short_name="CORP",
        edition="enterprise",
        vpc_id="vpc-0123456789abcdef0",
        subnet_ids=("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
    )
    assert BY_KEY["connector"].directory == Directory(
        type=DirectoryType.AD_CONNECTOR,
        name="corp.acme.example",
        short_name="CORP",
        size="large",
        vpc_id="vpc-01234567",
        subnet_ids=subnets,
        dns_ips=("10.0.0.10", "10.0.1.10"),
        service_account=ServiceAccount(username="svc", password_secret="directory/connector"),
    )
    assert BY_KEY["live"].directory == Directory(
        type=DirectoryType.EXISTING, directory_id="d-1234567890", kind=DirectoryType.MANAGED_AD
    )


def test_an_ad_connector_makes_no_passwords() -> None:
    connector = BY_KEY["connector"]

    assert Passwords.NONE == connector.passwords
    assert (User(name="carol", email="carol@connector.awsapps.com"),) == connector.users


@pytest.mark.parametrize(
    ("domains", "expected"),
    [
        ("{}", "bob@acme.awsapps.com"),
        ("{a.example: {}}", "bob@acme.awsapps.com"),
        ("{A.example: {verified: true, default: true}}", "bob@a.example"),
        (
            "{a.example: {verified: true}, b.example: {verified: true, default: true}}",
            "bob@b.example",
        ),
    ],
)
def test_a_default_address_lies_in_the_default_domain(
    tmp_path: Path, domains: str, expected: str
) -> None:
    environment = load_text(
        tmp_path,
        f"""\
version: 1
environment: test
organizations:
  acme:
    region: eu-west-1
    alias: acme
    domains: {domains}
    users: {{bob: {{display_name: Bob}}}}
""",
    )

    assert expected == environment.organizations[0].users[0].email


def test_a_warning_does_not_stop_anything(tmp_path: Path) -> None:
    domains = "".join(f"      d{number}.example: {{}}\n" for number in range(101))
    (tmp_path / "spec.yaml").write_text(
        "version: 1\nenvironment: test\norganizations:\n  acme:\n"
        f"    region: eu-west-1\n    alias: acme\n    domains:\n{domains}"
    )

    reading = read_spec(tmp_path / "spec.yaml")

    assert reading.environment is not None
    assert 101 == len(reading.environment.organizations[0].domains)
    (problem,) = reading.problems
    assert Severity.WARNING == problem.severity
    assert (8, "101 domains may be too many") == (problem.place.line, problem.message)
    assert problem.hint == "AWS documents 100 in one place and 1000 in another"


def test_an_error_stops_and_carries_every_problem(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        load_text(tmp_path, "version: 2\nenvironment: Test\norganizations: {}\n")

    told = [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.problems]
    assert told == [
        "spec.yaml:1:10: version: 2 is not a valid version of the spec format; allowed: 1",
        'spec.yaml:2:14: environment: "Test" is not a valid environment name; allowed: '
        "1 to 20 lower-case letters, digits and hyphens, beginning with a letter",
        "spec.yaml:3:16: organizations: 0 entries are too few; allowed: at least 1",
    ]


@pytest.mark.parametrize("text", ["", "- 1\n", "text\n", "a: [\n", "\x00"])
def test_what_is_no_spec_at_all_is_a_problem_and_no_traceback(tmp_path: Path, text: str) -> None:
    (tmp_path / "spec.yaml").write_text(text)

    reading = read_spec(tmp_path / "spec.yaml")

    assert reading.environment is None
    assert reading.problems


def list_paths(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    entries: Any = ()
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value).items()
    elif isinstance(value, list):
        entries = enumerate(cast("list[object]", value))
    for key, inner in entries:
        yield from list_paths(inner, (*path, key))


RESOLVED = read_spec(SPECS / "valid" / "full.yaml").document.value
JUNK: list[Any] = [
    *(None, True, 0, -1.5, float("inf"), "", "x", "group:", "é\n"),
    *([], [None], [[]], ["alice", 5, {}]),
    *({}, {"": None}, {"x": {}}, {"type": []}, {"default": {}}, {"alice": [1]}),
]


@given(
    changes=st.dictionaries(
        st.sampled_from(list(list_paths(RESOLVED))[1:]), st.sampled_from(JUNK), min_size=1
    )
)
def test_no_value_anywhere_makes_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[tuple[Any, ...], object]
) -> None:
    """Rules judge what the schema refuses, and building what it lets pass."""
    spec = copy.deepcopy(RESOLVED)
    for path in sorted(changes, key=len, reverse=True):
        parent: Any = spec
        for step in path[:-1]:
            parent = parent[step]
        parent[path[-1]] = changes[path]
    file = tmp_path_factory.getbasetemp() / "spec.yaml"
    # numbers that JSON does not know are written otherwise in YAML
    file.write_text(json.dumps(spec).replace("Infinity", ".inf"), encoding="utf-8")

    reading = read_spec(file)

    assert (reading.environment is None) == any(
        problem.severity is Severity.ERROR for problem in reading.problems
    )


def test_a_day_that_the_calendar_does_not_have_is_told(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match='the calendar has no "2026-02-30"; write another day'):
        load_text(
            tmp_path,
            "version: 1\nenvironment: test\nexpires: 2026-02-30\n"
            "organizations: {acme: {region: eu-west-1, alias: acme}}\n",
        )


def test_the_documented_example_is_right() -> None:
    example = load_environment(Path(__file__).parents[3] / "config" / "example.yaml")

    assert ["acme-eu", "acme-us"] == [each.key for each in example.organizations]
    assert {"eu-west-1", "us-east-1"} == {each.region for each in example.organizations}


def test_a_star_is_every_mailbox_that_is_not_named_with_the_grantee(tmp_path: Path) -> None:
    spec = tmp_path / "s.yaml"
    spec.write_text(
        """\
version: 1
environment: test
organizations:
  acme:
    region: eu-west-1
    alias: acme
    users:
      alice: {display_name: A}
      bob: {display_name: B}
      migration: {display_name: M}
      partner: {display_name: P, role: remote_user, email: p@partner.example}
    groups: {sales: {}}
    resources: {room: {type: room}}
    permissions:
      - {mailbox: "*", grantee: migration, rights: [full_access]}
      - {mailbox: bob, grantee: migration, rights: [send_as]}
      - {mailbox: bob, grantee: alice, rights: [send_as]}
""",
        encoding="utf-8",
    )
    (organization,) = load_environment(spec).organizations

    assert {
        ("alice", "migration", ("full_access",)),
        ("resource:room", "migration", ("full_access",)),
        ("bob", "migration", ("send_as",)),
        ("bob", "alice", ("send_as",)),
    } == {(str(p.mailbox), str(p.grantee), p.rights) for p in organization.permissions}


def test_exports_are_built_with_every_default() -> None:
    key = "arn:aws:kms:eu-west-1:111122223333:key/0f1e2d3c-4b5a"

    assert Exports(bucket="mail-archive", key=key, prefix="mail/") == ACME.exports
    assert BY_KEY["simple"].exports is None
    empty = {"region": "eu-west-1", "alias": "a", "exports": None}
    spec = {"version": 1, "environment": "e", "organizations": {"a": empty}}
    (built,) = build(spec).organizations
    assert Exports(bucket="managed", key="managed", prefix="workmail-exports/") == built.exports
