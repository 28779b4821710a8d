"""HTML: a plan as one page that needs nothing else, for reviewers, paper and phones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from workmail_org.changes.consequences import Consequence
from workmail_org.plan.costs import ASSUMPTIONS, render_amount
from workmail_org.plan.model import Verdict
from workmail_org.reports import drift_html, plan_words
from workmail_org.reports.drawing import draw
from workmail_org.reports.drift_words import HEADLINES
from workmail_org.reports.pages import make_environment, make_policy, read_style

if TYPE_CHECKING:
    from workmail_org.changes.consequences import Rule
    from workmail_org.drift.model import Drift
    from workmail_org.plan.costs import Cost
    from workmail_org.plan.mailflow import Delivery, FlowChange
    from workmail_org.plan.model import Change, OrganizationPlan, Plan

# So that a page about 10 000 users still opens on a phone. The JSON has everything.
_MOST_CHANGES = 1000  # of one rule
_MOST_ADDRESSES = 2000  # of one organization
_MOST_CALLS = 5000  # of one organization

_MOST_OPEN = 10
"""Mild changes of one class that are shown unfolded."""

_GRAVE = Consequence.SIGN_IN.severity
"""From this class on changes are always shown unfolded."""

_LASTING = (Consequence.FINAL, Consequence.ERASES)
"""What the summary tells one by one as what cannot be undone."""


@dataclass(frozen=True, slots=True)
class _Cause:
    """Changes of one class that have one reason.

    Attributes:
        changes: As many as are shown.
        left: How many are not.
    """

    rule: Rule
    changes: tuple[Change, ...]
    left: int


@dataclass(frozen=True, slots=True)
class _Class:
    """Changes of one consequence."""

    consequence: Consequence
    number: int
    causes: tuple[_Cause, ...]

    @property
    def is_open(self) -> bool:
        """Whether a reader sees it without unfolding."""
        return self.consequence.severity >= _GRAVE or self.number <= _MOST_OPEN


def render_plan(plan: Plan, drift: Drift | None = None) -> str:
    """Write a plan as one HTML page, pure ASCII: right in whatever encoding it is served.

    Args:
        plan: What to write.
        drift: What was changed by hand, of a plan against what is live.
    """
    style = read_style()
    page = (
        make_environment()
        .get_template("plan.html")
        .render(
            plan=plan,
            style=Markup(style),  # noqa: S704 - our own file, and in a style element nothing is escaped
            policy=make_policy(style),
            classes=[
                (each, plan.count(each)) for each in reversed(Consequence) if plan.count(each)
            ],
            lasting=list(_list_lasting(plan)),
            blocked=[each for each in plan.organizations if each.refusals or each.brakes],
            shown=[each for each in plan.organizations if _has_something_to_say(each)],
            assumptions=ASSUMPTIONS,
            most_addresses=_MOST_ADDRESSES,
            most_calls=_MOST_CALLS,
            drift=drift,
            headline=HEADLINES[drift.result].capitalize() if drift else "",
            **drift_html.WORDS,
            **_WORDS,
        )
    )
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _has_something_to_say(plan: OrganizationPlan) -> bool:
    return plan.verdict is not Verdict.NOTHING or bool(plan.notes or plan.flow or plan.loops)


def _list_lasting(plan: Plan) -> Iterator[tuple[OrganizationPlan, Change]]:
    for consequence in _LASTING:
        for organization in plan.organizations:
            for change in organization.changes:
                if change.consequence is consequence:
                    yield organization, change


def _classify(changes: Sequence[Change]) -> list[_Class]:
    """Put changes of one class together, the gravest first, and in it those of one reason."""
    return [
        _Class(consequence, len(each), tuple(_list_causes(each)))
        for consequence, each in plan_words.group_changes(changes)
    ]


def _list_causes(changes: Sequence[Change]) -> Iterator[_Cause]:
    causes: dict[str, list[Change]] = {}
    for change in changes:
        causes.setdefault(change.rule.name, []).append(change)
    for each in causes.values():
        left = max(0, len(each) - _MOST_CHANGES)
        yield _Cause(each[0].rule, tuple(each[:_MOST_CHANGES]), left)


def _list_calls(plan: OrganizationPlan) -> list[str]:
    calls = (call for change in plan.changes for call in change.calls)
    return list(islice(calls, _MOST_CALLS))


def _describe_difference(cost: Cost) -> str:
    """Say how the bill changes: `4.00 USD a month less`."""
    cents = cost.cents_after - cost.cents_before
    if not cents:
        return "the same as now"
    return f"{render_amount(abs(cents))} a month {'more' if cents > 0 else 'less'}"


def _describe_before(change: FlowChange) -> str:
    return plan_words.describe_flow(change)[0] + _describe_way(change.before)


def _describe_after(change: FlowChange) -> str:
    """Say who gets mail from now on; the way there only where it is another one."""
    way = _describe_way(change.after)
    loops = change.after.loops if change.after else ()
    named = ", ".join(plan_words.name_reference(each) for each in loops)
    return (
        plan_words.describe_flow(change)[1]
        + (way if way != _describe_way(change.before) else "")
        + (f"; contains itself: {named}" if named else "")
    )


def _describe_way(delivery: Delivery | None) -> str:
    """Say which groups lie between an address and who gets its mail: ` (through group sales)`."""
    passed = {one for one, _ in delivery.links if one != delivery.holder} if delivery else None
    if not passed:
        return ""
    names = [plan_words.name_reference(each) for each in sorted(passed)]
    left = len(names) - plan_words.MOST_RECIPIENTS
    shown = ", ".join(names[: plan_words.MOST_RECIPIENTS])
    return f" (through {shown}{f' and {left:,} more' if left > 0 else ''})"


_WORDS: Mapping[str, Any] = {
    "count": plan_words.count,
    "describe_verdict": plan_words.describe_verdict,
    "describe_mail": plan_words.describe_mail,
    "describe_outcomes": plan_words.describe_outcomes,
    "describe_transition": plan_words.describe_transition,
    "describe_cost": plan_words.describe_cost,
    "describe_difference": _describe_difference,
    "describe_before": _describe_before,
    "describe_after": _describe_after,
    "classify": _classify,
    "list_calls": _list_calls,
    "draw": draw,
    "Verdict": Verdict,
}
"""What the templates call by name."""
