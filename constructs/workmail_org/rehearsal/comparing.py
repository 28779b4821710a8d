"""Where a live organization and its spec differ. Pure: it knows neither AWS nor a terminal.

Rules about specs stand in `differences.expecting`; here is what only a snapshot tells, and how a
rehearsal says it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workmail_org.describing import describe
from workmail_org.differences.expecting import expect
from workmail_org.differences.finding import PRESENT, Difference, Finding, make_difference
from workmail_org.differences.keyed import find_differences
from workmail_org.model.directory import DirectoryType
from workmail_org.model.values import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workmail_org.model.live import Snapshot
    from workmail_org.model.organization import Organization
    from workmail_org.service.effects import UnmetExpectation

_VERIFIED = "VERIFIED"
"""`OwnershipVerificationStatus` of a domain that can be used."""

_GIVEN_DIRECTORIES = (DirectoryType.WORKMAIL, DirectoryType.EXISTING)
"""Directories that no stack makes."""


def compare(
    desired: Organization, actual: Snapshot | None, previous: Organization | None = None
) -> tuple[Difference, ...]:
    """List every difference, in the order of the model.

    Args:
        desired: From the spec.
        actual: From WorkMail; `None`: there is no such organization.
        previous: What was deployed before: what left the spec since then has
            to be as `on_removal` says. Whatever else is there is not ours.
    """
    return tuple(
        make_difference(desired.key, finding) for finding in _compare(desired, actual, previous)
    )


def describe_unmet(
    desired: Organization, unmet: Iterable[UnmetExpectation]
) -> Iterator[Difference]:
    """Say of each expectation that WorkMail does not meet what it does instead."""
    for each in unmet:
        yield make_difference(desired.key, (("expect", each.position), each.expected, each.actual))


def _compare(
    desired: Organization, actual: Snapshot | None, previous: Organization | None
) -> Iterator[Finding]:
    if actual is None:
        yield ("alias",), desired.alias, None
        return
    live = describe(actual)
    if desired.directory.type is not DirectoryType.WORKMAIL and actual.directory is None:
        yield ("directory",), desired.directory.type, actual.organization.directory_type or "?"
        live = replace(live, directory=desired.directory)
    yield from _compare_directory_alias(desired, actual)
    sides = expect(desired, live, previous)
    for finding in find_differences(sides.declared, sides.live, sides.previous):
        yield _word(finding, actual)


def _compare_directory_alias(desired: Organization, actual: Snapshot) -> Iterator[Finding]:
    """A directory that the stack makes has the alias of its organization."""
    if actual.directory and desired.directory.type not in _GIVEN_DIRECTORIES:
        expected, found = fold(desired.alias), fold(actual.directory.alias or "") or None
        if expected != found:
            yield ("alias",), expected, found


def _word(finding: Finding, actual: Snapshot) -> Finding:
    """Say of a domain in WorkMail's words how far it is."""
    path, expected, found = finding
    match path:
        case ("domains", str()):
            words = {PRESENT: "registered"}
            return path, words.get(str(expected)), words.get(str(found))
        case ("domains", str(name), "verified"):
            return path[:-1], _VERIFIED, actual.domains[name].ownership
        case _:
            return finding
