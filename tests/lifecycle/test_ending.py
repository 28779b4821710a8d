"""A stack that cannot be destroyed to its end is not begun with: nothing is deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, Stack
from scenes import at, make_group, make_organization, make_user
from workmail_org.model.removal import OnRemoval, Removal

GONE = OnRemoval(
    users=Removal.DELETE,
    groups=Removal.DELETE,
    resources=Removal.DELETE,
    organization=Removal.DELETE,
)
ALICE = make_user("alice")
COPY = make_organization(ALICE, make_group("sales", "alice"), on_removal=GONE)
KEPT = make_organization(ALICE)
TEST_DOMAIN = "acme.awsapps.com"


def make_stranger(stack: Stack, kind: str, name: str, address: str) -> str:
    """Make somebody by hand, switched on."""
    scope = {"OrganizationId": stack.organization_id}
    fields: dict[str, Any] = {"user": {"DisplayName": name}, "resource": {"Type": "ROOM"}}
    made: dict[str, str] = getattr(stack.workmail, f"create_{kind}")(
        **scope, Name=name, **fields.get(kind, {})
    )
    stranger = made[f"{kind.title()}Id"]
    stack.workmail.register_to_work_mail(**scope, EntityId=stranger, Email=address)
    return stranger


def refuse(stack: Stack) -> str:
    """Destroy a stack, which is refused and changes nothing; return the reason."""
    before = stack.emulator.dump()
    stack.emulator.clear_calls()
    with pytest.raises(DeploymentFailedError) as refused:
        stack.destroy()

    assert () == stack.emulator.writes
    assert before["accounts"] == stack.emulator.dump()["accounts"]
    return str(refused.value)


def test_a_user_made_by_hand_stops_the_end_of_a_copy_before_it_begins(stack: Stack) -> None:
    stack.deploy(COPY)
    mallory = make_stranger(stack, "user", "mallory", at("mallory", TEST_DOMAIN))

    assert (
        "the stack cannot be destroyed as it is, and nothing in the organization was deleted: the "
        "organization would not be deleted, since users are switched on whom this stack did not "
        "make or retains (mallory); what CloudFormation deletes by itself, such as record sets and "
        'functions, is gone: the section "Destroying a stack" of docs/operating.md says how to go '
        "on"
    ) in refuse(stack)
    assert [
        "nothing is deleted, since the end of the stack is refused: the organization would not be "
        "deleted, since users are switched on whom this stack did not make or retains (mallory)"
    ] == sorted(set(stack.reasons))[:1]
    stack.workmail.deregister_from_work_mail(OrganizationId=stack.organization_id, EntityId=mallory)
    stack.destroy()
    assert {} == stack.deployed


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("group", "group:helpdesk"), ("resource", "resource:helpdesk"), ("user", "helpdesk")],
)
def test_an_address_by_hand_stops_the_end_of_its_domain(
    stack: Stack, kind: str, expected: str
) -> None:
    """Also where the organization stays."""
    stack.deploy(KEPT)
    make_stranger(stack, kind, "helpdesk", at("helpdesk"))
    said = f"domain acme.example would stay registered, since it has addresses of {expected};"

    assert said in refuse(stack)


def test_an_alias_by_hand_stops_it_too(stack: Stack) -> None:
    stack.deploy(KEPT)
    stranger = make_stranger(stack, "group", "helpdesk", at("helpdesk", TEST_DOMAIN))
    stack.workmail.create_alias(
        OrganizationId=stack.organization_id, EntityId=stranger, Alias=at("help")
    )

    assert "since it has addresses of group:helpdesk" in refuse(stack)


def test_whoever_was_taken_over_stays_and_so_stops_it(stack: Stack) -> None:
    stack.deploy(make_organization(on_removal=GONE))
    make_stranger(stack, "user", "bob", at("bob"))
    stack.deploy(make_organization(make_user("bob", adopt=True), on_removal=GONE))

    assert "retains (bob)" in refuse(stack)


def leave_nobody(stack: Stack) -> None:
    del stack


def leave_somebody_off(stack: Stack) -> None:
    stranger = make_stranger(stack, "user", "mallory", at("mallory"))
    stack.workmail.deregister_from_work_mail(
        OrganizationId=stack.organization_id, EntityId=stranger
    )


def leave_a_group(stack: Stack) -> None:
    make_stranger(stack, "group", "helpdesk", at("helpdesk", TEST_DOMAIN))


@pytest.mark.parametrize("leave", [leave_nobody, leave_somebody_off, leave_a_group])
def test_what_stops_nothing_is_not_asked_about(
    stack: Stack, leave: Callable[[Stack], None]
) -> None:
    stack.deploy(COPY)
    leave(stack)
    stack.destroy()

    assert {} == stack.deployed


def test_an_organization_that_was_found_again_stays_with_whoever_is_in_it(stack: Stack) -> None:
    stack.deploy(KEPT)
    stack.destroy()
    stack.emulator.clock.advance(60)
    again = Stack(stack.emulator)
    again.deploy(make_organization(on_removal=GONE))
    make_stranger(again, "user", "mallory", at("mallory", TEST_DOMAIN))
    again.destroy()

    assert {} == again.deployed


def test_the_first_deployment_that_fails_is_rolled_back_whoever_is_there(stack: Stack) -> None:
    failing = make_organization(ALICE, make_group("sales", email="s@not.registered"))
    with pytest.raises(DeploymentFailedError, match="group sales"):
        stack.deploy(failing)

    assert {} == stack.deployed


def test_domains_that_stay_stop_nothing(stack: Stack) -> None:
    stack.deploy(make_organization(ALICE, on_removal=OnRemoval(domains=Removal.RETAIN)))
    make_stranger(stack, "group", "helpdesk", at("helpdesk"))
    stack.destroy()

    assert {} == stack.deployed
