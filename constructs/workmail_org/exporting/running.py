"""Running: one round of a pass, and its beginning. What is decided is `deciding`'s."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from workmail_org.errors import (
    DeniedError,
    NotFoundError,
    PermanentError,
    TemporaryError,
)
from workmail_org.exporting import deciding
from workmail_org.exporting.jobs import describe_job, list_jobs, read_time, start_job
from workmail_org.exporting.journal import Journal
from workmail_org.exporting.model import Exported, Job, JobState, Pass, Stage
from workmail_org.model.values import Kind, Reference, parse_reference
from workmail_org.service.reading import Listed, list_resources, list_users
from workmail_org.service.workmail import WorkMail

_LOGGER = logging.getLogger(__name__)

_LIMIT = "LimitExceededException"

HOW_TO_NAME = (
    "a user is NAME, a room or a piece of equipment is resource:NAME; groups and remote users have "
    "no mailbox"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTarget:
    """Where exports go; ARNs and names of AWS.

    Attributes:
        prefix: Ends with a slash, or is empty.
    """

    bucket: str
    prefix: str
    key_arn: str
    role_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What came of one round.

    Attributes:
        done: Every mailbox is verified or failed.
        pause: Seconds until the next round.
        counts: Mailboxes by stage.
        changed: Whether anything was written.
    """

    done: bool
    pause: int
    counts: Mapping[Stage, int]
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """The means of a round.

    Attributes:
        check: Lets somebody read the file of a mailbox, and does not wait for it.
        clock: Seconds since 1970, of this machine: for what this machine limits.
    """

    workmail: WorkMail
    journal: Journal
    place: ExportTarget
    check: Callable[[Exported], None]
    clock: Callable[[], float] = time.time
    log: Callable[..., None] = field(default_factory=lambda: _log)


def begin(
    runner: Runner,
    export_pass: Pass,
    names: Collection[str] = (),
    *,
    retry: bool = False,
    again: bool = False,
    verify: bool = False,
) -> int:
    """Put every mailbox into a pass that is not in it.

    Who is in a pass already and has no mailbox any more is noted, for both passes.
    Who is verified in this pass stays so, unless it is to be done again. Users who are switched off
    have a mailbox for 30 days, and are asked for as well: nobody knows yet whether WorkMail exports
    it.

    Args:
        runner: Of the organization.
        export_pass: Which.
        names: Users, and `resource:NAME`; empty: everybody.
        retry: Whether those that failed are tried again.
        again: Whether all are exported again, those that are verified too.
        verify: Whether the files of those that are verified are read again.

    Returns:
        How many entries were written.

    Raises:
        NotFoundError: Some name has no mailbox; nothing was written.
    """
    now = read_time(runner.workmail)
    everybody = [*list_users(runner.workmail), *list_resources(runner.workmail)]
    rows = choose_rows(everybody, names, now=now)
    added = _note_presence(runner, {row.id for row in choose_rows(everybody, (), now=now)}, now)
    known = {entry.id: entry for entry in runner.journal.read(export_pass)}
    for row in rows:
        entry = known.get(row.id)
        wanted = entry or _make_entry(row, export_pass, now)
        if entry and (retry or again):
            wanted = deciding.renew(entry, now=now, again=again)
        if entry and verify:
            wanted = deciding.read_again(wanted)
        if wanted != entry:
            runner.journal.write(wanted)
            added += 1
    runner.log("begun", export_pass=str(export_pass), mailboxes=len(rows), added=added)
    return added


def _note_presence(runner: Runner, present: Collection[str], now: float) -> int:
    """Note in both passes whose mailbox WorkMail does not have any more; return how many."""
    noted = 0
    for export_pass in Pass:
        for entry in runner.journal.read(export_pass):
            seen = deciding.note_presence(entry, is_there=entry.id in present, now=now)
            if seen != entry:
                runner.journal.write(seen)
                noted += 1
    return noted


def choose_rows(rows: Iterable[Listed], names: Collection[str], *, now: float) -> list[Listed]:
    """Choose the mailboxes of a pass. Pure.

    Raises:
        NotFoundError: Some name is nobody's.
    """
    moment = datetime.fromtimestamp(now, UTC)
    having = [row for row in rows if _has_mailbox(row, moment)]
    if not names:
        return having
    wanted = {parse_reference(name).folded for name in names}
    chosen = {row.reference.folded: row for row in having if row.reference.folded in wanted}
    if missing := list_missing(chosen, names):
        raise NotFoundError(f"no mailbox has the name {', '.join(missing)}: {HOW_TO_NAME}")
    return list(chosen.values())


def list_missing(having: Collection[Reference], names: Iterable[str]) -> list[str]:
    """List the names that are nobody's, sorted. Pure.

    Args:
        having: Folded references of all who have a mailbox.
        names: As a person wrote them.
    """
    return sorted({name for name in names if parse_reference(name).folded not in having})


