"""Snapshot: one organization as it is, read piece by piece; each list is read once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from workmail_org.changes.access_control import make_role_subject
from workmail_org.changes.calls import Argument, Call, Identity, Subject
from workmail_org.model.live import Found, LiveSettings, Snapshot
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.values import Kind, Reference
from workmail_org.service import policies
from workmail_org.service.clients import Clients
from workmail_org.service.directories import DirectoryService
from workmail_org.service.reading import (
    Listed,
    list_entities,
    read_domains,
    read_groups,
    read_resources,
    read_tagged_organization,
    read_users,
)
from workmail_org.service.workmail import WorkMail


@dataclass(slots=True)
class SnapshotReader:
    """Reads one organization, piece by piece, at one look: each list once.

    Attributes:
        workmail: The organization.
    """

    workmail: WorkMail
    _rows: dict[Kind, Sequence[Listed]] = field(default_factory=dict[Kind, Sequence[Listed]])
    _roles: Mapping[str, str] | None = None

    def list(self, *kinds: Kind) -> Sequence[Listed]:
        """List users, groups and resources, but for what is the directory's own."""
        for kind in kinds:
            if kind not in self._rows:
                listed = list_entities(self.workmail, kind)
                self._rows[kind] = [row for row in listed if not row.system]
        return [row for kind in kinds for row in self._rows[kind]]

    def list_roles(self) -> Mapping[str, str]:
        """List the names of impersonation roles by id."""
        if self._roles is None:
            self._roles = policies.list_roles(self.workmail)
        return self._roles

    def find_ids(self, calls: Iterable[Call]) -> dict[Subject, str]:
        """Find the ids of all that calls name, as far as it is there."""
        named = {subject for call in calls for subject in _list_named(call.arguments)}
        kinds = sorted({each.kind for each in named if isinstance(each, Reference)})
        ids: dict[Subject, str] = {row.reference.folded: row.id for row in self.list(*kinds)}
        if any(make_role_subject(each.name) == each for each in named):
            roles = self.list_roles().items()
            ids |= {make_role_subject(name): role_id for role_id, name in roles}
        return ids

    def read_entities(
        self, kind: Kind, rows: Sequence[Listed], *, with_quota: Collection[str] | None = None
    ) -> Sequence[Found[Any]]:
        """Read the whole of some users, groups or resources; those that are gone are left out.

        Args:
            kind: Of all of them.
            rows: From `list`.
            with_quota: Folded names of users whose quota matters; `None`: all.
        """
        if kind is Kind.USER:
            return read_users(self.workmail, rows, with_quota=with_quota)
        people = self.list(Kind.USER, Kind.GROUP)
        names = {str(row.id): row.reference for row in people if row.enabled}
        read = read_groups if kind is Kind.GROUP else read_resources
        return read(self.workmail, rows, names)

    def read_settings(
        self, facts: Iterable[str], *, mailboxes: Collection[Reference] | None = None
    ) -> LiveSettings:
        """Read rules and settings.

        Args:
            facts: Fields of `LiveSettings`; the others are as in a new organization.
            mailboxes: Folded references of those on which permissions matter;
                `None`: all.
        """
        read: dict[str, Any] = {
            fact: self._read_permissions(mailboxes)
            if fact == "permissions"
            else policies.READERS[fact](self)
            for fact in facts
        }
        return replace(LiveSettings(), **read)

    def _read_permissions(
        self, mailboxes: Collection[Reference] | None
    ) -> tuple[MailboxPermission, ...]:
        """Read the permissions between those who are switched on: others cannot be changed."""
        enabled = [row for row in self.list(*Kind) if row.enabled]
        wanted = [row for row in enabled if mailboxes is None or row.reference.folded in mailboxes]
        return policies.read_permissions(self.workmail, wanted, {row.id: row for row in enabled})

    def name_users(self) -> dict[str, str]:
        """Return the names of users by id."""
        return {row.id: row.reference.name for row in self.list(Kind.USER)}


def _list_named(value: Argument) -> Iterable[Subject]:
    """List what an argument names, at any depth."""
    if isinstance(value, Identity):
        yield value.reference
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _list_named(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _list_named(item)


def read_snapshot(clients: Clients, organization_id: str, *, region: str) -> Snapshot | None:
    """Read everything that is live in an organization, or `None` if there is none.

    Args:
        clients: Of its region.
        organization_id: Which one.
        region: Its region.

    Raises:
        ServiceError: AWS refuses.
    """
    workmail = WorkMail(clients.workmail, organization_id)
    organization = read_tagged_organization(workmail)
    if organization is None:
        return None
    reader = SnapshotReader(workmail)
    users, resources = reader.list(Kind.USER), reader.list(Kind.RESOURCE)
    # A group that never had an address is the directory's own.
    groups = [row for row in reader.list(Kind.GROUP) if row.enabled or row.email]
    directory_id = organization.directory_id
    return Snapshot(
        organization=organization,
        region=region,
        directory=DirectoryService(clients.directory_service).read(directory_id)
        if directory_id
        else None,
        domains=read_domains(workmail),
        users=tuple(reader.read_entities(Kind.USER, users)),
        groups=tuple(reader.read_entities(Kind.GROUP, groups)),
        resources=tuple(reader.read_entities(Kind.RESOURCE, resources)),
        settings=reader.read_settings(each.name for each in fields(LiveSettings)),
        deadlines={row.reference: row.deadline for row in (*users, *resources) if row.deadline},
    )
