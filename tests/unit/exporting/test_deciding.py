"""What is decided of exports, on its own: any WorkMail that keeps its two limits."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workmail_org.exporting import deciding
from workmail_org.exporting.model import (
    Checked,
    Evidence,
    Exported,
    Job,
    JobLog,
    JobState,
    Pass,
    Stage,
)
from workmail_org.model.values import EntityId

NOW = 1_790_000_000.0
DAY = 86400.0
LOG = JobLog(sha384="ab" * 48, messages=4, left_out=2)


def make(name: str = "alice", **fields: object) -> Exported:
    entry = Exported(export_pass=Pass.FIRST, id=EntityId(f"id-{name}"), name=name, since=NOW)
    return replace(entry, **fields)  # pyright: ignore[reportArgumentType]


def make_job(number: int, state: JobState, **fields: object) -> Job:
    job = Job(id=f"hidden-{number}", entity_id=f"other-{number}", state=state, started_at=NOW - 60)
    return replace(job, **fields)  # pyright: ignore[reportArgumentType]


EXPORTED = make(stage=Stage.EXPORTED, attempts=1, started_at=NOW - 600, path="p/j.zip", job_id="j")


@pytest.mark.parametrize(
    ("evidence", "stage", "checked", "reason"),
    [
        (
            Evidence(size=9, messages=4, sha384="ab" * 48, log=LOG),
            Stage.VERIFIED,
            Checked.HASH,
            "",
        ),
        (
            Evidence(size=9, messages=4, sha384="ab" * 48, log=replace(LOG, sha384="AB" * 48)),
            Stage.VERIFIED,
            Checked.HASH,
            "",
        ),
        (
            Evidence(size=9, messages=3, sha384="ab" * 48, log=LOG),
            Stage.VERIFIED,
            Checked.HASH,
            "the zip has 3 files, the log says 4 messages",
        ),
        (
            Evidence(size=9, messages=4, read_whole=True),
            Stage.VERIFIED,
            Checked.CONTENT,
            "the log of the job was not found: nothing to compare its SHA-384 with",
        ),
        (
            Evidence(size=9, messages=4, log=LOG),
            Stage.VERIFIED,
            Checked.SIZE,
            "too large to read within 15 minutes: only its presence is verified",
        ),
        (
            Evidence(size=9, messages=4, sha384="cd" * 48, log=LOG),
            Stage.WAITING,
            None,
            "p/j.zip: its SHA-384 is cdcdcdcdcdcd…, and the log of the job says abababababab…",
        ),
        (Evidence(), Stage.WAITING, None, "WorkMail says COMPLETED, and p/j.zip is not there"),
        (Evidence(size=0, log=LOG), Stage.WAITING, None, "p/j.zip: the zip does not open"),
        (
            Evidence(size=9, messages=4, log=LOG, problem="an entry cannot be read"),
            Stage.WAITING,
            None,
            "p/j.zip: an entry cannot be read",
        ),
    ],
)
def test_a_file_is_verified_by_what_was_read_of_it(
    evidence: Evidence, stage: Stage, checked: Checked | None, reason: str
) -> None:
    found = deciding.judge_evidence(EXPORTED, evidence, now=NOW)

    assert (stage, checked, reason) == (found.stage, found.checked, found.reason)
    assert (found.verified_at == NOW) is (stage is Stage.VERIFIED)


def test_a_complete_job_that_names_no_file_is_tried_once_more() -> None:
    running = make(stage=Stage.RUNNING, attempts=1, started_at=NOW - 600, job_id="j")
    job = make_job(1, JobState.COMPLETED, entity_id="id-alice")

    found = deciding.judge_job(running, job, now=NOW)

    assert (Stage.WAITING, "WorkMail says COMPLETED, and not where the file is") == (
        found.stage,
        found.reason,
    )


def test_a_job_that_workmail_has_forgotten_is_a_failure_like_any_other() -> None:
    running = make(stage=Stage.RUNNING, attempts=2, started_at=NOW - 600, job_id="j")

    found = deciding.judge_job(running, None, now=NOW)

    assert (Stage.FAILED, "WorkMail does not know the job j any more") == (
        found.stage,
        found.reason,
    )


def test_a_file_that_is_wrong_twice_is_a_failure() -> None:
    found = deciding.judge_evidence(replace(EXPORTED, attempts=2), Evidence(), now=NOW)

    assert Stage.FAILED is found.stage


def test_a_limit_that_nothing_explains_is_tried_each_hour_and_ends() -> None:
    entry, hours = make(), 0
    while not entry.is_over:
        entry = deciding.judge_refusal(
            entry, "LimitExceededException", "too early", [], running=0, now=NOW + hours * 3600
        )
        hours += 1

    assert 30 == hours
    assert "WorkMail refused for more than a day: too early" == entry.reason


def test_a_full_house_changes_nothing_of_a_mailbox() -> None:
    entry = make()

    assert entry == deciding.judge_refusal(
        entry, "LimitExceededException", "ten run", [], running=10, now=NOW
    )


def test_the_24_hours_of_somebodys_job_are_recognized() -> None:
    job = make_job(1, JobState.COMPLETED, entity_id="id-alice", started_at=NOW - 7200)
    found = deciding.judge_refusal(
        make(), "LimitExceededException", "once a day", [job], running=1, now=NOW
    )

    assert (Stage.WAITING, NOW - 7200 + DAY) == (found.stage, found.not_before)


def test_a_job_that_no_list_shows_yet_takes_its_room() -> None:
    running = [make(f"r{n}", stage=Stage.RUNNING, job_id=f"unseen-{n}") for n in range(9)]
    waiting = [make(f"w{n}") for n in range(3)]

    chosen = deciding.choose_starts([*running, *waiting], [], now=NOW)

    assert ["w0"] == [entry.name for entry in chosen]


def test_a_mailbox_that_was_never_tried_comes_before_one_that_failed() -> None:
    entries = [make("again", attempts=1), make("new")]

    assert ["new", "again"] == [
        entry.name for entry in deciding.choose_starts(entries, [], now=NOW)
    ]


def test_what_goes_to_workmail_fits_its_patterns() -> None:
    """WorkMail API 2017-10-01: IdempotencyClientToken, S3ObjectKey, Description."""
    entry = make(id="S-1-1-12-1234567890-1234567890-1234567890-1234567890")

    assert re.fullmatch(r"[\x21-\x7e]{1,128}", deciding.make_token("m-0", entry.id, NOW))
    assert re.fullmatch(r"[A-Za-z0-9!_.*'()/-]{1,1023}", deciding.make_prefix("mail/", entry, NOW))
    assert len(deciding.describe(entry)) <= 1023


def test_a_token_is_one_for_a_day_a_mailbox_and_an_organization() -> None:
    midnight = NOW // DAY * DAY
    same = {deciding.make_token("m-0", "id", midnight + each) for each in (0, 1, DAY - 1)}
    others = {
        deciding.make_token("m-0", "id", midnight + DAY),
        deciding.make_token("m-0", "other", midnight),
        deciding.make_token("m-1", "id", midnight),
    }

    assert 1 == len(same)
    assert 3 == len(others - same)


def test_the_estimate_counts_rounds_of_ten_and_pauses() -> None:
    done = [make(f"d{n}", stage=Stage.VERIFIED, started_at=NOW, ended_at=NOW + 540) for n in "ab"]
    waiting = [make(f"w{n}") for n in range(25)]

    assert None is deciding.estimate_seconds(waiting, now=NOW)
    assert 0.0 == deciding.estimate_seconds(done, now=NOW)
    assert 3 * 600.0 == deciding.estimate_seconds([*done, *waiting], now=NOW)
    late = make("late", not_before=NOW + DAY)
    assert DAY + 600 == deciding.estimate_seconds([*done, *waiting, late], now=NOW)


@dataclass
class Service:
    """A WorkMail of which nothing is known but its two limits; jobs end as they are told to.

    Attributes:
        ends: How the jobs of a mailbox end, one after the other; then COMPLETED.
        jobs: By id.
        most: Most jobs that ever ran at once.
    """

    ends: dict[str, list[str]]
    others: int
    jobs: dict[str, Job] = field(default_factory=dict[str, Job])
    durations: dict[str, float] = field(default_factory=dict[str, float])
    most: int = 0

    def list(self, now: float) -> list[Job]:
        return [
            self.look(job.id, now) for job in self.jobs.values() if job.started_at > now - 7 * DAY
        ]

    def look(self, job_id: str, now: float) -> Job:
        job = self.jobs[job_id]
        if now < job.started_at + self.durations[job_id]:
            return job
        words = self.ends.get(job.entity_id, [])
        attempt = [j.id for j in self.jobs.values() if j.entity_id == job.entity_id].index(job_id)
        state = JobState(words[attempt]) if attempt < len(words) else JobState.COMPLETED
        return replace(job, state=state, ended_at=now, path=f"{job_id}.zip", error="bad mailbox")

    def start(self, entry: Exported, now: float, duration: float) -> str | None:
        jobs = self.list(now)
        running = sum(job.state is JobState.RUNNING for job in jobs) + self.others
        if running >= 10:
            return None
        if any(j.entity_id == entry.id and j.started_at > now - DAY for j in jobs):
            raise AssertionError(f"{entry.name} is exported twice within 24 hours")
        job_id = f"job-{len(self.jobs)}"
        self.jobs[job_id] = Job(
            id=job_id,
            entity_id=entry.id,
            state=JobState.RUNNING,
            started_at=now,
            description=deciding.describe(entry),
        )
        self.durations[job_id] = duration
        self.most = max(self.most, running + 1)
        return job_id


ENDS = st.lists(st.sampled_from(["COMPLETED", "FAILED", "CANCELLED"]), max_size=3)


@given(
    ends=st.lists(ENDS, min_size=1, max_size=25),
    others=st.integers(0, 9),
    durations=st.lists(st.sampled_from([30.0, 600.0, 7200.0, 30_000.0]), min_size=1),
    lost=st.sets(st.integers(0, 40)),
    broken=st.sets(st.integers(0, 24)),
)
def test_any_organization_ends_with_everybody_verified_or_failed(
    ends: list[list[str]],
    others: int,
    durations: list[float],
    lost: set[int],
    broken: set[int],
) -> None:
    """Never more than ten at once, never a mailbox twice within 24 hours, whatever is lost."""
    service = Service({f"id-u{n}": each for n, each in enumerate(ends)}, others)
    entries = {f"id-u{n}": make(f"u{n}") for n in range(len(ends))}
    now, calls = NOW, 0

    def note(changed: Exported) -> None:
        entries[changed.id] = changed

    for _ in range(2000):  # 27 days
        jobs = service.list(now)
        hidden = [make_job(n, JobState.RUNNING) for n in range(others)]
        jobs = [*jobs, *hidden]
        for entry in deciding.adopt_own_jobs(list(entries.values()), jobs):
            note(entry)
        for entry in list(entries.values()):
            if entry.stage is Stage.RUNNING and entry.job_id:
                note(deciding.judge_job(entry, service.look(entry.job_id, now), now=now))
            if entry.stage is Stage.EXPORTED:
                bad = int(entry.name[1:]) in broken
                seen = Evidence() if bad else Evidence(size=1, messages=1, read_whole=True)
                note(deciding.judge_evidence(entry, seen, now=now))
        for entry in deciding.postpone(list(entries.values()), jobs, now=now):
            note(entry)
        for entry in deciding.choose_starts(list(entries.values()), jobs, now=now):
            calls += 1
            job_id = service.start(entry, now, durations[calls % len(durations)])
            assert job_id is not None
            if calls not in lost:
                note(deciding.note_start(entry, job_id, now))
        if all(entry.is_over for entry in entries.values()):
            break
        now += max(1200, deciding.find_pause(entries.values(), now=now))

    assert all(entry.is_over for entry in entries.values())
    assert all(entry.reason for entry in entries.values() if entry.stage is Stage.FAILED)
    assert service.most <= 10
    for entry_id in entries:
        moments = sorted(j.started_at for j in service.jobs.values() if j.entity_id == entry_id)
        assert all(later - earlier >= DAY for earlier, later in pairwise(moments))
        assert len(moments) <= 2
