"""Naming: whom a call names by id, and who must not be named. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from workmail_org.changes.calls import Argument, Call, Identity, Subject
from workmail_org.changes.few import Known
from workmail_org.model.values import Kind, Reference

BETWEEN_ENABLED = frozenset({"PutMailboxPermissions"})
"""Operations that fail for who is switched off (facts.md §1.8). Members and delegates who are
switched off are left out where they are decided about."""

BY_ID = frozenset({"CreateImpersonationRole", "PutAccessControlRule", "UpdateImpersonationRole"})
"""Operations that name people by id, and so need them to be there."""


def list_named(call: Call) -> Iterator[Subject]:
    """List the users, groups, resources and roles that the arguments of a call name."""
    yield from _list_named(call.arguments.values())


def find_made_again(
    known: Mapping[Kind, Mapping[str, Known]], ids: Mapping[Reference, str]
) -> frozenset[Reference]:
    """Find who has another id than the stack's of the same name: somebody made them by hand.

    Args:
        known: Who was there as the ledger says, by kind and folded name.
        ids: Of who is there, by folded reference.
    """
    return frozenset(
        reference
        for reference, made in ids.items()
        if (entry := known.get(reference.kind, {}).get(reference.name))
        and entry.is_managed
        and entry.id != made
    )


def find_named(calls: Iterable[Call]) -> frozenset[Reference]:
    """Find the users, groups and resources that calls name, folded."""
    named = (each for call in calls for each in list_named(call))
    return frozenset(each.folded for each in named if isinstance(each, Reference))


def refuse_hindered(
    calls: Iterable[Call],
    enabled: Mapping[Reference, bool | None],
    strangers: Collection[Reference],
) -> tuple[str, ...]:
    """Refuse rights and rules for whom people made again, deleted or switched off.

    Args:
        calls: Of one resource.
        enabled: Whether people are switched on, by folded reference; `None`: they are not there.
            Who is left out is not judged.
        strangers: Folded references of those who have another id than the stack's.

    Returns:
        A sentence for each of them.
    """
    refusals: dict[Reference, str] = {}
    for call in calls:
        for named, sentence in _find_hindrances(call, enabled, strangers):
            refusals.setdefault(named, sentence)
    return tuple(refusals.values())


def leave_out_hindered(
    calls: Iterable[Call],
    enabled: Mapping[Reference, bool | None],
    strangers: Collection[Reference],
) -> tuple[Call, ...]:
    """Leave out what would be refused: a rollback cannot give it back."""
    return tuple(each for each in calls if not any(_find_hindrances(each, enabled, strangers)))


def _find_hindrances(
    call: Call, enabled: Mapping[Reference, bool | None], strangers: Collection[Reference]
) -> Iterator[tuple[Reference, str]]:
    if call.operation not in BETWEEN_ENABLED | BY_ID:
        return
    for each in list_named(call):
        if not isinstance(each, Reference):
            continue
        is_on = enabled.get(each.folded, True)
        if each.folded in strangers:
            yield (
                each.folded,
                f"{each} was deleted and made again by hand, so {call} would be for another one, "
                f"which this stack did not make; set adopt: true for {each} to take it over, or "
                "delete it there",
            )
        elif is_on is None:
            yield (
                each.folded,
                f"{each} is not there, although the spec declares it, and {call} would fail: "
                "it was deleted by hand; remove it from the spec, or change a field of it "
                "in the same deployment, which makes it again with a new mailbox",
            )
        elif not is_on and call.operation in BETWEEN_ENABLED:
            yield (
                each.folded,
                f"{each} is switched off, although the spec declares it switched on, "
                f"and {call} would fail: it was switched off by hand; switch it on again (aws "
                "workmail register-to-work-mail), or set enabled: false",
            )


def _list_named(values: Iterable[Argument]) -> Iterator[Subject]:
    for value in values:
        if isinstance(value, Identity):
            yield value.reference
        elif isinstance(value, tuple):
            yield from _list_named(value)
        elif isinstance(value, Mapping):
            yield from _list_named(value.values())
