"""Expectations that live rules decide: those about sections that the spec leaves as they are.

All others are judged by the rules of the spec, which a deployment makes the live ones.
"""

from __future__ import annotations

from dataclasses import replace

from workmail_org import effects
from workmail_org.model.organization import Organization
from workmail_org.service.effects import check_expectations
from workmail_org.service.workmail import WorkMail


def ask_live_rules(workmail: WorkMail, organization: Organization) -> tuple[str, ...]:
    """Ask WorkMail about attempts that its own rules decide; what it does otherwise, in words.

    Whoever a deployment has yet to make is not asked about.

    Args:
        workmail: The organization as it is; nothing is written.
        organization: As the spec declares it.

    Raises:
        ServiceError: A call failed.
    """
    policies = organization.policies
    left = [
        each for each in organization.expect if effects.judge(policies, each.attempt).by_default
    ]
    unmet = check_expectations(workmail, replace(organization, expect=tuple(left)))
    return tuple(
        f"the spec expects that {each.expected}; by the live rules, which it does not declare, "
        f"{each.actual}"
        for each in unmet
        if each.effect
    )
