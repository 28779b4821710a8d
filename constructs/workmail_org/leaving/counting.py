"""Counting: an organization taken apart into items, each of which is accounted for. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

from workmail_org.leaving.model import Item, ItemKind
from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization
from workmail_org.model.policies import Policies
from workmail_org.model.structuring import KEY_FIELDS
from workmail_org.model.user import PROFILE_FIELDS, Role, User

BOOKING_OPTIONS = ("auto_accept", "decline_recurring", "decline_conflicts")
"""Fields of `Booking`."""

BOOKING_HABITS = "subject, longest meeting and requests from outside"
"""What WorkMail does with these is not documented (looked for in its guides in November 2026)."""

UNSEEN = (
    "mail flow rules and SMTP gateways",
    "journaling",
    "mobile device policy: PIN, encryption, lock",
    "access overrides of single devices",
    "personal access tokens",
    "printers and applications that send by SMTP",
    "SES receipt rules and identities of other applications",
    "recipients that Outlook remembers, and invitations that WorkMail sent",
)
"""What every organization can have and no spec names: no API of WorkMail shows it, or it is not in
WorkMail (WorkMail API 2017-10-01; docs/spec.md, "What has no API")."""

_CONTENTS = (
    ItemKind.MAIL,
    ItemKind.CALENDAR,
    ItemKind.CONTENT,
    ItemKind.MAILBOX_SETTINGS,
    ItemKind.FOLDER_PERMISSIONS,
)
"""What is in the mailbox of a person; a resource has the first two."""


def list_items(organization: Organization) -> tuple[Item, ...]:
    """List everything that an organization has, in the order of the model; no two are equal.

    What WorkMail has twice under one name, as it can have mobile device rules, is numbered.
    """
    counts: Counter[Item] = Counter()
    items: list[Item] = []
    for item in _walk(organization):
        counts[item] += 1
        number = counts[item]
        items.append(item if number == 1 else replace(item, value=f"{item.value} ({number})"))
    return tuple(items)


def _walk(organization: Organization) -> Iterator[Item]:
    for user in organization.users:
        yield from _walk_user(user)
    for group in organization.groups:
        yield from _walk_group(group)
    for resource in organization.resources:
        yield from _walk_resource(resource)
    for permission in organization.permissions:
        for right in permission.rights:
            yield Item(
                kind=ItemKind.RIGHT,
                owner=str(permission.mailbox),
                name=right.value,
                value=str(permission.grantee),
            )
    for domain in organization.domains:
        yield Item(kind=ItemKind.DOMAIN, name=domain.name)
    yield from _walk_policies(organization.policies)
    yield from _walk_settings(organization)
    for name in UNSEEN:
        yield Item(kind=ItemKind.UNSEEN, name=name)


def _walk_user(user: User) -> Iterator[Item]:
    owner = str(user.reference)
    is_remote = user.role is Role.REMOTE_USER
    yield Item(kind=ItemKind.REMOTE_USER if is_remote else ItemKind.USER, owner=owner, name=owner)
    yield from _walk_addresses(user)
    for field in PROFILE_FIELDS:
        if value := getattr(user, field):
            yield Item(kind=ItemKind.FIELD, owner=owner, name=field, value=value)
    if user.quota_megabytes is not None:
        quota = f"{user.quota_megabytes} MB"
        yield Item(kind=ItemKind.QUOTA, owner=owner, name=quota)
    if user.identity_provider_user_id:
        identity = user.identity_provider_user_id
        yield Item(kind=ItemKind.IDENTITY, owner=owner, name=identity)
    if not is_remote:
        yield Item(kind=ItemKind.PASSWORD, owner=owner)
        yield from (Item(kind=each, owner=owner) for each in _CONTENTS)


def _walk_group(group: Group) -> Iterator[Item]:
    owner = str(group.reference)
    yield Item(kind=ItemKind.GROUP, owner=owner, name=owner)
    yield from _walk_addresses(group)
    for member in group.members:
        yield Item(kind=ItemKind.MEMBER, owner=owner, name=str(member))


def _walk_resource(resource: Bookable) -> Iterator[Item]:
    owner = str(resource.reference)
    kind = resource.type.value
    yield Item(kind=ItemKind.RESOURCE, owner=owner, name=owner, value=kind)
    yield from _walk_addresses(resource)
    if resource.description:
        yield Item(kind=ItemKind.FIELD, owner=owner, name="description", value=resource.description)
    for option in BOOKING_OPTIONS:
        chosen = "true" if getattr(resource.booking, option) else "false"
        yield Item(kind=ItemKind.BOOKING, owner=owner, name=option, value=chosen)
    yield Item(kind=ItemKind.BOOKING, owner=owner, name=BOOKING_HABITS)
    for delegate in resource.delegates:
        yield Item(kind=ItemKind.DELEGATE, owner=owner, name=str(delegate))
    yield from (Item(kind=each, owner=owner) for each in _CONTENTS[:2])


def _walk_addresses(entity: User | Group | Bookable) -> Iterator[Item]:
    owner = str(entity.reference)
    if entity.email:
        yield Item(kind=ItemKind.ADDRESS, owner=owner, name=entity.email)
    for alias in entity.aliases:
        yield Item(kind=ItemKind.ALIAS, owner=owner, name=alias)
    if entity.hidden_from_global_address_list:
        yield Item(kind=ItemKind.HIDDEN, owner=owner)


def _walk_policies(policies: Policies) -> Iterator[Item]:
    """Take policies apart by the fields of the model, so that no new kind is forgotten.

    The kind of an item is called like the field. Rules within a policy are items of their own.
    """
    for each in fields(policies):
        held: Any = getattr(policies, each.name)
        for policy in _list_items(held):
            kind, name = ItemKind[each.name.upper()], _name_policy(policy)
            yield Item(kind=kind, name=name, value=_describe_policy(policy))
            for part in _list_parts(policy):
                yield Item(
                    kind=ItemKind[f"{kind.name}_PART"],
                    name=f"{name}: {_name_policy(part)}",
                    value=_describe_policy(part),
                )


def _list_items(held: Any) -> Iterator[Any]:
    listed = cast("Iterable[Any]", held) if isinstance(held, tuple) else [held]
    yield from (each for each in listed if each is not None)


def _list_parts(policy: Any) -> Iterator[Any]:
    """List the rules within a policy: what has fields and a key itself."""
    for name in _list_fields(policy):
        yield from (each for each in _list_items(getattr(policy, name)) if _find_key(each))


def _name_policy(policy: Any) -> str:
    key = _find_key(policy)
    if key:
        return str(getattr(policy, key))
    return _describe_fields(policy, leave_out=()) if is_dataclass(policy) else str(policy).lower()


def _describe_policy(policy: Any) -> str:
    key = _find_key(policy)
    return _describe_fields(policy, leave_out=(key,)) if key else ""


def _find_key(policy: object) -> str | None:
    """Return the field by which a policy is known; `None`: there is only one of its kind."""
    if key := KEY_FIELDS.get(type(policy)):
        return key
    return "name" if "name" in _list_fields(policy) else None


def _describe_fields(policy: Any, *, leave_out: Collection[str | None]) -> str:
    """Write what a policy does, whatever fields it has: `effect deny; actions imap, smtp`.

    Its rules are left out: they are items of their own. Fields that are not set say nothing.
    """
    values = {
        name: _describe_value(getattr(policy, name))
        for name in _list_fields(policy)
        if name not in leave_out
    }
    return "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items() if value)


def _describe_value(value: Any) -> str:
    if isinstance(value, tuple):
        every = cast("Iterable[Any]", value)
        return ", ".join(str(each) for each in every if not is_dataclass(each))
    if is_dataclass(value):
        return f"({_describe_fields(value, leave_out=())})"
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _list_fields(policy: object) -> tuple[str, ...]:
    return tuple(each.name for each in fields(policy)) if is_dataclass(policy) else ()


def _walk_settings(organization: Organization) -> Iterator[Item]:
    yield Item(kind=ItemKind.SETTING, name="web client", value=web_client(organization))
    test_domain = f"addresses at {organization.test_domain}"
    yield Item(kind=ItemKind.SETTING, name=test_domain)
    yield Item(kind=ItemKind.SETTING, name="default domain", value=organization.default_domain)
    directory = organization.directory.type.value
    yield Item(kind=ItemKind.SETTING, name="directory", value=directory)
    if organization.kms_key_arn:
        yield Item(kind=ItemKind.SETTING, name="KMS key", value=organization.kms_key_arn)
    if organization.interoperability:
        yield Item(kind=ItemKind.SETTING, name="interoperability with Microsoft Exchange")
    for tag, value in organization.tags.items():
        yield Item(kind=ItemKind.TAG, name=tag, value=value)
    for each in organization.drift.unmanaged:
        yield Item(kind=ItemKind.UNMANAGED, name=each.path, value=each.reason)


def web_client(organization: Organization) -> str:
    """Return the address of WorkMail's web client (WorkMail Admin Guide, "what_is")."""
    return f"https://{organization.test_domain}/mail"
