"""Live organization to model: pages followed, DELETED left out, system users too."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from workmail_org.changes.few import are_few
from workmail_org.errors import NotFoundError
from workmail_org.model.bookable import Bookable, BookableType, Booking
from workmail_org.model.domain import DnsRecord
from workmail_org.model.group import Group
from workmail_org.model.live import Found, LiveDomain, LiveOrganization, State
from workmail_org.model.user import PROFILE_FIELDS, Role, User
from workmail_org.model.values import EntityId, Kind, OrganizationId, Reference, fold, make_api_name
from workmail_org.service.workmail import WorkMail

_ROLES = {"USER": Role.USER, "REMOTE_USER": Role.REMOTE_USER}
"""Roles that a person can have; SYSTEM_USER and RESOURCE are the directory's (facts.md §1.3)."""

_GONE = "DELETED"
"""State of a tombstone: lists go on showing what was deleted (facts.md §2)."""

_ENABLED = "ENABLED"

MAILBOX_KEPT = timedelta(days=30)
"""How long WorkMail keeps the mailbox of somebody who is switched off (facts.md §7.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row of ListUsers, ListGroups or ListResources.

    Attributes:
        system: A user that belongs to the directory: never touched.
        has_mailbox: Or a calendar; a group and a remote user have none.
        disabled_at: When it was switched off.
        display_name: Of a user.
    """

    id: EntityId
    reference: Reference
    enabled: bool
    email: str
    system: bool = False
    has_mailbox: bool = True
    disabled_at: datetime | None = None
    display_name: str = ""

    @property
    def deadline(self) -> datetime | None:
        """Until when the mailbox of what is switched off is kept, in UTC.

        `None`: it is switched on, never was, or has no mailbox.
        """
        if self.enabled or not self.has_mailbox or self.disabled_at is None:
            return None
        return self.disabled_at.astimezone(UTC) + MAILBOX_KEPT


def make_row(found: Found[Any]) -> Listed:
    """Say what a list shows of somebody."""
    entity = found.entity
    return Listed(
        id=found.id,
        reference=entity.reference,
        enabled=entity.enabled,
        email=entity.email,
        has_mailbox=entity.reference.kind is not Kind.GROUP
        and getattr(entity, "role", None) is not Role.REMOTE_USER,
        display_name=getattr(entity, "display_name", None) or "",
    )


def read_organization(workmail: WorkMail) -> LiveOrganization | None:
    """Read an organization without its tags, or `None` if there is none.

    A deleted organization goes on answering, with the state Deleted.
    """
    try:
        answer = workmail.call("DescribeOrganization")
    except NotFoundError:
        return None
    found = LiveOrganization(
        id=OrganizationId(workmail.organization_id),
        arn=answer.get("ARN", ""),
        alias=answer.get("Alias", ""),
        state=_parse_state(answer),
        directory_id=answer.get("DirectoryId"),
        directory_type=answer.get("DirectoryType", ""),
        default_domain=fold(answer.get("DefaultMailDomain", "")),
        interoperability=bool(answer.get("InteroperabilityEnabled")),
        completed=answer.get("CompletedDate"),
        reason=answer.get("ErrorMessage", ""),
    )
    return None if found.state is State.DELETED else found


def read_tagged_organization(workmail: WorkMail) -> LiveOrganization | None:
    """Read an organization with its tags, or `None` if there is none."""
    found = read_organization(workmail)
    return replace(found, tags=read_tags(workmail, found.arn)) if found else None


def find_organization(workmail: WorkMail, alias: str) -> str | None:
    """Return the id of the organization with an alias in this account and region."""
    live = list_organizations(workmail)
    return next((str(each.id) for each in live if fold(each.alias) == fold(alias)), None)


def is_alias_used_up(workmail: WorkMail, alias: str) -> bool:
    """Return whether an organization of this account and region had an alias, and is deleted."""
    return any(
        fold(summary.get("Alias", "")) == fold(alias)
        for summary in workmail.list("ListOrganizations", "OrganizationSummaries")
        if _parse_state(summary) in (State.DELETED, State.DELETING)
    )


