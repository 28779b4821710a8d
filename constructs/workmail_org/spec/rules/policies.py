"""Rules that lock nobody out."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from workmail_org.spec.declared import is_mapping, listed, mapping, well_formed
from workmail_org.spec.wording import show

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


def check_ranges(declared: Declared) -> Iterator[Problem]:
    """An IP range is written with the first of its addresses: WorkMail takes no other (assumed)."""
    for organization in declared.organizations:
        rules = mapping(mapping(organization.body.get("policies")).get("access_control"))
        for name, rule in rules.items():
            at: Path = (*organization.path, "policies", "access_control", name)
            for key in ("ip_ranges", "not_ip_ranges"):
                for path, text in listed(mapping(rule), at, key):
                    if well_formed(text, path) is None:
                        continue
                    network = ipaddress.ip_network(text, strict=False)
                    address = text.partition("/")[0]
                    if str(network.network_address) != address:
                        yield declared.at(
                            path,
                            f"{show(text)} names an address inside the range",
                            f"write {network} for the whole range,"
                            f" or {address}/32 for this address alone",
                        )


RULES = (check_allowing, check_ranges)
