"""Who leaves without a verified export of the mailbox, where the spec declares exports."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, Stack, find_digest
from drifting import World
from exporting import Table
from scenes import (
    assert_equals,
    list_operations,
    make_group,
    make_organization,
    make_user,
    take_picture,
)
from workmail_org.changes.brakes import BrakeRule
from workmail_org.exporting.journal import Journal
from workmail_org.exporting.model import Exported, Pass, Stage
from workmail_org.model.bookable import Bookable, BookableType
from workmail_org.model.exports import Exports
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.user import Role
from workmail_org.model.values import EntityId
from workmail_org.plan.bases import make_base
from workmail_org.plan.deployed import read_live
from workmail_org.plan.model import Plan
from workmail_org.plan.planning import Question, plan

ALICE, BOB = make_user("alice"), make_user("bob")
REMOTE = make_user("rita", role=Role.REMOTE_USER, email="rita@elsewhere.example")
SALES = make_group("sales", "bob")
ROOM = Bookable(name="room", type=BookableType.ROOM, email="room@acme.example")
FULL = make_organization(ALICE, BOB, REMOTE, SALES, resources=(ROOM,), exports=Exports())
QUESTION = Question(spec="spec.yaml", today=date(2026, 11, 26))


class Tables(Table):
    """DynamoDB with a journal of exports; the ledger is in memory."""

    def query(self, **parameters: Any) -> Any:
        return super().query(**parameters) if parameters else {}

    def batch_write_item(self) -> None:
        """Write nothing."""

    def put_item(self, **parameters: Any) -> Any:
        return super().put_item(**parameters) if parameters else {}


@pytest.fixture
def stack(stack: Stack) -> Stack:
    """A stack with everybody, for which nobody confirms anything."""
    stack.agrees = False
    stack.dynamodb = Tables()
    stack.deploy(FULL)
    return stack


def note(stack: Stack, name: str, stage: Stage = Stage.VERIFIED, **fields: Any) -> None:
    """Write what the runner of exports would."""
    entity_id = EntityId(find_ids(stack)[name])
    described: dict[str, Any] = {"id": entity_id, "verified_at": 1.0, **fields}
    entry = Exported(export_pass=Pass.FIRST, name=name, stage=stage, **described)
    Journal(stack.dynamodb, "journal").write(entry)


def find_ids(stack: Stack) -> dict[str, str]:
    """Find the ids of users and resources, by reference."""
    rooms = stack.workmail.list_resources(OrganizationId=stack.organization_id)["Resources"]
    return {**take_picture(stack).ids, **{f"resource:{each['Name']}": each["Id"] for each in rooms}}


def refuse(stack: Stack, organization: Organization) -> str:
    """Deploy what is refused, without a write; give the reason."""
    before = take_picture(stack)
    stack.emulator.clear_calls()
    with pytest.raises(DeploymentFailedError) as caught:
        stack.deploy(organization)

    assert [] == list_operations(stack)
    assert before == take_picture(stack)
    return str(caught.value)


def plan_live(stack: Stack, organization: Organization) -> Plan:
    environment = Environment(name="test", organizations=(organization,))
    world = World(stack)
    return plan(environment, read_live(environment, open_clients=world.open_clients), QUESTION)


def list_brakes(made: Plan) -> dict[str, list[str]]:
    (organization,) = made.organizations
    return {part: [*map(str, brakes)] for part, brakes in organization.brakes.items()}


def without(*names: str, **fields: Any) -> Organization:
    users = tuple(each for each in FULL.users if each.name not in names)
    return replace(FULL, users=users, **fields)


def test_a_removal_without_an_export_is_confirmed_for_exactly_these(stack: Stack) -> None:
    reason = refuse(stack, without("alice"))
    digest = find_digest(reason)

    assert digest
    assert reason == (
        f"this must be confirmed (cdk deploy -c acknowledge={digest}): 1 user leaves or "
        "is switched off without a verified export of the mailbox, which WorkMail erases 30 days "
        "later: alice (workmail-org leave export exports and verifies it)"
    )
    with pytest.raises(DeploymentFailedError, match=r"2 users leave .*: alice, bob"):
        stack.deploy(without("alice", "bob"), digest)
    stack.deploy(without("alice"), digest)
    assert_equals(take_picture(stack), without("alice"))


@pytest.mark.parametrize("export_pass", list(Pass))
def test_who_has_a_verified_export_goes_without_a_word(stack: Stack, export_pass: Pass) -> None:
    note(stack, "alice")
    entry = replace(Journal(stack.dynamodb, "journal").read(Pass.FIRST)[0], revision=0)
    Journal(stack.dynamodb, "journal").write(replace(entry, export_pass=export_pass))

    stack.deploy(without("alice"))

    assert_equals(take_picture(stack), without("alice"))


def test_a_final_pass_that_was_begun_takes_no_verified_export_away(stack: Stack) -> None:
    note(stack, "alice")
    entry = Journal(stack.dynamodb, "journal").read(Pass.FIRST)[0]
    begun = replace(entry, revision=0, export_pass=Pass.FINAL, stage=Stage.RUNNING)
    Journal(stack.dynamodb, "journal").write(begun)

    stack.deploy(without("alice"))

    assert_equals(take_picture(stack), without("alice"))


@pytest.mark.parametrize("stage", [each for each in Stage if each is not Stage.VERIFIED])
def test_an_export_that_is_not_verified_is_none(stack: Stack, stage: Stage) -> None:
    note(stack, "alice", stage)

    assert "alice" in refuse(stack, without("alice"))


def test_an_export_belongs_to_an_id_and_not_to_a_name(stack: Stack) -> None:
    note(stack, "alice", id=EntityId("another-alice"))

    assert "alice" in refuse(stack, without("alice"))


def test_switching_off_and_deleting_count_and_the_word_for_removals_does_not_matter(
    stack: Stack,
) -> None:
    off = replace(FULL, users=(replace(ALICE, enabled=False), BOB, REMOTE))
    delete = OnRemoval(users=Removal.DELETE, resources=Removal.DELETE)

    assert "alice" in refuse(stack, off)
    assert "bob" in refuse(stack, without("bob", on_removal=delete))
    assert "1 resource leaves" in refuse(stack, replace(FULL, resources=(), on_removal=delete))


def test_groups_and_remote_users_have_no_mailbox(stack: Stack) -> None:
    after = without("rita", groups=())
    stack.deploy(after)

    assert_equals(take_picture(stack), after)


def test_exports_cannot_be_taken_out_together_with_people(stack: Stack) -> None:
    note(stack, "alice")

    assert "alice" in refuse(stack, without("alice", exports=None))
    stack.deploy(replace(FULL, exports=None))
    stack.deploy(without("alice", exports=None))
    assert_equals(take_picture(stack), without("alice"))


def test_a_deployment_that_removes_nobody_is_not_asked(stack: Stack) -> None:
    after = replace(FULL, users=(replace(ALICE, display_name="Zoë"), BOB, REMOTE))
    stack.deploy(after)

    assert_equals(take_picture(stack), after)


@pytest.mark.parametrize("exported", [True, False])
def test_a_plan_against_live_says_what_the_deployment_refuses(stack: Stack, exported: bool) -> None:
    if exported:
        note(stack, "alice")
    note(stack, "bob", Stage.FAILED)
    desired = without("alice", "bob")

    made = plan_live(stack, desired)

    names = "bob" if exported else "alice, bob"
    ((part, brakes),) = list_brakes(made).items()
    assert ("acme/users", 1) == (part, len(brakes))
    assert f"days later: {names} (" in brakes[0]
    reason = refuse(stack, desired)
    assert brakes[0] in reason
    ((brake,),) = made.organizations[0].brakes.values()
    assert BrakeRule.EXPORT is brake.rule


def test_a_plan_says_how_old_the_export_of_who_leaves_is(stack: Stack) -> None:
    """Weeks may lie between the first pass and the day on which somebody leaves."""
    note(stack, "alice", verified_at=1_790_000_000.0)
    (found,) = plan_live(stack, without("alice")).organizations

    assert not found.brakes
    assert [
        "last export of whoever leaves or is switched off: alice on 2026-09-21 14:13 UTC; what "
        "came into the mailbox after that is in none (workmail-org leave export --only NAME "
        "--again)"
    ] == [each for each in found.notes if "export" in each]


def test_a_plan_against_a_file_says_that_only_the_journal_knows(stack: Stack) -> None:
    del stack
    before = Environment(name="test", organizations=(FULL,))
    desired = Environment(name="test", organizations=(without("alice"),))

    (found,) = plan(desired, make_base("main", before), QUESTION).organizations

    assert not found.brakes
    assert [
        "whoever leaves or is switched off without a verified export of the mailbox must be "
        "confirmed: alice; --against live looks into the journal"
    ] == [each for each in found.notes if "export" in each]


@pytest.mark.parametrize(
    ("removal_policies", "names"),
    [
        (OnRemoval(), "alice, resource:room"),
        (OnRemoval(users=Removal.DELETE), "alice, resource:room"),
        (OnRemoval(resources=Removal.RETAIN, domains=Removal.RETAIN), "alice"),
        (OnRemoval(organization=Removal.DELETE), "alice, resource:room"),
    ],
    ids=["switched off", "deleted", "one kind is retained", "the organization is deleted"],
)
def test_the_end_of_a_stack_is_not_begun_while_a_mailbox_that_ends_with_it_has_no_export(
    stack: Stack, removal_policies: OnRemoval, names: str
) -> None:
    stack.deploy(replace(FULL, on_removal=removal_policies))
    note(stack, "bob")
    stack.emulator.clear_calls()
    with pytest.raises(DeploymentFailedError) as caught:
        stack.destroy()

    assert [] == list_operations(stack)
    assert (
        "the stack cannot be destroyed as it is, and nothing in the organization was deleted: "
        f"WorkMail would erase mailboxes without a verified export ({names}), which workmail-org "
        "leave export makes; what CloudFormation deletes by itself"
    ) in str(caught.value)


def test_a_mailbox_made_by_hand_ends_with_its_organization(stack: Stack) -> None:
    """It is no mailbox of the stack, and nobody could find it in a plan."""
    stack.deploy(replace(FULL, on_removal=OnRemoval(organization=Removal.DELETE)))
    for name in ("alice", "bob", "resource:room"):
        note(stack, name)
    scope = {"OrganizationId": stack.organization_id}
    made = stack.workmail.create_user(**scope, Name="mallory", DisplayName="Mallory")
    email = "mallory@acme.awsapps.com"
    stack.workmail.register_to_work_mail(**scope, EntityId=made["UserId"], Email=email)
    with pytest.raises(DeploymentFailedError, match=r"without a verified export \(mallory\)"):
        stack.destroy()


def test_a_stack_goes_once_every_mailbox_is_exported(stack: Stack) -> None:
    for name in ("alice", "bob", "resource:room"):
        note(stack, name)
    stack.destroy()

    assert {} == stack.deployed


def test_a_stack_without_exports_goes_without_a_word(stack: Stack) -> None:
    stack.deploy(replace(FULL, exports=None))
    stack.destroy()

    assert {} == stack.deployed


@pytest.mark.parametrize(("days", "is_stopped"), [(29, True), (31, False)])
def test_a_mailbox_that_is_kept_for_thirty_days_ends_with_its_organization(
    stack: Stack, days: int, is_stopped: bool
) -> None:
    """Whoever is switched off, and could still be switched on again, is not exported either."""
    stack.deploy(replace(FULL, on_removal=OnRemoval(organization=Removal.DELETE)))
    for name in ("alice", "bob", "resource:room"):
        note(stack, name)
    scope = {"OrganizationId": stack.organization_id}
    made = stack.workmail.create_user(**scope, Name="mallory", DisplayName="Mallory")
    email = "mallory@acme.awsapps.com"
    stack.workmail.register_to_work_mail(**scope, EntityId=made["UserId"], Email=email)
    stack.workmail.deregister_from_work_mail(**scope, EntityId=made["UserId"])
    stack.emulator.clock.advance(days * 86_400)
    if is_stopped:
        with pytest.raises(DeploymentFailedError, match=r"without a verified export \(mallory\)"):
            stack.destroy()
    else:
        stack.destroy()

    organizations = stack.workmail.list_organizations()["OrganizationSummaries"]
    assert is_stopped == any(each["State"] == "Active" for each in organizations)
