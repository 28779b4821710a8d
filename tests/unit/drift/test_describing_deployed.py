"""What a stack told its handlers, read back as an organization, is what its spec declared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from workmail_org.differences.keyed import find_differences
from workmail_org.drift.describing_deployed import describe_deployed
from workmail_org.drift.normalizing import normalize
from workmail_org.model.organization import Environment, Organization
from workmail_org.plan.declarations import declare
from workmail_org.spec.building import load_environment

ROOT = Path(__file__).resolve().parents[3]
SPECS = [
    *(ROOT / "config" / name for name in ("full.yaml", "example.yaml", "staging.yaml")),
    ROOT / "tests" / "data" / "specs" / "valid" / "full.yaml",
]
DECLARED = [
    pytest.param(environment, organization, id=f"{spec.parent.name}-{spec.stem}-{organization.key}")
    for spec in SPECS
    for environment in [load_environment(spec)]
    for organization in environment.organizations
]


@pytest.mark.parametrize(("environment", "declared"), DECLARED)
def test_what_is_deployed_is_what_was_declared(
    environment: Environment, declared: Organization
) -> None:
    described = describe_deployed(declare(environment, declared), declared)
    spec = normalize(declared, declared, frozenset()).declared
    deployed = normalize(described, declared, frozenset()).declared

    assert [] == list(find_differences(spec, deployed, deployed))
    assert [] == list(find_differences(deployed, spec, spec))


@pytest.mark.parametrize(("environment", "declared"), DECLARED)
def test_what_was_deployed_does_not_follow_the_spec(
    environment: Environment, declared: Organization
) -> None:
    """Nothing that travels is taken from the spec: an emptied spec differs in all of it."""
    deployed = declare(environment, declared)
    emptied = Organization(key=declared.key, region=declared.region, alias=declared.alias)
    described = describe_deployed(deployed, emptied)
    same = describe_deployed(deployed, declared)
    kept = ("directory", "domains")  # partly said by the spec alone
    taken = (
        "passwords",
        "on_removal",
        "safety",
        "adopt",
        "exclusive",
        "expect",
        "alarms",
        "exports",
    )
    own = {name: getattr(same, name) for name in (*kept, *taken, "drift")}

    assert same == replace(described, **own)
