"""Changes of resources: rooms and equipment, how they answer, and who answers for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from workmail_org.changes import entities
from workmail_org.changes.calls import Argument, Call, Identity, Phase, make_call
from workmail_org.changes.deciding import Decision
from workmail_org.changes.entities import Situation, Traits, refuse_nothing
from workmail_org.model.bookable import Bookable, Booking
from workmail_org.model.live import Found
from workmail_org.model.values import Kind, Listing, Reference


def decide(situation: Situation[Bookable]) -> Decision:
    """Decide how resources come from what is there to what is desired.

    A resource that does not accept by itself needs a delegate (facts.md §1.5):
    delegates come before the booking options change, and go after.

    Args:
        situation: Delegates of actual resources are their enabled ones.

    Source:
        WorkMail API 2017-10-01: CreateResource, UpdateResource (the whole
        dataset), AssociateDelegateToResource, DisassociateDelegateFromResource.
    """
    return entities.decide(_TRAITS, situation)


def _create(situation: Situation[Bookable], bookable: Bookable) -> Call:  # noqa: ARG001 - the shape
    arguments: dict[str, Argument] = {"Name": bookable.name, "Type": bookable.type.upper()}
    if bookable.description:
        arguments["Description"] = bookable.description
    if bookable.hidden_from_global_address_list:
        arguments["HiddenFromGlobalAddressList"] = True
    return make_call(Phase.CREATE, "CreateResource", bookable.reference, **arguments)


def _update(
    situation: Situation[Bookable],
    bookable: Bookable,
    found: Found[Bookable] | None,
) -> Iterable[Call]:
    if not (bookable.enabled or (found and found.entity.enabled)):
        return  # WorkMail takes delegates and booking options of enabled ones only
    actual = found.entity if found else _get_created(bookable)
    previous = situation.find_previous(bookable)
    wanted = {delegate.folded: delegate for delegate in bookable.delegates}
    present = {delegate.folded: delegate for delegate in actual.delegates}
    for folded in sorted(wanted.keys() - present.keys()):
        if folded not in situation.enabled:  # switched off by hand: reported as drift
            continue
        operation = "AssociateDelegateToResource"
        yield _change_delegate(Phase.JOIN, operation, bookable.reference, wanted[folded])
    answered = present.keys() | (wanted.keys() & situation.enabled.keys())
    if not (bookable.enabled or bookable.booking.auto_accept or answered):
        # Nobody is left who could answer, and WorkMail refuses that.
        bookable = replace(bookable, booking=actual.booking)
    yield from _update_fields(bookable, actual, previous)
    yield from _release(situation, bookable, present, wanted)


def _release(
    situation: Situation[Bookable],
    bookable: Bookable,
    present: Mapping[Reference, Reference],
    wanted: Mapping[Reference, Reference],
) -> Iterable[Call]:
    """List who answers requests no more; who is the last one stays where nobody else would.

    Such as of a resource that a rollback switches off again: nobody sees who it had.
    """
    gone = [
        folded
        for folded in sorted(present.keys() - wanted.keys())
        if situation.may_take_out(bookable, Listing.DELEGATES, folded)
    ]
    left = present.keys() - gone | (wanted.keys() & situation.enabled.keys())
    if not left and not bookable.booking.auto_accept:
        gone = gone[1:]
    for folded in gone:
        yield release_delegate(bookable.reference, present[folded])


def _update_fields(
    bookable: Bookable, actual: Bookable, previous: Bookable | None
) -> Iterable[Call]:
    description = bookable.description
    if description is None:
        # Emptying is only ever of what the spec had said itself.
        said_before = previous.description if previous else None
        ours = said_before is not None and said_before == actual.description
        description = "" if ours else actual.description
    unchanged = (
        actual.type is bookable.type
        and (actual.description or "") == (description or "")
        and actual.booking == bookable.booking
        and actual.hidden_from_global_address_list is bookable.hidden_from_global_address_list
    )
    if unchanged:
        return
    arguments: dict[str, Argument] = {
        "ResourceId": Identity(bookable.reference),
        "Type": bookable.type.upper(),
        "BookingOptions": _render_booking(bookable.booking),
        "HiddenFromGlobalAddressList": bookable.hidden_from_global_address_list,
    }
    if description is not None:
        arguments["Description"] = description
    yield make_call(Phase.SETTLE, "UpdateResource", bookable.reference, **arguments)


def _render_booking(booking: Booking) -> dict[str, Argument]:
    """Write all three options: one left out is false on the wire (facts.md §1.5)."""
    return {
        "AutoAcceptRequests": booking.auto_accept,
        "AutoDeclineRecurringRequests": booking.decline_recurring,
        "AutoDeclineConflictingRequests": booking.decline_conflicts,
    }


def _get_created(bookable: Bookable) -> Bookable:
    """Return what CreateResource alone makes of a resource."""
    return Bookable(
        name=bookable.name,
        type=bookable.type,
        description=bookable.description,
        hidden_from_global_address_list=bookable.hidden_from_global_address_list,
    )


def release_delegate(bookable: Reference, delegate: Reference) -> Call:
    """Build the call that lets somebody answer a resource's requests no more."""
    operation = "DisassociateDelegateFromResource"
    return _change_delegate(Phase.DETACH, operation, bookable, delegate)


def _change_delegate(
    phase: Phase, operation: str, bookable: Reference, delegate: Reference
) -> Call:
    return make_call(
        phase, operation, bookable, ResourceId=Identity(bookable), EntityId=Identity(delegate)
    )


_TRAITS = Traits(kind=Kind.RESOURCE, create=_create, update=_update, refuse=refuse_nothing)
