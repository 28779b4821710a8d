"""Normalizing: three organizations as WorkMail would show them.

`differences.expecting` says what WorkMail shows of a spec. Here is what only matters where things
were changed by hand: somebody who was switched off or deleted by hand has lost addresses,
memberships and rights with it. That is one change, and so one row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from workmail_org.differences.additions import Addition
from workmail_org.differences.expecting import expect
from workmail_org.model.bookable import Bookable
from workmail_org.model.domain import MailDomain
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.user import User
from workmail_org.model.values import Reference

_EntityT = TypeVar("_EntityT", User, Group, Bookable)

_ALL_LEAVE = OnRemoval(users=Removal.DELETE, groups=Removal.DELETE, resources=Removal.DELETE)
"""For the comparison alone: whoever left the spec is to be removed, however that is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Two organizations that can be compared.

    Attributes:
        declared: What WorkMail would show.
        live: What it shows; what it does not tell is as declared.
        others: Permissions that nobody declared, on mailboxes whose rights are exclusive.
        additions: What people added by hand to declared lists, which is not in `live`.
    """

    declared: Organization
    live: Organization
    others: tuple[MailboxPermission, ...]
    additions: tuple[Addition, ...]


def normalize(
    declared: Organization,
    live: Organization,
    lost: frozenset[Reference],
    previous: Organization | None = None,
) -> Sides:
    """Make what is declared and what is live comparable.

    Args:
        declared: By a spec or by a template.
        live: As `describing.describe` says it.
        lost: Folded references of those who were switched off or deleted by hand.
        previous: What was declared before; `None`: the same.
    """
    said = replace(declared, on_removal=_ALL_LEAVE, domains=_add_test_domain(declared))
    lost &= {each.reference.folded for each in _list_everybody(declared) if each.enabled}
    sides = expect(_switch_all(said, lost, enabled=False), live, previous)
    shown = _switch_all(sides.declared, lost, enabled=True)
    if lost:
        # WorkMail keeps who is switched off as a target of impersonation, and so the rule.
        shown = replace(shown, policies=expect(said, live, previous).declared.policies)
    found = _take_members(sides.live, shown.groups, lost)
    return Sides(
        declared=_forget_log_days(shown),
        live=_forget_log_days(found),
        others=sides.others,
        additions=sides.additions,
    )


def _take_members(
    live: Organization, declared: tuple[Group, ...], lost: frozenset[Reference]
) -> Organization:
    """Take the members of a group that is switched off to be as declared: it shows none."""
    members = {each.reference.folded: each.members for each in declared}
    groups = tuple(
        replace(each, members=members[each.reference.folded])
        if each.reference.folded in lost and not each.enabled
        else each
        for each in live.groups
    )
    return replace(live, groups=groups)


def _switch_all(
    organization: Organization, lost: frozenset[Reference], *, enabled: bool
) -> Organization:
    """Switch those who are lost on or off."""
    return replace(
        organization,
        users=_switch(organization.users, lost, enabled=enabled),
        groups=_switch(organization.groups, lost, enabled=enabled),
        resources=_switch(organization.resources, lost, enabled=enabled),
    )


def find_lost(deployed: Organization, live: Organization) -> frozenset[Reference]:
    """Find who was switched on when it was deployed and is not any more, or is not there."""
    enabled = {each.reference.folded for each in _list_everybody(live) if each.enabled}
    declared = (each for each in _list_everybody(deployed) if each.enabled)
    return frozenset(each.reference.folded for each in declared) - enabled


def _list_everybody(organization: Organization) -> tuple[User | Group | Bookable, ...]:
    return (*organization.users, *organization.groups, *organization.resources)


def _switch(
    entities: tuple[_EntityT, ...], lost: frozenset[Reference], *, enabled: bool
) -> tuple[_EntityT, ...]:
    return tuple(
        replace(each, enabled=enabled) if each.reference.folded in lost else each
        for each in entities
    )


def _add_test_domain(declared: Organization) -> tuple[MailDomain, ...]:
    """Say that the test domain is the default where no other is.

    Of an organization that was there before, a spec without a default says nothing.
    """
    if declared.existing:
        return declared.domains
    default = not any(each.default for each in declared.domains)
    return (*declared.domains, MailDomain(name=declared.test_domain, default=default))


def _forget_log_days(organization: Organization) -> Organization:
    """Forget how long a log group keeps events: CloudWatch Logs is not looked at."""
    monitoring = organization.policies.email_monitoring
    if monitoring is None or monitoring.retention_days is None:
        return organization
    forgotten = replace(monitoring, retention_days=None)
    return replace(
        organization, policies=replace(organization.policies, email_monitoring=forgotten)
    )
