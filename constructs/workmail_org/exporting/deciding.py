"""Deciding: which mailbox comes next, what a job's state means, when a mailbox is verified. Pure.

How it works
------------

WorkMail runs ten export jobs of an organization at a time and exports a mailbox once in 24 hours;
its lists forget a job after seven days. So the journal is the only memory, and it has one entry for
each mailbox (`model.Exported`):

    waiting ──start──▶ running ──COMPLETED──▶ exported ──file read──▶ verified
       ▲                  │                      │
       └──once more, when the 24 hours are over──┴──────────────────▶ failed

Everything goes in rounds, some 60 seconds apart. A round reads the journal and WorkMail's list of
jobs, asks for the state of each job that the journal says is running, and starts as many jobs as
there is room. It remembers nothing from one round to the next. Whatever interrupts it, the next
round finds out from the journal and the list what was done:

* A job was started and its answer lost: the list shows it with our description
  (`adopt_own_jobs`); until the list does, the deterministic token makes WorkMail answer with the
  same job.
* Two rounds at once: both ask with the same token. The journal refuses the write of whoever read
  an older entry.
* WorkMail says LimitExceeded, its only error for two limits: a job of this mailbox within 24 hours
  is in the list, or ten run, or neither shows (`judge_refusal`).

Any job of a mailbox counts for the 24 hours, whoever started it and however it ended: whether
WorkMail counts failed ones is not known, and waiting loses a day while trying loses an archive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from workmail_org.exporting.model import (
    Checked,
    Evidence,
    Exported,
    Job,
    JobState,
    MailboxExports,
    Stage,
)

MOST_RUNNING = 10
"""Jobs of one organization at a time (WorkMail Admin Guide, "mail-export")."""

DAY_SECONDS = 86400.0
"""A mailbox is exported once in 24 hours (WorkMail Admin Guide, "mail-export")."""

MOST_ATTEMPTS = 2
"""A failed job is tried once more."""

MOST_REFUSALS = 30
"""Over a day of hours: longer than the 24 hours of any job that no list shows."""

MOST_CHECKS = 3
"""How often somebody begins to read a file; Lambda itself tries an event three times."""

CHECK_SECONDS = 20 * 60.0
"""A function ends after 15 minutes (Lambda quotas); who has not answered then never will."""

ROUND_SECONDS = 60
"""Between two rounds while jobs run: a job takes minutes to hours."""

LONGEST_PAUSE_SECONDS = 3600
"""Between two rounds when nothing can be done: other people's jobs end meanwhile."""

_TOO_EARLY_SECONDS = 3600.0
"""After a refusal whose cause no list shows."""

_LIMIT = "LimitExceededException"


def make_token(organization_id: str, entity_id: str, now: float) -> str:
    r"""Make the token by which WorkMail knows a repeated start of a day.

    Returns:
        64 characters of `[\x21-\x7e]{1,128}` (WorkMail API 2017-10-01, IdempotencyClientToken).
    """
    day = _format(now)[:10]
    return hashlib.sha256(f"{organization_id}/{entity_id}/{day}".encode()).hexdigest()


def describe(entry: Exported) -> str:
    """Describe the job that is about to be started, so that a list tells it from others' jobs."""
    return f"workmail-org {entry.export_pass} {entry.id} since {_format(entry.since)}"


def make_prefix(prefix: str, entry: Exported, now: float) -> str:
    """Make the prefix of a job's files: one folder for each mailbox, pass and day.

    It is made of the user's id: addresses have characters that the API refuses (`S3ObjectKey`).
    """
    return f"{prefix}{entry.export_pass}/{entry.id}/{_format(now)[:10]}/"


def renew(entry: Exported, *, now: float, again: bool = False) -> Exported:
    """Put a mailbox back whose export failed, when a person asks for it.

    Args:
        entry: Of any stage.
        now: As WorkMail's clock has it.
        again: Also one that is verified, since something came into the mailbox after that. What is
            verified goes on to count as an export, until there is a newer one.
    """
    if entry.stage is Stage.VERIFIED and again:
        return replace(
            _begin_anew(entry, now=now, reason="to be exported again"),
            former_path=entry.path,
            former_version=entry.version,
            former_sha384=entry.sha384,
            former_started_at=entry.started_at,
            former_verified_at=entry.verified_at,
        )
    if entry.stage is Stage.FAILED:
        reason = f"to be tried again; before it failed: {entry.reason}"
        return _begin_anew(entry, now=now, reason=reason)
    return entry


