"""What drift may be ignored."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from workmail_org.spec.declared import mapping, sequence
from workmail_org.spec.wording import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workmail_org.spec.declared import Body, Declared
    from workmail_org.spec.problems import Path, Problem

_NEVER = {
    "permissions": "rights on mailboxes",
    "policies.access_control": "who may sign in from where",
    "policies.mobile_devices": "which devices may synchronize",
    "policies.impersonation_roles": "who may act for others",
}
"""What opens mailboxes to somebody is never passed over."""


def check_paths(declared: Declared) -> Iterator[Problem]:
    """A path is ignored once, and nothing that opens mailboxes."""
    for path, entry in _list_ignores(declared):
        ignored = entry.get("path")
        if not isinstance(ignored, str):
            continue
        for start, what in _NEVER.items():
            if ignored == start or ignored.startswith((f"{start}.", f"{start}[")):
                yield declared.at(
                    (*path, "path"),
                    f"{show(ignored)} cannot be ignored: it says {what}",
                    "declare what is live, or set it right",
                )


def check_unique(declared: Declared) -> Iterator[Problem]:
    """Of two entries for one path nobody knows which one counts."""
    seen: dict[tuple[Path, str], Path] = {}
    for path, entry in _list_ignores(declared):
        ignored = entry.get("path")
        if not isinstance(ignored, str):
            continue
        first = seen.setdefault((path[:2], ignored), path)
        if first != path:
            yield declared.at(
                (*path, "path"),
                f"{show(ignored)} is already ignored at {declared.where(first)}",
                "remove one of them",
            )


def check_days(declared: Declared) -> Iterator[Problem]:
    """The schema says how a date looks, the calendar which dates there are."""
    for path, entry in _list_ignores(declared):
        until = entry.get("until")
        if not isinstance(until, str) or len(until) != len("2026-12-31"):
            continue
        try:
            date.fromisoformat(until)
        except ValueError:
            if until.replace("-", "").isdecimal():
                yield declared.at(
                    (*path, "until"), f"the calendar has no {show(until)}", "write another day"
                )


def _list_ignores(declared: Declared) -> Iterator[tuple[Path, Body]]:
    for organization in declared.organizations:
        section = mapping(organization.body.get("drift"))
        for at, entry in enumerate(sequence(section.get("ignore"))):
            yield (*organization.path, "drift", "ignore", at), mapping(entry)


RULES = (check_paths, check_unique, check_days)
