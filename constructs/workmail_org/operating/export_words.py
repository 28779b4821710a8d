"""Words for exports: how far a pass is, and what came of it, as plain lines and as JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape as escape_markup
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from workmail_org.exporting.deciding import count, estimate_seconds
from workmail_org.exporting.model import Exported, Pass, Stage
from workmail_org.operating.exporting import Follow, PassView
from workmail_org.spec.characters import escape

_MINUTE, _HOUR, _DAY = 60, 3600, 86400

_TIMES = (
    *("since", "not_before", "started_at", "ended_at", "verified_at"),
    *("former_started_at", "former_verified_at", "gone_at"),
)

_INTERNAL = ("checking_since", "checks", "refusals", "revision", "export_pass")
"""Fields of the journal that mean something to the runner alone."""


@contextmanager
def show_progress(organization: str, console: Console | None = None) -> Generator[Follow]:
    """Give what is told how far a pass is: a bar on a terminal, else a line for each change."""
    target = console or Console(stderr=True, highlight=False, soft_wrap=True)
    if not target.is_terminal:
        said: list[str] = []

        def say(entries: Sequence[Exported]) -> None:
            line = f"{organization}: {describe_progress(entries)}"
            if line not in said[-1:]:
                said.append(line)
                target.print(escape_markup(escape(line)))

        yield say
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=target, transient=True) as bars:
        task = bars.add_task(escape_markup(escape(organization)), total=None)

        def follow(entries: Sequence[Exported]) -> None:
            done = sum(entry.is_over for entry in entries)
            text = escape_markup(escape(f"{organization}: {describe_progress(entries)}"))
            bars.update(task, completed=done, total=len(entries) or None, description=text)

        yield follow


def describe_progress(entries: Sequence[Exported], *, now: float | None = None) -> str:
    """Say in one line how far a pass is, and how long it may still take."""
    if not entries:
        return "the mailboxes are being listed"
    moment = time.time() if now is None else now
    counts = count(entries)
    parts = [f"{number} {stage}" for stage, number in counts.items() if number]
    text = ", ".join(parts)
    if all(entry.is_over for entry in entries):
        return text
    seconds = estimate_seconds(entries, now=moment)
    if seconds is None:
        return f"{text}; no job has ended yet, so there is no estimate"
    return f"{text}; about {describe_duration(seconds)} left"


def describe_duration(seconds: float) -> str:
    """Say how long something takes, as exactly as an estimate is."""
    if seconds < 2 * _HOUR:
        return _count(max(1, round(seconds / _MINUTE)), "minute", "minutes")
    if seconds < 2 * _DAY:
        return f"{round(seconds / _HOUR)} hours"
    return f"{round(seconds / _DAY)} days"


def render_pass(organization: str, name: Pass, watched: PassView) -> Iterator[str]:
    """Write what came of a pass: who failed and why, remarks, and what no export holds."""
    entries = watched.entries
    if not entries:
        found = "no mailbox is in it yet"
        if watched.has_ended:
            found = "no user and no resource has a mailbox, so there is nothing to export"
        yield f"{organization}: {name} pass: {found}"
        return
    yield f"{organization}: {name} pass, {_count(len(entries), 'mailbox', 'mailboxes')}: " + (
        describe_progress(entries)
    )
    for entry in entries:
        if entry.gone_at is not None:
            said = "is verified" if entry.stage is Stage.VERIFIED else "has no verified export"
            yield (
                f"  {entry.reference} {said} in this pass; WorkMail does not have the mailbox any "
                "more"
            )
        elif entry.stage is Stage.FAILED:
            yield f"  {entry.reference} failed: {entry.reason}"
        elif entry.stage is Stage.WAITING and entry.not_before is not None:
            reason = f": {entry.reason}" if entry.reason else ""
            yield f"  {entry.reference} waits until {_show(entry.not_before)}{reason}"
        elif entry.stage is Stage.VERIFIED and entry.reason:
            yield f"  {entry.reference} is verified; {entry.reason}"
    if all(entry.is_over for entry in entries) and not watched.has_ended:
        yield "  who has a mailbox by now is not known: the run goes on, or was stopped in AWS"
    left = sorted((e for e in entries if e.left_out), key=lambda e: -(e.left_out or 0))
    if left:
        named = ", ".join(f"{each.reference} {each.left_out}" for each in left)
        total = sum(each.left_out or 0 for each in left)
        yield (
            f"  not in the exports: {_count(total, 'item', 'items')} (contacts, tasks, notes): "
            f"{named}"
        )


def render_pass_json(organization: str, name: Pass, watched: PassView) -> str:
    """Write the same as one JSON object; times in UTC (RFC 3339)."""
    document = {
        "organization": organization,
        "pass": str(name),
        "over": watched.is_over,
        "counts": {str(stage): number for stage, number in count(watched.entries).items()},
        "mailboxes": [_make_row(entry) for entry in watched.entries],
    }
    return json.dumps(document, indent=2)


def _make_row(entry: Exported) -> dict[str, object]:
    row: dict[str, object] = {"reference": str(entry.reference), **asdict(entry)}
    for name in _INTERNAL:
        del row[name]
    for name in _TIMES:
        moment = getattr(entry, name)
        row[name] = None if moment is None else _show(moment)
    return row


def _show(epoch: float) -> str:
    return datetime.fromtimestamp(int(epoch), UTC).isoformat()


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
