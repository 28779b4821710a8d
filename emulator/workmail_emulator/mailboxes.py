"""Mailboxes: made, kept for 30 days, restored; their quota and size."""

from __future__ import annotations

from dataclasses import replace

from workmail_emulator import entities
from workmail_emulator.api import Document
from workmail_emulator.errors import entity_not_found, invalid_parameter
from workmail_emulator.state import Entity, Mailbox, Organization
from workmail_emulator.world import Context

LARGEST_QUOTA = 51_200
"""Megabytes, 50 GB; Admin Guide edit_user, facts.md §3."""


def has_mailbox(entity: Entity) -> bool:
    """Return whether an enabled entity of this sort has a mailbox.

    Source:
        Groups have none (facts.md §1.7), REMOTE_USERs neither (§2).
    """
    return entity.kind != "GROUP" and entity.role != "REMOTE_USER"


def provision(context: Context, organization: Organization, entity: Entity) -> None:
    """Give an entity its mailbox: the kept one, or a new one.

    Source:
        facts.md §7.1: registered again within 30 days, the same user id finds its mailbox;
        Assumption QUOTA_DEFAULT.
    """
    if not has_mailbox(entity):
        return
    kept = organization.mailboxes.get(entity.id)
    if kept and kept.status(context.now) != "lost":
        organization.mailboxes[entity.id] = replace(kept, deprovisioned_at=None)
        return
    if kept:
        organization.lost_mailboxes[kept.token] = kept
    organization.mailboxes[entity.id] = Mailbox(
        token=context.world.ids.token(),
        owner=entity.id,
        quota=LARGEST_QUOTA,
        size=0.0,
        provisioned_at=context.now,
    )


def deprovision(context: Context, organization: Organization, entity: Entity) -> None:
    """Take the mailbox away; it is kept for 30 days."""
    mailbox = organization.mailboxes.get(entity.id)
    if mailbox and mailbox.deprovisioned_at is None:
        organization.mailboxes[entity.id] = replace(mailbox, deprovisioned_at=context.now)


def get_mailbox_details(context: Context, organization: Organization) -> Document:
    """Answer quota and size. Source: facts.md §1.3, Assumption NO_MAILBOX."""
    mailbox = _mailbox(context, organization)
    return {"MailboxQuota": mailbox.quota, "MailboxSize": mailbox.size}


def update_mailbox_quota(context: Context, organization: Organization) -> Document:
    """Change the quota of an enabled user. Source: facts.md §1.3: 1 to 51 200 megabytes."""
    identifier: str = context.parameters["UserId"]
    user = entities.find(context, organization, identifier, entities.USERS)
    entities.require(context, organization, user, "ENABLED")
    quota: int = context.parameters["MailboxQuota"]
    if quota > LARGEST_QUOTA:
        raise invalid_parameter(f"MailboxQuota {quota} is larger than {LARGEST_QUOTA} MB.")
    mailbox = _mailbox(context, organization)
    organization.mailboxes[user.id] = replace(mailbox, quota=quota)
    return {}


def _mailbox(context: Context, organization: Organization) -> Mailbox:
    """Find a mailbox in use, or kept. Source: Assumption NO_MAILBOX."""
    identifier: str = context.parameters["UserId"]
    user = entities.find(context, organization, identifier, entities.USERS)
    mailbox = organization.mailboxes.get(user.id)
    if mailbox is None or mailbox.status(context.now) == "lost":
        raise entity_not_found(identifier)
    return mailbox
