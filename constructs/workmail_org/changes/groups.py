"""Changes of groups."""

from __future__ import annotations

from collections.abc import Iterable

from workmail_org.changes import entities
from workmail_org.changes.calls import Argument, Call, Identity, Phase, make_call
from workmail_org.changes.deciding import Decision
from workmail_org.changes.entities import Situation, Traits, refuse_nothing
from workmail_org.model.group import Group
from workmail_org.model.live import Found
from workmail_org.model.values import Kind, Listing, Reference


def decide(situation: Situation[Group]) -> Decision:
    """Decide how groups and their members come from what is there to what is desired.

    Members are a set. Those whom people added by hand stay, unless members are
    exclusive. One that is switched off now is neither added nor taken out:
    WorkMail refuses both (facts.md §1.4).

    Args:
        situation: Members of actual groups are their enabled ones.

    Source:
        WorkMail API 2017-10-01: CreateGroup, UpdateGroup,
        AssociateMemberToGroup, DisassociateMemberFromGroup.
    """
    return entities.decide(_TRAITS, situation)


def _create(situation: Situation[Group], group: Group) -> Call:  # noqa: ARG001 - the shape
    arguments: dict[str, Argument] = {"Name": group.name}
    if group.hidden_from_global_address_list:
        arguments["HiddenFromGlobalAddressList"] = True
    return make_call(Phase.CREATE, "CreateGroup", group.reference, **arguments)


def _update(
    situation: Situation[Group],
    group: Group,
    found: Found[Group] | None,
) -> Iterable[Call]:
    if situation.read_only_directory:
        return
    hidden = found.entity.hidden_from_global_address_list if found else None
    if found and hidden is not group.hidden_from_global_address_list:
        yield make_call(
            Phase.UPDATE,
            "UpdateGroup",
            group.reference,
            GroupId=Identity(group.reference),
            HiddenFromGlobalAddressList=group.hidden_from_global_address_list,
        )
    wanted = {member.folded: member for member in group.members}
    present = {member.folded: member for member in (found.entity.members if found else ())}
    for folded in sorted(present.keys() - wanted.keys()):
        if situation.may_take_out(group, Listing.MEMBERS, folded):
            yield entities.take_out(group.reference, present[folded])
    for folded in sorted(wanted.keys() - present.keys()):
        if _is_off_by_hand(situation, folded):
            continue
        if folded.kind is Kind.GROUP and folded.name in situation.brought_later:
            continue  # by the shard that brings it
        yield make_call(
            Phase.JOIN,
            "AssociateMemberToGroup",
            group.reference,
            GroupId=Identity(group.reference),
            MemberId=Identity(wanted[folded]),
        )


def _is_off_by_hand(situation: Situation[Group], member: Reference) -> bool:
    """Return whether people switched a member off, whom this deployment leaves so: it is drift.

    Users come before groups, so whoever is off then stays off. Another group may be made, or
    switched on, by this very deployment: not if it is believed to be on, or left alone.
    """
    if member in situation.enabled:
        return False
    if member.kind is Kind.USER or member.name not in situation.wanted:
        return True
    believed = situation.found.get(member.name)
    return believed is not None and believed.entity.enabled


_TRAITS = Traits(kind=Kind.GROUP, create=_create, update=_update, refuse=refuse_nothing)
