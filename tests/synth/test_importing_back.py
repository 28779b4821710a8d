"""What a stack manages is imported as the spec that it has: the template tells what is not live."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from cloudformation import Stack
from scenes import make_emulator
from workmail_org.importing.connecting import connect
from workmail_org.importing.importing import Imported, Wish, import_organizations
from workmail_org.model.organization import Organization
from workmail_org.spec.building import load_environment
from workmail_org.wire.properties import ResourceType

FULL = Path(__file__).resolve().parents[2] / "config" / "full.yaml"
(ACME,) = (each for each in load_environment(FULL).organizations if each.key == "acme")


class CloudFormation:
    """One stack with the template that the CDK made of it."""

    def __init__(self, template: dict[str, Any], organization_id: str) -> None:
        self._template = template
        self._organization_id = organization_id

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - the API's
        arn = f"arn:aws:cloudformation:eu-west-1:111122223333:stack/{StackName}/1"
        return {"Stacks": [{"StackStatus": "CREATE_COMPLETE", "StackId": arn}]}

    def get_template(self, **_: Any) -> dict[str, Any]:
        return {"TemplateBody": self._template}

    def get_paginator(self, _method: str) -> CloudFormation:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        summary = {
            "ResourceType": ResourceType.ORGANIZATION,
            "PhysicalResourceId": self._organization_id,
        }
        return [{"StackResourceSummaries": [summary]}]


class Route53:
    """The zone of the spec; nobody looks at its records, which the stack keeps."""

    def __init__(self) -> None:
        self._method = ""

    def get_paginator(self, method: str) -> Route53:
        self._method = method
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        zone = {"Id": "/hostedzone/Z9876543210ABCDEFGHIJ", "Name": "wonderland.example."}
        return [{"HostedZones": [zone], "ResourceRecordSets": []}]


@pytest.fixture
def imported(synthesize: Callable[..., Any]) -> Imported:
    """What is imported after a deployment of everything that a spec can say."""
    stack = Stack(make_emulator(), name="production-acme")
    stack.secrets.put_secret_value(SecretId="workmail/partner-ews", SecretString="hidden")
    stack.deploy(ACME)
    template = synthesize(ACME).template
    clients = replace(
        stack.make_run().clients,
        cloudformation=cast("Any", CloudFormation(template, stack.organization_id)),
    )
    wish = Wish(regions=("eu-west-1",), aliases=(ACME.alias,), key="acme")
    with connect(lambda _region: clients, Route53) as connections:
        return import_organizations(wish, connections)


def test_what_a_stack_manages_comes_back_as_its_spec(imported: Imported) -> None:
    (organization,) = imported.drafted.environment.organizations

    assert () == imported.proof.differences, imported.text
    assert {"acme": ()} == imported.proof.tags
    assert settle(ACME) == settle(organization)


def settle(organization: Organization) -> Organization:
    """Leave out what no stack tells, and what says nothing: order and usual quotas."""
    policies = organization.policies
    return replace(
        organization,
        expect=(),
        alarms=None,
        users=sort(
            replace(each, quota_megabytes=None)
            if each.quota_megabytes == 51_200 or not each.enabled
            else each
            for each in organization.users
        ),
        groups=sort(organization.groups),
        resources=sort(organization.resources),
        permissions=tuple(sorted(organization.permissions, key=str)),
        domains=sort(organization.domains),
        policies=replace(
            policies,
            access_control=sort(policies.access_control),
            mobile_devices=sort(policies.mobile_devices),
            impersonation_roles=sort(
                replace(role, rules=tuple(sorted(role.rules, key=lambda rule: rule.key)))
                for role in policies.impersonation_roles
            ),
            availability=tuple(sorted(policies.availability, key=lambda each: each.domain)),
        ),
    )


def sort(entries: Any) -> Any:
    return tuple(sorted(entries, key=lambda each: each.name.casefold()))
