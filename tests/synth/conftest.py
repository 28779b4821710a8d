"""Synthesis for tests: organizations in, CloudFormation templates out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
from aws_cdk import App

from workmail_org import wire
from workmail_org.infra import OrganizationStack
from workmail_org.model.organization import Environment, Organization

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
        properties = wire.PROPERTIES[self.resources[logical_id]["Type"]]
        return wire.decode(properties, resolve_intrinsics(self.get(logical_id)))

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
