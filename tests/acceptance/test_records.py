"""`workmail-org records`, against the emulator over HTTP."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from workmail_org.cli import main
from workmail_org.service.clients import open_session

SPEC = """\
version: 1
environment: test
organizations:
  acme:
    region: eu-west-1
    alias: acme
    domains:
      acme.example: {dns: manual}
      zone.example: {default: true, dns: {hosted_zone_id: Z0123, zone_name: zone.example}}
"""


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of an emulator in another process, to which the environment points too."""
    command = [sys.executable, "-m", "workmail_emulator", "--port", "0", "--instant"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        settings = {
            "AWS_ENDPOINT_URL_WORKMAIL": found[0],
            "AWS_ACCESS_KEY_ID": "emulated",
            "AWS_SECRET_ACCESS_KEY": "emulated",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        yield open_session().create_client("workmail", region_name="eu-west-1")
        process.terminate()


def deploy(workmail: Any) -> None:
    organization = workmail.create_organization(Alias="acme")["OrganizationId"]
    workmail.describe_organization(OrganizationId=organization)
    for domain in ("acme.example", "zone.example"):
        workmail.register_mail_domain(OrganizationId=organization, DomainName=domain)


def test_the_records_of_manual_domains_are_written_as_zone_files(
    emulator: Any, tmp_path: Path
) -> None:
    deploy(emulator)
    (tmp_path / "spec.yaml").write_text(SPEC)
    output = tmp_path / "zones"

    result = CliRunner().invoke(
        main, ["records", str(tmp_path / "spec.yaml"), "--output", str(output)]
    )

    assert 0 == result.exit_code, result.output
    assert f"{output / 'acme.example.zone'}\n" == result.output
    assert ["acme.example.zone"] == [path.name for path in output.iterdir()]
    lines = (output / "acme.example.zone").read_text().splitlines()
    assert "; acme.example of acme" == lines[0]
    assert 8 == len(lines[1:])
    assert "acme.example. 3600 IN MX 10 inbound-smtp.eu-west-1.amazonaws.com." in lines
    assert (
        "autodiscover.acme.example. 3600 IN CNAME autodiscover.mail.eu-west-1.awsapps.com." in lines
    )
    assert 'acme.example. 3600 IN TXT "v=spf1 include:amazonses.com ~all"' in lines


def test_records_of_what_is_not_deployed_are_refused(emulator: Any, tmp_path: Path) -> None:
    del emulator
    (tmp_path / "spec.yaml").write_text(SPEC)

    result = CliRunner().invoke(main, ["records", str(tmp_path / "spec.yaml")])

    assert 4 == result.exit_code
    assert "organization acme (alias acme) is not deployed in eu-west-1\n" == result.stderr


def test_records_are_json_too(emulator: Any, tmp_path: Path) -> None:
    deploy(emulator)
    (tmp_path / "spec.yaml").write_text(SPEC)
    spec = str(tmp_path / "spec.yaml")
    result = CliRunner().invoke(main, ["records", spec, "--format", "json"])
    records = json.loads(result.stdout)["records"]

    assert 8 == len(records)
    assert {("acme", "acme.example")} == {(r["organization"], r["domain"]) for r in records}
    assert {"_amazonses.acme.example."} <= {r["name"] for r in records if r["type"] == "TXT"}
    assert 2 == CliRunner().invoke(
        main, ["records", spec, "--format", "json", "--output", "zones"]
    ).exit_code  # fmt: skip
