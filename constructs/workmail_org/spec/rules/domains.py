"""Which domains an organization can declare, and which of them is the default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workmail_org.model.values import TEST_DOMAIN_SUFFIX, fold
from workmail_org.spec.declared import mapping
from workmail_org.spec.problems import Severity
from workmail_org.spec.wording import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workmail_org.spec.declared import Declared, Domain
    from workmail_org.spec.problems import Path, Problem

SURE_DOMAINS = 100
"""Domains that every page of the guide allows: "add_domain" says 100, "workmail_limits" 1000
(WorkMail Admin Guide, read 2026-11-22)."""


def check_unique(declared: Declared) -> Iterator[Problem]:
    """A domain belongs to one organization of a region; names compare without case."""
    owners: dict[tuple[str, str], tuple[Domain, str]] = {}
    every = (
        (domain, organization)
        for organization in declared.organizations
        for domain in organization.domains
    )
    for domain, organization in sorted(
        every, key=lambda each: declared.position(each[0].path, key=True)
    ):
        # while the region is unknown only the organization itself can clash
        scope = organization.region or organization.key
        owner, owner_key = owners.setdefault((scope, domain.name), (domain, organization.key))
        if owner is domain:
            continue
        whose = "this organization" if owner_key == organization.key else f"{show(owner_key)}"
        where = declared.where(owner.path, key=True)
        yield declared.at_key(
            domain.path, f"{show(domain.path[-1])} is already a domain of {whose} at {where}"
        )


def check_test_domain(declared: Declared) -> Iterator[Problem]:
    """`<alias>.awsapps.com` is there without being declared, and no other of them can be had."""
    for organization in declared.organizations:
        for domain in organization.domains:
            if not domain.name.endswith(TEST_DOMAIN_SUFFIX):
                continue
            own = domain.name == organization.test_domain
            message = (
                "is always there and never declared" if own else "belongs to another organization"
            )
            yield declared.at_key(
                domain.path,
                f"{show(domain.path[-1])} {message}",
                "remove it; addresses can use it all the same" if own else "remove it",
            )


def check_default(declared: Declared) -> Iterator[Problem]:
    """Once a domain is usable, exactly one usable domain is the default."""
    for organization in declared.organizations:
        usable = [domain for domain in organization.domains if domain.usable]
        chosen = [domain for domain in organization.domains if domain.is_default]
        for domain in chosen:
            if domain.is_clear and not domain.usable:
                yield declared.at(
                    (*domain.path, "default"),
                    f"{show(domain.path[-1])} is not verified yet, so it cannot be the default",
                    'set "verified: true" once its DNS records are in place',
                )
        if usable and not chosen and all(domain.is_clear for domain in organization.domains):
            yield declared.at(
                (*organization.path, "domains"),
                "no domain is the default",
                f'set "default: true" of one: {", ".join(str(each.path[-1]) for each in usable)}',
            )
        yield from _check_single(declared, [domain for domain in chosen if domain.usable])


def check_zones(declared: Declared) -> Iterator[Problem]:
    """A hosted zone holds the names of its own domain and of those below."""
    for organization in declared.organizations:
        for domain in organization.domains:
            zone = mapping(domain.body.get("dns")).get("zone_name")
            if not isinstance(zone, str):
                continue
            if not f".{domain.name}".endswith(f".{fold(zone).removesuffix('.')}"):
                yield declared.at(
                    (*domain.path, "dns", "zone_name"),
                    f"{show(zone)} is neither {show(domain.path[-1])} nor a parent of it",
                    "name the zone that holds the domain's records",
                )


def check_number(declared: Declared) -> Iterator[Problem]:
    """The guide is of two minds about more than 100 domains."""
    for organization in declared.organizations:
        if len(organization.domains) > SURE_DOMAINS:
            path: Path = (*organization.path, "domains")
            yield declared.at(
                path,
                f"{len(organization.domains)} domains may be too many",
                f"AWS documents {SURE_DOMAINS} in one place and 1000 in another",
                severity=Severity.WARNING,
            )


def _check_single(declared: Declared, chosen: list[Domain]) -> Iterator[Problem]:
    ordered = sorted(chosen, key=lambda each: declared.position((*each.path, "default")))
    for domain in ordered[1:]:
        first = ordered[0]
        where = declared.where((*first.path, "default"))
        yield declared.at(
            (*domain.path, "default"),
            f"{show(first.path[-1])} is already the default at {where}",
            "one domain is the default",
        )


RULES = (check_unique, check_test_domain, check_default, check_zones, check_number)
