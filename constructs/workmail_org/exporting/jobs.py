"""Export jobs of one organization: started, listed and described; and what time WorkMail has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from workmail_org.errors import NotFoundError, TemporaryError
from workmail_org.exporting.model import Job, JobState
from workmail_org.service.workmail import WorkMail

_ACTIVE = "Active"


def read_time(workmail: WorkMail) -> float:
    """Return what time it is for WorkMail: its 24 hours are measured by its own clock.

    Raises:
        NotFoundError: The organization is gone.
        TemporaryError: It is not active, or the answer has no date.
    """
    answer = workmail.call("DescribeOrganization")
    state = answer.get("State", "")
    if state != _ACTIVE:
        raise TemporaryError(
            f"organization {workmail.organization_id} is {state or 'in no state'}, not {_ACTIVE}",
            operation="DescribeOrganization",
        )
    headers: Mapping[str, str] = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    if "date" not in headers:
        raise TemporaryError("WorkMail's answer has no date", operation="DescribeOrganization")
    return parsedate_to_datetime(headers["date"]).timestamp()


def list_jobs(workmail: WorkMail) -> list[Job]:
    """List the jobs of the last seven days, everybody's."""
    return [_parse(item) for item in workmail.list("ListMailboxExportJobs", "Jobs")]


def describe_job(workmail: WorkMail, job_id: str) -> Job | None:
    """Describe a job; `None`: WorkMail does not know it."""
    try:
        answer = workmail.call("DescribeMailboxExportJob", JobId=job_id)
    except NotFoundError:
        return None
    return _parse({**answer, "JobId": job_id})


def start_job(workmail: WorkMail, **parameters: str) -> str:
    """Start a job and return its id.

    Raises:
        ServiceError: WorkMail refuses.
    """
    job_id: str = workmail.call("StartMailboxExportJob", **parameters)["JobId"]
    return job_id


def _parse(item: Mapping[str, Any]) -> Job:
    return Job(
        id=item["JobId"],
        entity_id=item["EntityId"],
        state=_parse_state(item["State"]),
        description=item.get("Description", ""),
        started_at=_seconds(item.get("StartTime")) or 0.0,
        ended_at=_seconds(item.get("EndTime")),
        progress=int(item.get("EstimatedProgress", 0)),
        path=item.get("S3Path"),
        error=item.get("ErrorInfo", ""),
    )


def _parse_state(word: str) -> JobState:
    """Read a state; one that is not known has not ended, as far as anybody can say."""
    try:
        return JobState(word)
    except ValueError:
        return JobState.RUNNING


def _seconds(time: datetime | None) -> float | None:
    return time.timestamp() if time else None
