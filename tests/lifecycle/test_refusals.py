"""What AWS says no with reaches whoever deploys together with a way out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloudformation import DeploymentFailedError, Stack
from scenes import ACME, at, list_operations, make_group, make_organization, make_user
from workmail_emulator.faults import Fault
from workmail_org.model.bookable import Bookable, BookableType
from workmail_org.model.domain import MailDomain
from workmail_org.model.organization import Organization
from workmail_org.model.policies import (
    AuthenticationMode,
    IdentityCenter,
    PersonalAccessTokens,
    Policies,
)
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


CENTER = replace(
    SMALL,
    policies=Policies(
        identity_center=IdentityCenter(
            instance_arn="arn:aws:sso:::instance/ssoins-0123456789abcdef",
            authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY,
            personal_access_tokens=PersonalAccessTokens(lifetime_days=30),
        )
    ),
)


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "OrganizationStateException"])
def test_an_application_that_is_not_seen_at_once_is_named_again(stack: Stack, code: str) -> None:
    """Nothing lists applications: only the answer to its creation has the ARN of one."""
    stack.deploy(SMALL)
    stack.emulator.faults.add(
        Fault(operation="PutIdentityProviderConfiguration", code=code, status=400, times=2)
    )
    stack.deploy(CENTER)
    operations = list_operations(stack)

    assert 1 == operations.count("CreateIdentityCenterApplication")
    assert 3 == operations.count("PutIdentityProviderConfiguration")


def test_a_refused_application_says_what_to_do(stack: Stack) -> None:
    stack.deploy(SMALL)
    code, operation = "ResourceNotFoundException", "PutIdentityProviderConfiguration"
    stack.emulator.faults.add(
        Fault(operation=operation, code=code, message="Not so.", status=400, times=0)
    )
    with pytest.raises(DeploymentFailedError) as refused:
        stack.deploy(CENTER)

    said = f"{operation} failed with {code}: Not so; {REFUSALS['workmail'][code].advice}"
    assert f"identity center: {said}" == str(refused.value)


def test_a_domain_that_no_address_names_is_not_told_without_its_name(stack: Stack) -> None:
    den = Bookable(name="den", type=BookableType.ROOM, email=at("den"))
    stack.deploy(replace(SMALL, resources=(den,)))
    code = "MailDomainStateException"
    stack.emulator.faults.add(
        Fault(operation="UpdateResource", code=code, message="Not so.", status=400, times=0)
    )
    with pytest.raises(DeploymentFailedError) as refused:
        stack.deploy(replace(SMALL, resources=(replace(den, description="12 seats"),)))

    said = f"UpdateResource failed with {code}: Not so; {REFUSALS['workmail'][code].advice}"
    assert f"resource den: {said}" in str(refused.value)
