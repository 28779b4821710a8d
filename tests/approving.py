"""Plans of a stack that the tests play, for approving them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from cloudformation import Stack
from workmail_org.model.organization import Environment, Organization
from workmail_org.plan.bases import Base, DeployedState, make_base
from workmail_org.plan.declarations import declare
from workmail_org.plan.deployed import read_actual
from workmail_org.plan.model import Plan
from workmail_org.plan.planning import Question, plan
from workmail_org.service.workmail import WorkMail

QUESTION = Question(spec="test.yaml", today=date(2026, 11, 22))


def plan_offline(previous: Organization | None, desired: Organization) -> Plan:
    """Plan from declarations alone, as in a pull request."""
    before = _declare(previous) if previous else None
    return plan(_declare(desired), make_base("main", before), QUESTION)


def plan_live(
    stack: Stack, previous: Organization, desired: Organization, *, repairs: bool = False
) -> Plan:
    """Plan from what is there."""
    environment = _declare(desired)
    before, after = declare(environment, previous), declare(environment, desired)
    workmail = WorkMail(stack.workmail, stack.organization_id)
    actual = read_actual(workmail, stack.ledger, before, after)
    assert actual
    standing = DeployedState(declaration=before, actual=actual, is_live=True)
    question = replace(QUESTION, repairs=repairs)
    return plan(environment, Base(name="live", stacks={stack.name: standing}), question)


def _declare(organization: Organization) -> Environment:
    return Environment(name="test", organizations=(organization,))
