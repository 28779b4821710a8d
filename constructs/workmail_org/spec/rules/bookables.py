"""Somebody answers every request for a resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workmail_org.model.values import Kind, parse_reference
from workmail_org.spec.declared import mapping, sequence
from workmail_org.spec.wording import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workmail_org.spec.declared import Declared, DeclaredOrganization, Entity
    from workmail_org.spec.problems import Problem


def check_delegates(declared: Declared) -> Iterator[Problem]:
    """A resource that does not accept by itself has a delegate.

    Source: WorkMail API 2017-10-01, UpdateResource, InvalidConfigurationException.
    """
    for organization in declared.organizations:
        for resource in organization.named[Kind.RESOURCE].values():
            booking = mapping(resource.body.get("booking"))
            nobody = resource.body.get("delegates") in (None, [])
            gap = (*resource.path, "delegates") in declared.document.gaps
            if booking.get("auto_accept") is False and nobody and not gap:
                yield declared.at(
                    (*resource.path, "booking", "auto_accept"),
                    f"resource {show(resource.name)} accepts nothing by itself and has no delegate",
                    'add a delegate, or set "auto_accept: true"',
                )


def check_enabled_delegates(declared: Declared) -> Iterator[Problem]:
    """Not every delegate of a resource that needs one is switched off: such a one is left out."""
    for organization in declared.organizations:
        for resource in organization.named[Kind.RESOURCE].values():
            accepts = mapping(resource.body.get("booking")).get("auto_accept")
            delegates = sequence(resource.body.get("delegates"))
            if accepts is not False or not delegates or resource.body.get("enabled") is False:
                continue
            off = [_find_switched_off(organization, each) for each in delegates]
            if not all(off):
                continue
            who = " and ".join(show(each.name) for each in off if each)
            verb = "is" if len(off) == 1 else "are"
            yield declared.at(
                (*resource.path, "delegates"),
                f"resource {show(resource.name)} accepts nothing by itself, and {who},"
                f" who would answer, {verb} switched off",
                'add a delegate who is not, or set "auto_accept: true"',
            )


def _find_switched_off(organization: DeclaredOrganization, delegate: object) -> Entity | None:
    """Find the user that a delegate is, if this user is switched off."""
    if not isinstance(delegate, str):
        return None
    reference = parse_reference(delegate)
    user = organization.named[Kind.USER].get(reference.name)
    is_off = reference.kind is Kind.USER and user and user.body.get("enabled") is False
    return user if is_off else None


RULES = (check_delegates, check_enabled_delegates)
