"""Lists in pages, with tokens that fit one list only."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, TypeVar

from workmail_emulator.api import Document
from workmail_emulator.errors import invalid_parameter
from workmail_emulator.ids import digest
from workmail_emulator.world import Context

Item = TypeVar("Item")


def page(
    context: Context,
    field: str,
    items: Iterable[Item],
    render: Callable[[Item], Any],
    *,
    keep: Callable[[Item], bool] = lambda _: True,
    size_field: str = "MaxResults",
) -> Document:
    """Answer one page of a list.

    Args:
        context: The call.
        field: Name of the list in the reply.
        items: The whole list in a stable order; only the page is rendered.
        render: Turns one item into its JSON.
        keep: Tells which items are asked for. The token says where in the whole list the next page
            begins: each item is looked at once, however many pages there are.
        size_field: Parameter that asks for a page size.

    Returns:
        The page, and NextToken while there is more.

    Raises:
        ServiceFault: `InvalidParameterException`: the token is not of this list.

    Source:
        facts.md §1.0; Assumption PAGE_ORDER.
    """
    start = _start(context)
    size: int = context.parameters.get(size_field) or context.settings.page_size
    found: list[Item] = []
    for place, item in enumerate(islice(items, start, None), start):
        if not keep(item):
            continue
        if len(found) == size:
            return {field: [render(each) for each in found], "NextToken": _token(context, place)}
        found.append(item)
    return {field: [render(each) for each in found]}


def _fingerprint(context: Context) -> str:
    """Tell lists apart: operation, region and every parameter but the page itself."""
    asked = {
        key: value
        for key, value in context.parameters.items()
        if key not in ("NextToken", "MaxResults", "Limit")
    }
    text = json.dumps(asked, sort_keys=True)
    return digest(context.operation, context.region.name, text).hex()[:16]


def _token(context: Context, start: int) -> str:
    return base64.b64encode(f"{_fingerprint(context)}:{start}".encode()).decode()


def _start(context: Context) -> int:
    """Find where a page begins; a token is good for one list (chosen)."""
    token: str | None = context.parameters.get("NextToken")
    if token is None:
        return 0
    try:
        fingerprint, _, start = base64.b64decode(token, validate=True).decode().partition(":")
        place = int(start)
    except (binascii.Error, ValueError) as error:
        raise invalid_parameter("NextToken is not valid.") from error
    if fingerprint != _fingerprint(context) or place < 0:
        raise invalid_parameter("NextToken is not valid for this list.")
    return place
