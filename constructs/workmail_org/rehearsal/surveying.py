"""What is really there: an organization read back from WorkMail, whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3

from workmail_org.model.live import Snapshot
from workmail_org.service import reading
from workmail_org.service.clients import make_clients
from workmail_org.service.directories import DirectoryService
from workmail_org.service.effects import UnmetExpectation, check_expectations
from workmail_org.service.snapshot import read_snapshot
from workmail_org.service.workmail import WorkMail

if TYPE_CHECKING:
    from workmail_org.model.organization import Organization


def survey(region: str, alias: str) -> Snapshot | None:
    """Read the organization with an alias; `None` if there is none.

    Talks to the AWS that this process knows (see `LocalAws.entered`).
    """
    clients = make_clients(region)
    organization_id = reading.find_organization(WorkMail(clients.workmail), alias)
    if organization_id is None:
        return None
    workmail = WorkMail(clients.workmail, organization_id)
    snapshot = read_snapshot(workmail, DirectoryService(clients.directory_service), region)
    monitoring = snapshot.settings.email_monitoring if snapshot else None
    if snapshot is None or monitoring is None:
        return snapshot
    return replace(snapshot, log_days=_read_log_days(region, monitoring.log_group_arn))


def ask(desired: Organization, actual: Snapshot | None) -> tuple[UnmetExpectation, ...]:
    """Ask WorkMail what becomes of what a spec expects, and list what is not met.

    Args:
        desired: From the spec.
        actual: As `survey` found it; without one nothing can be asked.
    """
    if actual is None:
        return ()
    workmail = WorkMail(make_clients(actual.region).workmail, actual.organization.id)
    return check_expectations(workmail, desired)


def _read_log_days(region: str, log_group_arn: str) -> int | None:
    """Read how long a log group keeps events; its ARN ends in its name and `:*`."""
    name = log_group_arn.split(":log-group:", 1)[-1].removesuffix(":*")
    session: Any = boto3.Session(region_name=region)
    found = session.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return next((g.get("retentionInDays") for g in found if g["logGroupName"] == name), None)
