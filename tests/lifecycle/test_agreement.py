"""Plan and deployment refuse the same, in the same words, where something was there before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from approving import plan_live
from cloudformation import DeploymentFailedError, RollbackFailedError, Stack
from drifting import Hand
from scenes import at, list_operations, make_group, make_organization, make_user
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.domain import MailDomain
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.policies import (
    AuthenticationMode,
    IdentityCenter,
    PersonalAccessTokens,
    Policies,
    TokenStatus,
)
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.user import User
from workmail_org.model.values import OrganizationId
from workmail_org.plan.bases import make_base
from workmail_org.plan.deployed import read_live
from workmail_org.plan.planning import Question, plan
from workmail_org.wire.names import OWNER_TAG

KEY = "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"
EMPTY = make_organization(domains=())
LOST = MailDomain(name="not-there.example", verified=True)
QUESTION = Question(spec="spec.yaml", today=date(2026, 11, 26))


class NoStack:
    """CloudFormation, without the stack that is asked for."""

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - the API's
        message = f"Stack with id {StackName} does not exist"
        answer = {"Error": {"Code": "ValidationError", "Message": message}}
        raise ClientError(cast("Any", answer), "DescribeStacks")


def refuse_in_plan(stack: Stack, desired: Organization) -> tuple[str, ...]:
    """Return what a plan against what is live refuses; there is no stack yet."""
    clients = replace(stack.make_run().clients, cloudformation=cast("Any", NoStack()))
    environment = Environment(name="test", organizations=(desired,))
    base = read_live(environment, open_clients=lambda _region: clients)
    (found,) = plan(environment, base, QUESTION).organizations
    return found.refusals


def make_by_hand(stack: Stack, **fields: Any) -> str:
    """Make an organization as a person does, and return its id."""
    return stack.workmail.create_organization(Alias="acme", **fields)["OrganizationId"]


def tag_owner(stack: Stack, organization_id: str, owner: str) -> None:
    arn = stack.workmail.describe_organization(OrganizationId=organization_id)["ARN"]
    stack.workmail.tag_resource(ResourceARN=arn, Tags=[{"Key": OWNER_TAG, "Value": owner}])


def take_over(stack: Stack, **fields: Any) -> Organization:
    return replace(EMPTY, existing=OrganizationId(make_by_hand(stack)), **fields)


def take_over_from_another_stack(stack: Stack) -> Organization:
    organization_id = make_by_hand(stack)
    tag_owner(stack, organization_id, "another-stack")
    return replace(EMPTY, existing=OrganizationId(organization_id))


def leave_behind(stack: Stack) -> None:
    stack.deploy(EMPTY)
    stack.destroy()


def find_again_with_another_key(stack: Stack) -> Organization:
    leave_behind(stack)
    return replace(EMPTY, kms_key_arn=KEY)


def find_again_with_interoperability(stack: Stack) -> Organization:
    leave_behind(stack)
    return replace(EMPTY, interoperability=True)


def take_the_alias_of_another(stack: Stack) -> Organization:
    make_by_hand(stack)
    return EMPTY


CASES: dict[str, tuple[Callable[[Stack], Organization], str]] = {
    "another alias": (
        lambda stack: take_over(stack, alias="other"),
        "alias of organization {id} is 'acme' and not 'other', so it cannot be taken over; declare "
        "the alias that it has, or another organization in existing",
    ),
    "no interoperability": (
        lambda stack: take_over(stack, interoperability=True),
        "interoperability of organization {id} is false and not true, so it cannot be taken over; "
        "leave interoperability out: no API changes it",
    ),
    "another stack's": (
        take_over_from_another_stack,
        "stack of organization {id} is 'another-stack' and not 'test-acme', so it cannot be taken "
        "over; remove it from that stack first",
    ),
    "a domain that is not registered": (
        lambda stack: take_over(stack, domains=(LOST,)),
        "domain not-there.example is not registered in the organization that is taken over: "
        "domains of an existing organization are checked, not created; register it there first",
    ),
    "left behind, and another key": (
        find_again_with_another_key,
        f"kms_key_arn of an organization cannot change, from none to '{KEY}'",
    ),
    "left behind, and interoperability": (
        find_again_with_interoperability,
        "interoperability of an organization cannot change, from false to true",
    ),
    "an alias that somebody else's has": (
        take_the_alias_of_another,
        "organization {id} has the alias 'acme' already and this stack did not make it; to take it "
        "over, set existing: {id}",
    ),
}


@pytest.mark.parametrize(("arrange", "reason"), CASES.values(), ids=CASES.keys())
def test_plan_and_deployment_refuse_in_the_same_words(
    stack: Stack, arrange: Callable[[Stack], Organization], reason: str
) -> None:
    desired = arrange(stack)
    (region,) = stack.emulator.state()["regions"].values()
    (organization_id,) = region["organizations"]
    (planned,) = refuse_in_plan(stack, desired)
    stack.emulator.clear_calls()
    new = Stack(stack.emulator)
    with pytest.raises(DeploymentFailedError) as refused:
        new.deploy(desired)

    assert reason.format(id=organization_id) in planned
    assert planned in str(refused.value)
    assert list_operations(new) in ([], ["CreateOrganization"])  # whose alias is taken


def test_a_stack_does_not_go_on_with_an_organization_that_another_one_took_over(
    stack: Stack,
) -> None:
    stack.deploy(EMPTY)
    tag_owner(stack, stack.organization_id, "another-stack")
    stack.emulator.clear_calls()
    with pytest.raises(DeploymentFailedError) as refused:
        stack.deploy(replace(EMPTY, tags={"team": "mail"}))

    assert (
        f"organization {stack.organization_id} belongs to stack 'another-stack' by now, and not to "
        "'test-acme': two stacks would undo each other's work"
    ) in str(refused.value)
    assert not isinstance(refused.value, RollbackFailedError)
    assert [] == list_operations(stack)


@pytest.mark.parametrize("taken_over", [True, False], ids=["taken over", "made, to be deleted"])
def test_a_stack_that_goes_leaves_the_organization_that_another_one_took_over(
    stack: Stack, taken_over: bool
) -> None:
    desired = replace(EMPTY, on_removal=OnRemoval(organization=Removal.DELETE))
    stack.deploy(take_over(stack) if taken_over else desired)
    tag_owner(stack, stack.organization_id, "another-stack")
    arn = stack.workmail.describe_organization(OrganizationId=stack.organization_id)["ARN"]
    stack.emulator.clear_calls()
    stack.destroy()
    tags = stack.workmail.list_tags_for_resource(ResourceARN=arn)["Tags"]

    assert "another-stack" in {tag["Value"] for tag in tags}
    assert not {"DeleteOrganization", "UntagResource"} & set(list_operations(stack))


TEST_DOMAIN = "acme.awsapps.com"


def make_people_by_hand(stack: Stack) -> Organization:
    """Make an organization with a group and an alias of it, as a person does."""
    existing = make_by_hand(stack)
    scope = {"OrganizationId": existing}
    group = stack.workmail.create_group(**scope, Name="helpdesk")["GroupId"]
    address = at("desk", TEST_DOMAIN)
    stack.workmail.register_to_work_mail(**scope, EntityId=group, Email=address)
    stack.workmail.create_alias(**scope, EntityId=group, Alias=at("support", TEST_DOMAIN))
    return replace(EMPTY, existing=OrganizationId(existing))


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        (
            make_user("ben", email=at("desk", TEST_DOMAIN)),
            "user ben: desk@acme.awsapps.com belongs to group 'helpdesk' already; take it away "
            "from there first",
        ),
        (
            make_user("ben", email=at("ben", TEST_DOMAIN), aliases=(at("SUPPORT", TEST_DOMAIN),)),
            "user ben: SUPPORT@acme.awsapps.com belongs to group 'helpdesk' already; take it away "
            "from there first",
        ),
        (
            make_user("Helpdesk", email=at("ben", TEST_DOMAIN)),
            "user Helpdesk: the name is taken in the directory by another user or group, maybe a "
            "built-in one: choose another key; whoever leaves the spec keeps the name while "
            "switched off, and gives it up when deleted (on_removal: delete, in an earlier "
            "deployment)",
        ),
    ],
    ids=["address", "alias", "name"],
)
def test_what_somebody_else_has_is_refused_in_the_plan_as_in_the_deployment(
    stack: Stack, user: User, reason: str
) -> None:
    desired = replace(make_people_by_hand(stack), users=(user,))

    assert (reason,) == refuse_in_plan(stack, desired)
    with pytest.raises(DeploymentFailedError) as refused:
        Stack(stack.emulator).deploy(desired)
    assert reason in str(refused.value)


def test_an_address_is_planned_and_moves_between_two_who_are_taken_over(stack: Stack) -> None:
    desired = replace(
        make_people_by_hand(stack),
        adopt=True,
        groups=(
            make_group("helpdesk", email=at("desk", TEST_DOMAIN)),
            make_group("support", email=at("support", TEST_DOMAIN)),
        ),
    )
    new = Stack(stack.emulator)

    assert () == refuse_in_plan(stack, desired)
    new.deploy(desired)
    addresses = {each["Name"]: each.get("Email") for each in list_groups(new)}
    assert at("support", TEST_DOMAIN) == addresses["support"]


def list_groups(stack: Stack) -> list[Mapping[str, Any]]:
    """List the groups that a person would see."""
    return [
        {**each}
        for each in stack.workmail.list_groups(OrganizationId=stack.organization_id)["Groups"]
    ]


def test_a_take_over_that_agrees_is_planned_and_deployed(stack: Stack) -> None:
    desired = take_over(stack, adopt=True)

    new = Stack(stack.emulator)

    assert () == refuse_in_plan(stack, desired)
    new.deploy(desired)
    assert desired.existing == new.organization_id


def test_an_organization_with_interoperability_is_taken_over_and_updated_without_saying_so(
    stack: Stack,
) -> None:
    directory = stack.emulator.client("ds", region="eu-west-1")
    directory_id = directory.connect_directory(
        Name="corp.example",
        Password="S3cret-enough",
        Size="Small",
        ConnectSettings={
            "VpcId": "vpc-01234567",
            "SubnetIds": ["subnet-01234567", "subnet-12345678"],
            "CustomerDnsIps": ["10.0.0.1"],
            "CustomerUserName": "svc",
        },
    )["DirectoryId"]
    directory.create_alias(DirectoryId=directory_id, Alias="acme")
    existing = make_by_hand(stack, DirectoryId=directory_id, EnableInteroperability=True)
    desired = replace(EMPTY, existing=OrganizationId(existing))
    stack.deploy(desired)

    stack.emulator.clear_calls()
    stack.deploy(replace(desired, tags={"team": "mail"}))

    assert ["TagResource"] == list_operations(stack)


ALICE, BOB = make_user("alice"), make_user("bob")
SPECIFIC = make_organization(ALICE, BOB)


def refuse_next(stack: Stack, before: Organization, desired: Organization) -> tuple[str, ...]:
    """Return what a plan of a change refuses, against what is live."""
    (found,) = plan_live(stack, before, desired).organizations
    return found.refusals


def switch_off_by_hand(stack: Stack, name: str) -> None:
    scope = {"OrganizationId": stack.organization_id}
    (entity,) = (
        each["Id"] for each in stack.workmail.list_users(**scope)["Users"] if each["Name"] == name
    )
    stack.workmail.deregister_from_work_mail(**scope, EntityId=entity)


def delete_by_hand(stack: Stack, name: str) -> None:
    switch_off_by_hand(stack, name)
    scope = {"OrganizationId": stack.organization_id}
    (entity,) = (
        each["Id"] for each in stack.workmail.list_users(**scope)["Users"] if each["Name"] == name
    )
    stack.workmail.delete_user(**scope, UserId=entity)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            switch_off_by_hand,
            "bob is switched off, although the spec declares it switched on, and {call} would "
            "fail: it was switched off by hand; switch it on again (aws workmail "
            "register-to-work-mail), or set enabled: false",
        ),
        (
            delete_by_hand,
            "bob is not there, although the spec declares it, and {call} would fail: it was "
            "deleted by hand; remove it from the spec, or change a field of it in the same "
            "deployment, which makes it again with a new mailbox",
        ),
    ],
    ids=["off", "gone"],
)
def test_a_plan_refuses_what_is_about_somebody_who_was_taken_away_by_hand(
    stack: Stack,
    change: Callable[[Stack, str], None],
    reason: str,
) -> None:
    permission = MailboxPermission(
        mailbox=ALICE.reference, grantee=BOB.reference, rights=(Right.FULL_ACCESS,)
    )
    call = "mailbox permission 'alice for bob': PutMailboxPermissions"
    desired = replace(SPECIFIC, permissions=(permission,))
    stack.deploy(SPECIFIC)

    assert () == refuse_next(stack, SPECIFIC, desired)
    change(stack, "bob")
    assert (reason.format(call=call),) == refuse_next(stack, SPECIFIC, desired)


def test_a_plan_refuses_an_address_at_a_domain_that_was_deregistered_by_hand(stack: Stack) -> None:
    stack.deploy(SPECIFIC)
    scope = {"OrganizationId": stack.organization_id}
    for user in stack.workmail.list_users(**scope)["Users"]:
        if user["State"] == "ENABLED":
            stack.workmail.deregister_from_work_mail(**scope, EntityId=user["Id"])
    stack.workmail.update_default_mail_domain(**scope, DomainName=TEST_DOMAIN)
    stack.workmail.deregister_mail_domain(**scope, DomainName=at("").removeprefix("@"))
    desired = replace(SPECIFIC, users=(*SPECIFIC.users, make_user("carol")))
    (refusal,) = refuse_next(stack, SPECIFIC, desired)

    assert refusal.startswith(
        "domain acme.example is not registered, although the spec declares it"
    )
    assert refusal.endswith("aws workmail register-mail-domain --domain-name acme.example)")


def test_a_domain_that_somebody_made_the_default_by_hand_does_not_leave(stack: Stack) -> None:
    old = MailDomain(name="old.example")
    spec = replace(SPECIFIC, domains=(*SPECIFIC.domains, old))
    stack.deploy(spec)
    scope = {"OrganizationId": stack.organization_id}
    stack.workmail.update_default_mail_domain(**scope, DomainName="old.example")
    (refusal,) = refuse_next(stack, spec, SPECIFIC)

    assert refusal.startswith(
        "domain old.example is removed, but it was made the organization's default domain by hand"
    )
    with pytest.raises(DeploymentFailedError, match="made the organization's default domain"):
        stack.deploy(SPECIFIC)
    assert stack.workmail.get_mail_domain(**scope, DomainName="old.example")["IsDefault"]
    stack.workmail.update_default_mail_domain(**scope, DomainName="acme.example")
    assert () == refuse_next(stack, spec, SPECIFIC)


def test_a_default_domain_leaves_when_the_stack_itself_chooses_another(stack: Stack) -> None:
    old = MailDomain(name="old.example", default=True)
    before = replace(
        SPECIFIC, domains=(*(replace(each, default=False) for each in SPECIFIC.domains), old)
    )
    stack.deploy(before)

    assert () == refuse_next(stack, before, SPECIFIC)


MANAGED_AD = Directory(
    type=DirectoryType.MANAGED_AD,
    name="corp.example",
    short_name="CORP",
    edition="standard",
    vpc_id="vpc-0123456789abcdef0",
    subnet_ids=("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
)


def refuse_directory(after: Directory) -> tuple[str, ...]:
    """Return what a plan of a changed directory refuses."""
    before, desired = (replace(EMPTY, directory=each) for each in (MANAGED_AD, after))
    base = make_base("before", Environment(name="test", organizations=(before,)))
    (found,) = plan(
        Environment(name="test", organizations=(desired,)), base, QUESTION
    ).organizations
    return found.refusals


@pytest.mark.parametrize(
    "after",
    [
        replace(MANAGED_AD, subnet_ids=tuple(reversed(MANAGED_AD.subnet_ids))),
        replace(MANAGED_AD, name="Corp.example"),
    ],
    ids=["subnets in another order", "name in another case"],
)
def test_a_directory_that_is_written_in_another_way_is_not_refused(after: Directory) -> None:
    assert () == refuse_directory(after)


def test_a_directory_of_another_type_is_refused_in_the_words_of_the_spec() -> None:
    after = replace(MANAGED_AD, type=DirectoryType.SIMPLE_AD, edition=None, size="small")

    assert (
        "type of the directory cannot change, from 'managed_ad' to 'simple_ad': that would take "
        "another directory, and with it another organization; put the old value back",
    ) == refuse_directory(after)


SIMPLE_AD = Directory(
    type=DirectoryType.SIMPLE_AD,
    name="corp.example",
    size="small",
    vpc_id=MANAGED_AD.vpc_id,
    subnet_ids=MANAGED_AD.subnet_ids,
)


def make_directory_by_hand(stack: Stack, alias: str | None, owner: str | None = None) -> str:
    service = stack.emulator.client("ds", region="eu-west-1")
    directory_id = service.create_directory(
        Name="corp.example",
        Password="S3cret-enough",
        Size="Large",
        VpcSettings={"VpcId": MANAGED_AD.vpc_id, "SubnetIds": [*MANAGED_AD.subnet_ids]},
        Tags=[{"Key": OWNER_TAG, "Value": owner}] if owner else [],
    )["DirectoryId"]
    if alias:
        service.create_alias(DirectoryId=directory_id, Alias=alias)
    return directory_id


def use_directory(directory_id: str) -> Organization:
    return replace(
        EMPTY, directory=Directory(type=DirectoryType.EXISTING, directory_id=directory_id)
    )


def declare_an_alias_that_is_used_up(stack: Stack) -> Organization:
    organization_id = make_by_hand(stack)
    stack.workmail.delete_organization(
        OrganizationId=organization_id, DeleteDirectory=True, ForceDelete=True
    )
    return EMPTY


def use_an_absent_directory(stack: Stack) -> Organization:  # noqa: ARG001 - the shape
    return use_directory("d-0123456789")


def use_a_directory_of_another_alias(stack: Stack) -> Organization:
    return use_directory(make_directory_by_hand(stack, "corp"))


@pytest.mark.parametrize(
    ("arrange", "reason"),
    [
        (
            use_an_absent_directory,
            "directory d-0123456789 is not in this account and region; check directory_id and "
            "region",
        ),
        (
            use_a_directory_of_another_alias,
            "has the alias 'corp', and an organization's alias must be that of its directory, not "
            "'acme': set alias: corp",
        ),
        (
            declare_an_alias_that_is_used_up,
            "alias 'acme' is taken: aliases are unique over all of AWS and are not free again "
            "after their organization is deleted; choose another",
        ),
    ],
    ids=["absent", "another alias", "alias used up"],
)
def test_a_new_organization_is_refused_in_the_plan_for_what_it_would_meet(
    stack: Stack, arrange: Callable[[Stack], Organization], reason: str
) -> None:
    desired = arrange(stack)
    (planned,) = refuse_in_plan(stack, desired)
    new = Stack(stack.emulator)
    with pytest.raises(DeploymentFailedError) as refused:
        new.deploy(desired)

    assert planned.endswith(reason)
    assert planned in str(refused.value)


@pytest.mark.parametrize(
    ("owner", "refusals"),
    [
        (
            "test-acme",
            (
                "size of the directory cannot change, from 'large' to 'small': that would take "
                "another directory, and with it another organization; put the old value back",
            ),
        ),
        ("another-stack", ()),
    ],
    ids=["ours", "another's"],
)
def test_a_directory_that_is_found_again_is_compared_in_the_plan(
    stack: Stack, owner: str, refusals: tuple[str, ...]
) -> None:
    make_directory_by_hand(stack, None, owner)

    assert refusals == refuse_in_plan(stack, replace(EMPTY, directory=SIMPLE_AD))


def test_an_organization_that_was_deleted_by_hand_is_refused_by_itself(stack: Stack) -> None:
    desired = replace(EMPTY, existing=OrganizationId("m-00000000000000000000000000000000"))
    other = replace(EMPTY, key="other", alias="other")
    clients = replace(stack.make_run().clients, cloudformation=cast("Any", NoStack()))
    environment = Environment(name="test", organizations=(desired, other))
    base = read_live(environment, open_clients=lambda _region: clients)
    refusals = {each.key: each.refusals for each in plan(environment, base, QUESTION).organizations}

    assert {
        "acme": (
            "organization m-00000000000000000000000000000000 is not in this account and region; "
            "check existing and region",
        ),
        "other": (),
    } == refusals


INSTANCES = [f"arn:aws:sso:::instance/ssoins-{digit * 16}" for digit in "12"]


def make_center(instance: str) -> IdentityCenter:
    return IdentityCenter(
        instance_arn=instance,
        authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY,
        personal_access_tokens=PersonalAccessTokens(status=TokenStatus.ACTIVE, lifetime_days=30),
    )


def test_sign_in_that_people_configured_with_another_instance_is_refused_and_stays(
    stack: Stack,
) -> None:
    stack.deploy(make_organization(policies=Policies(identity_center=make_center(INSTANCES[0]))))
    existing = OrganizationId(stack.organization_id)
    before = stack.workmail.describe_identity_provider_configuration(OrganizationId=existing)
    arn = stack.workmail.describe_organization(OrganizationId=existing)["ARN"]
    stack.workmail.untag_resource(ResourceARN=arn, TagKeys=[OWNER_TAG])
    desired = replace(
        EMPTY, existing=existing, policies=Policies(identity_center=make_center(INSTANCES[1]))
    )
    (planned,) = refuse_in_plan(stack, desired)
    with pytest.raises(DeploymentFailedError) as refused:
        Stack(stack.emulator).deploy(desired)
    after = stack.workmail.describe_identity_provider_configuration(OrganizationId=existing)

    assert planned.startswith(
        f"the instance of identity_center cannot change, from {INSTANCES[0]} to {INSTANCES[1]}: "
    )
    assert planned in str(refused.value)
    assert before["IdentityCenterConfiguration"] == after["IdentityCenterConfiguration"]


@pytest.mark.parametrize("registered", [True, False], ids=["switched off", "never registered"])
def test_whoever_is_switched_off_in_an_organization_made_by_hand_is_not_taken_for_a_newcomer(
    stack: Stack, registered: bool
) -> None:
    """A new alice would get the old one's mailbox, password and rights."""
    existing = OrganizationId(make_by_hand(stack))
    scope = {"OrganizationId": existing}
    alice = stack.workmail.create_user(**scope, Name="alice", DisplayName="Alice Old")["UserId"]
    if registered:
        email = at("alice", TEST_DOMAIN)
        stack.workmail.register_to_work_mail(**scope, EntityId=alice, Email=email)
        stack.workmail.deregister_from_work_mail(**scope, EntityId=alice)
    before = stack.workmail.describe_user(**scope, UserId=alice)
    user = make_user("alice", email=at("alice", TEST_DOMAIN))
    desired = replace(EMPTY, existing=existing, users=(user,))
    reason = (
        "user 'alice' exists already, switched off, as 'Alice Old', and this stack did not make "
        "it: choose another key, or set adopt: true to take it over"
    )

    assert (reason,) == refuse_in_plan(stack, desired)
    with pytest.raises(DeploymentFailedError) as refused:
        Stack(stack.emulator).deploy(desired)
    assert reason in str(refused.value)
    after = stack.workmail.describe_user(**scope, UserId=alice)
    assert before["State"] == after["State"] == "DISABLED"
    adopting = replace(desired, adopt=True)
    assert () == refuse_in_plan(stack, adopting)
    Stack(stack.emulator).deploy(adopting)
    assert "ENABLED" == stack.workmail.describe_user(**scope, UserId=alice)["State"]


