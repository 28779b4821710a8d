"""`workmail-org drift`: formats, exit codes, and when something is called drift."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from cloudformation import Stack
from drifting import Hand, World
from scenes import at
from workmail_emulator.errors import ServiceFault
from workmail_org import distribution
from workmail_org.cli import main
from workmail_org.drift import looking
from workmail_org.spec.building import load_environment

SPEC = """
version: 1
environment: test
organizations:
  acme:
    region: eu-west-1
    alias: acme
    domains: {acme.example: {default: true, verified: true}}
    users:
      alice: {display_name: Alice, aliases: [al@acme.example]}
      bob: {display_name: Bob}
      carol: {display_name: Carol}
    groups: {sales: {members: [alice, bob]}}
"""
SCHEMA = json.loads(distribution.find_project_file("schemas/drift.schema.json").read_text("utf-8"))


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC, encoding="utf-8")
    return path


@pytest.fixture
def world(stack: Stack, spec: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The spec, deployed."""
    stack.deploy(load_environment(spec).organizations[0])
    world = World(stack)

    class Surroundings(looking.Surroundings):
        def __init__(self) -> None:
            super().__init__(open_clients=world.open_clients, sleep=world.sleep)

    monkeypatch.setattr(looking, "Surroundings", Surroundings)
    return world


@pytest.fixture
def hand(world: World) -> Hand:
    return Hand(world.stack)


def run(spec: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["drift", str(spec), *arguments])


def read(spec: Path, *arguments: str) -> dict[str, Any]:
    """Return what the command prints as JSON, which its schema allows."""
    document = json.loads(run(spec, "--format", "json", *arguments).stdout)
    jsonschema.validate(document, SCHEMA)
    return document


def list_classes(document: dict[str, Any]) -> dict[str, str]:
    (organization,) = document["organizations"]
    return {row["path"]: row["class"] for row in organization["rows"]}


def refuse(stack: Stack, operation: str, code: str, status: int = 400) -> None:
    def interrupt(now: str, call: Any) -> None:
        if now == "before" and call.operation == operation:
            raise ServiceFault(code, "try again", status=status)

    stack.emulator.on_call = interrupt


def make_stranger(hand: Hand) -> None:
    made = hand.do("create_user", Name="mallory", DisplayName="Mallory", Password="Str0ng-enough")
    hand.do("register_to_work_mail", EntityId=made["UserId"], Email=at("mallory"))


def test_what_nobody_touched_is_clean_after_one_reading(spec: Path, world: World) -> None:
    result = run(spec, "--exit-code")

    assert 0 == result.exit_code, result.output
    assert [] == world.slept
    assert result.stdout.splitlines()[-1].startswith("result: clean organizations=1 unreadable=0")


def test_each_change_by_hand_is_named_and_exits_with_5(
    spec: Path, world: World, hand: Hand
) -> None:
    hand.do("update_user", UserId=hand.find("bob"), DisplayName="Robert")
    hand.do("deregister_from_work_mail", EntityId=hand.find("carol"))
    hand.do("delete_alias", EntityId=hand.find("alice"), Alias=at("al"))
    make_stranger(hand)
    quiet = run(spec)
    result = run(spec, "--exit-code")

    assert (0, 5) == (quiet.exit_code, result.exit_code)
    assert [5.0, 5.0] == world.slept
    for line in (
        'users.bob.display_name: deployed "Bob", live "Robert"',
        "users.carol.enabled: deployed true, live false",
        f'users.alice.aliases: deployed ["{at("al")}"], live []',
        "users.mallory",
    ):
        assert f"    {line}\n" in result.stdout
    assert result.stdout.splitlines()[-1] == (
        "result: drift organizations=1 unreadable=0 gone=0 conflict=0 drift=3 unmanaged=1 "
        "converged=0 pending_removal=0 pending=0 ignored=0"
    )
    assert {
        "users.bob.display_name": "drift",
        "users.carol.enabled": "drift",
        "users.alice.aliases": "drift",
        "users.mallory": "unmanaged",
    } == list_classes(read(spec))


def test_a_spec_that_is_ahead_is_no_drift(spec: Path, world: World) -> None:
    spec.write_text(SPEC.replace("display_name: Bob", "display_name: Robert"), encoding="utf-8")
    result = run(spec, "--exit-code")

    assert (0, []) == (result.exit_code, world.slept)
    assert 'users.bob.display_name: spec "Robert", deployed "Bob", live "Bob"' in result.stdout
    assert "result: pending " in result.stdout


def test_what_is_not_deployed_yet_is_pending(spec: Path, world: World) -> None:
    world.cloudformation.status = None
    result = run(spec, "--exit-code")

    assert 0 == result.exit_code
    assert "result: pending " in result.stdout


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED"])
def test_a_first_deployment_that_failed_is_pending(spec: Path, world: World, status: str) -> None:
    world.cloudformation.status = status

    assert "result: pending " in run(spec, "--exit-code").stdout


