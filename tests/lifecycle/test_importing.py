"""Any organization, deployed or made by hand, is imported as it is; a deployment only tags it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from botocore.exceptions import ClientError, ParamValidationError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from calling import connect as call
from cloudformation import Stack
from effort import ALL
from generating import GROUPS, USERS, organizations
from scenes import at, make_emulator
from workmail_org.importing.connecting import connect
from workmail_org.importing.importing import Imported, Wish, import_organizations
from workmail_org.model.organization import Organization
from workmail_org.rehearsal.comparing import compare
from workmail_org.service.directories import DirectoryService
from workmail_org.service.snapshot import read_snapshot
from workmail_org.service.workmail import WorkMail
from workmail_org.wire.names import OWNER_TAG, TAKEN_OVER_TAG

EMULATOR = make_emulator()


class NoStack:
    """CloudFormation, where nothing is deployed."""

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        message = "Stack with id test-acme does not exist"
        raise ClientError(
            cast("Any", {"Error": {"Code": "ValidationError", "Message": message}}),
            "DescribeStacks",
        )


class NoZones:
    """Route 53 without a hosted zone."""

    def get_paginator(self, _method: str) -> NoZones:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return []


def import_from(stack: Stack, output: Path | None = None) -> Imported:
    """Import what is in a stack's account, where nobody knows of the stack."""
    clients = replace(stack.make_run().clients, cloudformation=cast("Any", NoStack()))
    wish = Wish(regions=("eu-west-1",), aliases=("acme",), output=output)
    with connect(lambda _region: clients, NoZones) as connections:
        return import_organizations(wish, connections)


def forget(stack: Stack) -> None:
    """Take the tags of the stack away: what is there might be made by anybody."""
    arn = stack.workmail.describe_organization(OrganizationId=stack.organization_id)["ARN"]
    stack.workmail.untag_resource(ResourceARN=arn, TagKeys=[OWNER_TAG, TAKEN_OVER_TAG])


