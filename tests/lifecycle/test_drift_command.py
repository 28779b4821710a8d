"""`workmail-org drift`: formats, exit codes, and when something is called drift."""

from __future__ import annotations

import json
from datetime import date
from functools import partial
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
from workmail_org.plan import deployed
from workmail_org.service import accounts
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
            super().__init__(
                open_clients=world.open_clients,
                sleep=world.sleep,
                read_account=lambda _: world.account,
                tell_day=lambda: world.today,
            )

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


def ignore(spec: Path, **fields: str) -> None:
    """Add an ignore to the spec, of bob's display name if nothing else is said."""
    entry = {
        "path": "users.bob.display_name",
        "value": "Robert",
        "until": "2026-12-31",
        "reason": "known",
        **fields,
    }
    lines = [f"          {name}: {value}\n" for name, value in entry.items() if value]
    lines[0] = lines[0].replace("          path", "        - path")
    text = spec.read_text("utf-8") + "    drift:\n      ignore:\n" + "".join(lines)
    spec.write_text(text, encoding="utf-8")


def test_an_ignored_deviation_is_silent_until_its_day(spec: Path, world: World, hand: Hand) -> None:
    hand.do("update_user", UserId=hand.find("bob"), DisplayName="Robert")
    ignore(spec)
    last = run(spec, "--exit-code")
    world.today = date(2027, 1, 1)
    after = run(spec, "--exit-code")

    assert (0, 5) == (last.exit_code, after.exit_code), last.output
    assert "ignored: users.bob.display_name: until 2026-12-31: known" in last.stdout
    assert "result: clean " in last.stdout
    assert last.stdout.endswith("ignored=1\n")
    assert "ignore of users.bob.display_name ended on 2026-12-31: remove it" in after.stdout


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (date(2026, 12, 23), None),
        (date(2026, 12, 24), "ends in 7 days, on 2026-12-31: known"),
        (date(2026, 12, 30), "ends tomorrow: known"),
        (date(2026, 12, 31), "ends today: known"),
    ],
)
def test_the_end_of_an_ignore_is_reported_a_week_before(
    spec: Path, world: World, hand: Hand, today: date, said: str | None
) -> None:
    hand.do("update_user", UserId=hand.find("bob"), DisplayName="Robert")
    ignore(spec)
    world.today = today
    result = run(spec, "--exit-code")

    assert 0 == result.exit_code
    assert (said or "") in result.stdout
    assert (said is None) == (" ends " not in result.stdout)


def test_another_value_than_the_ignored_one_is_drift(spec: Path, world: World, hand: Hand) -> None:
    assert world
    hand.do("update_user", UserId=hand.find("bob"), DisplayName="Bobby")
    ignore(spec)
    result = run(spec, "--exit-code")

    assert 5 == result.exit_code
    assert "does not count: it is for another value than the one that is live" in result.stdout


def test_an_unused_ignore_is_reported(spec: Path, world: World) -> None:
    assert world
    ignore(spec)
    result = run(spec, "--exit-code")

    assert 0 == result.exit_code
    assert "ignore of users.bob.display_name is unused: nothing differs there" in result.stdout


def test_an_ignore_for_longer_than_90_days_does_not_count(
    spec: Path, world: World, hand: Hand
) -> None:
    hand.do("update_user", UserId=hand.find("bob"), DisplayName="Robert")
    ignore(spec)
    world.today = date(2026, 10, 2)  # 90 days before
    exactly = run(spec, "--exit-code")
    world.today = date(2026, 10, 1)
    longer = run(spec, "--exit-code")

    assert (0, 5) == (exactly.exit_code, longer.exit_code)
    assert "is more than 90 days away; allowed until 2026-12-30" in longer.stdout


