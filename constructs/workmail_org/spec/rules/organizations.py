"""What several organizations cannot share, and what one cannot combine."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from workmail_org.model.values import fold
from workmail_org.spec.declared import mapping
from workmail_org.spec.wording import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workmail_org.spec.declared import Declared, DeclaredOrganization
    from workmail_org.spec.problems import Path, Problem

_UNIQUE: tuple[tuple[Path, str], ...] = (
    (("alias",), "the alias of"),
    (("existing",), "taken over by"),
    (("directory", "directory_id"), "the directory of"),
)
"""An alias is unique over all of AWS; a directory backs one organization (WorkMail Admin Guide,
"what_is"; WorkMail API 2017-10-01, DirectoryInUseException)."""


def check_unique(declared: Declared) -> Iterator[Problem]:
    """No two organizations share an alias, a live organization or a directory."""
    for steps, relation in _UNIQUE:
        owners: dict[str, DeclaredOrganization] = {}
        for organization in sorted(
            declared.organizations, key=lambda each: declared.position((*each.path, *steps))
        ):
            value = _find(organization, steps)
            if value is None:
                continue
            owner = owners.setdefault(fold(value), organization)
            if owner is not organization:
                where = declared.where((*owner.path, *steps))
                yield declared.at(
                    (*organization.path, *steps),
                    f"{show(value)} is already {relation} {show(owner.key)} at {where}",
                )


def check_existing(declared: Declared) -> Iterator[Problem]:
    """The key of a live organization cannot be read, so it cannot be compared."""
    for organization in declared.organizations:
        body = organization.body
        if body.get("existing") is not None and body.get("kms_key_arn") is not None:
            yield declared.at_key(
                (*organization.path, "kms_key_arn"),
                '"kms_key_arn" cannot be given with "existing"',
                "remove it: WorkMail does not show the key of a live organization",
            )


def check_expires(declared: Declared) -> Iterator[Problem]:
    """The schema says how a date looks, the calendar which dates there are."""
    path: Path = ("expires",)
    expires = declared.body.get("expires")
    if not isinstance(expires, str) or len(expires) != len("2026-12-31"):
        return
    try:
        date.fromisoformat(expires)
    except ValueError:
        if expires.replace("-", "").isdecimal():
            yield declared.at(path, f"the calendar has no {show(expires)}", "write another day")


def _find(organization: DeclaredOrganization, steps: Path) -> str | None:
    """Find the text some keys down, if there is one."""
    value: object = organization.body
    for step in steps:
        value = mapping(value).get(str(step))
    return value if isinstance(value, str) else None


RULES = (check_unique, check_existing, check_expires)
