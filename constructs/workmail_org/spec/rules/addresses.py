"""One address, one owner, in a domain that can receive mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workmail_org.model.values import TEST_DOMAIN_SUFFIX, Kind, fold, get_domain
from workmail_org.spec.declared import is_domain_name, is_local_part
from workmail_org.spec.hostnames import find_fault, is_possible
from workmail_org.spec.rules.references import Roster
from workmail_org.spec.wording import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workmail_org.spec.declared import Claim, Declared, DeclaredOrganization
    from workmail_org.spec.problems import Problem


def check_owners(declared: Declared) -> Iterator[Problem]:
    """An address belongs to one user, group or resource of all organizations."""
    claims: dict[str, list[Claim]] = {}
    for organization in declared.organizations:
        for claim in organization.claims:
            claims.setdefault(fold(claim.address), []).append(claim)
    for same in claims.values():
        if len(same) > 1:
            yield from _tell_clashes(declared, same)


def check_domains(declared: Declared) -> Iterator[Problem]:
    """An address lies in a domain of its organization that is usable."""
    for organization in declared.organizations:
        roster = _list_usable(organization)
        impossible = {name.strip(".-") for name in organization.domains_by_name if find_fault(name)}
        for claim in organization.claims:
            if get_domain(claim.address) in impossible:
                continue  # what is meant is told at the domain
            if claim.by_default or (claim.entity.is_remote and claim.path[-1] == "email"):
                continue
            yield from _check_domain(declared, claim, roster)


def check_defaults(declared: Declared) -> Iterator[Problem]:
    """A key that makes no address needs an email beside it."""
    for organization in declared.organizations:
        for entity in organization.entities:
            if entity.body.get("email") is not None or not entity.is_judgeable:
                continue
            if not is_local_part(entity.name):
                why = f"{show(entity.name)} cannot stand before the @ of an address"
            elif organization.default_domain and not _can_have_addresses(
                organization.default_domain
            ):
                continue  # which is told at the domain
            elif organization.default_domain and not organization.find_address(entity):
                address = f"{entity.name}@{organization.default_domain}"
                why = f"the default, {show(address)}, is not a valid email address"
            else:
                continue
            yield declared.at(entity.path, '"email" is missing', f"add it: {why}")


def _can_have_addresses(domain: str) -> bool:
    return is_possible(domain) and is_domain_name(domain)


def check_quotas(declared: Declared) -> Iterator[Problem]:
    """A remote user has no mailbox."""
    for organization in declared.organizations:
        for entity in organization.entities:
            if entity.is_remote and entity.body.get("quota_megabytes") is not None:
                yield declared.at_key(
                    (*entity.path, "quota_megabytes"),
                    "a remote user has no mailbox, so no quota",
                    'remove it, or set "role: user"',
                )


def _tell_clashes(declared: Declared, same: list[Claim]) -> Iterator[Problem]:
    """Tell each clash once, at its later end; one entity's own address always at the alias."""
    first, *others = sorted(same, key=lambda each: declared.position(each.path, key=True))
    for claim in others:
        if _share_name(first, claim):
            continue
        if claim.entity is first.entity:
            yield from _tell_repeated(declared, first, claim)
            continue
        whose = str(first.entity)
        if claim.organization is not first.organization:
            whose += f" of organization {show(first.organization.key)}"
        yield declared.at_key(
            claim.path,
            f"{show(claim.address)} is already the address of {whose}"
            f" at {declared.where(first.path, key=True)}",
            "it follows from the key; add an email" if claim.by_default else None,
        )


def _share_name(first: Claim, later: Claim) -> bool:
    """Whether two addresses are one because two names are, which is told already."""
    kinds = {first.entity.kind, later.entity.kind}
    return (
        first.by_default
        and later.by_default
        and first.organization is later.organization
        and (len(kinds) == 1 or Kind.RESOURCE not in kinds)
    )


def _tell_repeated(declared: Declared, first: Claim, later: Claim) -> Iterator[Problem]:
    kind = later.entity.kind
    aliases = [claim for claim in (first, later) if isinstance(claim.path[-1], int)]
    if len(aliases) == 1:
        alias = aliases[0]
        yield declared.at(
            alias.path,
            f"{show(alias.address)} is the {kind}'s own email already",
            "list further addresses only",
        )
    elif first.address != later.address:  # the same spelling twice is the schema's to tell
        yield declared.at(
            later.path,
            f"{show(later.address)} is listed twice",
            "addresses compare without case; list it once",
        )


def _check_domain(declared: Declared, claim: Claim, roster: Roster) -> Iterator[Problem]:
    organization, name = claim.organization, get_domain(claim.address)
    found = organization.domains_by_name.get(name)
    if name == organization.test_domain or (found and (found.usable or not found.is_clear)):
        return
    if found and not is_possible(name):
        return  # told at the domain
    if found:
        where = declared.where(found.path, key=True)
        yield declared.at(
            claim.path,
            f"{show(found.path[-1])} is not verified yet, so no address can use it",
            f'set "verified: true" at {where} once its DNS records are in place',
        )
        return
    if not organization.knows("domains"):
        return
    if organization.test_domain is None and name.endswith(TEST_DOMAIN_SUFFIX):
        return
    yield declared.at(
        claim.path, f"{show(name)} is not a domain of this organization", roster.suggest(name)
    )


def _list_usable(organization: DeclaredOrganization) -> Roster:
    known = [str(each.path[-1]) for each in organization.domains if each.usable]
    if organization.test_domain:
        known.append(organization.test_domain)
    return Roster("domain", tuple(known))


RULES = (check_owners, check_domains, check_defaults, check_quotas)
