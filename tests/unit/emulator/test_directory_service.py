"""Directories: created, connected, tagged, deleted."""

from __future__ import annotations

from typing import Any

import pytest

VPC = {"VpcId": "vpc-12345678", "SubnetIds": ["subnet-12345678", "subnet-87654321"]}
PASSWORD = "Correct-Horse-7"


@pytest.fixture
def emulator(make_emulator: Any) -> Any:
    """Give an emulator in which directories take their time."""
    return make_emulator()


@pytest.fixture
def ds(emulator: Any) -> Any:
    """Give a client of Directory Service."""
    return emulator.client("ds", region="eu-west-1")


def connect(ds: Any) -> str:
    directory_id: str = ds.connect_directory(
        Name="corp.acme.example",
        Password=PASSWORD,
        Size="Small",
        ConnectSettings={
            **VPC,
            "CustomerDnsIps": ["10.0.0.10"],
            "CustomerUserName": "svc-connector",
        },
    )["DirectoryId"]
    return directory_id


def simple(ds: Any, **parameters: Any) -> str:
    fields = {"Name": "corp.acme.example", "Password": PASSWORD, "Size": "Small", **parameters}
    directory_id: str = ds.create_directory(**fields)["DirectoryId"]
    return directory_id


def managed(ds: Any) -> str:
    directory_id: str = ds.create_microsoft_ad(
        Name="corp.acme.example", Password=PASSWORD, VpcSettings=VPC, Edition="Standard"
    )["DirectoryId"]
    return directory_id


def described(ds: Any, directory_id: str) -> Any:
    return ds.describe_directories(DirectoryIds=[directory_id])["DirectoryDescriptions"][0]


@pytest.mark.parametrize(
    ("make", "kind", "seconds"),
    [(simple, "SimpleAD", 600), (managed, "MicrosoftAD", 1500), (connect, "ADConnector", 300)],
)
def test_a_directory_is_active_after_its_time(
    emulator: Any, ds: Any, make: Any, kind: str, seconds: int
) -> None:
    directory_id = make(ds)
    stages: list[str] = []

    for wait in (0, 5, seconds - 5):
        emulator.clock.advance(wait)
        stages.append(described(ds, directory_id)["Stage"])

    shown = described(ds, directory_id)
    assert ["Requested", "Creating", "Active"] == stages
    assert (kind, directory_id) == (shown["Type"], shown["Alias"])


def test_a_connector_shows_whom_it_asks_and_no_password(emulator: Any, ds: Any) -> None:
    shown = described(ds, connect(ds))

    assert {
        **VPC,
        "CustomerUserName": "svc-connector",
        "ConnectIps": ["10.0.0.10"],
    } == shown["ConnectSettings"]
    assert PASSWORD not in f"{emulator.calls}{emulator.state()}"


def test_a_directory_is_deleted_in_time_and_then_unknown(
    emulator: Any, ds: Any, refused: Any
) -> None:
    directory_id = simple(ds)
    emulator.clock.advance(600)

    ds.delete_directory(DirectoryId=directory_id)
    deleting = described(ds, directory_id)["Stage"]
    with refused("EntityDoesNotExistException"):
        ds.delete_directory(DirectoryId=directory_id)
    emulator.clock.advance(300)

    assert "Deleting" == deleting
    with refused("EntityDoesNotExistException"):
        described(ds, directory_id)


def test_an_organization_takes_its_directory_with_it_or_leaves_it(
    make_emulator: Any, account_of: Any
) -> None:
    account = account_of(make_emulator(instant=True))
    ds = account.emulator.client("ds", region="eu-west-1")
    left, taken = simple(ds), simple(ds)

    for directory_id, delete in ((left, False), (taken, True)):
        account.create(f"alias-{delete}", DirectoryId=directory_id)
        account("delete_organization", DeleteDirectory=delete)

    listed = ds.describe_directories()["DirectoryDescriptions"]
    assert [(left, "alias-False")] == [(item["DirectoryId"], item["Alias"]) for item in listed]
    account.create("alias-False", DirectoryId=left)
    ids = {user["Id"] for user in account("list_users")["Users"]}
    assert all(user_id.startswith("S-1-5-21-") for user_id in ids)


