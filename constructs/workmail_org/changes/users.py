"""Changes of users."""

from __future__ import annotations

from collections.abc import Iterable

from workmail_org.changes import entities
from workmail_org.changes.calls import Argument, Call, GeneratedPassword, Identity, Phase, make_call
from workmail_org.changes.deciding import Decision
from workmail_org.changes.entities import Situation, Traits
from workmail_org.model.live import Found
from workmail_org.model.user import PROFILE_FIELDS, Role, User
from workmail_org.model.values import Kind, make_api_name

_CREATE_FIELDS = ("first_name", "last_name", "identity_provider_user_id")
"""What CreateUser takes besides name, display name, role and visibility (facts.md §1.3)."""

_TEXT_FIELDS = (*PROFILE_FIELDS, "identity_provider_user_id")


def decide(situation: Situation[User]) -> Decision:
    """Decide how users come from what is there to what is desired.

    A user's own fields that the spec does not mention are left as they are;
    one that left the spec, and still holds what it said, is emptied.

    Source:
        WorkMail API 2017-10-01: CreateUser, UpdateUser ("the dataset in the
        request should be the one expected when performing another DescribeUser
        call"), RegisterToWorkMail, UpdateMailboxQuota.
    """
    return entities.decide(_TRAITS, situation)


def _refuse_lost_mailboxes(situation: Situation[User]) -> Iterable[str]:
    return tuple(
        f"user {user.name!r} has a mailbox, and a remote user has none: WorkMail would take the "
        "mailbox away; keep role: user, or remove the user and declare the remote one under "
        "another key"
        for user in situation.desired
        if user.role is Role.REMOTE_USER
        and (found := situation.find(user))
        and found.entity.role is Role.USER
    )


def _create(situation: Situation[User], user: User) -> Call:
    arguments: dict[str, Argument] = {"Name": user.name}
    arguments["DisplayName"] = user.display_name or user.name
    for name in _CREATE_FIELDS:
        if value := getattr(user, name):
            arguments[make_api_name(name)] = value
    if user.role is Role.REMOTE_USER:
        arguments["Role"] = "REMOTE_USER"
    elif situation.generate_passwords:
        arguments["Password"] = GeneratedPassword(user.name)
    if user.hidden_from_global_address_list:
        arguments["HiddenFromGlobalAddressList"] = True
    return make_call(Phase.CREATE, "CreateUser", user.reference, **arguments)


def _update(situation: Situation[User], user: User, found: Found[User] | None) -> Iterable[Call]:
    if not situation.read_only_directory:
        yield from _update_profile(situation.find_previous(user), user, found)
    quota = found.entity.quota_megabytes if found else None
    if user.enabled and user.quota_megabytes is not None and quota != user.quota_megabytes:
        yield make_call(
            Phase.UPDATE,
            "UpdateMailboxQuota",
            user.reference,
            UserId=Identity(user.reference),
            MailboxQuota=user.quota_megabytes,
        )


def _update_profile(previous: User | None, user: User, found: Found[User] | None) -> Iterable[Call]:
    """List UpdateUser with the whole dataset, if anything in it differs."""
    actual = found.entity if found else get_created(user)
    fields = {name: _choose(name, previous, user, actual) for name in _TEXT_FIELDS}
    role_changes = actual.role is not user.role
    hidden_changes = (
        actual.hidden_from_global_address_list is not user.hidden_from_global_address_list
    )
    texts_change = any((getattr(actual, name) or "") != (fields[name] or "") for name in fields)
    if not (texts_change or role_changes or hidden_changes):
        return
    arguments: dict[str, Argument] = {"UserId": Identity(user.reference)}
    arguments |= {make_api_name(name): value for name, value in fields.items() if value is not None}
    arguments["HiddenFromGlobalAddressList"] = user.hidden_from_global_address_list
    if role_changes:
        arguments["Role"] = user.role.upper()
    yield make_call(Phase.UPDATE, "UpdateUser", user.reference, **arguments)


def _choose(name: str, previous: User | None, user: User, actual: User) -> str | None:
    desired: str | None = getattr(user, name)
    if desired is not None:
        return desired
    present: str | None = getattr(actual, name)
    said_before: str | None = getattr(previous, name) if previous else None
    # Emptied is only what the spec had said itself; a display name cannot be empty.
    if present and present == said_before and name != "display_name":
        return ""
    return present or None


def get_created(user: User) -> User:
    """Return what CreateUser alone makes of a user."""
    return User(
        name=user.name,
        display_name=user.display_name or user.name,
        role=user.role,
        hidden_from_global_address_list=user.hidden_from_global_address_list,
        **{name: getattr(user, name) for name in _CREATE_FIELDS},
    )


_TRAITS = Traits(kind=Kind.USER, create=_create, update=_update, refuse=_refuse_lost_mailboxes)
