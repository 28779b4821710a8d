"""Markdown: a plan as a comment on a pull request, what matters first, details folded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workmail_org.changes.approvals import NOTHING
from workmail_org.changes.consequences import Consequence
from workmail_org.plan.model import Verdict
from workmail_org.reports.plan_words import (
    count,
    describe_cost,
    describe_flow,
    describe_mail,
    describe_outcomes,
    describe_transition,
    describe_verdict,
    group_changes,
    list_reasons,
    list_softenings,
)
from workmail_org.spec.characters import escape

if TYPE_CHECKING:
    from workmail_org.plan.model import Change, OrganizationPlan, Plan

MAX_LENGTH = 65_536
"""GitHub refuses a longer comment: "Body is too long (maximum is 65536 characters)"."""

MARKER = "<!-- workmail-org plan -->"
"""First line, by which a comment is found again and replaced."""

_OPEN_SEVERITY = Consequence.SIGN_IN.severity
"""From this class on changes are shown unfolded."""

_SYMBOLS = {
    Consequence.NONE: "⚪",
    Consequence.MORE_MAIL: "🔵",
    Consequence.SIGN_IN: "🟡",
    Consequence.CLOCK: "🟡",
    Consequence.ADDRESS: "🟠",
    Consequence.ERASES: "🔴",
    Consequence.FINAL: "🔴",
    Consequence.LOCKOUT: "⛔",
    Consequence.CUT_OVER: "⛔",
}

_FOLDED = {
    Consequence.NONE: "with no effect on mail",
    Consequence.MORE_MAIL: "by which mail reaches more people",
}
"""Classes below that, as they are named where they are folded."""

_VERDICTS = {Verdict.NOTHING: "✅", Verdict.CHANGES: "📋", Verdict.REFUSED: "⛔"}

# What Markdown reads: escaped by a backslash. `<`, `>`, `&` and `$` (formulas) as entities.
_PUNCTUATION = re.compile(r"[\\`*_\[\]|~]")
_ENTITIES = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;", "$": "&#36;"})
_BREAK = "\u200b"  # a space of no width
# GitHub tells people who are mentioned, links issues, and links what looks like an address.
_MENTION = re.compile(r"(?<![\w.+%-])@(?=\w)")
_ISSUE = re.compile(r"#(?=\d)|(?<=GH)-(?=\d)|(?<=://)|(?<=\bwww)(?=\.)")
_LIST = re.compile(r"^(\s*)([-+#=>]|\d+[.)])")


@dataclass(frozen=True, slots=True)
class _Detail:
    """How much is told, when a comment becomes too long.

    Attributes:
        changes: Of one class.
        rows: Addresses of one organization.
        calls: Whether the writes are listed.
    """

    changes: int
    rows: int
    calls: bool


_DETAILS = (
    _Detail(changes=1000, rows=1000, calls=True),
    _Detail(changes=1000, rows=1000, calls=False),
    _Detail(changes=200, rows=100, calls=False),
    _Detail(changes=60, rows=30, calls=False),
    _Detail(changes=20, rows=10, calls=False),
    _Detail(changes=5, rows=0, calls=False),
    _Detail(changes=0, rows=0, calls=False),
)
"""From everything to the summary alone."""

_SHORTENED = "\n\n_Shortened: a comment holds no more. The JSON has everything._\n"


def render_plan(plan: Plan, *, max_length: int = MAX_LENGTH) -> str:
    """Write a plan as Markdown, shortened with a note where it would be too long.

    Args:
        plan: What to write.
        max_length: In UTF-16 code units, as GitHub counts.
    """
    text = ""
    for number, detail in enumerate(_DETAILS):
        text = "\n".join(_list_lines(plan, detail)) + ("\n" if number == 0 else _SHORTENED)
        if measure(text) <= max_length:
            return text
    return cut(text, max_length)


def measure(text: str) -> int:
    """Count UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def cut(text: str, max_length: int) -> str:
    """Cut at a line: hundreds of organizations, or a sentence without end."""
    lines: list[str] = []
    left = max_length - measure(_SHORTENED)
    for line in text.splitlines(keepends=True):
        left -= measure(line)
        if left < 0:
            break
        lines.append(line)
    return "".join(lines) + _SHORTENED


def _list_lines(plan: Plan, detail: _Detail) -> Iterator[str]:
    yield MARKER
    yield f"### {_VERDICTS[plan.verdict]} {safe(plan.environment)}: {describe_verdict(plan)}"
    yield ""
    yield f"{code(plan.spec)} compared with {safe(plan.base)}"
    yield ""
    for reason in plan.refusals:
        yield f"**Refused:** {safe(reason)}"
        yield ""
    yield from _list_summary(plan)
    for organization in plan.organizations:
        yield from _list_organization(organization, detail)
    yield from _list_end(plan)


