"""Approved is deployed: the handlers do what a plan showed, and refuse anything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from approving import QUESTION, plan_live, plan_offline
from cloudformation import DeploymentFailedError, Resource, Stack
from scenes import (
    ACME,
    assert_equals,
    list_operations,
    make_emulator,
    make_group,
    make_organization,
    make_user,
    take_picture,
)
from striking import RecordingStack
from transitions import FULL, POLICIES, SMALL, TRANSITIONS
from workmail_emulator import Emulator
from workmail_emulator.calls import Call
from workmail_org import declaring
from workmail_org.changes.approvals import NOTHING
from workmail_org.changes.organizations import decide_organization
from workmail_org.handlers import entry
from workmail_org.handlers.organizations import approve_organization
from workmail_org.handlers.requests import parse_request
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.policies import (
    AuthenticationMode,
    EmailMonitoring,
    IdentityCenter,
    PersonalAccessTokens,
    Policies,
    TokenStatus,
)
from workmail_org.model.removal import OnRemoval, Removal, Safety
from workmail_org.model.values import Listing
from workmail_org.plan.deployed import read_live
from workmail_org.plan.planning import plan
from workmail_org.wire.encoding import encode_properties
from workmail_org.wire.properties import ResourceType

DAN = make_user("dan")
JOINER = replace(SMALL, users=(*SMALL.users, DAN))
CENTER = IdentityCenter(
    instance_arn="arn:aws:sso:::instance/ssoins-0123456789abcdef",
    authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY,
    personal_access_tokens=PersonalAccessTokens(status=TokenStatus.ACTIVE, lifetime_days=30),
)
MONITORED = EmailMonitoring(log_group_arn="arn:aws:logs:eu-west-1:111122223333:log-group:mail:*")
CAREFUL = Safety(require_approval=True)

Change = tuple[Organization | None, Organization]

KINDS: dict[str, Change] = {
    **{
        name: change
        for name, change in TRANSITIONS.items()
        # Nothing is to be approved in these.
        if name
        not in {
            "nothing changes",
            "a full quota",
            "nobody is deleted where all are retained",
        }
    },
    "sign-in begins": (SMALL, replace(SMALL, policies=Policies(identity_center=CENTER))),
    "sign-in changes": (
        replace(SMALL, policies=Policies(identity_center=CENTER)),
        replace(
            SMALL,
            policies=Policies(
                identity_center=replace(
                    CENTER,
                    personal_access_tokens=PersonalAccessTokens(status=TokenStatus.INACTIVE),
                )
            ),
        ),
    ),
    "sign-in ends": (replace(SMALL, policies=Policies(identity_center=CENTER)), SMALL),
    "events are written": (SMALL, replace(SMALL, policies=Policies(email_monitoring=MONITORED))),
    "events are written no more": (
        replace(SMALL, policies=Policies(email_monitoring=MONITORED)),
        SMALL,
    ),
    "the default domain goes": (SMALL, replace(SMALL, domains=(replace(ACME, default=False),))),
}
"""Every kind of resource changes in one of them, and leaves in another."""

SOME = {
    name: KINDS[name]
    for name in (
        "everything from nothing",
        "a leaver who is deleted",
        "two swap their addresses",
        "groups merge",
        "a room is deleted",
        "every policy changes",
        "every policy goes",
        "a domain goes",
        "sign-in changes",
    )
}
"""Many calls, in every kind of resource."""


def begin(stack: Stack, organization: Organization | None) -> Stack:
    """Bring a stack into a state that nobody had to approve."""
    stack.secrets.values["ews"] = "canary"
    if organization:
        stack.deploy(organization)
    stack.emulator.clear_calls()
    return stack


def refuse(stack: Stack, organization: Organization, approved: str | None) -> str:
    """Deploy what is refused, without a write; give the reason."""
    stack.emulator.clear_calls()
    with pytest.raises(DeploymentFailedError) as caught:
        stack.deploy(organization, approved=approved)

    assert [] == list_operations(stack)
    return str(caught.value)


@pytest.mark.parametrize(("before", "after"), KINDS.values(), ids=KINDS.keys())
def test_what_was_approved_is_deployed(
    stack: Stack, before: Organization | None, after: Organization
) -> None:
    begin(stack, before)
    stack.deploy(after, approved=plan_offline(before, after).approval)

    assert [] != list_operations(stack)


@pytest.mark.parametrize(("before", "after"), KINDS.values(), ids=KINDS.keys())
def test_what_was_not_approved_is_refused_before_anything_is_written(
    stack: Stack, before: Organization | None, after: Organization
) -> None:
    begin(stack, before)
    reason = refuse(stack, after, NOTHING)

    assert (
        "this is not what was approved: the spec or the live organization changed meanwhile (see "
        "workmail-org plan SPEC --against live, and approve that: cdk deploy -c approved=TEXT): "
    ) == reason[: reason.index("TEXT): ") + 7]


@pytest.mark.parametrize(("before", "after"), SOME.values(), ids=SOME.keys())
def test_where_the_spec_says_so_nothing_happens_without_an_approval(
    stack: Stack, before: Organization | None, after: Organization
) -> None:
    if before:
        before = replace(before, safety=CAREFUL)
        stack.secrets.values["ews"] = "canary"
        stack.deploy(before, approved=plan_offline(None, before).approval)
    stack.secrets.values["ews"] = "canary"
    careful = replace(after, safety=CAREFUL)
    reason = refuse(stack, careful, None)

    assert reason.startswith(
        "safety.require_approval is true and nothing was approved (workmail-org plan SPEC "
        "--against live shows it and prints the text for cdk deploy -c approved=TEXT): "
    )
    stack.deploy(careful, approved=plan_offline(before, careful).approval)
    assert [] != list_operations(stack)


@pytest.mark.parametrize("names", [("alice", "bob", "carol"), ("carol", "bob", "alice")])
@pytest.mark.parametrize("size", [1, 1000], ids=["outside", "inline"])
def test_an_exchange_is_approved_in_whatever_order_people_are_declared(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], size: int
) -> None:
    """Of three in a circle one has to be parked; the order of properties is lost on the way."""
    monkeypatch.setattr(declaring, "_SHARD_ENTITIES", size)
    people = {name: make_user(name) for name in names}
    before = make_organization(*people.values())
    circle = {"alice": "bob", "bob": "carol", "carol": "alice"}
    moved = tuple(replace(user, email=people[circle[name]].email) for name, user in people.items())
    after = replace(before, users=moved)
    stack.deploy(before)
    stack.deploy(after, approved=plan_live(stack, before, after).approval)

    assert_equals(take_picture(stack), after)


def test_a_refusal_names_the_resource_and_what_it_would_do(stack: Stack) -> None:
    begin(stack, SMALL)

    assert refuse(stack, JOINER, NOTHING).endswith(
        "TEXT): users would take 2 calls: CreateUser of user dan, RegisterToWorkMail of user dan"
    )


def test_of_many_calls_ten_are_named(stack: Stack) -> None:
    begin(stack, SMALL)
    many = replace(SMALL, users=(*SMALL.users, *(make_user(f"new{n}") for n in range(9))))

    assert "users would take 18 calls: " in (reason := refuse(stack, many, NOTHING))
    assert reason.endswith("CreateUser of user new8, RegisterToWorkMail of user new0, 8 more")


def test_somebody_merged_meanwhile(stack: Stack) -> None:
    begin(stack, SMALL)
    merged = replace(JOINER, users=(*JOINER.users, make_user("eve")))

    assert "CreateUser of user eve" in refuse(stack, merged, plan_offline(SMALL, JOINER).approval)


def test_what_leaves_with_a_merge_is_refused_too_although_cloudformation_deletes_it_last(
    stack: Stack,
) -> None:
    begin(stack, FULL)
    approved = plan_offline(FULL, replace(FULL, tags={"team": "mail"})).approval
    merged = replace(FULL, tags={"team": "mail"}, policies=replace(POLICIES, availability=()))

    assert refuse(stack, merged, approved).endswith("TEXT): availability leaves")


def find_user(stack: Stack, name: str) -> str:
    users: Any = stack.workmail.list_users(OrganizationId=stack.organization_id)["Users"]
    return next(user["Id"] for user in users if user["Name"] == name)


def change_by_hand(stack: Stack) -> None:
    stack.workmail.create_alias(
        OrganizationId=stack.organization_id,
        EntityId=find_user(stack, "bob"),
        Alias="by-hand@acme.example",
    )


def test_the_live_organization_moved_and_planning_again_helps(stack: Stack) -> None:
    begin(stack, SMALL)
    approved = plan_live(stack, SMALL, JOINER).approval
    scope = {"OrganizationId": stack.organization_id}
    bob = find_user(stack, "bob")
    stack.workmail.create_alias(**scope, EntityId=bob, Alias=DAN.email)

    assert "DeleteAlias of user bob" in refuse(stack, JOINER, approved)
    stack.deploy(JOINER, approved=plan_live(stack, SMALL, JOINER).approval)
    assert_equals(take_picture(stack), JOINER)


def test_what_no_list_shows_of_who_does_not_change_stays_in_plan_and_deployment(
    stack: Stack,
) -> None:
    begin(stack, SMALL)
    approved = plan_live(stack, SMALL, JOINER).approval
    change_by_hand(stack)

    assert approved == plan_live(stack, SMALL, JOINER).approval
    stack.deploy(JOINER, approved=approved)
    assert "bob" == take_picture(stack).addresses["by-hand@acme.example"]
    # Who changes is brought to the whole of the declaration, and keeps what people added.
    bob = replace(JOINER.users[1], telephone="1", exclusive=(Listing.ALIASES,))
    other = replace(JOINER, users=(JOINER.users[0], replace(bob, exclusive=()), *JOINER.users[2:]))
    stack.deploy(other, approved=plan_live(stack, JOINER, other).approval)
    assert "bob" == take_picture(stack).addresses["by-hand@acme.example"]
    changed = replace(JOINER, users=(JOINER.users[0], bob, *JOINER.users[2:]))
    stack.deploy(changed, approved=plan_live(stack, other, changed).approval)
    assert_equals(take_picture(stack), other)
    assert "by-hand@acme.example" not in take_picture(stack).addresses


def test_what_somebody_did_already_needs_no_approval_any_more(stack: Stack) -> None:
    begin(stack, SMALL)
    approved = plan_offline(SMALL, replace(SMALL, tags={"team": "mail"})).approval
    described = stack.workmail.describe_organization(OrganizationId=stack.organization_id)
    stack.workmail.tag_resource(
        ResourceARN=described["ARN"], Tags=[{"Key": "team", "Value": "mail"}]
    )
    stack.deploy(replace(SMALL, tags={"team": "mail"}), approved=approved)


def test_who_comes_back_to_former_groups_is_approved_live(stack: Stack) -> None:
    """Memberships are kept while somebody is switched off; only WorkMail tells."""
    without = replace(
        SMALL, users=SMALL.users[:2], groups=(SMALL.groups[0], make_group("everyone"))
    )
    begin(stack, SMALL)
    stack.deploy(without)

    assert "RegisterToWorkMail of user carol" in refuse(
        stack, SMALL, plan_offline(without, SMALL).approval
    )
    stack.deploy(SMALL, approved=plan_live(stack, without, SMALL).approval)
    assert_equals(take_picture(stack), SMALL)


def test_what_was_changed_by_hand_stays_where_the_declaration_does(stack: Stack) -> None:
    """An approval, or none again, is said to every resource: that alone is no reason to write."""
    begin(stack, FULL)
    change_by_hand(stack)
    described = stack.workmail.describe_organization(OrganizationId=stack.organization_id)
    stack.workmail.untag_resource(ResourceARN=described["ARN"], TagKeys=["team"])
    stack.emulator.clear_calls()
    for approved in (NOTHING, None, "acme/users.0123456789ab"):
        stack.deploy(FULL, approved=approved)

        assert [] == list_operations(stack)


@pytest.mark.parametrize("required", [True, False], ids=["required", "given"])
def test_a_roll_back_is_never_refused(stack: Stack, required: bool) -> None:
    safety = CAREFUL if required else Safety()
    before = replace(SMALL, safety=safety)
    stack.deploy(before, approved=plan_offline(None, before).approval)
    # Users and groups share their names, and a file does not tell of this one.
    stack.workmail.create_user(
        OrganizationId=stack.organization_id, Name="desk", DisplayName="Desk", Password="Abcd1234!"
    )
    failing = make_group("desk")
    after = replace(JOINER, safety=safety, groups=(*SMALL.groups, failing))
    approved = plan_offline(before, after).approval
    with pytest.raises(DeploymentFailedError, match="group desk"):
        stack.deploy(after, approved=approved)

    with_desk = replace(before, users=(*before.users, make_user("desk", enabled=False)))
    assert_equals(take_picture(stack), with_desk)


class _Courier:
    """Delivers an event once more after each of its writes."""

    def __init__(self, stack: RecordingStack) -> None:
        self.stack = stack
        self.deliveries = 0
        self._busy = False

    def __call__(self, phase: str, call: Call) -> None:
        if phase != "after" or not call.write or self._busy or self.stack.current is None:
            return
        event, step = self.stack.current
        self._busy = True
        self.stack.invoke(event, entry.begin)
        self._busy = False
        self.stack.current = (event, step)
        self.deliveries += 1


@pytest.mark.parametrize(("before", "after"), SOME.values(), ids=SOME.keys())
def test_an_event_that_is_delivered_again_finds_its_work_half_done_and_goes_on(
    emulator: Emulator, before: Organization | None, after: Organization
) -> None:
    stack = RecordingStack(emulator)
    begin(stack, before)
    courier = _Courier(stack)
    emulator.on_call = courier
    stack.deploy(after, approved=plan_offline(before, after).approval)

    assert 0 < courier.deliveries


def test_only_the_event_that_was_let_through_may_go_on(stack: Stack) -> None:
    begin(stack, SMALL)
    stack.deploy(JOINER, approved=plan_offline(SMALL, JOINER).approval)
    merged = replace(JOINER, users=(*JOINER.users, make_user("eve")))

    assert "CreateUser of user eve" in refuse(stack, merged, NOTHING)


def test_lists_that_are_behind_are_looked_at_twice() -> None:
    """What was undone a moment ago may still show."""
    stack = begin(Stack(make_emulator(lag=4)), SMALL)
    stack.emulator.clock.advance(60)
    change_by_hand(stack)
    stack.emulator.clock.advance(60)
    scope = {"OrganizationId": stack.organization_id, "EntityId": find_user(stack, "bob")}
    stack.workmail.delete_alias(**scope, Alias="by-hand@acme.example")
    stack.deploy(JOINER, approved=plan_offline(SMALL, JOINER).approval)
    stack.emulator.clock.advance(60)

    assert_equals(take_picture(stack), JOINER)


def make_monitoring(stack: Stack, approved: str, **fields: str) -> Resource:
    properties = {
        "OrganizationId": stack.organization_id,
        "LogGroupArn": "arn:aws:logs:eu-west-1:111122223333:log-group:made-up:*",
        "RoleArn": "arn:aws:iam::111122223333:role/made-up",
        "Approved": approved,
        **fields,
    }
    return Resource("EmailMonitoring", ResourceType.EMAIL_MONITORING, properties)


def test_arns_that_cloudformation_makes_up_are_approved_without_being_known(stack: Stack) -> None:
    begin(stack, SMALL)
    managed = replace(SMALL, policies=Policies(email_monitoring=EmailMonitoring()))
    (approved,) = plan_offline(SMALL, managed).organizations[0].digests.values()
    stack.send("Create", make_monitoring(stack, approved, Managed="true"))

    assert ["PutEmailMonitoringConfiguration"] == list_operations(stack)
    assert "made-up" in str(stack.emulator.writes[-1].parameters["LogGroupArn"])
    given = make_monitoring(stack, approved, LogGroupArn=str(MONITORED.log_group_arn))
    with pytest.raises(DeploymentFailedError, match="PutEmailMonitoringConfiguration"):
        stack.send("Create", given)


DIRECTORY = Directory(
    type=DirectoryType.SIMPLE_AD,
    name="corp.acme.example",
    size="small",
    vpc_id="vpc-0123456789abcdef0",
    subnet_ids=("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
    admin_password_secret="admin",
)


def test_a_directory_is_approved_before_it_is_made(stack: Stack) -> None:
    wanted = replace(make_organization(), directory=DIRECTORY)
    digests = plan_offline(None, wanted).organizations[0].digests
    encoded = encode_properties(declaring.make_directory(wanted, owner=stack.name))
    kind = ResourceType.DIRECTORY

    def make(approved: str) -> Resource:
        return Resource("Directory", kind, {**encoded, "Approved": approved})

    with pytest.raises(DeploymentFailedError, match="CreateDirectory of directory corp"):
        stack.invoke(stack.make_event("Create", make(NOTHING)), entry.begin)
    stack.secrets.values["admin"] = "S3cret-enough"
    answer = stack.invoke(stack.make_event("Create", make(digests["acme/directory"])), entry.begin)
    about = declaring.make_organization(wanted, owner=stack.name)
    told = encode_properties(replace(about, directory_id=answer["PhysicalResourceId"]))
    consent = {"Approved": digests["acme/organization"], "ApprovedOthers": strip(digests)}
    organization = Resource("Organization", ResourceType.ORGANIZATION, {**told, **consent})
    run = stack.make_run()
    request = parse_request(stack.make_event("Create", organization), lambda _b, _k: {})
    decision = decide_organization(None, request.desired, None)
    approve_organization(run, request, None, decision)


def strip(digests: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix("acme/"): digest for name, digest in digests.items()}


def test_every_resource_is_called_in_an_approval_as_in_its_physical_id(stack: Stack) -> None:
    begin(stack, replace(FULL, policies=replace(POLICIES, identity_center=CENTER)))
    named = {
        deployed.resource.part_name: deployed.physical_id.partition("/")[2]
        for deployed in stack.deployed.values()
        if deployed.resource.type is not ResourceType.ORGANIZATION
    }

    assert {part_name: part_name for part_name in named} == named
    assert 14 == len(named)


class _NoStack:
    """CloudFormation, without the stack that is asked for."""

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - the API's
        message = f"Stack with id {StackName} does not exist"
        answer = {"Error": {"Code": "ValidationError", "Message": message}}
        raise ClientError(cast("Any", answer), "DescribeStacks")


def test_an_organization_that_its_stack_left_is_approved_as_it_is_found_again(
    stack: Stack,
) -> None:
    careful = replace(make_organization(DAN), safety=CAREFUL)
    stack.deploy(careful, approved=plan_offline(None, careful).approval)
    stack.destroy()
    clients = replace(stack.make_run().clients, cloudformation=cast("Any", _NoStack()))
    environment = Environment(name="test", organizations=(careful,))
    base = read_live(environment, open_clients=lambda _: clients)
    again = Stack(stack.emulator)
    again.deploy(careful, approved=plan(environment, base, QUESTION).approval)

    assert {"dan"} == take_picture(again).enabled


def test_a_plan_says_that_an_organization_found_again_is_not_deleted(stack: Stack) -> None:
    stack.deploy(make_organization(DAN))
    stack.destroy()
    goes = make_organization(DAN, on_removal=OnRemoval(organization=Removal.DELETE))
    clients = replace(stack.make_run().clients, cloudformation=cast("Any", _NoStack()))
    environment = Environment(name="test", organizations=(goes,))
    base = read_live(environment, open_clients=lambda _: clients)
    (found,) = plan(environment, base, QUESTION).organizations

    assert (
        "organization acme exists already and is found again: on_removal.organization: delete "
        "does not delete it, neither with the stack nor in a rollback"
    ) in found.notes
