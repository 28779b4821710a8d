"""Presenting: what operating found or did, as plain lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workmail_org.operating.purging import Loss, digest_losses
from workmail_org.operating.removed import Removed
from workmail_org.operating.restoring import Restored


def render_removed(organization: str, removed: Sequence[Removed]) -> Iterator[str]:
    """Write who is switched off, since when, and until when they can come back."""
    if not removed:
        yield f"{organization}: nobody who was removed is switched off"
    for each in removed:
        end = f"{each.deadline:%Y-%m-%d %H:%M} UTC"
        fate = f"lost since {end}" if each.lost else f"can be restored until {end}"
        since = f"{each.since:%Y-%m-%d}"
        yield f"{organization}: {each.reference} is switched off since {since}, {fate}"


def render_restored(restored: Restored) -> Iterator[str]:
    """Write who is back."""
    name, email = restored.reference, restored.email
    yield f"{name} is switched on again as {email}, with its id {restored.id}"
    for alias in restored.missing:
        yield f"its former alias {alias} belongs to somebody else by now"
    if not restored.declared:
        yield (
            f"the spec does not declare {restored.reference}: declare it, or the next deployment "
            "that changes its kind switches it off again"
        )


def render_losses(losses: Sequence[Loss]) -> Iterator[str]:
    """Write what would be lost, and the word for it."""
    for loss in losses:
        size = "no mailbox" if loss.megabytes is None else f"mailbox of {loss.megabytes:g} MB"
        yield f"{loss.removed.reference}: {size}"
        for word, items in (
            ("address", loss.addresses),
            ("member of", loss.groups),
            ("permission of", loss.permissions),
        ):
            for item in items:
                yield f"  {word} {item}"
    yield f"nothing was changed; to delete this for good: --erase {digest_losses(losses)}"
