"""Plan: what a deployment would do to each organization, as data for every report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from workmail_org.changes.approvals import NOTHING, make_approval
from workmail_org.changes.brakes import Brake, digest_brakes
from workmail_org.changes.consequences import Consequence, Rule
from workmail_org.plan.costs import Cost
from workmail_org.plan.mailflow import FlowChange


class Verdict(StrEnum):
    """What a plan comes to."""

    NOTHING = "nothing to do"
    CHANGES = "changes"
    REFUSED = "refused"


class Transition(StrEnum):
    """What happens to an organization as a whole."""

    COMES = "comes"
    STAYS = "stays"
    LEAVES = "leaves"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happens to somebody or something.

    Attributes:
        kind: user, group, resource, domain, … or what a setting is called.
        name: Its name; empty where there is only one.
        sentence: What happens, for people; no full stop.
        rule: Why it is in its class.
        calls: The writes behind it, in order, without ids and secrets; none
            where CloudFormation does it itself.
        part: Of the approval that it belongs to.
    """

    kind: str
    name: str
    sentence: str
    rule: Rule
    calls: tuple[str, ...]
    part: str

    @property
    def consequence(self) -> Consequence:
        """What it means."""
        return self.rule.consequence

    @property
    def subject(self) -> str:
        """What it is about, in words."""
        return f"{self.kind} {self.name}" if self.name else self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationPlan:
    """What happens to one organization.

    Attributes:
        key: Spec key.
        stack: Name of its stack.
        changes: The gravest first; none where something is refused: what else
            there would be depends on how that is fixed.
        calls: The writes behind them, in the order in which they are made.
        refusals: Sentences; where there is one, nothing at all is applied.
        brakes: What must be confirmed, by part.
        flow: Addresses whose mail goes elsewhere.
        loops: Groups that contain themselves afterwards.
        notes: What else there is to know.
        digests: Of the calls, by name of part.
        is_whole: Whether everything that matters could be looked at; else `notes` say what not.
    """

    key: str
    stack: str
    region: str
    alias: str
    transition: Transition
    changes: tuple[Change, ...] = ()
    calls: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    brakes: Mapping[str, tuple[Brake, ...]] = field(default_factory=dict[str, tuple[Brake, ...]])
    flow: tuple[FlowChange, ...] = ()
    loops: tuple[str, ...] = ()
    cost: Cost = Cost(0, 0)  # noqa: RUF009 - frozen
    notes: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict[str, str])
    is_whole: bool = True

    @property
    def verdict(self) -> Verdict:
        """What it comes to."""
        if self.refusals or self.brakes:
            return Verdict.REFUSED
        return Verdict.CHANGES if self.changes else Verdict.NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a deployment of a spec would do.

    Attributes:
        environment: Of the spec.
        spec: As the caller named it.
        base: What it is compared with, in words.
        notes: What is to know about all organizations.
        refusals: Why the spec as a whole is not deployed.
        repairs: Whether what was changed by hand is set right too.
    """

    environment: str
    spec: str
    base: str
    organizations: tuple[OrganizationPlan, ...]
    notes: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    repairs: bool = False

    @property
    def verdict(self) -> Verdict:
        """What it comes to: the worst of its organizations."""
        verdicts = {each.verdict for each in self.organizations}
        if self.refusals or Verdict.REFUSED in verdicts:
            return Verdict.REFUSED
        return Verdict.CHANGES if Verdict.CHANGES in verdicts else Verdict.NOTHING

    @property
    def approval(self) -> str:
        """The text that `cdk deploy -c approved=` takes."""
        digests = [each.digests for each in self.organizations]
        return make_approval({name: value for each in digests for name, value in each.items()})

    @property
    def repair(self) -> str | None:
        """The text that `cdk deploy -c repair=` takes: no resource repairs but these, by that."""
        return self.approval if self.repairs and self.approval != NOTHING else None

    @property
    def acknowledgement(self) -> str | None:
        """The text that `cdk deploy -c acknowledge=` takes; `None`: no brake."""
        digests = {
            digest_brakes([brake], organization.stack)
            for organization in self.organizations
            for brakes in organization.brakes.values()
            for brake in brakes
        }
        return ",".join(sorted(digests)) or None

    @property
    def cost(self) -> Cost:
        """Of all organizations."""
        costs = [each.cost for each in self.organizations]
        return Cost(
            sum(each.mailboxes_before for each in costs),
            sum(each.mailboxes_after for each in costs),
        )

    def count(self, consequence: Consequence) -> int:
        """Count the changes of one class."""
        return sum(
            change.consequence is consequence
            for organization in self.organizations
            for change in organization.changes
        )
