from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cloudformation import DeploymentFailedError, Stack
from scenes import (
    assert_equals,
    at,
    list_operations,
    make_emulator,
    make_group,
    make_organization,
    make_user,
    take_picture,
)
from workmail_emulator.faults import Fault
from workmail_org.model.organization import Passwords
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.user import PROFILE_FIELDS, Role, User

ALICE = make_user("alice", aliases=(at("al"),), telephone="1")
BOB = make_user("bob")
IDS = [f"{n * 10}-00000000-1111-2222-3333-{n * 12}" for n in "ab"]
PROFILE: dict[str, Any] = {name: f"a {name}" for name in PROFILE_FIELDS}


def test_a_first_deployment_brings_everything_that_is_declared(stack: Stack) -> None:
    organization = make_organization(
        replace(ALICE, **PROFILE, quota_megabytes=100, hidden_from_global_address_list=True),
        make_user("bob", identity_provider_user_id=IDS[0], enabled=False),
        make_user("carol", role=Role.REMOTE_USER, email="carol@elsewhere.example"),
        make_group("sales", "alice", "group:support", aliases=(at("sell"),)),
        make_group("support", "bob", hidden_from_global_address_list=True),
    )
    stack.deploy(organization)

    assert_equals(take_picture(stack), organization)


def test_deploying_twice_makes_no_call_at_all(stack: Stack) -> None:
    organization = make_organization(ALICE, BOB, make_group("sales", "alice"))
    stack.deploy(organization)
    stack.emulator.clear_calls()
    stack.deploy(organization)

    assert () == stack.emulator.calls


def test_an_event_that_changes_nothing_writes_nothing(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE, BOB, make_group("sales", "alice")))
    stack.emulator.clear_calls()
    for deployed in stack.deployed.values():
        resource = deployed.resource
        stack.send("Update", resource, previous=resource, physical_id=deployed.physical_id)

    assert [] == list_operations(stack)


@pytest.mark.parametrize(
    "changed",
    [
        *(pytest.param({name: "new"}, id=name) for name in PROFILE_FIELDS),
        pytest.param({"identity_provider_user_id": IDS[1]}, id="identity_provider_user_id"),
        pytest.param({"hidden_from_global_address_list": True}, id="hidden"),
        pytest.param({"quota_megabytes": 7}, id="quota"),
        pytest.param({"aliases": (at("new"),)}, id="aliases"),
        pytest.param({"email": at("new")}, id="email"),
        pytest.param({"enabled": False}, id="enabled"),
    ],
)
def test_a_change_of_one_field_reaches_the_same_user_and_comes_back(
    stack: Stack, changed: dict[str, Any]
) -> None:
    before = replace(ALICE, **PROFILE, quota_megabytes=100, identity_provider_user_id=IDS[0])
    organizations = [
        make_organization(before, BOB),
        make_organization(replace(before, **changed), BOB),
        make_organization(before, BOB),
    ]
    pictures: list[object] = []
    for organization in organizations:
        stack.deploy(organization)
        picture = take_picture(stack)
        assert_equals(picture, organization)
        pictures.append(picture.ids)

    assert pictures[0] == pictures[1] == pictures[2]


def test_the_profile_of_a_disabled_user_follows_the_spec(stack: Stack) -> None:
    stack.deploy(make_organization(make_user("bob", enabled=False, city="Bonn")))
    organization = make_organization(make_user("bob", enabled=False, city="Cork", office="3"))
    stack.deploy(organization)

    assert_equals(take_picture(stack), organization)


def test_a_field_that_left_the_spec_is_emptied(stack: Stack) -> None:
    stack.deploy(make_organization(replace(ALICE, telephone="1", city="Bonn")))
    stack.deploy(make_organization(replace(ALICE, telephone=None, city="Bonn")))
    (alice,) = take_picture(stack).entities.values()

    assert isinstance(alice, User)
    assert (None, "Bonn") == (alice.telephone, alice.city)


def test_a_field_that_the_spec_never_mentioned_is_left_alone(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE))
    _set_by_hand(stack, "alice", Office="12")
    stack.deploy(make_organization(replace(ALICE, city="Cork")))
    (alice,) = take_picture(stack).entities.values()

    assert isinstance(alice, User)
    assert "12" == alice.office


def test_a_refused_update_empties_no_field_that_was_set_by_hand(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE))
    _set_by_hand(stack, "alice", Office="12")
    before = take_picture(stack)
    with pytest.raises(DeploymentFailedError, match="has a mailbox"):
        stack.deploy(make_organization(replace(ALICE, office="99", role=Role.REMOTE_USER)))

    assert before == take_picture(stack)


def test_a_user_that_left_the_spec_is_disabled_and_keeps_id_and_mailbox(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE, BOB))
    before = take_picture(stack)
    stack.deploy(make_organization(ALICE))
    after = take_picture(stack)
    (kept,) = (m for m in stack.emulator.mailboxes if m.name == "bob")

    assert before.ids == after.ids
    assert {"alice"} == after.enabled
    assert (before.mailboxes["bob"], "kept") == (kept.token, kept.status)


def test_a_user_that_comes_back_is_the_same_with_its_mailbox(stack: Stack) -> None:
    organization = make_organization(ALICE, BOB)
    stack.deploy(organization)
    before = take_picture(stack)
    stack.deploy(make_organization(BOB))
    stack.deploy(organization)
    after = take_picture(stack)

    assert_equals(after, organization)
    assert (before.ids, before.mailboxes) == (after.ids, after.mailboxes)