def list_organizations(workmail: WorkMail) -> tuple[LiveOrganization, ...]:
    """List the organizations of this account and region that are not deleted, by alias.

    The list has no more than id, alias and state.
    """
    listed = (
        LiveOrganization(
            id=OrganizationId(summary["OrganizationId"]),
            alias=summary.get("Alias", ""),
            state=_parse_state(summary),
        )
        for summary in workmail.list("ListOrganizations", "OrganizationSummaries")
    )
    return tuple(sorted((each for each in listed if not each.is_going), key=lambda o: o.alias))


def _parse_state(answer: Mapping[str, Any]) -> State:
    """Read a state; one that is not known is not taken for any other."""
    try:
        return State(fold(answer.get("State", "")))
    except ValueError:
        return State.OTHER


def read_tags(workmail: WorkMail, arn: str) -> dict[str, str]:
    """Read the tags of an organization."""
    answer = workmail.call_plain("ListTagsForResource", ResourceARN=arn)
    return {tag["Key"]: tag["Value"] for tag in answer.get("Tags", ())}


def read_domain(workmail: WorkMail, name: str) -> LiveDomain | None:
    """Read one mail domain, or `None` if it is not registered."""
    try:
        answer = workmail.call("GetMailDomain", DomainName=name)
    except NotFoundError:
        return None
    records = tuple(
        DnsRecord(type=record["Type"], name=record["Hostname"], value=record["Value"])
        for record in answer.get("Records", ())
    )
    return LiveDomain(
        name=name,
        is_default=answer.get("IsDefault", False),
        is_test_domain=answer.get("IsTestDomain", False),
        ownership=answer.get("OwnershipVerificationStatus", "PENDING"),
        dkim=answer.get("DkimVerificationStatus", "PENDING"),
        records=records,
    )


def read_domains(workmail: WorkMail) -> tuple[LiveDomain, ...]:
    """Read every mail domain of the organization, by name."""
    names = sorted(item["DomainName"] for item in workmail.list("ListMailDomains", "MailDomains"))
    found = workmail.read_many(lambda name: read_domain(workmail, name), names)
    return tuple(domain for domain in found if domain)


def list_users(workmail: WorkMail, **parameters: Any) -> tuple[Listed, ...]:
    """List every user that is not deleted, system users too."""
    return tuple(
        _make_row(
            row,
            Kind.USER,
            system=row.get("UserRole", "USER") not in _ROLES,
            has_mailbox=_ROLES.get(row.get("UserRole", "USER")) is not Role.REMOTE_USER,
        )
        for row in workmail.list("ListUsers", "Users", **parameters)
        if row.get("State") != _GONE
    )


def list_groups(workmail: WorkMail, **parameters: Any) -> tuple[Listed, ...]:
    """List every group that is not deleted, the directory's own too."""
    return tuple(
        _make_row(row, Kind.GROUP, has_mailbox=False)
        for row in workmail.list("ListGroups", "Groups", **parameters)
        if row.get("State") != _GONE
    )


def list_resources(workmail: WorkMail, **parameters: Any) -> tuple[Listed, ...]:
    """List every resource that is not deleted."""
    return tuple(
        _make_row(row, Kind.RESOURCE)
        for row in workmail.list("ListResources", "Resources", **parameters)
        if row.get("State") != _GONE
    )


def list_entities(workmail: WorkMail, kind: Kind) -> tuple[Listed, ...]:
    """List every entity of a kind that is not deleted."""
    return _LISTERS[kind](workmail)


_LISTERS: Mapping[Kind, Callable[..., tuple[Listed, ...]]] = {
    Kind.USER: list_users,
    Kind.GROUP: list_groups,
    Kind.RESOURCE: list_resources,
}

_NAME_FILTERS = {
    Kind.USER: "UsernamePrefix",
    Kind.GROUP: "NamePrefix",
    Kind.RESOURCE: "NamePrefix",
}
"""What a list can be asked for instead of everybody (botocore, ListUsersFilters and its like)."""


