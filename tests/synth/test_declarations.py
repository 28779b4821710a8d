"""A deployed template says what the spec says: a plan can be compared with either."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scenes import make_group, make_organization, make_user
from workmail_org.errors import WireError
from workmail_org.model.domain import HostedZone, MailDomain, RecordGroup
from workmail_org.model.organization import Environment, Organization
from workmail_org.plan.declarations import Declaration, declare, decode_template
from workmail_org.spec.building import load_environment

ROOT = Path(__file__).resolve().parents[2]
SPECS = [ROOT / "config" / "full.yaml", ROOT / "tests" / "data" / "specs" / "valid" / "full.yaml"]
ORGANIZATIONS = [
    pytest.param(organization, id=f"{path.parent.name}-{organization.key}")
    for path in SPECS
    for organization in load_environment(path).organizations
]


def read_back(synthesized: Any, organization: Organization) -> Declaration:
    def load(bucket: Any, key: str) -> Any:
        del bucket
        return json.loads((synthesized.folder / f"asset.{key}").read_text(encoding="ascii"))

    return decode_template(
        organization.key,
        f"production-{organization.key}",
        organization.region,
        synthesized.template,
        load,
    )


@pytest.mark.parametrize("organization", ORGANIZATIONS)
def test_a_template_tells_what_was_declared(
    synthesize: Callable[..., Any], organization: Organization
) -> None:
    environment = Environment(name="production", account="111122223333")
    found = read_back(synthesize(organization), organization)

    assert declare(environment, organization) == found


def test_records_that_are_omitted_are_missing_in_the_template(
    synthesize: Callable[..., Any],
) -> None:
    every = tuple(sorted(RecordGroup))
    zones = [HostedZone(hosted_zone_id="Z1", zone_name="a.example", omit=(each,)) for each in every]
    domains = tuple(
        MailDomain(name=f"{zone.omit[0]}.a.example", dns=zone, default=not at)
        for at, zone in enumerate(zones)
    )
    organization = replace(make_organization(make_user("alice")), domains=domains)
    found = read_back(synthesize(organization), organization)

    assert declare(Environment(name="production"), organization).zones == found.zones
    assert {f"{each}.a.example": set(RecordGroup) - {each} for each in every} == {
        domain: zone.records for domain, zone in found.zones.items()
    }


def test_records_that_are_adopted_are_missing_in_the_template(
    synthesize: Callable[..., Any],
) -> None:
    zone = HostedZone(
        hosted_zone_id="Z1", zone_name="a.example", omit=(RecordGroup.SPF,), adopt=True
    )
    domains = (MailDomain(name="a.example", dns=zone, default=True),)
    organization = replace(make_organization(make_user("alice")), domains=domains)
    found = read_back(synthesize(organization), organization)
    declared = declare(Environment(name="production"), organization)

    assert {} == declared.zones == found.zones
    assert set(RecordGroup) - {RecordGroup.SPF} == declared.adopted["a.example"].records
    assert declared == replace(found, adopted=declared.adopted)


def test_a_large_collection_is_read_from_its_object(synthesize: Callable[..., Any]) -> None:
    users = [make_user(f"user-{number}", city="Baile Átha Cliath") for number in range(1200)]
    organization = make_organization(*users, make_group("team", "user-1"))
    found = read_back(synthesize(organization), organization)

    assert declare(Environment(name="production"), organization) == found
    assert (0, 2) == (found.users.shard, found.users.shards)


def test_a_stack_from_before_removals_had_a_resource_is_read(
    synthesize: Callable[..., Any],
) -> None:
    organization = make_organization(make_user("alice"))
    synthesized = synthesize(organization)
    resources = synthesized.template["Resources"]
    earlier = {
        name: each
        for name, each in resources.items()
        if each["Type"] not in ("Custom::WorkMailRemovals", "Custom::WorkMailMailboxPermissions")
    }
    found = decode_template(
        "acme", "production-acme", "eu-west-1", {"Resources": earlier}, lambda _bucket, _key: {}
    )

    assert {"alice"} == {user.name for user in found.users.users}
    assert ((), ()) == (found.removals.enabled, found.removals.disabled)


def test_a_stack_of_somebody_else_is_refused() -> None:
    template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}
    with pytest.raises(WireError, match="stack other has no Custom::WorkMail"):
        decode_template("acme", "other", "eu-west-1", template, lambda _bucket, _key: {})
