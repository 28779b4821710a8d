"""Synthesis for tests: organizations in, CloudFormation templates out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
from aws_cdk import App, Stack

from workmail_org.infra import OrganizationStack
from workmail_org.kinds import KINDS
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.user import User
from workmail_org.spec.building import load_environment
from workmail_org.wire.encoding import decode_properties

ROOT = Path(__file__).resolve().parents[2]

TODAY = date(2026, 11, 22)


@dataclass(frozen=True)
class Synthesized:
    """One synthesized stack.

    Attributes:
        folder: The cloud assembly.
    """

    stack: OrganizationStack
    template: dict[str, Any]
    folder: Path

    @property
    def resources(self) -> dict[str, Any]:
        """Resources by logical id."""
        return self.template["Resources"]

    @property
    def outputs(self) -> dict[str, Any]:
        """Outputs by logical id."""
        return self.template["Outputs"]

    def find(self, resource_type: str) -> dict[str, Any]:
        """Resources of a type, by logical id."""
        return {k: v for k, v in self.resources.items() if v["Type"] == resource_type}

    def get(self, logical_id: str) -> dict[str, Any]:
        """Properties of a resource."""
        return self.resources[logical_id]["Properties"]

    def receive(self, logical_id: str) -> Any:
        """Properties of a custom resource as its handler decodes them."""
        properties = KINDS[self.resources[logical_id]["Type"]].properties
        return decode_properties(properties, resolve_intrinsics(self.get(logical_id)))

    def find_id(self, resource_type: str, **properties: Any) -> str:
        """Logical id of the only resource of a type with these properties."""
        (found,) = (
            logical_id
            for logical_id, resource in self.find(resource_type).items()
            if properties.items() <= resource["Properties"].items()
        )
        return found


def resolve_intrinsics(value: Any) -> Any:
    """Put a text where CloudFormation puts one: for every map that is an intrinsic function."""
    if isinstance(value, list):
        return [resolve_intrinsics(entry) for entry in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    entries = cast("dict[str, Any]", value)
    (first, *others) = entries or [""]
    if not others and (first == "Ref" or first.startswith("Fn::")):
        return "resolved"
    return {key: resolve_intrinsics(entry) for key, entry in entries.items()}


Synthesize = Callable[..., Synthesized]


@pytest.fixture(scope="session")
def context() -> dict[str, Any]:
    """The feature flags of cdk.json."""
    return json.loads((ROOT / "cdk.json").read_text())["context"]


@pytest.fixture(scope="session")
def synthesize(context: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Synthesize:
    """Make the stack of one organization, as `app.py` does."""

    def synthesize(organization: Organization, **environment: Any) -> Synthesized:
        fields: dict[str, Any] = {"name": "production", "account": "111122223333", **environment}
        declared = Environment(**fields, organizations=(organization,))
        folder = tmp_path_factory.mktemp("assembly")
        app = App(context=context, outdir=str(folder))
        stack = OrganizationStack(app, environment=declared, organization=organization, today=TODAY)
        app.synth()
        text = (folder / f"{stack.artifact_id}.template.json").read_text(encoding="utf-8")
        return Synthesized(stack, json.loads(text), folder)

    return synthesize


@pytest.fixture(scope="session")
def today() -> date:
    """The day of every synthesis."""
    return TODAY


@pytest.fixture(scope="session")
def make_every_stack() -> Callable[[App], list[Stack]]:
    """Make the stacks of the specs in config/, and one with everything on."""
    return _make_every_stack


def _make_everything() -> Organization:
    """Make an organization with everything on: a key, assets, what the stack makes and deletes."""
    full = load_environment(ROOT / "config" / "full.yaml").organizations[0]
    directory = Directory(
        type=DirectoryType.MANAGED_AD,
        name="corp.wonderland.example",
        short_name="CORP",
        edition="standard",
        vpc_id="vpc-0123456789abcdef0",
        subnet_ids=("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
    )
    people = tuple(
        User(name=f"user{n}", display_name=f"User {n}", email=f"user{n}@wonderland.example")
        for n in range(2001)
    )
    delete = Removal.DELETE
    return replace(
        full,
        directory=directory,
        users=(*full.users, *people),
        on_removal=OnRemoval(
            users=delete, resources=delete, groups=delete, organization=delete, directory=delete
        ),
    )


def _make_every_stack(app: App) -> list[Stack]:
    """Make the stacks of the specs in config/, and the one with everything."""
    specs = [ROOT / "config" / f"{name}.yaml" for name in ("example", "full")]
    stacks = [each for spec in specs for each in OrganizationStack.all_from_spec(app, spec)]
    everything = _make_everything()
    environment = Environment(
        name="everything", account="111122223333", organizations=(everything,)
    )
    whole = OrganizationStack(app, environment=environment, organization=everything)
    return [*stacks, whole]
