"""Registration, mailboxes, primary addresses and aliases."""

from __future__ import annotations

from typing import Any

import pytest

DAY = 86400.0


def nothing_published(_name: str, _kind: str) -> frozenset[str]:
    return frozenset()


def test_registration_enables_under_an_address_and_gives_a_mailbox(acme: Any) -> None:
    user_id = acme.user("alice", "Alice@acme.example")

    described = acme("describe_user", UserId=user_id)

    assert ("ENABLED", "Alice@acme.example") == (described["State"], described["Email"])
    assert ["active"] == [mailbox.status for mailbox in acme.emulator.mailboxes]


@pytest.mark.parametrize(
    ("email", "code"),
    [
        ("alice@other.example", "MailDomainNotFoundException"),
        ("alice@pending.example", "MailDomainStateException"),
    ],
)
def test_an_address_needs_a_registered_and_verified_domain(
    make_emulator: Any, account_of: Any, refused: Any, email: str, code: str
) -> None:
    acme = account_of(make_emulator(instant=True, dns=nothing_published))
    acme.create()
    acme("register_mail_domain", DomainName="pending.example")
    user_id = acme.user("alice", "alice@acme.awsapps.com")
    acme.user("bob")

    with refused(code):
        acme("register_to_work_mail", EntityId="bob", Email=email)
    with refused(code):
        acme("update_primary_email_address", EntityId=user_id, Email=email)
    with refused(code):
        acme("create_alias", EntityId=user_id, Alias=email)


def test_a_remote_user_has_a_foreign_address_and_no_mailbox(acme: Any, refused: Any) -> None:
    acme.user("carol", "carol@elsewhere.example", Role="REMOTE_USER")

    assert "ENABLED" == acme.state("carol")
    assert () == acme.emulator.mailboxes
    with refused("EntityNotFoundException"):
        acme("get_mailbox_details", UserId="carol")


def test_an_address_belongs_to_one_entity_whatever_its_kind_or_case(
    acme: Any, refused: Any
) -> None:
    alice = acme.user("alice", "alice@acme.example")
    acme("create_alias", EntityId=alice, Alias="sales@acme.example")
    acme.group("sales")
    acme.room("garden")
    bob = acme.user("bob", "bob@acme.example")

    with refused("EmailAddressInUseException"):
        acme("register_to_work_mail", EntityId="sales", Email="Sales@acme.example")
    with refused("EmailAddressInUseException"):
        acme("register_to_work_mail", EntityId="garden", Email="ALICE@acme.example")
    with refused("EmailAddressInUseException"):
        acme("create_alias", EntityId=bob, Alias="sales@ACME.example")
    with refused("EmailAddressInUseException"):
        acme("update_primary_email_address", EntityId=bob, Email="alice@acme.example")


def test_registering_again_changes_nothing_and_never_the_address(acme: Any, refused: Any) -> None:
    acme.user("alice", "alice@acme.example")

    acme("register_to_work_mail", EntityId="alice", Email="ALICE@acme.example")
    with refused("EntityAlreadyRegisteredException"):
        acme("register_to_work_mail", EntityId="alice", Email="al@acme.example")

    assert "alice@acme.example" == acme("describe_user", UserId="alice")["Email"]


def test_registration_takes_no_address_as_identifier(acme: Any, refused: Any) -> None:
    acme.user("alice", "alice@acme.example")
    acme("deregister_from_work_mail", EntityId="alice")

    with refused("EntityNotFoundException"):
        acme(
            "register_to_work_mail",
            EntityId="alice@acme.example",
            Email="alice@acme.example",
        )


def test_the_same_id_finds_its_mailbox_again_within_thirty_days(acme: Any) -> None:
    acme.user("alice", "alice@acme.example")
    acme("update_mailbox_quota", UserId="alice", MailboxQuota=100)
    (before,) = acme.emulator.mailboxes

    acme("deregister_from_work_mail", EntityId="alice")
    acme.emulator.clock.advance(30 * DAY - 1)
    (kept,) = acme.emulator.mailboxes
    acme("register_to_work_mail", EntityId="alice", Email="alice@acme.example")

    (after,) = acme.emulator.mailboxes
    assert "kept" == kept.status
    assert before == after
    assert 100 == acme("get_mailbox_details", UserId="alice")["MailboxQuota"]


def test_after_thirty_days_the_mailbox_is_lost_and_a_new_one_empty(acme: Any, refused: Any) -> None:
    acme.user("alice", "alice@acme.example")
    (before,) = acme.emulator.mailboxes
    acme("deregister_from_work_mail", EntityId="alice")

    acme.emulator.clock.advance(30 * DAY)
    with refused("EntityNotFoundException"):
        acme("get_mailbox_details", UserId="alice")
    acme("register_to_work_mail", EntityId="alice", Email="alice@acme.example")

    lost, new = acme.emulator.mailboxes
    assert (before.token, "lost") == (lost.token, lost.status)
    assert "active" == new.status
    assert before.token != new.token


def test_a_deleted_user_s_mailbox_is_lost_at_once(acme: Any) -> None:
    acme.user("alice", "alice@acme.example")
    acme("deregister_from_work_mail", EntityId="alice")

    acme("delete_user", UserId="alice")

    assert ["lost"] == [mailbox.status for mailbox in acme.emulator.mailboxes]