def _has_mailbox(row: Listed, now: datetime) -> bool:
    if row.system or not row.has_mailbox or row.reference.kind is Kind.GROUP:
        return False
    return row.enabled or (row.deadline is not None and row.deadline > now)


def _make_entry(row: Listed, export_pass: Pass, now: float) -> Exported:
    return Exported(
        export_pass=export_pass,
        id=row.id,
        name=row.reference.name,
        kind=row.reference.kind,
        email=row.email,
        enabled=row.enabled,
        since=now,
    )


def advance(runner: Runner, export_pass: Pass) -> Round:
    """Take one step with every mailbox that can take one.

    Raises:
        ServiceError: Nothing can be done now, or ever; what was done is in the journal.
    """
    # 1. What time is it, what was noted, and what does WorkMail run, for us or anybody?
    now = read_time(runner.workmail)
    book = _Book(runner.journal, runner.journal.read(export_pass))
    jobs = list_jobs(runner.workmail)

    # 2. Jobs that were started and whose answer was lost; then what became of all that run.
    book.write(deciding.adopt_own_jobs(book.entries, jobs))
    for entry in book.get(Stage.RUNNING):
        job = describe_job(runner.workmail, entry.job_id or "")
        book.write([deciding.judge_job(entry, job, now=now)])

    # 3. Who is complete is read; another function does it, which may take its 15 minutes.
    due, given_up = deciding.choose_checks(book.entries, clock=runner.clock())
    for entry in book.write(due):
        runner.check(entry)
    book.write(deciding.give_up_check(entry, now=now) for entry in given_up)

    # 4. Who waits for the 24 hours of somebody's job is shown so. For others there may be room.
    book.write(deciding.postpone(book.entries, jobs, now=now))
    _start(runner, book, jobs, now)

    # 5. Whatever is not over is looked at again.
    found = Round(
        done=all(entry.is_over for entry in book.entries),
        pause=deciding.find_pause(book.entries, now=now),
        counts=deciding.count(book.entries),
        changed=book.changed,
    )
    runner.log("round", done=found.done, pause=found.pause, **_name_counts(found.counts))
    return found


def _start(runner: Runner, book: _Book, jobs: Sequence[Job], now: float) -> None:
    """Start as many jobs as there is room, until WorkMail says that there is none."""
    for entry in deciding.choose_starts(book.entries, jobs, now=now):
        try:
            job_id = start_job(
                runner.workmail,
                ClientToken=deciding.make_token(runner.workmail.organization_id, entry.id, now),
                EntityId=entry.id,
                Description=deciding.describe(entry),
                RoleArn=runner.place.role_arn,
                KmsKeyArn=runner.place.key_arn,
                S3BucketName=runner.place.bucket,
                S3Prefix=deciding.make_prefix(runner.place.prefix, entry, now),
            )
        except (DeniedError, TemporaryError):
            raise  # says nothing about this mailbox
        except PermanentError as error:
            listed = list_jobs(runner.workmail) if error.code == _LIMIT else jobs
            running = sum(job.state is JobState.RUNNING for job in listed)
            judged = deciding.judge_refusal(
                entry, error.code, str(error), listed, running=running, now=now
            )
            book.write([judged])
            if judged == entry:
                return  # no room
        else:
            runner.log("started", mailbox=str(entry.reference), job=job_id)
            book.write([deciding.note_start(entry, job_id, now)])


class _Book:
    """The entries of a pass as this round knows them; each change is written at once."""

    def __init__(self, journal: Journal, entries: Iterable[Exported]) -> None:
        self._journal = journal
        self._entries = {entry.id: entry for entry in entries}
        self.changed = False

    @property
    def entries(self) -> list[Exported]:
        """All of them."""
        return list(self._entries.values())

    def get(self, stage: Stage) -> list[Exported]:
        """Those of one stage."""
        return [entry for entry in self._entries.values() if entry.stage is stage]

    def write(self, changed: Iterable[Exported]) -> list[Exported]:
        """Write what differs from what is known; who was changed by somebody else is left out."""
        written: list[Exported] = []
        for entry in changed:
            if entry == self._entries[entry.id]:
                continue
            self.changed = True
            made = self._journal.write(entry) or self._journal.find(entry.export_pass, entry.id)
            if made is None:
                raise TemporaryError(f"the journal has lost {entry.reference}", operation="PutItem")
            self._entries[entry.id] = made
            if made.revision == entry.revision + 1 and made.stage is entry.stage:
                written.append(made)
        return written


def _name_counts(counts: Mapping[Stage, int]) -> dict[str, int]:
    return {str(stage): number for stage, number in counts.items()}


def _log(event: str, **fields: Any) -> None:
    """Write one line of JSON."""
    _LOGGER.info(json.dumps({"event": event, **fields}, default=str))
