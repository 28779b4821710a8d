"""Carrying: what there is after calls, without making them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from workmail_org.changes.calls import Argument, Call, Identity
from workmail_org.model.bookable import Bookable, BookableType, Booking
from workmail_org.model.group import Group
from workmail_org.model.live import Found, People
from workmail_org.model.user import PROFILE_FIELDS, Role, User
from workmail_org.model.values import EntityId, Kind, Reference, fold, make_api_name

_Entity = User | Group | Bookable

_PROFILE = {make_api_name(name): name for name in (*PROFILE_FIELDS, "identity_provider_user_id")}


def apply_calls(people: People, calls: Iterable[Call]) -> People:
    """Say who is there, with which addresses and members, once calls have been made.

    Calls about anything else are passed over.
    """
    entities: dict[Reference, Found[Any]] = {
        Reference(kind, name): found
        for kind in Kind
        for name, found in people.get_kind(kind).items()
    }
    touched = False
    for call in calls:
        if isinstance(call.subject, Reference):
            _carry_out_one(entities, call, call.subject.folded)
            touched = True
    if not touched:
        return people
    return People(
        users=_select(entities, Kind.USER),
        groups=_select(entities, Kind.GROUP),
        resources=_select(entities, Kind.RESOURCE),
    )


def _select(entities: Mapping[Reference, Found[Any]], kind: Kind) -> dict[str, Found[Any]]:
    return {ref.name: found for ref, found in entities.items() if ref.kind is kind}


def _carry_out_one(entities: dict[Reference, Found[Any]], call: Call, reference: Reference) -> None:
    if call.operation.startswith("Delete") and call.operation != "DeleteAlias":
        entities.pop(reference, None)
    elif call.operation.startswith("Create") and call.operation != "CreateAlias":
        made: Any = _create(call)
        entities[reference] = Found(id=EntityId(""), entity=made)
    elif reference in entities and call.operation in _EFFECTS:
        found = entities[reference]
        after = _EFFECTS[call.operation](found.entity, call.arguments)
        entities[reference] = replace(found, entity=after)


def _create(call: Call) -> _Entity:
    arguments = call.arguments
    name = str(arguments["Name"])
    hidden = bool(arguments.get("HiddenFromGlobalAddressList"))
    common: dict[str, Any] = {
        "name": name,
        "hidden_from_global_address_list": hidden,
        "enabled": False,
    }
    match call.operation:
        case "CreateGroup":
            return Group(**common)
        case "CreateResource":
            kind = BookableType(fold(str(arguments["Type"])))
            description = cast("str | None", arguments.get("Description"))
            return Bookable(type=kind, description=description, **common)
        case _:
            role = Role(fold(str(arguments.get("Role", Role.USER))))
            return User(role=role, **common, **_read_profile(arguments))


def _read_profile(arguments: Mapping[str, Argument]) -> dict[str, Any]:
    return {
        name: arguments[parameter] or None
        for parameter, name in _PROFILE.items()
        if parameter in arguments
    }


def _register(entity: Any, arguments: Mapping[str, Argument]) -> Any:
    return replace(entity, enabled=True, email=str(arguments["Email"]))


def _deregister(entity: Any, arguments: Mapping[str, Argument]) -> Any:  # noqa: ARG001 - shape
    """Take away what only somebody who is switched on has; the mailbox is kept for 30 days."""
    lost: dict[str, Any] = {"enabled": False, "email": "", "aliases": ()}
    match entity:
        case Group():
            lost["members"] = ()
        case Bookable():
            lost["delegates"] = ()
        case _:
            lost["quota_megabytes"] = None
    return replace(entity, **lost)


def _make_primary(entity: Any, arguments: Mapping[str, Argument]) -> Any:
    """Change the primary address; the former one becomes an alias."""
    email = str(arguments["Email"])
    aliases = [alias for alias in entity.aliases if fold(alias) != fold(email)]
    return replace(entity, email=email, aliases=tuple(sorted([*aliases, entity.email])))


def _add_alias(entity: Any, arguments: Mapping[str, Argument]) -> Any:
    return replace(entity, aliases=tuple(sorted([*entity.aliases, str(arguments["Alias"])])))


def _drop_alias(entity: Any, arguments: Mapping[str, Argument]) -> Any:
    gone = fold(str(arguments["Alias"]))
    return replace(entity, aliases=tuple(a for a in entity.aliases if fold(a) != gone))


def _add(references: Sequence[Reference], identity: Argument) -> tuple[Reference, ...]:
    return tuple(sorted([*references, _refer(identity)]))


def _drop(references: Sequence[Reference], identity: Argument) -> tuple[Reference, ...]:
    gone = _refer(identity).folded
    return tuple(each for each in references if each.folded != gone)


def _refer(identity: Argument) -> Reference:
    return cast("Reference", cast("Identity", identity).reference)


def _update_user(user: Any, arguments: Mapping[str, Argument]) -> Any:
    fields = _read_profile(arguments)
    fields["hidden_from_global_address_list"] = arguments["HiddenFromGlobalAddressList"]
    if "Role" in arguments:
        fields["role"] = Role(fold(str(arguments["Role"])))
    return replace(user, **fields)


def _update_resource(bookable: Any, arguments: Mapping[str, Argument]) -> Any:
    options = cast("Mapping[str, bool]", arguments["BookingOptions"])
    return replace(
        bookable,
        type=BookableType(fold(str(arguments["Type"]))),
        description=arguments.get("Description", bookable.description) or None,
        hidden_from_global_address_list=arguments["HiddenFromGlobalAddressList"],
        booking=Booking(
            auto_accept=options["AutoAcceptRequests"],
            decline_recurring=options["AutoDeclineRecurringRequests"],
            decline_conflicts=options["AutoDeclineConflictingRequests"],
        ),
    )


_EFFECTS: Mapping[str, Callable[[Any, Mapping[str, Argument]], Any]] = {
    "RegisterToWorkMail": _register,
    "DeregisterFromWorkMail": _deregister,
    "UpdatePrimaryEmailAddress": _make_primary,
    "CreateAlias": _add_alias,
    "DeleteAlias": _drop_alias,
    "UpdateUser": _update_user,
    "UpdateMailboxQuota": lambda user, arguments: replace(
        user, quota_megabytes=arguments["MailboxQuota"]
    ),
    "UpdateGroup": lambda group, arguments: replace(
        group, hidden_from_global_address_list=arguments["HiddenFromGlobalAddressList"]
    ),
    "AssociateMemberToGroup": lambda group, arguments: replace(
        group, members=_add(group.members, arguments["MemberId"])
    ),
    "DisassociateMemberFromGroup": lambda group, arguments: replace(
        group, members=_drop(group.members, arguments["MemberId"])
    ),
    "UpdateResource": _update_resource,
    "AssociateDelegateToResource": lambda bookable, arguments: replace(
        bookable, delegates=_add(bookable.delegates, arguments["EntityId"])
    ),
    "DisassociateDelegateFromResource": lambda bookable, arguments: replace(
        bookable, delegates=_drop(bookable.delegates, arguments["EntityId"])
    ),
}
"""What each call does to the entity that it is about (facts.md §1.3-1.6)."""
