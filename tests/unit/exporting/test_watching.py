"""A pass is started once, watched to its end, and told in words."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from exporting import Office, open_office, refuse
from workmail_org.cli import main
from workmail_org.errors import PermanentError
from workmail_org.exporting import entry
from workmail_org.exporting.model import Checked, Exported, Pass, Stage
from workmail_org.exporting.running import advance, begin
from workmail_org.leaving.looking import explain_no_exports, list_receiving
from workmail_org.model.domain import HostedZone, MailDomain
from workmail_org.model.organization import Organization
from workmail_org.model.values import EntityId, Kind
from workmail_org.operating import exporting
from workmail_org.operating.export_words import (
    describe_duration,
    describe_progress,
    render_pass,
    render_pass_json,
)
from workmail_org.operating.exporting import (
    ExportPass,
    PassView,
    look,
    start,
    watch,
)
from workmail_org.service.templates import DeployedStack

NOW = 1_790_000_000.0


@dataclass
class States:
    """Step Functions: executions by name, each with its state; what was started."""

    executions: dict[str, str] = field(default_factory=dict[str, str])
    cause: str = ""
    started: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def start_execution(self, **parameters: Any) -> Any:
        self.executions[parameters["name"]] = "RUNNING"
        self.started.append(json.loads(parameters["input"]))
        return {"executionArn": parameters["name"]}

    def list_executions(self, **parameters: Any) -> Any:
        """Show one running execution a page."""
        names = [name for name, state in self.executions.items() if state == "RUNNING"]
        at = int(parameters.get("nextToken", 0))
        page = [{"name": name, "executionArn": name} for name in names[at : at + 1]]
        more = {"nextToken": str(at + 1)} if at + 1 < len(names) else {}
        return {"executions": page, **more}

    def describe_execution(self, **parameters: Any) -> Any:
        name = parameters["executionArn"]
        if name not in self.executions:
            raise refuse("ExecutionDoesNotExist", "DescribeExecution")
        return {"status": self.executions[name], "cause": self.cause, "error": "PermanentError"}


def open_pass(office: Office, states: States, name: Pass = Pass.FIRST) -> ExportPass:
    return ExportPass(
        organization="acme",
        name=name,
        machine_arn="arn:machine",
        states=states,
        journal=office.journal,
        workmail=office.workmail,
    )


def test_a_pass_that_runs_is_gone_on_with_and_another_pass_is_another_matter() -> None:
    states = States()
    office = open_office(users=1)
    first = start(open_pass(office, states))

    assert first == start(open_pass(office, states))
    final = start(open_pass(office, states, Pass.FINAL))
    assert first.startswith("first-")
    assert final.startswith("final-")
    assert [("first", True, []), ("final", True, [])] == [
        (each["pass"], each["begin"], each["names"]) for each in states.started
    ]


def test_names_and_a_retry_are_given_to_an_execution_of_their_own() -> None:
    states = States()
    export_pass = open_pass(open_office(users=1), states)
    start(export_pass)
    start(export_pass, ["u0"])
    start(export_pass, retry=True)

    assert [([], False), (["u0"], False), ([], True)] == [
        (each["names"], each["retry"]) for each in states.started
    ]


def test_a_pass_of_some_is_not_taken_for_one_of_everybody() -> None:
    states = States()
    export_pass = open_pass(open_office(users=2), states)
    some = start(export_pass, ["u0"])
    everybody = start(export_pass)

    assert some != everybody == start(export_pass)
    assert [["u0"], []] == [each["names"] for each in states.started]


def test_what_follows_a_pass_of_some_is_one_of_some(monkeypatch: pytest.MonkeyPatch) -> None:
    """After many rounds the machine starts itself again, under a name that its input gives."""
    states, office = States(), open_office(users=2)
    export_pass = open_pass(office, states)
    monkeypatch.setattr(entry, "_make_runner", lambda: office.runner)
    start(export_pass, ["u0"])
    after = entry.run_round(states.started[0], None)  # type: ignore[arg-type]
    states.executions = {f"{after['series']}-next": "RUNNING"}
    everybody = start(export_pass)

    assert (["u0"], "first-part") == (after["names"], after["series"])
    assert "first-part-next" != everybody
    assert "first" == entry.run_round(states.started[1], None)["series"]  # type: ignore[arg-type]
    assert ["u0", "u1"] == sorted(office.read())


def test_an_execution_that_an_older_release_started_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = open_office(users=1)
    monkeypatch.setattr(entry, "_make_runner", lambda: office.runner)
    old: Any = {"pass": "final", "begin": False, "round": 3, "changed": True}
    after = entry.run_round(old, None)  # type: ignore[arg-type]

    assert ("final", [], 4) == (after["series"], after["names"], after["round"])


def test_watching_follows_from_one_execution_to_the_next_until_everybody_is_over() -> None:
    states, office = States(), open_office(users=2)
    export_pass = open_pass(office, states)
    execution = start(export_pass)
    begin(office.runner, Pass.FIRST)
    seen: list[int] = []

    def sleep(_: float) -> None:
        if len(seen) == 2:  # many rounds later
            states.executions = {execution: "SUCCEEDED", "first-next": "RUNNING"}
        found = advance(office.runner, Pass.FIRST)
        if found.done:
            states.executions["first-next"] = "SUCCEEDED"
        office.emulator.clock.advance(found.pause)

    watched = watch(
        export_pass,
        execution,
        lambda entries: seen.append(sum(entry.is_over for entry in entries)),
        sleep=sleep,
    )

    assert watched.all_verified
    assert (0, 2) == (seen[0], seen[-1])


def test_an_execution_that_somebody_stopped_ends_the_watching() -> None:
    states, office = States(), open_office(users=1)
    export_pass = open_pass(office, states)
    execution = start(export_pass)
    begin(office.runner, Pass.FIRST)
    states.executions[execution] = "ABORTED"

    watched = watch(export_pass, execution, lambda _: None, sleep=lambda _: None)

    assert [Stage.WAITING] == [entry.stage for entry in watched.entries]
    assert not watched.has_ended


def test_an_organization_without_a_mailbox_has_nothing_to_export() -> None:
    states, office = States(), open_office(users=0)
    export_pass = open_pass(office, states)
    execution = start(export_pass)
    begin(office.runner, Pass.FIRST)
    states.executions[execution] = "SUCCEEDED" if advance(office.runner, Pass.FIRST).done else ""
    watched = watch(export_pass, execution, lambda _: None, sleep=lambda _: None)

    assert watched.all_verified
    assert [
        "acme: first pass: no user and no resource has a mailbox, so there is nothing to export"
    ] == list(render_pass("acme", Pass.FIRST, watched))


@pytest.mark.parametrize("newcomer", [True, False])
def test_a_look_at_a_pass_that_was_just_started_knows_of_newcomers(newcomer: bool) -> None:
    states, office = States(), open_office(users=1)
    export_pass = open_pass(office, states)
    begin(office.runner, Pass.FIRST)
    while not advance(office.runner, Pass.FIRST).done:
        office.emulator.clock.advance(600)
    if newcomer:
        office.add_user("late")
    execution = start(export_pass)

    def sleep(_: float) -> None:
        begin(office.runner, Pass.FIRST)
        if advance(office.runner, Pass.FIRST).done:
            states.executions[execution] = "SUCCEEDED"

    watched = look(export_pass, execution, sleep=sleep)

    assert newcomer != watched.all_verified
    assert 1 + newcomer == len(watched.entries)


def test_a_look_does_not_wait_for_ever() -> None:
    states, office = States(), open_office(users=0)
    export_pass = open_pass(office, states)
    watched = look(export_pass, start(export_pass), sleep=lambda _: None)

    assert (False, False) == (watched.has_ended, watched.all_verified)


class Route53:
    """A zone by its id; others are denied."""

    def __init__(self, **zones: str) -> None:
        self.zones = zones

    def get_hosted_zone(self, *, Id: str) -> Any:  # noqa: N803 - the API's
        if Id not in self.zones:
            raise refuse("AccessDenied", "GetHostedZone")
        return {"HostedZone": {"Name": "acme.example."}}

    def get_paginator(self, _method: str) -> Route53:
        return self

    def paginate(self, *, HostedZoneId: str) -> Any:  # noqa: N803 - the API's
        values = [{"Value": self.zones[HostedZoneId]}]
        return [
            {
                "ResourceRecordSets": [
                    {"Name": "acme.example.", "Type": "MX", "ResourceRecords": values}
                ]
            }
        ]


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        ({"Z1": "10 inbound-smtp.eu-west-1.amazonaws.com."}, ("acme.example",)),
        ({"Z1": "10 INBOUND-SMTP.eu-west-1.amazonaws.com"}, ("acme.example",)),
        ({"Z1": "1 smtp.google.com."}, ()),
        ({}, ()),
    ],
)
def test_a_domain_whose_mail_still_comes_is_found_where_one_may_look(
    zones: dict[str, str], expected: tuple[str, ...]
) -> None:
    zone = HostedZone(hosted_zone_id="Z1", zone_name="acme.example")
    organization = Organization(
        key="acme",
        region="eu-west-1",
        alias="acme",
        domains=(MailDomain(name="acme.example", dns=zone), MailDomain(name="other.example")),
    )

    assert expected == list_receiving(organization, Route53(**zones))


def test_doing_it_again_is_given_to_an_execution_of_its_own() -> None:
    states = States()
    export_pass = open_pass(open_office(users=1), states, Pass.FINAL)
    start(export_pass)
    start(export_pass, again=True)
    start(export_pass, verify=True)

    assert [(False, False), (True, False), (False, True)] == [
        (each["again"], each["verify"]) for each in states.started
    ]


def test_an_execution_that_is_not_shown_yet_runs() -> None:
    states = States()
    looks: list[object] = []

    def sleep(_: float) -> None:
        states.executions["first-x"] = "ABORTED"

    watch(open_pass(open_office(users=1), states), "first-x", looks.append, sleep=sleep)

    assert len(looks) > 1


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ('{"errorType": "DeniedError", "errorMessage": "access denied: x"}', "access denied: x"),
        ("no JSON", "no JSON"),
        ("[1]", "[1]"),
        ("", "PermanentError"),
    ],
)
def test_an_execution_that_failed_says_why(cause: str, words: str) -> None:
    states = States(executions={"first-x": "FAILED"}, cause=cause)

    with pytest.raises(PermanentError, match="the exports of acme have stopped") as failed:
        watch(open_pass(open_office(users=1), states), "first-x", lambda _: None)
    assert words in str(failed.value)


def make(name: str, stage: Stage, **fields: object) -> Exported:
    entry = Exported(export_pass=Pass.FIRST, id=EntityId(name), name=name, stage=stage)
    return replace(entry, **fields)  # pyright: ignore[reportArgumentType]


ENTRIES = [
    make("alice", Stage.VERIFIED, left_out=3, checked=Checked.HASH, verified_at=NOW),
    make("bob", Stage.VERIFIED, left_out=7, reason="too large to read within 15 minutes"),
    make("carol", Stage.FAILED, reason="WorkMail says: damaged"),
    make("room", Stage.WAITING, kind=Kind.RESOURCE, not_before=NOW + 60, reason="today"),
]


def test_a_pass_is_told_in_lines() -> None:
    assert list(render_pass("acme", Pass.FIRST, PassView(ENTRIES, has_ended=False))) == [
        "acme: first pass, 4 mailboxes: 1 waiting, 2 verified, 1 failed; no job has ended yet, so "
        "there is no estimate",
        "  bob is verified; too large to read within 15 minutes",
        "  carol failed: WorkMail says: damaged",
        "  resource:room waits until 2026-09-21T14:14:20+00:00: today",
        "  not in the exports: 10 items (contacts, tasks, notes): bob 7, alice 3",
    ]
    many = [make(f"u{n}", Stage.VERIFIED, left_out=1) for n in range(50)]
    (_, left) = render_pass("acme", Pass.FIRST, PassView(many, has_ended=True))
    assert "u0 1, " in left
    assert left.endswith(", u49 1")
    assert list(render_pass("acme", Pass.FINAL, PassView([], has_ended=False))) == [
        "acme: final pass: no mailbox is in it yet"
    ]


def test_a_pass_is_told_to_programs_without_what_is_the_runners_own() -> None:
    document = json.loads(render_pass_json("acme", Pass.FIRST, PassView(ENTRIES, has_ended=False)))
    alice = document["mailboxes"][0]

    assert (False, 2, "first") == (
        document["over"],
        document["counts"]["verified"],
        document["pass"],
    )
    assert ("alice", "verified", "hash", 3, "2026-09-21T14:13:20+00:00") == tuple(
        alice[key] for key in ("reference", "stage", "checked", "left_out", "verified_at")
    )
    assert {"revision", "checks"} & set(alice) == set()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (10, "1 minute"),
        (600, "10 minutes"),
        (7199, "120 minutes"),
        (7200, "2 hours"),
        (86400 * 2, "2 days"),
        (86400 * 7.4, "7 days"),
    ],
)
def test_a_duration_is_as_exact_as_an_estimate(seconds: float, words: str) -> None:
    assert words == describe_duration(seconds)


def test_progress_has_an_estimate_once_a_job_has_ended() -> None:
    done = make("a", Stage.VERIFIED, started_at=NOW - 600, ended_at=NOW - 60)

    assert "1 waiting, 1 verified; about 10 minutes left" == describe_progress(
        [done, make("b", Stage.WAITING)], now=NOW
    )
    assert "1 verified" == describe_progress([done], now=NOW)


SPEC = """
version: 1
environment: production
organizations:
  acme: {region: eu-west-1, alias: acme, exports: {}, users: {u0: {display_name: U}}}
