"""What is really there: an organization read back from WorkMail, whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workmail_org.changes.calls import Found
from workmail_org.model.group import Group
from workmail_org.model.user import User
from workmail_org.model.values import OrganizationId
from workmail_org.service import reading
from workmail_org.service.clients import make_clients
from workmail_org.service.reading import LiveDomain
from workmail_org.service.workmail import WorkMail


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOrganization:
    """An organization as WorkMail has it.

    Attributes:
        state: WorkMail's word, such as Active.
        directory_type: WorkMail's word, such as VpcDirectory.
        domains: By name; the test domain too.
        users: Without system users.
        groups: Without those that were never given an address: the directory's own.
    """

    id: OrganizationId
    alias: str
    region: str
    state: str
    directory_type: str
    interoperability: bool
    tags: Mapping[str, str]
    domains: tuple[LiveDomain, ...]
    users: tuple[Found[User], ...]
    groups: tuple[Found[Group], ...]


def survey(region: str, alias: str) -> LiveOrganization | None:
    """Read the organization with an alias; `None` if there is none.

    Talks to the AWS that this process knows (see `LocalAws.entered`).
    """
    client = make_clients(region).workmail
    organization_id = reading.find_organization(WorkMail(client), alias)
    if organization_id is None:
        return None
    workmail = WorkMail(client, organization_id)
    described = reading.read_organization(workmail) or {}
    users = [row for row in reading.list_users(workmail) if not row.system]
    groups = [row for row in reading.list_groups(workmail) if row.enabled or row.email]
    enabled = {str(row.id): row.reference for row in (*users, *groups) if row.enabled}
    return LiveOrganization(
        id=OrganizationId(organization_id),
        alias=described.get("Alias", alias),
        region=region,
        state=described.get("State", "?"),
        directory_type=described.get("DirectoryType", "?"),
        interoperability=described.get("InteroperabilityEnabled", False),
        tags=reading.read_tags(WorkMail(client), described["ARN"]),
        domains=reading.read_domains(workmail),
        users=reading.read_users(workmail, users),
        groups=reading.read_groups(workmail, groups, enabled),
    )
