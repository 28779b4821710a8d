"""Domains are such as can exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workmail_org.model.values import get_domain
from workmail_org.spec.declared import mapping, well_formed
from workmail_org.spec.hostnames import find_fault
from workmail_org.spec.schema import find_shape, fits
from workmail_org.spec.wording import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workmail_org.spec.declared import Declared, DeclaredOrganization
    from workmail_org.spec.problems import Path, Problem


def check_domains(declared: Declared) -> Iterator[Problem]:
    """A domain has labels of letters, digits and hyphens, two at least (RFC 1123, section 2.1)."""
    for organization in declared.organizations:
        for path, name, is_key in _names(organization):
            complaint = find_fault(name)
            if complaint is None:
                continue
            what, hint = complaint
            message = f"{show(name)} cannot be a domain: {what}"
            yield (
                declared.at_key(path, message, hint) if is_key else declared.at(path, message, hint)
            )


def _names(organization: DeclaredOrganization) -> Iterator[tuple[Path, str, bool]]:
    """List every name of a domain that the schema allows; marked, those that are keys."""
    for section in (("domains",), ("policies", "availability")):
        body: object = organization.body
        path: Path = organization.path
        for step in section:
            body, path = mapping(body).get(step), (*path, step)
        shape = find_shape(path).get("propertyNames", {})
        for name in mapping(body):
            if fits(name, shape):
                yield (*path, name), name, True
    for domain in organization.domains:
        path = (*domain.path, "dns", "zone_name")
        zone = well_formed(mapping(domain.body.get("dns")).get("zone_name"), path)
        if zone and zone.strip("."):
            yield path, zone.removesuffix("."), False
    for entity in organization.entities:
        path = (*entity.path, "email")
        address = well_formed(entity.body.get("email"), path)
        if entity.is_remote and address:
            yield path, get_domain(address), False


RULES = (check_domains,)