def look_up(
    workmail: WorkMail, references: Collection[Reference], *, among: int
) -> tuple[Listed, ...] | None:
    """Look some entities up in the lists by their names, where that takes fewer calls.

    A list shows a hundred in a call, a look-up one. What is read is the same list, so it lags
    no less and no more.

    Args:
        workmail: The organization.
        references: Of whom.
        among: How many of their kind there are, as far as is known.

    Returns:
        Their rows. `None`: the lists have to be read, because they take fewer calls, or because
        somebody was not found, or found twice. A filter heeds case (facts.md §1.3) and a reference
        may not have that of the directory, so not to be found says nothing.
    """
    if not are_few(len(references), among):
        return None

    def find(reference: Reference) -> list[Listed]:
        filters = {_NAME_FILTERS[reference.kind]: reference.name}
        rows = _LISTERS[reference.kind](workmail, Filters=filters)
        return [row for row in rows if row.reference.folded == reference.folded]

    found = workmail.read_many(find, references)
    return tuple(row for (row,) in found) if all(len(rows) == 1 for rows in found) else None


def has_user(workmail: WorkMail, name: str) -> bool:
    """Return whether there is a user with a name (botocore, DescribeUser: UserId may be one)."""
    try:
        answer = workmail.call("DescribeUser", UserId=name)
    except NotFoundError:
        return False
    return answer.get("State") != _GONE


def read_users(
    workmail: WorkMail, rows: Iterable[Listed], *, with_quota: Collection[str] | None = None
) -> tuple[Found[User], ...]:
    """Read the whole of some users.

    Args:
        workmail: The organization.
        rows: From `list_users`.
        with_quota: Folded names of those whose quota matters; `None`: all.
    """

    def read(row: Listed) -> Found[User] | None:
        quota = with_quota is None or fold(row.reference.name) in with_quota
        return _read_user(workmail, row, with_quota=quota)

    return tuple(found for found in workmail.read_many(read, rows) if found)


def read_groups(
    workmail: WorkMail, rows: Iterable[Listed], names: Mapping[str, Reference]
) -> tuple[Found[Group], ...]:
    """Read the whole of some groups.

    Args:
        workmail: The organization.
        rows: From `list_groups`.
        names: References by id, of all users and groups that are enabled:
            members that are switched off do not count.
    """
    read = workmail.read_many(lambda row: _read_group(workmail, row, names), rows)
    return tuple(found for found in read if found)


def read_resources(
    workmail: WorkMail, rows: Iterable[Listed], names: Mapping[str, Reference]
) -> tuple[Found[Bookable], ...]:
    """Read the whole of some resources.

    Args:
        workmail: The organization.
        rows: From `list_resources`.
        names: References by id, of all users and groups that are enabled:
            delegates that are switched off do not count.
    """
    read = workmail.read_many(lambda row: _read_resource(workmail, row, names), rows)
    return tuple(found for found in read if found)


def read_aliases(workmail: WorkMail, row: Listed) -> tuple[str, ...]:
    """Read an entity's further addresses; of one that is switched off they cannot be read.

    ListAliases answers with the primary address too (facts.md §1.6).
    """
    if not row.enabled:
        return ()
    aliases: Iterable[str] = workmail.list("ListAliases", "Aliases", EntityId=row.id)
    return tuple(sorted(alias for alias in aliases if fold(alias) != fold(row.email)))


@dataclass(frozen=True, slots=True)
class AddressOwner:
    """Who has an address."""

    id: EntityId
    reference: Reference


def find_address_owner(workmail: WorkMail, address: str) -> AddressOwner | None:
    """Find who has an address, primary or further (DescribeEntity); `None`: nobody has."""
    try:
        found = workmail.call("DescribeEntity", Email=address)
    except NotFoundError:
        return None
    reference = Reference(Kind(fold(found["Type"])), found["Name"])
    return AddressOwner(EntityId(found["EntityId"]), reference)


