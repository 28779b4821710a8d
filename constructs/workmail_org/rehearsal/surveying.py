"""What is really there: an organization read back from WorkMail, whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3

from workmail_org.changes.calls import Found
from workmail_org.changes.impersonation import LiveRole
from workmail_org.changes.mobile_devices import LiveMobileRule
from workmail_org.changes.settings import LiveIdentityCenter, LiveRetention, Monitoring
from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.live import LiveDirectory, LiveDomain
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.policies import AccessControlRule, Availability
from workmail_org.model.user import User
from workmail_org.model.values import OrganizationId, Reference
from workmail_org.service import policies, reading
from workmail_org.service.clients import make_clients
from workmail_org.service.directories import DirectoryService
from workmail_org.service.effects import Surprise, check_expectations
from workmail_org.service.workmail import WorkMail

if TYPE_CHECKING:
    from workmail_org.model.organization import Organization
    from workmail_org.service.reading import Listed


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePolicies:
    """Rules and settings as WorkMail has them.

    Attributes:
        retention: `None`: nothing is erased by age.
        monitoring: `None`: email events are not logged.
        log_days: How long the log group of `monitoring` keeps events; `None`:
            for ever, or there is no such group.
        identity_center: `None`: people sign in through the directory alone.
    """

    access_control: tuple[AccessControlRule, ...] = ()
    mobile_devices: tuple[LiveMobileRule, ...] = ()
    impersonation_roles: tuple[LiveRole, ...] = ()
    availability: tuple[Availability, ...] = ()
    retention: LiveRetention | None = None
    monitoring: Monitoring | None = None
    log_days: int | None = None
    dmarc_enforced: bool = True
    identity_center: LiveIdentityCenter | None = None


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
    mailboxes = [row for row in (*users, *groups, *resources) if row.enabled]
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
        permissions=policies.read_permissions(workmail, mailboxes, people),
        policies=_read_policies(workmail, users, region),
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


def _read_policies(workmail: WorkMail, users: list[Listed], region: str) -> LivePolicies:
    names = {str(row.id): row.reference.name for row in users}
    monitoring = policies.read_monitoring(workmail)
    return LivePolicies(
        access_control=policies.read_access_control(workmail, names, policies.list_roles(workmail)),
        mobile_devices=policies.read_mobile_devices(workmail),
        impersonation_roles=policies.read_impersonation_roles(workmail, names),
        availability=policies.read_availability(workmail),
        retention=policies.read_retention(workmail),
        monitoring=monitoring,
        log_days=_read_log_days(region, monitoring.log_group_arn) if monitoring else None,
        dmarc_enforced=policies.read_dmarc(workmail),
        identity_center=policies.read_identity_center(workmail),
    )


def _read_log_days(region: str, log_group_arn: str) -> int | None:
    """Read how long a log group keeps events; its ARN ends in its name and `:*`."""
    name = log_group_arn.split(":log-group:", 1)[-1].removesuffix(":*")
    session: Any = boto3.Session(region_name=region)
    found = session.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return next((g.get("retentionInDays") for g in found if g["logGroupName"] == name), None)
