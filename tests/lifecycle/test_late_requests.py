"""A request comes for the first time when its deployment is over: it writes nothing.

CloudFormation sends requests by a queue that keeps no order, and a throttled
function gets its event minutes later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from itertools import cycle, product
from typing import Any

import pytest

from cloudformation import (
    DeploymentFailedError,
    RollbackFailedError,
    SilentDynamoDb,
    Stack,
    list_resources,
)
from drifting import Hand
from effort import ALL
from queueing import PLACES, SlowStack
from scenes import at, make_emulator, make_group, make_organization, make_user
from striking import Picture, take_picture
from transitions import allow, permit
from workmail_emulator import Emulator
from workmail_emulator.errors import ServiceFault
from workmail_org.errors import TemporaryError
from workmail_org.handlers import entry
from workmail_org.model.bookable import Bookable, BookableType
from workmail_org.model.organization import Organization
from workmail_org.model.permission import Right
from workmail_org.model.policies import (
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
from workmail_org.model.values import OrganizationId
from workmail_org.wire.names import OWNER_TAG

DATES = ("both", "the stack", "the request", "none")
"""What has a date."""


def make_policies(variant: str) -> Policies:
    """Make one of each kind of rule and setting; the variant is in every one."""
    return Policies(
        access_control=(allow("default"), allow(variant)),
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
                rules=(
                    ImpersonationRule(key="some", effect=Effect.ALLOW, target_users=("alice",)),
                ),
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
        inbound_dmarc_enforced=variant != "first",
        identity_center=IdentityCenter(
            instance_arn="arn:aws:sso:::instance/ssoins-0123456789abcdef",
            authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY,
            personal_access_tokens=PersonalAccessTokens(lifetime_days=ord(variant[0])),
        ),
    )


def make_variant(variant: str, *, policies: bool = True) -> Organization:
    """Make an organization whose every custom resource differs from that of another variant."""
    alice = make_user("alice", aliases=(at(f"al.{variant}"),), city=variant)
    return make_organization(
        alice,
        make_user("bob"),
        make_user(variant),
        make_group("sales", "alice", variant),
        resources=(
            Bookable(name="hall", type=BookableType.ROOM, email=at("hall"), description=variant),
        ),
        permissions=(permit("alice", variant, Right.SEND_AS),),
        policies=make_policies(variant) if policies else Policies(),
        tags={"team": variant},
        on_removal=OnRemoval(users=Removal.DELETE),
    )


FIRST, SECOND, THIRD = (make_variant(name) for name in ("first", "second", "third"))
PEOPLE = make_variant("first", policies=False)

UPDATED = (
    "Organization",
    "Users",
    "Groups",
    "Resources",
    "MailboxPermissions",
    "ImpersonationRoles",
    "AccessControlRules",
    "MobileDeviceAccessRules",
    "AvailabilityConfigurations",
    "RetentionPolicy",
    "InboundDmarc",
    "EmailMonitoring",
    "IdentityCenter",
    "Removals",
)
DIFFERENT = tuple(each for each in UPDATED if each != "InboundDmarc")
"""What has more than two states: the third deployment is not the second one again."""
CREATED = (
    "AccessControlRules",
    "AvailabilityConfigurations",
    "EmailMonitoring",
    "IdentityCenter",
    "ImpersonationRoles",
    "InboundDmarc",
    "MobileDeviceAccessRules",
    "RetentionPolicy",
)


def list_cases(logical_ids: Sequence[str], *, whole: str = "") -> Iterator[Any]:
    """List which request comes when, and which of its dates are told.

    A request may not say when it was sent, for its address is not documented; CloudFormation may
    not say when the stack was updated. Unless everything is tried, resources take turns.

    Args:
        logical_ids: Of the resources.
        whole: The resource that comes at every place, with all dates.
    """
    for number, logical_id in enumerate(logical_ids):
        for place, dates in product(PLACES, DATES):
            takes_turn = (place, dates) == (PLACES[number % len(PLACES)], "the stack")
            if ALL or takes_turn or logical_id == whole:
                yield pytest.param(logical_id, place, dates, id=f"{logical_id} {place} {dates}")


def make_slow(dates: str) -> SlowStack:
    stack = SlowStack(make_emulator())
    stack.tells_time = dates in ("both", "the request")
    stack.dates = dates in ("both", "the stack")
    return stack


def assert_refused(stack: SlowStack) -> None:
    assert stack.outcome.startswith("overtaken, nothing more is written: "), stack.outcome
    assert () == stack.written


@pytest.mark.parametrize(("logical_id", "place", "dates"), [*list_cases(UPDATED, whole="Users")])
def test_an_update_that_comes_in_its_rollback_writes_nothing(
    logical_id: str, place: str, dates: str
) -> None:
    slow = make_slow(dates)
    slow.deploy(FIRST)
    before = take_picture(slow.emulator.state())
    slow.hold_next(logical_id, place, going_back=True)
    with pytest.raises(DeploymentFailedError, match="was cancelled"):
        slow.deploy(SECOND)

    assert_refused(slow)
    assert "UPDATE_ROLLBACK_COMPLETE" == slow.cloudformation.status
    assert before == take_picture(slow.emulator.state())


@pytest.mark.parametrize(("logical_id", "place", "dates"), [*list_cases(CREATED)])
def test_a_creation_that_comes_in_its_rollback_writes_nothing(
    logical_id: str, place: str, dates: str
) -> None:
    slow = make_slow(dates)
    slow.deploy(PEOPLE)
    before = take_picture(slow.emulator.state())
    slow.hold_next(logical_id, place, going_back=True)
    with pytest.raises(DeploymentFailedError, match="was cancelled"):
        slow.deploy(replace(PEOPLE, policies=SECOND.policies))

    assert_refused(slow)
    assert "UPDATE_ROLLBACK_COMPLETE" == slow.cloudformation.status
    assert before == take_picture(slow.emulator.state())


@pytest.mark.parametrize(
    ("logical_id", "place", "dates"), [*list_cases(["acmeexampleDomain", *UPDATED[1:]])]
)
def test_a_creation_that_comes_when_its_stack_goes_back_writes_nothing(
    logical_id: str, place: str, dates: str
) -> None:
    slow = make_slow(dates)
    slow.hold_next(logical_id, place, going_back=True)
    with pytest.raises(DeploymentFailedError, match="was cancelled"):
        slow.deploy(FIRST)

    assert_refused(slow)
    assert "ROLLBACK_COMPLETE" == slow.cloudformation.status


@pytest.mark.parametrize(("logical_id", "place", "dates"), [*list_cases(DIFFERENT, whole="Users")])
def test_a_third_deployment_is_not_disturbed(logical_id: str, place: str, dates: str) -> None:
    slow = make_slow(dates)
    slow.deploy(FIRST)
    slow.hold_next(logical_id, place, going_back=False)
    with pytest.raises(DeploymentFailedError, match="was cancelled"):
        slow.deploy(SECOND)
    slow.deploy(THIRD)
    after = take_picture(slow.emulator.state())

    assert_refused(slow)
    assert "UPDATE_COMPLETE" == slow.cloudformation.status
    assert take_undisturbed() == after


@cache
def take_undisturbed() -> Picture:
    """Take a picture of a stack of which no request was late."""
    stack = Stack(make_emulator())
    stack.deploy(FIRST)
    stack.deploy(THIRD)
    return take_picture(stack.emulator.state())


@pytest.mark.parametrize("dates", DATES)
def test_the_same_deployment_once_more_comes_through(dates: str) -> None:
    """Without dates it may be refused once: it cannot be told from the one that was cancelled."""
    slow = make_slow(dates)
    slow.deploy(FIRST)
    slow.hold_next("Users", going_back=False)
    with pytest.raises(DeploymentFailedError, match="was cancelled"):
        slow.deploy(SECOND)
    slow.place = ""
    if not slow.tells_time:
        with pytest.raises(DeploymentFailedError, match="has undone it already"):
            slow.deploy(SECOND)
        assert "UPDATE_ROLLBACK_COMPLETE" == slow.cloudformation.status
    slow.deploy(SECOND)

    assert "UPDATE_COMPLETE" == slow.cloudformation.status
    assert {"alice", "bob", "second"} == {*take_enabled(slow)}


def take_enabled(stack: Stack) -> list[str]:
    return [name[5:] for name in take_picture(stack.emulator.state()) if name.startswith("user ")]


@pytest.mark.parametrize("dates", DATES)
def test_a_request_that_had_begun_is_not_begun_again_in_its_rollback(dates: str) -> None:
    slow = make_slow(dates)
    slow.deploy(FIRST)
    before = take_picture(slow.emulator.state())
    slow.hold_next("Groups", "before", going_back=True, begun=True)
    with pytest.raises(DeploymentFailedError, match="was cancelled"):
        slow.deploy(SECOND)

    assert_refused(slow)
    assert "it began with the deployment since" in slow.outcome
    assert before == take_picture(slow.emulator.state())


def refuse_once(slow: SlowStack, operation: str) -> None:
    """Refuse the first call of an operation in a rollback or deletion."""
    refused: list[str] = []

    def strike(phase: str, call: Any) -> None:
        goes_forward = str(slow.cloudformation.status).startswith(("CREATE", "UPDATE_IN"))
        if (phase, call.operation) == ("before", operation) and not (refused or goes_forward):
            refused.append(operation)
            raise ServiceFault("Final", "no")

    slow.emulator.on_call = strike


@pytest.mark.parametrize("moves", [False, True], ids=["dated as the update", "dated anew"])
@pytest.mark.parametrize(
    ("dates", "place"), [*(product(DATES, PLACES) if ALL else zip(DATES, cycle(PLACES)))]
)
def test_a_rollback_that_failed_goes_on(dates: str, place: str, *, moves: bool) -> None:
    """It sends new requests; whether CloudFormation takes it for another update is not documented.

    The request of the cancelled deployment comes between the two tries, and in the second one.
    """
    slow = make_slow(dates)
    slow.deploy(FIRST)
    before = take_picture(slow.emulator.state())
    slow.hold_next("Groups", going_back=True)
    slow.place = ""
    refuse_once(slow, "UpdateUser")
    with pytest.raises(DeploymentFailedError, match="Final"):
        slow.deploy(SECOND)
    assert "UPDATE_ROLLBACK_FAILED" == slow.cloudformation.status
    slow.deliver()
    assert_refused(slow)
    slow.place = place
    if moves:
        slow.emulator.clock.advance(10)
        slow.cloudformation.updated = datetime.fromtimestamp(slow.emulator.clock.now(), UTC)
    slow.continue_rollback()

    assert_refused(slow)
    assert "UPDATE_ROLLBACK_COMPLETE" == slow.cloudformation.status
    assert before == take_picture(slow.emulator.state())


@pytest.mark.parametrize("dates", DATES)
def test_a_deletion_that_failed_is_asked_for_again(dates: str) -> None:
    slow = make_slow(dates)
    slow.deploy(FIRST)
    refuse_once(slow, "DeregisterFromWorkMail")
    with pytest.raises(DeploymentFailedError, match="Final"):
        slow.destroy()
    assert "DELETE_FAILED" == slow.cloudformation.status
    slow.destroy()

    assert "DELETE_COMPLETE" == slow.cloudformation.status
    assert [] == take_enabled(slow)


class RacingTable(SilentDynamoDb):
    """Lets something happen just before the first write of a note."""

    then: Callable[[], object] | None = None

    def put_item(self) -> None:
        then, self.then = self.then, None
        if then:
            then()


class RacingStack(SlowStack):
    """A stack at which a late request and the one that follows it begin at once.

    Attributes:
        late_writes_last: Whether the note of the late one is the one that was read too early.
    """

    late_writes_last: bool = True

    def _begin(self, event: Mapping[str, Any]) -> dict[str, Any]:
        is_due = self.held and self.place and event["LogicalResourceId"] == self.logical_id
        if not (is_due and self.cloudformation.rolls_back):
            return super()._begin(event)
        self.place = ""
        answers: dict[str, dict[str, Any]] = {}

        def begin(asked: Mapping[str, Any]) -> None:
            answers[asked["RequestId"]] = Stack._begin(self, asked)

        first, last = (event, self.held[0]) if self.late_writes_last else (self.held[0], event)
        self.dynamodb.then = partial(begin, first)
        try:
            begin(last)
            Stack._wait(self, self.held[0], answers[self.held[0]["RequestId"]])
        except DeploymentFailedError as error:
            self.outcome = str(error)
        return answers[event["RequestId"]]


@pytest.mark.parametrize("late_writes_last", [True, False])
def test_of_two_that_begin_at_once_each_sees_the_other(*, late_writes_last: bool) -> None:
    """Their notes were lost, so that each of them could be the only one."""
    racing = RacingStack(make_emulator())
    racing.dynamodb = RacingTable()
    racing.late_writes_last = late_writes_last
    racing.deploy(FIRST)
    before = take_picture(racing.emulator.state())
    racing.ledger.notes.clear()
    racing.hold_next("Groups", going_back=True)
    with pytest.raises(DeploymentFailedError, match="was cancelled"):
        racing.deploy(SECOND)

    assert_refused(racing)
    assert "UPDATE_ROLLBACK_COMPLETE" == racing.cloudformation.status
    assert before == take_picture(racing.emulator.state())


class LostTable(SilentDynamoDb):
    """DynamoDB that refuses to read or to write notes."""

    def __init__(self, refused: str) -> None:
        self.refused = refused

    def put_item(self) -> None:
        self._refuse("put_item")

    def query(self, **_: Any) -> dict[str, Any]:
        self._refuse("query")
        return {}

    def _refuse(self, name: str) -> None:
        if self.refused == name:
            raise TemporaryError(f"{name}: throttled", operation=name)


@pytest.mark.parametrize(
    ("refused", "logged"), [("put_item", "request not noted"), ("query", "requests not read")]
)
def test_where_there_are_no_notes_the_state_of_the_stack_counts(
    stack: Stack, refused: str, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="workmail_org")
    stack.deploy(FIRST)
    asked = send_update(stack, SECOND, "InboundDmarc")
    stack.dynamodb = LostTable(refused)
    stack.cloudformation.tell("UPDATE_IN_PROGRESS")
    answer = stack.invoke(asked, entry.begin)
    stack.dynamodb = SilentDynamoDb()

    assert f'"event": "{logged}"' in caplog.text
    stack.cloudformation.tell("UPDATE_ROLLBACK_IN_PROGRESS")
    with pytest.raises(DeploymentFailedError, match="it began with the deployment since"):
        stack.invoke({**asked, **answer}, entry.advance)
    stack.cloudformation.tell("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    with pytest.raises(DeploymentFailedError, match="in which nothing asks to update"):
        stack.invoke({**asked, "RequestId": "another"}, entry.begin)


def send_update(stack: Stack, wanted: Organization, logical_id: str) -> dict[str, Any]:
    """Write the event that updates one resource."""
    (resource,) = [
        each
        for each in list_resources(wanted, owner=stack.name, s3=stack.s3)
        if each.logical_id == logical_id
    ]
    resource.properties["OrganizationId"] = stack.organization_id
    deployed = stack.deployed[logical_id]
    return stack.make_event("Update", resource, deployed.resource, deployed.physical_id)


def test_a_stack_whose_notes_an_older_release_wrote_goes_on(stack: Stack) -> None:
    stack.deploy(FIRST)
    kept = {name: note.text for name, note in stack.ledger.notes.items()}
    stack.ledger.notes.clear()
    stack.ledger.judgements |= {name: f"{ids} older" for name, ids in kept.items()}
    stack.deploy(SECOND)
    note = stack.ledger.notes["groups requests"]

    assert 1 == note.revision
    assert note.text.endswith(f" {kept['groups requests']} older")
    asked = {**send_update(stack, FIRST, "Groups"), "RequestId": "older"}
    stack.cloudformation.tell("UPDATE_IN_PROGRESS")
    with pytest.raises(DeploymentFailedError, match="delivered again, after a later request"):
        stack.invoke(asked, entry.begin)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("is_taken_over", [True, False], ids=["taken over", "created"])
def test_an_organization_whose_first_request_is_late_is_rolled_back(
    emulator: Emulator, place: str, *, is_taken_over: bool
) -> None:
    """CloudFormation makes up an id, and asks for its deletion."""
    spec = make_organization(make_user("ann"))
    if is_taken_over:
        found = Stack(emulator, name="found")
        found.deploy(make_organization())
        arn = Hand(found).do("describe_organization")["ARN"]
        found.workmail.untag_resource(ResourceARN=arn, TagKeys=[OWNER_TAG])
        spec = replace(spec, existing=OrganizationId(found.organization_id), adopt=True)
    stack = SlowStack(emulator)
    stack.hold_next("Organization", place, going_back=True)
    with pytest.raises(DeploymentFailedError) as failed:
        stack.deploy(spec)

    assert not isinstance(failed.value, RollbackFailedError)
    assert "cancelled" in str(failed.value)
    assert () == stack.written
