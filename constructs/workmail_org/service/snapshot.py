"""Snapshot: one organization as it is, read piece by piece or whole; each list is read once.

What one user costs decides what an organization of ten thousand costs: besides its row in a list,
one call each for the profile, the further addresses, the quota and the rights on the mailbox. Who
is switched off costs one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from threading import Lock
from typing import Any, TypeVar

from workmail_org.changes.access_control import make_role_subject
from workmail_org.changes.calls import Call, Subject
from workmail_org.changes.few import Few
from workmail_org.changes.naming import list_named
from workmail_org.errors import ServiceError, TemporaryError
from workmail_org.model.live import (
    EntityT,
    Found,
    LiveDirectory,
    LiveOrganization,
    LiveSettings,
    People,
    Snapshot,
)
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.user import User
from workmail_org.model.values import Kind, Reference, fold
from workmail_org.service import policies
from workmail_org.service.directories import DirectoryService
from workmail_org.service.reading import (
    Listed,
    has_user,
    list_entities,
    look_up,
    read_domains,
    read_groups,
    read_resources,
    read_tagged_organization,
    read_users,
)
from workmail_org.service.workmail import WorkMail

T = TypeVar("T")

Follow = Callable[[str, int, int], None]
"""Told of what is being read, as a spec calls it, how many are done, and of how many. Calls come
one after the other, in any thread."""


def follow_nothing(part: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class SnapshotReader:
    """Reads one organization, piece by piece, at one look: each list once.

    Attributes:
        workmail: The organization.
    """

    workmail: WorkMail
    _rows: dict[Kind, Sequence[Listed]] = field(default_factory=dict[Kind, Sequence[Listed]])
    _counts: dict[Kind, int] = field(default_factory=dict[Kind, int])
    _roles: Mapping[str, str] | None = None

    def list(self, *kinds: Kind) -> Sequence[Listed]:
        """List users, groups and resources, but for what is the directory's own."""
        for kind in kinds:
            if kind not in self._rows:
                listed = list_entities(self.workmail, kind)
                self._rows[kind] = [row for row in listed if not row.system]
        return [row for kind in kinds for row in self._rows[kind]]

    def has_listed(self, kind: Kind) -> bool:
        """Return whether a list of a kind has been read, or some of it looked up."""
        return kind in self._rows

    def look_up(self, few: Few) -> bool:
        """Look few users up instead of listing everybody.

        Returns:
            Whether those are there who should be, and nobody else. Otherwise everybody has to be
            listed.
        """
        if any(self.workmail.read_many(lambda name: has_user(self.workmail, name), few.absent)):
            return False
        there = [Reference(Kind.USER, name) for name in few.there]
        rows = look_up(self.workmail, there, among=few.among)
        if rows is None:
            return False
        self._rows[Kind.USER], self._counts[Kind.USER] = rows, few.among
        return True

    def renew(self, kind: Kind, references: Collection[Reference]) -> bool:
        """Look some of a kind up again; everybody else stays as they were listed.

        Returns:
            Whether that could be done. Otherwise everything has to be read anew.
        """
        known = self.list(kind)
        among = self._counts.get(kind, len(known))
        renewed = look_up(self.workmail, references, among=among)
        if renewed is None:
            return False
        rows = {row.reference.folded: row for row in (*known, *renewed)}
        self._rows[kind] = [row for row in rows.values() if not row.system]
        return True

    def list_roles(self) -> Mapping[str, str]:
        """List the names of impersonation roles by id."""
        if self._roles is None:
            self._roles = policies.list_roles(self.workmail)
        return self._roles

    def find_ids(self, calls: Iterable[Call]) -> dict[Subject, str]:
        """Find the ids of all that calls name, as far as it is there."""
        named = {subject for call in calls for subject in list_named(call)}
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
        self,
        facts: Iterable[str],
        *,
        mailboxes: Collection[Reference] | None = None,
        with_disabled: bool = False,
    ) -> LiveSettings:
        """Read rules and settings.

        Args:
            facts: Fields of `LiveSettings`; the others are as in a new organization.
            mailboxes: Folded references of those on which permissions matter;
                `None`: all.
            with_disabled: Whether permissions of who is switched off count.
        """
        read: dict[str, Any] = {
            fact: self._read_permissions(mailboxes, with_disabled=with_disabled)
            if fact == "permissions"
            else policies.READERS[fact](self)
            for fact in facts
        }
        return replace(LiveSettings(), **read)

    def _read_permissions(
        self, mailboxes: Collection[Reference] | None, *, with_disabled: bool
    ) -> tuple[MailboxPermission, ...]:
        """Read permissions; those of who is switched off cannot be changed."""
        rows = [row for row in self.list(*Kind) if row.enabled or with_disabled]
        wanted = [row for row in rows if mailboxes is None or row.reference.folded in mailboxes]
        return policies.read_permissions(self.workmail, wanted, {row.id: row for row in rows})

    def read_people(
        self,
        names: Mapping[str, Reference],
        *,
        with_quota: Collection[str] | None = None,
    ) -> People:
        """Read everything that has an address.

        Args:
            names: References by id, of those who count as members and delegates.
            with_quota: Folded names of the users whose quota matters; `None`: all.
        """
        workmail, rows = self.workmail, {kind: self.list(kind) for kind in Kind}
        return People(
            users=index_found(read_users(workmail, rows[Kind.USER], with_quota=with_quota)),
            groups=index_found(read_groups(workmail, rows[Kind.GROUP], names)),
            resources=index_found(read_resources(workmail, rows[Kind.RESOURCE], names)),
        )

    def name_users(self) -> dict[str, str]:
        """Return the names of users by id."""
        return {row.id: row.reference.name for row in self.list(Kind.USER)}


