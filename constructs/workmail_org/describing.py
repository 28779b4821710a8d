"""Describing: a live organization in the words of a spec. Pure.

`describe` leaves nothing out that somebody could have declared. What WorkMail does by itself in
every organization, and no author writes down, stays in too, until `leave_out_defaults`: who
compares has to see that a rule of WorkMail's is there; who writes a spec has not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from workmail_org.model.bookable import Bookable
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.domain import MailDomain
from workmail_org.model.group import Group
from workmail_org.model.live import (
    EntityT,
    Found,
    LiveDirectory,
    LiveDomain,
    LiveSettings,
    Snapshot,
)
from workmail_org.model.organization import Organization
from workmail_org.model.user import User
from workmail_org.model.values import fold
from workmail_org.wire.names import KEY_TAG, TAG_PREFIX

_VERIFIED = "VERIFIED"
"""`OwnershipVerificationStatus` of a domain that can be used (WorkMail API 2017-10-01,
GetMailDomain)."""

_AddressedT = TypeVar("_AddressedT", User, Group, Bookable)


def describe(snapshot: Snapshot, *, key: str | None = None) -> Organization:
    """Say what is live as a spec would declare it.

    Args:
        snapshot: What is live.
        key: Spec key; `None`: the alias.
    """
    live, settings = snapshot.organization, snapshot.settings
    tags = {tag: live.tags[tag] for tag in sorted(live.tags) if not tag.startswith(TAG_PREFIX)}
    return Organization(
        key=live.alias if key is None else key,
        region=snapshot.region,
        alias=live.alias,
        existing=live.id,
        directory=_describe_directory(snapshot.directory),
        kms_key_arn=live.tags.get(KEY_TAG) or None,
        interoperability=live.interoperability,
        tags=tags,
        domains=tuple(
            _describe_domain(snapshot.domains[name]) for name in sorted(snapshot.domains)
        ),
        users=_sort(snapshot.people.users),
        groups=_sort(snapshot.people.groups),
        resources=_sort(snapshot.people.resources),
        permissions=tuple(sorted(settings.permissions, key=lambda p: (p.mailbox, p.grantee))),
        policies=settings.describe_policies(log_days=snapshot.log_days),
    )


def leave_out_defaults(organization: Organization) -> Organization:
    """Leave out what every organization has, and what a spec that is silent leaves as it is.

    The rules of a new organization go only where no others are beside them: a section that is
    declared is exclusive, so one that names others has to name them too.

    Source:
        AWS CLI example `list-access-control-rules`; WorkMail Admin Guide,
        "manage-mobile-access" (the name ALLOW-all is assumed); that DMARC is
        enforced: facts.md §0.9.
    """
    new = LiveSettings().describe_policies()
    policies = organization.policies
    test_domain = fold(organization.test_domain)
    return replace(
        organization,
        domains=tuple(each for each in organization.domains if fold(each.name) != test_domain),
        users=_leave_out_addresses(organization.users, test_domain),
        groups=_leave_out_addresses(organization.groups, test_domain),
        resources=_leave_out_addresses(organization.resources, test_domain),
        policies=replace(
            policies,
            access_control=_leave_out(policies.access_control, new.access_control),
            mobile_devices=_leave_out(policies.mobile_devices, new.mobile_devices),
            inbound_dmarc_enforced=None
            if policies.inbound_dmarc_enforced == new.inbound_dmarc_enforced
            else policies.inbound_dmarc_enforced,
        ),
    )


def _describe_directory(live: LiveDirectory | None) -> Directory:
    """Say what Directory Service shows; what it does not show is WorkMail's own."""
    if live is None:
        return Directory()
    return Directory(
        type=live.type or DirectoryType.EXISTING,
        directory_id=live.id,
        name=live.name or None,
        size=live.size,
        edition=live.edition,
        vpc_id=live.vpc_id,
        subnet_ids=tuple(sorted(live.subnet_ids)),
    )


def _describe_domain(live: LiveDomain) -> MailDomain:
    return MailDomain(name=live.name, default=live.is_default, verified=live.ownership == _VERIFIED)


def _sort(found: Mapping[str, Found[EntityT]]) -> tuple[EntityT, ...]:
    return tuple(found[name].entity for name in sorted(found))


_RuleT = TypeVar("_RuleT")


def _leave_out(rules: tuple[_RuleT, ...], new: tuple[_RuleT, ...]) -> tuple[_RuleT, ...]:
    return () if rules == new else rules


def _leave_out_addresses(
    entities: Iterable[_AddressedT], test_domain: str
) -> tuple[_AddressedT, ...]:
    """Drop the addresses that WorkMail adds: a name at the test domain (facts.md §1.6)."""
    return tuple(
        replace(
            each,
            aliases=tuple(
                alias for alias in each.aliases if fold(alias) != f"{fold(each.name)}@{test_domain}"
            ),
        )
        for each in entities
    )
