"""What is known of mailbox exports: one entry for each mailbox in each pass, and what AWS shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from workmail_org.model.values import EntityId, Kind, Reference


class Pass(StrEnum):
    """Which round of exports: an early one while people still work, and the one that counts."""

    FIRST = "first"
    FINAL = "final"


class Stage(StrEnum):
    """How far the export of one mailbox is."""

    WAITING = "waiting"
    """For its turn, or for the end of WorkMail's 24 hours."""
    RUNNING = "running"
    EXPORTED = "exported"
    """WorkMail says COMPLETED; nobody has looked at the file yet."""
    VERIFIED = "verified"
    FAILED = "failed"


OVER = frozenset({Stage.VERIFIED, Stage.FAILED})
"""Stages that nothing comes after, until a person starts the pass again."""


class Checked(StrEnum):
    """How far a file was read before it counted as verified."""

    HASH = "hash"
    """All of it; its SHA-384 is the one in the job's log."""
    CONTENT = "content"
    """All of it; every entry of the zip has its checksum. The job's log was not found."""
    SIZE = "size"
    """It is there and its directory opens; it is too large to read within one Lambda function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One mailbox in one pass, as the journal has it.

    Times are seconds since 1970, as WorkMail's clock has them.

    Attributes:
        export_pass: Of which pass.
        id: Of the user or resource; WorkMail never gives it to anybody else.
        name: What WorkMail calls it.
        kind: User or resource; a group has no mailbox.
        enabled: Whether it was switched on when the pass began.
        since: When it was put into the pass, or was put back to be tried again.
        attempts: Jobs that were started for it since then.
        refusals: How often WorkMail said that it is too early.
        not_before: When the next try can be made; `None`: at once.
        path: Key of the file in the bucket.
        size: Bytes of the file.
        version: Of the object, where the bucket keeps versions.
        sha384: Of the file as it was read; `None`: it was not read whole.
        messages: Files in the zip.
        stated_messages: Messages by the job's log.
        left_out: Items that no export holds (contacts, tasks, notes), by the job's log;
            `None`: the log was not found.
        checked: How far the file was read.
        checking_since: When a look at the file began, by the clock of the function.
        checks: How often it began.
        reason: Why it failed, or waits, in WorkMail's words where there are any; of what is
            verified: what a person should know.
        former_path: Of the verified export that this pass had before it was begun again.
        former_version: Of that object.
        former_sha384: Of that file.
        former_started_at: When its job began.
        former_verified_at: When it was verified; `None`: there is none.
        gone_at: When WorkMail was seen without the mailbox; `None`: it has it, as far as is known.
        revision: Counts writes, so that two writers never undo each other's.
    """

    export_pass: Pass
    id: EntityId
    name: str
    kind: Kind = Kind.USER
    email: str = ""
    enabled: bool = True
    stage: Stage = Stage.WAITING
    since: float = 0.0
    attempts: int = 0
    refusals: int = 0
    not_before: float | None = None
    job_id: str | None = None
    progress: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    path: str | None = None
    size: int | None = None
    version: str | None = None
    sha384: str | None = None
    messages: int | None = None
    stated_messages: int | None = None
    left_out: int | None = None
    checked: Checked | None = None
    checking_since: float | None = None
    checks: int = 0
    verified_at: float | None = None
    reason: str = ""
    former_path: str | None = None
    former_version: str | None = None
    former_sha384: str | None = None
    former_started_at: float | None = None
    former_verified_at: float | None = None
    gone_at: float | None = None
    revision: int = 0

    @property
    def reference(self) -> Reference:
        """As it is named everywhere else."""
        return Reference(self.kind, self.name)

    @property
    def is_final(self) -> bool:
        """Whether it belongs to the pass that counts, after which nothing came any more."""
        return self.export_pass is Pass.FINAL

    @property
    def former(self) -> Exported | None:
        """The verified export of this pass from before it was begun again."""
        if self.former_verified_at is None:
            return None
        return replace(
            self,
            stage=Stage.VERIFIED,
            path=self.former_path,
            version=self.former_version,
            sha384=self.former_sha384,
            started_at=self.former_started_at,
            ended_at=None,
            verified_at=self.former_verified_at,
            reason="by the pass before it was begun again",
        )

    @property
    def exported_at(self) -> float | None:
        """When its job began: what came into the mailbox after that is not in the file."""
        return self.verified_at if self.started_at is None else self.started_at

    @property
    def is_over(self) -> bool:
        """Whether it is verified or failed."""
        return self.stage in OVER


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxExports:
    """One mailbox in both passes: the one place that says what an export is good for.

    A verified export of either pass keeps a mailbox from being lost, and so counts for whoever
    removes its user (`verified`). The archive is the final pass (`archived`): only that was made
    when nobody worked in WorkMail any more. A pass that was begun never takes away what another
    one has verified.

    Attributes:
        first: `None`: not in the first pass.
        final: `None`: not in the final pass.
    """

    first: Exported | None = None
    final: Exported | None = None

    @property
    def latest(self) -> Exported:
        """Of the last pass that it is in."""
        found = self.final or self.first
        if found is None:
            raise ValueError("no pass has it")
        return found

    @property
    def verified(self) -> Exported | None:
        """The verified export that counts: of the final pass, else of the first."""
        passes = [each for each in (self.final, self.first) if each]
        every = (*passes, *(each.former for each in passes if each.former))
        return next((each for each in every if each.stage is Stage.VERIFIED), None)

    @property
    def is_gone(self) -> bool:
        """Whether WorkMail has the mailbox no more: no pass can do anything about it."""
        return any(each and each.gone_at is not None for each in (self.first, self.final))

    @property
    def archived(self) -> bool:
        """Whether the final pass has verified it."""
        return self.final is not None and self.final.stage is Stage.VERIFIED

    @property
    def shown(self) -> Exported:
        """The export to show where there is room for one."""
        return self.verified or self.latest

    @property
    def reference(self) -> Reference:
        """As it is called now."""
        return self.latest.reference


class JobState(StrEnum):
    """States of an export job (WorkMail API 2017-10-01, MailboxExportJobState)."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An export job as WorkMail shows it; lists have neither error nor prefix.

    Attributes:
        description: Tells our own jobs (`deciding.describe`).
        path: Of the file in the bucket (`S3Path`).
        error: WorkMail's own words.
    """

    id: str
    entity_id: str
    state: JobState
    description: str = ""
    started_at: float = 0.0
    ended_at: float | None = None
    progress: int = 0
    path: str | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLog:
    """What a job's log says (WorkMail Admin Guide, "mail-export"); every value there is a text."""

    sha384: str = ""
    messages: int | None = None
    left_out: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was found in S3 of one completed job.

    Attributes:
        size: Bytes of the file; `None`: there is none.
        version: Of the object; `None`: the bucket keeps none.
        messages: Files in the zip; `None`: it does not open.
        sha384: Of all bytes; `None`: not read to the end.
        read_whole: Whether every entry was read and has its checksum.
        log: `None`: not found where the job writes.
        problem: What was wrong with the file, in plain words.
    """

    size: int | None = None
    version: str | None = None
    messages: int | None = None
    sha384: str | None = None
    read_whole: bool = False
    log: JobLog | None = None
    problem: str = ""
