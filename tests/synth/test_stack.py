"""What an organization becomes in a template."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Annotations, Match

from scenes import make_organization
from workmail_org.infra import OrganizationStack
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.domain import HostedZone, MailDomain, RecordGroup
from workmail_org.model.group import Group
from workmail_org.model.organization import Environment, Organization, Passwords
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.user import User
from workmail_org.model.values import Kind, OrganizationId, Reference, parse_reference

ZONE = HostedZone(hosted_zone_id="Z0123456789", zone_name="acme.example")

ORGANIZATION = Organization(
    key="acme-eu",
    region="eu-west-1",
    alias="acme",
    tags={"team": "Plattform Zürich"},
    domains=(
        MailDomain(name="acme.example", default=True, dns=ZONE),
        MailDomain(
            name="shop.acme.example",
            dns=HostedZone(
                hosted_zone_id="Z0123456789",
                zone_name="acme.example",
                omit=(RecordGroup.DMARC, RecordGroup.MX),
            ),
        ),
        MailDomain(name="old-acme.example"),
    ),
    users=(
        User(name="alice", display_name="Zoë Ångström 北", email="alice@acme.example"),
        User(
            name="bob",
            display_name="${Token[TOKEN.1]} {{resolve:x}}",
            email="bob@acme.example",
            enabled=False,
        ),
        User(name="Ref", display_name="Fn::GetAtt", email="ref@acme.example"),
    ),
    groups=(
        Group(
            name="sales",
            email="sales@acme.example",
            aliases=("deals@acme.example",),
            members=(
                Reference(Kind.USER, "alice"),
                Reference(Kind.USER, "bob"),
                Reference(Kind.GROUP, "support"),
            ),
        ),
        Group(name="support", email="support@acme.example"),
    ),
)

BARE = Organization(key="bare", region="us-east-1", alias="bare")

LIVE = "m-0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def whole(synthesize: Callable[..., Any]) -> Any:
    return synthesize(ORGANIZATION)


@pytest.fixture(scope="module")
def bare(synthesize: Callable[..., Any]) -> Any:
    return synthesize(BARE, account=None)


def make_stack(today: date, **environment: Any) -> OrganizationStack:
    declared = Environment(name="staging", organizations=(BARE,), **environment)
    return OrganizationStack(App(), environment=declared, organization=BARE, today=today)


def test_a_stack_is_named_after_environment_and_key_and_lies_in_its_region(whole: Any) -> None:
    stack = whole.stack

    assert ("production-acme-eu", "eu-west-1", "111122223333") == (
        stack.stack_name,
        stack.region,
        stack.account,
    )


def test_without_an_account_the_one_that_deploys_is_taken(
    monkeypatch: pytest.MonkeyPatch, today: date
) -> None:
    monkeypatch.setenv("CDK_DEFAULT_ACCOUNT", "444455556666")

    assert "444455556666" == make_stack(today).account


def test_the_account_of_the_spec_goes_before_the_one_that_deploys(
    monkeypatch: pytest.MonkeyPatch, today: date
) -> None:
    monkeypatch.setenv("CDK_DEFAULT_ACCOUNT", "444455556666")

    assert "111122223333" == make_stack(today, account="111122223333").account


def test_organizations_of_two_regions_are_two_stacks_that_share_nothing(
    whole: Any, bare: Any
) -> None:
    assert ("eu-west-1", "us-east-1") == (whole.stack.region, bare.stack.region)
    assert [] == whole.stack.dependencies + bare.stack.dependencies


def test_synth_warns_of_the_end_of_amazon_workmail(today: date) -> None:
    annotations = Annotations.from_stack(make_stack(today))

    annotations.has_warning(
        "*",
        "Amazon WorkMail ends on 2027-03-31, with all mailboxes: 129 days left "
        "[ack: workmail-org:end-of-support]",
    )


def test_a_spec_can_silence_that_warning(today: date) -> None:
    annotations = Annotations.from_stack(make_stack(today, acknowledge_end_of_support=True))

    annotations.has_no_warning("*", Match.any_value())


def test_an_expired_copy_is_an_error_from_the_day_after() -> None:
    expires = date(2026, 12, 31)
    on_the_day = Annotations.from_stack(make_stack(expires, expires=expires))
    after = Annotations.from_stack(make_stack(date(2027, 1, 1), expires=expires))

    on_the_day.has_no_error("*", Match.any_value())
    after.has_error(
        "*", "this copy expired on 2026-12-31: destroy it, or give it a later `expires`"
    )


def test_the_template_is_pure_ascii(whole: Any) -> None:
    text = (whole.folder / "production-acme-eu.template.json").read_bytes()

    assert text.isascii()


def test_every_name_arrives_in_the_handler_unharmed(whole: Any) -> None:
    arrived = whole.receive("Users")

    assert ORGANIZATION.users == arrived.users


@pytest.mark.parametrize("name", ["Ref", "Fn.GetAtt", "Condition"])
def test_a_lone_user_is_never_taken_for_an_intrinsic_function(
    synthesize: Callable[..., Any], name: str
) -> None:
    users = (User(name=name, email="lone@bare.awsapps.com"),)

    assert users == synthesize(replace(BARE, users=users)).receive("Users").users


def test_tags_arrive_in_the_handler_unharmed(whole: Any) -> None:
    arrived = whole.receive("Organization")

    assert ("acme", "production-acme-eu", {"team": "Plattform Zürich"}) == (
        arrived.alias,
        arrived.owner,
        dict(arrived.tags),
    )


def test_an_organization_is_created_with_what_cannot_change_later(
    synthesize: Callable[..., Any],
) -> None:
    key = "arn:aws:kms:us-east-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    found = synthesize(
        Organization(
            key="ad",
            region="us-east-1",
            alias="ad",
            directory=Directory(
                type=DirectoryType.EXISTING,
                kind=DirectoryType.AD_CONNECTOR,
                directory_id="d-0123456789",
            ),
            kms_key_arn=key,
            interoperability=True,
            passwords=Passwords.NONE,
        )
    ).get("Organization")

    assert {
        "ServiceToken": {"Fn::GetAtt": ["OrganizationProvider", "Arn"]},
        "LedgerTable": {"Ref": "Ledger"},
        "ServiceTimeout": "3600",
        "Alias": "ad",
        "Owner": "production-ad",
        "DirectoryId": "d-0123456789",
        "KmsKeyArn": key,
        "Interoperability": "true",
        "DefaultDomain": "ad.awsapps.com",
    } == found


def test_users_and_groups_of_a_read_only_directory_say_so(synthesize: Callable[..., Any]) -> None:
    found = synthesize(
        Organization(
            key="ad",
            region="us-east-1",
            alias="ad",
            directory=Directory(
                type=DirectoryType.EXISTING,
                kind=DirectoryType.AD_CONNECTOR,
                directory_id="d-0123456789",
            ),
            passwords=Passwords.NONE,
            users=(User(name="alice", email="alice@ad.awsapps.com"),),
        )
    )
    arrived = found.receive("Users")

    assert (User(name="alice", email="alice@ad.awsapps.com"),) == arrived.users
    assert (True, Passwords.NONE) == (arrived.read_only_directory, arrived.passwords)
    assert "true" == found.get("Groups")["ReadOnlyDirectory"]
    assert {} == found.find("AWS::SecretsManager::Secret")


def test_domains_are_registered_one_after_the_other(whole: Any) -> None:
    first, second, third = (
        whole.find_id("Custom::WorkMailDomain", Domain=name)
        for name in ("acme.example", "shop.acme.example", "old-acme.example")
    )
    waits = [whole.resources[each].get("DependsOn") for each in (first, second, third)]

    assert [None, [first], [second]] == waits


def test_domains_are_verified_one_after_the_other_once_their_records_are_there(whole: Any) -> None:
    first, second = (
        whole.find_id("Custom::WorkMailDomainVerification", Domain=name)
        for name in ("acme.example", "shop.acme.example")
    )
    records = [k for k in whole.find("AWS::Route53::RecordSet") if "Shop" not in k]
    shop_records = [k for k in whole.find("AWS::Route53::RecordSet") if "Shop" in k]

    assert sorted(records) == whole.resources[first]["DependsOn"]
    assert sorted([first, *shop_records]) == whole.resources[second]["DependsOn"]


def test_a_hosted_zone_gets_the_eight_records(whole: Any) -> None:
    domain = whole.find_id("Custom::WorkMailDomain", Domain="acme.example")
    found = {
        (record["Type"], str(record["Name"]), str(record["ResourceRecords"]))
        for key, resource in whole.find("AWS::Route53::RecordSet").items()
        if "Shop" not in key
        for record in [resource["Properties"]]
    }

    def get(attribute: str) -> str:
        return str({"Fn::GetAtt": [domain, attribute]})

    assert {
        ("MX", "acme.example.", f"[{get('MxValue')}]"),
        ("TXT", "_amazonses.acme.example.", f"[{get('OwnershipValue')}]"),
        ("CNAME", "autodiscover.acme.example.", f"[{get('AutodiscoverValue')}]"),
        ("CNAME", get("Dkim1Name"), f"[{get('Dkim1Value')}]"),
        ("CNAME", get("Dkim2Name"), f"[{get('Dkim2Value')}]"),
        ("CNAME", get("Dkim3Name"), f"[{get('Dkim3Value')}]"),
        ("TXT", "acme.example.", f"[{get('SpfValue')}]"),
        ("TXT", "_dmarc.acme.example.", f"[{get('DmarcValue')}]"),
    } == found


def test_records_lie_in_the_hosted_zone_for_ten_minutes(whole: Any) -> None:
    records = whole.find("AWS::Route53::RecordSet").values()

    assert {("Z0123456789", "600")} == {
        (each["Properties"]["HostedZoneId"], each["Properties"]["TTL"]) for each in records
    }


def test_omitted_records_are_left_to_somebody_else(whole: Any) -> None:
    names = {
        (record["Properties"]["Type"], record["Properties"]["Name"])
        for record in whole.find("AWS::Route53::RecordSet").values()
        if isinstance(record["Properties"]["Name"], str)
    }

    assert ("MX", "shop.acme.example.") not in names
    assert ("TXT", "_dmarc.shop.acme.example.") not in names
    assert ("TXT", "shop.acme.example.") in names


def test_adopted_records_are_left_as_they_are(synthesize: Any) -> None:
    """And the domain is waited for all the same: the ownership record is there."""
    zone = HostedZone(hosted_zone_id="Z1", zone_name="acme.example", adopt=True)
    domain = MailDomain(name="acme.example", default=True, dns=zone)
    found = synthesize(replace(make_organization(), domains=(domain,)))

    assert {} == found.find("AWS::Route53::RecordSet")
    assert 1 == len(found.find("Custom::WorkMailDomainVerification"))


def test_records_of_a_manual_domain_are_given_out_as_a_zone_file(whole: Any) -> None:
    domain = whole.find_id("Custom::WorkMailDomain", Domain="old-acme.example")
    outputs = {key: out for key, out in whole.outputs.items() if key.startswith("ZoneFile")}

    assert [
        {
            "Description": "DNS records to put in place for old-acme.example, "
            "as lines of a zone file",
            "Value": {"Fn::GetAtt": [domain, "ZoneFile"]},
        }
    ] == list(outputs.values())


def test_the_default_domain_waits_for_every_domain(whole: Any) -> None:
    default = whole.resources["DefaultDomain"]

    assert {
        whole.find_id("Custom::WorkMailDomainVerification", Domain="acme.example"),
        whole.find_id("Custom::WorkMailDomainVerification", Domain="shop.acme.example"),
        whole.find_id("Custom::WorkMailDomain", Domain="old-acme.example"),
    } == set(default["DependsOn"])
    assert ("acme.example", "acme.awsapps.com") == (
        default["Properties"]["Domain"],
        default["Properties"]["TestDomain"],
    )


def test_the_test_domain_is_the_default_without_a_resource(bare: Any) -> None:
    assert {} == bare.find("Custom::WorkMailDefaultDomain")


def test_users_wait_for_domains_groups_for_users_and_resources_for_groups(whole: Any) -> None:
    assert {"DefaultDomain", *whole.resources["DefaultDomain"]["DependsOn"]} == set(
        whole.resources["Users"]["DependsOn"]
    )
    assert ["Users"] == whole.resources["Groups"]["DependsOn"]
    assert ["Groups"] == whole.resources["Resources"]["DependsOn"]


def test_users_know_the_addresses_of_collections_that_come_later(whole: Any) -> None:
    arrived = whole.receive("Users")

    assert {
        "group:sales": ("sales@acme.example", "deals@acme.example"),
        "group:support": ("support@acme.example",),
    } == dict(arrived.other_addresses)


def test_members_that_are_switched_off_are_left_out(whole: Any) -> None:
    sales = whole.receive("Groups").groups[0]

    assert (parse_reference("alice"), parse_reference("group:support")) == sales.members


def test_empty_collections_are_there_too_so_that_emptying_one_is_an_update(bare: Any) -> None:
    assert ["Custom::WorkMailUsers", "Custom::WorkMailGroups", "Custom::WorkMailResources"] == [
        bare.resources[key]["Type"] for key in ("Users", "Groups", "Resources")
    ]


def test_what_happens_on_removal_reaches_every_handler(synthesize: Callable[..., Any]) -> None:
    found = synthesize(
        Organization(
            key="copy",
            region="us-east-1",
            alias="copy",
            domains=(MailDomain(name="a.example"),),
            on_removal=OnRemoval(
                users=Removal.DELETE,
                groups=Removal.RETAIN,
                resources=Removal.DELETE,
                domains=Removal.RETAIN,
                organization=Removal.DELETE,
                directory=Removal.DELETE,
            ),
        )
    )
    (domain,) = found.find("Custom::WorkMailDomain")

    assert ["delete", "delete", "delete", "retain", "delete", "retain"] == [
        found.get("Organization")["OnRemoval"],
        found.get("Organization")["DirectoryOnRemoval"],
        found.get("Users")["OnRemoval"],
        found.get("Groups")["OnRemoval"],
        found.get("Resources")["OnRemoval"],
        found.get(domain)["OnRemoval"],
    ]


@pytest.mark.parametrize(
    ("removal_policy", "policy"), [(Removal.RETAIN, "Retain"), (Removal.DELETE, "Delete")], ids=str
)
def test_passwords_ledger_and_logs_stay_as_long_as_the_organization(
    synthesize: Callable[..., Any], removal_policy: Removal, policy: str
) -> None:
    organization = Organization(
        key="a", region="us-east-1", alias="a", on_removal=OnRemoval(organization=removal_policy)
    )
    found = synthesize(organization)
    kept = [
        each
        for kind in ("AWS::SecretsManager::Secret", "AWS::DynamoDB::Table", "AWS::Logs::LogGroup")
        for each in found.find(kind).values()
    ]

    assert [(policy, policy)] * 4 == [
        (each["DeletionPolicy"], each["UpdateReplacePolicy"]) for each in kept
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({}, ("Delete", "Delete")),
        ({"on_removal": OnRemoval(organization=Removal.DELETE)}, ("Delete", "Delete")),
        (
            {"on_removal": OnRemoval(domains=Removal.RETAIN)},
            ("RetainExceptOnCreate", "Retain"),
        ),
        ({"existing": OrganizationId("m-" + 32 * "0")}, ("RetainExceptOnCreate", "Retain")),
    ],
    ids=["deregister", "copy", "retain", "taken over"],
)
def test_dns_records_stay_as_long_as_their_domain(
    synthesize: Callable[..., Any], words: dict[str, Any], expected: tuple[str, str]
) -> None:
    """But not those that a failed deployment has made: the next one could not create them."""
    zone = HostedZone(hosted_zone_id="Z1", zone_name="a.example")
    organization = Organization(
        key="a",
        region="us-east-1",
        alias="a",
        domains=(MailDomain(name="a.example", default=True, dns=zone),),
        **words,
    )
    records = synthesize(organization).find("AWS::Route53::RecordSet").values()

    assert [expected] * 8 == [
        (each["DeletionPolicy"], each["UpdateReplacePolicy"]) for each in records
    ]


def test_cloudformation_calls_delete_for_every_resource_of_ours(whole: Any) -> None:
    ours = [r for r in whole.resources.values() if r["Type"].startswith("Custom::")]

    assert [None] * len(ours) == [resource.get("DeletionPolicy") for resource in ours]


def test_every_resource_of_ours_times_out_within_the_hour(whole: Any) -> None:
    ours = [r for r in whole.resources.values() if r["Type"].startswith("Custom::")]

    assert {"3600"} == {resource["Properties"]["ServiceTimeout"] for resource in ours}


def test_the_password_secret_has_no_value_until_the_handler_writes_one(whole: Any) -> None:
    assert {"Description": "First passwords of users of acme, by user name"} == whole.get(
        "Passwords"
    )


def test_the_password_secret_is_encrypted_with_the_key_of_the_organization(
    synthesize: Callable[..., Any],
) -> None:
    key = "arn:aws:kms:us-east-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    organization = Organization(key="a", region="us-east-1", alias="a", kms_key_arn=key)

    assert key == synthesize(organization).get("Passwords")["KmsKeyId"]


def test_service_tokens_have_logical_ids_that_no_upgrade_changes(whole: Any) -> None:
    tokens = {
        (resource["Type"], resource["Properties"]["ServiceToken"]["Fn::GetAtt"][0])
        for resource in whole.resources.values()
        if resource["Type"].startswith("Custom::")
    }

    assert {
        ("Custom::WorkMailOrganization", "OrganizationProvider"),
        ("Custom::WorkMailMailboxPermissions", "MailboxesProvider"),
        ("Custom::WorkMailRemovals", "MailboxesProvider"),
        ("Custom::WorkMailDomain", "OrganizationProvider"),
        ("Custom::WorkMailDomainVerification", "OrganizationProvider"),
        ("Custom::WorkMailDefaultDomain", "OrganizationProvider"),
        ("Custom::WorkMailUsers", "MailboxesProvider"),
        ("Custom::WorkMailGroups", "MailboxesProvider"),
        ("Custom::WorkMailResources", "MailboxesProvider"),
    } == tokens


def test_handlers_are_those_that_the_wire_names(whole: Any) -> None:
    handlers = [
        (
            each["Properties"]["Handler"],
            each["Properties"]["Runtime"],
            each["Properties"]["Timeout"],
            each["Properties"]["MemorySize"],
        )
        for each in whole.find("AWS::Lambda::Function").values()
        if each["Properties"]["Runtime"].startswith("python")
    ]

    assert [
        ("workmail_org.handlers.entry.is_complete", "python3.12", 900, 512),
        ("workmail_org.handlers.entry.is_complete", "python3.12", 900, 512),
        ("workmail_org.handlers.entry.on_event", "python3.12", 900, 512),
        ("workmail_org.handlers.entry.on_event", "python3.12", 900, 512),
    ] == sorted(handlers)


def test_every_function_writes_a_log_that_ends_after_three_months(whole: Any) -> None:
    groups = whole.find("AWS::Logs::LogGroup")
    used = {
        each["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
        for each in whole.find("AWS::Lambda::Function").values()
    }

    assert set(groups) == used
    assert {90} == {group["Properties"]["RetentionInDays"] for group in groups.values()}


def test_the_ledger_has_the_keys_that_the_handler_uses_and_can_be_restored(whole: Any) -> None:
    ledger = whole.get("Ledger")

    assert [
        {"AttributeName": "Kind", "KeyType": "HASH"},
        {"AttributeName": "Name", "KeyType": "RANGE"},
    ] == ledger["KeySchema"]
    assert {"PointInTimeRecoveryEnabled": True} == ledger["PointInTimeRecoverySpecification"]


def test_outputs_have_names_to_rely_on(whole: Any) -> None:
    values = {key: out["Value"] for key, out in whole.outputs.items() if "Zone" not in key}

    assert {
        "OrganizationId": {"Ref": "Organization"},
        "OrganizationArn": {"Fn::GetAtt": ["Organization", "Arn"]},
        "WebClientUrl": "https://acme.awsapps.com/mail",
        "PasswordSecretArn": {"Ref": "Passwords"},
    } == values


def take_over(**fields: Any) -> Organization:
    return replace(BARE, existing=OrganizationId(LIVE), **fields)


def test_a_live_organization_is_taken_over_with_its_domains(
    synthesize: Callable[..., Any],
) -> None:
    found = synthesize(take_over(domains=(MailDomain(name="a.example"),)))
    (domain,) = found.find("Custom::WorkMailDomain")

    assert (LIVE, "true") == (found.get("Organization")["Existing"], found.get(domain)["Existing"])


def test_a_live_organization_keeps_its_default_domain_when_the_stack_goes(
    synthesize: Callable[..., Any], whole: Any
) -> None:
    domains = (MailDomain(name="a.example", default=True, verified=True),)
    taken_over = synthesize(take_over(domains=domains)).receive("DefaultDomain")
    made = whole.receive("DefaultDomain")

    assert ("a.example", "a.example") == (taken_over.domain, taken_over.test_domain)
    assert ("acme.example", "acme.awsapps.com") == (made.domain, made.test_domain)


def test_dns_records_of_a_live_organization_are_written_where_the_spec_gives_a_zone(
    synthesize: Callable[..., Any],
) -> None:
    zone = HostedZone(hosted_zone_id="Z0123456789", zone_name="a.example")
    given = synthesize(take_over(domains=(MailDomain(name="a.example", dns=zone),)))
    manual = synthesize(take_over(domains=(MailDomain(name="a.example", verified=True),)))

    assert (8, 0) == tuple(len(each.find("AWS::Route53::RecordSet")) for each in (given, manual))


def test_what_a_live_organization_needs_stays_whatever_the_spec_says(
    synthesize: Callable[..., Any],
) -> None:
    on_removal = OnRemoval(organization=Removal.DELETE, directory=Removal.DELETE)
    found = synthesize(take_over(on_removal=on_removal))
    kept = [
        each["DeletionPolicy"]
        for kind in ("AWS::SecretsManager::Secret", "AWS::DynamoDB::Table", "AWS::Logs::LogGroup")
        for each in found.find(kind).values()
    ]

    assert ["Retain"] * 4 == kept


def test_the_directory_of_a_live_organization_is_not_made(synthesize: Callable[..., Any]) -> None:
    directory = Directory(type=DirectoryType.SIMPLE_AD, name="corp.example", vpc_id="vpc-01234567")
    found = synthesize(take_over(directory=directory))

    assert {} == found.find("Custom::WorkMailDirectory")
    assert "DirectoryId" not in found.get("Organization")


def test_what_exists_already_is_taken_over_where_the_spec_says_so(
    synthesize: Callable[..., Any],
) -> None:
    users = (User(name="alice", email="alice@bare.awsapps.com", adopt=True), User(name="bob"))
    some = synthesize(replace(BARE, users=users)).receive("Users")
    everything = synthesize(replace(BARE, adopt=True))

    assert (False, [True, False]) == (some.adopt, [user.adopt for user in some.users])
    assert [True] * 3 == [everything.receive(key).adopt for key in ("Users", "Groups", "Resources")]
