"""Rules that lock nobody out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workmail_org.spec.declared import is_mapping, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workmail_org.spec.declared import Declared
    from workmail_org.spec.problems import Path, Problem

_CONSEQUENCES = {
    "access_control": "nobody reaches a mailbox",
    "mobile_devices": "no mobile device synchronizes",
}
"""What an organization without an allowing rule means (WorkMail Admin Guide, "access-rules" and
"manage-mobile-access")."""


def check_allowing(declared: Declared) -> Iterator[Problem]:
    """Rules that are managed at all allow something."""
    for organization in declared.organizations:
        policies = mapping(organization.body.get("policies"))
        for key, consequence in _CONSEQUENCES.items():
            path: Path = (*organization.path, "policies", key)
            rules = policies.get(key, ...)
            if rules is ... or path in declared.document.gaps:
                continue
            if rules is not None and not is_mapping(rules):
                continue
            effects = [mapping(rule).get("effect") for rule in mapping(rules).values()]
            if all(effect == "deny" for effect in effects):
                what = "no rule allows anything" if effects else "there is no rule"
                yield declared.at(
                    path,
                    f"{what}, so {consequence}",
                    f'add a rule with "effect: allow", or leave "{key}" out',
                )


RULES = (check_allowing,)