def test_a_directory_in_use_elsewhere_is_not_deleted(
    make_emulator: Any, account_of: Any, refused: Any
) -> None:
    account = account_of(make_emulator(instant=True))
    directory_id = account.emulator.add_directory(
        {
            "region": "eu-west-1",
            "kind": "SimpleAD",
            "name": "corp.example",
            "authorized": ["workspaces"],
        }
    )
    account.create("corp", DirectoryId=directory_id)

    with refused("OrganizationStateException"):
        account("delete_organization", DeleteDirectory=True)
    account("delete_organization", DeleteDirectory=False)
    with refused("ClientException"):
        account.emulator.client("ds", region="eu-west-1").delete_directory(DirectoryId=directory_id)


def test_an_ad_connector_finds_who_is_in_the_directory_of_its_name(
    make_emulator: Any, account_of: Any
) -> None:
    account = account_of(make_emulator(instant=True))
    network = {
        "name": "Corp.Acme.example",
        "users": [{"Name": "alice"}],
        "groups": [{"Name": "sales", "Members": ["alice"]}],
    }
    account.emulator.add_network(network)
    account.emulator.add_network({"name": "corp.acme.example", "users": [{"Name": "bob"}]})
    ds = account.emulator.client("ds", region="eu-west-1")

    directory_id = connect(ds)
    account.create("acme", DirectoryId=directory_id)

    listed = {user["Name"] for user in account("list_users")["Users"]}
    members = account("list_group_members", GroupId="sales")["Members"]
    assert {"alice", "bob"} <= listed
    assert ["alice"] == [member["Name"] for member in members]


def test_an_alias_is_given_once_and_never_free_again(ds: Any, refused: Any) -> None:
    first, second = simple(ds), simple(ds)
    ds.create_alias(DirectoryId=first, Alias="corp")

    with refused("EntityAlreadyExistsException"):
        ds.create_alias(DirectoryId=first, Alias="other")
    with refused("EntityAlreadyExistsException"):
        ds.create_alias(DirectoryId=second, Alias="CORP")
    with refused("EntityDoesNotExistException"):
        ds.create_alias(DirectoryId="d-0000000000", Alias="third")
    with refused("InvalidParameterException"):
        ds.create_alias(DirectoryId=second, Alias="d-third")

    assert "corp.awsapps.com" == described(ds, first)["AccessUrl"]


def test_there_are_ten_directories_of_a_sort(ds: Any, refused: Any) -> None:
    for _ in range(10):
        simple(ds)

    limits = ds.get_directory_limits()["DirectoryLimits"]

    with refused("DirectoryLimitExceededException"):
        simple(ds)
    assert (10, True, 0, False) == (
        limits["CloudOnlyDirectoriesCurrentCount"],
        limits["CloudOnlyDirectoriesLimitReached"],
        limits["ConnectedDirectoriesCurrentCount"],
        limits["ConnectedDirectoriesLimitReached"],
    )


def test_data_access_is_for_an_active_managed_ad(emulator: Any, ds: Any, refused: Any) -> None:
    connector, directory = connect(ds), managed(ds)
    switch = ds.enable_directory_data_access

    def status() -> str:
        word: str = ds.describe_directory_data_access(DirectoryId=directory)["DataAccessStatus"]
        return word

    with refused("UnsupportedOperationException"):
        switch(DirectoryId=connector)
    with refused("DirectoryDoesNotExistException"):
        switch(DirectoryId="d-0000000000")
    with refused("DirectoryUnavailableException"):
        switch(DirectoryId=directory)
    seen = [status()]
    emulator.clock.advance(1500)
    for wait in (0, 60):
        switch(DirectoryId=directory) if wait == 0 else emulator.clock.advance(wait)
        seen.append(status())
    ds.disable_directory_data_access(DirectoryId=directory)
    seen.append(status())

    assert ["Disabled", "Enabling", "Enabled", "Disabling"] == seen