"""


def test_names_that_are_nobodys_are_refused_with_the_nearest_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = open_office(users=1)
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC, encoding="utf-8")
    clients = SimpleNamespace(cloudformation=None, workmail=office.client, dynamodb=None)
    found = {"ExportMachine": "arn:machine", "Organization": office.organization}

    def open_clients(_region: str) -> Any:
        return clients

    def list_resources(_client: Any, _stack: str) -> dict[str, str]:
        return found

    monkeypatch.setattr(exporting, "make_clients", open_clients)
    monkeypatch.setattr(exporting, "list_resources", list_resources)
    words = ["leave", "export", str(path), "--only", "u00", "--only", "nobody", "--only", "u0"]
    result = CliRunner().invoke(main, words)

    how = (
        "a user is NAME, a room or a piece of equipment is resource:NAME; groups and remote users "
        "have no mailbox"
    )
    assert (2, "") == (result.exit_code, result.stdout)
    assert [
        f'--only: no mailbox has the name "nobody": {how}',
        f'--only: no mailbox has the name "u00": {how}; did you mean "u0"?',
    ] == result.stderr.splitlines()


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("", "stack prod-acme is not deployed in eu-west-1 of the account of these credentials"),
        (
            "UPDATE_COMPLETE",
            "stack prod-acme was deployed without exports: deploy the spec, then export",
        ),
        (
            "DELETE_FAILED",
            "stack prod-acme is DELETE_FAILED: when it was destroyed, what exports mailboxes went "
            'first; the section "Destroying a stack" of docs/operating.md says how to go on',
        ),
    ],
)
def test_why_a_stack_exports_nobody(status: str, reason: str) -> None:
    deployed = DeployedStack(arn="arn", status=status, template={}, physical_ids={})

    assert reason == explain_no_exports("prod-acme", "eu-west-1", deployed if status else None)
