"""Records that a deployed stack adopted, in a zone whose mail moves elsewhere later."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from cloudformation import Stack
from drifting import World
from workmail_org.cli import main
from workmail_org.drift import looking
from workmail_org.model.domain import DnsRecord, quote_value
from workmail_org.plan import deployed
from workmail_org.spec.building import load_environment

ZONE = "Z0123456789ABC"
SPEC = f"""
version: 1
environment: test
organizations:
  acme:
    region: eu-west-1
    alias: acme
    domains:
      acme.example:
        default: true
        dns: {{hosted_zone_id: {ZONE}, zone_name: acme.example, adopt: true}}
    users:
      alice: {{display_name: Alice}}
      bob: {{display_name: Bob}}
"""
INBOUND = "10 inbound-smtp.eu-west-1.amazonaws.com."


class Route53:
    """One hosted zone."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}

    def get_hosted_zone(self, *, Id: str) -> dict[str, Any]:  # noqa: N803 - the API's
        assert Id == ZONE
        if not self.records:
            raise ClientError(
                {"Error": {"Code": "NoSuchHostedZone", "Message": "No hosted zone found"}},
                "GetHostedZone",
            )
        return {"HostedZone": {"Name": "acme.example."}}

    def get_paginator(self, method: str) -> Route53:
        assert "list_resource_record_sets" == method
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        sets = [
            {"Name": name, "Type": kind, "ResourceRecords": [{"Value": each} for each in values]}
            for (name, kind), values in self.records.items()
        ]
        return [{"ResourceRecordSets": sets}]


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC, encoding="utf-8")
    return path


@pytest.fixture
def route53(stack: Stack, spec: Path, monkeypatch: pytest.MonkeyPatch) -> Route53:
    """The zone of a deployed organization, with every record as WorkMail wants it."""
    stack.deploy(load_environment(spec).organizations[0])
    found = stack.workmail.get_mail_domain(
        OrganizationId=stack.organization_id, DomainName="acme.example"
    )
    route53 = Route53()
    for each in found["Records"]:
        record = DnsRecord(type=each["Type"], name=each["Hostname"], value=each["Value"])
        route53.records[record.name, record.type] = [quote_value(record)]
    world = World(stack)

    class Surroundings(looking.Surroundings):
        def __init__(self) -> None:
            super().__init__(
                open_clients=world.open_clients,
                sleep=world.sleep,
                read_account=lambda _: world.account,
                tell_day=lambda: world.today,
            )

    reading = partial(
        deployed.read_live, open_clients=world.open_clients, open_route53=lambda: route53
    )
    monkeypatch.setattr(looking, "Surroundings", Surroundings)
    monkeypatch.setattr(deployed, "read_live", reading)
    return route53


def plan(spec: Path) -> Result:
    return CliRunner().invoke(main, ["plan", str(spec), "--against", "live"])


def tell(result: Result) -> str:
    return " ".join(result.stdout.split())


def test_a_domain_that_has_moved_is_noted_and_the_rest_is_planned(
    spec: Path, route53: Route53
) -> None:
    route53.records["acme.example.", "MX"] = ["1 smtp.google.com."]
    spec.write_text(SPEC.replace("      bob: {display_name: Bob}\n", ""), encoding="utf-8")
    result = plan(spec)

    assert 0 == result.exit_code, result.output
    assert (
        f"records of acme.example in hosted zone {ZONE}, which adopt: true leaves to others, are "
        f"not as WorkMail wants them any more: MX acme.example. (1 smtp.google.com.), wanted: "
        f"{INBOUND}; a deployment changes nothing there. That is right if the domain has moved "
        "elsewhere, and stops its mail if it has not"
    ) in tell(result)
    assert "bob" in result.stdout
    assert "is new" not in result.stdout


def test_a_zone_that_has_moved_elsewhere_is_noted_too(spec: Path, route53: Route53) -> None:
    route53.records.clear()
    result = plan(spec)

    assert 0 == result.exit_code, result.output
    assert f"hosted zone {ZONE} of acme.example is not in this account" in tell(result)


def test_what_is_as_wanted_is_not_mentioned(spec: Path, route53: Route53) -> None:
    assert route53
    result = plan(spec)

    assert (0, True) == (result.exit_code, "nothing to do" in result.stdout), result.output
    assert ZONE not in result.stdout


def test_what_the_stack_has_not_had_until_now_is_refused(spec: Path, route53: Route53) -> None:
    """A domain that comes: nobody has looked at its records yet."""
    route53.records["acme.example.", "MX"] = ["1 smtp.google.com."]
    dns = f"{{hosted_zone_id: {ZONE}, zone_name: acme.example, adopt: true}}"
    comes = f"    domains:\n      sub.acme.example: {{dns: {dns}}}\n"
    spec.write_text(SPEC.replace("    domains:\n", comes), encoding="utf-8")
    result = plan(spec)

    assert 3 == result.exit_code, result.output
    assert "adopt: true of sub.acme.example declares that its records are" in tell(result)
    assert "stack test-acme is new" not in tell(result)
