"""Alarms that can be raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workmail_org.spec.declared import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workmail_org.spec.declared import Declared
    from workmail_org.spec.problems import Path, Problem


def check_bounces(declared: Declared) -> Iterator[Problem]:
    """Bounces are counted in a log group of the stack's own."""
    for organization in declared.organizations:
        if mapping(organization.body.get("alarms")).get("bounces_per_hour") is None:
            continue
        policies: Path = (*organization.path, "policies")
        if {policies, (*policies, "email_monitoring")} & declared.document.gaps:
            continue
        monitoring = mapping(organization.body.get("policies")).get("email_monitoring")
        if mapping(monitoring).get("log_group") != "managed":
            yield declared.at(
                (*organization.path, "alarms", "bounces_per_hour"),
                "bounces are counted in the email events, and no log group of this stack has them",
                'add "email_monitoring: {log_group: managed, retention_days: 30}", or remove it',
            )


RULES = (check_bounces,)
