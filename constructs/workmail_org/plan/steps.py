"""Steps: what each custom resource of a stack would do, one after the other.

Theory of operation. A plan is a deployment that is played through on facts instead of on WorkMail:

1. *Facts.* `Actual` is what there is: predicted from what was declared before (`plan.actual`), or
   read (`plan.deployed`). What nobody has looked at is `UNRESOLVED` or missing, and is not
   compared.
2. *Order.* Resources are played in the order in which CloudFormation comes to them: what is
   declared, then the removals, then what leaves the stack, in reverse.
3. *Decision.* Each resource gets the facts as they are at its turn and asks the same function of
   `changes` that its handler asks. There is no second place that compares: a sentence, a call or a
   confirmation that the plan shows is the one that the deployment will come to.
4. *Effect.* The calls are applied to the facts (`plan.carrying`; settings by `predict`), so
   that the next resource sees them: a group sees the users that come before it.
5. *Untouched.* A resource whose properties do not change is not called by CloudFormation, whatever
   is live. What it would do is kept as a note on drift, and neither approved nor confirmed.

Where the facts that a handler reads are less than a plan has, the plan leaves out as much: members
who are switched off (`plan.mailboxes`), permissions between such people. Where they are more, the
handler finds out by WorkMail's refusal: an address that somebody else has
(`CollectionFacts.strangers`), or who was switched off by hand (`plan.obstacles`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from workmail_org.changes.permissions import add_kept
from workmail_org.kinds import COLLECTIONS, DEFAULT_DOMAIN, SETTINGS, SettingKind
from workmail_org.model.live import LiveSettings
from workmail_org.model.values import fold
from workmail_org.plan.actual import Actual
from workmail_org.plan.carrying import apply_calls
from workmail_org.plan.declarations import Declaration
from workmail_org.plan.mailboxes import keep_unseen, list_collection_steps, list_removals_steps
from workmail_org.plan.obstacles import find_obstacles
from workmail_org.plan.organization import (
    list_domains_after,
    list_first_steps,
    list_last_steps,
)
from workmail_org.plan.returning import take_from_returned
from workmail_org.plan.step import Step
from workmail_org.wire.properties import ResourceType


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedSteps:
    """The steps of one stack, and what there is after them."""

    steps: tuple[Step, ...]
    after: Actual


def simulate(previous: Declaration | None, actual: Actual, desired: Declaration) -> SimulatedSteps:
    """List what every custom resource of a stack would do.

    Args:
        previous: What is deployed; `None`: the stack does not exist.
        actual: What there is now.
        desired: What is to be deployed.
    """
    steps = [*list_first_steps(previous, actual, desired)]
    state = actual
    if desired.get_setting(DEFAULT_DOMAIN):
        state = _add_setting(steps, DEFAULT_DOMAIN, previous, state, desired)
    for kind in COLLECTIONS:
        for step in list_collection_steps(kind, previous, state, desired):
            before = keep_unseen(kind.kind, state, desired)
            state = replace(before, people=apply_calls(before.people, step.calls))
            state = take_from_returned(before, state, step.calls, kind.kind)
            steps.append(_meet(step, state, steps, desired.test_domain))
    for setting in SETTINGS:
        if desired.get_setting(setting) is not None:
            state = _add_setting(steps, setting, previous, state, desired)
    for removals in list_removals_steps(previous, state, desired):
        steps.append(removals)
        state = replace(state, people=apply_calls(state.people, removals.calls))
    # CloudFormation deletes at last, what came last first.
    for setting in (*reversed(SETTINGS), DEFAULT_DOMAIN):
        if desired.get_setting(setting) is None:
            state = _add_setting(steps, setting, previous, state, desired)
    steps += list_last_steps(previous, actual, desired)
    after = replace(state, domains=frozenset(list_domains_after(state, previous, desired)))
    # In an organization that begins with its stack there is nothing to lose yet.
    begins = actual.organization is None and not desired.organization.existing
    told = tuple(replace(step, brakes=() if begins else step.brakes) for step in steps)
    return SimulatedSteps(steps=tuple(step for step in told if _says_something(step)), after=after)


def _meet(step: Step, state: Actual, steps: Sequence[Step], test_domain: str) -> Step:
    """Refuse what calls would run into; `state` is what there is after them.

    What was refused before is missing in it, and would be in the way of all that follows.
    """
    if step.refusals or any(each.refusals for each in steps):
        return step
    registered = {
        fold(str(call.arguments["DomainName"]))
        for each in steps
        for call in each.calls
        if call.operation == "RegisterMailDomain"
    }
    domains = state.domains | registered | {fold(test_domain)}
    return replace(step, refusals=tuple(find_obstacles(step.calls, state, domains)))


def _says_something(step: Step) -> bool:
    return bool(step.calls or step.refusals or step.brakes or step.leaves)


def _add_setting(
    steps: list[Step],
    kind: SettingKind[Any],
    previous: Declaration | None,
    state: Actual,
    desired: Declaration,
) -> Actual:
    """Add what the resource for one kind of rule or setting would do; say what there is then."""
    before = previous.get_setting(kind) if previous else None
    after = desired.get_setting(kind)
    if before == after and (before is None or not state.repairs):
        return state  # CloudFormation sends no request
    if kind.resource_type is ResourceType.MAILBOX_PERMISSIONS:
        before = add_kept(before, state.kept_permissions)
    decision = kind.decide(_see_settings(state), after, before)
    step = Step(part_name=kind.part_name, resource_type=kind.resource_type, calls=decision.calls)
    leaves = after is None and kind.takes_away
    step = replace(step, refusals=decision.refusals, brakes=decision.brakes, leaves=leaves)
    steps.append(_meet(step, state, steps, desired.test_domain))
    reached: dict[str, Any] = {} if after is None else {kind.fact: kind.predict(after)}
    if kind is DEFAULT_DOMAIN and after is None and decision.calls:
        reached[kind.fact] = fold(desired.test_domain)
    return replace(state, settings=replace(state.settings, **reached))


def _see_settings(state: Actual) -> LiveSettings:
    """Leave out permissions of who is switched off, as the handlers read them."""
    enabled = state.people.enabled
    permissions = tuple(
        each
        for each in state.settings.permissions
        if each.mailbox.folded in enabled and each.grantee.folded in enabled
    )
    return replace(state.settings, permissions=permissions)
