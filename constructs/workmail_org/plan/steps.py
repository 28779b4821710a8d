"""Steps: what each custom resource of a stack would do, one after the other.

A mirror of the handlers: the same functions of `changes`, on what there is when
CloudFormation comes to the resource. One whose properties do not change is not
called at all, whatever is live.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from workmail_org.model.values import Kind
from workmail_org.plan.actual import Actual
from workmail_org.plan.carrying import carry_out
from workmail_org.plan.declarations import SETTINGS, Declaration
from workmail_org.plan.mailboxes import list_collection_steps, step_removals
from workmail_org.plan.organization import (
    list_domains_after,
    list_first_steps,
    list_last_steps,
)
from workmail_org.plan.settings import list_setting_steps
from workmail_org.plan.step import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The steps of one stack, and what there is after them."""

    steps: tuple[Step, ...]
    after: Actual


def chart(previous: Declaration | None, actual: Actual, desired: Declaration) -> Course:
    """List what every custom resource of a stack would do.

    Args:
        previous: What is deployed; `None`: the stack does not exist.
        actual: What there is now.
        desired: What is to be deployed.
    """
    steps = [*list_first_steps(previous, actual, desired)]
    state = actual
    for kind in Kind:
        for step in list_collection_steps(kind, previous, state, desired):
            steps.append(step)
            if not step.untouched:
                state = replace(state, people=carry_out(state.people, step.calls))
    staying = [each for each in SETTINGS if each in desired.settings]
    leaving = [each for each in reversed(SETTINGS) if each not in desired.settings]
    # CloudFormation deletes at last, what came last first.
    for resource_type in staying:
        steps += list_setting_steps(resource_type, previous, state, desired)
    removals = step_removals(previous, state, desired)
    steps.append(removals)
    if not removals.untouched:
        state = replace(state, people=carry_out(state.people, removals.calls))
    for resource_type in leaving:
        steps += list_setting_steps(resource_type, previous, state, desired)
    steps += list_last_steps(previous, actual, desired)
    after = replace(
        state,
        domains=frozenset(list_domains_after(state, previous, desired)),
        default_domain=desired.default_domain.domain
        if desired.default_domain
        else desired.test_domain,
    )
    # In an organization that begins with its stack there is nothing to lose yet.
    begins = actual.organization is None and not desired.organization.existing
    told = tuple(replace(step, brakes=() if begins else step.brakes) for step in steps)
    return Course(steps=tuple(step for step in told if _says_something(step)), after=after)


def _says_something(step: Step) -> bool:
    return bool(step.calls or step.refusals or step.brakes or step.leaves)
