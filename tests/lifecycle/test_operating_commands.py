"""The commands with which people operate a deployed organization."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner, Result

from cloudformation import Stack
from exporting import Table
from scenes import at, make_organization, make_user, take_picture
from workmail_org.cli import main
from workmail_org.exporting.journal import Journal
from workmail_org.exporting.model import Exported, Pass, Stage
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.values import EntityId
from workmail_org.operating import deployed
from workmail_org.operating.deployed import Deployed
from workmail_org.service.workmail import WorkMail

SPEC = """
version: 1
environment: test
organizations:
  acme:
    region: eu-west-1
    alias: acme
    domains: {acme.example: {default: true, verified: true}}
    users: {bob: {display_name: Bob}}
"""


@pytest.fixture
def journal() -> Journal:
    """A journal of exports in which nobody is."""
    table: Any = Table()
    return Journal(table, "journal")


@pytest.fixture
def spec(stack: Stack, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec that alice has left, deployed."""
    stack.deploy(make_organization(make_user("alice"), make_user("bob")))
    stack.deploy(make_organization(make_user("bob")))

    def open_deployed(environment: Environment, organization: Organization) -> Deployed:
        assert ("test", "acme") == (environment.name, organization.key)
        return Deployed(
            spec=organization,
            workmail=WorkMail(stack.workmail, stack.organization_id),
            ledger=stack.ledger,
            secrets=cast("Any", stack.secrets),
            secret_arns=("arn:secret0",),
            journal=journal if organization.exports else None,
            epoch=stack.emulator.clock.now,
        )

    monkeypatch.setattr(deployed, "open_deployed", open_deployed)
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC, encoding="utf-8")
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def test_removed_restore_and_back_again(spec: Path, stack: Stack) -> None:
    told = run("removed", spec)
    restored = run("restore", spec, "alice", "--organization", "acme")
    nobody = run("removed", spec)

    assert "acme: alice is switched off since 2023-11-14, can be restored until" in told.output
    assert f"alice is switched on again as {at('alice')}" in restored.output
    assert "acme: no removed entity is switched off\n" == nobody.output
    assert "alice" in take_picture(stack).enabled


def test_who_was_removed_is_json_too(spec: Path) -> None:
    (found,) = json.loads(run("removed", spec, "--format", "json").stdout)["removed"]

    assert ("acme", "alice", False, False) == (
        found["organization"],
        found["name"],
        found["lost"],
        found["switched_on"],
    )
    assert found["since"].startswith("2023-11-14T")
    assert found["deadline"] > found["since"]


def test_purge_wants_the_word_of_its_own_list(spec: Path, stack: Stack) -> None:
    listed = run("purge", spec, "alice")
    wrong = run("purge", spec, "alice", "--erase", "0123456789ab")
    digest = listed.output.split()[-1]
    done = run("purge", spec, "alice", "--erase", digest)

    assert (0, 3, 0) == (listed.exit_code, wrong.exit_code, done.exit_code)
    assert "alice is deleted permanently\n" == done.output
    assert "alice" not in take_picture(stack).entities


@pytest.mark.parametrize("exported", [True, False])
def test_purge_says_whether_a_verified_export_has_the_mailbox(
    exported: bool, spec: Path, stack: Stack, journal: Journal
) -> None:
    without = run("purge", spec, "alice").output.split()[-1]
    spec.write_text(SPEC + "    exports: {}\n", encoding="utf-8")
    rows = stack.workmail.list_users(OrganizationId=stack.organization_id)["Users"]
    alice = next(EntityId(row["Id"]) for row in rows if row["Name"] == "alice")
    entry = Exported(export_pass=Pass.FIRST, id=alice, name="alice", stage=Stage.VERIFIED)
    journal.write(entry if exported else replace(entry, id=EntityId("another")))
    listed = run("purge", spec, "alice")

    said = "  a verified export has what was in the mailbox then\n"
    missing = "  no verified export has it: workmail-org leave export makes one\n"
    assert (exported, not exported) == (said in listed.output, missing in listed.output)
    assert exported == (without == listed.output.split()[-1])


def test_a_new_password_is_never_printed(spec: Path, stack: Stack) -> None:
    done = run("reset-password", spec, "bob")
    password = json.loads(stack.secrets.values["arn:secret0"])["bob"]

    assert "bob has a new password; it lies in the secret arn:secret0\n" == done.output
    assert password not in done.output


def test_an_organization_that_is_not_declared_is_told_with_those_that_are(spec: Path) -> None:
    done = run("restore", spec, "alice", "--organization", "other")

    assert (2, 'no organization "other" is declared; --organization takes one of: acme\n') == (
        done.exit_code,
        done.output,
    )