def test_an_address_that_people_gave_to_a_declared_group_is_refused_to_a_user(
    stack: Stack,
) -> None:
    """The group does not change, so nobody takes it away there."""
    before = make_organization(make_user("cem"), make_group("club"))
    stack.deploy(before)
    scope = {"OrganizationId": stack.organization_id}
    (club,) = (
        each["Id"]
        for each in stack.workmail.list_groups(**scope)["Groups"]
        if each["Name"] == "club"
    )
    stack.workmail.create_alias(**scope, EntityId=club, Alias=at("fans"))
    after = replace(before, users=(make_user("cem", aliases=(at("fans"),)),))
    (planned,) = plan_live(stack, before, after).organizations
    with pytest.raises(DeploymentFailedError) as failed:
        stack.deploy(after)

    refusal = "user cem: fans@acme.example belongs to group 'club' already; take it away from there"
    assert [f"{refusal} first"] == [*planned.refusals]
    assert refusal in str(failed.value)


@pytest.mark.parametrize("deed", ["switched off", "deleted"])
def test_a_right_for_whom_people_took_away_is_refused_at_once_in_the_same_words(
    stack: Stack, deed: str
) -> None:
    before = make_organization(make_user("ann"), make_user("dan"))
    stack.deploy(before)
    hand = Hand(stack)
    ann = hand.find("ann")
    hand.do("deregister_from_work_mail", EntityId=ann)
    if deed == "deleted":
        hand.do("delete_user", UserId=ann)
    right = MailboxPermission(
        mailbox=before.users[1].reference,
        grantee=before.users[0].reference,
        rights=(Right.SEND_AS,),
    )
    desired = replace(before, permissions=(right,))
    (planned,) = plan_live(stack, before, desired).organizations
    stack.emulator.clear_calls()
    began = stack.emulator.clock.now()
    with pytest.raises(DeploymentFailedError) as failed:
        stack.deploy(desired)

    assert [str(failed.value)] == [*planned.refusals]
    assert {"switched off": "is switched off", "deleted": "is not there"}[deed] in str(failed.value)
    assert [] == list_operations(stack)
    assert stack.emulator.clock.now() - began < 60


