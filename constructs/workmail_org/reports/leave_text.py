"""Text: how far an organization is on its way out, on a terminal or in a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from workmail_org.leaving.model import TITLES, Placement
from workmail_org.leaving.reporting import TEARDOWN
from workmail_org.reports.leave_words import (
    describe_cost,
    describe_days,
    describe_exports,
    describe_readiness,
    describe_sign_ins,
    group_sign_ins,
    list_gone,
    list_remarks,
    list_sums,
    list_tasks,
)
from workmail_org.spec.characters import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workmail_org.leaving.model import Move
    from workmail_org.leaving.reporting import LeaveReport, OrganizationReport


def render_report(report: LeaveReport) -> str:
    """Write the report for people; the last line is for scripts."""
    lines = [
        f"{report.environment}: leaving Amazon WorkMail",
        describe_days(report),
        f"ready: {describe_readiness(report)}",
    ]
    for organization in report.organizations:
        lines += ["", *_list_organization(organization)]
    lines += _list_sign_ins(report)
    lines += ["", "In this order:"]
    lines += [f"  {number:2}. {step}" for number, step in enumerate(TEARDOWN, 1)]
    return "\n".join(map(escape, [*lines, "", render_result(report)]))


def render_result(report: LeaveReport) -> str:
    """Write the line for scripts."""
    ready = "unknown" if report.readiness is None else report.readiness
    blockers = sum(len(each.blockers) for each in report.organizations)
    return f"result: days_left={report.days_left} ready={ready} blockers={blockers}"


def _list_sign_ins(report: LeaveReport) -> Iterator[str]:
    if report.sign_ins is None:
        return
    yield ""
    yield describe_sign_ins(report.sign_ins)
    for protocol, users in group_sign_ins(report):
        yield f"  {protocol}: {', '.join(users)}"


def _list_organization(report: OrganizationReport) -> Iterator[str]:
    yield f"{report.key}  {report.alias} in {report.region}"
    yield f"  {describe_exports(report)}"
    yield f"  {describe_cost(report)}"
    if report.blockers:
        yield "  what blocks:"
    for blocker in report.blockers:
        names = f"{', '.join(blocker.names)}: " if blocker.names else ""
        yield f"    {names}{blocker.title}"
    if remarks := [*list_remarks(report)]:
        yield "  verified, with a remark:"
        yield from (f"    {each}" for each in remarks)
    if report.gone:
        yield "  in WorkMail no more, and so not counted:"
        yield from (f"    {each}" for each in list_gone(report))
    yield from _compare(report.moves) if len(report.moves) > 1 else _list_moves(report.moves)
    if report.ends:
        yield "  what cdk destroy does, once the spec is deployed as it is:"
        yield from (f"    {each}" for each in report.ends)
    yield "  what stays in the account:"
    yield from (f"    {each}" for each in report.stays)


def _compare(moves: Sequence[Move]) -> Iterator[str]:
    """Compare destinations: the ledger of one of them comes with --to."""
    width = max(len(TITLES[move.destination]) for move in moves)
    yield f"  {'':{width + 2}}{'items':>7}{'in files':>10}{'by hand':>9}{'lost':>6}"
    for move in moves:
        counts = [move.count(each) for each in Placement]
        title = f"{TITLES[move.destination]:{width}}"
        yield f"    {title}{sum(counts):>7}{counts[0]:>10}{counts[1]:>9}{counts[2]:>6}"


def _list_moves(moves: Sequence[Move]) -> Iterator[str]:
    for move in moves:
        yield f"  to {TITLES[move.destination]}:"
        width = max(len(each.kind) for each in list_sums(move))
        yield f"    {'':{width}}{'items':>7}{'in files':>10}{'by hand':>9}{'lost':>6}"
        for each in list_sums(move):
            yield (
                f"    {each.kind:{width}}{each.total:>7}{each.in_files:>10}{each.by_hand:>9}"
                f"{each.lost:>6}"
            )
        counts = [move.count(placement) for placement in Placement]
        yield f"    {'sum':{width}}{sum(counts):>7}{counts[0]:>10}{counts[1]:>9}{counts[2]:>6}"
        for placement in (Placement.HAND, Placement.LOST):
            yield f"  {placement}:"
            for task in list_tasks(move, placement):
                yield f"    {task.kind} ({len(task.names)}): {task.note}"
                yield from (f"      {line}" for line in task.lines)
