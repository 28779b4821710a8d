"""Organizations, domains, directories and tags."""

from __future__ import annotations

from typing import Any

import pytest


def test_an_organization_becomes_active_in_half_a_minute(
    make_emulator: Any, account_of: Any, refused: Any
) -> None:
    account = account_of(make_emulator())
    account.create()
    seen: list[str] = []

    for seconds in (0, 5, 25):
        account.emulator.clock.advance(seconds)
        seen.append(account("describe_organization")["State"])
        if seen[-1] != "Active":
            with refused("OrganizationStateException"):
                account("list_users")

    assert ["Requested", "Creating", "Active"] == seen


def test_a_doomed_organization_ends_failed_with_its_reason(
    make_emulator: Any, account_of: Any
) -> None:
    account = account_of(make_emulator(instant=True))
    account.emulator.fail_later("CreateOrganization", "no more customers")
    account.create()

    described = account("describe_organization")

    assert ("Failed", "no more customers") == (described["State"], described["ErrorMessage"])


def test_a_deleted_organization_is_described_as_deleted_and_its_alias_is_burned(
    acme: Any, refused: Any
) -> None:
    acme.user("alice", "alice@acme.example")

    with refused("OrganizationStateException"):
        acme("delete_organization", DeleteDirectory=True)
    reply = acme("delete_organization", DeleteDirectory=True, ForceDelete=True)

    assert "Deleting" == reply["State"]
    assert "Deleted" == acme("describe_organization")["State"]
    assert ["lost"] == [mailbox.status for mailbox in acme.emulator.mailboxes]
    with refused("OrganizationStateException"):
        acme("describe_user", UserId="alice")
    with refused("OrganizationStateException"):
        acme("delete_organization", DeleteDirectory=True)
    with refused("NameAvailabilityException"):
        acme.client.create_organization(Alias="ACME")


def test_an_alias_is_taken_in_every_region_but_what_is_in_it_is_not(
    acme: Any, account_of: Any, refused: Any
) -> None:
    west = account_of(acme.emulator, region="us-west-2")

    with refused("NameAvailabilityException"):
        west.create("acme")
    west.create("acme-west")
    west("register_mail_domain", DomainName="acme.example")
    west.user("alice", "alice@acme.example")

    assert 1 == len(west.client.list_organizations()["OrganizationSummaries"])
    assert [] == acme("list_users", Filters={"UsernamePrefix": "alice"})["Users"]
    with refused("OrganizationNotFoundException"):
        acme.client.describe_organization(OrganizationId=west.organization)


def test_the_same_client_token_gives_the_same_organization(acme: Any, refused: Any) -> None:
    first = acme.client.create_organization(Alias="second", ClientToken="t1")
    again = acme.client.create_organization(Alias="second", ClientToken="t1")

    assert first["OrganizationId"] == again["OrganizationId"]
    with refused("InvalidParameterException"):
        acme.client.create_organization(Alias="third", ClientToken="t1")
    acme.emulator.clock.advance(86400)
    with refused("NameAvailabilityException"):
        acme.client.create_organization(Alias="second", ClientToken="t1")


def test_a_refused_organization_changes_nothing(acme: Any, refused: Any) -> None:
    before = acme.emulator.state()

    with refused("InvalidParameterException"):
        acme.client.create_organization(Alias="second", Domains=[{"DomainName": "acme.example"}])

    assert before == acme.emulator.state()
    acme.create("second", Domains=[{"DomainName": "second.example"}])
    assert ["second.awsapps.com", "second.example"] == [
        domain["DomainName"] for domain in acme("list_mail_domains")["MailDomains"]
    ]


@pytest.mark.parametrize(
    "parameters",
    [
        {"EnableInteroperability": True},
        {"KmsKeyArn": "arn:aws:kms:us-east-1:000000000000:key/abc"},
    ],
    ids=["interoperability without AD Connector", "key of another region"],
)
def test_what_does_not_fit_the_organization_is_refused(
    acme: Any, refused: Any, parameters: Any
) -> None:
    with refused("InvalidParameterException"):
        acme.client.create_organization(Alias="second", **parameters)