def index_found(found: Iterable[Found[EntityT]]) -> dict[str, Found[EntityT]]:
    """Key entities by folded name."""
    return {fold(each.entity.name): each for each in found}


def _find_namesakes(references: Iterable[Reference]) -> tuple[Reference, ...]:
    """Find those whose names differ in nothing but case."""
    every = list(references)
    counts = Counter(each.folded for each in every)
    return tuple(each for each in every if counts[each.folded] > 1)


def read_snapshot(
    workmail: WorkMail,
    directories: DirectoryService,
    region: str,
    *,
    follow: Follow = follow_nothing,
    is_tolerant: bool = False,
    most_outages: int = 0,
    with_disabled: bool = False,
    without_quota: Collection[str] = (),
    reader: SnapshotReader | None = None,
) -> Snapshot | None:
    """Read the whole of one organization, or `None` if there is none.

    How long a log group keeps events is not WorkMail's to tell, and not read.

    Args:
        workmail: The organization.
        directories: Of the same region.
        region: Of the organization.
        follow: Told how far it is.
        is_tolerant: Whether what AWS refuses to tell is noted, and the rest is
            read; the organization itself has to be readable.
        most_outages: How many calls AWS may leave unanswered, each after all of its
            attempts, before the reading is given up: else an outage would take the
            patience of a call for each user. What is refused does not count.
        with_disabled: Whether members and delegates that are switched off count.
        without_quota: Folded names of users whose quota does not matter: it takes a
            call for each.
        reader: Keeps the lists, for who wants to see them afterwards.

    Raises:
        ServiceError: AWS refuses.
    """
    live = read_tagged_organization(workmail)
    if live is None:
        return None
    return _SnapshotReading(
        reader or SnapshotReader(workmail),
        directories,
        follow,
        is_tolerant=is_tolerant,
        most_outages=most_outages,
        with_disabled=with_disabled,
        without_quota=without_quota,
    ).read(live, region)


