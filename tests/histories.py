"""Histories: an organization, and what people and deployments do to it in turn, from one number.

A history is data that is drawn from its seed alone (`drawing`), before anything is played: what
people have made before the stack comes, and steps. In each step people do a few things by hand
(`hands.Act`), and then a changed spec is deployed; maybe it is planned first, maybe something goes
wrong at one of its calls (`striking.BLOWS`), maybe somebody does something at another one. So a
part of a history can be left out, and the rest played again (`shrink`). What has to come of each
step, `outcomes` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from approving import plan_live
from cloudformation import DeploymentFailedError, RollbackFailedError, Stack
from drawing import DOMAINS, History, Step, draw, list_declared
from hands import ABOUT_THE_MOMENT, Act, Person, find_organization, make_by_hand, untag_owner
from outcomes import Known, Meanwhile, judge_failure, judge_success
from pictures import Picture, list_ids, look
from scenes import make_emulator, make_organization
from striking import BLOWS, RecordingStack
from workmail_org import declaring
from workmail_org.changes import few
from workmail_org.handlers import entry
from workmail_org.model.domain import MailDomain
from workmail_org.model.organization import Organization
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.policies import (
    Policies,
)
from workmail_org.model.removal import OnRemoval
from workmail_org.model.values import (
    OrganizationId,
    parse_reference,
)
from workmail_org.service.workmail import WorkMail
from workmail_org.wire.names import OWNER_TAG, TAKEN_OVER_TAG
from workmail_org.wire.properties import ResourceType
from writelog import name_texts, name_writes

MOST_CALLS = 2_000
"""Of one deployment, with its rollback: more are a loop."""


def _read_in_turn(_: WorkMail, read: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    return [read(each) for each in items]


class TooManyCallsError(BaseException):
    """A deployment does not end; nothing in a handler catches this."""


class WatchingStack(RecordingStack):
    """A stack that checks that a refusal at the beginning of a request writes nothing.

    Attributes:
        wrote: Refused requests that had written, by their reasons.
        by_hand: How often people did something in the middle, so far.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.wrote: list[str] = []
        self.by_hand = 0

    def invoke(self, event: Mapping[str, Any], step: entry.Step) -> dict[str, Any]:
        before, by_hand = len(self.emulator.writes), self.by_hand
        try:
            return super().invoke(event, step)
        except DeploymentFailedError as error:
            makes = event["ResourceType"] in (ResourceType.ORGANIZATION, ResourceType.DOMAIN)
            writes = [call.operation for call in self.emulator.writes[before:]]
            if step is entry.begin and writes and not makes and by_hand == self.by_hand:
                self.wrote.append(f"{error}: {', '.join(writes)}")
            raise


