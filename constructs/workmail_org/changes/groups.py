"""Changes of groups."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from workmail_org.changes.calls import Argument, Call, Identity, Phase, make_call
from workmail_org.changes.deciding import Decision
from workmail_org.changes.entities import Situation, Traits
from workmail_org.changes.entities import between as entities_between
from workmail_org.model.group import Group
from workmail_org.model.live import Found
from workmail_org.model.values import Kind, Reference


def between(situation: Situation[Group], *, enabled: Collection[Reference]) -> Decision:
    """List the calls that bring groups and their members from what is there to what is desired.

    Members are a set. One that is switched off now is neither added nor taken
    out: WorkMail refuses both (facts.md §1.4).

    Args:
        situation: Members of actual groups are their enabled ones.
        enabled: Folded references of the users and groups that are enabled now.

    Source:
        WorkMail API 2017-10-01: CreateGroup, UpdateGroup,
        AssociateMemberToGroup, DisassociateMemberFromGroup.
    """
    traits = Traits(
        kind=Kind.GROUP,
        create=_create,
        update=lambda situation, group, found: _update(situation, group, found, enabled),
    )
    return entities_between(traits, situation)


def _create(group: Group) -> Call:
    arguments: dict[str, Argument] = {"Name": group.name}
    if group.hidden_from_global_address_list:
        arguments["HiddenFromGlobalAddressList"] = True
    return make_call(Phase.CREATE, "CreateGroup", group.reference, **arguments)


def _update(
    situation: Situation[Group],
    group: Group,
    found: Found[Group] | None,
    enabled: Collection[Reference],
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
        if folded in enabled:
            yield _change_member(Phase.LEAVE, "DisassociateMemberFromGroup", group, present[folded])
    for folded in sorted(wanted.keys() - present.keys()):
        yield _change_member(Phase.JOIN, "AssociateMemberToGroup", group, wanted[folded])


def _change_member(phase: Phase, operation: str, group: Group, member: Reference) -> Call:
    return make_call(
        phase,
        operation,
        group.reference,
        GroupId=Identity(group.reference),
        MemberId=Identity(member),
    )