def read_again(entry: Exported) -> Exported:
    """Let the file of a verified export be read once more: somebody may have deleted it.

    Until then it counts as not verified. If it is gone, the mailbox is exported again.
    """
    if entry.stage is not Stage.VERIFIED:
        return entry
    return replace(
        entry,
        stage=Stage.EXPORTED,
        attempts=0,
        checking_since=None,
        checks=0,
        checked=None,
        verified_at=None,
        reason="its file is to be read again",
    )


def note_presence(entry: Exported, *, is_there: bool, now: float) -> Exported:
    """Note whether WorkMail still has a mailbox; who waits for one that is gone waits in vain."""
    if is_there:
        return entry if entry.gone_at is None else replace(entry, gone_at=None)
    if entry.gone_at is not None:
        return entry
    if entry.stage is Stage.WAITING:
        reason = "WorkMail does not have the mailbox any more"
        return replace(entry, stage=Stage.FAILED, not_before=None, reason=reason, gone_at=now)
    return replace(entry, gone_at=now)


def _begin_anew(entry: Exported, *, now: float, reason: str) -> Exported:
    return Exported(
        export_pass=entry.export_pass,
        id=entry.id,
        name=entry.name,
        kind=entry.kind,
        email=entry.email,
        enabled=entry.enabled,
        since=now,
        not_before=entry.not_before,
        reason=reason,
        former_path=entry.former_path,
        former_version=entry.former_version,
        former_sha384=entry.former_sha384,
        former_started_at=entry.former_started_at,
        former_verified_at=entry.former_verified_at,
        revision=entry.revision,
    )


def adopt_own_jobs(entries: Iterable[Exported], jobs: Iterable[Job]) -> list[Exported]:
    """Return waiting entries whose job runs, or ran: its answer was lost."""
    own = {
        (job.entity_id, job.description): job for job in sorted(jobs, key=lambda j: j.started_at)
    }
    found: list[Exported] = []
    for entry in entries:
        job = own.get((entry.id, describe(entry)))
        if entry.stage is Stage.WAITING and job and not _is_known(entry, job):
            found.append(note_start(entry, job.id, job.started_at))
    return found


def _is_known(entry: Exported, job: Job) -> bool:
    """Return whether a job is that of an earlier attempt, which has ended."""
    return entry.job_id == job.id or (
        entry.started_at is not None and job.started_at <= entry.started_at
    )


def choose_starts(
    entries: Sequence[Exported], jobs: Sequence[Job], *, now: float
) -> list[Exported]:
    """Choose whom to export now: never more than WorkMail runs at a time, others' jobs included.

    A job that was just started may not be in the list yet, and counts.
    """
    listed = {job.id: job for job in jobs}
    running = {job.id for job in jobs if job.state is JobState.RUNNING}
    running |= {
        entry.job_id
        for entry in entries
        if entry.stage is Stage.RUNNING and entry.job_id and entry.job_id not in listed
    }
    latest = find_latest(jobs)
    ready = [
        entry
        for entry in entries
        if entry.stage is Stage.WAITING
        and (entry.not_before is None or entry.not_before <= now)
        and latest.get(entry.id, float("-inf")) + DAY_SECONDS <= now
    ]
    ready.sort(key=lambda entry: (entry.attempts, entry.not_before or 0.0, entry.name))
    return ready[: max(0, MOST_RUNNING - len(running))]


def find_latest(jobs: Iterable[Job]) -> dict[str, float]:
    """Find when the last job of each mailbox was started."""
    latest: dict[str, float] = {}
    for job in jobs:
        latest[job.entity_id] = max(job.started_at, latest.get(job.entity_id, job.started_at))
    return latest


def postpone(entries: Iterable[Exported], jobs: Iterable[Job], *, now: float) -> list[Exported]:
    """Return waiting entries that have to wait for the 24 hours of somebody's job, and say so."""
    latest = find_latest(jobs)
    found: list[Exported] = []
    for entry in entries:
        until = latest.get(entry.id, float("-inf")) + DAY_SECONDS
        if entry.stage is Stage.WAITING and until > max(now, entry.not_before or now):
            reason = entry.reason or "it was exported within the last 24 hours"
            found.append(replace(entry, not_before=until, reason=reason))
    return found