def test_the_eight_records_of_a_domain_are_as_captured(acme: Any) -> None:
    records = acme("get_mail_domain", DomainName="acme.example")["Records"]

    tokens = [r["Value"].partition(".")[0] for r in records if "_domainkey" in r["Hostname"]]
    ownership = next(r["Value"] for r in records if r["Hostname"].startswith("_amazonses"))
    assert [
        ("MX", "acme.example.", "10 inbound-smtp.eu-west-1.amazonaws.com."),
        ("TXT", "_amazonses.acme.example.", ownership),
        ("CNAME", "autodiscover.acme.example.", "autodiscover.mail.eu-west-1.awsapps.com."),
        *(
            ("CNAME", f"{token}._domainkey.acme.example.", f"{token}.dkim.amazonses.com.")
            for token in tokens
        ),
        ("TXT", "acme.example.", "v=spf1 include:amazonses.com ~all"),
        ("TXT", "_dmarc.acme.example.", "v=DMARC1;p=quarantine;pct=100;fo=1"),
    ] == [(r["Type"], r["Hostname"], r["Value"]) for r in records]
    assert 3 == len(set(tokens))
    assert 44 == len(ownership)


def test_a_domain_is_verified_when_its_records_are_found(
    make_emulator: Any, account_of: Any
) -> None:
    published: dict[tuple[str, str], frozenset[str]] = {}

    def look_up(name: str, kind: str) -> frozenset[str]:
        return published.get((name, kind), frozenset())

    account = account_of(make_emulator(instant=True, dns=look_up))
    account.create()
    account("register_mail_domain", DomainName="Acme.example")

    def statuses() -> tuple[str, str]:
        domain = account("get_mail_domain", DomainName="acme.example")
        return domain["OwnershipVerificationStatus"], domain["DkimVerificationStatus"]

    seen = [statuses()]
    records = account("get_mail_domain", DomainName="acme.example")["Records"]
    for kind in ("TXT", "CNAME"):
        for record in records:
            if record["Type"] == kind:
                name = record["Hostname"].rstrip(".")
                published[name, kind] = frozenset({record["Value"]})
        seen.append(statuses())
    published.clear()
    seen.append(statuses())

    assert [
        ("PENDING", "PENDING"),
        ("VERIFIED", "PENDING"),
        ("VERIFIED", "VERIFIED"),
        ("VERIFIED", "VERIFIED"),
    ] == seen


def test_without_records_verification_fails_after_three_days_and_can_start_again(
    make_emulator: Any, account_of: Any
) -> None:
    account = account_of(make_emulator())
    account.create()
    account.emulator.clock.advance(30)
    account("register_mail_domain", DomainName="acme.example")
    seen: list[str] = []

    def look() -> None:
        domain = account("get_mail_domain", DomainName="acme.example")
        seen.append(domain["OwnershipVerificationStatus"])

    look()
    account.emulator.clock.advance(72 * 3600 + 1)
    look()
    account("register_mail_domain", DomainName="acme.example")
    look()
    account.emulator.verify("ACME.example")
    look()

    assert ["PENDING", "FAILED", "PENDING", "VERIFIED"] == seen


def test_a_domain_belongs_to_one_organization_of_a_region(acme: Any, refused: Any) -> None:
    acme("register_mail_domain", DomainName="ACME.example")
    acme.create("second")

    with refused("MailDomainInUseException"):
        acme("register_mail_domain", DomainName="acme.example")


