"""Mailbox permissions: who may open, or write from, whose mailbox."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from workmail_org.changes.calls import Call, Identity, Phase, Setting, make_call
from workmail_org.changes.consequences import GUIDE, Consequence, Rule
from workmail_org.changes.deciding import Decision
from workmail_org.changes.explaining import Explanation, Wording, get_reference, join
from workmail_org.model.live import Entity, LiveSettings
from workmail_org.model.organization import Organization
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.values import Listing, Reference
from workmail_org.wire.properties import PermissionsProperties

Pair = tuple[Reference, Reference]
Lists = tuple[str, ...]

_FEW = 5
"""So many mailboxes of one grantee are told one by one; of more, the number (a guess)."""


PERMISSION_GIVEN = Rule(
    "permission-given",
    Consequence.SIGN_IN,
    "who may open or send from a mailbox follows the permissions, within 5 minutes",
    f'{GUIDE}, "mail_perms_overview"',
)
PERMISSION_TAKEN = Rule(
    "permission-taken",
    Consequence.SIGN_IN,
    "who may open or send from a mailbox follows the permissions, within 5 minutes",
    f'{GUIDE}, "mail_perms_overview"',
)


def declare(organization: Organization, stack: str) -> PermissionsProperties:  # noqa: ARG001 - the shape
    """Write an organization's permissions, those of who is switched off left out.

    Also none: taking them all away is an update, which can be rolled back, and not a
    Delete, which comes after everything.
    """
    disabled = organization.disabled
    entities: tuple[Entity, ...] = (
        *organization.users,
        *organization.groups,
        *organization.resources,
    )
    return PermissionsProperties(
        exclusive=tuple(
            each.reference
            for each in entities
            if Listing.RIGHTS in each.exclusive and each.reference.folded not in disabled
        ),
        permissions=tuple(
            each
            for each in organization.permissions
            if not {each.mailbox.folded, each.grantee.folded} & disabled
        ),
    )


def predict(declared: PermissionsProperties) -> tuple[MailboxPermission, ...]:
    """Predict what is live once permissions are deployed."""
    return declared.permissions


def capture(
    live: LiveSettings,
    declared: PermissionsProperties | None,
    previous: PermissionsProperties | None,
) -> PermissionsProperties:
    """Write what is live of the pairs that a change is about, as it would be declared."""
    sides = [each for each in (declared, previous) if each]
    pairs = {get_pair(permission) for each in sides for permission in each.permissions}
    whole = {each.folded for side in sides for each in side.exclusive}
    return PermissionsProperties(
        permissions=tuple(
            each
            for each in live.permissions
            if get_pair(each) in pairs or each.mailbox.folded in whole
        )
    )


def add_kept(
    previous: PermissionsProperties | None, kept: Iterable[MailboxPermission]
) -> PermissionsProperties | None:
    """Declare as before also what left the spec earlier and could not be taken away then.

    Args:
        previous: What was declared before.
        kept: Rights that left the spec earlier.
    """
    declared = {get_pair(each): each for each in (previous.permissions if previous else ())}
    every = dict(declared)
    for each in kept:
        rights = _get_rights(every, get_pair(each)) | {*each.rights}
        every[get_pair(each)] = replace(each, rights=tuple(sorted(rights)))
    if every == declared:
        return previous
    return replace(previous or PermissionsProperties(), permissions=tuple(every.values()))


def list_gone(
    previous: PermissionsProperties | None, declared: PermissionsProperties
) -> tuple[MailboxPermission, ...]:
    """List the permissions that are declared no more."""
    wanted = {get_pair(each) for each in declared.permissions}
    every = previous.permissions if previous else ()
    return tuple(each for each in every if get_pair(each) not in wanted)


def list_hidden(
    permissions: Iterable[MailboxPermission], enabled: Collection[Reference]
) -> tuple[MailboxPermission, ...]:
    """List the permissions of which nobody sees whether they are there.

    Args:
        permissions: Of anybody.
        enabled: Who is switched on, folded.
    """
    return tuple(each for each in permissions if not {*get_pair(each)} <= {*enabled})


def decide(
    live: LiveSettings,
    declared: PermissionsProperties | None,
    previous: PermissionsProperties | None,
) -> Decision:
    """Decide which permissions change; rights go before others come.

    What neither `previous` nor `declared` names is somebody else's, whole permissions and
    single rights: it stays, but on mailboxes whose rights are exclusive.

    Source:
        WorkMail API 2017-10-01: PutMailboxPermissions (replaces the rights of
        a pair), DeleteMailboxPermissions.
    """
    present = {get_pair(each): each for each in live.permissions}
    wanted = {get_pair(each): each for each in (declared.permissions if declared else ())}
    before = {get_pair(each): each for each in (previous.permissions if previous else ())}
    exclusive = {each.folded for each in (declared.exclusive if declared else ())}
    on_exclusive = {pair: each for pair, each in present.items() if pair[0] in exclusive}
    dropped: list[MailboxPermission] = []
    changed: list[MailboxPermission] = []
    for pair, permission in {**on_exclusive, **before, **wanted}.items():
        found = _get_rights(present, pair)
        by_hand = set[Right]() if pair[0] in exclusive else found - _get_rights(before, pair)
        rights = _get_rights(wanted, pair) | by_hand
        if found and not rights:
            dropped.append(permission)
        elif rights != found:
            changed.append(replace(permission, rights=tuple(sorted(rights))))
    return Decision(calls=(*map(_delete, dropped), *map(_put, changed)))


def _get_rights(permissions: Mapping[Pair, MailboxPermission], pair: Pair) -> set[Right]:
    return set(permissions[pair].rights) if pair in permissions else set()


_RIGHTS = {
    "FULL_ACCESS": "open the mailbox of {}",
    "SEND_AS": "write as {}",
    "SEND_ON_BEHALF": "write on behalf of {}",
}


def explain(
    live: LiveSettings,
    declared: PermissionsProperties | None,  # noqa: ARG001 - the shape
    calls: Sequence[Call],
    wording: Wording,
) -> Iterator[Explanation]:
    """Return who may do what with whose mailbox, or may no longer."""
    held = {get_pair(each): [right.upper() for right in each.rights] for each in live.permissions}
    alike: dict[tuple[Reference, Lists, Lists], list[tuple[Reference, Call]]] = {}
    for call in calls:
        mailbox, grantee = get_reference(call, "EntityId"), get_reference(call, "GranteeId")
        had = held.get((mailbox.folded, grantee.folded), [])
        wanted = call.arguments.get("PermissionValues", ())
        has = [str(right) for right in wanted] if isinstance(wanted, tuple) else []
        gained = tuple(right for right in has if right not in had)
        lost = tuple(right for right in had if right not in has)
        alike.setdefault((grantee, gained, lost), []).append((mailbox, call))
    for (grantee, gained, lost), found in alike.items():
        # Rights of one account on every mailbox are one change, with its number
        parts = [found] if len(found) > _FEW else [[each] for each in found]
        for part in parts:
            whose = _name_mailboxes([wording.name(mailbox) for mailbox, _ in part])
            said = [f"may {_describe_rights(gained, whose)}"] if gained else []
            said += [f"may no longer {_describe_rights(lost, whose)}"] if lost else []
            rule = PERMISSION_GIVEN if gained else PERMISSION_TAKEN
            sentence = f"{wording.name(grantee)} {join(said) or f'keeps the rights on {whose}'}"
            yield rule, sentence, [call for _, call in part]


def _name_mailboxes(names: Sequence[str]) -> str:
    if len(names) <= _FEW:
        return join(names)
    return f"{len(names)} users and resources, such as {join(names[:2])}"


def _describe_rights(rights: Sequence[str], whose: str) -> str:
    return join((_RIGHTS[right].format(whose) for right in rights), "or")


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
