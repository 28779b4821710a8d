"""Something goes wrong at every call of every transition, in every way.

`make test` strikes a few calls of each transition; `make test-all` all of them,
and prints the table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, Stack
from effort import ALL
from scenes import at, make_group, make_organization, make_user
from striking import BLOWS, STRUCK, Harness, Transition, list_numbers, take_picture
from workmail_emulator.faults import Fault
from workmail_org import declaring
from workmail_org.changes import few
from workmail_org.model.bookable import Bookable, BookableType, Booking
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.policies import (
    AccessControlRule,
    AuthenticationMode,
    Availability,
    Effect,
    EmailMonitoring,
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
)
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.values import parse_reference
from workmail_org.service.workmail import WorkMail

STEP = 1 if ALL else 60
RETRY = 5 if ALL else 2


def make_room(name: str, **fields: Any) -> Bookable:
    described: dict[str, Any] = {"type": BookableType.ROOM, "email": at(name), **fields}
    return Bookable(name=name, **described)


def permit(mailbox: str, grantee: str, *rights: Right) -> MailboxPermission:
    return MailboxPermission(
        mailbox=parse_reference(mailbox), grantee=parse_reference(grantee), rights=rights
    )


def make_policies(variant: str, *users: str) -> Policies:
    """Make one of each kind of rule and setting.

    Args:
        variant: Is in every value that may change.
        users: Whom the rules name.
    """
    return Policies(
        access_control=(
            AccessControlRule(name="default", effect=Effect.ALLOW, description="everyone"),
            AccessControlRule(
                name="no-imap",
                effect=Effect.DENY,
                description=variant,
                actions=("imap",),
                users=users,
            ),
        ),
        mobile_devices=(
            MobileDeviceAccessRule(name="all", effect=Effect.ALLOW),
            MobileDeviceAccessRule(name=variant, effect=Effect.DENY, device_types=("old",)),
        ),
        retention=RetentionPolicy(
            name="standard",
            description=variant,
            folders=(FolderRetention(folder=Folder.INBOX, action=RetentionAction.NONE),),
        ),
        impersonation_roles=(
            ImpersonationRole(
                name="backup",
                type=ImpersonationType.READ_ONLY,
                description=variant,
                rules=(ImpersonationRule(key="some", effect=Effect.ALLOW, target_users=users),),
            ),
        ),
        availability=(
            Availability(
                domain="partner.example",
                lambda_arn=f"arn:aws:lambda:eu-west-1:111122223333:function:{variant}",
            ),
        ),
        email_monitoring=EmailMonitoring(
            log_group_arn=f"arn:aws:logs:eu-west-1:111122223333:log-group:{variant}:*",
            role_arn=f"arn:aws:iam::111122223333:role/{variant}",
        ),
        inbound_dmarc_enforced=variant == "second",
        identity_center=IdentityCenter(
            instance_arn="arn:aws:sso:::instance/ssoins-0123456789abcdef",
            authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY,
            personal_access_tokens=PersonalAccessTokens(lifetime_days=len(variant)),
        ),
    )


ALLOWED = Policies(
    access_control=(AccessControlRule(name="default", effect=Effect.ALLOW, description="all"),),
    mobile_devices=(MobileDeviceAccessRule(name="all", effect=Effect.ALLOW),),
)
ALICE = make_user("alice", aliases=(at("al"),), telephone="1", quota_megabytes=100)
BOB = make_user("bob", quota_megabytes=200)
CAROL = make_user("carol", quota_megabytes=300)
HALL = make_room("hall", aliases=(at("h"),))

EMPTY = make_organization(policies=ALLOWED)
SMALL = make_organization(ALICE, make_group("support", "alice"), policies=ALLOWED)
FULL = make_organization(
    ALICE,
    BOB,
    CAROL,
    make_group("sales", "alice", "group:support"),
    make_group("support", "bob", aliases=(at("help"),)),
    resources=(
        HALL,
        make_room("den", delegates=(BOB.reference,), booking=Booking(auto_accept=False)),
    ),
    permissions=(
        permit("alice", "group:sales", Right.SEND_AS),
        permit("bob", "carol", Right.FULL_ACCESS, Right.SEND_AS),
        permit("resource:hall", "alice", Right.FULL_ACCESS),
    ),
    policies=make_policies("first", "alice", "bob"),
    tags={"team": "mail"},
)
TURNED = make_organization(
    replace(ALICE, email=at("bob"), aliases=(at("help"),), telephone="2", city="Bonn"),
    replace(BOB, email=at("hall"), aliases=(at("al"),), quota_megabytes=5),
    replace(CAROL, email=at("alice")),
    make_user("dora", quota_megabytes=50),
    make_group("sales", "dora", email=at("support"), aliases=(at("s"),)),
    make_group("support", "alice", "group:sales", email=at("sales")),
    resources=(
        replace(HALL, email=at("carol"), aliases=(), description="12 seats"),
        make_room("den", delegates=(CAROL.reference,)),
    ),
    permissions=(
        permit("alice", "group:sales", Right.FULL_ACCESS),
        permit("carol", "bob", Right.SEND_ON_BEHALF),
    ),
    policies=make_policies("second", "carol"),
    tags={"team": "post", "cost": "1"},
)
HALVED = make_organization(
    replace(ALICE, aliases=(at("bob"), at("sales"))),
    replace(CAROL, enabled=False),
    make_group("support", "alice"),
    resources=(HALL,),
    permissions=(permit("resource:hall", "alice", Right.FULL_ACCESS),),
    policies=make_policies("first", "alice"),
    tags={"team": "mail"},
)

PEOPLE = make_organization(ALICE, BOB, make_group("support", "alice"))
"""No rule and no setting is declared: whatever is there was made by hand."""
MORE_PEOPLE = make_organization(
    replace(ALICE, telephone="2"),
    CAROL,
    make_group("support", "carol"),
    permissions=(permit("alice", "carol", Right.SEND_AS),),
)

HELP = make_group("help", "alice", aliases=(at("aid"),))
ROOMY = make_organization(ALICE, HELP, resources=(HALL,), policies=ALLOWED)
SWAPPED = make_organization(
    ALICE,
    replace(HELP, email=at("hall"), aliases=(at("h"),)),
    resources=(replace(HALL, email=at("help"), aliases=(at("aid"),)),),
    policies=ALLOWED,
)
"""No user has a part in it: the users have nothing to put back."""

STAYING = replace(FULL, on_removal=OnRemoval(domains=Removal.RETAIN))
"""People who were made by hand keep their addresses, so the domain has to stay."""

TRANSITIONS = {
    "nothing, full": Transition(None, FULL),
    "empty, small": Transition(EMPTY, SMALL),
    "small, full": Transition(SMALL, FULL),
    "full, addresses turned round": Transition(FULL, TURNED),
    "turned round, halved": Transition(TURNED, HALVED),
    "halved, full again": Transition(HALVED, FULL),
    "people, more people": Transition(PEOPLE, MORE_PEOPLE),
    "a group and a room swap their addresses": Transition(ROOMY, SWAPPED),
    "full, empty": Transition(FULL, EMPTY),
    "full, nothing": Transition(STAYING, None),
}


@pytest.fixture(scope="module", autouse=True)
def one_after_the_other() -> Iterator[None]:
    """Read one thing after the other: the n-th call is the same one in every run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WorkMail, "read_many", read_one_by_one)
        yield