def test_the_default_domain_is_registered_verified_and_stays(
    make_emulator: Any, account_of: Any, refused: Any
) -> None:
    acme = account_of(make_emulator(verified=["Good.example"]))
    acme.create()
    acme.emulator.clock.advance(30)
    for name in ("good.example", "pending.example"):
        acme("register_mail_domain", DomainName=name)

    with refused("MailDomainStateException"):
        acme("update_default_mail_domain", DomainName="pending.example")
    with refused("MailDomainNotFoundException"):
        acme("update_default_mail_domain", DomainName="other.example")
    acme("update_default_mail_domain", DomainName="good.example")
    with refused("MailDomainInUseException"):
        acme("deregister_mail_domain", DomainName="good.example")

    assert "good.example" == acme("describe_organization")["DefaultMailDomain"]
    assert acme("get_mail_domain", DomainName="good.example")["IsDefault"] is True


def test_a_domain_with_addresses_is_not_removed(acme: Any, refused: Any) -> None:
    alice = acme.user("alice", "alice@acme.awsapps.com")
    acme("create_alias", EntityId=alice, Alias="alice@acme.example")

    with refused("MailDomainInUseException"):
        acme("deregister_mail_domain", DomainName="acme.example")
    acme("delete_alias", EntityId=alice, Alias="alice@acme.example")
    for _ in range(2):
        acme("deregister_mail_domain", DomainName="acme.example")
    with refused("InvalidParameterException"):
        acme("deregister_mail_domain", DomainName="acme.awsapps.com")

    with refused("MailDomainNotFoundException"):
        acme("get_mail_domain", DomainName="acme.example")


def test_a_domain_that_comes_back_has_the_same_tokens(acme: Any) -> None:
    before = acme("get_mail_domain", DomainName="acme.example")

    acme("deregister_mail_domain", DomainName="acme.example")
    acme("register_mail_domain", DomainName="acme.example")

    assert before == acme("get_mail_domain", DomainName="acme.example")


def test_tags_are_merged_listed_and_removed(acme: Any, refused: Any) -> None:
    arn = acme("describe_organization")["ARN"]
    tag = acme.client.tag_resource

    tag(ResourceARN=arn, Tags=[{"Key": "team", "Value": "a"}, {"Key": "cost", "Value": "1"}])
    tag(ResourceARN=arn, Tags=[{"Key": "team", "Value": "b"}])
    acme.client.untag_resource(ResourceARN=arn, TagKeys=["cost", "absent"])

    tags = acme.client.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert [{"Key": "team", "Value": "b"}] == tags
    many = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    with refused("TooManyTagsException"):
        tag(ResourceARN=arn, Tags=many)
    with refused("ResourceNotFoundException"):
        tag(ResourceARN=arn.replace("000000000000", "111122223333"), Tags=[])


def test_a_simple_ad_is_created_claimed_and_used_by_one_organization(
    make_emulator: Any, account_of: Any, refused: Any
) -> None:
    account = account_of(make_emulator())
    ds = account.emulator.client("ds", region="eu-west-1")
    vpc = {"VpcId": "vpc-12345678", "SubnetIds": ["subnet-12345678", "subnet-87654321"]}
    directory_id = ds.create_directory(
        Name="corp.acme.example", Password="Correct-Horse-7", Size="Small", VpcSettings=vpc
    )["DirectoryId"]

    with refused("DirectoryUnavailableException"):
        account.create("acme", DirectoryId=directory_id)
    account.emulator.clock.advance(600)
    account.create("acme", DirectoryId=directory_id)
    account.emulator.clock.advance(30)

    described = ds.describe_directories(DirectoryIds=[directory_id])["DirectoryDescriptions"][0]
    assert ("Active", "acme") == (described["Stage"], described["Alias"])
    assert "SimpleAD" == account("describe_organization")["DirectoryType"]
    with refused("DirectoryInUseException"):
        account.client.create_organization(Alias="acme", DirectoryId=directory_id)
    with refused("ClientException"):
        ds.delete_directory(DirectoryId=directory_id)
    with refused("InvalidParameterException"):
        account.user("a-name-of-21-characte")
    assert account.user("a-name-of-20-charact").startswith("S-1-5-21-")


