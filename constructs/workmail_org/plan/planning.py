"""Planning: a spec and what there is become a plan. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from workmail_org.changes.approvals import make_approval_key
from workmail_org.changes.brakes import join_names
from workmail_org.changes.digests import digest_calls, render_call
from workmail_org.errors import SpecError
from workmail_org.model.lifetime import describe_end_of_support, describe_expiry
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.removal import Removal
from workmail_org.model.values import Kind, Reference, fold
from workmail_org.plan.actual import Actual
from workmail_org.plan.bases import Base, DeployedState
from workmail_org.plan.context import Context
from workmail_org.plan.costs import Cost, count_mailboxes
from workmail_org.plan.declarations import Declaration, declare
from workmail_org.plan.explaining import explain
from workmail_org.plan.mailflow import Flow, compare, trace
from workmail_org.plan.model import OrganizationPlan, Plan, Transition
from workmail_org.plan.steps import SimulatedSteps, simulate
from workmail_org.plan.unmanaged import judge_by_left_rules
from workmail_org.wire.properties import ResourceType


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a plan is asked for.

    Attributes:
        spec: As the caller named it.
        today: For the end of support and the expiry of a copy.
        only: Spec key of the one organization that matters; `None`: all.
        repairs: Whether what was changed by hand is set right.
    """

    spec: str
    today: date
    only: str | None = None
    repairs: bool = False


def plan(environment: Environment, base: Base, question: Question) -> Plan:
    """Say what a deployment would do.

    Raises:
        SpecError: The organization that is asked for is not declared.
    """
    declarations = [declare(environment, each) for each in environment.organizations]
    _check_key(question, declarations)
    same_account = None in (environment.account, base.account) or (
        environment.account == base.account
    )
    stacks = base.stacks if same_account else dict[str, DeployedState]()
    organizations = [
        _plan_organization(
            organization, each, stacks.get(each.stack), base, repairs=question.repairs
        )
        for organization, each in zip(environment.organizations, declarations, strict=True)
        if question.only in (None, each.key)
    ]
    names = {each.stack for each in declarations}
    if question.only is None:
        organizations += [
            _plan_leaver(each.declaration, each.actual)
            for name, each in stacks.items()
            if name not in names and each.declaration
        ]
    expiry = describe_expiry(environment.expires, question.today)
    notes = [describe_end_of_support(question.today)]
    if not same_account:
        notes.append(
            f"account {environment.account} is not {base.account}, that of {base.name}: everything "
            "is made anew there, and what is deployed in the other stays as it is"
        )
    return Plan(
        environment=environment.name,
        spec=question.spec,
        base=base.name,
        organizations=tuple(organizations),
        notes=tuple(notes),
        refusals=(expiry,) if expiry else (),
        repairs=question.repairs,
    )


def _check_key(question: Question, declarations: Sequence[Declaration]) -> None:
    keys = [each.key for each in declarations]
    if question.only is not None and question.only not in keys:
        raise SpecError(
            [
                f'{question.spec}: no organization "{question.only}" is declared; declared: '
                f"{', '.join(keys)}"
            ]
        )


def _plan_organization(
    organization: Organization,
    desired: Declaration,
    standing: DeployedState | None,
    base: Base,
    *,
    repairs: bool,
) -> OrganizationPlan:
    misplaced = tuple(_refuse_place(desired, standing, base))
    previous = standing.declaration if standing and not misplaced else None
    before = standing.actual if standing and not misplaced else Actual()
    course = simulate(previous, replace(before, repairs=repairs), desired)
    refusals = misplaced + tuple(reason for step in course.steps for reason in step.refusals)
    told = OrganizationPlan(
        key=desired.key,
        stack=desired.stack,
        region=desired.region,
        alias=desired.organization.alias,
        transition=Transition.STAYS if standing and standing.declaration else Transition.COMES,
        refusals=refusals,
        notes=(
            *_list_notes(organization, desired, standing),
            *_describe_leavers(desired, standing, course),
        ),
        is_whole=standing is None or standing.is_whole,
    )
    if refusals:
        mailboxes = count_mailboxes((standing.actual if standing else before).people)
        return replace(told, cost=Cost(mailboxes, mailboxes))
    return _tell(told, previous, before, desired, course)


def _tell(
    told: OrganizationPlan,
    previous: Declaration | None,
    before: Actual,
    desired: Declaration,
    course: SimulatedSteps,
) -> OrganizationPlan:
    """Add what the steps of a deployment come to."""
    flow_before, flow = trace(before.people), trace(course.after.people)
    context = Context(
        previous=previous,
        desired=desired,
        before=before,
        after=course.after,
        flow_before=flow_before,
        flow=flow,
    )
    steps = {make_approval_key(desired.key, step.part_name): step for step in course.steps}
    return replace(
        told,
        changes=explain(context, course.steps),
        calls=tuple(render_call(call) for step in steps.values() for call in step.calls),
        brakes={part: step.brakes for part, step in steps.items() if step.brakes},
        flow=compare(flow_before, flow),
        loops=_list_loops(flow),
        cost=Cost(count_mailboxes(before.people), count_mailboxes(course.after.people)),
        digests={
            part: digest_calls(step.calls)
            for part, step in steps.items()
            if step.calls or step.leaves
        },
    )


