"""A rehearsal for people and for machines."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from workmail_org.model.lifetime import describe_end_of_support
from workmail_org.rehearsal import rehearsing
from workmail_org.rehearsal.listing import build_organization, list_rows
from workmail_org.rehearsal.progress import ProgressReport, plain
from workmail_org.rehearsal.rehearsing import name_stack
from workmail_org.reports.tables import build_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from workmail_org.model.live import Snapshot
    from workmail_org.rehearsal.rehearsing import Kept, Rehearsal, Script

_MOST_ROWS = 25
"""Rows of one kind that a person still reads; JSON has them all."""

_PIPE_WIDTH = 160
"""Columns where no terminal says how many: wide enough that addresses stay in one piece."""


def rehearse(script: Script, *, for_programs: bool) -> Rehearsal:
    """Rehearse and show how it went: one JSON document, or what a person reads.

    Progress, and for programs what else is to be said, goes to standard error. A failed deployment
    shows only how to use the local AWS, if that is kept.
    """
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    console = Console(highlight=False, stderr=for_programs, width=width)

    def show_kept(kept: Kept) -> None:
        if for_programs:
            _print_document({"kept": build_kept(kept)})
        print_kept(kept, console)

    outcome = rehearsing.rehearse(script, ProgressReport(), show_kept)
    if for_programs:
        _print_document(build_document(outcome))
    else:
        print_rehearsal(outcome, console)
    if outcome.kept:
        print_kept(outcome.kept, console)
    console.print(f"[dim]note: {_tell_end_of_support()}[/]", soft_wrap=True)
    return outcome


def _print_document(document: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def _tell_end_of_support() -> str:
    return describe_end_of_support(datetime.now(tz=UTC).date())


def build_document(rehearsal: Rehearsal) -> dict[str, Any]:
    """Return the rehearsal as JSON has it."""
    return {
        "organizations": {
            organization.key: build_organization(
                rehearsal.organizations[organization.key],
                stack=name_stack(rehearsal.environment, organization),
            )
            for organization in rehearsal.environment.organizations
        },
        "matches": rehearsal.matches,
        "differences": [asdict(difference) for difference in rehearsal.differences],
        "calls": dict(rehearsal.calls),
        "seconds": dict(rehearsal.seconds),
        "endpoints": {"aws": rehearsal.aws, "workmail": rehearsal.workmail},
        **({"kept": build_kept(rehearsal.kept)} if rehearsal.kept else {}),
    }


def build_kept(kept: Kept) -> dict[str, Any]:
    """Return as JSON how to use a local AWS that was left running."""
    return {
        "exports": dict(kept.exports),
        "spec": str(kept.spec),
        "stop_command": kept.stop_command,
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
        console.print(_build_table(live), crop=False)
    console.print()
    if rehearsal.matches:
        console.print("[green]matches the spec[/]")
    else:
        console.print(f"[red]differs from the spec in {len(rehearsal.differences)} places[/]")
    for difference in rehearsal.differences:
        console.print(f"  {plain(str(difference))}", soft_wrap=True)


def print_kept(kept: Kept, console: Console) -> None:
    """Say how to use the local AWS that was left running, and how to stop it."""
    console.print("\nThe local AWS keeps running. Point a client at it with:\n")
    # A profile or a session token of the user's would win over the keys below.
    _print_plain(console, "  unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN")
    for name, value in kept.exports.items():
        # Addresses that the user's proxy must leave alone stay in the list.
        rest = f"${{{name}:+,${name}}}" if name.upper() == "NO_PROXY" else ""
        _print_plain(console, f"  export {name}={shlex.quote(value)}{rest}")
    _print_plain(console, f"\nThe spec as deployed, with local hosted zones: {kept.spec}")
    _print_plain(console, f"Stop it with: {kept.stop_command}")


def _print_plain(console: Console, text: str) -> None:
    """Print text to be copied: nothing coloured, wrapped or taken for markup."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _describe(live: Snapshot, stack: str) -> str:
    described = live.organization
    state = described.state.capitalize()
    return f"[dim]{described.id} in {live.region}, {state}, stack {plain(stack)}[/]"


def _build_table(live: Snapshot) -> Table:
    shown: list[tuple[str, ...]] = []
    for rows in list_rows(live):
        shown += rows[:_MOST_ROWS]
        if len(rows) > _MOST_ROWS:
            shown.append((rows[0][0], f"… and {len(rows) - _MOST_ROWS} more", "", "", ""))
    cells = [[Text.from_markup(plain(cell)) for cell in row] for row in shown]
    return build_table(("", "name", "address", "state", ""), cells)
