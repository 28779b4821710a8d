"""Text: a plan on a terminal, in colour where it has colours, plain in a pipe."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from workmail_org.changes.approvals import NOTHING
from workmail_org.changes.consequences import Consequence
from workmail_org.plan.model import Verdict
from workmail_org.reports.plan_words import (
    count,
    describe_cost,
    describe_flow,
    describe_outcomes,
    describe_transition,
    describe_verdict,
    group_changes,
    list_reasons,
    list_softenings,
)
from workmail_org.reports.tables import build_table
from workmail_org.spec.characters import escape

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderableType, RenderResult

    from workmail_org.plan.model import OrganizationPlan, Plan

_STYLES = {
    Consequence.NONE: "green",
    Consequence.MORE_MAIL: "cyan",
    Consequence.SIGN_IN: "yellow",
    Consequence.CLOCK: "yellow",
    Consequence.ADDRESS: "magenta",
    Consequence.ERASES: "red",
    Consequence.FINAL: "bold red",
    Consequence.LOCKOUT: "bold red",
    Consequence.CUT_OVER: "bold red",
}

_VERDICTS = {Verdict.NOTHING: "green", Verdict.CHANGES: "bold", Verdict.REFUSED: "bold red"}

_MOST_ROWS = 40
"""Addresses that a person still reads; JSON has them all."""


def render_plan(plan: Plan, *, width: int = 100, color: bool = False) -> str:
    """Write a plan for people.

    Args:
        plan: What to write.
        width: Columns.
        color: Whether colours may be used.
    """
    target = io.StringIO()
    console = Console(
        file=target,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        legacy_windows=False,
    )
    for part in _list_parts(plan):
        console.print(_indent(part, 0) if isinstance(part, Text) else part, crop=False)
    for line in _list_words(plan):
        console.print(line, soft_wrap=True)
    # Tables fill up their columns; nobody wants that in a file.
    return "\n".join(line.rstrip() for line in target.getvalue().splitlines())


def _list_parts(plan: Plan) -> Iterator[RenderableType]:
    heading = Text.assemble(
        (_safe(plan.environment), "bold"), f": {_safe(plan.spec)} compared with "
    )
    yield heading.append(_safe(plan.base))
    yield Text(describe_verdict(plan), style=_VERDICTS[plan.verdict])
    for reason in plan.refusals:
        yield _mark("refused: ", reason, "bold red")
    for organization in plan.organizations:
        yield Text()
        yield from _list_organization(organization)
    yield Text()
    if len(plan.organizations) > 1:
        yield Text(f"all together: {describe_cost(plan.cost)}")
    for note in plan.notes:
        yield Text(f"note: {_safe(note)}", style="dim")


def _list_words(plan: Plan) -> Iterator[Text]:
    """What to pass to a deployment: never wrapped, so that it can be copied."""
    approvable = plan.approval != NOTHING  # a record set is written by CloudFormation, not by us
    if plan.acknowledgement or approvable:
        yield Text()
    if plan.acknowledgement:
        yield Text("to confirm it, add to cdk deploy:")
        yield Text(f"  -c acknowledge={plan.acknowledgement}", style="bold")
    if plan.repair:
        yield Text("to set right what was changed by hand too, add to cdk deploy:")
        yield Text(f"  -c repair={plan.repair}", style="bold")
    if approvable:
        yield Text("to deploy exactly this and nothing else, add to cdk deploy:")
        yield Text(f"  -c approved={plan.approval}", style="bold")


def _list_organization(plan: OrganizationPlan) -> Iterator[RenderableType]:
    transition = describe_transition(plan)
    title = Text(_safe(plan.key), style="bold")
    title.append(f"  {_safe(plan.alias)} in {plan.region}, stack {_safe(plan.stack)}", style="dim")
    yield title.append(f"  {transition}" if transition else "")
    for reason in plan.refusals:
        yield _indent(_mark("refused: ", reason, "bold red"))
    for brakes in plan.brakes.values():
        for brake in brakes:
            yield _indent(_mark("to be confirmed: ", brake.sentence, "bold red"))
    if plan.verdict is Verdict.NOTHING:
        yield _indent(Text("nothing to do", style="green"))
    for consequence, changes in group_changes(plan.changes):
        yield _indent(Text(consequence.value, style=_STYLES[consequence]))
        for change in changes:
            yield _indent(Text(_safe(change.sentence)), 4)
        for reason in list_reasons(changes):
            yield _indent(Text(f"why: {reason}", style="dim"), 4)
        for softening in list_softenings(changes):
            yield _indent(Text(f"what to do: {softening}", style="dim"), 4)
    yield from _list_flow(plan)
    for name in plan.loops:
        yield _indent(_mark("loop: ", f"group {name} contains itself", "red"))
    yield _indent(Text(describe_cost(plan.cost)))
    for note in plan.notes:
        yield _indent(Text(f"note: {_safe(note)}", style="dim"))


def _list_flow(plan: OrganizationPlan) -> Iterator[RenderableType]:
    if not plan.flow:
        return
    yield _indent(Text(f"mail flow: {describe_outcomes(plan.flow)}", style="bold"))
    rows = [
        [
            Text(_safe(change.address)),
            Text(change.outcome.value),
            *(Text(_safe(side)) for side in describe_flow(change)),
        ]
        for change in plan.flow[:_MOST_ROWS]
    ]
    yield build_table(("address", "mail", "before", "after"), rows, indent=4)
    if len(plan.flow) > _MOST_ROWS:
        left = count(len(plan.flow) - _MOST_ROWS, "further address", "further addresses")
        yield _indent(Text(f"{left}; --format json has them all", style="dim"), 4)


def _mark(word: str, sentence: str, style: str) -> Text:
    return Text.assemble((word, style), _safe(sentence))


@dataclass(frozen=True, slots=True)
class _Indented:
    """A paragraph as wide as its longest word needs: an address stays in one line."""

    text: Text
    columns: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        longest = max((Text(word).cell_len for word in self.text.plain.split()), default=0)
        width = max(options.max_width - self.columns, longest, 1)
        for line in self.text.wrap(console, width):
            whole = Text(" " * self.columns, no_wrap=True, overflow="ignore", end="\n")
            yield whole.append_text(line)


def _indent(part: Text, columns: int = 2) -> _Indented:
    return _Indented(part, columns)


def _safe(text: str) -> str:
    return escape(text)
