"""Drift of a real deployment to the local AWS: clean, then each change by hand, then a fault."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from aws_cdk import App
from click.testing import CliRunner, Result

from theatres import CDK
from workmail_org.cli import main
from workmail_org.drift import looking
from workmail_org.infra import OrganizationStack
from workmail_org.rehearsal.interrupts import Interrupts
from workmail_org.rehearsal.local import LocalAws, start_local_aws
from workmail_org.rehearsal.processes import Processes

REGION = "eu-west-1"
TRIES = 6
"""How often a call is made before it has failed (`service.clients.CONFIG`)."""
SPEC: dict[str, Any] = {
    "version": 1,
    "environment": "production",
    "organizations": {
        "acme": {
            "region": REGION,
            "alias": "acme",
            "tags": {"team": "platform"},
            "domains": {
                "acme.example": {"default": True, "dns": "manual", "verified": True},
                "old.example": {"dns": "manual"},
            },
            "users": {
                "alice": {"display_name": "Zoë Liddell", "aliases": ["al@acme.example"]},
                "bob": {"display_name": "Bob", "quota_megabytes": 1024},
                "carol": {"display_name": "Carol"},
                "dan": {"display_name": "Dan", "enabled": False},
            },
            "groups": {"sales": {"members": ["alice", "bob", "dan"]}},
            "resources": {"boardroom": {"type": "room", "delegates": ["bob"]}},
            "permissions": [{"mailbox": "alice", "grantee": "group:sales", "rights": ["send_as"]}],
            "policies": {
                "access_control": {"default": {"effect": "allow", "description": "all"}},
                "email_monitoring": {"log_group": "managed", "retention_days": 30},
                "inbound_dmarc": {"enforced": False},
                "impersonation_roles": {
                    "backup": {"type": "read_only", "rules": {"all": {"effect": "allow"}}}
                },
                "retention": {
                    "name": "standard",
                    "folders": {"deleted_items": {"action": "delete", "days": 30}},
                },
            },
        }
    },
}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    processes = Processes(Interrupts())
    folder = tmp_path_factory.mktemp("spec")
    try:
        local = start_local_aws(
            processes,
            tmp_path_factory.mktemp("local"),
            account="111122223333",
            region=REGION,
            verified=["acme.example"],
        )
        with local.entered():
            cdk = CDK(processes, local)
            cdk.bootstrap([REGION])
            spec = folder / "production.yaml"
            spec.write_text(json.dumps(SPEC), encoding="utf-8")
            cdk.synthesize(spec, folder / "cdk.out")
            cdk.deploy(folder / "cdk.out", {"production-acme": REGION})
            yield local
    finally:
        processes.stop()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator shows every change at once."""
    monkeypatch.setattr(looking, "_PAUSE_SECONDS", 0.0)


def run(folder: Path, spec: dict[str, Any], *arguments: str) -> Result:
    path = folder / "production.yaml"
    path.write_text(json.dumps(spec), encoding="utf-8")
    return CliRunner().invoke(main, ["drift", str(path), "--exit-code", *arguments])