@dataclass
class Play:
    """One history as it is played.

    Attributes:
        story: What happened, in words.
        calls: Of the deployment that goes on.
        writes: Those of them that write.
        struck: Whether its blow fell.
        due: At which call it falls once more, of a blow that strikes the rollback too.
        in_rollback: Whether it fell in a rollback, which then may fail.
        alone: What there would be if what was done in the middle of it was all; `None`: nothing
            was.
        loose: Whether that depends on the moment.
        meanwhile: What was done in the middle of it, as it was found there.
    """

    history: History
    story: list[str] = field(default_factory=list[str])
    calls: int = 0
    writes: int = 0
    struck: bool = False
    due: int = 0
    in_rollback: bool = False
    alone: Picture | None = None
    loose: bool = False
    meanwhile: Meanwhile | None = None
    _by_hand: bool = False

    def run(self) -> str | None:
        """Play it; say what is wrong, or nothing."""
        with pytest.MonkeyPatch.context() as patch:
            # Calls that are made side by side come in another order each time.
            patch.setattr(WorkMail, "read_many", _read_in_turn)
            if self.history.is_large:
                patch.setattr(few, "ROWS_OF_A_PAGE", 1)
                patch.setattr(declaring, "_SHARD_ENTITIES", 3)
            return self._run()

    def _run(self) -> str | None:
        self.emulator = make_emulator()
        self.person = Person(self.emulator)
        self.stack = WatchingStack(self.emulator)
        self.known = Known()
        self.existing = self._find()
        for number, step in enumerate(self.history.steps, 1):
            told = self._take(number, step)
            if told:
                self.story.append(f"WRONG: {told}")
                return f"step {number}: {told}"
        return None

    def _find(self) -> OrganizationId | None:
        """Make by hand what the stack is to find, if anything."""
        found = self.history.found
        if found is None:
            return None
        forgotten = Stack(self.emulator, name="forgotten")
        forgotten.deploy(make_organization(domains=DOMAINS))
        untag_owner(self.person, OWNER_TAG, TAKEN_OVER_TAG)
        make_by_hand(self.person, found)
        self.story.append(f"made by hand: {_tell(found)}")
        return OrganizationId(forgotten.organization_id)

    def _take(self, number: int, step: Step) -> str | None:
        """Take one step; say what is wrong after it, or nothing."""
        self.story.append(f"step {number}")
        self._act_before(step)
        spec = replace(step.spec, existing=self.existing)
        if self.known.deployed is None and self.existing:
            spec = replace(spec, adopt=spec.adopt or self.history.seed % 8 > 0)
        self.story.append(f"  deploy {_tell(spec, self.known.deployed)}")
        before = look(self.emulator)
        plan = self._plan(spec) if step.planned and self.known.deployed else None
        put_back = self.emulator.save() if step.meanwhile else None
        told = self._deploy(step, spec, plan)
        if isinstance(told, str):
            return told
        if put_back and step.meanwhile and self.meanwhile and before:
            alone, is_done = self._do_alone(step.meanwhile, put_back)
            self.alone = self.meanwhile.recognize(alone, before)
            self.meanwhile = replace(self.meanwhile, needs_deployment=not is_done)
        self.story.append(f"  {told or 'succeeded'}"[:900])
        self.story += [f"  {self.calls} calls, struck" if self.struck else f"  {self.calls} calls"]
        if self.stack.wrote:
            return f"wrote and refused: {self.stack.wrote}"
        after = look(self.emulator)
        # Whom this deployment made has no other picture to be held against.
        made = self.meanwhile.made if self.meanwhile else {}
        there = set(map(parse_reference, [*list_ids(before).values(), *made.values()]))
        loose = self.person.acted if self.loose else self.person.acted - there
        if told is None:
            wrong = judge_success(
                self.known,
                spec,
                before,
                after,
                alone=self.alone,
                loose=loose,
                meanwhile=self.meanwhile,
                stack=self.stack,
            )
            if not wrong:
                self.known = self.known.settle(spec, before, after, self.meanwhile)
                wrong = self._deploy_again(spec)
        else:
            wrong = judge_failure(
                self.known,
                spec,
                before,
                after,
                alone=self.alone,
                loose=loose,
                meanwhile=self.meanwhile,
            )
            self.known = self.known.unsettle(spec, before, after, self.meanwhile)
            if not wrong and not self.struck and not self.meanwhile:
                wrong = self._explain(spec, plan, told)
        return "; ".join(wrong) if wrong else None

    @property
    def _is_there(self) -> bool:
        return find_organization(self.emulator.state()) is not None

    def _act_before(self, step: Step) -> None:
        for act in step.by_hand if self._is_there else ():
            done = self.person.act(act)
            self.story.append(f"  by hand: {act}{'' if done else ' (refused)'}")

    def _plan(self, spec: Organization) -> Any:
        assert self.known.deployed
        plan = plan_live(self.stack, self.known.deployed, spec)
        (found,) = plan.organizations
        refused = f", refused: {'; '.join(found.refusals)}" if found.refusals else ""
        self.story.append(f"  planned: {len(found.calls)} calls{refused}")
        return plan

    def _deploy(
        self, step: Step, spec: Organization, plan: Any
    ) -> str | DeploymentFailedError | None:
        """Deploy; return the failure, or in words what must not be."""
        stack = self.stack
        self.calls = self.writes = 0
        self.in_rollback, self.due = False, 0
        self.struck, self.meanwhile, self.alone, self.loose = False, None, None, False
        self.person.acted = set()
        stack.reasons.clear()
        stack.left_behind.clear()
        stack.held, stack.hold, stack.repeated, stack.place = [], lambda _: False, None, ""
        blow = BLOWS.get(step.blow)
        stack.backwards = bool(blow and blow.backwards)
        self.emulator.clear_calls()
        self.emulator.on_call = lambda phase, call: self._watch(step, phase, call)
        confirmed = (plan.acknowledgement,) if plan and plan.acknowledgement else ()
        is_sure = plan and not plan.organizations[0].refusals and not _are_unsure(plan)
        approved = plan.approval if is_sure else None
        try:
            stack.deploy(spec, *confirmed, approved=approved)
        except RollbackFailedError as error:
            if not (blow and blow.again) and not self.in_rollback:
                return f"the rollback failed: {error}"
            self.emulator.on_call = None
            try:
                stack.continue_rollback()
            except DeploymentFailedError as worse:
                return f"the rollback failed for good: {worse}"
            return DeploymentFailedError(str(error))
        except DeploymentFailedError as error:
            return error
        except TooManyCallsError:
            return f"more than {MOST_CALLS} calls"
        finally:
            self.emulator.on_call = None
            stack.hold = lambda _: False
        if stack.written:
            return f"a request that came late wrote {stack.written}"
        if stack.left_behind:
            return f"left behind: {[each.resource.logical_id for each in stack.left_behind]}"
        if plan and step.is_calm:
            return self._compare_with(plan)
        return None

    def _watch(self, step: Step, phase: str, call: Any) -> None:
        if call is None or self._by_hand:
            return
        if phase == "before":
            self.calls += 1
            self.writes += call.write
            if self.calls > MOST_CALLS:
                raise TooManyCallsError
            if step.meanwhile and self.calls == step.moment:
                self._act_meanwhile(step.meanwhile)
        blow = BLOWS.get(step.blow)
        count = self.writes if step.at_write else self.calls
        if blow and not self.struck and count == step.strike and phase == blow.phase:
            if step.at_write and not call.write:
                return
            self.struck, self.in_rollback = True, self.stack.cloudformation.rolls_back
            self.due = self.calls + 1 + self.calls % 13 if blow.again else 0
            self.story.append(f"  {step.blow} at call {self.calls}, {call.operation}")
            blow.deal(self.stack)
        elif blow and self.calls == self.due and phase == blow.phase:
            self.due = 0
            blow.deal(self.stack)

    def _act_meanwhile(self, act: Act) -> None:
        """Do something in the middle; know what would come of it by itself."""
        if not self._is_there:
            return
        self._by_hand = True
        earlier = look(self.emulator)
        self.stack.by_hand += 1
        try:
            done = self.person.act(act)
            self.loose = act.what in ABOUT_THE_MOMENT or not done
        finally:
            self._by_hand = False
        told = "" if done else " (refused)"
        self.story.append(f"  by hand at call {self.calls}: {act}{told}")
        self.meanwhile = Meanwhile(earlier, look(self.emulator))

    def _do_alone(self, act: Act, put_back: Callable[[], None]) -> tuple[Picture, bool]:
        """Say what comes by itself of what somebody did in the middle, and if all of it does."""
        put_forward = self.emulator.save()
        put_back()
        is_done = self.person.act(act)
        alone = look(self.emulator)
        put_forward()
        return alone, is_done

    def _compare_with(self, plan: Any) -> str | None:
        """Say where a deployment that nothing interfered with was not as planned."""
        (found,) = plan.organizations
        if found.refusals:
            return f"it succeeded, and its plan refused: {'; '.join(found.refusals)}"
        state = self.emulator.state()
        effects = [call for call in self.emulator.writes if call.effect]
        if _are_unsure(plan):
            return None
        planned, written = sorted(name_texts(found.calls)), sorted(name_writes(effects, state))
        if planned != written:
            only = [each for each in planned if each not in written]
            more = [each for each in written if each not in planned]
            return f"planned alone: {only}; written alone: {more}"
        return None

    def _explain(self, spec: Organization, plan: Any, told: Exception) -> list[str]:
        """Say that nothing explains a failure."""
        if self.known.deployed is None:
            return []
        plan = plan or plan_live(self.stack, self.known.deployed, spec)
        (found,) = plan.organizations
        return [] if found.refusals else [f"failed, and nothing had stopped it: {told}"]

    def _deploy_again(self, spec: Organization) -> list[str]:
        """Deploy the same once more, with a word that nobody asked for: nothing is written."""
        self.emulator.clear_calls()
        try:
            self.stack.deploy(spec, "0123456789ab")
        except DeploymentFailedError as error:
            return [f"deployed again, it failed: {error}"]
        writes = [call.operation for call in self.emulator.writes]
        return [f"deployed again, it wrote {writes}"] if writes else []


