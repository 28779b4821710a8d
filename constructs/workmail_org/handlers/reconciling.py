"""Reconciling: observe, write what is missing, observe again, until nothing is missing.

Theory of operation. WorkMail is eventually consistent and throttles; its lists lag behind what was
written; a Lambda function can be killed at any call, and a request can be delivered twice. So
`reconcile` keeps no plan. It goes round:

1. *Observe.* `Work.observe` reads what is there and decides (`changes`) which calls are missing.
   Of what another process saw nothing is trusted but who was settled (`changes.settled`), and of
   an earlier round only the rows of those whom its calls were not about, where all of them
   succeeded (`SnapshotReader.renew`).
2. *Done?* When nothing is missing, the request is finished. Two things make that doubtful. A
   change that was expected and is not found may have been made by a former delivery, or what was
   read may be older than what undid it: then it is looked at once more after a pause. And lists
   lag: a call that succeeded and is not seen yet is not made twice, it is waited for. Who was
   brought about whole is believed, once a list shows it (`Work.conclude`, `changes.settled`).
3. *Write* the calls that this slice has not made yet, in the order of their phases. What is about
   one entity stops at its first failure and is tried in the next round; others go on. Phases that
   depend on others wait for them: an address is not taken before it was released, and nobody is
   switched off or deleted while anything fails, because a deployment that fails is rolled back and
   a deleted mailbox is not. Rules are changed in their order or not at all (`Work.in_order`).
4. *Give up* on a failure that waiting does not cure, and name everything that failed.
5. *Stop* when the slice has used its time; the framework calls again and all begins at 1.
6. *Wait*, longer each time, when something failed or is not seen yet.

What is remembered (`_Memory`) makes a slice cheaper and more patient. It is lost with the process,
and nothing depends on it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from workmail_org.changes.calls import Argument, Call, Phase, Subject
from workmail_org.errors import PermanentError, ServiceError, TemporaryError
from workmail_org.handlers.failing import Failure, describe_failures, make_key
from workmail_org.handlers.patience import PROPAGATION_SECONDS, UNDONE_SECONDS, outlasts
from workmail_org.handlers.requests import Progress, Run
from workmail_org.service.writing import Writer

_VERBS = re.compile(r"^(?:Create|Update|Put)(?=[A-Z])")
"""With the same arguments these have the same effect: an update repeats a creation."""


class Work(Protocol):
    """What is to be brought about."""

    @property
    def subject(self) -> str:
        """What fails, with its plural: `user(s)`."""
        ...

    @property
    def in_order(self) -> bool:
        """Whether a failure stops all later calls, and a success need not be seen in a list."""
        ...

    def observe(self) -> Sequence[Call]:
        """Read what is there; list what is missing.

        Raises:
            UnsafePlanError: It must not be done.
        """
        ...

    def expects_calls(self) -> bool:
        """Return whether finding nothing to do at the first look is surprising."""
        ...

    def prepare(self, calls: Sequence[Call]) -> Writer:
        """Do what has to be done before any of some calls is made."""
        ...

    def conclude(self, calls: Sequence[Call], done: Sequence[Call]) -> None:
        """Write down which of the calls of a round succeeded."""
        ...

    def finish(self) -> None:
        """Write down what holds now."""
        ...


@dataclass(slots=True)
class _Memory:
    """What one slice of work remembers; lost with the process, and not needed to go on.

    Attributes:
        written: Effects of calls that succeeded.
        made: Ids that these calls were answered with, by folded subject: they are not made twice,
            and lists do not show everything that they made.
        first_failed: When each call failed first, on the run's clock.
        failures: Of the last round.
        unseen_since: Since when everything was written and something is not seen.
        looked_twice: Whether an earlier round found nothing to do.
        rounds: That had to wait.
    """

    written: list[_Effect] = field(default_factory=list["_Effect"])
    made: dict[Subject, str] = field(default_factory=dict[Subject, str])
    first_failed: dict[tuple[str, Subject], float] = field(
        default_factory=dict[tuple[str, Subject], float]
    )
    failures: list[Failure] = field(default_factory=list[Failure])
    unseen_since: float | None = None
    looked_twice: bool = False
    rounds: int = 0


_Effect = tuple[str, Subject, "Argument"]


def reconcile(run: Run, work: Work) -> Progress:
    """Go round until nothing is missing, or the slice is used up.

    Raises:
        PermanentError: Something fails that will not pass; all of it is named.
        UnsafePlanError: It must not be done.
    """
    memory = _Memory()
    while True:
        # 1. What is missing, and what of it has this slice not written yet?
        calls = work.observe()
        fresh = [call for call in calls if _get_effect(call) not in memory.written]

        # 2. Nothing: that is believed if it was expected, or seen twice.
        if not calls or (work.in_order and not fresh):
            if _is_surprising(work, memory):
                run.patience.pause(UNDONE_SECONDS)
                continue
            work.finish()
            return Progress(done=True)

        # 3. Write. If all was written and is not seen, the lists lag, or a field does not take.
        if fresh:
            done: list[Call] = []
            _write(run, work, fresh, memory, done)
            work.conclude(fresh, done)
        elif _is_stuck(run, calls, memory):
            work.finish()
            return Progress(done=True)

        # 4. Some failures do not go away by waiting.
        _raise_permanent(run, work, memory)

        # 5. The next slice goes on from what is there then.
        if run.patience.is_over:
            return Progress(done=False, waiting_for=_describe(memory, calls))

        # 6. Others do.
        if memory.failures or not fresh:
            memory.rounds += 1
            run.patience.back_off(memory.rounds)


def _get_effect(call: Call) -> _Effect:
    return _VERBS.sub("", call.operation), call.subject, call.arguments


def _is_surprising(work: Work, memory: _Memory) -> bool:
    """Return whether finding nothing to do has to be seen once more.

    What was written in this slice was read back. But a first read that
    finds a change done already may be older than what undid it.
    """
    if memory.written or memory.looked_twice or not work.expects_calls():
        return False
    memory.looked_twice = True
    return True


def _write(run: Run, work: Work, calls: Sequence[Call], memory: _Memory, done: list[Call]) -> None:
    """Make calls in order; an entity whose call fails waits for the next round.

    Args:
        run: This invocation.
        work: Whose calls they are.
        calls: What is missing.
        memory: Of the slice.
        done: Gets what succeeded.
    """
    writer = work.prepare(calls)
    writer.ids = {**memory.made, **writer.ids}
    memory.failures = []
    failed: set[Subject] = set()
    hold = max(Phase)
    waiting = deque(calls)
    deferred: list[Call] = []
    while waiting:
        call = waiting.popleft()
        # One call at least, or an organization that takes longer to read never ends.
        if call.phase > hold or (run.patience.is_over and call is not calls[0]):
            return
        if call.subject.folded in failed:
            continue
        try:
            writer.write(call)
        except ServiceError as error:
            if work.in_order and call.phase is Phase.DELETE and waiting and call not in deferred:
                # What something else still names is refused: that goes first then.
                run.log_call(call, error)
                deferred.append(call)
                waiting.append(call)
                continue
            failed.add(call.subject.folded)
            hold = min(hold, _find_hold(call, error))
            memory.failures.append(Failure(call, error))
            memory.first_failed.setdefault(make_key(call), run.patience.clock())
            run.log_call(call, error)
            if work.in_order:
                return
        else:
            memory.written.append(_get_effect(call))
            if call.phase is Phase.CREATE and call.subject.folded in writer.ids:
                memory.made[call.subject.folded] = writer.ids[call.subject.folded]
            done.append(call)
            memory.first_failed.pop(make_key(call), None)
            run.log_call(call)


def _find_hold(call: Call, error: ServiceError) -> Phase:
    """Say which phases are not begun in a round after a call failed.

    Removals wait until nothing fails: what cannot be completed will be
    rolled back, and a deleted mailbox cannot.
    """
    if call.phase.makes_room and isinstance(error, TemporaryError):
        return call.phase
    return max(Phase.DETACH, min(call.phase, Phase.DISABLE))


def _raise_permanent(run: Run, work: Work, memory: _Memory) -> None:
    """Give up when a failure will not go away; name every failing entity."""
    now, since = run.patience.clock(), memory.first_failed
    permanent = [f for f in memory.failures if outlasts(f.error, now - since[f.key])]
    if not permanent:
        return
    if work.in_order:
        raise permanent[0].name_subject()
    others = len(memory.failures) - len(permanent)
    waiting = f" ({others} more were still being tried)" if others else ""
    detail = describe_failures(permanent)
    raise PermanentError(f"{len(permanent)} {work.subject} failed{waiting}: {detail}")


def _is_stuck(run: Run, calls: Sequence[Call], memory: _Memory) -> bool:
    """Return whether WorkMail does not take fields that it said it took.

    Whether an empty text clears a field is not documented (facts.md §1.3):
    a field that stays is reported and lived with. Everything else that was
    written and is not seen is written again.
    """
    if memory.unseen_since is None:
        memory.unseen_since = run.patience.clock()
    if run.patience.clock() - memory.unseen_since < PROPAGATION_SECONDS:
        return False
    if all(call.operation == "UpdateUser" for call in calls):
        run.log("fields stay", calls=[str(call) for call in calls])
        return True
    memory.written.clear()
    memory.made.clear()
    memory.unseen_since = None
    return False


def _describe(memory: _Memory, calls: Sequence[Call]) -> str:
    if memory.failures:
        return describe_failures(memory.failures)
    return f"{len(calls)} calls were left to make"
