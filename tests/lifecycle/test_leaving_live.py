"""`workmail-org leave report` of an organization that is live: it needs no spec."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from cloudformation import Stack
from drifting import FakeCloudFormation, Hand
from exporting import Table
from transitions import FULL
from workmail_org import distribution
from workmail_org.cli import main
from workmail_org.exporting.journal import Journal
from workmail_org.exporting.model import Exported, Pass, Stage
from workmail_org.model.values import EntityId
from workmail_org.service import clients

SCHEMA = json.loads(distribution.find_project_file("schemas/leave.schema.json").read_text("utf-8"))


@pytest.fixture
def live(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """An organization with everything, deployed."""
    stack.secrets.put_secret_value(SecretId="ews", SecretString="hidden")
    stack.deploy(FULL)
    listing: Any = FakeCloudFormation(stack)
    table: Any = Table()
    made = replace(stack.make_run().clients, cloudformation=listing, dynamodb=table)
    alice = EntityId(Hand(stack).find("alice"))
    entry = Exported(export_pass=Pass.FIRST, id=alice, name="alice", stage=Stage.VERIFIED)
    Journal(table, "journal").write(entry)

    def open_clients(_region: str, **_: Any) -> clients.Clients:
        return made

    monkeypatch.setattr(clients, "make_clients", open_clients)
    return stack


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["leave", "report", "--region", "eu-west-1", *arguments])


@pytest.mark.usefixtures("live")
def test_what_is_live_is_accounted_for_without_a_spec() -> None:
    result = run("--alias", "acme", "--to", "google", "--format", "json")

    assert 0 == result.exit_code, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    jsonschema.validate(document, SCHEMA)
    (organization,) = document["organizations"]
    assert ["alice", "bob", "carol", "resource:boardroom"] == organization["mailboxes"]
    (moved,) = organization["destinations"]
    found = {(each["kind"], each["owner"], each["name"]): each for each in moved["entries"]}
    assert "file" == found["member", "group:everyone", "group:sales"]["placement"]
    assert "hand" == found["right on a mailbox", "alice", "send_as"]["placement"]  # of a group
    assert "file" == found["right on a mailbox", "bob", "full_access"]["placement"]
    assert "file" == found["delegate", "resource:boardroom", "group:sales"]["placement"]
    assert ("retention policy", None, "standard") in found
    assert ("impersonation role", None, "backup") in found


def test_the_stack_is_the_one_that_the_organization_names(live: Stack) -> None:
    """Its name does not follow from the alias: the tag has it, and so its exports are known."""
    (organization,) = json.loads(run("--alias", "acme", "--format", "json").stdout)["organizations"]

    assert "test-acme" == live.name
    assert "CloudFormation stack test-acme, until it is destroyed" == organization["stays"][0]
    assert [("alice", "verified")] == [(e["name"], e["state"]) for e in organization["exports"]]


def test_an_organization_that_no_stack_manages_has_none(live: Stack) -> None:
    workmail: Any = live.emulator.client("workmail", region="eu-west-1")
    (found,) = workmail.list_organizations()["OrganizationSummaries"]
    arn = workmail.describe_organization(OrganizationId=found["OrganizationId"])["ARN"]
    workmail.untag_resource(ResourceARN=arn, TagKeys=["workmail-org:stack"])
    (organization,) = json.loads(run("--alias", "acme", "--format", "json").stdout)["organizations"]

    assert not [each for each in organization["stays"] if "stack" in each.partition(",")[0]]
    assert organization["exports"] is None


@pytest.mark.usefixtures("live")
def test_an_organization_that_is_not_there_is_refused() -> None:
    result = run("--alias", "nobody")

    assert (4, "no organization with the alias nobody is in eu-west-1\n") == (
        result.exit_code,
        result.stderr,
    )


def test_reading_writes_nothing(live: Stack) -> None:
    before = len(live.emulator.calls)
    run("--alias", "acme")
    operations = [each.operation for each in live.emulator.calls[before:]]

    reading = ("Describe", "Get", "List")
    assert operations
    assert [each for each in operations if not each.startswith(reading)] == []


def test_whoever_is_switched_off_is_named_with_the_day_on_which_the_mailbox_goes(
    live: Stack,
) -> None:
    hand = Hand(live)
    hand.do("deregister_from_work_mail", EntityId=hand.find("carol"))
    document = json.loads(run("--alias", "acme", "--format", "json").stdout)

    blockers = document["organizations"][0]["blockers"]
    (names,) = [each["names"] for each in blockers if "no verified export" in each["title"]]
    assert "carol (switched off, erased on 2023-12-14 22:13 UTC)" in names


def test_whoever_has_no_mailbox_is_no_blocker(live: Stack) -> None:
    """Somebody who never was switched on, and a group that is switched off."""
    hand = Hand(live)
    hand.do("create_user", Name="never", DisplayName="Never")
    hand.do("deregister_from_work_mail", EntityId=hand.find("sales"))
    document = json.loads(run("--alias", "acme", "--format", "json").stdout)
    named = [name for b in document["organizations"][0]["blockers"] for name in b["names"]]

    assert not [name for name in named if "never" in name or "sales" in name]
