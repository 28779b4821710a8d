"""What is really there: an organization read back from WorkMail, whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3

from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.live import (
    Found,
    LiveDirectory,
    LiveDomain,
    LiveSettings,
)
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.user import User
from workmail_org.model.values import OrganizationId, Reference
from workmail_org.service import reading
from workmail_org.service.clients import make_clients
from workmail_org.service.directories import DirectoryService
from workmail_org.service.effects import Surprise, check_expectations
from workmail_org.service.snapshot import SnapshotReader
from workmail_org.service.workmail import WorkMail

if TYPE_CHECKING:
    from workmail_org.model.organization import Organization


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePolicies(LiveSettings):
    """Rules and settings as WorkMail has them, and what CloudWatch has.

    Attributes:
        log_days: How long the log group of `monitoring` keeps events; `None`:
            for ever, or there is no such group.
    """

    log_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOrganization:
    """An organization as WorkMail has it.

    Attributes:
        state: WorkMail's word, such as Active.
        directory_type: WorkMail's word, such as VpcDirectory.
        directory: `None`: WorkMail's own, which Directory Service does not show.
        domains: By name; the test domain too.
        users: Without system users.
        groups: Without those that were never given an address: the directory's own.
        permissions: On mailboxes that are switched on.
        deadlines: Until when the mailboxes of those are kept who are switched
            off, in UTC.
    """

    id: OrganizationId
    alias: str
    region: str
    state: str
    directory_type: str
    directory_id: str
    directory: LiveDirectory | None = None
    interoperability: bool
    tags: Mapping[str, str]
    domains: tuple[LiveDomain, ...]
    users: tuple[Found[User], ...]
    groups: tuple[Found[Group], ...]
    resources: tuple[Found[Bookable], ...] = ()
    permissions: tuple[MailboxPermission, ...] = ()
    policies: LivePolicies = LivePolicies()
    deadlines: Mapping[Reference, datetime] = field(default_factory=dict[Reference, datetime])


def survey(region: str, alias: str) -> LiveOrganization | None:
    """Read the organization with an alias; `None` if there is none.

    Talks to the AWS that this process knows (see `LocalAws.entered`).
    """
    clients = make_clients(region)
    organization_id = reading.find_organization(WorkMail(clients.workmail), alias)
    if organization_id is None:
        return None
    workmail = WorkMail(clients.workmail, organization_id)
    described = reading.read_tagged_organization(workmail)
    if described is None:
        return None
    directory_id = described.directory_id or ""
    users = [row for row in reading.list_users(workmail) if not row.system]
    groups = [row for row in reading.list_groups(workmail) if row.enabled or row.email]
    resources = list(reading.list_resources(workmail))
    people = {str(row.id): row for row in (*users, *groups)}
    enabled = {id_: row.reference for id_, row in people.items() if row.enabled}
    settings = SnapshotReader(workmail).read_settings(each.name for each in fields(LiveSettings))
    return LiveOrganization(
        id=OrganizationId(organization_id),
        alias=described.alias,
        region=region,
        state=described.state.capitalize(),
        directory_type=described.directory_type or "?",
        directory_id=directory_id,
        directory=DirectoryService(clients.directory_service).read(directory_id),
        interoperability=described.interoperability,
        tags=described.tags,
        domains=reading.read_domains(workmail),
        users=reading.read_users(workmail, users),
        groups=reading.read_groups(workmail, groups, enabled),
        resources=reading.read_resources(workmail, resources, enabled),
        permissions=settings.permissions,
        policies=_read_policies(settings, region),
        deadlines={row.reference: row.deadline for row in (*users, *resources) if row.deadline},
    )


def ask(desired: Organization, actual: LiveOrganization | None) -> tuple[Surprise, ...]:
    """Ask WorkMail what becomes of what a spec expects; the surprises.

    Args:
        desired: From the spec.
        actual: As `survey` found it; without one nothing can be asked.
    """
    if actual is None:
        return ()
    return check_expectations(WorkMail(make_clients(actual.region).workmail, actual.id), desired)


def _read_policies(settings: LiveSettings, region: str) -> LivePolicies:
    read = {each.name: getattr(settings, each.name) for each in fields(LiveSettings)}
    monitoring = settings.monitoring
    days = _read_log_days(region, monitoring.log_group_arn) if monitoring else None
    return LivePolicies(log_days=days, **read)


def _read_log_days(region: str, log_group_arn: str) -> int | None:
    """Read how long a log group keeps events; its ARN ends in its name and `:*`."""
    name = log_group_arn.split(":log-group:", 1)[-1].removesuffix(":*")
    session: Any = boto3.Session(region_name=region)
    found = session.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return next((g.get("retentionInDays") for g in found if g["logGroupName"] == name), None)