class Hand:
    """Somebody in the console: what WorkMail refuses is left."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def __call__(self, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._stack.workmail, operation)(
                OrganizationId=self._stack.organization_id, **parameters
            )
        except (ClientError, ParamValidationError):
            return {}
        return answer

    def find(self, name: str) -> str:
        """Return an id; of nobody: one that there is not."""
        users = self("list_users")["Users"]
        groups = self("list_groups")["Groups"]
        rooms = self("list_resources")["Resources"]
        found = [each["Id"] for each in (*users, *groups, *rooms) if each["Name"].lower() == name]
        return str(found[-1]) if found else "00000000-0000-0000-0000-000000000000"


def make_never(hand: Hand, name: str) -> None:
    hand("create_user", Name=f"{name}.never", DisplayName="Never", Password="Secret-123-secret")


def make_remote(hand: Hand, name: str) -> None:
    created = hand("create_user", Name=f"{name}.remote", DisplayName="R", Role="REMOTE_USER")
    hand("register_to_work_mail", EntityId=created.get("UserId", ""), Email="r@partner.example")


def switch_off(hand: Hand, name: str) -> None:
    hand("deregister_from_work_mail", EntityId=hand.find(name))


def delete(hand: Hand, name: str) -> None:
    switch_off(hand, name)
    hand("delete_user", UserId=hand.find(name))


def take_address(hand: Hand, name: str) -> None:
    """Give an address that nobody has now, such as one of somebody who is switched off."""
    for number in range(8):
        hand("create_alias", EntityId=hand.find(name), Alias=at(f"p{number}"))
    hand("create_alias", EntityId=hand.find(name), Alias=at(f"{name}.never"))


def make_room(hand: Hand, name: str) -> None:
    room = hand("create_resource", Name=f"room-{name}", Type="ROOM").get("ResourceId", "")
    hand("register_to_work_mail", EntityId=room, Email=at(f"room-{name}"))
    hand("associate_delegate_to_resource", ResourceId=room, EntityId=hand.find(name))
    options = {
        "AutoAcceptRequests": False,
        "AutoDeclineRecurringRequests": True,
        "AutoDeclineConflictingRequests": False,
    }
    hand("update_resource", ResourceId=room, BookingOptions=options)


def close_room(hand: Hand, name: str) -> None:
    switch_off(hand, f"room-{name}")


def grant(hand: Hand, name: str) -> None:
    for other in (*USERS, *GROUPS):
        hand(
            "put_mailbox_permissions",
            EntityId=hand.find(name),
            GranteeId=hand.find(other),
            PermissionValues=["SEND_AS"],
        )


def join(hand: Hand, name: str) -> None:
    for group in GROUPS:
        hand("associate_member_to_group", GroupId=hand.find(group), MemberId=hand.find(name))


def deny(hand: Hand, name: str) -> None:
    hand(
        "put_access_control_rule",
        Name=f"no-imap-{name}",
        Effect="DENY",
        Description="by hand",
        Actions=["IMAP"],
        UserIds=[hand.find(name)],
    )


def impersonate(hand: Hand, name: str) -> None:
    rules = [{"ImpersonationRuleId": "r", "Effect": "ALLOW", "NotTargetUsers": [hand.find(name)]}]
    hand("create_impersonation_role", Name=f"role {name}", Type="READ_ONLY", Rules=rules)


def name_phones(hand: Hand, name: str) -> None:
    """Rules for mobile devices can have one name."""
    hand("create_mobile_device_access_rule", Name="phones", Effect="DENY", DeviceTypes=[name])


def hide(hand: Hand, name: str) -> None:
    hand("update_user", UserId=hand.find(name), HiddenFromGlobalAddressList=True, City="Köln")


DEEDS: tuple[Callable[[Hand, str], None], ...] = (
    make_never,
    make_remote,
    switch_off,
    delete,
    take_address,
    make_room,
    close_room,
    grant,
    join,
    deny,
    impersonate,
    name_phones,
    hide,
)


VPC = {
    "VpcId": "vpc-0123456789abcdef0",
    "SubnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
}


def test_an_organization_on_a_simple_ad_names_its_directory(stack: Stack) -> None:
    service = call(stack.emulator, "ds", stack.region)
    created = service.create_directory(
        Name="corp.example", Password="Secret-123-secret", Size="Small", VpcSettings=VPC
    )["DirectoryId"]
    service.create_alias(DirectoryId=created, Alias="acme")
    service.describe_directories(DirectoryIds=[created])
    organization_id = stack.workmail.create_organization(Alias="acme", DirectoryId=created)
    stack.workmail.describe_organization(OrganizationId=organization_id["OrganizationId"])
    imported = import_from(stack)

    assert () == imported.proof.differences, imported.text
    assert f"    directory:\n      type: existing\n      directory_id: {created}\n" in imported.text
    assert "      kind: simple_ad\n" in imported.text


def test_behind_an_ad_connector_those_who_are_in_workmail_are_imported(stack: Stack) -> None:
    created = stack.emulator.add_directory(
        {
            "region": "eu-west-1",
            "kind": "ADConnector",
            "name": "corp.example",
            "users": [
                {"Name": "alice", "DisplayName": "Alice"},
                {"Name": "bob"},
                {"Name": "carol"},
            ],
            "groups": [{"Name": "sales", "Members": ["alice"]}, {"Name": "unused"}],
        }
    )
    make = stack.workmail.create_organization
    organization_id = make(Alias="acme", DirectoryId=created)["OrganizationId"]
    stack.workmail.describe_organization(OrganizationId=organization_id)
    users = stack.workmail.list_users(OrganizationId=organization_id)["Users"]
    groups = stack.workmail.list_groups(OrganizationId=organization_id)["Groups"]
    ids = {each["Name"]: each["Id"] for each in (*users, *groups)}
    for name in ("alice", "bob", "sales"):
        stack.workmail.register_to_work_mail(
            OrganizationId=organization_id, EntityId=ids[name], Email=f"{name}@acme.awsapps.com"
        )
    stack.workmail.deregister_from_work_mail(OrganizationId=organization_id, EntityId=ids["bob"])
    imported = import_from(stack)
    (organization,) = imported.drafted.environment.organizations
    (fitted,) = imported.drafted.fitted

    assert () == imported.proof.differences, imported.text
    assert {"alice": True, "bob": False} == {e.name: e.enabled for e in organization.users}
    assert ["sales"] == [each.name for each in organization.groups]
    assert ["1 user of the directory", "profiles and members"] == [
        each.subject for each in fitted.remainders
    ]


@settings(
    max_examples=300 if ALL else 25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=tuple(Phase) if ALL else (Phase.explicit, Phase.generate),
)
@given(
    declared=organizations(None),
    deeds=st.lists(
        st.tuples(st.sampled_from(DEEDS), st.sampled_from((*USERS, *GROUPS))), max_size=8
    ),
)
def test_what_is_there_is_imported_and_a_deployment_only_tags_it(
    declared: Organization, deeds: list[tuple[Callable[[Hand, str], None], str]]
) -> None:
    EMULATOR.reset()
    stack = Stack(EMULATOR)
    stack.deploy(declared)
    for deed, name in deeds:
        deed(Hand(stack), name)
    forget(stack)
    EMULATOR.clear_calls()
    first, second = import_from(stack), import_from(stack)
    (organization,) = first.drafted.environment.organizations
    clients = stack.make_run().clients
    live = read_snapshot(
        WorkMail(clients.workmail, stack.organization_id),
        DirectoryService(clients.directory_service),
        "eu-west-1",
    )

    assert () == first.proof.differences, first.text
    assert {"acme": (OWNER_TAG, TAKEN_OVER_TAG)} == first.proof.tags
    assert first.text == second.text
    assert () == compare(organization, live), first.text
    assert [] == [call for call in EMULATOR.writes if call.effect]

    taken = Stack(EMULATOR, name="production-acme")
    taken.deploy(organization)
    assert ["TagResource"] == [call.operation for call in EMULATOR.writes if call.effect]
    again = import_from(stack)
    assert ((), {"acme": ()}) == (again.proof.differences, again.proof.tags)
    assert first.text == again.text

    taken.destroy()
    assert {"TagResource", "UntagResource"} == {
        call.operation for call in EMULATOR.writes if call.effect
    }
    after = import_from(stack)
    assert (first.text, first.proof.tags) == (after.text, after.proof.tags)