def test_deregistration_needs_an_enabled_entity(acme: Any, refused: Any) -> None:
    acme.user("alice")

    with refused("EntityStateException"):
        acme("deregister_from_work_mail", EntityId="alice")
    with refused("EntityNotFoundException"):
        acme("deregister_from_work_mail", EntityId="nobody")


def test_a_disabled_user_shows_its_address_but_does_not_hold_it(acme: Any, refused: Any) -> None:
    alice = acme.user("alice", "alice@acme.example")
    acme("create_alias", EntityId=alice, Alias="al@acme.example")
    acme("create_alias", EntityId=alice, Alias="a@acme.example")
    acme("deregister_from_work_mail", EntityId=alice)

    shown = acme("describe_user", UserId=alice)
    entity = acme("describe_entity", Email="AL@acme.example")
    bob = acme.user("bob", "alice@acme.example")
    acme("create_alias", EntityId=bob, Alias="al@acme.example")

    assert "alice@acme.example" == shown["Email"]
    assert {"EntityId": alice, "Name": "alice", "Type": "USER"} == entity
    assert bob == acme("describe_entity", Email="alice@acme.example")["EntityId"]
    with refused("EmailAddressInUseException"):
        acme("register_to_work_mail", EntityId=alice, Email="alice@acme.example")
    acme("register_to_work_mail", EntityId=alice, Email="liddell@acme.example")
    aliases = acme("list_aliases", EntityId=alice)["Aliases"]
    assert ["liddell@acme.example", "a@acme.example"] == aliases


def test_a_promoted_address_leaves_the_old_one_as_an_alias(acme: Any) -> None:
    alice = acme.user("alice", "alice@acme.example")

    acme("update_primary_email_address", EntityId="alice", Email="liddell@acme.example")

    assert ["liddell@acme.example", "alice@acme.example"] == acme("list_aliases", EntityId=alice)[
        "Aliases"
    ]


def test_promoting_an_alias_swaps_it_with_the_primary(acme: Any) -> None:
    alice = acme.user("alice", "alice@acme.example")
    acme("create_alias", EntityId=alice, Alias="al@acme.example")

    acme("update_primary_email_address", EntityId=alice, Email="al@acme.example")

    described = acme("describe_user", UserId=alice)
    assert "al@acme.example" == described["Email"]
    assert ["al@acme.example", "alice@acme.example"] == acme("list_aliases", EntityId=alice)[
        "Aliases"
    ]


def test_an_alias_is_deleted_once_and_the_primary_never(acme: Any, refused: Any) -> None:
    alice = acme.user("alice", "alice@acme.example")
    acme("create_alias", EntityId=alice, Alias="al@acme.example")
    acme("create_alias", EntityId=alice, Alias="al@acme.example")

    for _ in range(2):
        acme("delete_alias", EntityId=alice, Alias="AL@acme.example")
    with refused("InvalidParameterException"):
        acme("delete_alias", EntityId=alice, Alias="alice@acme.example")

    assert ["alice@acme.example"] == acme("list_aliases", EntityId=alice)["Aliases"]
    acme.user("bob", "al@acme.example")


def test_an_entity_has_a_hundred_aliases_and_no_more(acme: Any, refused: Any) -> None:
    sales = acme.group("sales", "sales@acme.example")
    for number in range(100):
        acme("create_alias", EntityId=sales, Alias=f"s{number}@acme.example")

    with refused("LimitExceededException"):
        acme("create_alias", EntityId=sales, Alias="one-more@acme.example")


@pytest.mark.parametrize("operation", ["list_aliases", "create_alias", "delete_alias"])
def test_aliases_need_an_enabled_entity_named_by_its_id(
    acme: Any, refused: Any, operation: str
) -> None:
    user_id = acme.user("alice-in-wonderland")
    fields = {} if operation == "list_aliases" else {"Alias": "a@acme.example"}

    with refused("EntityStateException"):
        acme(operation, EntityId=user_id, **fields)
    with refused("EntityNotFoundException"):
        acme(operation, EntityId="alice-in-wonderland", **fields)


@pytest.mark.parametrize(("quota", "code"), [(0, None), (51_201, "InvalidParameterException")])
def test_a_quota_is_at_most_fifty_gigabytes(
    acme: Any, refused: Any, quota: int, code: str | None
) -> None:
    acme.user("alice", "alice@acme.example")
    acme.user("bob")

    if code:
        with refused(code):
            acme("update_mailbox_quota", UserId="alice", MailboxQuota=quota)
    with refused("EntityStateException"):
        acme("update_mailbox_quota", UserId="bob", MailboxQuota=100)

    details = acme("get_mailbox_details", UserId="alice")
    assert {"MailboxQuota": 51_200, "MailboxSize": 0.0} == details


def test_a_user_that_becomes_remote_finds_its_mailbox_again(acme: Any) -> None:
    acme.user("alice", "alice@acme.example")
    (before,) = acme.emulator.mailboxes

    acme("update_user", UserId="alice", Role="REMOTE_USER")
    (kept,) = acme.emulator.mailboxes
    acme("update_user", UserId="alice", Role="USER")

    assert ("kept", (before,)) == (kept.status, acme.emulator.mailboxes)
