"""Presenting: what operating found or did, as plain lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from workmail_org.operating.purging import Loss, digest_losses
from workmail_org.operating.removed import Removed
from workmail_org.operating.restoring import Restored


def render_removed(organization: str, removed: Sequence[Removed]) -> Iterator[str]:
    """Write who is switched off, since when, and until when they can come back."""
    if not removed:
        yield f"{organization}: no removed entity is switched off"
    for each in removed:
        yield f"{organization}: {each.reference} {_describe(each)}"


def render_removed_json(removed: Mapping[str, Sequence[Removed]]) -> str:
    """Write the same as one JSON object, by organization; times in UTC (RFC 3339)."""
    found = [
        {
            "organization": organization,
            "name": str(each.reference),
            "since": each.since.isoformat(),
            "deadline": each.deadline.isoformat() if each.deadline else None,
            "lost": each.lost,
            "switched_on": each.is_back,
        }
        for organization, every in removed.items()
        for each in every
    ]
    return json.dumps({"removed": found}, indent=2)


def _describe(removed: Removed) -> str:
    day = f"{removed.since:%Y-%m-%d}"
    if removed.is_back:
        return (
            f"left the spec on {day} and is switched on all the same; `workmail-org restore` gives "
            "it its former addresses and has the stack look after it again"
        )
    if removed.deadline is None:
        return f"is switched off since {day}, can be restored at any time"
    end = f"{removed.deadline:%Y-%m-%d %H:%M} UTC"
    fate = f"lost since {end}" if removed.lost else f"can be restored until {end}"
    return f"is switched off since {day}, {fate}"


def render_restored(restored: Restored) -> Iterator[str]:
    """Write who is back."""
    name, email = restored.reference, restored.email
    yield f"{name} is switched on again as {email}, with its id {restored.id}"
    for alias in restored.missing:
        yield f"its former address {alias} belongs to another entity now"
    if not restored.declared:
        yield (
            f"the spec does not declare {restored.reference}: declare it, or the next deployment "
            "that changes its kind switches it off again"
        )


def render_losses(losses: Sequence[Loss]) -> Iterator[str]:
    """Write what would be lost, and how to confirm it."""
    for loss in losses:
        yield f"{loss.removed.reference}: {_describe_size(loss)}"
        if loss.has_export is not None:
            yield (
                "  a verified export has what was in the mailbox then"
                if loss.has_export
                else "  no verified export has it: workmail-org leave export makes one"
            )
        for word, items in (
            ("address", loss.addresses),
            ("member of", loss.groups),
            ("permission of", loss.permissions),
        ):
            for item in items:
                yield f"  {word} {item}"
    yield f"nothing was changed; to delete this permanently: --erase {digest_losses(losses)}"


def _describe_size(loss: Loss) -> str:
    if loss.removed.row is None:
        return "is deleted already; the ledger is to forget it"
    return "no mailbox" if loss.megabytes is None else f"mailbox of {loss.megabytes:g} MB"
