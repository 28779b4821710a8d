"""Changes of mailbox permissions."""

from __future__ import annotations

from collections.abc import Iterable

from workmail_org.changes.calls import Call, Identity, Phase, Setting, make_call
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.values import Reference

Pair = tuple[Reference, Reference]


def between(
    actual: Iterable[MailboxPermission],
    previous: Iterable[MailboxPermission],
    desired: Iterable[MailboxPermission],
) -> tuple[Call, ...]:
    """List the calls that bring permissions to what is desired; rights go before others come.

    Permissions that neither `previous` nor `desired` names are somebody else's.

    Source:
        WorkMail API 2017-10-01: PutMailboxPermissions (replaces the rights of
        a pair), DeleteMailboxPermissions.
    """
    present = {get_pair(permission): permission for permission in actual}
    wanted = {get_pair(permission): permission for permission in desired}
    dropped = [
        permission
        for pair, permission in {get_pair(each): each for each in previous}.items()
        if pair in present and pair not in wanted
    ]
    changed = [
        permission
        for pair, permission in wanted.items()
        if pair not in present or set(present[pair].rights) != set(permission.rights)
    ]
    return (*map(_delete, dropped), *map(_put, changed))


def get_pair(permission: MailboxPermission) -> Pair:
    """Return what a permission is known by, folded."""
    return permission.mailbox.folded, permission.grantee.folded


def _put(permission: MailboxPermission) -> Call:
    return make_call(
        Phase.JOIN,
        "PutMailboxPermissions",
        _get_subject(permission),
        EntityId=Identity(permission.mailbox),
        GranteeId=Identity(permission.grantee),
        PermissionValues=tuple(right.upper() for right in permission.rights),
    )


def _delete(permission: MailboxPermission) -> Call:
    return make_call(
        Phase.LEAVE,
        "DeleteMailboxPermissions",
        _get_subject(permission),
        EntityId=Identity(permission.mailbox),
        GranteeId=Identity(permission.grantee),
    )


def _get_subject(permission: MailboxPermission) -> Setting:
    return Setting("mailbox permission", f"{permission.mailbox} for {permission.grantee}")
