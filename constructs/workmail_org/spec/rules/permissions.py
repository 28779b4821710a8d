"""What cannot be granted on a mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workmail_org.model.permission import EVERY_MAILBOX
from workmail_org.model.values import Kind, parse_reference
from workmail_org.spec.declared import listed, mapping, sequence
from workmail_org.spec.wording import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workmail_org.spec.declared import Body, Declared
    from workmail_org.spec.problems import Path, Problem


def check_pairs(declared: Declared) -> Iterator[Problem]:
    """A mailbox and a grantee are named together once, since a grant replaces the one before."""
    for organization in declared.organizations:
        seen: dict[tuple[str, str], Path] = {}
        for path, mailbox, grantee, _ in _find(declared, organization.body, organization.path):
            first = seen.setdefault((mailbox, grantee), path)
            if first != path:
                yield declared.at(
                    path,
                    f"{show(mailbox)} and {show(grantee)} are already a pair"
                    f" at {declared.where(first)}",
                    "name all rights there",
                )


def check_own(declared: Declared) -> Iterator[Problem]:
    """Nobody is granted rights on the own mailbox."""
    for organization in declared.organizations:
        for path, mailbox, grantee, _ in _find(declared, organization.body, organization.path):
            if mailbox == grantee != EVERY_MAILBOX:
                yield declared.at(
                    (*path, "grantee"),
                    f"{show(grantee)} has every right on the own mailbox",
                    "remove the permission",
                )


def check_groups(declared: Declared) -> Iterator[Problem]:
    """A group has no mailbox to have full access to (WorkMail Admin Guide, manage_group_perms)."""
    for organization in declared.organizations:
        for path, mailbox, _, entry in _find(declared, organization.body, organization.path):
            if parse_reference(mailbox).kind is not Kind.GROUP:
                continue
            for where, right in listed(entry, path, "rights"):
                if right == "full_access":
                    yield declared.at(
                        where,
                        f'"full_access" on {show(mailbox)} is not possible: a group has no mailbox',
                        "allowed: send_as, send_on_behalf",
                    )


def _find(declared: Declared, body: Body, path: Path) -> Iterator[tuple[Path, str, str, Body]]:
    """List the permissions that name both sides, each with its path, in the order of the file."""
    found = [
        ((*path, "permissions", at), mapping(entry))
        for at, entry in enumerate(sequence(body.get("permissions")))
    ]
    for where, entry in sorted(found, key=lambda each: declared.position(each[0])):
        mailbox, grantee = entry.get("mailbox"), entry.get("grantee")
        if isinstance(mailbox, str) and isinstance(grantee, str):
            yield where, mailbox, grantee, entry


RULES = (check_pairs, check_own, check_groups)