def test_a_deployment_is_clean_then_not_shown_then_changed_by_hand(
    local: LocalAws, tmp_path: Path
) -> None:
    clean = run(tmp_path, SPEC)
    assert 0 == clean.exit_code, clean.output
    assert "result: clean " in clean.stdout

    fault = {"operation": "GetDefaultRetentionPolicy", "status": 503, "times": TRIES}
    local.control("faults", {**fault, "code": "ServiceUnavailable"})
    refused = run(tmp_path, SPEC)
    assert 6 == refused.exit_code, refused.output
    assert "result: incomplete organizations=1 unreadable=1 gone=0" in refused.stdout

    workmail: Any = local.make_client("workmail", REGION)
    (summary,) = workmail.list_organizations()["OrganizationSummaries"]
    scope = {"OrganizationId": summary["OrganizationId"]}
    users = {each["Name"]: each["Id"] for each in workmail.list_users(**scope)["Users"]}
    workmail.update_user(**scope, UserId=users["bob"], DisplayName="Robert")
    workmail.delete_alias(**scope, EntityId=users["alice"], Alias="al@acme.example")
    workmail.deregister_from_work_mail(**scope, EntityId=users["carol"])
    workmail.deregister_mail_domain(**scope, DomainName="old.example")
    workmail.put_inbound_dmarc_settings(**scope, Enforced=True)
    workmail.delete_email_monitoring_configuration(**scope)
    made = workmail.create_user(
        **scope, Name="mallory", DisplayName="Mallory", Password="Str0ng-enough"
    )
    workmail.register_to_work_mail(**scope, EntityId=made["UserId"], Email="mallory@acme.example")
    drifted = run(tmp_path, SPEC, "--format", "json")
    (organization,) = json.loads(drifted.stdout)["organizations"]

    assert 5 == drifted.exit_code
    assert {
        "users.bob.display_name": "drift",
        "users.alice.aliases": "drift",
        "users.carol.enabled": "drift",
        "policies.inbound_dmarc.enforced": "drift",
        "policies.email_monitoring": "gone",
        'domains["old.example"]': "gone",
        "users.mallory": "unmanaged",
    } == {row["path"]: row["class"] for row in organization["rows"]}

    # An ignored one is silent until its day.
    known = {"path": "users.mallory", "reason": "leaves in spring"}
    renamed = {
        "path": "users.bob.display_name",
        "value": "Robert",
        "until": str(looking.Surroundings().tell_day() + timedelta(days=30)),
        "reason": "marries",
    }
    watching = {**SPEC["organizations"]["acme"]}
    watching["drift"] = {"ignore": [renamed], "unmanaged": [known]}
    silent = run(tmp_path, {**SPEC, "organizations": {"acme": watching}})
    assert 5 == silent.exit_code
    assert "ignored: users.bob.display_name: until " in silent.stdout
    assert "ignored: users.mallory: left to you: leaves in spring" in silent.stdout
    renamed["until"] = str(looking.Surroundings().tell_day() - timedelta(days=1))
    awake = run(tmp_path, {**SPEC, "organizations": {"acme": watching}})
    assert "users.bob.display_name: deployed" in awake.stdout

    # A repair sets right what the spec says; strangers stay, domains are a person's to register.
    spec = tmp_path / "production.yaml"
    planned = CliRunner().invoke(main, ["plan", str(spec), "--against", "live", "--repair"])
    planned_repair = re.search(r"-c repair=(\S+)", planned.stdout)
    assert planned_repair, planned.output
    workmail.register_mail_domain(**scope, DomainName="old.example")
    repair(local, spec, tmp_path / "cdk.out", planned_repair[1])
    renamed["value"] = "Bob"
    repaired = run(tmp_path, {**SPEC, "organizations": {"acme": {**watching, "drift": None}}})
    assert "users.mallory" in repaired.stdout
    assert "result: drift organizations=1 unreadable=0 gone=0 conflict=0 drift=0 unmanaged=1 " in (
        repaired.stdout
    )
    watching["drift"] = {"unmanaged": [known]}
    clean = run(tmp_path, {**SPEC, "organizations": {"acme": watching}})
    assert 0 == clean.exit_code, clean.output
    assert "result: clean " in clean.stdout


def repair(local: LocalAws, spec: Path, assembly: Path, text: str) -> None:
    """Deploy with `-c repair=TEXT`, as a person would."""
    processes = Processes(Interrupts())
    settings = json.loads((Path(__file__).resolve().parents[2] / "cdk.json").read_text("utf-8"))
    app = App(context={**settings["context"], "repair": text}, outdir=str(assembly))
    with patch.dict(os.environ, {"CDK_DEFAULT_ACCOUNT": local.account}):
        OrganizationStack.all_from_spec(app, spec)
    app.synth()
    try:
        CDK(processes, local).deploy(assembly, {"production-acme": REGION})
    finally:
        processes.stop()
