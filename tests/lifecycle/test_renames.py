from __future__ import annotations

from dataclasses import replace

import pytest

from cloudformation import DeploymentFailedError, Stack
from scenes import (
    assert_equals,
    at,
    list_operations,
    make_group,
    make_organization,
    make_user,
    take_picture,
)
from workmail_org.model.organization import Organization
from workmail_org.model.removal import OnRemoval, Removal

IDENTITY = "12345678-1234-1234-1234-123456789012"

ALICE = make_user(
    "alice", first_name="Alice", telephone="+49 1", identity_provider_user_id=IDENTITY
)
BOB = make_user("bob")
SALES = make_group("sales")

BEFORE = make_organization(ALICE, BOB, SALES)

RENAMED: dict[str, tuple[Organization, str]] = {
    "a user under the same address": (
        make_organization(make_user("alicia", email=at("alice")), BOB, SALES),
        r"user 'alice' is removed and 'alicia' is added with the same address alice@acme\.example",
    ),
    "a user under the same display name": (
        make_organization(make_user("alicia", display_name="Alice"), BOB, SALES),
        r"user 'alice' is removed and 'alicia' is added with the same display name 'Alice'",
    ),
    "a user whose former address becomes an alias": (
        make_organization(
            make_user(
                "alice.hatter", email=at("hatter"), aliases=(at("ALICE"),), first_name="Alice"
            ),
            BOB,
            SALES,
        ),
        r"user 'alice' is removed and 'alice\.hatter' is added with the same first_name 'Alice' and the "  # noqa: E501 - a sentence
        r"former address ALICE@acme\.example",
    ),
    "a user of the same identity": (
        make_organization(make_user("hatter", identity_provider_user_id=IDENTITY), BOB, SALES),
        r"user 'alice' is removed and 'hatter' is added with the same identity_provider_user_id "
        r"'12345678-",
    ),
    "a user with the same first name and telephone": (
        make_organization(make_user("hatter", first_name="Alice", telephone="+49 1"), BOB, SALES),
        r"user 'alice' is removed and 'hatter' is added with the same first_name 'Alice' and telephone "  # noqa: E501 - a sentence
        r"'\+49 1'",
    ),
    "a group under the same address": (
        make_organization(ALICE, BOB, make_group("vendors", email=at("sales"))),
        r"group 'sales' is removed and 'vendors' is added with the same address sales@acme\.example",  # noqa: E501 - a sentence
    ),
}


@pytest.mark.parametrize(("after", "reason"), RENAMED.values(), ids=RENAMED.keys())
@pytest.mark.parametrize("removal_policy", [Removal.DISABLE, Removal.DELETE, Removal.RETAIN])
def test_a_renamed_key_is_refused_before_anything_is_written(
    stack: Stack, after: Organization, reason: str, removal_policy: Removal
) -> None:
    on_removal = OnRemoval(users=removal_policy, groups=removal_policy)
    stack.deploy(replace(BEFORE, on_removal=on_removal))
    before = take_picture(stack)
    stack.emulator.clear_calls()
    with pytest.raises(DeploymentFailedError, match=reason):
        stack.deploy(replace(after, on_removal=on_removal))

    assert [] == list_operations(stack)
    assert before == take_picture(stack)


def test_the_refusal_says_what_to_do(stack: Stack) -> None:
    stack.deploy(BEFORE)
    renamed, _ = RENAMED["a user under the same address"]
    with pytest.raises(DeploymentFailedError) as refused:
        stack.deploy(renamed)

    assert (
        "user 'alice' is removed and 'alicia' is added with the same address alice@acme.example: names "  # noqa: E501 - a sentence
        "cannot change in WorkMail, so this would switch 'alice' off and start 'alicia' with an "
        "empty mailbox; to keep it, keep the key 'alice' and change display_name, email or "
        "aliases; if these are two, remove 'alice' in one deployment and add 'alicia' in the next"
    ) == str(refused.value)


def test_two_people_can_change_places_in_two_deployments(stack: Stack) -> None:
    stack.deploy(BEFORE)
    stack.deploy(make_organization(BOB, SALES))
    after, _ = RENAMED["a user under the same address"]
    stack.deploy(after)

    assert_equals(take_picture(stack), after)


def test_a_successor_gets_the_address_of_who_leaves(stack: Stack) -> None:
    stack.deploy(BEFORE)
    carol = make_user("carol", first_name="Carol", aliases=(at("alice"),))
    stack.deploy(make_organization(carol, BOB, SALES))

    assert_equals(take_picture(stack), make_organization(carol, BOB, SALES))


def test_somebody_who_shares_no_more_than_a_first_name_is_another(stack: Stack) -> None:
    stack.deploy(BEFORE)
    after = make_organization(make_user("hatter", first_name="Alice", telephone="2"), BOB, SALES)
    stack.deploy(after)

    assert_equals(take_picture(stack), after)


def test_every_renamed_key_is_named(stack: Stack) -> None:
    stack.deploy(BEFORE)
    after = make_organization(
        make_user("alicia", email=at("alice")), make_user("bobby", email=at("bob")), SALES
    )
    with pytest.raises(DeploymentFailedError, match=r"'alice' is removed.*'bob' is removed"):
        stack.deploy(after)


def test_after_a_refused_rename_the_next_deployment_works(stack: Stack) -> None:
    stack.deploy(BEFORE)
    renamed, _ = RENAMED["a user under the same address"]
    with pytest.raises(DeploymentFailedError):
        stack.deploy(renamed)
    after = make_organization(replace(ALICE, display_name="Alicia"), BOB, SALES)
    stack.deploy(after)

    assert_equals(take_picture(stack), after)


def test_a_rename_back_to_somebody_switched_off_is_none(stack: Stack) -> None:
    stack.deploy(make_organization(make_user("alicia", email=at("alice"))))
    stack.deploy(make_organization(BOB))
    stack.deploy(make_organization(ALICE, BOB))
    after = make_organization(make_user("alicia", email=at("alice")), BOB)
    before = take_picture(stack)
    stack.deploy(after)

    assert_equals(take_picture(stack), after)
    assert before.ids == take_picture(stack).ids