def note_start(entry: Exported, job_id: str, now: float) -> Exported:
    """Note that a job runs."""
    return replace(
        entry,
        stage=Stage.RUNNING,
        attempts=entry.attempts + 1,
        refusals=0,
        not_before=None,
        job_id=job_id,
        progress=0,
        started_at=now,
        ended_at=None,
        path=None,
        reason="",
    )


def judge_refusal(
    entry: Exported, code: str, words: str, jobs: Sequence[Job], *, running: int, now: float
) -> Exported:
    """Say what a refused start means for a mailbox.

    Args:
        entry: Waiting.
        code: AWS's error code.
        words: WorkMail's own.
        jobs: As listed after the refusal.
        running: How many of them run.
        now: As WorkMail's clock has it.
    """
    if code != _LIMIT:
        return fail(entry, f"WorkMail refused: {words}{_advise(entry)}", now=now, again=False)
    until = find_latest(jobs).get(entry.id, float("-inf")) + DAY_SECONDS
    if until > now:
        return replace(entry, not_before=until, reason=words)
    if running >= MOST_RUNNING:
        return entry  # there is no room: somebody else was faster
    if entry.refusals + 1 >= MOST_REFUSALS:
        return fail(entry, f"WorkMail refused for more than a day: {words}", now=now, again=False)
    return replace(
        entry, refusals=entry.refusals + 1, not_before=now + _TOO_EARLY_SECONDS, reason=words
    )


def _advise(entry: Exported) -> str:
    """Say what can be done about who is switched off; nobody is switched on without being asked."""
    if entry.enabled:
        return ""
    return (
        f"; {entry.reference} is switched off, and whether WorkMail exports such a mailbox is not "
        "documented: switch it on (enabled: true), deploy, export, then switch it off again; "
        "WorkMail erases the mailbox 30 days after it was switched off"
    )


def judge_job(entry: Exported, job: Job | None, *, now: float) -> Exported:
    """Say what the state of its job means for a mailbox.

    Args:
        entry: Running.
        job: As described; `None`: WorkMail does not know it any more.
        now: As WorkMail's clock has it.
    """
    if job is None:
        return fail(entry, f"WorkMail does not know the job {entry.job_id} any more", now=now)
    shown = replace(
        entry,
        progress=job.progress,
        started_at=job.started_at or entry.started_at,
        ended_at=job.ended_at,
        path=job.path,
    )
    match job.state:
        case JobState.RUNNING:
            return shown
        case JobState.COMPLETED if not job.path:
            return fail(shown, "WorkMail says COMPLETED, and not where the file is", now=now)
        case JobState.COMPLETED:
            return replace(shown, stage=Stage.EXPORTED, checking_since=None, checks=0)
        case JobState.CANCELLED:
            # Somebody wanted it to end.
            return fail(shown, "the job was cancelled by hand", now=now, again=False)
        case JobState.FAILED:
            return fail(shown, f"WorkMail says: {job.error or 'FAILED, without a reason'}", now=now)


def fail(entry: Exported, reason: str, *, now: float, again: bool = True) -> Exported:
    """Give a mailbox another try when its 24 hours are over, or call it failed.

    Args:
        entry: Of any stage.
        reason: Why.
        now: As WorkMail's clock has it.
        again: Whether another try could end otherwise.
    """
    until = (entry.started_at or now) + DAY_SECONDS if entry.started_at else None
    if again and entry.attempts < MOST_ATTEMPTS:
        return replace(entry, stage=Stage.WAITING, not_before=until, reason=reason)
    return replace(entry, stage=Stage.FAILED, not_before=until, reason=reason)


def choose_checks(entries: Iterable[Exported], *, clock: float) -> tuple[list[Exported], ...]:
    """Choose whose file is to be read now.

    Args:
        entries: Of the journal.
        clock: Of the function: it is its own time that is limited.

    Returns:
        Whom to read, and who was begun too often without an answer.
    """
    due = [
        entry
        for entry in entries
        if entry.stage is Stage.EXPORTED
        and (entry.checking_since is None or entry.checking_since + CHECK_SECONDS < clock)
    ]
    return (
        [
            replace(entry, checking_since=clock, checks=entry.checks + 1)
            for entry in due
            if entry.checks < MOST_CHECKS
        ],
        [entry for entry in due if entry.checks >= MOST_CHECKS],
    )


def give_up_check(entry: Exported, *, now: float) -> Exported:
    """Say that a file could not be read."""
    reason = f"WorkMail says COMPLETED, and {MOST_CHECKS} tries to read {entry.path} did not end"
    return fail(entry, reason, now=now, again=False)