def read_one_by_one(_: WorkMail, read: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    return [read(each) for each in items]


LARGE = [
    name for name in TRANSITIONS if ALL or name in ("halved, full again", "people, more people")
]
"""Transitions that are made as in a large organization too."""


@pytest.fixture(
    scope="module",
    params=[*((name, False) for name in TRANSITIONS), *((name, True) for name in LARGE)],
    ids=lambda param: f"{param[0]}, large" if param[1] else str(param[0]),
)
def harness(request: pytest.FixtureRequest) -> Iterator[tuple[str, Harness]]:
    """Make the harness of each transition in turn.

    In a large organization few are looked up by name, and each collection has several shards.
    """
    name, is_large = request.param
    with pytest.MonkeyPatch.context() as patch:
        if is_large:
            patch.setattr(few, "ROWS_OF_A_PAGE", 1)
            patch.setattr(declaring, "_SHARD_ENTITIES", 2)
        yield f"{name}, large" if is_large else name, Harness(TRANSITIONS[name])


@pytest.mark.parametrize("word", BLOWS)
def test_whatever_goes_wrong_at_any_call_it_ends_as_it_was_or_as_it_shall_be(
    harness: tuple[str, Harness], word: str, record_property: Callable[[str, object], None]
) -> None:
    name, made = harness
    numbers = list_numbers(made.calls, word, step=STEP)
    for count, number in enumerate(numbers):
        try:
            made.run(BLOWS[word], number, retry=count % RETRY == 0)
        except Exception as error:
            error.add_note(f"{name}: {word} at call {number}")
            raise
    record_property(STRUCK, json.dumps([name, word, len(made.calls), len(numbers)]))

    assert numbers


@pytest.mark.parametrize(("page", "shard"), [(100, 1000), (1, 2)], ids=["", "large"])
def test_a_request_may_be_delivered_twice_at_once_at_any_call(
    monkeypatch: pytest.MonkeyPatch, page: int, shard: int
) -> None:
    """Whoever the other delivery has just made is the stack's, and goes with its rollback."""
    monkeypatch.setattr(few, "ROWS_OF_A_PAGE", page)
    monkeypatch.setattr(declaring, "_SHARD_ENTITIES", shard)
    made = Harness(TRANSITIONS["people, more people"])
    blow = BLOWS["delivered twice at once"]

    came_through = [made.run(blow, number + 1, retry=False) for number in range(len(made.calls))]

    assert [True] * len(made.calls) == came_through


def test_rights_on_a_mailbox_that_was_to_leave_come_back_with_a_roll_back(stack: Stack) -> None:
    stack.deploy(FULL)
    before = take_picture(stack.emulator.state())["permissions"]
    stack.emulator.faults.add(Fault(operation="UpdateResource", times=1, code="Final", status=400))
    halved = replace(HALVED, resources=(replace(HALL, description="x"),))
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(halved)

    assert before == take_picture(stack.emulator.state())["permissions"]