def _list_summary(plan: Plan) -> Iterator[str]:
    yield "| organization | changes | most serious | mail | mailboxes and cost |"
    yield "| --- | --- | --- | --- | --- |"
    for each in plan.organizations:
        gravest = each.changes[0].consequence if each.changes else None
        cells = (
            f"**{safe(each.key)}** {safe(describe_transition(each))}".strip(),
            _count_changes(each),
            f"{_SYMBOLS[gravest]} {gravest.value}" if gravest else "-",
            describe_mail(each),
            describe_cost(each.cost),
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _count_changes(plan: OrganizationPlan) -> str:
    if plan.refusals:
        return "**refused**"
    if plan.brakes:
        return f"{len(plan.changes):,}, **to be confirmed**"
    return f"{len(plan.changes):,}"


def _list_organization(plan: OrganizationPlan, detail: _Detail) -> Iterator[str]:
    if plan.verdict is Verdict.NOTHING and not plan.notes:
        return
    yield f"#### {safe(plan.key)} ({safe(plan.alias)}, {plan.region})"
    yield ""
    for reason in plan.refusals:
        yield f"- ⛔ **refused:** {safe(reason)}"
    for brakes in plan.brakes.values():
        for brake in brakes:
            yield f"- ⛔ **to be confirmed:** {safe(brake.sentence)}"
    if plan.refusals or plan.brakes:
        yield ""
    open_, folded = _split(plan.changes)
    yield from _list_classes(open_, detail)
    if folded:
        yield from _fold(_name_classes(folded), list(_list_classes(folded, detail)))
    yield from _list_flow(plan, detail)
    for name in plan.loops:
        yield f"- 🔁 group {safe(name)} contains itself"
    if detail.calls and plan.calls:
        summary = f"{count(len(plan.calls), 'call')} to AWS behind it, in order"
        yield from _fold(summary, list(_list_calls(plan)))
    for note in plan.notes:
        yield f"> {safe(note)}"
        yield ""


def _split(changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """Part what a reviewer must see from what can be folded."""
    grave = [each for each in changes if each.consequence.severity >= _OPEN_SEVERITY]
    return grave, [each for each in changes if each.consequence.severity < _OPEN_SEVERITY]


def _name_classes(changes: Sequence[Change]) -> str:
    named = [(len(each), _FOLDED[name]) for name, each in group_changes(changes)]
    first, words = named[0]
    others = [f"{number:,} {words}" for number, words in named[1:]]
    return ", ".join([f"{count(first, 'change')} {words}", *others])


def _list_classes(changes: Sequence[Change], detail: _Detail) -> Iterator[str]:
    for consequence, each in group_changes(changes):
        yield f"{_SYMBOLS[consequence]} **{consequence.value}**"
        yield ""
        for change in each[: detail.changes]:
            yield f"- {safe(change.sentence)}"
        if len(each) > detail.changes:
            yield f"- … and {count(len(each) - detail.changes, 'more', 'more')}"
        yield ""
        if consequence.severity >= _OPEN_SEVERITY:
            for reason in list_reasons(each):
                yield f"_Why:_ {safe(reason)}"
                yield ""
        for softening in list_softenings(each):
            yield f"_What to do:_ {safe(softening)}"
            yield ""


def _list_flow(plan: OrganizationPlan, detail: _Detail) -> Iterator[str]:
    if not plan.flow or not detail.rows:
        return
    rows = ["| address | mail | before | after |", "| --- | --- | --- | --- |"]
    for change in plan.flow[: detail.rows]:
        cells = (
            code(change.address),
            change.outcome.value,
            *(safe(side) for side in describe_flow(change)),
        )
        rows.append(f"| {' | '.join(cells)} |")
    if len(plan.flow) > detail.rows:
        rows += ["", f"… and {count(len(plan.flow) - detail.rows, 'more', 'more')}"]
    yield from _fold(f"Mail flow: {describe_outcomes(plan.flow)}", rows)


def _list_calls(plan: OrganizationPlan) -> Iterator[str]:
    """List the writes in a block of code, which nothing in them can end."""
    return fence(plan.calls)


def fence(lines: Sequence[str], language: str = "") -> Iterator[str]:
    """Write lines as a block of code."""
    escaped = [escape(line) for line in lines]
    runs = [len(run) for line in escaped for run in re.findall("`+", line)]
    marks = "`" * (max([2, *runs]) + 1)
    yield f"{marks}{language}"
    yield from escaped
    yield marks


def _fold(summary: str, lines: Sequence[str]) -> Iterator[str]:
    yield f"<details><summary>{summary}</summary>"
    yield ""
    yield "\n".join(lines).rstrip()
    yield ""
    yield "</details>"
    yield ""


def _list_end(plan: Plan) -> Iterator[str]:
    if plan.acknowledgement:
        yield f"To confirm it, add to `cdk deploy`: `-c acknowledge={plan.acknowledgement}`"
        yield ""
    if plan.repair:
        too = "To set right what was changed by hand too"
        yield f"{too}, add to `cdk deploy`: `-c repair={plan.repair}`"
        yield ""
    if plan.approval != NOTHING:
        exactly = "To deploy exactly this and nothing else"
        yield f"{exactly}, add to `cdk deploy`: `-c approved={plan.approval}`"
        yield ""
    for note in plan.notes:
        yield f"<sub>{safe(note)}</sub>"


def safe(text: str) -> str:
    """Write text so that Markdown, HTML and GitHub find nothing in it to act upon."""
    quiet = _ISSUE.sub(
        lambda found: f"{found[0]}{_BREAK}", _MENTION.sub(f"@{_BREAK}", escape(text))
    )
    escaped = _PUNCTUATION.sub(lambda found: f"\\{found[0]}", quiet.translate(_ENTITIES))
    return _LIST.sub(lambda found: f"{found[1]}{_BREAK}{found[2]}", escaped)


def code(text: str) -> str:
    """Write text as code in a line; a backtick in it cannot end it."""
    return f"`{escape(text).replace('`', chr(0x2CB)).replace('|', chr(0x2223))}`"
