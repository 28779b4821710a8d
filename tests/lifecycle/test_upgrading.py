"""A stack of the first stage is updated by this version: nothing in WorkMail is written.

tests/data/upgrading has what `workmail-org rehearse config/full.yaml --keep` of 0.1 left in a local
AWS: the custom resources of the template and the ledger table of the organization `acme`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloudformation import Deployed, Resource, Stack
from scenes import make_emulator
from workmail_org.model.organization import Organization
from workmail_org.model.values import Kind, Reference
from workmail_org.service.ledger import Entry, Origin
from workmail_org.spec.building import load_environment
from workmail_org.wire.names import LEDGER_TABLE

DATA = Path(__file__).resolve().parents[1] / "data" / "upgrading"
FIRST: Any = json.loads((DATA / "first-stage.json").read_text("utf-8"))
ENTITIES = frozenset({"user", "group", "resource"})


@pytest.fixture(scope="module")
def organization() -> Organization:
    (only,) = load_environment(DATA / "first-stage.yaml").organizations
    return only


@pytest.fixture
def stack(organization: Organization) -> Stack:
    """A stack whose organization is as declared, with the template and the ledger of 0.1."""
    made = Stack(make_emulator(), name="full-acme")
    made.secrets.values["workmail/partner-ews"] = "a password"
    made.deploy(organization)
    _go_back_to_first_stage(made)
    return made


def test_the_ledger_of_the_first_stage_knows_less(stack: Stack) -> None:
    """Else the tests below would prove nothing."""
    entries = list(stack.ledger.entries.values())

    assert 9 == len(entries)
    assert [(None, None, None)] * 9 == [(e.settled, e.made, e.before) for e in entries]
    assert LEDGER_TABLE not in stack.deployed["Organization"].resource.properties


def test_an_upgrade_writes_nothing(stack: Stack, organization: Organization) -> None:
    before = _show(stack)
    stack.emulator.clear_calls()
    stack.deploy(organization)

    assert ([], []) == ([call.operation for call in stack.emulator.writes], stack.reasons)
    assert before == _show(stack)


def test_the_first_change_after_an_upgrade_is_that_change_alone(
    stack: Stack, organization: Organization
) -> None:
    stack.deploy(organization)
    stack.emulator.clear_calls()
    users = tuple(
        replace(user, job_title="Head of Support") if user.name == "bob" else user
        for user in organization.users
    )
    stack.deploy(replace(organization, users=users))

    assert [("UpdateUser", "Head of Support")] == [
        (call.operation, call.parameters["JobTitle"]) for call in stack.emulator.writes
    ]


def _go_back_to_first_stage(stack: Stack) -> None:
    """Put what 0.1 had deployed in the place of what this version deployed."""
    first = {_name(each["Type"], each["Properties"]): each for each in FIRST["resources"].values()}
    for logical_id, deployed in stack.deployed.items():
        resource = deployed.resource
        old = first[_name(str(resource.type), resource.properties)]["Properties"]
        properties = {
            name: resource.properties[name] if _is_call(value) else value
            for name, value in old.items()
        }
        stack.deployed[logical_id] = Deployed(
            Resource(logical_id, resource.type, properties),
            deployed.physical_id,
            deployed.attributes,
        )
    ids = {reference: entry.id for reference, entry in stack.ledger.entries.items()}
    listed = [each for each in FIRST["ledger"] if each["Kind"] in ENTITIES]
    references = [Reference(Kind(each["Kind"]), each["Name"]) for each in listed]
    stack.ledger.entries = {
        reference: Entry(reference=reference, origin=Origin(each["Origin"]), id=ids[reference])
        for reference, each in zip(references, listed, strict=True)
    }
    stack.ledger.judgements = {
        each["Name"]: each["Judgement"] for each in FIRST["ledger"] if each["Kind"] == "judged"
    }


def _name(kind: str, properties: dict[str, Any]) -> tuple[str, str]:
    return kind, properties.get("Domain", "") if "TestDomain" not in properties else ""


def _is_call(value: object) -> bool:
    """Return whether CloudFormation filled a value in: an id, a table, a secret."""
    return isinstance(value, dict) and bool({"Ref", "Fn::GetAtt"} & value.keys())


def _show(stack: Stack) -> Any:
    return {**stack.emulator.state(), "time": None}
