"""Organization: what the resources for the organization itself and its domains would do."""

from __future__ import annotations

from collections.abc import Iterator

from workmail_org.changes import directories
from workmail_org.changes.deciding import Decision
from workmail_org.changes.organizations import (
    decide_domain,
    decide_organization,
    is_chosen,
)
from workmail_org.kinds import make_part_name
from workmail_org.plan.actual import Actual, take_as_declared
from workmail_org.plan.declarations import Declaration
from workmail_org.plan.step import Step
from workmail_org.wire.properties import ResourceType


def list_first_steps(
    previous: Declaration | None, actual: Actual, desired: Declaration
) -> Iterator[Step]:
    """List what comes first: directory, organization, domains."""
    if desired.directory:
        before = previous.directory if previous else None
        decision = directories.decide(actual.directory, desired.directory, before)
        yield _step(ResourceType.DIRECTORY, decision)
    changes = previous is None or previous.organization != desired.organization
    if changes or actual.repairs:
        yield _step(ResourceType.ORGANIZATION, _decide_organization(previous, actual, desired))
    for name, domain in desired.domains.items():
        known = previous.domains.get(name) if previous else None
        if known != domain:
            decision = decide_domain(_is_registered(actual, name), domain, known)
            yield _step(ResourceType.DOMAIN, decision, name)


def list_last_steps(
    previous: Declaration | None, actual: Actual, desired: Declaration
) -> Iterator[Step]:
    """List what CloudFormation deletes at last: domains."""
    if previous is None:
        return
    for name, decision in reversed(_decide_leaving_domains(actual, previous, desired).items()):
        yield _step(ResourceType.DOMAIN, decision, name)


def list_domains_after(
    actual: Actual, previous: Declaration | None, desired: Declaration
) -> set[str]:
    """Return the domains that are registered once all is done."""
    gone = _decide_leaving_domains(actual, previous, desired) if previous else {}
    return (set(actual.domains) | set(desired.domains)) - gone.keys()


def _decide_leaving_domains(
    actual: Actual, previous: Declaration, desired: Declaration
) -> dict[str, Decision]:
    """Decide about the domains that are no longer declared; those that stay are left out."""
    decisions = {
        name: decide_domain(
            name in actual.domains,
            None,
            domain,
            chosen=is_chosen(
                name, actual.settings.default_domain, previous.organization.default_domain
            ),
        )
        for name, domain in previous.domains.items()
        if name not in desired.domains
    }
    return {name: decision for name, decision in decisions.items() if decision.calls}


def _decide_organization(
    previous: Declaration | None, actual: Actual, desired: Declaration
) -> Decision:
    about = desired.organization
    live = actual.organization
    if live is None and about.existing:
        live = take_as_declared(about)  # it is there, and nobody has looked
    before = previous.organization if previous else None
    return decide_organization(live, about, before, repairs=actual.repairs)


def _is_registered(actual: Actual, domain: str) -> bool | None:
    """Return whether a domain is registered; `None`: nobody has looked."""
    return domain in actual.domains or (False if actual.is_whole else None)


def _step(resource_type: ResourceType, decision: Decision, name: str = "") -> Step:
    return Step(
        part_name=make_part_name(resource_type, name=name),
        resource_type=resource_type,
        calls=decision.calls,
        refusals=decision.refusals,
        brakes=decision.brakes,
    )
