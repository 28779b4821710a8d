"""Mailbox export jobs: mail on its way to S3, which is written where there is an S3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workmail_emulator import api, entities, messages, paging
from workmail_emulator.api import Document
from workmail_emulator.clock import DAY, MINUTE
from workmail_emulator.errors import entity_not_found, invalid_parameter, limit_exceeded
from workmail_emulator.state import Organization
from workmail_emulator.storing import StoreError
from workmail_emulator.world import Context, Settings, World

MOST_RUNNING = 10
"""Concurrent jobs of one organization; Admin Guide mail-export, facts.md §3."""

PAUSE = DAY
"""Between two exports of one mailbox; Admin Guide mail-export, facts.md §3."""

LISTED = 7 * DAY
"""How long after its start a job is listed; facts.md §2."""

DURATION = 10 * MINUTE
"""Assumption EXPORT_TIME."""


_OWN = ("Cancelled", "Written")
"""Keys of a job that WorkMail does not have."""


def start_mailbox_export_job(context: Context, organization: Organization) -> Document:
    """Start to export the mailbox of an enabled user or resource.

    Source:
        facts.md §8; Assumptions EXPORT_STATE, EXPORT_PATH.
    """
    parameters = context.parameters
    owner = _mailbox_owner(context, organization)
    if parameters["KmsKeyArn"].split(":")[3] != context.region.name:
        raise invalid_parameter(f"The key is not in {context.region.name}.")
    jobs = [_at(context, job) for job in organization.exports.values()]
    if sum(job["State"] == "RUNNING" for job in jobs) >= MOST_RUNNING:
        raise limit_exceeded(f"An organization has at most {MOST_RUNNING} running export jobs.")
    if any(_is_recent(context, job, owner) for job in jobs):
        raise limit_exceeded(f"The mailbox of {owner} was exported within 24 hours.")
    job_id = context.world.ids.uuid()
    prefix: str = parameters["S3Prefix"].rstrip("/")
    organization.exports[job_id] = api.without_nones(
        JobId=job_id,
        EntityId=owner,
        Description=parameters.get("Description"),
        RoleArn=parameters["RoleArn"],
        KmsKeyArn=parameters["KmsKeyArn"],
        S3BucketName=parameters["S3BucketName"],
        S3Prefix=parameters["S3Prefix"],
        S3Path=f"{prefix}/{job_id}.zip",
        StartTime=context.now,
        ErrorInfo=context.world.next_failure("StartMailboxExportJob"),
    )
    return {"JobId": job_id}


def describe_mailbox_export_job(context: Context, organization: Organization) -> Document:
    """Answer how far a job is. Source: botocore, the operation."""
    job = _at(context, _find(context, organization))
    return {name: value for name, value in job.items() if name != "JobId"}


def cancel_mailbox_export_job(context: Context, organization: Organization) -> Document:
    """Cancel a running job; an ended one stays as it is. Source: botocore, the operation."""
    job = _find(context, organization)
    if _at(context, job)["State"] == "RUNNING":
        organization.exports[job["JobId"]] = {**job, "Cancelled": context.now}
    return {}


def list_mailbox_export_jobs(context: Context, organization: Organization) -> Document:
    """List the jobs of the last seven days. Source: facts.md §2."""
    fields = (
        "JobId",
        "EntityId",
        "Description",
        "S3BucketName",
        "S3Path",
        "EstimatedProgress",
        "State",
        "StartTime",
        "EndTime",
    )
    jobs = [
        _at(context, job)
        for job in organization.exports.values()
        if context.now < job["StartTime"] + LISTED
    ]
    return paging.page(
        context, "Jobs", jobs, lambda job: {name: job[name] for name in fields if name in job}
    )


def _at(context: Context, job: Document) -> Document:
    """Show a job as it is now: its state follows from the time."""
    return _show(job, context.now, context.delay(DURATION))


def _show(job: Document, now: float, duration: float) -> Document:
    started: float = job["StartTime"]
    until: float = min(now, job.get("Cancelled", now))
    over = until >= started + duration
    progress = 100 if over else int(100 * (until - started) / duration)
    failed = "ErrorInfo" in job
    if "Cancelled" in job and not over:
        state, ended = "CANCELLED", job["Cancelled"]
    elif over:
        state, ended = "FAILED" if failed else "COMPLETED", started + duration
    else:
        state, ended = "RUNNING", None
    shown = {name: value for name, value in job.items() if name not in _OWN}
    if state != "FAILED":
        shown.pop("ErrorInfo", None)
    return {
        **shown,
        **api.without_nones(State=state, EstimatedProgress=progress, EndTime=ended),
    }


def _is_recent(context: Context, job: Document, owner: str) -> bool:
    """Return whether a job stands in the way of another one; one that failed does not."""
    counts = job["State"] in ("RUNNING", "COMPLETED")
    return counts and job["EntityId"] == owner and context.now < job["StartTime"] + PAUSE


def _mailbox_owner(context: Context, organization: Organization) -> str:
    """Find whose mailbox is exported. Source: Assumption EXPORT_STATE."""
    identifier: str = context.parameters["EntityId"]
    kinds: entities.Kinds = ("USER", "RESOURCE")
    owner = entities.find(context, organization, identifier, kinds)
    mailbox = organization.mailboxes.get(owner.id)
    if mailbox is None or mailbox.status(context.now) != "active":
        raise entity_not_found(identifier)
    return owner.id


def _find(context: Context, organization: Organization) -> Document:
    """Find a job. Source: botocore, EntityNotFoundException."""
    job_id: str = context.parameters["JobId"]
    job = organization.exports.get(job_id)
    if job is None:
        raise entity_not_found(job_id)
    return job


@dataclass(frozen=True)
class Export:
    """A job that is over and has not written its file yet."""

    organization: Organization
    job: Document
    ended: float


def list_unwritten(world: World, now: float) -> list[Export]:
    """List the jobs that are over, went well, and have written nothing."""
    return [
        Export(organization, job, shown["EndTime"])
        for region in world.regions.values()
        for organization in region.organizations.values()
        for job, shown in _show_unwritten(organization, now, world.settings)
        if shown["State"] == "COMPLETED"
    ]


def _show_unwritten(
    organization: Organization, now: float, settings: Settings
) -> Iterator[tuple[Document, Document]]:
    duration = 0.0 if settings.instant else DURATION
    for job in organization.exports.values():
        if "Written" not in job:
            yield job, _show(job, now, duration)


def write(export: Export, settings: Settings) -> str | None:
    """Write the file and the log of a job. Source: facts.md §8; Assumption EXPORT_FILES.

    Returns:
        Why it failed; `None`: it is written.
    """
    organization, job = export.organization, export.job
    if settings.store is None:
        return None
    owner = organization.entities[job["EntityId"]]
    mailbox = organization.mailboxes[owner.id]
    content, left_out = messages.make_export(organization, owner, mailbox)
    log = messages.make_log(content, left_out, job, export.ended)
    path: str = job["S3Path"]
    files = {path: content, f"{path.removesuffix('.zip')}.json": log}
    try:
        for name, each in files.items():
            settings.store(job["S3BucketName"], name, each, job["KmsKeyArn"])
    except StoreError as error:
        return str(error)
    return None


def note_written(export: Export, reason: str | None) -> None:
    """Note that a job has written its file, or why it failed."""
    jobs = export.organization.exports
    job = jobs[export.job["JobId"]]
    failed = {} if reason is None else {"ErrorInfo": reason[:1024]}
    jobs[job["JobId"]] = {**job, "Written": True, **failed}