def test_a_directory_s_alias_must_be_the_organization_s(
    make_emulator: Any, account_of: Any, refused: Any
) -> None:
    account = account_of(make_emulator(instant=True))
    directory_id = account.emulator.add_directory(
        {"region": "eu-west-1", "kind": "SimpleAD", "name": "corp.example", "alias": "corp"}
    )

    with refused("InvalidParameterException"):
        account.create("acme", DirectoryId=directory_id)
    with refused("NameAvailabilityException"):
        account.create("corp")
    account.create("corp", DirectoryId=directory_id)


def test_an_ad_connector_s_people_are_enabled_and_not_created(
    make_emulator: Any, account_of: Any, refused: Any
) -> None:
    account = account_of(make_emulator(instant=True))
    directory = {
        "region": "eu-west-1",
        "id": "d-0123456789",
        "kind": "ADConnector",
        "name": "corp.example",
        "users": [{"Name": "alice", "DisplayName": "Alice L."}],
        "groups": [{"Name": "sales", "Members": ["alice"]}],
    }
    assert "d-0123456789" == account.emulator.add_directory(directory)
    account.create("corp", DirectoryId="d-0123456789")

    alice = account("describe_user", UserId="alice")
    account("register_to_work_mail", EntityId="alice", Email="alice@corp.awsapps.com")
    members = account("list_group_members", GroupId="sales")["Members"]

    assert ("DISABLED", "Alice L.") == (alice["State"], alice["DisplayName"])
    assert [(alice["UserId"], "ENABLED")] == [(m["Id"], m["State"]) for m in members]
    for operation, fields in {
        "create_user": {"Name": "bob", "DisplayName": "Bob"},
        "update_user": {"UserId": "alice", "City": "Oxford"},
        "delete_user": {"UserId": "alice"},
        "create_group": {"Name": "support"},
        "associate_member_to_group": {"GroupId": "sales", "MemberId": "alice"},
        "reset_password": {"UserId": alice["UserId"], "Password": "Correct-Horse-7"},
    }.items():
        with refused("UnsupportedOperationException"):
            account(operation, **fields)


def test_a_managed_ad_takes_writes_once_data_access_is_enabled(
    make_emulator: Any, account_of: Any, refused: Any
) -> None:
    account = account_of(make_emulator())
    ds = account.emulator.client("ds", region="eu-west-1")
    directory_id = account.emulator.add_directory(
        {"region": "eu-west-1", "kind": "MicrosoftAD", "name": "corp.example"}
    )
    account.create("corp", DirectoryId=directory_id)
    account.emulator.clock.advance(30)

    with refused("DirectoryServiceAuthenticationFailedException"):
        account.user("alice")
    ds.enable_directory_data_access(DirectoryId=directory_id)
    enabling = ds.describe_directory_data_access(DirectoryId=directory_id)
    account.emulator.clock.advance(60)
    with refused("DirectoryInDesiredStateException"):
        ds.enable_directory_data_access(DirectoryId=directory_id)

    assert "Enabling" == enabling["DataAccessStatus"]
    account.user("alice")


def test_what_is_added_to_a_directory_is_seen_after_four_hours(
    make_emulator: Any, account_of: Any
) -> None:
    account = account_of(make_emulator())
    directory = {"region": "eu-west-1", "kind": "ADConnector", "name": "corp.example"}
    directory_id = account.emulator.add_directory(directory)
    account.create("corp", DirectoryId=directory_id)
    account.emulator.clock.advance(30)
    more = {**directory, "id": directory_id, "users": [{"Name": "alice"}]}
    account.emulator.add_directory(more)

    before = account("list_users", Filters={"UsernamePrefix": "alice"})["Users"]
    account.emulator.clock.advance(4 * 3600)
    after = account("list_users", Filters={"UsernamePrefix": "alice"})["Users"]

    assert [] == before
    assert ["alice"] == [user["Name"] for user in after]