def test_a_user_comes_back_with_another_address_and_without_old_aliases(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE))
    stack.deploy(make_organization())
    organization = make_organization(replace(ALICE, email=at("alicia"), aliases=()))
    stack.deploy(organization)

    assert {at("alicia"): "alice"} == take_picture(stack).addresses


def test_a_user_switched_off_and_on_keeps_its_mailbox(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE))
    before = take_picture(stack)
    stack.deploy(make_organization(replace(ALICE, enabled=False)))

    assert {} == take_picture(stack).mailboxes
    stack.deploy(make_organization(ALICE))

    assert before == take_picture(stack)


def test_removal_by_the_word_delete_deletes(stack: Stack) -> None:
    words = OnRemoval(users=Removal.DELETE)
    stack.deploy(make_organization(ALICE, BOB, on_removal=words))
    stack.deploy(make_organization(ALICE, on_removal=words))

    assert {"alice"} == set(take_picture(stack).ids)


def test_removal_by_the_word_retain_leaves_everything_and_owns_it_no_more(stack: Stack) -> None:
    words = OnRemoval(users=Removal.RETAIN)
    stack.deploy(make_organization(ALICE, BOB, on_removal=words))
    before = take_picture(stack)
    stack.deploy(make_organization(ALICE, on_removal=words))

    assert before == take_picture(stack)
    with pytest.raises(DeploymentFailedError, match="user 'bob' exists already"):
        stack.deploy(make_organization(ALICE, BOB, on_removal=words))


def test_what_was_disabled_is_not_deleted_when_the_word_changes_later(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE, BOB))
    stack.deploy(make_organization(ALICE))
    words = OnRemoval(users=Removal.DELETE)
    stack.deploy(make_organization(replace(ALICE, city="Bonn"), on_removal=words))

    assert {"alice", "bob"} == set(take_picture(stack).ids)


def test_names_compare_without_case(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE))
    before = take_picture(stack)
    stack.deploy(make_organization(replace(ALICE, name="Alice", email=at("ALICE"))))

    assert before == take_picture(stack)


def test_a_remote_user_has_an_address_anywhere_and_no_mailbox(stack: Stack) -> None:
    remote = make_user("rita", role=Role.REMOTE_USER, email="rita@partner.example")
    stack.deploy(make_organization(remote))
    stack.deploy(make_organization(replace(remote, city="Rome", email="r@partner.example")))

    assert {"r@partner.example": "rita"} == take_picture(stack).addresses
    assert () == stack.emulator.mailboxes


def test_a_user_with_a_mailbox_is_not_made_a_remote_one(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE))
    before = take_picture(stack)
    stack.emulator.clear_calls()
    with pytest.raises(DeploymentFailedError, match="user 'alice' has a mailbox"):
        stack.deploy(make_organization(replace(ALICE, role=Role.REMOTE_USER)))

    assert [] == list_operations(stack)
    assert before == take_picture(stack)


def test_a_remote_user_that_gets_a_mailbox_is_remote_again_when_that_fails(stack: Stack) -> None:
    remote = make_user("rita", role=Role.REMOTE_USER)
    before = make_organization(remote)
    stack.deploy(before)
    stack.emulator.faults.add(Fault(operation="CreateGroup", code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(make_organization(replace(remote, role=Role.USER), make_group("late")))

    assert_equals(take_picture(stack), before)


def test_a_quota_that_the_spec_does_not_give_is_not_read_and_not_written(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE))

    assert not {"GetMailboxDetails", "UpdateMailboxQuota"} & {
        call.operation for call in stack.emulator.calls
    }


def test_one_more_user_of_300_takes_three_writes_beyond_its_aliases(stack: Stack) -> None:
    crowd = [make_user(f"u{number}", city="Bonn") for number in range(300)]
    stack.deploy(make_organization(*crowd))
    stack.emulator.clear_calls()
    newcomer = replace(ALICE, city="Bonn", aliases=(at("al"), at("ali")))
    stack.deploy(make_organization(*crowd, newcomer))

    assert ["CreateUser", "RegisterToWorkMail", "CreateAlias", "CreateAlias", "UpdateUser"] == (
        list_operations(stack)
    )


def test_without_generated_passwords_none_is_sent(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE, passwords=Passwords.NONE))
    (created,) = (call for call in stack.emulator.calls if call.operation == "CreateUser")

    assert "Password" not in created.parameters
    assert {} == stack.secrets.values


@pytest.fixture(scope="module")
def one_user() -> Stack:
    """A stack with one user, kept for many updates."""
    made = Stack(make_emulator())
    made.deploy(make_organization(ALICE))
    return made


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(name="Zo\u00eb")
@example(name="{{resolve:secretsmanager:x}} ${Token[1]} {'Ref': 'Fn::If'} \\ \\u00eb")
@example(name="\U0001f984 \u202e\u0007 Ω\n")
@given(name=st.text(alphabet=st.characters(exclude_categories=("Cs",)), min_size=1, max_size=80))
def test_every_display_name_comes_through_unharmed(one_user: Stack, name: str) -> None:
    one_user.deploy(make_organization(replace(ALICE, display_name=name)))
    (alice,) = take_picture(one_user).entities.values()

    assert isinstance(alice, User)
    assert name == alice.display_name


def _set_by_hand(stack: Stack, name: str, **fields: str) -> None:
    user_id = take_picture(stack).ids[name]
    stack.workmail.update_user(OrganizationId=stack.organization_id, UserId=user_id, **fields)
