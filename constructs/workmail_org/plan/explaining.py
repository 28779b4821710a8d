"""Explaining: what the steps of a stack mean, told for people, the gravest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from workmail_org.changes import consequences as rules
from workmail_org.changes.approvals import make_approval_key
from workmail_org.changes.calls import Call
from workmail_org.changes.consequences import Consequence, Rule
from workmail_org.changes.explaining import Wording, join
from workmail_org.kinds import KINDS, SettingKind
from workmail_org.model.domain import RecordGroup
from workmail_org.model.values import Reference
from workmail_org.plan.context import Context, make_change
from workmail_org.plan.declarations import Zone
from workmail_org.plan.model import Change
from workmail_org.plan.people import explain_entities, group_by_leaver
from workmail_org.plan.step import Step
from workmail_org.wire.properties import ResourceType

_ABOUT_PEOPLE = (
    ResourceType.USERS,
    ResourceType.GROUPS,
    ResourceType.RESOURCES,
    ResourceType.REMOVALS,
)


def explain(context: Context, steps: Sequence[Step]) -> tuple[Change, ...]:
    """Return what steps mean; each of their calls is behind exactly one change."""
    leavers = group_by_leaver(steps)
    remaining = [_leave_out(step, leavers) for step in steps]
    about_people = [step for step in remaining if step.resource_type in _ABOUT_PEOPLE]
    changes: list[Change] = []
    for step in remaining:
        if about_people and step is about_people[0]:
            changes += explain_entities(context, about_people, leavers)
        changes += _explain_step(context, step)
    changes += _explain_zones(context)
    if context.begins:
        changes = [_soften(change) for change in changes]
    return tuple(sorted(changes, key=lambda change: -change.consequence.severity))


def _leave_out(step: Step, leavers: Mapping[Reference, Sequence[Call]]) -> Step:
    """Leave out what is told of those who leave."""
    told = {id(call) for calls in leavers.values() for call in calls}
    return replace(step, calls=tuple(call for call in step.calls if id(call) not in told))


def _soften(change: Change) -> Change:
    """Take the sting out of a change where there is nobody yet.

    A lock out stays one; so does a cut-over: mail to the domain may go somewhere else today.
    """
    if change.consequence in (Consequence.LOCKOUT, Consequence.CUT_OVER):
        return change
    return replace(change, rule=rules.BEGINS) if change.consequence.severity else change


def _explain_step(context: Context, step: Step) -> Iterator[Change]:
    if not step.calls or step.resource_type in _ABOUT_PEOPLE:
        return
    kind = KINDS[step.resource_type]
    if isinstance(kind, SettingKind):
        yield from _explain_setting(context, kind, step)
    else:
        for call in step.calls:
            rule, sentence = _explain_call(context, call)
            yield make_change(context, step, rule, sentence, [call])


def _explain_setting(context: Context, kind: SettingKind[Any], step: Step) -> Iterator[Change]:
    """Return what the calls for one kind of rule or setting mean."""
    live = context.before.settings
    declared = context.desired.get_setting(kind)
    wording = Wording(name=context.name, begins=context.begins)
    for rule, sentence, calls in kind.explain(live, declared, step.calls, wording):
        yield make_change(context, step, rule, sentence, calls)


def _explain_call(context: Context, call: Call) -> tuple[Rule, str]:
    """Return what a call for the organization itself means."""
    about = context.desired.organization
    match call.operation:
        case "CreateOrganization":
            sentence = (
                f"organization {about.alias} is created in {context.desired.region}; the alias is "
                "taken permanently"
            )
            return rules.ORGANIZATION_COMES, sentence
        case "TagResource" | "UntagResource":
            return rules.TAGS, _describe_tags(call)
        case "RegisterMailDomain":
            sentence = f"domain {call.subject.name} is registered; it receives mail once verified"
            return rules.DOMAIN_COMES, sentence
        case "DeregisterMailDomain":
            sentence = f"domain {call.subject.name} is removed: mail to all its addresses bounces"
            return rules.DOMAIN_LEAVES, sentence
        case _:
            sentence = f"directory {call.subject.name} is created; that takes up to 45 minutes"
            return rules.DIRECTORY_COMES, sentence


def _describe_tags(call: Call) -> str:
    keys = call.arguments.get("TagKeys")
    if isinstance(keys, tuple):
        return f"tags go: {join(str(key) for key in keys)}"
    tags = call.arguments.get("Tags")
    pairs = [
        f"{tag['Key']}={tag['Value']}"
        for tag in (tags if isinstance(tags, tuple) else ())
        if isinstance(tag, dict)
    ]
    return f"tags are set: {join(pairs)}"


def _explain_zones(context: Context) -> Iterator[Change]:
    """Return what CloudFormation itself does to DNS records."""
    before = context.previous.zones if context.previous else dict[str, Zone]()
    after = context.desired.zones
    keeps = context.previous is not None and context.previous.organization.keeps_records
    for domain in sorted({*before, *after}):
        was, now = before.get(domain), after.get(domain)
        if was == now:
            continue
        had = was.records if was else frozenset[RecordGroup]()
        has = now.records if now else frozenset[RecordGroup]()
        moved = was is not None and now is not None and was.hosted_zone_id != now.hosted_zone_id
        lost = sorted(had if moved else had - has)
        gained = sorted(has if moved else has - had)
        calls = [f"Route 53: delete {each.upper()} of {domain}" for each in lost if not keeps]
        calls += [f"Route 53: create {each.upper()} of {domain}" for each in gained]
        yield Change(
            kind="DNS records",
            name=domain,
            sentence=_describe_zone(domain, lost, gained, is_moved=moved, keeps=keeps),
            rule=_judge_zone(lost, gained, keeps=keeps),
            calls=tuple(calls),
            part=make_approval_key(context.desired.key, f"domains/{domain}"),
        )


def _judge_zone(lost: list[RecordGroup], gained: list[RecordGroup], *, keeps: bool) -> Rule:
    if keeps and not gained:
        return rules.DNS_STAYS
    match RecordGroup.MX in lost and not keeps, RecordGroup.MX in gained:
        case True, True:
            return rules.MX_MOVES
        case True, False:
            return rules.MX_LEAVES
        case False, True:
            return rules.MX_COMES
        case _:
            return rules.DNS_CHANGES


def _describe_zone(
    domain: str,
    lost: list[RecordGroup],
    gained: list[RecordGroup],
    *,
    is_moved: bool,
    keeps: bool,
) -> str:
    if is_moved and not keeps:
        return f"the DNS records of {domain} move to another hosted zone"
    said: list[str] = []
    if lost and keeps:
        names = join(each.upper() for each in lost)
        said.append(f"the stack lets go of {names} of {domain}, which stay in the zone as they are")
    elif lost:
        said.append(f"the stack takes away {join(each.upper() for each in lost)} of {domain}")
    if gained:
        said.append(f"the stack writes {join(each.upper() for each in gained)} of {domain}")
    if RecordGroup.MX in gained:
        said.append(f"from then on mail to {domain} comes here")
    if RecordGroup.MX in lost and not keeps:
        said.append(f"unless an MX record exists elsewhere, mail to {domain} stops")
    return "; ".join(said)
