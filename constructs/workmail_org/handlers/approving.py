"""Approving: nothing is done but what a person has seen, also on a bare `cdk deploy`.

A person has seen what a plan prints. With an approval no resource does anything else. A repair is
such a text too: what people changed by hand is set right only by resources that are named in it,
and only while that takes the calls that the plan has shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from workmail_org.changes.calls import Call
from workmail_org.changes.digests import digest_calls
from workmail_org.errors import UnapprovedError
from workmail_org.handlers.judging import was_let_through
from workmail_org.handlers.requests import Request, Run
from workmail_org.service.stacks import read_state
from workmail_org.wire.properties import Consent

_MOST_CALLS = 10
"""Calls in a sentence."""

_PLAN = "workmail-org plan SPEC --against live"

_UNPLANNED_REPAIR = (
    "this is not the repair that was planned: it is done already, or the spec or the live "
    f"organization changed meanwhile ({_PLAN} --repair shows what is left to repair and prints the "
    "text for cdk deploy -c repair=TEXT)"
)


def is_asked(request: Request[object]) -> bool:
    """Return whether this request may only do what was approved, or planned as a repair."""
    asks = request.consent.asks or request.repairs
    return asks and not request.is_delete and not request.is_unchanged


def approve(run: Run, request: Request[object], calls: Sequence[Call]) -> None:
    """Refuse calls that nobody approved.

    Args:
        run: This invocation.
        request: Asked about its own part of the approval.
        calls: All that this request would do.

    Raises:
        UnapprovedError: Nothing was written; it says what would be done.
    """
    approve_parts(run, request, {request.part_name: calls})


def approve_parts(
    run: Run,
    request: Request[object],
    parts: Mapping[str, Sequence[Call]],
    leaving: Sequence[str] = (),
) -> None:
    """Refuse calls that nobody approved, of several resources.

    Doing nothing needs no approval. A rollback is never refused. Neither is an
    event that was let through before and is delivered again: what it has done
    meanwhile is missing now.

    Args:
        run: This invocation.
        request: Asked about its own part of the approval, and about others'.
        parts: All that would be done, by part_name.
        leaving: Nouns of resources that leave the stack; each needs a part.

    Raises:
        UnapprovedError: Nothing was written; it says what would be done.
    """
    if not is_asked(request):
        return
    consent, part_name = request.consent, request.part_name
    why, unseen = _UNPLANNED_REPAIR, [*_list_unplanned(request, parts.get(part_name, ()))]
    if consent.asks and not unseen:
        why, unseen = _explain(consent), [*_list_unapproved(consent, part_name, parts)]
        unseen += [f"{each} leaves" for each in leaving if each not in consent.approved_others]
    if not unseen:
        return
    state = read_state(run.clients.cloudformation, request.stack_id)
    if state and state.rolls_back:
        run.log("approval let go", status=state.status, unseen=unseen)
    elif was_let_through(run, request):
        run.log("delivered again", unseen=unseen)
    else:
        raise UnapprovedError(f"{why}: {'; '.join(unseen)}")


def _list_unplanned(request: Request[object], calls: Sequence[Call]) -> Iterator[str]:
    """List what a repair would do that its plan has not shown."""
    if request.repairs and calls and request.consent.repair != digest_calls(calls):
        yield _describe(request.part_name, calls)


def _list_unapproved(
    consent: Consent, part_name: str, parts: Mapping[str, Sequence[Call]]
) -> Iterator[str]:
    approved = {part_name: consent.approved, **consent.approved_others}
    for part, calls in parts.items():
        if calls and approved.get(part) != digest_calls(calls):
            yield _describe(part, calls)


def _explain(consent: Consent) -> str:
    """Say why it is refused and what to do; the way out comes first: long reasons are cut."""
    if consent.approved is None:
        return (
            "safety.require_approval is true and nothing was approved "
            f"({_PLAN} shows it and prints the text for cdk deploy -c approved=TEXT)"
        )
    return (
        "this is not what was approved: the spec or the live organization changed meanwhile "
        f"(see {_PLAN}, and approve that: cdk deploy -c approved=TEXT)"
    )


def _describe(part_name: str, calls: Sequence[Call]) -> str:
    texts = [f"{call.operation} of {_name(call)}" for call in calls[:_MOST_CALLS]]
    if len(calls) > _MOST_CALLS:
        texts.append(f"{len(calls) - _MOST_CALLS} more")
    word = "call" if len(calls) == 1 else "calls"
    return f"{part_name} would take {len(calls)} {word}: {', '.join(texts)}"


def _name(call: Call) -> str:
    return f"{call.subject.kind} {call.subject.name}".rstrip()
