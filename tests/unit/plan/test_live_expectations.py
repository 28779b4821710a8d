"""A plan against the live organization tells what its rules do, where the spec declares none."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from scenes import make_emulator, make_organization, make_user
from workmail_org.model.expectations import Access, Attempt, Device, Expectation
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.policies import Effect, MobileDeviceAccessRule, Policies
from workmail_org.plan.actual import Actual
from workmail_org.plan.bases import Base, DeployedState
from workmail_org.plan.declarations import declare
from workmail_org.plan.expectations import ask_live_rules
from workmail_org.plan.planning import Question, plan
from workmail_org.service.workmail import WorkMail

IMAP = Access(action="imap", address="203.0.113.7", user="alice")
NEW = Access(action="imap", address="203.0.113.7", user="newcomer")
PHONE = Device(device_type="iphone")
DECLARED = Policies(mobile_devices=(MobileDeviceAccessRule(name="all", effect=Effect.DENY),))


@pytest.fixture
def workmail() -> WorkMail:
    """Give an organization with alice in it, and the rules that every one begins with."""
    client: Any = make_emulator().client("workmail", region="eu-west-1")
    organization_id: str = client.create_organization(Alias="acme")["OrganizationId"]
    workmail = WorkMail(client, organization_id)
    workmail.call("CreateUser", Name="alice", DisplayName="Alice")
    return workmail


def expect(*attempts: Attempt, policies: Policies | None = None) -> Organization:
    """Make an organization that expects attempts to be denied."""
    return make_organization(
        make_user("alice"),
        make_user("newcomer"),
        policies=policies or Policies(),
        expect=tuple(Expectation(effect=Effect.DENY, attempt=each) for each in attempts),
    )


def test_what_the_live_rules_do_otherwise_is_told(workmail: WorkMail) -> None:
    assert (
        'the spec expects that imap for "alice" from 203.0.113.7 is denied; by the live rules,'
        ' which it does not declare, it is allowed: rule "default"',
    ) == ask_live_rules(workmail, expect(IMAP))


def test_what_the_spec_declares_is_not_asked(workmail: WorkMail) -> None:
    """A deployment replaces those rules."""
    assert () == ask_live_rules(workmail, expect(PHONE, policies=DECLARED))


def test_nobody_is_missed_whom_the_deployment_makes(workmail: WorkMail) -> None:
    assert () == ask_live_rules(workmail, expect(NEW))


def test_a_plan_tells_it() -> None:
    environment = Environment(name="test", organizations=(expect(IMAP),))
    declaration = declare(environment, environment.organizations[0])
    standing = DeployedState(
        declaration=None, actual=Actual(), is_live=True, notes=("they allow it",)
    )
    base = Base(name="what is live", stacks={declaration.stack: standing})

    (told,) = plan(
        environment, base, Question(spec="s.yaml", today=date(2026, 11, 22))
    ).organizations

    assert "they allow it" in told.notes