@dataclass(slots=True)
class _SnapshotReading:
    """One reading of a whole organization: how far it is, and what was refused."""

    reader: SnapshotReader
    directories: DirectoryService
    follow: Follow
    is_tolerant: bool
    most_outages: int
    with_disabled: bool
    without_quota: Collection[str]
    outages: int = 0
    unread: dict[tuple[str, ...], str] = field(default_factory=dict[tuple[str, ...], str])
    unregistered: list[Reference] = field(default_factory=list[Reference])
    _lock: Lock = field(default_factory=Lock)

    def read(self, live: LiveOrganization, region: str) -> Snapshot:
        """Read everything: lists first, then what is in them, then rules and settings."""
        workmail = self.reader.workmail
        rows = {kind: self._list(kind) for kind in Kind}
        enabled = {str(row.id): row for every in rows.values() for row in every if row.enabled}
        names = {
            str(row.id): row.reference
            for kind in (Kind.USER, Kind.GROUP)
            for row in rows[kind]
            if row.enabled or self.with_disabled
        }
        users = self._read_each("users", rows[Kind.USER], self._read_user)
        groups = self._read_each(
            "groups", rows[Kind.GROUP], lambda r: read_groups(workmail, [r], names)
        )
        resources = self._read_each(
            "resources", rows[Kind.RESOURCE], lambda r: read_resources(workmail, [r], names)
        )
        permissions = self._read_each(
            "permissions",
            enabled.values(),
            lambda r: policies.read_permissions(workmail, [r], enabled),
        )
        domains = self._attempt(("domains",), lambda: read_domains(workmail)) or ()
        settings = {
            each.name: found
            for each in fields(LiveSettings)
            if each.name not in ("default_domain", "permissions")  # read already
            for found in self._read_setting(each.name)
        }
        return Snapshot(
            region=region,
            organization=live,
            directory=self._read_directory(live),
            domains={each.name: each for each in domains},
            people=People(
                users=index_found(users),
                groups=index_found(groups),
                resources=index_found(resources),
            ),
            settings=replace(
                LiveSettings(),
                default_domain=live.default_domain,
                permissions=tuple(permissions),
                **settings,
            ),
            deadlines={
                row.reference: row.deadline
                for every in rows.values()
                for row in every
                if row.deadline
            },
            unregistered=tuple(self.unregistered),
            namesakes=_find_namesakes(row.reference for every in rows.values() for row in every),
            unread=self.unread,
        )

    def _read_user(self, row: Listed) -> Sequence[Found[User]]:
        is_silent = fold(row.reference.name) in self.without_quota
        return read_users(self.reader.workmail, [row], with_quota=() if is_silent else None)

    def _list(self, kind: Kind) -> Sequence[Listed]:
        """List entities without groups that never had an address, as the directory's own."""
        rows = self._attempt((f"{kind}s",), lambda: self.reader.list(kind)) or ()
        if kind is not Kind.GROUP:
            return rows
        self.unregistered = [row.reference for row in rows if not (row.enabled or row.email)]
        return [row for row in rows if row.enabled or row.email]

    def _read_each(
        self, part: str, rows: Collection[Listed], read: Callable[[Listed], Sequence[T]]
    ) -> list[T]:
        """Read what stands in lists, side by side."""
        done = 0

        def look(row: Listed) -> Sequence[T]:
            nonlocal done
            subject = str(row.reference) if part == "permissions" else row.reference.name
            found = self._attempt((part, subject), lambda: read(row)) or ()
            with self._lock:
                done += 1
                self.follow(part, done, len(rows))
            return found

        return [each for found in self.reader.workmail.read_many(look, rows) for each in found]

    def _read_setting(self, fact: str) -> Sequence[Any]:
        """Read one field of `LiveSettings`; none: it could not be read."""

        def read() -> Sequence[Any]:
            return [getattr(self.reader.read_settings([fact]), fact)]

        return self._attempt(("policies", fact), read) or ()

    def _read_directory(self, live: LiveOrganization) -> LiveDirectory | None:
        if not live.directory_id:
            return None
        directory_id = live.directory_id
        return self._attempt(("directory",), lambda: self.directories.read(directory_id))

    def _attempt(self, path: tuple[str, ...], read: Callable[[], T]) -> T | None:
        try:
            return read()
        except ServiceError as error:
            if not self.is_tolerant or self._is_out(error):
                raise
            self.unread[path] = str(error)
            return None

    def _is_out(self, error: ServiceError) -> bool:
        """Count what got no answer, and tell whether it is too much."""
        if not isinstance(error, TemporaryError):
            return False
        with self._lock:
            self.outages += 1
            return self.outages > self.most_outages
