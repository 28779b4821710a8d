"""Words: what the reports of a plan say in the same way, without any markup."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from workmail_org.changes.consequences import Consequence
from workmail_org.plan.costs import render_amount
from workmail_org.plan.mailflow import Outcome
from workmail_org.plan.model import Transition, Verdict

if TYPE_CHECKING:
    from workmail_org.model.values import Reference
    from workmail_org.plan.costs import Cost
    from workmail_org.plan.mailflow import Delivery, FlowChange
    from workmail_org.plan.model import Change, OrganizationPlan, Plan

MOST_RECIPIENTS = 6
"""Recipients that a cell of a table names; the rest is a number. JSON has them all."""

_TRANSITIONS = {
    Transition.COMES: "is new",
    Transition.STAYS: "",
    Transition.LEAVES: "is no longer declared",
}


def describe_verdict(plan: Plan) -> str:
    """Say in one line what a plan comes to."""
    changes = sum(len(each.changes) for each in plan.organizations)
    if plan.verdict is Verdict.NOTHING:
        return "nothing to do"
    counted = count(changes, "change")
    if plan.refusals or any(each.refusals for each in plan.organizations):
        return f"{counted}, refused" if changes else "refused"
    if plan.verdict is Verdict.REFUSED:
        return f"{counted}, must be confirmed"
    gravest = max(
        (change.consequence for each in plan.organizations for change in each.changes),
        key=lambda consequence: consequence.severity,
    )
    if gravest is Consequence.NONE:
        return f"{counted} with {gravest.value}"
    return f"{counted}{': ' if changes == 1 else '; the most serious: '}{gravest.value}"


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


def describe_mail(plan: OrganizationPlan) -> str:
    """Say what happens to mail as a whole; nothing of what is refused."""
    if plan.refusals:
        return "-"
    return describe_outcomes(plan.flow) if plan.flow else "the same people get it"


def describe_outcomes(flow: Sequence[FlowChange]) -> str:
    """Count addresses by what happens to mail: `2 addresses will bounce, 1 will be reachable`."""
    numbers = Counter(change.outcome for change in flow)
    said = [f"{numbers[each]:,} {each.value}" for each in Outcome if each in numbers]
    number, _, rest = said[0].partition(" ")
    noun = "address" if number == "1" else "addresses"
    return ", ".join([f"{number} {noun} {rest}", *said[1:]])


def describe_delivery(delivery: Delivery | None) -> str:
    """Say who gets mail: `group sales: alice, bob`."""
    if delivery is None:
        return "nobody: it bounces"
    holder = delivery.holder
    if holder in delivery.recipients:  # a user; a resource before its delegates
        others = [each for each in delivery.recipients if each != holder]
        return _list_recipients([holder, *others])
    return f"{name_reference(holder)}: {_list_recipients(delivery.recipients) or 'nobody'}"


def describe_flow(change: FlowChange) -> tuple[str, str]:
    """Say who got mail until now, and who gets it from now on; of a long list only what changes."""
    before, after = change.before, change.after
    if before is None or after is None or before.holder != after.holder or not after.recipients:
        return describe_delivery(before), describe_delivery(after)
    said = [("also", change.gained), ("no longer", change.lost)]
    words = [f"{word} {_list_recipients(names)}" for word, names in said if names]
    return describe_delivery(before), "; ".join(words) or describe_delivery(after)


def _list_recipients(recipients: Sequence[Reference]) -> str:
    shown = ", ".join(name_reference(each) for each in recipients[:MOST_RECIPIENTS])
    left = len(recipients) - MOST_RECIPIENTS
    return f"{shown} and {left:,} more" if left > 0 else shown


def name_reference(reference: Reference) -> str:
    """Name somebody as the spec does, in words: `alice`, `group sales`."""
    return str(reference).replace(":", " ", 1)


def group_changes(
    changes: Sequence[Change],
) -> Iterator[tuple[Consequence, list[Change]]]:
    """Put changes of one class together, the gravest class first."""
    for consequence, each in groupby(changes, key=lambda change: change.consequence):
        yield consequence, list(each)


def list_reasons(changes: Sequence[Change]) -> list[str]:
    """List once each why changes are in their class, and where that is said."""
    found = (f"{change.rule.reason} ({change.rule.source})" for change in changes)
    return list(dict.fromkeys(found))


def list_softenings(changes: Sequence[Change]) -> list[str]:
    """List once each how changes can be made to hurt less."""
    found = (change.rule.softening for change in changes)
    return list(dict.fromkeys(each for each in found if each))


def count(number: int, one: str, several: str | None = None) -> str:
    """Write a number with its noun: `1 change`, `2 changes`."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"
