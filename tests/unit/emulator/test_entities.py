"""Users, groups and resources: from creation to tombstone."""

from __future__ import annotations

from typing import Any

import pytest


def names(listed: Any) -> list[str]:
    return [item["Name"] for item in listed]


def test_a_new_user_is_disabled_and_has_no_address(acme: Any) -> None:
    user_id = acme.user("alice", FirstName="Alice")

    described = acme("describe_user", UserId="alice")

    assert {
        "UserId": user_id,
        "Name": "alice",
        "DisplayName": "Alice",
        "FirstName": "Alice",
        "State": "DISABLED",
        "UserRole": "USER",
        "HiddenFromGlobalAddressList": False,
    } == described


def test_a_fresh_organization_has_the_directory_s_own_users_and_groups_disabled(acme: Any) -> None:
    users = acme("list_users")["Users"]
    groups = acme("list_groups")["Groups"]

    assert ["Administrator", "Guest", "krbtgt"] == names(users)
    assert {("SYSTEM_USER", "DISABLED", None)} == {
        (user["UserRole"], user["State"], user.get("Email")) for user in users
    }
    assert {("DISABLED", None)} == {(group["State"], group.get("Email")) for group in groups}


def test_a_system_user_is_neither_registered_nor_deleted(acme: Any, refused: Any) -> None:
    with refused("EntityStateException"):
        acme("register_to_work_mail", EntityId="Guest", Email="guest@acme.example")
    with refused("UnsupportedOperationException"):
        acme("delete_user", UserId="Guest")
    with refused("UnsupportedOperationException"):
        acme("delete_group", GroupId=acme("list_groups")["Groups"][0]["Id"])


@pytest.mark.parametrize("operation", ["create_user", "create_group"])
def test_users_and_groups_share_their_names_without_case(
    acme: Any, refused: Any, operation: str
) -> None:
    acme.user("alice")
    fields = {"DisplayName": "x"} if operation == "create_user" else {}

    with refused("NameAvailabilityException"):
        acme(operation, Name="ALICE", **fields)


def test_a_resource_may_have_a_user_s_name(acme: Any) -> None:
    acme.user("garden")

    acme.room("garden")

    assert ["garden"] == names(acme("list_resources")["Resources"])


@pytest.mark.parametrize("name", ["Administrator", "krbtgt", "GUEST"])
def test_a_reserved_name_is_refused(acme: Any, refused: Any, name: str) -> None:
    with refused("ReservedNameException"):
        acme.user(name)


@pytest.mark.parametrize("name", ["Domain Admins", "domain users", "DOMAIN GUESTS"])
def test_the_directorys_group_names_are_reserved_in_any_case(
    acme: Any, refused: Any, name: str
) -> None:
    with refused("ReservedNameException"):
        acme("create_group", Name=name)


@pytest.mark.parametrize("name", ["root", "admin", "postmaster"])
def test_a_name_that_nothing_in_the_directory_bears_is_free(acme: Any, name: str) -> None:
    acme.user(name)


@pytest.mark.parametrize("role", ["SYSTEM_USER", "RESOURCE"])
def test_only_user_and_remote_user_are_roles_to_give(acme: Any, refused: Any, role: str) -> None:
    user_id = acme.user("alice")

    with refused("InvalidParameterException"):
        acme.user("bob", Role=role)
    with refused("InvalidParameterException"):
        acme("update_user", UserId=user_id, Role=role)


def test_update_user_keeps_what_is_not_sent_and_clears_what_is_empty(acme: Any) -> None:
    acme.user("alice", FirstName="Alice", LastName="Liddell")

    acme("update_user", UserId="alice", LastName="", City="Oxford", Role="REMOTE_USER")

    described = acme("describe_user", UserId="alice")
    assert ("Alice", None, "Oxford", "REMOTE_USER") == (
        described["FirstName"],
        described.get("LastName"),
        described["City"],
        described["UserRole"],
    )


def test_an_enabled_entity_is_not_deleted(acme: Any, refused: Any) -> None:
    acme.user("alice", "alice@acme.example")
    acme.group("sales", "sales@acme.example")
    acme.room("garden", "garden@acme.example")

    with refused("EntityStateException"):
        acme("delete_user", UserId="alice")
    with refused("EntityStateException"):
        acme("delete_group", GroupId="sales")
    with refused("EntityStateException"):
        acme("delete_resource", ResourceId="garden")


