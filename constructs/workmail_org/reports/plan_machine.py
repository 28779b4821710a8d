"""Machine: a plan as JSON, for other programs; described by schemas/plan.schema.json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workmail_org.changes.consequences import Consequence
from workmail_org.plan.costs import ASSUMPTIONS, CENTS_PER_MAILBOX
from workmail_org.reports import drift_machine

if TYPE_CHECKING:
    from workmail_org.drift.model import Drift
    from workmail_org.plan.costs import Cost
    from workmail_org.plan.mailflow import Delivery, FlowChange
    from workmail_org.plan.model import Change, OrganizationPlan, Plan

_VERSION = 1
"""Of the format: fields are added without a new number, never taken away or changed."""


def render_plan(plan: Plan, drift: Drift | None = None) -> str:
    """Write a plan as one JSON object, pure ASCII.

    Args:
        plan: What to write.
        drift: What was changed by hand, of a plan against what is live.
    """
    document = build_document(plan)
    if drift:
        document["drift"] = drift_machine.build_document(drift)
    return json.dumps(document, indent=2)


def build_document(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON has it."""
    return {
        "version": _VERSION,
        "environment": plan.environment,
        "spec": plan.spec,
        "base": plan.base,
        "verdict": plan.verdict.value,
        "approval": plan.approval,
        "acknowledgement": plan.acknowledgement,
        "repair": plan.repair,
        "refusals": list(plan.refusals),
        "notes": list(plan.notes),
        "counts": {each.value: plan.count(each) for each in Consequence},
        "cost": {
            **_describe_cost(plan.cost),
            "cents_per_mailbox": CENTS_PER_MAILBOX,
            "assumptions": list(ASSUMPTIONS),
        },
        "organizations": [_describe_organization(each) for each in plan.organizations],
    }


def _describe_organization(plan: OrganizationPlan) -> dict[str, Any]:
    return {
        "key": plan.key,
        "stack": plan.stack,
        "region": plan.region,
        "alias": plan.alias,
        "transition": plan.transition.value,
        "verdict": plan.verdict.value,
        "refusals": list(plan.refusals),
        "brakes": [
            {
                "part": part,
                "rule": brake.rule.value,
                "sentence": brake.sentence,
                "names": list(brake.names),
            }
            for part, brakes in plan.brakes.items()
            for brake in brakes
        ],
        "changes": [_describe_change(each) for each in plan.changes],
        "calls": list(plan.calls),
        "mail_flow": [_describe_flow(each) for each in plan.flow],
        "loops": list(plan.loops),
        "cost": _describe_cost(plan.cost),
        "notes": list(plan.notes),
        "digests": dict(plan.digests),
    }


def _describe_change(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "name": change.name,
        "sentence": change.sentence,
        "consequence": change.consequence.value,
        "severity": change.consequence.severity,
        "rule": {
            "name": change.rule.name,
            "reason": change.rule.reason,
            "source": change.rule.source,
        },
        "softening": change.rule.softening,
        "part": change.part,
        "calls": list(change.calls),
    }


def _describe_flow(change: FlowChange) -> dict[str, Any]:
    return {
        "address": change.address,
        "outcome": change.outcome.value,
        "lost": [str(each) for each in change.lost],
        "gained": [str(each) for each in change.gained],
        "before": _describe_delivery(change.before),
        "after": _describe_delivery(change.after),
    }


def _describe_delivery(delivery: Delivery | None) -> dict[str, Any] | None:
    if delivery is None:
        return None
    return {
        "holder": str(delivery.holder),
        "recipients": [str(each) for each in delivery.recipients],
        "links": [[str(one), str(other)] for one, other in delivery.links],
        "loops": [str(each) for each in delivery.loops],
    }


def _describe_cost(cost: Cost) -> dict[str, int]:
    return {
        "mailboxes_before": cost.mailboxes_before,
        "mailboxes_after": cost.mailboxes_after,
        "cents_before": cost.cents_before,
        "cents_after": cost.cents_after,
    }
