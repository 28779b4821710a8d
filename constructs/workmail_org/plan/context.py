"""Context: what a change is told against, and how people are called in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workmail_org.changes.approvals import make_approval_key
from workmail_org.changes.calls import Call
from workmail_org.changes.consequences import Rule
from workmail_org.changes.digests import render_call
from workmail_org.model.live import Entity
from workmail_org.model.user import User
from workmail_org.model.values import Kind, Reference, fold
from workmail_org.plan.actual import Actual
from workmail_org.plan.declarations import Declaration
from workmail_org.plan.mailflow import Flow
from workmail_org.plan.model import Change
from workmail_org.plan.step import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What there is before and after, for telling changes.

    Attributes:
        flow_before: Of mail.
        flow: Of mail, after.
    """

    previous: Declaration | None
    desired: Declaration
    before: Actual
    after: Actual
    flow_before: Flow
    flow: Flow

    @property
    def begins(self) -> bool:
        """Whether the organization is made by this deployment."""
        return self.before.organization is None and not self.desired.organization.existing

    def name(self, reference: Reference) -> str:
        """Name somebody: `Alice Liddell (alice)`, `group sales`."""
        found = self.after.people.find(reference) or self.before.people.find(reference)
        return name_entity(found.entity) if found else _name_plainly(reference)


def name_entity(entity: Entity) -> str:
    """Name an entity in a sentence: a person by the name that people know."""
    if isinstance(entity, User) and entity.display_name:
        known = fold(entity.display_name) == fold(entity.name)
        return entity.display_name if known else f"{entity.display_name} ({entity.name})"
    return _name_plainly(entity.reference)


def _name_plainly(reference: Reference) -> str:
    return reference.name if reference.kind is Kind.USER else f"{reference.kind} {reference.name}"


def make_change(
    context: Context, step: Step, rule: Rule, sentence: str, calls: Sequence[Call]
) -> Change:
    """Return what some calls of a step mean; they are about one thing."""
    subject = calls[0].subject
    return Change(
        kind=subject.kind,
        name=subject.name,
        sentence=sentence,
        rule=rule,
        calls=tuple(render_call(call) for call in calls),
        part=make_approval_key(context.desired.key, step.part_name),
    )