def _make_row(
    row: Mapping[str, Any], kind: Kind, *, system: bool = False, has_mailbox: bool = True
) -> Listed:
    return Listed(
        id=EntityId(row["Id"]),
        reference=Reference(kind, row["Name"]),
        enabled=row.get("State") == _ENABLED,
        email=row.get("Email", ""),
        system=system,
        has_mailbox=has_mailbox,
        disabled_at=row.get("DisabledDate"),
        display_name=row.get("DisplayName", ""),
    )


def _read_user(workmail: WorkMail, row: Listed, *, with_quota: bool) -> Found[User] | None:
    try:
        answer = workmail.call("DescribeUser", UserId=row.id)
    except NotFoundError:
        return None
    if answer.get("State") == _GONE:
        return None
    enabled = answer.get("State") == _ENABLED
    role = _ROLES.get(answer.get("UserRole", "USER"), Role.USER)
    email = answer.get("Email", "")
    described = Listed(id=row.id, reference=row.reference, enabled=enabled, email=email)
    profile: dict[str, Any] = {
        name: answer.get(make_api_name(name)) or None for name in PROFILE_FIELDS
    }
    user = User(
        name=answer["Name"],
        email=email,
        aliases=read_aliases(workmail, described),
        role=role,
        hidden_from_global_address_list=answer.get("HiddenFromGlobalAddressList", False),
        quota_megabytes=_read_quota(workmail, described, role) if with_quota else None,
        identity_provider_user_id=answer.get("IdentityProviderUserId") or None,
        enabled=enabled,
        **profile,
    )
    return Found(id=row.id, entity=user)


def _read_quota(workmail: WorkMail, row: Listed, role: Role) -> int | None:
    if role is Role.REMOTE_USER or not row.enabled:
        return None
    return workmail.call("GetMailboxDetails", UserId=row.id).get("MailboxQuota")


def _read_group(
    workmail: WorkMail, row: Listed, names: Mapping[str, Reference]
) -> Found[Group] | None:
    try:
        answer = workmail.call("DescribeGroup", GroupId=row.id)
    except NotFoundError:
        return None
    if answer.get("State") == _GONE:
        return None
    enabled = answer.get("State") == _ENABLED
    email = answer.get("Email", "")
    described = Listed(id=row.id, reference=row.reference, enabled=enabled, email=email)
    members = workmail.list("ListGroupMembers", "Members", GroupId=row.id) if enabled else iter(())
    group = Group(
        name=answer["Name"],
        email=email,
        aliases=read_aliases(workmail, described),
        members=tuple(sorted(names[m["Id"]] for m in members if m["Id"] in names)),
        hidden_from_global_address_list=answer.get("HiddenFromGlobalAddressList", False),
        enabled=enabled,
    )
    return Found(id=row.id, entity=group)


def _read_resource(
    workmail: WorkMail, row: Listed, names: Mapping[str, Reference]
) -> Found[Bookable] | None:
    try:
        answer = workmail.call("DescribeResource", ResourceId=row.id)
    except NotFoundError:
        return None
    if answer.get("State") == _GONE:
        return None
    enabled = answer.get("State") == _ENABLED
    email = answer.get("Email", "")
    described = Listed(id=row.id, reference=row.reference, enabled=enabled, email=email)
    delegates = (
        workmail.list("ListResourceDelegates", "Delegates", ResourceId=row.id)
        if enabled
        else iter(())
    )
    options = answer.get("BookingOptions", {})
    bookable = Bookable(
        name=answer["Name"],
        type=BookableType(fold(answer["Type"])),
        description=answer.get("Description") or None,
        email=email,
        aliases=read_aliases(workmail, described),
        hidden_from_global_address_list=answer.get("HiddenFromGlobalAddressList", False),
        booking=Booking(
            auto_accept=options.get("AutoAcceptRequests", True),
            decline_recurring=options.get("AutoDeclineRecurringRequests", False),
            decline_conflicts=options.get("AutoDeclineConflictingRequests", True),
        ),
        delegates=tuple(sorted(names[d["Id"]] for d in delegates if d["Id"] in names)),
        enabled=enabled,
    )
    return Found(id=row.id, entity=bookable)
