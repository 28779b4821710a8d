"""Expectations after a deployment: WorkMail itself is asked, by ids, and only read."""

from __future__ import annotations

from typing import Any

import pytest

from scenes import make_emulator, make_organization, make_user
from workmail_emulator import Emulator, Fault
from workmail_org.errors import DeniedError
from workmail_org.model.expectations import (
    Access,
    Attempt,
    Device,
    Expectation,
    Impersonation,
)
from workmail_org.model.organization import Organization
from workmail_org.model.policies import Effect
from workmail_org.service.effects import UnmetExpectation, check_expectations
from workmail_org.service.workmail import WorkMail

OFFICE = "203.0.113.7"


@pytest.fixture
def emulator() -> Emulator:
    return make_emulator()


@pytest.fixture
def workmail(emulator: Emulator) -> WorkMail:
    """Give an organization where alice may not use IMAP, and backup not impersonate her."""
    client: Any = emulator.client("workmail", region="eu-west-1")
    organization_id: str = client.create_organization(Alias="acme")["OrganizationId"]
    workmail = WorkMail(client, organization_id)
    for name in ("Alice", "bob"):
        user_id = workmail.call("CreateUser", Name=name, DisplayName=name)["UserId"]
        workmail.call("RegisterToWorkMail", EntityId=user_id, Email=f"{name}@acme.awsapps.com")
    alice = next(u["Id"] for u in workmail.list("ListUsers", "Users") if u["Name"] == "Alice")
    workmail.call(
        "CreateImpersonationRole",
        Name="backup",
        Type="READ_ONLY",
        Rules=[
            {"ImpersonationRuleId": "all", "Effect": "ALLOW"},
            {"ImpersonationRuleId": "but", "Effect": "DENY", "TargetUsers": [alice]},
        ],
    )
    workmail.call(
        "PutAccessControlRule",
        Name="no-imap",
        Effect="DENY",
        Description="d",
        Actions=["IMAP"],
        UserIds=[alice],
    )
    return workmail


def declare(*pairs: tuple[Effect, Attempt], **fields: Any) -> Organization:
    """Make an organization that expects something."""
    expect = tuple(Expectation(effect=effect, attempt=attempt) for effect, attempt in pairs)
    users = (make_user("alice"), make_user("bob"))
    return make_organization(expect=expect, **{"users": users, **fields})


IMAP = Access(action="imap", address=OFFICE, user="alice")
BOBS_IMAP = Access(action="imap", address=OFFICE, user="bob")
EWS = Access(action="ews", address=OFFICE, role="backup")
PHONE = Device(device_type="iphone", operating_system="iOS 17")
ALICE = Impersonation(role="backup", user="alice")
BOB = Impersonation(role="backup", user="bob")


def test_what_happens_as_expected_is_no_surprise(workmail: WorkMail) -> None:
    organization = declare(
        (Effect.DENY, IMAP),
        (Effect.ALLOW, BOBS_IMAP),
        (Effect.ALLOW, EWS),
        (Effect.ALLOW, PHONE),
        (Effect.DENY, ALICE),
        (Effect.ALLOW, BOB),
    )

    assert () == check_expectations(workmail, organization)


def test_a_surprise_names_what_happens_and_which_rule_decides(workmail: WorkMail) -> None:
    organization = declare(
        (Effect.ALLOW, IMAP),
        (Effect.ALLOW, BOBS_IMAP),
        (Effect.DENY, EWS),
        (Effect.DENY, PHONE),
        (Effect.ALLOW, ALICE),
    )

    found = check_expectations(workmail, organization)

    assert [
        (0, 'imap for "alice" from 203.0.113.7 is allowed', 'it is denied: rule "no-imap"'),
        (2, 'ews for role "backup" from 203.0.113.7 is denied', 'it is allowed: rule "default"'),
        (
            3,
            'mobile with device_type "iphone", operating_system "iOS 17" is denied',
            'it is allowed: rule "ALLOW-all"',
        ),
        (4, 'impersonate "alice" by role "backup" is allowed', 'it is denied: rule "but"'),
    ] == [(each.position, each.expected, each.actual) for each in found]


def test_what_no_rule_decides_is_told_so(workmail: WorkMail) -> None:
    workmail.call("DeleteAccessControlRule", Name="default")

    (surprise,) = check_expectations(workmail, declare((Effect.ALLOW, BOBS_IMAP)))

    assert (Effect.DENY, "no rule matches") == (surprise.effect, surprise.reason)


def test_nobody_who_is_missing_is_asked_about(workmail: WorkMail) -> None:
    expectation = Expectation(
        effect=Effect.DENY, attempt=Access(action="imap", address=OFFICE, user="eve")
    )
    role = Impersonation(role="archive", user="alice")
    organization = declare((Effect.DENY, expectation.attempt), (Effect.DENY, role))

    first, second = check_expectations(workmail, organization)

    assert (
        UnmetExpectation(
            position=0, expectation=expectation, effect=None, reason='there is no user "eve"'
        )
        == first
    )
    assert 'there is no impersonation role "archive"' == second.actual


def test_a_role_is_not_asked_about_a_user_who_is_switched_off(workmail: WorkMail) -> None:
    """Rules that name such a user are deployed with the user."""
    users = (make_user("alice", enabled=False), make_user("bob"))
    organization = declare((Effect.ALLOW, ALICE), (Effect.DENY, IMAP), users=users)

    assert () == check_expectations(workmail, organization)


def test_without_expectations_nothing_is_asked(workmail: WorkMail, emulator: Emulator) -> None:
    before = len(emulator.calls)

    assert () == check_expectations(workmail, declare())
    assert before == len(emulator.calls)


def test_a_missing_permission_is_an_error_and_no_answer(
    workmail: WorkMail, emulator: Emulator
) -> None:
    emulator.faults.add(
        Fault(operation="GetAccessControlEffect", code="AccessDeniedException", status=400)
    )

    with pytest.raises(DeniedError):
        check_expectations(workmail, declare((Effect.DENY, IMAP)))
