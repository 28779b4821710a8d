"""Together: what specs that are validated in one run cannot share.

A stack is named after its environment and the organization's key, an alias belongs to one
organization worldwide, and a hosted zone has one record set of a name and type. `files/twins.py`
compares a spec with those that it extends.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workmail_org.model.values import fold
from workmail_org.spec.declared import Declared
from workmail_org.spec.problems import Problem, Severity
from workmail_org.spec.rules.zones import find_clashes
from workmail_org.spec.wording import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workmail_org.spec.declared import DeclaredOrganization
    from workmail_org.spec.files.loading import Document
    from workmail_org.spec.problems import Path


def compare(documents: Sequence[Document]) -> list[list[Problem]]:
    """List what each spec shares with an earlier one and cannot share.

    One that extends the other, or is extended by it, may be all that is ever deployed of the two:
    then it is a warning.

    Args:
        documents: In the order in which they were named.
    """
    seen: list[Declared] = []
    found: list[list[Problem]] = []
    for document in documents:
        later = Declared(document)
        problems: list[Problem] = []
        for earlier in seen if document.readable else ():
            related = _is_built_on(later, earlier) or _is_built_on(earlier, later)
            severity = Severity.WARNING if related else Severity.ERROR
            problems += [replace(each, severity=severity) for each in _find(earlier, later)]
        found.append(problems)
        if document.readable:
            seen.append(later)
    return found


def _is_built_on(one: Declared, other: Declared) -> bool:
    return other.document.files[0] in one.document.files


def _find(earlier: Declared, later: Declared) -> Iterator[Problem]:
    told: set[Path] = set()
    for problem in _find_organizations(earlier, later):
        told.add(problem.path[:2])
        yield problem
    for problem in find_clashes([earlier, later], between=later):
        if problem.path[:2] not in told:  # it is one organization in two files
            yield problem


def _find_organizations(earlier: Declared, later: Declared) -> Iterator[Problem]:
    for organization in later.organizations:
        for other in earlier.organizations:
            if _is_one_stack(earlier, other, later, organization):
                where = earlier.where(other.path, key=True)
                stack = f"{later.body['environment']}-{organization.key}"
                yield later.at_key(
                    organization.path,
                    f"stack {show(stack)} in {organization.region} is declared at {where} too,"
                    " and whichever is deployed last changes the other",
                    "give this spec an environment of its own, or the organization another key",
                )
            elif _is_one_alias(other, organization):
                where = earlier.where((*other.path, "alias"))
                yield later.at(
                    (*organization.path, "alias"),
                    f"{show(organization.alias)} is already the alias of {show(other.key)}"
                    f" at {where}",
                    "an alias belongs to one organization worldwide",
                )


def _is_one_stack(
    earlier: Declared,
    other: DeclaredOrganization,
    later: Declared,
    organization: DeclaredOrganization,
) -> bool:
    environment, account = later.body.get("environment"), later.body.get("account")
    others = earlier.body.get("account")
    return (
        isinstance(environment, str)
        and environment == earlier.body.get("environment")
        and organization.key == other.key
        and organization.region is not None
        and organization.region == other.region
        and (account is None or others is None or account == others)
    )


def _is_one_alias(other: DeclaredOrganization, organization: DeclaredOrganization) -> bool:
    alias, others = organization.alias, other.alias
    return alias is not None and others is not None and fold(alias) == fold(others)
