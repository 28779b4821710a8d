"""What AWS says no with reaches whoever deploys together with a way out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloudformation import DeploymentFailedError, Stack
from scenes import ACME, at, make_group, make_organization, make_user
from workmail_emulator.faults import Fault
from workmail_org.model.domain import MailDomain
from workmail_org.model.organization import Organization
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.service.refusals import REFUSALS

ALICE = make_user("alice")
SMALL = make_organization(ALICE)
MORE = MailDomain(name="more.example", verified=True)

CASES: tuple[tuple[str, str, Organization], ...] = (
    (
        "CreateAlias",
        "LimitExceededException",
        make_organization(replace(ALICE, aliases=(at("al"),))),
    ),
    ("CreateUser", "ReservedNameException", make_organization(ALICE, make_user("bob"))),
    ("CreateGroup", "ReservedNameException", make_organization(ALICE, make_group("sales"))),
    ("CreateUser", "InvalidParameterException", make_organization(ALICE, make_user("bob"))),
    (
        "UpdateUser",
        "InvalidParameterException",
        make_organization(replace(ALICE, job_title="Writer")),
    ),
    ("RegisterMailDomain", "InvalidParameterException", replace(SMALL, domains=(ACME, MORE))),
    ("CreateUser", "InvalidPasswordException", make_organization(ALICE, make_user("bob"))),
    ("TagResource", "TooManyTagsException", replace(SMALL, tags={"team": "post"})),
)
"""Operation, code, and what is declared after `SMALL` so that the operation is called."""


@pytest.mark.parametrize(
    ("operation", "code", "desired"), CASES, ids=[f"{case[0]}.{case[1]}" for case in CASES]
)
def test_a_refusal_says_what_to_do(
    stack: Stack, operation: str, code: str, desired: Organization
) -> None:
    stack.deploy(SMALL)
    stack.emulator.faults.add(Fault(operation=operation, code=code, message="Not so.", status=400))
    with pytest.raises(DeploymentFailedError) as refused:
        stack.deploy(desired)

    said = f"{operation} failed with {code}: Not so; {REFUSALS['workmail'][code].advice}"
    assert said in str(refused.value)


def test_what_cannot_be_deleted_says_what_to_do(stack: Stack) -> None:
    """CloudFormation goes on without it: the reason stands in the events alone."""
    stack.deploy(replace(SMALL, domains=(ACME, MORE)))
    code = "InvalidCustomSesConfigurationException"
    stack.emulator.faults.add(
        Fault(operation="DeregisterMailDomain", code=code, message="No.", status=400, times=0)
    )
    stack.deploy(replace(SMALL, on_removal=OnRemoval(domains=Removal.DEREGISTER)))

    assert any(REFUSALS["workmail"][code].advice in reason for reason in stack.reasons)
