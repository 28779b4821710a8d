"""Tags of an organization: written where their declaration changes, put back as people had them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from approving import plan_live
from cloudformation import DeploymentFailedError, Stack
from scenes import make_group, make_organization, make_user
from transitions import erase
from workmail_emulator.faults import Fault
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization
from workmail_org.model.policies import Policies
from workmail_org.model.values import OrganizationId
from workmail_org.wire.names import OWNER_TAG

ALICE = make_user("alice")


def declare(tags: dict[str, str], *groups: Group) -> Organization:
    return make_organization(ALICE, *groups, tags=tags)


def read_tags(stack: Stack) -> dict[str, str]:
    scope = {"OrganizationId": stack.organization_id}
    arn = stack.workmail.describe_organization(**scope)["ARN"]
    tags = stack.workmail.list_tags_for_resource(ResourceARN=arn)["Tags"]
    return {each["Key"]: each["Value"] for each in tags}


def tag_by_hand(stack: Stack, **tags: str) -> None:
    scope = {"OrganizationId": stack.organization_id}
    arn = stack.workmail.describe_organization(**scope)["ARN"]
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    stack.workmail.tag_resource(ResourceARN=arn, Tags=listed)


def test_tags_are_back_as_people_had_set_them_after_a_change_failed(stack: Stack) -> None:
    stack.deploy(declare({"team": "mail", "floor": "1"}))
    tag_by_hand(stack, team="people", cost="7", other="x")
    found = read_tags(stack)
    fault = Fault(operation="CreateGroup", times=1, code="Final", status=400)
    stack.emulator.faults.add(fault)
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(declare({"team": "it", "cost": "8"}, make_group("help")))

    assert found == read_tags(stack)


def test_tags_of_an_organization_are_back_after_its_take_over_failed(stack: Stack) -> None:
    stack.deploy(declare({}))
    existing = OrganizationId(stack.organization_id)
    scope = {"OrganizationId": existing}
    arn = stack.workmail.describe_organization(**scope)["ARN"]
    stack.workmail.untag_resource(ResourceARN=arn, TagKeys=[OWNER_TAG])
    tag_by_hand(stack, team="people")
    taken_over = replace(declare({"team": "it", "new": "y"}), existing=existing)
    with pytest.raises(DeploymentFailedError, match="alice"):
        Stack(stack.emulator).deploy(taken_over)

    assert {"team": "people"} == read_tags(stack)


def test_tags_that_people_set_stay_when_an_update_is_refused(stack: Stack) -> None:
    stack.deploy(declare({"team": "mail"}))
    tag_by_hand(stack, team="people")
    found = read_tags(stack)
    desired = replace(declare({"team": "it"}), alias="other")
    with pytest.raises(DeploymentFailedError, match="alias"):
        stack.deploy(desired)

    assert found == read_tags(stack)


def test_a_tag_that_people_changed_stays_when_another_part_is_declared(stack: Stack) -> None:
    spec = declare({"team": "mail"})
    stack.deploy(spec)
    tag_by_hand(stack, team="by hand")
    desired = replace(spec, policies=Policies(retention=erase(30)))
    stack.deploy(desired)

    assert "by hand" == read_tags(stack)["team"]
    stack.repair = plan_live(stack, desired, desired, repairs=True).repair or ""
    stack.deploy(desired)
    assert "mail" == read_tags(stack)["team"]


def test_tags_of_an_organization_that_is_found_again_are_as_found_when_it_fails(
    stack: Stack,
) -> None:
    spec = declare({"team": "mail"}, make_group("help"))
    stack.emulator.faults.add(Fault(operation="CreateGroup", times=1, code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(spec)
    (found,) = stack.workmail.list_organizations()["OrganizationSummaries"]
    described = stack.workmail.describe_organization(OrganizationId=found["OrganizationId"])
    arn = described["ARN"]
    stack.workmail.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": "by hand"}])
    before = stack.workmail.list_tags_for_resource(ResourceARN=arn)["Tags"]
    stack.emulator.faults.add(Fault(operation="CreateGroup", times=1, code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(spec)

    assert before == stack.workmail.list_tags_for_resource(ResourceARN=arn)["Tags"]