def _refuse_place(
    desired: Declaration, standing: DeployedState | None, base: Base
) -> Iterator[str]:
    """Refuse another region, and an alias that another stack has: neither can move."""
    deployed = standing.declaration if standing else None
    if deployed and deployed.region != desired.region:
        yield (
            f"region of an organization cannot change, from {deployed.region!r} to "
            f"{desired.region!r}: that would take another organization, and every mailbox would "
            "be lost; put the old value back, or declare a further organization under another key"
        )
    if standing:
        yield from standing.refusals
        return
    for name, other in base.stacks.items():
        if other.declaration is None:
            continue
        about = other.declaration.organization
        if fold(about.alias) == fold(desired.organization.alias) and not about.existing:
            yield (
                f"alias {about.alias!r} belongs to stack {name}: aliases are unique over all of "
                "AWS and are never free again; a key, and the name of an environment, cannot "
                "change: put the old one back, or choose another alias"
            )


def _plan_leaver(declaration: Declaration, actual: Actual) -> OrganizationPlan:
    """Say what becomes of a stack that is not declared any more: nothing, yet."""
    mailboxes = count_mailboxes(actual.people)
    fate = (
        "deletes the organization and every mailbox in it, unless this stack found it again and "
        "did not create it"
        if declaration.organization.on_removal == "delete" and not declaration.organization.existing
        else "leaves the organization where it is, unmanaged"
    )
    return OrganizationPlan(
        key=declaration.key,
        stack=declaration.stack,
        region=declaration.region,
        alias=declaration.organization.alias,
        transition=Transition.LEAVES,
        cost=Cost(mailboxes, mailboxes),
        notes=(
            f"no longer declared: cdk deploy leaves stack {declaration.stack} as it is; only cdk "
            f"destroy {declaration.stack} takes it away, and {fate}",
        ),
    )


def _list_loops(flow: Flow) -> tuple[str, ...]:
    return tuple(sorted({each.name for delivery in flow.values() for each in delivery.loops}))


def _list_notes(
    organization: Organization, desired: Declaration, standing: DeployedState | None
) -> Iterator[str]:
    is_live = standing is not None and standing.is_live
    declared = standing.declaration if standing else None
    if desired.organization.existing and declared is None and not is_live:
        yield (
            f"organization {desired.organization.existing} is taken over: who and what is in it "
            "already is not in a file, and decides what the deployment does"
        )
    if is_live and declared is None and not desired.organization.existing:
        yield from _describe_found(organization)
    before: Collection[ResourceType] = declared.settings if declared else ()
    for resource_type, what in _UNSAID.items():
        comes = resource_type in desired.settings and resource_type not in before
        if comes and not is_live and (standing or desired.organization.existing):
            yield f"{what} managed until now: taken to be WorkMail's own, which lets everyone in"
    for resource_type, what in _UNSAID.items():
        if resource_type in before and resource_type not in desired.settings:
            yield f"{what} managed any more: they stay as they are, whatever they say"
    if declared and not is_live:  # live rules have been asked
        yield from judge_by_left_rules(declared, organization)
    if standing:
        yield from standing.notes


def _describe_leavers(
    desired: Declaration, standing: DeployedState | None, course: SimulatedSteps
) -> Iterator[str]:
    """Write who may have to be confirmed: only the journal of exports tells.

    Against what is live, write how old the export is of who need not be.
    """
    if not desired.users.exports:
        return
    leavers = {
        call.subject.folded: call.subject.name
        for step in course.steps
        if step.resource_type is ResourceType.REMOVALS
        for call in step.calls
        if isinstance(call.subject, Reference) and call.subject.kind is not Kind.GROUP
    }
    if standing is not None and standing.is_live:
        yield from _describe_exports(standing.actual, leavers)
    elif leavers:
        names = join_names(sorted({*leavers.values()}))
        yield (
            "whoever leaves or is switched off without a verified export of the mailbox must be "
            f"confirmed: {names}; --against live looks into the journal"
        )


def _describe_exports(actual: Actual, leavers: Mapping[Reference, str]) -> Iterator[str]:
    """Write when the mailboxes of leavers were exported: what came in later is in no export."""
    said: list[str] = []
    for reference, name in sorted(leavers.items()):
        found = actual.people.find(reference)
        moment = (actual.exported or {}).get(found.id) if found else None
        if moment is not None:
            said.append(f"{name} on {datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC")
    if said:
        yield (
            f"last export of whoever leaves or is switched off: {join_names(said)}; what came into "
            "the mailbox after that is in none (workmail-org leave export --only NAME --again)"
        )


def _describe_found(organization: Organization) -> Iterator[str]:
    """Write that the stack will find the organization, and so never deletes it."""
    if organization.on_removal.organization is Removal.DELETE:
        yield (
            f"organization {organization.alias} exists already and is found again: "
            "on_removal.organization: delete does not delete it, neither with the stack nor in a "
            "rollback"
        )


_UNSAID = {
    ResourceType.ACCESS_CONTROL_RULES: "access-control rules are not",
    ResourceType.MOBILE_DEVICE_ACCESS_RULES: "mobile device rules are not",
}
