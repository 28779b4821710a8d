"""Words: how every report of leaving names what it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from workmail_org.exporting.model import Stage
from workmail_org.leaving.model import ItemKind, Placement
from workmail_org.model.lifetime import END_OF_SUPPORT
from workmail_org.plan.costs import render_amount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workmail_org.exporting.model import Exported, MailboxExports
    from workmail_org.leaving.model import Move
    from workmail_org.leaving.reporting import LeaveReport, OrganizationReport
    from workmail_org.leaving.signing_in import SignInLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Entries of one kind with one note: one line for people.

    Attributes:
        names: Of the items.
    """

    kind: ItemKind
    note: str
    names: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """The names as lines: all in one, unless a name has a comma itself."""
        shown = tuple(filter(None, self.names))
        return (
            shown
            if any(", " in name for name in shown)
            else tuple(filter(None, [", ".join(shown)]))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What becomes of all items of one kind."""

    kind: ItemKind
    in_files: int
    by_hand: int
    lost: int

    @property
    def total(self) -> int:
        """All of the kind."""
        return self.in_files + self.by_hand + self.lost


def describe_days(report: LeaveReport) -> str:
    """Say how long WorkMail goes on."""
    days = report.days_left
    if days < 0:
        return f"Amazon WorkMail ended on {END_OF_SUPPORT}"
    left = "1 day" if days == 1 else f"{days} days"
    return f"{left} left: Amazon WorkMail ends on {END_OF_SUPPORT}, with all mailboxes"


def describe_readiness(report: LeaveReport) -> str:
    """Say how much is safe, and what is left of the final pass."""
    if report.readiness is None:
        unread = [each.unread for each in report.organizations if each.unread]
        return f"not known: {unread[0]}" if unread else "not known, since exports are not declared"
    mailboxes = sum(len(each.mailboxes) for each in report.organizations)
    verified = sum(each.verified for each in report.organizations)
    archived = sum(each.archived for each in report.organizations)
    noun = "mailbox has" if mailboxes == 1 else "mailboxes have"
    return (
        f"{report.readiness} %: {verified} of {mailboxes} {noun} a verified export, {archived} of "
        f"{mailboxes} one of the final pass"
    )


def describe_exports(report: OrganizationReport) -> str:
    """Count the mailboxes by state."""
    number = len(report.mailboxes)
    mailboxes = f"{number} mailbox" if number == 1 else f"{number} mailboxes"
    if report.exported is None:
        return f"{mailboxes}; exports are {'not known' if report.unread else 'not declared'}"
    first = _count_stages([each.first for each in report.exported if each.first])
    final = _count_stages([each.final for each in report.exported if each.final])
    since = f", the oldest on {_show_time(report.oldest)}" if report.oldest else ""
    return f"{mailboxes}; first pass: {first}; final pass: {final}{since}"


def list_remarks(report: OrganizationReport) -> Iterator[str]:
    """Say what a person should know of exports that count as verified."""
    for each in report.exported or ():
        if each.verified and each.verified.reason:
            yield f"{each.reference}: {each.verified.reason}"


def list_gone(report: OrganizationReport) -> Iterator[str]:
    """Say of whoever has no mailbox any more what there is of it."""
    for each in report.gone:
        found = each.verified
        what = "there is no export of it: lost"
        if found and found.exported_at is not None:
            what = f"its export of {_show_time(found.exported_at)} is all there is"
        elif found:
            what = "its export is all there is"
        yield f"{each.reference} ({each.latest.id}): {what}"


def _count_stages(exported: Sequence[Exported]) -> str:
    counts = {stage: sum(each.stage is stage for each in exported) for stage in Stage}
    shown = ", ".join(f"{number} {stage}" for stage, number in counts.items() if number)
    return shown or "not begun"


def describe_export(exported: MailboxExports) -> str:
    """Say how far one mailbox is in both passes."""
    return "; ".join(
        f"{name}: {_describe_pass(each)}"
        for name, each in (("first pass", exported.first), ("final pass", exported.final))
        if each
    )


def _describe_pass(exported: Exported) -> str:
    verified_at = exported.verified_at
    at = f" on {_show_time(verified_at)}" if verified_at else ""
    reason = f", {exported.reason}" if exported.reason else ""
    return f"{exported.stage}{at}{reason}"


def _show_time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def describe_cost(report: OrganizationReport) -> str:
    """Say what it costs until the end, and what that rests on."""
    months = "1 month" if report.months == 1 else f"{report.months} months"
    users = "1 user" if report.paid == 1 else f"{report.paid} users"
    price = render_amount(report.cents_per_month)
    return (
        f"{render_amount(report.cents_left)} until the end: {users}, {months} with this one, "
        f"{price} for each user and month (https://aws.amazon.com/workmail/pricing/)"
    )


def list_sums(move: Move) -> Iterator[Sum]:
    """Sum up each kind that the organization has."""
    for kind in ItemKind:
        counts = [move.count(placement, kind) for placement in Placement]
        if any(counts):
            yield Sum(kind=kind, in_files=counts[0], by_hand=counts[1], lost=counts[2])


def list_tasks(move: Move, placement: Placement) -> Iterator[Task]:
    """Gather the entries of one placement by kind and note, in the order of the ledger."""
    gathered: dict[tuple[ItemKind, str], list[str]] = {}
    for entry in move.entries:
        if entry.placement is placement:
            key = (entry.item.kind, entry.note)
            gathered.setdefault(key, []).append(str(entry.item))
    for (kind, note), names in gathered.items():
        yield Task(kind=kind, note=note, names=tuple(names))


def list_files(move: Move) -> Iterator[tuple[str, int]]:
    """Count the items in each file."""
    for file in move.files:
        yield file.path, sum(entry.file == file.path for entry in move.entries)


def describe_sign_ins(log: SignInLog) -> str:
    """Say what the audit logs say as a whole."""
    if log.is_silent:
        events = "1 event" if log.others == 1 else f"{log.others} events"
        others = f", and {events} of other kinds" if log.others else ""
        return (
            f"Who still signs in is not known: the logs have no authentication event{others}. Name "
            "the logs of WorkMail's authentication events with --sign-ins, of some days"
        )
    if log.found:
        return "Who still signs in:"
    return "Nobody signs in any more, by the logs" + (
        f": {log.attempts} attempts, all of which failed"
        if log.attempts > 1
        else ": 1 attempt, which failed"
    )


def group_sign_ins(report: LeaveReport) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Say by protocol who signed in, how often, and when last."""
    found = report.sign_ins.found if report.sign_ins else ()
    for protocol, group in groupby(found, key=lambda each: each.protocol):
        yield (
            protocol,
            tuple(f"{each.user} ({each.times}, last on {each.last:%Y-%m-%d})" for each in group),
        )