def test_what_is_gone_cannot_be_ignored(spec: Path, world: World, hand: Hand) -> None:
    retention = "policies: {retention: {name: keep, folders: {inbox: {action: delete, days: 9}}}}"
    spec.write_text(SPEC + f"    {retention}\n", encoding="utf-8")
    world.stack.deploy(load_environment(spec).organizations[0])
    found = hand.do("get_default_retention_policy")
    hand.do("delete_retention_policy", Id=found["Id"])
    ignore(spec, path="policies.retention", value="")
    result = run(spec, "--exit-code")

    assert 5 == result.exit_code
    assert "what is gone cannot be ignored" in result.stdout


def test_a_stranger_and_a_list_can_be_ignored(spec: Path, world: World, hand: Hand) -> None:
    assert world
    make_stranger(hand)
    ignore(spec, path="users.mallory", value="present")

    assert 0 == run(spec, "--exit-code").exit_code

    hand.do("delete_alias", EntityId=hand.find("alice"), Alias=at("al"))
    hand.do("create_alias", EntityId=hand.find("alice"), Alias=at("lid"))
    hand.do("create_alias", EntityId=hand.find("alice"), Alias=at("ali"))
    with spec.open("a", encoding="utf-8") as file:
        file.write(
            "        - {path: users.alice.aliases, value: [lid@acme.example, ali@acme.example], "
            "until: 2026-12-31, reason: known}\n"
        )

    assert 0 == run(spec, "--exit-code").exit_code


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ('permissions["alice for bob"]', "rights on mailboxes"),
        ("policies.impersonation_roles.backup", "who may act for others"),
        ("policies.access_control", "who may sign in from where"),
        ("policies.mobile_devices.phones.effect", "which devices may synchronize"),
    ],
)
def test_what_opens_mailboxes_is_refused_with_its_place(
    spec: Path, world: World, path: str, said: str
) -> None:
    assert world
    ignore(spec, path=f"'{path}'")
    result = run(spec)

    assert 2 == result.exit_code
    assert f"{spec}:16:17: organizations.acme.drift.ignore[0].path: " in result.output
    assert f"cannot be ignored: it says {said}" in result.output


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"until": ""}, '"until" is missing'),
        ({"reason": ""}, '"reason" is missing'),
        ({"until": "2026-02-30"}, 'the calendar has no "2026-02-30"'),
        ({"until": "soon"}, "allowed: a date, such as 2026-12-31"),
        ({"path": "'*'"}, "allowed: a path that workmail-org drift prints"),
        ({"path": "bob"}, "allowed: a path that workmail-org drift prints"),
    ],
)
def test_a_wrong_ignore_is_a_problem_of_the_spec(
    spec: Path, world: World, fields: dict[str, str], said: str
) -> None:
    assert world
    ignore(spec, **fields)
    result = run(spec)

    assert 2 == result.exit_code
    assert said in result.output


def test_one_path_is_ignored_once(spec: Path, world: World) -> None:
    assert world
    ignore(spec)
    with spec.open("a", encoding="utf-8") as file:
        file.write("        - {path: users.bob.display_name, until: 2026-12-30, reason: known}\n")
    result = run(spec)

    assert 2 == result.exit_code
    assert f'"users.bob.display_name" is already ignored at {spec}:16' in result.output


def plan(spec: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["plan", str(spec), "--against", "live", *arguments])


