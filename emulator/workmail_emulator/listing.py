"""Lists of users, groups and resources, filtered by one prefix or state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workmail_emulator import api, paging
from workmail_emulator.api import Document
from workmail_emulator.errors import invalid_parameter
from workmail_emulator.state import Entity, Kind, Organization
from workmail_emulator.world import Context


def entities(
    context: Context,
    organization: Organization,
    kind: Kind,
    filters: Mapping[str, str],
    field: str,
    summary: Iterable[str],
) -> Document:
    """Answer one page of an organization's entities of one kind, tombstones included.

    Args:
        context: The call.
        organization: As the call sees it.
        kind: Which entities.
        filters: Filter of the request → field of the summary that it looks at.
        field: Name of the list in the reply.
        summary: Attributes that a summary has beside id, name, email, state and dates.

    Raises:
        ServiceFault: `InvalidParameterException`: more than one filter, or a foreign token.

    Source:
        botocore, ListUsers: "You can only use one filter per request"; prefixes are
        case-sensitive, facts.md §1.3.
    """
    wanted = _filters(context)
    if len(wanted) > 1:
        raise invalid_parameter(f"Only one filter per request: {', '.join(sorted(wanted))}.")

    def is_asked_for(entity: Entity) -> bool:
        return entity.kind == kind and all(
            _matches(entity, filters[name], value) for name, value in wanted.items()
        )

    def render(entity: Entity) -> Document:
        return api.without_nones(
            Id=entity.id,
            Name=entity.name,
            Email=entity.email,
            State=entity.state,
            EnabledDate=entity.enabled_at,
            DisabledDate=entity.disabled_at,
            **{name: entity.attributes.get(name) for name in summary},
        )

    every = organization.entities.values()
    return paging.page(context, field, every, render, keep=is_asked_for)


def _filters(context: Context) -> dict[str, str]:
    asked: Document = context.parameters.get("Filters") or {}
    return {name: value for name, value in asked.items() if value is not None}


def _matches(entity: Entity, field: str, value: str) -> bool:
    if field == "State":
        return entity.state == value
    own = {"Name": entity.name, "Email": entity.email or ""}
    text: str = own.get(field) or entity.attributes.get(field, "")
    return text.startswith(value)
