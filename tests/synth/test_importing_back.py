"""What a stack manages is imported as the spec that it has: the template tells what is not live."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from cloudformation import MemoryLedger, Stack
from scenes import make_emulator
from workmail_org.differences.keyed import find_differences
from workmail_org.importing import managing
from workmail_org.importing.connecting import connect
from workmail_org.importing.fitting import DEFAULT_QUOTA_MEGABYTES as USUAL
from workmail_org.importing.importing import Imported, Wish, import_organizations
from workmail_org.model.domain import MailDomain
from workmail_org.model.exports import Exports
from workmail_org.model.organization import Organization, Passwords
from workmail_org.model.removal import OnRemoval, Removal, Safety
from workmail_org.plan import deployed
from workmail_org.spec.building import load_environment
from workmail_org.wire.properties import ResourceType

FULL = Path(__file__).resolve().parents[2] / "config" / "full.yaml"
ACME = replace(
    next(each for each in load_environment(FULL).organizations if each.key == "acme"),
    passwords=Passwords.NONE,
    on_removal=OnRemoval(users=Removal.DELETE, domains=Removal.RETAIN),
    safety=Safety(max_removals_percent=5, min_managed=3),
)


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
        ids = {ResourceType.ORGANIZATION: self._organization_id, "AWS::DynamoDB::Table": "ledger"}
        summaries = [
            {"ResourceType": kind, "PhysicalResourceId": each} for kind, each in ids.items()
        ]
        return [{"StackResourceSummaries": summaries}]


_ZONE = {"Id": "/hostedzone/Z9876543210ABCDEFGHIJ", "Name": "wonderland.example."}


class Route53:
    """The zone of the spec; nobody looks at its records, which the stack keeps."""

    def __init__(self) -> None:
        self._method = ""

    def get_paginator(self, method: str) -> Route53:
        self._method = method
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"HostedZones": [_ZONE], "ResourceRecordSets": []}]

    def get_hosted_zone(self, **_: Any) -> dict[str, Any]:
        return {"HostedZone": _ZONE}


def find_nothing(_name: str, _kind: str) -> frozenset[str]:
    """Look up a name in a DNS that has none."""
    return frozenset()


@pytest.fixture
def imported(synthesize: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Imported:
    """What is imported after a deployment of everything that a spec can say."""
    emulator = make_emulator(
        verified=["wonderland.example", "wonderland-legacy.example"],
        dns=find_nothing,
    )
    stack = Stack(emulator, name="production-acme")
    stack.secrets.put_secret_value(SecretId="workmail/partner-ews", SecretString="hidden")
    stack.deploy(ACME)

    def open_ledger(*_: object) -> MemoryLedger:
        return stack.ledger

    monkeypatch.setattr(deployed, "DynamoDbLedger", open_ledger)
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
    assert [] == list(find_differences(settle(ACME), settle(organization)))
    assert sort(ACME.domains) == sort(organization.domains)
    assert set(ACME.policies.availability) == set(organization.policies.availability)
    assert ACME.policies.email_monitoring == organization.policies.email_monitoring
    assert (Passwords.NONE, False) == (organization.passwords, organization.adopt)
    assert (ACME.on_removal, ACME.safety) == (organization.on_removal, organization.safety)
    assert ACME.alarms is not None
    assert ACME.alarms == organization.alarms
    assert ACME.exports is not None
    assert ACME.exports == organization.exports
    assert "exports:" in imported.text
    assert (ACME.kms_key_arn, None) == (organization.kms_key_arn, organization.existing)
    assert "hidden" not in imported.text.replace("hidden_from_global_address_list", "")


def test_what_no_stack_tells_is_left_to_a_person(imported: Imported) -> None:
    (fitted,) = imported.drafted.fitted

    assert ["expectations, ignored drift, and comments of the former spec"] == [
        each.subject for each in fitted.remainders
    ]


@pytest.mark.parametrize(
    "exports",
    [
        Exports(),
        Exports(
            bucket="mail-archive",
            key="arn:aws:kms:eu-west-1:111122223333:key/1",
            prefix="workmail/acme/",
        ),
        Exports(bucket="mail-archive"),
    ],
    ids=["managed", "given", "a bucket alone"],
)
def test_exports_are_read_back_from_what_their_function_is_told(
    exports: Exports, synthesize: Callable[..., Any]
) -> None:
    organization = Organization(key="a", region="eu-west-1", alias="a", exports=exports)

    assert exports == managing.read_exports(synthesize(organization).template)


def settle(organization: Organization) -> Organization:
    """Leave out what no stack tells, and the usual quota, which an import does not write."""
    return replace(
        organization,
        expect=(),
        users=tuple(
            replace(each, quota_megabytes=None) if each.quota_megabytes == USUAL else each
            for each in organization.users
        ),
    )


def sort(domains: Iterable[MailDomain]) -> list[MailDomain]:
    return sorted(domains, key=lambda each: each.name)
