"""`workmail-org rehearse --live`: a take-over on a laptop, from what people made by hand."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from workmail_emulator import Emulator
from workmail_org.cli import main
from workmail_org.spec.building import load_environment

LIVE: dict[str, Any] = {
    "version": 1,
    "environment": "production",
    "organizations": {
        "acme": {
            "region": "eu-west-1",
            "alias": "acme",
            "existing": "m-" + "0" * 32,
            "adopt": True,
            "tags": {"team": "platform"},
            "domains": {"acme.example": {"default": True, "verified": True}},
            "users": {
                "alice": {"display_name": "Zoë Liddell", "telephone": "+353 1", "aliases": ["al"]},
                "bob": {"display_name": "Bob", "quota_megabytes": 1024},
                "carol": {"display_name": "Carol", "enabled": False},
            },
            "groups": {"sales": {"members": ["alice", "bob"]}},
            "resources": {
                "boardroom": {
                    "type": "room",
                    "description": "12 seats",
                    "delegates": ["bob"],
                    "booking": {"auto_accept": False},
                }
            },
            "permissions": [{"mailbox": "alice", "grantee": "group:sales", "rights": ["send_as"]}],
            "policies": {
                "access_control": {
                    "default": {"effect": "allow", "description": "all"},
                    "no-imap": {"effect": "deny", "description": "x", "actions": ["imap"]},
                },
                "availability": {
                    "partner.example": {
                        "ews": {
                            "endpoint": "https://ews.partner.example/EWS/Exchange.asmx",
                            "username": "svc",
                            "password_secret": "ews",
                        }
                    }
                },
                "impersonation_roles": {
                    "backup": {"type": "read_only", "rules": {"all": {"effect": "allow"}}}
                },
                "inbound_dmarc": {"enforced": False},
                "retention": {
                    "name": "standard",
                    "folders": {"deleted_items": {"action": "delete", "days": 30}},
                },
            },
        }
    },
}
for each in LIVE["organizations"]["acme"]["users"].values():
    each["aliases"] = [f"{alias}@acme.example" for alias in each.get("aliases", ())]

STOP = re.compile(r"^Stop it with: (.*)$", re.MULTILINE)
EXPORT = re.compile(r"^ *export (\w+)=(.*)$", re.MULTILINE)


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "workmail_org", *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def read_exports(kept: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return {name: shlex.split(value)[0] for name, value in EXPORT.findall(kept.stderr)}


@pytest.fixture(scope="module")
def kept(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[subprocess.CompletedProcess[str]]:
    """A take-over that was rehearsed; its local AWS runs on until these tests have ended."""
    folder = tmp_path_factory.mktemp("live")
    (folder / "live.yaml").write_text(yaml.safe_dump(LIVE), "utf-8")
    finished = run(
        *("rehearse", folder / "live.yaml", "--live", folder / "live.yaml"),
        *("--keep", "--format", "json"),
    )
    try:
        yield finished
    finally:
        if stop := STOP.search(finished.stderr):
            subprocess.run(stop[1], shell=True, check=False)  # noqa: S602 - what a person would paste


def test_a_take_over_writes_tags_and_nothing_else(
    kept: subprocess.CompletedProcess[str],
) -> None:
    assert 0 == kept.returncode, kept.stderr
    document = json.loads(kept.stdout)
    writes = {
        operation: count
        for operation, count in document["calls"].items()
        if not operation.startswith(("Describe", "Get", "List"))
    }

    # The password of another domain's availability cannot be read, so it is written.
    assert {"TagResource": 1, "UpdateAvailabilityConfiguration": 1} == writes
    assert [] == document["differences"]
    assert ["start", "furnish", "prepare", "deploy", "read"] == list(document["seconds"])
    found = document["organizations"]["acme"]["users"]
    assert "Zoë Liddell" == found["alice"]["display_name"]
    assert not found["carol"]["enabled"]


def test_a_kept_rehearsal_can_be_imported_and_has_not_drifted(
    kept: subprocess.CompletedProcess[str], tmp_path: Path
) -> None:
    environment = read_exports(kept)
    spec = tmp_path / "again.yaml"
    imported = run(
        *("import", "--region", "eu-west-1", "--alias", "acme", "--output", spec), **environment
    )
    assert 0 == imported.returncode, imported.stderr + imported.stdout
    assert "proved: planned against live, a deployment of it changes nothing" in imported.stdout
    (said,) = load_environment(spec).organizations
    assert ["alice", "bob", "carol"] == [user.name for user in said.users]

    clean = run("drift", spec, "--exit-code", **environment)
    assert 0 == clean.returncode, clean.stderr + clean.stdout
    assert "result: clean " in clean.stdout

    spec.write_text(re.sub(r"account: '\d+'", "account: '999900001111'", spec.read_text("utf-8")))
    refused = run("drift", spec, **environment)
    assert 2 == refused.returncode
    assert "it is for account 999900001111" in refused.stderr


def test_a_dump_of_the_emulator_stands_there_before_a_take_over(tmp_path: Path) -> None:
    """And what nobody declares stays as it is."""
    with Emulator(instant=True, account="111122223333", verified=["acme.example"]) as emulator:
        workmail: Any = emulator.client("workmail", region="eu-west-1")
        made = workmail.create_organization(Alias="acme")["OrganizationId"]
        scope = {"OrganizationId": made}
        workmail.describe_organization(**scope)
        workmail.register_mail_domain(**scope, DomainName="acme.example")
        workmail.update_default_mail_domain(**scope, DomainName="acme.example")
        for name in ("alice", "mallory"):
            password = "Secret-123-secret"
            user = workmail.create_user(**scope, Name=name, DisplayName=name, Password=password)
            workmail.register_to_work_mail(
                **scope, EntityId=user["UserId"], Email=f"{name}@acme.example"
            )
        dump = emulator.dump()
    (tmp_path / "dump.json").write_text(json.dumps(dump), "utf-8")
    spec = {
        "version": 1,
        "environment": "production",
        "organizations": {
            "acme": {
                "region": "eu-west-1",
                "alias": "acme",
                "existing": made,
                "adopt": True,
                "domains": {"acme.example": {"default": True, "verified": True}},
                "users": {"alice": {"display_name": "Alice Liddell"}},
            }
        },
    }
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec), "utf-8")
    finished = run(
        *("rehearse", tmp_path / "spec.yaml", "--live", tmp_path / "dump.json"),
        *("--format", "json"),
    )

    assert 0 == finished.returncode, finished.stderr
    document = json.loads(finished.stdout)
    assert made == document["organizations"]["acme"]["id"]
    assert {"alice", "mallory"} == set(document["organizations"]["acme"]["users"])
    calls = document["calls"]
    assert (1, 1) == (calls["UpdateUser"], calls["TagResource"])
    assert not {"CreateUser", "CreateOrganization", "RegisterToWorkMail"} & calls.keys()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\n", '"environment" is missing'),
        ('{"version": 1, "accounts": {"a": {}, "b"', "expected"),
    ],
)
def test_a_file_that_is_neither_spec_nor_dump_is_refused_before_anything_starts(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "live.yaml").write_text(text, "utf-8")
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(LIVE), "utf-8")
    result = CliRunner().invoke(
        main, ["rehearse", str(tmp_path / "spec.yaml"), "--live", str(tmp_path / "live.yaml")]
    )

    assert 2 == result.exit_code
    assert said in result.output
    assert "starting" not in result.output


def test_a_dump_with_two_accounts_is_refused(tmp_path: Path) -> None:
    held: Any = {"regions": {"eu-west-1": {"organizations": {"m-1": {}}}}}
    accounts: Any = {"111122223333": held, "999900001111": held}
    (tmp_path / "dump.json").write_text(json.dumps({"version": 1, "accounts": accounts}), "utf-8")
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(LIVE), "utf-8")
    result = CliRunner().invoke(
        main, ["rehearse", str(tmp_path / "spec.yaml"), "--live", str(tmp_path / "dump.json")]
    )

    assert 2 == result.exit_code
    assert "organizations of several accounts are in the dump" in result.output
