"""What was made by hand and is taken over: deployed, rolled back, destroyed.

The rows are those of an organization that people made: declared fields are set and everything else
is kept; a failure leaves all as it was found; a destroyed stack leaves all as it is.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, Stack
from drifting import Hand, look_live
from scenes import at, make_emulator
from transitions import ALICE, BOB, CAROL, FULL, POLICIES, ROOM, allow, erase, impersonate, permit
from workmail_emulator.faults import Fault
from workmail_org.model.live import Snapshot
from workmail_org.model.organization import Organization
from workmail_org.model.permission import Right
from workmail_org.model.policies import (
    AuthenticationMode,
    Availability,
    IdentityCenter,
    PersonalAccessTokens,
    TokenStatus,
)
from workmail_org.model.values import Kind, OrganizationId
from workmail_org.wire.names import OWNER_TAG, TAKEN_OVER_TAG

OWN_TAGS = (OWNER_TAG, TAKEN_OVER_TAG)

LAMBDA = "arn:aws:lambda:eu-west-1:111122223333:function:free-busy"
# A password of another domain could not be compared, and would be written.
POLICIES_BY_HAND = replace(
    POLICIES, availability=(Availability(domain="partner.example", lambda_arn=LAMBDA),)
)
MADE = replace(FULL, policies=POLICIES_BY_HAND)


@pytest.fixture
def hand() -> Hand:
    """An organization that people made, with more in it than any spec will say."""
    stack = Stack(make_emulator(), name="forgotten")
    stack.deploy(MADE)
    hand = Hand(stack)
    for name in ("zoe", "former"):
        made = hand.do("create_user", Name=name, DisplayName=name, Password="Str0ng-enough")
        hand.do("register_to_work_mail", EntityId=made["UserId"], Email=at(name))
    hand.do("deregister_from_work_mail", EntityId=hand.find("former"))
    hand.do(
        "put_mailbox_permissions",
        EntityId=hand.find("zoe"),
        GranteeId=hand.find("alice"),
        PermissionValues=["SEND_AS"],
    )
    hand.do("update_user", UserId=hand.find("carol"), Telephone="+353 1", City="Dublin")
    arn = hand.do("describe_organization")["ARN"]
    stack.workmail.untag_resource(ResourceARN=arn, TagKeys=list(OWN_TAGS))
    stack.workmail.tag_resource(ResourceARN=arn, Tags=[{"Key": "by-hand", "Value": "yes"}])
    stack.emulator.clear_calls()
    return hand


def take(hand: Hand, declared: Organization = MADE, **changed: Any) -> Organization:
    """Declare what is to be taken over."""
    existing = OrganizationId(hand.stack.organization_id)
    return replace(declared, existing=existing, **{"adopt": True, **changed})


CHANGED: dict[str, Any] = {
    "users": (
        replace(ALICE, aliases=(at("lid"),), display_name="Alice Liddell", quota_megabytes=2048),
        replace(BOB, department="Sales", email=at("robert")),
        replace(CAROL, enabled=False),
    ),
    "groups": (replace(MADE.groups[0], hidden_from_global_address_list=True), MADE.groups[1]),
    "resources": (replace(ROOM, description="12 seats", delegates=ROOM.delegates[:1]),),
    "permissions": (permit("alice", "bob", Right.FULL_ACCESS),),
    "policies": replace(
        POLICIES_BY_HAND,
        access_control=(allow("default"),),
        retention=erase(90),
        impersonation_roles=(impersonate("bob"),),
        inbound_dmarc_enforced=True,
        availability=(),
    ),
    "tags": {"team": "mail"},
}
"""Another value of every kind."""


def see(hand: Hand) -> dict[str, Any]:
    """Read everything, with ids of people, but for ids of rules that were made anew."""
    live = look_live(hand.stack, with_disabled=True)
    assert live is not None
    tags = {k: v for k, v in live.organization.tags.items() if k not in OWN_TAGS}
    settings = live.settings
    return {
        "organization": replace(live.organization, tags={}),
        "tags": tags,
        "domains": live.domains,
        "people": live.people,
        "settings": replace(
            settings,
            permissions=tuple(sorted(settings.permissions, key=str)),
            mobile_devices=tuple(replace(each, id="") for each in settings.mobile_devices),
            access_control=tuple(sorted(settings.access_control, key=lambda rule: rule.name)),
            retention=settings.retention and replace(settings.retention, id=""),
            # WorkMail makes a role that was deleted anew under another id.
            impersonation_roles=tuple(
                replace(each, id="") for each in settings.impersonation_roles
            ),
        ),
        "mailboxes": {
            each.token: each.status for each in hand.stack.emulator.mailboxes if each.status
        },
    }


def see_tags(hand: Hand) -> dict[str, str]:
    live = look_live(hand.stack)
    assert live is not None
    return {key: live.organization.tags[key] for key in OWN_TAGS if key in live.organization.tags}


def deploy(hand: Hand, desired: Organization) -> Stack:
    stack = Stack(hand.stack.emulator, name="production-acme")
    stack.secrets = hand.stack.secrets
    stack.deploy(desired)
    return stack


def list_effects(hand: Hand) -> list[str]:
    return [call.operation for call in hand.stack.emulator.writes if call.effect]


def test_a_take_over_as_it_is_writes_tags_and_nothing_else(hand: Hand) -> None:
    found = see(hand)
    deploy(hand, take(hand))

    assert ["TagResource"] == list_effects(hand)
    assert found == see(hand)
    assert {OWNER_TAG: "production-acme", TAKEN_OVER_TAG: "true"} == see_tags(hand)


def test_a_take_over_with_changes_sets_them_and_keeps_what_nobody_declared(hand: Hand) -> None:
    before = look_live(hand.stack)
    deploy(hand, take(hand, **CHANGED))
    after = look_live(hand.stack)
    assert before is not None
    assert after is not None
    users = {name: found.entity for name, found in after.people.users.items()}

    assert "Alice Liddell" == users["alice"].display_name
    assert 2048 == users["alice"].quota_megabytes
    assert at("robert") == users["bob"].email
    assert not users["carol"].enabled
    assert ("Dublin", "+353 1") == (users["carol"].city, users["carol"].telephone)
    assert users["zoe"] == before.people.users["zoe"].entity
    assert users["former"] == before.people.users["former"].entity
    assert "yes" == after.organization.tags["by-hand"]
    assert {"zoe for alice"} <= {
        f"{each.mailbox} for {each.grantee}" for each in after.settings.permissions
    }
    ids = {name: found.id for name, found in before.people.users.items()}
    assert ids == {name: after.people.users[name].id for name in ids}


@pytest.mark.parametrize(
    "kind",
    [
        "nothing else",
        "permissions",
        "policies",
        "users",
        "groups",
        "resources",
        "tags",
    ],
)
def test_a_take_over_that_fails_leaves_everything_as_it_was_found(hand: Hand, kind: str) -> None:
    """Whether it wrote something of a kind, or found everything as it is declared."""
    found = see(hand)
    desired = take(hand, **({kind: CHANGED[kind]} if kind in CHANGED else {}))
    fail(Stack(hand.stack.emulator, name="production-acme"), desired)

    assert {} == differ(found, see(hand))
    assert {} == see_tags(hand)


def fail(stack: Stack, desired: Organization) -> None:
    """Deploy what fails when everything but the removals is written, and is rolled back."""
    center = IdentityCenter(
        instance_arn="arn:aws:sso:::instance/ssoins-0123456789abcdef",
        authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY,
        personal_access_tokens=PersonalAccessTokens(status=TokenStatus.INACTIVE),
    )
    fault = Fault(operation="CreateIdentityCenterApplication", code="Final", status=400)
    stack.emulator.faults.add(fault)
    policies = replace(desired.policies, identity_center=center)
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(replace(desired, policies=policies))
    stack.emulator.faults.clear()


def differ(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Name what differs; of people and settings the fields."""
    found: dict[str, tuple[Any, Any]] = {}
    for part, value in before.items():
        if part in ("people", "settings"):
            for each in fields(value):
                one, other = getattr(value, each.name), getattr(after[part], each.name)
                if one != other:
                    found[f"{part}.{each.name}"] = (one, other)
        elif part == "mailboxes":
            lost = {token: after[part].get(token) for token in value} != value
            if lost:
                found[part] = (value, after[part])
        elif value != after[part]:
            found[part] = (value, after[part])
    return found