@pytest.fixture
def planned(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The plan reads the same world."""
    monkeypatch.setattr(
        deployed,
        "read_live",
        partial(deployed.read_live, open_clients=world.open_clients),
    )
    return world


@pytest.mark.usefixtures("planned")
def test_a_plan_against_live_where_nothing_differs_exits_with_0(spec: Path) -> None:
    result = plan(spec, "--exit-code")

    assert 0 == result.exit_code, result.output
    assert "nothing was changed by hand since the last deployment" in result.stdout


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
@pytest.mark.usefixtures("planned")
def test_a_plan_against_live_names_what_was_changed_by_hand(
    spec: Path, hand: Hand, form: str
) -> None:
    """People who are switched off or gone, and domains and settings, while `users` is untouched."""
    for name in ("carol", "bob"):
        hand.do("deregister_from_work_mail", EntityId=hand.find(name))
    hand.do("delete_user", UserId=hand.find("bob"))
    hand.do("put_inbound_dmarc_settings", Enforced=False)
    make_stranger(hand)
    quiet = plan(spec, "--format", form)
    result = plan(spec, "--format", form, "--exit-code")

    assert (0, 5) == (quiet.exit_code, result.exit_code), result.output
    for name in ("users.bob", "users.carol.enabled", "policies.inbound_dmarc", "users.mallory"):
        assert name in result.stdout
    if form == "json":
        jsonschema.validate(json.loads(result.stdout)["drift"], SCHEMA)


def test_a_plan_that_is_not_shown_everything_exits_with_6(spec: Path, planned: World) -> None:
    planned.dynamodb.refuses = False
    refuse(planned.stack, "DescribeInboundDmarcSettings", "AccessDeniedException", 403)
    assert 4 == plan(spec).exit_code  # the plan itself needs it

    planned.stack.emulator.on_call = None
    refuse(planned.stack, "GetImpersonationRole", "AccessDeniedException", 403)
    refuse(planned.stack, "GetMailDomain", "AccessDeniedException", 403)
    assert 6 == plan(spec, "--exit-code").exit_code


def test_who_the_stack_removed_is_silent_until_somebody_else_has_the_name(
    spec: Path, world: World, hand: Hand
) -> None:
    without = SPEC.replace("      carol: {display_name: Carol}\n", "")
    spec.write_text(without, encoding="utf-8")
    world.stack.deploy(load_environment(spec).organizations[0])

    assert {} == list_classes(read(spec))

    hand.do("delete_user", UserId=hand.find("carol"))
    hand.do("create_user", Name="carol", DisplayName="Another", Password="Str0ng-enough")

    assert {"users.carol": "unmanaged"} == list_classes(read(spec))


def test_many_strangers_are_all_named_and_some_have_their_lines(
    spec: Path, world: World, hand: Hand
) -> None:
    assert world
    for number in range(22):
        hand.do("create_group", Name=f"club-{number:02}", HiddenFromGlobalAddressList=False)
        hand.do(
            "register_to_work_mail",
            EntityId=hand.find(f"club-{number:02}"),
            Email=at(f"club-{number:02}"),
        )
    result = run(spec)

    assert 22 == result.stdout.count("    groups.club-")
    assert 20 == result.stdout.count("adopt: true")
    assert "    --format json has the lines of YAML for all of them\n" in result.stdout
    rows = read(spec)["organizations"][0]["rows"]
    assert 22 == sum("adopt: true" in row["yaml"] for row in rows)


def test_no_ignore_is_called_unused_where_something_could_not_be_looked_at(
    spec: Path, world: World
) -> None:
    refuse(world.stack, "ListUsers", "AccessDeniedException", 403)
    ignore(spec)
    result = run(spec)

    assert 6 == result.exit_code
    assert "unused" not in result.stdout


def test_an_ignore_of_what_the_spec_is_ahead_of_is_unused(spec: Path, world: World) -> None:
    assert world
    spec.write_text(SPEC.replace("display_name: Bob", "display_name: Robert"), encoding="utf-8")
    ignore(spec, value="Bob")
    result = run(spec, "--exit-code")

    assert 0 == result.exit_code
    assert "ignore of users.bob.display_name is unused" in result.stdout
    assert "pending=1 ignored=0" in result.stdout


@pytest.mark.usefixtures("world")
def test_whoever_was_deleted_by_hand_is_gone_although_another_has_the_name(
    spec: Path, hand: Hand
) -> None:
    carol = hand.find("carol")
    hand.do("deregister_from_work_mail", EntityId=carol)
    hand.do("delete_user", UserId=carol)
    another = hand.do("create_user", Name="carol", DisplayName="Carol")["UserId"]
    hand.do("register_to_work_mail", EntityId=another, Email=at("carol"))
    result = run(spec, "--exit-code")

    assert 5 == result.exit_code
    assert "gone: deployed, and not there any more\n    users.carol\n" in result.stdout


@pytest.mark.usefixtures("world")
def test_the_last_rule_that_lets_people_in_is_missed(spec: Path, hand: Hand) -> None:
    hand.do("delete_access_control_rule", Name="default")
    (mobile,) = hand.do("list_mobile_device_access_rules")["Rules"]
    rule = mobile["MobileDeviceAccessRuleId"]
    hand.do("delete_mobile_device_access_rule", MobileDeviceAccessRuleId=rule)
    result = run(spec, "--exit-code")

    assert 5 == result.exit_code
    assert "    policies.access_control\n" in result.stdout
    assert "    policies.mobile_devices\n" in result.stdout


def test_credentials_of_another_account_are_an_error_and_nothing_is_read(
    spec: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec.write_text(SPEC.replace("environment: test", 'environment: test\naccount: "999900001111"'))
    asked: list[str] = []
    monkeypatch.setattr(world, "open_clients", asked.append)
    result = run(spec)

    assert (2, []) == (result.exit_code, asked)
    assert (
        f"{spec}: it is for account 999900001111, and the credentials are of account 111122223333:"
        " sign in to 999900001111, or correct account there" in result.output
    )


def test_a_plan_against_live_refuses_another_account(
    spec: Path, planned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec.write_text(SPEC.replace("environment: test", 'environment: test\naccount: "999900001111"'))

    def read_account(region: str) -> str:
        assert "eu-west-1" == region
        return planned.account

    monkeypatch.setattr(accounts, "read_account", read_account)
    result = plan(spec)

    assert 2 == result.exit_code
    assert "it is for account 999900001111" in result.output


def test_neither_stack_nor_organization_is_not_called_pending(
    spec: Path, world: World, hand: Hand
) -> None:
    world.cloudformation.status = None
    hand.do("delete_organization", DeleteDirectory=True, ForceDelete=True)
    unknown = run(spec)
    spec.write_text(SPEC.replace("environment: test", 'environment: test\naccount: "111122223333"'))
    known = run(spec)

    assert 6 == unknown.exit_code
    assert (
        "the organization: neither stack test-acme nor organization acme is in eu-west-1 of this"
        " account: check which account the credentials are of; if it is the right one, declare"
        " account in the spec" in unknown.stdout
    )
    assert 0 == known.exit_code
    assert "result: pending " in known.stdout


def test_an_organization_to_take_over_that_is_not_there_is_not_pending(
    spec: Path, world: World
) -> None:
    world.cloudformation.status = None
    text = SPEC.replace("alias: acme\n", "alias: acme\n    existing: m-" + "0" * 32 + "\n")
    spec.write_text(text.replace("environment: test", 'environment: test\naccount: "111122223333"'))
    result = run(spec)

    assert 6 == result.exit_code
    assert "check existing and region" in result.stdout


@pytest.mark.parametrize("value", [None, "other-stack"])
def test_a_tag_of_ownership_that_was_changed_is_drift_and_cannot_be_ignored(
    spec: Path, world: World, hand: Hand, value: str | None
) -> None:
    arn = hand.do("describe_organization")["ARN"]
    tags = world.stack.workmail
    tags.untag_resource(ResourceARN=arn, TagKeys=["workmail-org:stack"])
    if value:
        tags.tag_resource(ResourceARN=arn, Tags=[{"Key": "workmail-org:stack", "Value": value}])
    result = run(spec, "--exit-code")
    live = f'"{value}"' if value else "nothing"

    assert 5 == result.exit_code
    assert f'tags["workmail-org:stack"]: deployed "test-acme", live {live}' in result.stdout

    ignore(spec, path="'tags[\"workmail-org:stack\"]'", value=value or "null")
    refused = run(spec)

    assert 2 == refused.exit_code
    assert "it says which stack manages the organization" in refused.output


@pytest.mark.usefixtures("world")
def test_whoever_was_made_and_never_registered_is_unmanaged(spec: Path, hand: Hand) -> None:
    hand.do("create_group", Name="waiting list")
    hand.do("create_user", Name="mallory", DisplayName="Mallory", Password="Str0ng-enough")
    result = run(spec, "--exit-code")

    assert 5 == result.exit_code
    assert {'groups["waiting list"]': "unmanaged", "users.mallory": "unmanaged"} == list_classes(
        read(spec)
    )
    assert "        waiting list:\n          adopt: true\n" in result.stdout


@pytest.mark.usefixtures("world")
def test_two_rules_of_one_name_are_two_rows(spec: Path, hand: Hand) -> None:
    for model in ("a", "b"):
        hand.do(
            "create_mobile_device_access_rule", Name="phones", Effect="DENY", DeviceModels=[model]
        )
    rows = read(spec)["organizations"][0]["rows"]
    found = {row["path"]: row["yaml"] for row in rows if "phones" in row["path"]}

    assert {"policies.mobile_devices.phones", 'policies.mobile_devices["phones (2)"]'} == set(found)
    assert found['policies.mobile_devices["phones (2)"]'] is None


@pytest.mark.usefixtures("world")
def test_what_is_left_unmanaged_on_purpose_is_silent(spec: Path, hand: Hand) -> None:
    make_stranger(hand)
    hand.do("create_group", Name="Waiting List")
    accept(spec, path="'groups[\"waiting list\"]'", until=None)
    accept(spec, path="users.mallory", until="2026-11-26")
    result = run(spec, "--exit-code")

    assert 0 == result.exit_code, result.output
    assert 'ignored: groups["Waiting List"]: left to you: as agreed\n' in result.stdout
    assert "ignored: users.mallory: left to you until 2026-11-26: as agreed\n" in result.stdout


def test_what_is_left_unmanaged_ends_and_is_reported_when_it_is_unused(
    spec: Path, world: World, hand: Hand
) -> None:
    make_stranger(hand)
    accept(spec, path="users.mallory", until="2026-11-25")
    accept(spec, path="users.oscar", until=None)
    result = run(spec, "--exit-code")

    assert world
    assert 5 == result.exit_code
    assert "unmanaged users.mallory ended on 2026-11-25: remove it" in result.stdout
    assert "unmanaged users.oscar is unused: nothing unmanaged is there" in result.stdout


def accept(spec: Path, *, path: str, until: str | None) -> None:
    text = spec.read_text("utf-8")
    if "unmanaged:" not in text:
        text += "    drift:\n      unmanaged:\n"
    end = f", until: {until}" if until else ""
    spec.write_text(f"{text}        - {{path: {path}, reason: as agreed{end}}}\n", "utf-8")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("users.alice", 'user "alice" is declared; remove the entry'),
        ("users.mallory.display_name", "it is a part of users.mallory; name users.mallory"),
        ("users", "it is all of users, and drift reports each difference by itself"),
        ("policies.access_control.open", "it says who may sign in from where"),
        ("permissions", "it says rights on mailboxes"),
    ],
)
def test_what_cannot_stay_unmanaged_is_a_problem_of_the_spec(
    spec: Path, path: str, said: str
) -> None:
    accept(spec, path=path, until=None)
    result = CliRunner().invoke(main, ["validate", str(spec)])

    assert 2 == result.exit_code
    assert f'"{path}" cannot be left unmanaged: {said}' in result.output


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("users", "it is all of users"),
        ("policies", "it is all of policies"),
        ("users.bob", 'user "bob" is declared, and whatever differs of it is reported by itself'),
        ("users.bob.dispaly_name", 'users.bob has no "dispaly_name"; nearest: "display_name"'),
        ("users.bbo.display_name", 'no user "bbo" is declared; nearest: "bob"'),
        ("users.bob.adopt", '"adopt" is not in WorkMail, so it never differs'),
        ("users.bob.aliases[0]", "it is not a path"),
        ("users.bob.display_name.x", "users.bob.display_name is compared as a whole"),
        ("groups.sales.enabled.x", "groups.sales.enabled is compared as a whole"),
        ("groups.sales.member", 'groups.sales has no "member"; nearest: "members"'),
        ("policies.retnetion", 'policies has no "retnetion"; nearest: "retention"'),
        ("policies.inbound_dmarc.enforce", 'has no "enforce"; nearest: "enforced"'),
        ("domains.acme.example.default", 'domains.acme has no "example"'),
        ("users..bob", "it is not a path"),
        ("users.bob.", "it is not a path"),
    ],
)
def test_an_ignore_that_could_never_match_is_a_problem_of_the_spec(
    spec: Path, path: str, said: str
) -> None:
    ignore(spec, path=f"'{path}'")
    result = CliRunner().invoke(main, ["validate", str(spec)])

    assert 2 == result.exit_code
    assert f'"{path}" cannot be ignored: ' in result.output
    assert said in result.output


@pytest.mark.parametrize(
    "path",
    [
        "users.bob.display_name",
        "users.BOB.enabled",
        "groups.sales.enabled",
        "users.mallory",
        'domains["acme.example"].default',
        'domains["acme.awsapps.com"].default',
        'domains["third.example"]',
        "policies.retention",
        "policies.retention.folders.inbox.days",
        "policies.inbound_dmarc.enforced",
        "tags.team",
        "interoperability",
        "directory.size",
    ],
)
def test_a_path_that_drift_prints_can_be_ignored(spec: Path, path: str) -> None:
    ignore(spec, path=f"'{path}'")
    result = CliRunner().invoke(main, ["validate", str(spec)])

    assert 0 == result.exit_code, result.output


@pytest.mark.usefixtures("world")
def test_fields_that_are_not_declared_are_named_and_no_drift(spec: Path, hand: Hand) -> None:
    hand.do("update_user", UserId=hand.find("bob"), Telephone="+353 1 555 0100", City="Dublin")
    result = run(spec, "--exit-code")

    assert 0 == result.exit_code
    assert (
        "  note: live and not declared, so not compared: users.bob.city, users.bob.telephone\n"
        in result.stdout
    )


def test_a_second_reading_asks_again_about_those_who_differ_only(
    spec: Path, world: World, hand: Hand
) -> None:
    """A change that no list shows is read twice; nobody else is."""
    hand.do("create_alias", EntityId=hand.find("carol"), Alias=at("further"))
    world.stack.emulator.clear_calls()
    result = run(spec, "--exit-code")
    described = [
        each.parameters["UserId"]
        for each in world.stack.emulator.calls
        if each.operation == "DescribeUser"
    ]

    assert (5, [5.0]) == (result.exit_code, world.slept)
    assert 'users.carol.aliases: live ["further@acme.example"]' in result.stdout
    assert 3 + 1 == len(described)
    assert {hand.find("carol"): 2} == {each: described.count(each) for each in described[3:]}


def test_a_quota_is_read_of_those_alone_who_declare_it(spec: Path, world: World) -> None:
    text = SPEC.replace("{display_name: Bob}", "{display_name: Bob, quota_megabytes: 1024}")
    spec.write_text(text, encoding="utf-8")
    world.stack.deploy(load_environment(spec).organizations[0])
    world.stack.emulator.clear_calls()

    assert 0 == run(spec, "--exit-code").exit_code
    assert 1 == [each.operation for each in world.stack.emulator.calls].count("GetMailboxDetails")


def test_what_is_taken_back_between_two_readings_is_not_drift_though_no_list_shows_it(
    spec: Path, world: World, hand: Hand
) -> None:
    carol = hand.find("carol")
    hand.do("create_alias", EntityId=carol, Alias=at("further"))
    world.on_sleep = lambda: hand.do("delete_alias", EntityId=carol, Alias=at("further"))
    result = run(spec, "--exit-code")

    assert 0 == result.exit_code
    assert "result: clean " in result.stdout
