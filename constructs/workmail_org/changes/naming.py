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


def refuse_strangers(calls: Iterable[Call], strangers: Collection[Reference]) -> tuple[str, ...]:
    """Refuse rights and rules for whom people made again under the name of who is declared.

    Args:
        calls: Of one resource.
        strangers: Folded references of those who have another id than the stack's.

    Returns:
        A sentence for each of them.
    """
    refusals: dict[Reference, str] = {}
    for call in calls:
        for each in list_named(call) if call.operation in BETWEEN_ENABLED | BY_ID else ():
            if isinstance(each, Reference) and each.folded in strangers:
                refusals.setdefault(
                    each.folded,
                    f"{each} was deleted and made again by hand, so {call} would be for another "
                    f"one, which this stack did not make; set adopt: true for {each} to take it "
                    "over, or delete it there",
                )
    return tuple(refusals.values())


def refuse_hindered(
    calls: Iterable[Call], enabled: Mapping[Reference, bool | None]
) -> tuple[str, ...]:
    """Refuse rights and rules for whom people deleted or switched off.

    Args:
        calls: Of one resource.
        enabled: Whether people are switched on, by folded reference; `None`: they are not there.
            Who is left out is not judged.

    Returns:
        A sentence for each of them.
    """
    refusals: dict[Reference, str] = {}
    for call in calls:
        for each in list_named(call) if call.operation in BETWEEN_ENABLED | BY_ID else ():
            if isinstance(each, Reference) and each.folded in enabled:
                sentence = _describe_hindrance(each, call, is_on=enabled[each.folded])
                refusals |= {each.folded: sentence} if sentence else {}
    return tuple(refusals.values())


def _describe_hindrance(named: Reference, call: Call, *, is_on: bool | None) -> str | None:
    if is_on is None:
        return (
            f"{named} is not there, although the spec declares it, and {call} would fail: "
            "it was deleted by hand; remove it from the spec, or change a field of it "
            "in the same deployment, which makes it again with a new mailbox"
        )
    if not is_on and call.operation in BETWEEN_ENABLED:
        return (
            f"{named} is switched off, although the spec declares it switched on, "
            f"and {call} would fail: it was switched off by hand; switch it on again (aws "
            "workmail register-to-work-mail), or set enabled: false"
        )
    return None


def leave_out_hindered(
    calls: Iterable[Call],
    enabled: Mapping[Reference, bool],
    strangers: Collection[Reference],
) -> tuple[Call, ...]:
    """Leave out what a rollback cannot give back: people did something to those whom it names.

    Args:
        calls: Of one resource.
        enabled: Who is there, by folded reference, and whether they are switched on.
        strangers: Folded references of those who have another id than the stack's.
    """

    def is_hindered(call: Call) -> bool:
        named = {each.folded for each in list_named(call) if isinstance(each, Reference)}
        if call.operation in BETWEEN_ENABLED:
            return any(not enabled.get(each) or each in strangers for each in named)
        return call.operation in BY_ID and any(
            each not in enabled or each in strangers for each in named
        )

    return tuple(call for call in calls if not is_hindered(call))


def _list_named(values: Iterable[Argument]) -> Iterator[Subject]:
    for value in values:
        if isinstance(value, Identity):
            yield value.reference
        elif isinstance(value, tuple):
            yield from _list_named(value)
        elif isinstance(value, Mapping):
            yield from _list_named(value.values())
