"""A rehearsal for people and for machines."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from workmail_org.model.lifetime import describe_end_of_support
from workmail_org.rehearsal import rehearsing
from workmail_org.rehearsal.progress import Progress
from workmail_org.rehearsal.rehearsing import name_stack

if TYPE_CHECKING:
    from workmail_org.changes.calls import Found
    from workmail_org.model.group import Group
    from workmail_org.model.user import User
    from workmail_org.rehearsal.rehearsing import Kept, Rehearsal, Script
    from workmail_org.rehearsal.surveying import LiveOrganization

_MOST_ROWS = 25
"""Rows of one kind that a person still reads; JSON has them all."""

_PIPE_WIDTH = 160
"""Columns where no terminal says how many: wide enough that addresses stay in one piece."""

Row = tuple[str, str, str, str, str]


def rehearse(script: Script, *, for_programs: bool) -> Rehearsal:
    """Rehearse and show how it went: one JSON document, or what a person reads.

    Progress, and for programs what else is to be said, goes to standard error.
    """
    outcome = rehearsing.rehearse(script, Progress())
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    if for_programs:
        sys.stdout.write(json.dumps(build_document(outcome), indent=2) + "\n")
        console = Console(highlight=False, stderr=True, width=console.width)
    else:
        print_rehearsal(outcome, console)
    if outcome.kept:
        print_kept(outcome.kept, console)
    console.print(f"[dim]note: {_tell_end_of_support()}[/]", soft_wrap=True)
    return outcome


def _tell_end_of_support() -> str:
    return describe_end_of_support(datetime.now(tz=UTC).date())


def build_document(rehearsal: Rehearsal) -> dict[str, Any]:
    """Return the rehearsal as JSON has it."""
    return {
        "organizations": {
            organization.key: _build_organization(
                rehearsal.organizations[organization.key],
                name_stack(rehearsal.environment, organization),
            )
            for organization in rehearsal.environment.organizations
        },
        "matches": rehearsal.matches,
        "differences": [asdict(difference) for difference in rehearsal.differences],
        "calls": dict(rehearsal.calls),
        "seconds": dict(rehearsal.seconds),
        "endpoints": {"aws": rehearsal.aws, "workmail": rehearsal.workmail},
    }


def print_rehearsal(rehearsal: Rehearsal, console: Console) -> None:
    """Show what exists and whether it is what the spec says."""
    for organization in rehearsal.environment.organizations:
        live = rehearsal.organizations[organization.key]
        stack = name_stack(rehearsal.environment, organization)
        if live is None:
            console.print(f"\n[bold]{organization.key}[/]  [red]does not exist[/]")
            continue
        console.print(f"\n[bold]{organization.key}[/]  {_describe(live, stack)}", soft_wrap=True)
        console.print(_build_table(live))
    console.print()
    if rehearsal.matches:
        console.print("[green]matches the spec[/]")
    else:
        console.print(f"[red]differs from the spec in {len(rehearsal.differences)} places[/]")
    for difference in rehearsal.differences:
        console.print(f"  {escape(str(difference))}", soft_wrap=True)


def print_kept(kept: Kept, console: Console) -> None:
    """Say how to use the local AWS that was left running, and how to stop it."""
    console.print("\nThe local AWS keeps running. Point a client at it with:\n")
    # A profile or a session token of the user's would win over the keys below.
    _print_plain(console, "  unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN")
    for name, value in kept.exports.items():
        _print_plain(console, f"  export {name}={shlex.quote(value)}")
    _print_plain(console, f"\nThe spec as deployed, with local hosted zones: {kept.spec}")
    _print_plain(console, f"Stop it with: {kept.stop_command}")


def _print_plain(console: Console, text: str) -> None:
    """Print text to be copied: nothing coloured, wrapped or taken for markup."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _describe(live: LiveOrganization, stack: str) -> str:
    return f"[dim]{live.id} in {live.region}, {live.state}, stack {escape(stack)}[/]"


def _build_table(live: LiveOrganization) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("", "name", "address", "state", ""):
        table.add_column(heading, overflow="fold")
    for kind in (_list_domains(live), _list_users(live.users), _list_groups(live.groups)):
        for row in kind[:_MOST_ROWS]:
            table.add_row(*(escape(cell) for cell in row))
        if len(kind) > _MOST_ROWS:
            table.add_row(kind[0][0], f"… and {len(kind) - _MOST_ROWS} more", "", "", "")
    return table


def _list_domains(live: LiveOrganization) -> list[Row]:
    return [
        (
            "domain",
            domain.name,
            "",
            domain.ownership.lower(),
            "default" if domain.is_default else "",
        )
        for domain in live.domains
    ]


def _list_users(users: Sequence[Found[User]]) -> list[Row]:
    return [
        ("user", user.name, user.email, _tell_state(enabled=user.enabled), _tell_more(user.aliases))
        for user in (found.entity for found in users)
    ]


def _list_groups(groups: Sequence[Found[Group]]) -> list[Row]:
    return [
        (
            "group",
            group.name,
            group.email,
            _tell_state(enabled=group.enabled),
            _tell_more(group.aliases, [str(member) for member in group.members]),
        )
        for group in (found.entity for found in groups)
    ]


def _tell_state(*, enabled: bool) -> str:
    return "enabled" if enabled else "disabled"


def _tell_more(aliases: Sequence[str], members: Sequence[str] = ()) -> str:
    return "; ".join(_tell_lists(aliases, members))


def _tell_lists(aliases: Sequence[str], members: Sequence[str]) -> Iterator[str]:
    for word, values in (("also", aliases), ("members", members)):
        if values:
            rest = f" and {len(values) - 5} more" if len(values) > 5 else ""
            yield f"{word} {', '.join(values[:5])}{rest}"


def _build_organization(live: LiveOrganization | None, stack: str) -> Mapping[str, Any] | None:
    if live is None:
        return None
    return {
        "id": live.id,
        "alias": live.alias,
        "region": live.region,
        "stack": stack,
        "state": live.state,
        "directory_type": live.directory_type,
        "tags": dict(live.tags),
        "domains": {
            domain.name: {
                "default": domain.is_default,
                "ownership": domain.ownership,
                "dkim": domain.dkim,
            }
            for domain in live.domains
        },
        "users": {
            found.entity.name: {"id": found.id, **_build_entity(found.entity)}
            for found in live.users
        },
        "groups": {
            found.entity.name: {
                "id": found.id,
                **_build_entity(found.entity),
                "members": [str(member) for member in found.entity.members],
            }
            for found in live.groups
        },
    }


def _build_entity(entity: User | Group) -> dict[str, Any]:
    return {
        "email": entity.email,
        "aliases": list(entity.aliases),
        "enabled": entity.enabled,
    }