def judge_evidence(entry: Exported, evidence: Evidence, *, now: float) -> Exported:
    """Say whether what lies in S3 is the mailbox.

    Args:
        entry: Exported.
        evidence: What was found.
        now: As WorkMail's clock has it.
    """
    log = evidence.log
    shown = replace(
        entry,
        size=evidence.size,
        version=evidence.version,
        sha384=evidence.sha384,
        messages=evidence.messages,
        stated_messages=log.messages if log else None,
        left_out=log.left_out if log else None,
    )
    if evidence.size is None:
        return fail(shown, f"WorkMail says COMPLETED, and {entry.path} is not there", now=now)
    if evidence.problem or evidence.messages is None:
        problem = evidence.problem or "the zip does not open"
        return fail(shown, f"{entry.path}: {problem}", now=now)
    if log and log.sha384 and evidence.sha384 and log.sha384.lower() != evidence.sha384:
        reason = (
            f"{entry.path}: its SHA-384 is {evidence.sha384[:12]}…, and the log of the job says "
            f"{log.sha384[:12]}…"
        )
        return fail(shown, reason, now=now)
    if evidence.sha384 and log and log.sha384:
        checked = Checked.HASH
    else:
        checked = Checked.CONTENT if evidence.read_whole else Checked.SIZE
    return replace(
        shown,
        stage=Stage.VERIFIED,
        checked=checked,
        verified_at=now,
        reason="; ".join(_list_remarks(evidence, checked)),
    )


def _list_remarks(evidence: Evidence, checked: Checked) -> list[str]:
    """Say what a person should know of a file that counts as verified."""
    remarks: list[str] = []
    if evidence.log is None:
        remarks.append("the log of the job was not found: nothing to compare its SHA-384 with")
    if checked is Checked.SIZE:
        remarks.append("too large to read within 15 minutes: only its presence is verified")
    stated = evidence.log.messages if evidence.log else None
    if stated is not None and stated != evidence.messages:
        # What counts as a message is not documented, so this is not a failure.
        remarks.append(f"the zip has {evidence.messages} files, the log says {stated} messages")
    return remarks


def find_pause(entries: Iterable[Exported], *, now: float) -> int:
    """Say in how many seconds the next round has something to do."""
    soonest = float(LONGEST_PAUSE_SECONDS)
    for entry in entries:
        if entry.stage in (Stage.RUNNING, Stage.EXPORTED):
            return ROUND_SECONDS
        if entry.stage is Stage.WAITING:
            soonest = min(soonest, (entry.not_before or now) - now)
    return max(ROUND_SECONDS, int(soonest))


def count(entries: Iterable[Exported]) -> Mapping[Stage, int]:
    """Count mailboxes by stage."""
    counts = dict.fromkeys(Stage, 0)
    for entry in entries:
        counts[entry.stage] += 1
    return counts


def estimate_seconds(entries: Sequence[Exported], *, now: float) -> float | None:
    """Estimate how long a pass goes on, from the jobs that have ended.

    Returns:
        `None`: no job has ended yet. At least as long as the last pause of 24 hours.
    """
    taken = [
        entry.ended_at - entry.started_at
        for entry in entries
        if entry.ended_at is not None and entry.started_at is not None
    ]
    left = [entry for entry in entries if not entry.is_over]
    if not left:
        return 0.0
    if not taken:
        return None
    rounds = -(-len(left) // MOST_RUNNING)
    pauses = [entry.not_before - now for entry in left if entry.not_before]
    mean = sum(taken) / len(taken) + ROUND_SECONDS
    return max([rounds * mean, *(pause + mean for pause in pauses)])


def pair_passes(entries: Iterable[Exported]) -> dict[str, MailboxExports]:
    """Bring the entries of both passes together, by the id of the mailbox's user or resource."""
    found: dict[str, MailboxExports] = {}
    for entry in entries:
        pair = found.get(entry.id, MailboxExports())
        found[entry.id] = (
            replace(pair, final=entry) if entry.is_final else replace(pair, first=entry)
        )
    return found


def find_verified(entries: Iterable[Exported]) -> dict[str, Exported]:
    """Find the verified export of each mailbox that has one, in whatever pass, by id."""
    pairs = pair_passes(entries)
    return {key: each.verified for key, each in pairs.items() if each.verified}


def _format(epoch: float) -> str:
    """Write a time in ISO 8601, UTC, with whole seconds."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(epoch))).isoformat()