def test_a_deleted_user_stays_as_a_tombstone_and_its_name_is_free(acme: Any, refused: Any) -> None:
    user_id = acme.user("alice")

    acme("delete_user", UserId="alice")

    assert "DELETED" == acme.state(user_id)
    with refused("EntityNotFoundException"):
        acme("describe_user", UserId="alice")
    with refused("EntityStateException"):
        acme("delete_user", UserId=user_id)
    with refused("EntityStateException"):
        acme("register_to_work_mail", EntityId=user_id, Email="alice@acme.example")
    assert user_id != acme.user("alice")


def test_deleting_what_never_was_succeeds(acme: Any) -> None:
    acme("delete_user", UserId="nobody")
    acme("delete_group", GroupId="nobody")
    acme("delete_resource", ResourceId="nobody")


def test_delete_takes_an_id_or_a_name_but_no_address(acme: Any) -> None:
    user_id = acme.user("alice", "alice@acme.example")
    acme("deregister_from_work_mail", EntityId="alice@acme.example")

    acme("delete_user", UserId="alice@acme.example")

    assert "DISABLED" == acme.state(user_id)


def test_describe_takes_an_id_a_name_and_an_address(acme: Any) -> None:
    user_id = acme.user("alice", "alice@acme.example")

    found = {
        acme("describe_user", UserId=identifier)["UserId"]
        for identifier in (user_id, "Alice", "ALICE@acme.example")
    }

    assert {user_id} == found


def test_a_password_is_checked_by_the_directory_s_rules(acme: Any, refused: Any) -> None:
    user_id = acme.user("alice", Password="Correct-Horse-7")

    for weak in ("Ab1!", "alllowercase", "lowerUPPER", "x1-" * 22):
        with refused("InvalidPasswordException"):
            acme.user("bob", Password=weak)
        with refused("InvalidPasswordException"):
            acme("reset_password", UserId=user_id, Password=weak)
    acme("reset_password", UserId=user_id, Password="Neu-und-länger")


def test_workmail_s_own_directory_takes_names_of_64_characters(acme: Any, refused: Any) -> None:
    acme.user("a" * 64)

    with refused("InvalidParameterException"):
        acme.user("b" * 65)


def test_a_deleted_user_is_gone_from_the_directory(acme: Any) -> None:
    acme.user("alice")

    acme("delete_user", UserId="alice")

    (directory,) = acme.emulator.state()["regions"]["eu-west-1"]["directories"].values()
    assert "alice" not in directory["principals"]


def test_reset_password_takes_an_id_only(acme: Any, refused: Any) -> None:
    acme.user("long-enough-name")

    with refused("EntityNotFoundException"):
        acme("reset_password", UserId="long-enough-name", Password="Correct-Horse-7")


def test_list_users_takes_one_filter_and_looks_at_case(acme: Any, refused: Any) -> None:
    acme.user("alice", "alice@acme.example")
    acme.user("bob")

    def listed(**filters: str) -> list[str]:
        return names(acme("list_users", Filters=filters)["Users"])

    assert ["alice"] == listed(State="ENABLED")
    assert ["alice"] == listed(UsernamePrefix="al")
    assert [] == listed(UsernamePrefix="AL")
    assert ["bob"] == listed(DisplayNamePrefix="Bo")
    assert ["alice"] == listed(PrimaryEmailPrefix="alice@")
    with refused("InvalidParameterException"):
        listed(State="ENABLED", UsernamePrefix="al")


def test_members_are_enabled_users_and_groups_of_an_enabled_group(acme: Any, refused: Any) -> None:
    alice = acme.user("alice", "alice@acme.example")
    sales = acme.group("sales", "sales@acme.example")
    support = acme.group("support")

    acme("associate_member_to_group", GroupId="sales", MemberId="alice")
    acme("associate_member_to_group", GroupId=sales, MemberId="alice@acme.example")
    with refused("EntityStateException"):
        acme("associate_member_to_group", GroupId=sales, MemberId=support)
    with refused("EntityNotFoundException"):
        acme("associate_member_to_group", GroupId=sales, MemberId="nobody")

    members = acme("list_group_members", GroupId=sales)["Members"]
    assert [(alice, "USER", "ENABLED")] == [(m["Id"], m["Type"], m["State"]) for m in members]
    assert [{"GroupId": sales, "GroupName": "sales"}] == acme(
        "list_groups_for_entity", EntityId=alice
    )["Groups"]
    assert (
        []
        == acme("list_groups_for_entity", EntityId=alice, Filters={"GroupNamePrefix": "x"})[
            "Groups"
        ]
    )

    acme("disassociate_member_from_group", GroupId=sales, MemberId=alice)

    assert [] == acme("list_group_members", GroupId=sales)["Members"]