def _are_unsure(plan: Any) -> bool:
    """Tell whether somebody returns: nobody sees before what they had (docs/plan.md)."""
    (found,) = plan.organizations
    made: set[str] = set()
    registered: set[str] = set()
    for call in found.calls:
        operation, _, subject = call.partition(" {")[0].partition(" ")
        is_made = operation.startswith("Create") and operation != "CreateAlias"
        made |= {subject} if is_made else set()
        registered |= {subject} if operation == "RegisterToWorkMail" else set()
    return not registered <= made


def _tell(spec: Organization, deployed: Organization | None = None) -> str:
    """Tell a spec in one line; of a change only what changes."""
    before = {each.reference: each for each in list_declared(deployed)} if deployed else {}
    parts: list[str] = []
    for entity in list_declared(spec):
        was = before.pop(entity.reference, None)
        if was == entity:
            continue
        parts.append(f"{'' if was is None else 'changed '}{_tell_entity(entity)}")
    parts += [f"without {each}" for each in before]
    for name in ("permissions", "policies", "tags", "on_removal", "adopt", "domains", "existing"):
        value = getattr(spec, name)
        if deployed is None or value != getattr(deployed, name):
            parts.append(f"{name}={_shorten(value)}")
    return "; ".join(parts)


def _tell_entity(entity: Any) -> str:
    told = [f"{entity.reference} <{entity.email}>"]
    told += [f"+{each}" for each in entity.aliases]
    for name in ("members", "delegates"):
        listed = getattr(entity, name, ())
        told += [f"{name} {', '.join(map(str, listed))}"] if listed else []
    for name in ("telephone", "city", "quota_megabytes", "exclusive", "description", "adopt"):
        value = getattr(entity, name, None)
        told += [f"{name}={_shorten(value)}"] if value else []
    return " ".join((*told, *(() if entity.enabled else ("off",))))