def test_an_unreachable_directory_refuses_changes(
    make_emulator: Any, account_of: Any, refused: Any
) -> None:
    account = account_of(make_emulator(instant=True))
    directory = {"region": "eu-west-1", "kind": "SimpleAD", "name": "corp.example"}
    directory_id = account.emulator.add_directory(directory)
    account.create("corp", DirectoryId=directory_id)
    account.emulator.add_directory({**directory, "id": directory_id, "unreachable": True})

    with refused("DirectoryUnavailableException"):
        account.user("alice")
    assert 3 == len(account("list_users")["Users"])


def test_an_account_has_a_hundred_organizations_a_region(acme: Any, refused: Any) -> None:
    for number in range(99):
        acme.client.create_organization(Alias=f"acme-{number}")

    with refused("LimitExceededException"):
        acme.client.create_organization(Alias="one-more")
    acme("delete_organization", DeleteDirectory=True)
    acme.client.create_organization(Alias="one-more")


def test_an_organization_has_a_thousand_domains(acme: Any, refused: Any) -> None:
    with refused("InvalidParameterException"):
        acme("register_mail_domain", DomainName="other.awsapps.com")
    for number in range(998):
        acme("register_mail_domain", DomainName=f"d{number}.example")

    with refused("LimitExceededException"):
        acme("register_mail_domain", DomainName="one-more.example")


@pytest.mark.parametrize(
    ("leave", "expected"),
    [("deregister_mail_domain", "VERIFIED"), ("delete_organization", "PENDING")],
)
def test_verification_outlives_the_domain_but_not_the_organization(
    make_emulator: Any, account_of: Any, leave: str, expected: str
) -> None:
    published: set[str] = set()

    def look_up(_name: str, _kind: str) -> frozenset[str]:
        return frozenset(published)

    account = account_of(make_emulator(instant=True, dns=look_up))
    account.create("first")
    named = {"DomainName": "acme.example"}
    account("register_mail_domain", **named)
    published.add(account("get_mail_domain", **named)["Records"][1]["Value"])
    account("get_mail_domain", **named)
    published.clear()

    account(leave, **(named if leave.startswith("dereg") else {"DeleteDirectory": True}))
    account.create("second")
    account("register_mail_domain", **named)

    status = account("get_mail_domain", **named)["OwnershipVerificationStatus"]
    assert expected == status


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["Requested", "Creating", "Active", "Active"]),
        ({"active_after": 90.0}, ["Requested", "Creating", "Creating", "Active"]),
        ({"active_after": 3.0}, ["Requested", "Active", "Active", "Active"]),
        ({"active_after": 0.0}, ["Active", "Active", "Active", "Active"]),
        ({"active_after": 90.0, "instant": True}, ["Active", "Active", "Active", "Active"]),
    ],
)
def test_how_long_an_organization_is_made_can_be_chosen(
    make_emulator: Any, account_of: Any, settings: dict[str, Any], expected: list[str]
) -> None:
    account = account_of(make_emulator(**settings))
    account.create()
    found: list[str] = []
    for seconds in (0, 5, 55, 30):
        account.emulator.clock.advance(seconds)
        found.append(account("describe_organization")["State"])

    assert expected == found


def test_the_test_domain_can_need_its_time(
    make_emulator: Any, account_of: Any, refused: Any
) -> None:
    account = account_of(make_emulator(active_after=10.0, test_domain_after=60.0))
    account.create()
    account.emulator.clock.advance(69)
    before = account("get_mail_domain", DomainName="acme.awsapps.com")
    user = account.user("alice")
    with refused("MailDomainStateException"):
        account("register_to_work_mail", EntityId=user, Email="alice@acme.awsapps.com")
    account.emulator.clock.advance(1)
    account("register_to_work_mail", EntityId=user, Email="alice@acme.awsapps.com")
    after = account("get_mail_domain", DomainName="acme.awsapps.com")

    statuses = ("OwnershipVerificationStatus", "DkimVerificationStatus")
    assert ["PENDING", "PENDING"] == [before[name] for name in statuses]
    assert ["VERIFIED", "VERIFIED"] == [after[name] for name in statuses]
