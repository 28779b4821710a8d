"""Describing: what is live in an organization, as a spec would declare it."""

from __future__ import annotations

from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.domain import MailDomain
from workmail_org.model.live import LiveDirectory, Snapshot
from workmail_org.model.organization import Organization
from workmail_org.wire.names import KEY_TAG, OWNER_TAG, TAKEN_OVER_TAG

_OUR_TAGS = frozenset({KEY_TAG, OWNER_TAG, TAKEN_OVER_TAG})

_VERIFIED = "VERIFIED"
"""`OwnershipVerificationStatus` of a domain that can be used (WorkMail API, GetMailDomain)."""


def describe(snapshot: Snapshot, *, key: str = "") -> Organization:
    """Write everything that is live as a spec would declare it, whoever made it.

    Passwords, and what happens on removal, cannot be read. What WorkMail makes by
    itself is in it too: its test domain, its own rules.

    Args:
        snapshot: What is live.
        key: Spec key of the organization.
    """
    live = snapshot.organization
    return Organization(
        key=key,
        region=snapshot.region,
        alias=live.alias,
        existing=live.id,
        directory=_describe_directory(snapshot.directory),
        kms_key_arn=live.tags.get(KEY_TAG),
        interoperability=live.interoperability,
        tags={name: value for name, value in live.tags.items() if name not in _OUR_TAGS},
        domains=tuple(
            MailDomain(
                name=domain.name,
                default=domain.is_default,
                verified=domain.ownership == _VERIFIED,
            )
            for domain in snapshot.domains
        ),
        users=tuple(found.entity for found in snapshot.users),
        groups=tuple(found.entity for found in snapshot.groups),
        resources=tuple(found.entity for found in snapshot.resources),
        permissions=snapshot.settings.permissions,
        policies=snapshot.settings.describe_policies(log_days=snapshot.log_days),
    )


def _describe_directory(live: LiveDirectory | None) -> Directory:
    if live is None:
        return Directory()
    return Directory(
        type=live.type or DirectoryType.EXISTING,
        directory_id=live.id,
        name=live.name,
        size=live.size,
        edition=live.edition,
        vpc_id=live.vpc_id,
        subnet_ids=tuple(sorted(live.subnet_ids)),
    )