def test_a_user_who_does_not_change_is_not_asked_for_an_address_that_a_group_has_by_hand(
    stack: Stack,
) -> None:
    """Somebody else changes: plan and deployment go through."""
    before = make_organization(make_user("ali"), make_user("ben"), make_group("help"))
    stack.deploy(before)
    hand = Hand(stack)
    hand.exchange("ali", "help")
    after = replace(before, users=(before.users[0], make_user("ben", city="Bonn")))
    (planned,) = plan_live(stack, before, after).organizations
    stack.emulator.clear_calls()
    stack.deploy(after)

    assert [] == [*planned.refusals]
    assert ["UpdateUser"] == list_operations(stack)


def test_an_address_of_who_was_made_again_by_hand_is_refused_to_a_newcomer(stack: Stack) -> None:
    before = make_organization(make_user("ali"))
    stack.deploy(before)
    hand = Hand(stack)
    gone = hand.find("ali")
    hand.do("deregister_from_work_mail", EntityId=gone)
    hand.do("delete_user", UserId=gone)
    made = hand.do("create_user", Name="ali", DisplayName="Ali", Password="Str0ng-enough")
    hand.do("register_to_work_mail", EntityId=made["UserId"], Email=at("help"))
    after = make_organization(make_user("ali"), make_user("zoe", aliases=(at("help"),)))
    (planned,) = plan_live(stack, before, after).organizations
    with pytest.raises(DeploymentFailedError) as failed:
        stack.deploy(after)

    refusal = "user zoe: help@acme.example belongs to user 'ali' already; take it away from there"
    assert [f"{refusal} first"] == [*planned.refusals]
    assert refusal in str(failed.value)