@pytest.mark.parametrize("quota", [None, 2048])
def test_a_later_change_that_fails_leaves_it_as_the_take_over_did(
    hand: Hand, quota: int | None
) -> None:
    stack = deploy(hand, take(hand))
    found = see(hand)
    alice, *others = CHANGED["users"]
    changed: dict[str, Any] = {
        **CHANGED,
        "users": (replace(alice, quota_megabytes=quota), *others),
    }
    fail(stack, take(hand, **changed))

    assert {} == differ(found, see(hand))
    assert OWN_TAGS == tuple(see_tags(hand))


def test_a_stack_that_is_destroyed_leaves_what_it_took_over(hand: Hand) -> None:
    stack = deploy(hand, take(hand))
    found = see(hand)
    stack.destroy()

    assert {} == differ(found, see(hand))
    assert {} == see_tags(hand)


def test_a_section_that_leaves_the_spec_goes_though_it_was_there_before(hand: Hand) -> None:
    """Only the end of the whole stack leaves it: the plan of a section says that it goes."""
    stack = deploy(hand, take(hand))
    stack.deploy(take(hand, policies=replace(POLICIES_BY_HAND, retention=None)))
    live = look_live(hand.stack)

    assert live is not None
    assert live.settings.retention is None


def test_a_stack_that_is_destroyed_takes_away_what_it_added_and_puts_back_what_was_there(
    hand: Hand,
) -> None:
    before = look_live(hand.stack)
    more = replace(
        POLICIES_BY_HAND,
        retention=erase(20),
        impersonation_roles=(
            *POLICIES_BY_HAND.impersonation_roles,
            replace(impersonate("bob"), name="added"),
        ),
    )
    rights = (*MADE.permissions, permit("bob", "alice", Right.SEND_AS))
    stack = deploy(hand, take(hand, policies=more, permissions=rights))
    stack.destroy()
    after = look_live(hand.stack)

    assert before is not None
    assert after is not None
    assert erase(30) == (after.settings.retention and after.settings.retention.policy)
    assert ["backup"] == [each.role.name for each in after.settings.impersonation_roles]
    assert set(before.settings.permissions) == set(after.settings.permissions)


