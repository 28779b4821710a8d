"""Rounds: look, write what is missing, look again, until nothing is left to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from workmail_org.changes.calls import Call, Phase, Subject
from workmail_org.errors import PermanentError, ServiceError, TemporaryError
from workmail_org.handlers.failing import PATIENCE_SECONDS, Failure, describe_failures, make_key
from workmail_org.handlers.requests import Progress, Run
from workmail_org.service.writing import Writer

_CONFIRM_SECONDS = 10.0
"""A guess: how long to wait before a second read, when nothing is to be done although something
changed. The first may be older than what is to be undone."""


class Work(Protocol):
    """What is to be brought about."""

    @property
    def noun(self) -> str:
        """What fails, with its plural: `user(s)`."""
        ...

    def look(self) -> Sequence[Call]:
        """Read what is there; list what is missing.

        Raises:
            UnsafePlanError: It must not be done.
        """
        ...

    def expects_calls(self) -> bool:
        """Tell whether finding nothing to do at the first look is surprising."""
        ...

    def prepare(self, calls: Sequence[Call]) -> Writer:
        """Do what has to be done before any of some calls is made."""
        ...

    def close(self) -> None:
        """Write down what holds now."""
        ...


@dataclass(slots=True)
class _Memory:
    """What one slice of work remembers; lost with the process, and not needed to go on.

    Attributes:
        written: Calls that succeeded: what lists do not show yet is not done twice.
        first_failed: When each call failed first, on the run's clock.
        failures: Of the last round.
        unseen_since: Since when everything was written and something is not seen.
        seen_settled: Whether an earlier round found nothing to do.
        rounds: That had to wait.
    """

    written: list[Call] = field(default_factory=list[Call])
    first_failed: dict[tuple[str, Subject], float] = field(
        default_factory=dict[tuple[str, Subject], float]
    )
    failures: list[Failure] = field(default_factory=list[Failure])
    unseen_since: float | None = None
    seen_settled: bool = False
    rounds: int = 0


def work_off(run: Run, work: Work) -> Progress:
    """Go round until nothing is left to do, or the slice is used up.

    Raises:
        PermanentError: Something fails that will not pass; all of it is named.
        UnsafePlanError: It must not be done.
    """
    memory = _Memory()
    while True:
        calls = work.look()
        if not calls:
            if not _is_confirmed(run, work, memory):
                continue
            work.close()
            return Progress(done=True)
        fresh = [call for call in calls if call not in memory.written]
        if fresh:
            _write(run, work.prepare(fresh), fresh, memory)
        elif _is_stuck(run, calls, memory):
            work.close()
            return Progress(done=True)
        _raise_permanent(run, work, memory)
        if run.time_is_up:
            return Progress(done=False, waiting_for=_describe(memory, calls))
        if memory.failures or not fresh:
            memory.rounds += 1
            run.back_off(memory.rounds)


def _is_confirmed(run: Run, work: Work, memory: _Memory) -> bool:
    """Tell whether finding nothing to do can be believed.

    What was written in this slice was read back. But a first read that
    finds a change done already may be older than what undid it.
    """
    if memory.written or memory.seen_settled or not work.expects_calls():
        return True
    memory.seen_settled = True
    run.pause(_CONFIRM_SECONDS)
    return False


def _write(run: Run, writer: Writer, calls: Sequence[Call], memory: _Memory) -> None:
    """Make calls in order; an entity whose call fails waits for the next round.

    Removals wait until nothing fails: what cannot be completed will be
    rolled back, and a deleted mailbox cannot.
    """
    memory.failures = []
    failed: set[Subject] = set()
    hold = max(Phase)
    for call in calls:
        # One call at least, or an organization that takes longer to read never ends.
        if call.phase > hold or (run.time_is_up and call is not calls[0]):
            return
        if call.subject.folded in failed:
            continue
        try:
            writer.write(call)
        except ServiceError as error:
            failed.add(call.subject.folded)
            hold = min(hold, _find_hold(call, error))
            memory.failures.append(Failure(call, error))
            memory.first_failed.setdefault(make_key(call), run.clock())
            run.log_call(call, error)
        else:
            memory.written.append(call)
            memory.first_failed.pop(make_key(call), None)
            run.log_call(call)


def _find_hold(call: Call, error: ServiceError) -> Phase:
    """Say which phases are not begun in a round after a call failed."""
    if call.phase.makes_room and isinstance(error, TemporaryError):
        return call.phase
    return max(Phase.PART, min(call.phase, Phase.DISABLE))


def _raise_permanent(run: Run, work: Work, memory: _Memory) -> None:
    """Give up when a failure will not go away; name every failing entity."""
    now, since = run.clock(), memory.first_failed
    permanent = [f for f in memory.failures if f.is_permanent(now - since[f.key])]
    if not permanent:
        return
    others = len(memory.failures) - len(permanent)
    waiting = f" ({others} more were still being tried)" if others else ""
    detail = describe_failures(permanent)
    raise PermanentError(f"{len(permanent)} {work.noun} failed{waiting}: {detail}")


def _is_stuck(run: Run, calls: Sequence[Call], memory: _Memory) -> bool:
    """Tell whether WorkMail does not take fields that it said it took.

    Whether an empty text clears a field is not documented (facts.md §1.3):
    a field that stays is reported and lived with. Everything else that was
    written and is not seen is written again.
    """
    if memory.unseen_since is None:
        memory.unseen_since = run.clock()
    if run.clock() - memory.unseen_since < PATIENCE_SECONDS:
        return False
    if all(call.operation == "UpdateUser" for call in calls):
        run.log("fields stay", calls=[str(call) for call in calls])
        return True
    memory.written.clear()
    memory.unseen_since = None
    return False


def _describe(memory: _Memory, calls: Sequence[Call]) -> str:
    if memory.failures:
        return describe_failures(memory.failures)
    return f"{len(calls)} calls were left to make"
