"""Words: what the reports of a plan say in the same way, without any markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from workmail_org.plan.consequences import Consequence
from workmail_org.plan.costs import render_amount
from workmail_org.plan.model import Transition, Verdict

if TYPE_CHECKING:
    from workmail_org.model.values import Reference
    from workmail_org.plan.costs import Cost
    from workmail_org.plan.mailflow import Delivery
    from workmail_org.plan.model import Change, OrganizationPlan, Plan

MOST_RECIPIENTS = 6
"""Recipients that a cell of a table names; the rest is a number. JSON has them all."""

_TRANSITIONS = {
    Transition.COMES: "is made",
    Transition.STAYS: "",
    Transition.LEAVES: "is no longer declared",
}


def describe_verdict(plan: Plan) -> str:
    """Say in one line what a plan comes to."""
    changes = sum(len(each.changes) for each in plan.organizations)
    if plan.verdict is Verdict.NOTHING:
        return "nothing to do"
    counted = count(changes, "change")
    if plan.verdict is Verdict.REFUSED:
        return f"{counted}, refused as they are" if changes else "refused"
    gravest = max(
        (change.consequence for each in plan.organizations for change in each.changes),
        key=lambda consequence: consequence.severity,
    )
    return f"{counted}; the gravest: {gravest.value}"


def describe_transition(plan: OrganizationPlan) -> str:
    """Say what becomes of an organization as a whole; empty: it stays."""
    return _TRANSITIONS[plan.transition]


def describe_cost(cost: Cost) -> str:
    """Say what mailboxes cost a month: `3 → 4 mailboxes, 12.00 USD → 16.00 USD a month`."""
    before, after = cost.mailboxes_before, cost.mailboxes_after
    if before == after:
        return f"{count(after, 'mailbox', 'mailboxes')}, {render_amount(cost.cents_after)} a month"
    return (
        f"{before:,} → {count(after, 'mailbox', 'mailboxes')}, "
        f"{render_amount(cost.cents_before)} → {render_amount(cost.cents_after)} a month"
    )


def describe_delivery(delivery: Delivery | None) -> str:
    """Say who gets mail: `group sales: alice, bob`."""
    if delivery is None:
        return "nobody: it bounces"
    recipients = [name_reference(each) for each in delivery.recipients]
    shown = ", ".join(recipients[:MOST_RECIPIENTS])
    if len(recipients) > MOST_RECIPIENTS:
        shown += f" and {len(recipients) - MOST_RECIPIENTS:,} more"
    if delivery.recipients == (delivery.holder,):
        return shown
    return f"{name_reference(delivery.holder)}: {shown or 'nobody'}"


def name_reference(reference: Reference) -> str:
    """Name somebody as the spec does, in words: `alice`, `group sales`."""
    return str(reference).replace(":", " ", 1)


def group_changes(
    changes: Sequence[Change],
) -> Iterator[tuple[Consequence, list[Change]]]:
    """Put changes of one class together, the gravest class first."""
    for consequence, each in groupby(changes, key=lambda change: change.consequence):
        yield consequence, list(each)


def list_softenings(changes: Sequence[Change]) -> list[str]:
    """List once each how changes can be made to hurt less."""
    found = (change.rule.softening for change in changes)
    return list(dict.fromkeys(each for each in found if each))


def count(number: int, one: str, several: str | None = None) -> str:
    """Write a number with its noun: `1 change`, `2 changes`."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"