def _shorten(value: Any) -> str:
    if isinstance(value, OnRemoval):
        return f"users {value.users}, groups {value.groups}, resources {value.resources}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_shorten, cast("tuple[Any, ...]", value))) + "]"
    if isinstance(value, MailboxPermission):
        return f"{value.mailbox}<-{value.grantee}:{','.join(value.rights)}"
    if isinstance(value, MailDomain):
        return f"{value.name}{'!' if value.default else ''}"
    if isinstance(value, Policies):
        names = {
            "access_control": [each.name for each in value.access_control],
            "mobile_devices": [each.name for each in value.mobile_devices],
            "impersonation_roles": [each.name for each in value.impersonation_roles],
            "availability": [each.domain for each in value.availability],
        }
        parts = [f"{name}:{'+'.join(found)}" for name, found in names.items() if found]
        days = value.retention.folders[0].days if value.retention else None
        parts += [f"retention:{days}", f"dmarc:{value.inbound_dmarc_enforced}"]
        return f"{{{' '.join(parts)}}}"
    return str(value)


# Failing histories


def replay(seed: int) -> str | None:
    """Play one history; print its story, shrunk, if something is wrong with it."""
    history = draw(seed)
    told = Play(history).run()
    if told is None:
        return None
    least = shrink(history)
    play = Play(least)
    told = play.run()
    return "\n".join([f"history {seed}", *play.story, f"{told}"])


def shrink(history: History, tries: int = 60) -> History:
    """Leave out of a failing history what it takes no part of."""
    smaller = _list_smaller(history)
    while tries:
        candidate = next(smaller, None)
        if candidate is None:
            return history
        tries -= 1
        if Play(candidate).run():
            history = candidate
            smaller = _list_smaller(history)
    return history


def _list_smaller(history: History) -> Iterator[History]:
    steps = history.steps
    if history.is_large:
        yield replace(history, is_large=False)
    for at_ in range(len(steps) - 1, -1, -1):
        if len(steps) > 1:
            yield replace(history, steps=(*steps[:at_], *steps[at_ + 1 :]))
    for at_, step in enumerate(steps):
        for other in _list_smaller_steps(step):
            yield replace(history, steps=(*steps[:at_], other, *steps[at_ + 1 :]))


def _list_smaller_steps(step: Step) -> Iterator[Step]:
    if step.blow:
        yield replace(step, blow="")
    if step.meanwhile:
        yield replace(step, meanwhile=None)
    for at_ in range(len(step.by_hand)):
        yield replace(step, by_hand=(*step.by_hand[:at_], *step.by_hand[at_ + 1 :]))
