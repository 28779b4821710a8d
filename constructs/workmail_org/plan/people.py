"""People: what happens to users, groups and resources, told for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from workmail_org.changes import consequences as rules
from workmail_org.changes.calls import Call, Identity
from workmail_org.changes.consequences import Consequence, Rule
from workmail_org.changes.explaining import get_reference, join
from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.live import Entity
from workmail_org.model.user import PROFILE_FIELDS, Role, User
from workmail_org.model.values import Kind, Reference, fold
from workmail_org.plan.context import Context, make_change, name_entity
from workmail_org.plan.mailflow import Delivery, FlowChange
from workmail_org.plan.model import Change
from workmail_org.plan.step import Step
from workmail_org.wire.properties import ResourceType

_CREATIONS = ("CreateUser", "CreateGroup", "CreateResource")
_DELETIONS = ("DeleteUser", "DeleteGroup", "DeleteResource")
_ADDRESSES = ("UpdatePrimaryEmailAddress", "CreateAlias", "DeleteAlias")
_MEMBERS = {
    "AssociateMemberToGroup": (rules.MEMBERS_JOIN, "MemberId"),
    "DisassociateMemberFromGroup": (rules.MEMBERS_LEAVE, "MemberId"),
    "AssociateDelegateToResource": (rules.DELEGATES_JOIN, "EntityId"),
    "DisassociateDelegateFromResource": (rules.DELEGATES_LEAVE, "EntityId"),
}

_PARTINGS = (
    "DisassociateMemberFromGroup",
    "DisassociateDelegateFromResource",
    "DeleteMailboxPermissions",
)

_LEAVING = {
    Kind.USER: (rules.USER_LEAVES, rules.USER_DELETED),
    Kind.GROUP: (rules.GROUP_LEAVES, rules.GROUP_LEAVES),
    Kind.RESOURCE: (rules.RESOURCE_LEAVES, rules.RESOURCE_DELETED),
}


def group_by_leaver(steps: Iterable[Step]) -> dict[Reference, list[Call]]:
    """Find what others lose only because somebody leaves: members, delegates, permissions."""
    every = list(steps)
    leaving = {
        call.subject.folded
        for step in every
        if step.resource_type is ResourceType.REMOVALS
        for call in step.calls
    }
    leavers: dict[Reference, list[Call]] = {}
    for call in (call for step in every for call in step.calls):
        who = next((each for each in _list_parted(call) if each in leaving), None)
        if who:
            leavers.setdefault(who, []).append(call)
    return leavers


def _list_parted(call: Call) -> Iterator[Reference]:
    """List whom a call parts."""
    if call.operation in _PARTINGS:
        for value in call.arguments.values():
            if isinstance(value, Identity) and isinstance(value.reference, Reference):
                yield value.reference.folded


def explain_entities(
    context: Context, steps: Iterable[Step], leavers: Mapping[Reference, Sequence[Call]]
) -> Iterator[Change]:
    """Return what calls do to each of those whom they are about.

    Somebody who leaves gives up addresses first, in a step of the collection,
    and goes in the last one: that is told once, as what the last one does.

    Args:
        context: What there is before and after.
        steps: Those of the collections, and of the removals.
        leavers: What is told of those who leave.
    """
    by_subject: dict[Reference, list[Call]] = {who: [*calls] for who, calls in leavers.items()}
    last: dict[Reference, Step] = {}
    for step in steps:
        for call in step.calls:
            if isinstance(call.subject, Reference):
                by_subject.setdefault(call.subject.folded, []).append(call)
                last[call.subject.folded] = step
    for reference, calls in by_subject.items():
        for rule, sentence, behind in _explain(context, reference, calls):
            yield make_change(context, last[reference], rule, sentence, behind)


_Told = tuple[Rule, str, Sequence[Call]]


def _explain(context: Context, reference: Reference, calls: Sequence[Call]) -> Iterator[_Told]:
    operations = {call.operation for call in calls}
    if operations & {*_CREATIONS, "RegisterToWorkMail"}:
        yield _explain_arrival(context, reference, calls)
    elif operations & {*_DELETIONS, "DeregisterFromWorkMail"}:
        yield _explain_departure(context, reference, calls)
    else:
        yield from _explain_staying(context, reference, calls)


def _explain_arrival(context: Context, reference: Reference, calls: Sequence[Call]) -> _Told:
    before = context.before.people.find(reference)
    found = context.after.people.find(reference)
    if found is None:  # it came and went, which no plan does
        return rules.USER_PREPARED, f"{context.name(reference)} changes", calls
    after = found.entity
    name, addresses = name_entity(after), _list_addresses(after)
    if isinstance(after, Group):
        reached = _describe_reached(context, context.flow.get(fold(after.email)))
        sentence = f"{name} is added with {addresses} and {reached}"
        return rules.GROUP_COMES, sentence, calls
    if isinstance(after, Bookable):
        verb = "is switched on again" if before else "is added"
        rule = rules.RESOURCE_RETURNS if before else rules.RESOURCE_COMES
        if not after.enabled:
            return rule, f"{name} is prepared, switched off", calls
        answers = "" if after.booking.auto_accept else f"; {_describe_answering(context, after)}"
        return rule, f"{name} {verb}: {after.type} with {addresses}{answers}", calls
    return _explain_new_user(name, after, addresses, calls, is_new=before is None)


def _describe_answering(context: Context, resource: Bookable) -> str:
    names = [context.name(each) for each in resource.delegates]
    verb = "answers" if len(names) == 1 else "answer"
    return f"{join(names)} {verb} booking requests" if names else "nobody answers booking requests"


def _explain_new_user(
    name: str, user: User, addresses: str, calls: Sequence[Call], *, is_new: bool
) -> _Told:
    if not user.enabled:
        sentence = f"{name} is prepared, switched off: no sign-in, no mailbox yet"
        return rules.USER_PREPARED, sentence, calls
    if user.role is Role.REMOTE_USER:
        sentence = f"{name} is added to the address book with {addresses}; no mailbox"
        return rules.USER_JOINS, sentence, calls
    if is_new:
        return rules.USER_JOINS, f"{name} is added: a new mailbox with {addresses}", calls
    sentence = f"{name} is switched on again: the mailbox as it was left, with {addresses}"
    return rules.USER_RETURNS, sentence, calls


def _explain_departure(context: Context, reference: Reference, calls: Sequence[Call]) -> _Told:
    found = context.before.people.find(reference)
    if found is None:
        return rules.USER_LEAVES, f"{context.name(reference)} leaves", calls
    entity = found.entity
    kept, deleted = _LEAVING[reference.kind]
    is_deleted = any(call.operation in _DELETIONS for call in calls)
    name = name_entity(entity)
    if reference.kind is Kind.USER:
        what = _describe_leaving_user(entity, is_deleted=is_deleted)
    elif reference.kind is Kind.GROUP:
        what = "is removed" if is_deleted else "is switched off"
    else:
        what = "is deleted, with its calendar" if is_deleted else "cannot be booked any more"
    is_remote = isinstance(entity, User) and entity.role is Role.REMOTE_USER
    if is_remote:
        return rules.REMOTE_LEAVES, f"{name} {what}", calls
    fates = _describe_fates(context, [entity.email, *entity.aliases])
    sentence = f"{name} {what}{f'; {fates}' if fates else ''}"
    if reference.kind is Kind.GROUP and fates and "bounces" not in fates:
        return rules.GROUP_REPLACED, sentence, calls
    return (deleted if is_deleted else kept), sentence, calls


def _describe_leaving_user(user: User, *, is_deleted: bool) -> str:
    if user.role is Role.REMOTE_USER:
        return "leaves the address book"
    if is_deleted:
        return "is deleted, and the mailbox with it"
    return "cannot sign in any more; the mailbox is kept for 30 days, then erased"


def _explain_staying(
    context: Context, reference: Reference, calls: Sequence[Call]
) -> Iterator[_Told]:
    found, left = context.before.people.find(reference), context.after.people.find(reference)
    if found is None or left is None:
        return
    before, after = found.entity, left.entity
    moves = [call for call in calls if call.operation in _ADDRESSES]
    if moves:
        yield _explain_addresses(context, before, after, moves)
    for operation, (rule, parameter) in _MEMBERS.items():
        changed = [call for call in calls if call.operation == operation]
        if changed:
            people = [context.name(get_reference(call, parameter)) for call in changed]
            yield _explain_members(context, rule, after, people, changed)
    for call in calls:
        match call.operation:
            case "UpdateUser":
                yield _explain_profile(before, after, call)
            case "UpdateMailboxQuota":
                yield _explain_quota(before, after, call)
            case "UpdateGroup":
                yield rules.GROUP_VISIBILITY, _describe_visibility(after), [call]
            case "UpdateResource":
                what = "; ".join(_list_resource_changes(before, after))
                yield rules.RESOURCE_CHANGES, f"{name_entity(after)}: {what}", [call]
            case _:
                pass


def _explain_addresses(
    context: Context, before: Entity, after: Entity, calls: Sequence[Call]
) -> _Told:
    name = name_entity(after)
    had = {fold(address): address for address in (before.email, *before.aliases)}
    has = {fold(address): address for address in (after.email, *after.aliases)}
    lost = [had[folded] for folded in had if folded not in has]
    gained = [has[folded] for folded in has if folded not in had]
    renamed = fold(before.email) != fold(after.email)
    said: list[str] = []
    if renamed:
        said.append(f"has the address {after.email} instead of {before.email}")
    others = [address for address in gained if fold(address) != fold(after.email) or not renamed]
    if others:
        said.append(f"is also reached at {join(others)}")
    if lost:
        fates = _describe_fates(context, lost)
        rule = rules.ADDRESS_LEAVES if "bounces" in fates else rules.ADDRESS_MOVES
        return rule, _finish(name, said, fates), calls
    if renamed:
        still = f"mail to {before.email} still arrives"
        return rules.ADDRESS_CHANGES, _finish(name, said, still), calls
    return rules.ADDRESS_COMES, _finish(name, said, ""), calls


def _finish(name: str, said: Sequence[str], rest: str) -> str:
    sentence = f"{name} {join(said)}" if said else ""
    if not sentence:
        return f"{name}: {rest}"
    return f"{sentence}; {rest}" if rest else sentence


def _describe_fates(context: Context, addresses: Iterable[str]) -> str:
    """Say what becomes of mail to addresses that somebody gives up."""
    bounced: list[str] = []
    moved: dict[str, list[str]] = {}
    for address in addresses:
        delivery = context.flow.get(fold(address))
        if not address:
            continue
        if delivery is None:
            bounced.append(address)
        else:
            moved.setdefault(context.name(delivery.holder), []).append(address)
    said = [f"mail to {join(each)} goes to {holder}" for holder, each in moved.items()]
    if bounced:
        said.insert(0, f"mail to {join(bounced)} bounces")
    return "; ".join(said)


def _describe_reached(context: Context, delivery: Delivery | None) -> str:
    if delivery is None or not delivery.recipients:
        return "reaches nobody yet"
    return f"reaches {join(context.name(each) for each in delivery.recipients)}"


def _explain_members(
    context: Context, rule: Rule, entity: Entity, people: Sequence[str], calls: Sequence[Call]
) -> _Told:
    """Return who joins or leaves a group; it matters as far as somebody gets other mail."""
    one, several, what = _MEMBERSHIP[rule.name]
    who = f"{join(people)} {one if len(people) == 1 else several} {name_entity(entity)}"
    address = fold(entity.email)
    flow = FlowChange(address, context.flow_before.get(address), context.flow.get(address))
    touched = flow.gained if rule.consequence is Consequence.MORE_MAIL else flow.lost
    if flow.before and not touched and isinstance(entity, Group):
        return rules.MEMBERS_REARRANGED, f"{who}: the same people get its mail as before", calls
    return rule, f"{who}{what}", calls


_MEMBERSHIP = {
    "members-join": ("joins", "join", ", with its mail and its permissions"),
    "members-leave": ("leaves", "leave", ": no more of its mail"),
    "delegates-join": ("now answers for", "now answer for", " and gets its booking requests"),
    "delegates-leave": ("no longer answers for", "no longer answer for", ""),
}
"""By name of rule: said of one, and of several, and what it means."""


def _explain_profile(before: User, after: User, call: Call) -> _Told:
    changed = [
        f"{name.replace('_', ' ')} {_show(getattr(before, name))} → {_show(getattr(after, name))}"
        for name in PROFILE_FIELDS
        if (getattr(before, name) or None) != (getattr(after, name) or None)
    ]
    if before.hidden_from_global_address_list is not after.hidden_from_global_address_list:
        hidden = after.hidden_from_global_address_list
        changed.append("hidden in the address book" if hidden else "shown in the address book")
    rule = rules.PROFILE
    if before.role is not after.role:
        changed.append("becomes a user with a mailbox of their own")
        rule = rules.IDENTITY
    if (before.identity_provider_user_id or None) != (after.identity_provider_user_id or None):
        changed.append("another user of IAM Identity Center signs in as this one")
        rule = rules.IDENTITY
    return rule, f"{name_entity(after)}: {'; '.join(changed) or 'profile'}", [call]


def _show(value: object) -> str:
    return f"“{value}”" if value else "(none)"


def _explain_quota(before: User, after: User, call: Call) -> _Told:
    had, has = before.quota_megabytes or 0, after.quota_megabytes or 0
    rule = rules.QUOTA_LOWERED if has < had else rules.QUOTA_RAISED
    word = "only " if has < had else ""
    sentence = (
        f"the mailbox of {name_entity(after)} may hold {word}{has:,} MB instead of {had:,} MB"
    )
    return rule, sentence, [call]


def _describe_visibility(entity: Group) -> str:
    hidden = entity.hidden_from_global_address_list
    return f"{name_entity(entity)} is {'hidden' if hidden else 'shown'} in the address book"


def _list_resource_changes(before: Bookable, after: Bookable) -> Iterator[str]:
    if before.type is not after.type:
        yield f"{after.type} instead of {before.type}"
    if (before.description or "") != (after.description or ""):
        yield f"description {_show(before.description)} → {_show(after.description)}"
    if before.hidden_from_global_address_list is not after.hidden_from_global_address_list:
        hidden = after.hidden_from_global_address_list
        yield "hidden in the address book" if hidden else "shown in the address book"
    booking, answered = after.booking, before.booking
    if booking.auto_accept is not answered.auto_accept:
        yield "accepts by itself" if booking.auto_accept else "its delegates answer requests"
    if booking.decline_recurring is not answered.decline_recurring:
        yield f"{'declines' if booking.decline_recurring else 'takes'} recurring requests"
    if booking.decline_conflicts is not answered.decline_conflicts:
        yield f"{'declines' if booking.decline_conflicts else 'takes'} conflicting requests"


def _list_addresses(entity: Entity) -> str:
    if not entity.email:
        return "no address"
    word = "addresses" if entity.aliases else "address"
    return f"the {word} {join((entity.email, *entity.aliases))}"