@pytest.mark.usefixtures("world")
def test_an_organization_that_was_deleted_is_gone(spec: Path, hand: Hand) -> None:
    hand.do("delete_organization", DeleteDirectory=True, ForceDelete=True)
    result = run(spec, "--exit-code")

    assert 5 == result.exit_code
    assert "gone: deployed, and not there any more\n    the organization\n" in result.stdout


@pytest.mark.parametrize(
    ("operation", "code", "status"),
    [
        ("ListUsers", "ServiceUnavailable", 503),
        ("GetDefaultRetentionPolicy", "AccessDeniedException", 403),
        ("DescribeUser", "ServiceUnavailable", 503),
    ],
)
def test_what_aws_does_not_show_is_neither_clean_nor_drift(
    spec: Path, world: World, operation: str, code: str, status: int
) -> None:
    refuse(world.stack, operation, code, status)
    result = run(spec, "--exit-code")
    without = run(spec)

    assert (6, 6) == (result.exit_code, without.exit_code), result.output
    assert "result: incomplete " in result.stdout
    assert {"unreadable"} == set(list_classes(read(spec)).values())


def test_drift_beside_what_cannot_be_read_is_shown_and_still_incomplete(
    spec: Path, world: World, hand: Hand
) -> None:
    hand.do("update_user", UserId=hand.find("bob"), DisplayName="Robert")
    refuse(world.stack, "GetDefaultRetentionPolicy", "AccessDeniedException", 403)
    result = run(spec, "--exit-code")

    assert 6 == result.exit_code
    assert 'users.bob.display_name: deployed "Bob", live "Robert"' in result.stdout


def test_a_ledger_that_cannot_be_read_is_named(spec: Path, world: World) -> None:
    world.dynamodb.refuses = True

    assert {"ledger": "unreadable"} == list_classes(read(spec))


def test_aws_that_shows_nothing_exits_with_4(spec: Path, world: World) -> None:
    refuse(world.stack, "DescribeOrganization", "AccessDeniedException", 403)

    assert 4 == run(spec, "--exit-code").exit_code


def test_a_deployment_at_work_is_no_drift(spec: Path, world: World, hand: Hand) -> None:
    hand.do("update_user", UserId=hand.find("bob"), DisplayName="Robert")
    world.cloudformation.status = "UPDATE_IN_PROGRESS"
    result = run(spec, "--exit-code")

    assert 6 == result.exit_code
    assert "its stack is being changed (UPDATE_IN_PROGRESS): look again afterwards" in result.stdout


def test_what_settles_between_two_readings_is_clean(spec: Path, world: World, hand: Hand) -> None:
    bob = hand.find("bob")
    hand.do("update_user", UserId=bob, DisplayName="Robert")
    world.on_sleep = lambda: hand.do("update_user", UserId=bob, DisplayName="Bob")
    result = run(spec, "--exit-code")

    assert (0, [5.0]) == (result.exit_code, world.slept), result.output


def test_what_never_settles_is_incomplete(spec: Path, world: World, hand: Hand) -> None:
    bob = hand.find("bob")
    names = iter(["Rob", "Robert"])
    hand.do("update_user", UserId=bob, DisplayName="Robby")
    world.on_sleep = lambda: hand.do("update_user", UserId=bob, DisplayName=next(names))
    result = run(spec, "--exit-code")

    assert (6, [5.0, 5.0]) == (result.exit_code, world.slept)
    assert "it changes from one reading to the next" in result.stdout


def test_an_organization_that_is_not_declared_exits_with_2(spec: Path, world: World) -> None:
    assert world
    result = run(spec, "--organization", "other")

    assert 2 == result.exit_code
    assert 'no organization "other" is declared; declared: acme' in result.stderr


def test_a_wrong_spec_exits_with_2_and_nothing_is_read(spec: Path, world: World) -> None:
    spec.write_text(SPEC.replace("alice, bob", "alice, ada"), encoding="utf-8")
    world.stack.emulator.clear_calls()

    assert 2 == run(spec).exit_code
    assert [] == list(world.stack.emulator.calls)


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_every_format_has_every_row_and_can_be_written_to_a_file(
    spec: Path, world: World, hand: Hand, form: str, tmp_path: Path
) -> None:
    assert world
    hand.do("update_user", UserId=hand.find("bob"), DisplayName="Robert <b>`$(id)`\x1b[31m")
    make_stranger(hand)
    output = tmp_path / "report"
    result = run(spec, "--format", form, "--output", str(output), "--exit-code")
    text = output.read_text("utf-8")

    assert 5 == result.exit_code
    assert result.stdout.startswith("result: drift ")
    assert "users.bob.display_name" in text
    assert "users.mallory" in text
    assert "\x1b" not in text
    assert form in ("text", "json") or "<b>" not in text


def test_nothing_is_written_to_aws(spec: Path, world: World, hand: Hand) -> None:
    make_stranger(hand)
    world.stack.emulator.clear_calls()
    run(spec)

    assert [] == list(world.stack.emulator.writes)