def test_a_group_never_contains_itself(acme: Any, refused: Any) -> None:
    for name in ("a", "b", "c"):
        acme.group(name, f"{name}@acme.example")
    acme("associate_member_to_group", GroupId="a", MemberId="b")
    acme("associate_member_to_group", GroupId="b", MemberId="c")

    for group, member in (("a", "a"), ("c", "a")):
        with refused("InvalidParameterException"):
            acme("associate_member_to_group", GroupId=group, MemberId=member)


def test_a_disabled_member_stays_a_member_and_a_deleted_one_does_not(acme: Any) -> None:
    acme.user("alice", "alice@acme.example")
    sales = acme.group("sales", "sales@acme.example")
    acme("associate_member_to_group", GroupId=sales, MemberId="alice")

    acme("deregister_from_work_mail", EntityId="alice")
    states = [m["State"] for m in acme("list_group_members", GroupId=sales)["Members"]]
    acme("delete_user", UserId="alice")

    assert ["DISABLED"] == states
    assert [] == acme("list_group_members", GroupId=sales)["Members"]


def test_a_group_is_hidden_and_shown(acme: Any) -> None:
    acme.group("Old Friends")
    group_id = acme("list_groups", Filters={"NamePrefix": "Old"})["Groups"][0]["Id"]

    acme("update_group", GroupId=group_id, HiddenFromGlobalAddressList=True)

    assert acme("describe_group", GroupId=group_id)["HiddenFromGlobalAddressList"] is True


def test_a_new_room_accepts_by_itself(acme: Any) -> None:
    room_id = acme.room("garden")

    described = acme("describe_resource", ResourceId=room_id)

    assert {
        "AutoAcceptRequests": True,
        "AutoDeclineRecurringRequests": False,
        "AutoDeclineConflictingRequests": True,
    } == described["BookingOptions"]
    assert ("ROOM", "DISABLED") == (described["Type"], described["State"])


def test_a_room_needs_a_delegate_before_it_stops_to_accept_and_as_long_as_it_does_not(
    acme: Any, refused: Any
) -> None:
    acme.user("alice", "alice@acme.example")
    room_id = acme.room("garden", "garden@acme.example")
    off = {"AutoAcceptRequests": False}

    with refused("InvalidConfigurationException"):
        acme("update_resource", ResourceId=room_id, BookingOptions=off)
    acme("associate_delegate_to_resource", ResourceId=room_id, EntityId="alice")
    acme("update_resource", ResourceId=room_id, BookingOptions=off)
    with refused("EntityStateException"):
        acme("disassociate_delegate_from_resource", ResourceId=room_id, EntityId="alice")

    described = acme("describe_resource", ResourceId=room_id)
    delegates = acme("list_resource_delegates", ResourceId=room_id)["Delegates"]
    assert {
        "AutoAcceptRequests": False,
        "AutoDeclineRecurringRequests": False,
        "AutoDeclineConflictingRequests": False,
    } == described["BookingOptions"]
    assert ["USER"] == [delegate["Type"] for delegate in delegates]


def test_a_room_is_renamed_and_its_description_cleared(acme: Any, refused: Any) -> None:
    room_id = acme("create_resource", Name="garden", Type="ROOM", Description="12 seats")[
        "ResourceId"
    ]
    acme.room("cellar")

    with refused("NameAvailabilityException"):
        acme("update_resource", ResourceId=room_id, Name="Cellar")
    acme("update_resource", ResourceId=room_id, Name="park", Type="EQUIPMENT", Description="")

    listed = acme("list_resources", Filters={"NamePrefix": "p"})["Resources"]
    assert [{"Id": room_id, "Name": "park", "Type": "EQUIPMENT", "State": "DISABLED"}] == listed
    acme.room("garden")


def test_nothing_points_to_a_deleted_user(acme: Any) -> None:
    alice = acme.user("alice", "alice@acme.example")
    bob = acme.user("bob", "bob@acme.example")
    room = acme.room("garden", "garden@acme.example")
    sales = acme.group("sales", "sales@acme.example")
    for member in (alice, bob):
        acme("associate_member_to_group", GroupId=sales, MemberId=member)
        acme("associate_delegate_to_resource", ResourceId=room, EntityId=member)
    for owner, grantee in ((alice, bob), (bob, alice), (room, alice)):
        acme(
            "put_mailbox_permissions",
            EntityId=owner,
            GranteeId=grantee,
            PermissionValues=["SEND_AS"],
        )

    acme("deregister_from_work_mail", EntityId=alice)
    acme("delete_user", UserId=alice)

    assert alice not in str(acme("list_group_members", GroupId=sales))
    assert alice not in str(acme("list_resource_delegates", ResourceId=room))
    assert [] == acme("list_mailbox_permissions", EntityId=bob)["Permissions"]
    assert [] == acme("list_mailbox_permissions", EntityId=room)["Permissions"]