def test_what_the_spec_changed_since_the_take_over_stays_so_when_the_stack_goes(hand: Hand) -> None:
    """A right that was revoked is not given again, and nothing is erased that was to be kept."""
    both = ("send_as", "full_access")
    pair = {"EntityId": hand.find("bob"), "GranteeId": hand.find("carol")}
    values = [each.upper() for each in both]
    hand.do("put_mailbox_permissions", **pair, PermissionValues=values)
    taken = take(hand, permissions=(permit("bob", "carol", *map(Right, both)),))
    stack = deploy(hand, taken)
    later = replace(
        taken,
        permissions=(permit("bob", "carol", Right.SEND_AS),),
        policies=replace(
            POLICIES_BY_HAND, retention=erase(700), impersonation_roles=(impersonate("bob"),)
        ),
    )
    stack.deploy(later)
    before = see(hand)
    stack.destroy()

    assert before == see(hand)


def test_what_a_later_deployment_takes_over_stays_when_the_stack_goes(hand: Hand) -> None:
    before = see(hand)
    people = replace(MADE, permissions=(), policies=replace(POLICIES_BY_HAND, availability=()))
    stack = deploy(hand, take(hand, people))
    rights = (*MADE.permissions, permit("bob", "alice", Right.SEND_AS))
    stack.deploy(take(hand, permissions=rights))
    stack.destroy()

    assert before == see(hand)


def test_a_policy_that_erases_earlier_is_not_put_back_when_the_stack_goes(hand: Hand) -> None:
    """Nobody is there who could confirm it."""
    stack = deploy(hand, take(hand, policies=replace(POLICIES_BY_HAND, retention=erase(90))))
    stack.destroy()
    after = look_live(hand.stack)

    assert after is not None
    assert erase(90) == (after.settings.retention and after.settings.retention.policy)


def test_what_people_added_to_a_declared_list_stays(hand: Hand) -> None:
    hand.do("create_alias", EntityId=hand.find("alice"), Alias=at("by-hand"))
    hand.do("associate_member_to_group", GroupId=hand.find("everyone"), MemberId=hand.find("zoe"))
    found = see(hand)
    deploy(hand, take(hand))

    assert {} == differ(found, see(hand))


def test_without_adopt_a_take_over_is_refused_before_anybody_is_written(hand: Hand) -> None:
    found = see(hand)
    with pytest.raises(DeploymentFailedError) as refused:
        deploy(hand, take(hand, adopt=False))

    assert "alice" in str(refused.value)
    assert {} == differ(found, see(hand))
    assert {} == see_tags(hand)
    assert {"TagResource", "UntagResource"} >= set(list_effects(hand))


def test_whoever_is_taken_over_and_leaves_the_spec_is_switched_off_and_comes_back(
    hand: Hand,
) -> None:
    carol = hand.find("carol")
    stack = deploy(hand, take(hand))
    without: dict[str, Any] = {
        "users": MADE.users[:2],
        "groups": (MADE.groups[0], replace(MADE.groups[1], members=MADE.groups[1].members[:1])),
        "permissions": MADE.permissions[:1],
    }
    stack.deploy(take(hand, **without))
    gone = look_state(hand, "carol")
    stack.deploy(take(hand))
    back = look_state(hand, "carol")

    assert (False, True) == (gone.entity.enabled, back.entity.enabled)
    assert carol == gone.id == back.id
    assert ("Dublin", "+353 1") == (back.entity.city, back.entity.telephone)


def look_state(hand: Hand, name: str) -> Any:
    live: Snapshot | None = look_live(hand.stack)
    assert live is not None
    return live.people.get_kind(Kind.USER)[name]