def test_a_directory_is_tagged_at_birth_and_later(ds: Any, refused: Any) -> None:
    directory_id = simple(ds, Tags=[{"Key": "team", "Value": "a"}])

    ds.add_tags_to_resource(
        ResourceId=directory_id,
        Tags=[{"Key": "team", "Value": "b"}, {"Key": "cost", "Value": "1"}],
    )
    ds.remove_tags_from_resource(ResourceId=directory_id, TagKeys=["cost", "absent"])

    tags = ds.list_tags_for_resource(ResourceId=directory_id)["Tags"]
    assert [{"Key": "team", "Value": "b"}] == tags
    many = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    with refused("TagLimitExceededException"):
        ds.add_tags_to_resource(ResourceId=directory_id, Tags=many)


def test_an_empty_list_of_directories_is_refused(ds: Any, refused: Any) -> None:
    with refused("InvalidParameterException"):
        ds.describe_directories(DirectoryIds=[])


def test_directories_come_in_pages(ds: Any) -> None:
    made = [simple(ds) for _ in range(3)]

    first = ds.describe_directories(Limit=2)
    second = ds.describe_directories(Limit=2, NextToken=first["NextToken"])

    pages = (first["DirectoryDescriptions"], second["DirectoryDescriptions"])
    assert made == [item["DirectoryId"] for page in pages for item in page]


@pytest.mark.parametrize("operation", ["create_directory", "create_microsoft_ad"])
def test_a_weak_password_is_refused(ds: Any, refused: Any, operation: str) -> None:
    size = {"Size": "Small"} if operation == "create_directory" else {"VpcSettings": VPC}

    with refused("InvalidParameterException"):
        getattr(ds, operation)(Name="corp.acme.example", Password="weakpassword", **size)


def test_interoperability_leaves_resources_and_addresses_to_exchange(
    make_emulator: Any, account_of: Any, refused: Any
) -> None:
    account = account_of(make_emulator(instant=True))
    directory_id = account.emulator.add_directory(
        {
            "region": "eu-west-1",
            "kind": "ADConnector",
            "name": "corp.example",
            "users": [{"Name": "alice"}],
        }
    )
    account.create("corp", DirectoryId=directory_id, EnableInteroperability=True)
    account("register_to_work_mail", EntityId="alice", Email="alice@corp.awsapps.com")
    alice = account("describe_entity", Email="alice@corp.awsapps.com")["EntityId"]

    assert account("describe_organization")["InteroperabilityEnabled"] is True
    with refused("UnsupportedOperationException"):
        account.room("garden")
    with refused("UnsupportedOperationException"):
        account("update_primary_email_address", EntityId=alice, Email="a@corp.awsapps.com")
    with refused("InvalidParameterException"):
        account("create_alias", EntityId=alice, Alias="a@corp.awsapps.com")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"kind": "Azure"}, "no kind Azure"),
        ({"id": "d-1"}, "an id is d- and ten hexadecimal digits"),
        ({"users": [{"name": "alice"}]}, "without Name"),
        ({"groups": [{"Name": "g", "Members": ["bob"]}]}, "the directory does not know"),
        ({"size": "Small"}, "unknown: size"),
    ],
)
def test_a_preset_directory_that_makes_no_sense_is_refused(
    emulator: Any, change: Any, expected: str
) -> None:
    directory = {"region": "eu-west-1", "kind": "SimpleAD", "name": "corp.example", **change}

    with pytest.raises(ValueError, match=expected):
        emulator.add_directory(directory)
