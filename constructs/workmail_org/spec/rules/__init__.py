"""Rules: what a schema cannot say about a spec, one subject a file.

Every rule takes what is declared and gives problems. A rule says nothing about a part that the
schema refuses anyway, and judges all the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workmail_org.spec.declared import Declared
from workmail_org.spec.rules import (
    addresses,
    alarms,
    arns,
    bookables,
    directories,
    domains,
    groups,
    hosts,
    names,
    organizations,
    permissions,
    policies,
    references,
    texts,
    watching,
    zones,
)

if TYPE_CHECKING:
    from workmail_org.spec.files.loading import Document
    from workmail_org.spec.problems import Problem

_RULES = (
    *organizations.RULES,
    *directories.RULES,
    *hosts.RULES,
    *domains.RULES,
    *zones.RULES,
    *names.RULES,
    *addresses.RULES,
    *references.RULES,
    *groups.RULES,
    *bookables.RULES,
    *permissions.RULES,
    *policies.RULES,
    *alarms.RULES,
    *watching.RULES,
    *arns.RULES,
    *texts.RULES,
)


def check(document: Document) -> list[Problem]:
    """List what the rules refuse, each problem at the place where it can be fixed."""
    if not document.readable:
        return []
    declared = Declared(document)
    return [problem for rule in _RULES for problem in rule(declared)]
