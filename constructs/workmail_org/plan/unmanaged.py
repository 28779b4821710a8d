"""Unmanaged: access and mobile rules that a spec no longer declares stay, and go on deciding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workmail_org import effects
from workmail_org.model.organization import Organization
from workmail_org.model.policies import Effect
from workmail_org.plan.declarations import Declaration
from workmail_org.wire.properties import ResourceType

_WORDS = {Effect.ALLOW: "allowed", Effect.DENY: "denied"}


def judge_by_left_rules(deployed: Declaration, organization: Organization) -> Iterator[str]:
    """Judge attempts by rules that a spec no longer declares: those stay as they are.

    Args:
        deployed: What declared them.
        organization: As the spec declares it.
    """
    policies = organization.policies
    access = deployed.settings.get(ResourceType.ACCESS_CONTROL_RULES)
    mobile = deployed.settings.get(ResourceType.MOBILE_DEVICE_ACCESS_RULES)
    left = replace(
        policies,
        access_control=policies.access_control or (access.rules if access else ()),
        mobile_devices=policies.mobile_devices or (mobile.rules if mobile else ()),
    )
    for each in organization.expect:
        verdict = effects.judge(left, each.attempt)
        if not effects.judge(policies, each.attempt).by_default or verdict.by_default:
            continue
        if verdict.effect is not each.effect:
            deciding = ", ".join(f'"{name}"' for name in verdict.rules) or "no rule allows it"
            yield (
                f"the spec expects that {each.attempt} is {_WORDS[each.effect]}; by the rules that "
                f"it no longer declares, which stay, it is {_WORDS[verdict.effect]}: {deciding}"
            )
