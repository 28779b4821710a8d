"""Mailbox export jobs: mail on its way to S3. Nothing is really written there."""

from __future__ import annotations

from workmail_emulator import api, entities, paging
from workmail_emulator.api import Document
from workmail_emulator.clock import DAY, MINUTE
from workmail_emulator.errors import entity_not_found, invalid_parameter, limit_exceeded
from workmail_emulator.state import Organization
from workmail_emulator.world import Context

MOST_RUNNING = 10
"""Concurrent jobs of one organization; Admin Guide mail-export, facts.md §3."""

PAUSE = DAY
"""Between two exports of one mailbox; Admin Guide mail-export, facts.md §3."""

LISTED = 7 * DAY
"""How long after its start a job is listed; facts.md §2."""

DURATION = 10 * MINUTE
"""Assumption EXPORT_TIME."""


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
    started: float = job["StartTime"]
    duration = context.delay(DURATION)
    until: float = min(context.now, job.get("Cancelled", context.now))
    over = until >= started + duration
    progress = 100 if over else int(100 * (until - started) / duration)
    failed = "ErrorInfo" in job
    if "Cancelled" in job and not over:
        state, ended = "CANCELLED", job["Cancelled"]
    elif over:
        state, ended = "FAILED" if failed else "COMPLETED", started + duration
    else:
        state, ended = "RUNNING", None
    shown = {name: value for name, value in job.items() if name != "Cancelled"}
    if state != "FAILED":
        shown.pop("ErrorInfo", None)
    return {
        **shown,
        **api.without_nones(State=state, EstimatedProgress=progress, EndTime=ended),
    }


def _is_recent(context: Context, job: Document, owner: str) -> bool:
    """Tell whether a job stands in the way of another one; one that failed does not."""
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
