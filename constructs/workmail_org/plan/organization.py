"""Organization: what the resources for the organization itself and its domains would do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workmail_org import wire
from workmail_org.changes.brakes import list_domain_brakes
from workmail_org.changes.calls import Argument, Call, MadeUp
from workmail_org.changes.organizations import (
    change_tags,
    create_directory,
    create_organization,
    deregister_domain,
    find_tag_changes,
    make_default,
    refuse_immutable,
    register_domain,
)
from workmail_org.model.removal import Removal
from workmail_org.model.values import fold
from workmail_org.plan.actual import Actual, make_tags
from workmail_org.plan.declarations import MANAGED, Declaration
from workmail_org.plan.step import Step
from workmail_org.wire import ResourceType


def list_first_steps(
    previous: Declaration | None, actual: Actual, desired: Declaration
) -> Iterator[Step]:
    """List what comes first: directory, organization, domains, default domain."""
    if desired.directory:
        yield _step_directory(previous, desired.directory)
    yield _step_organization(previous, actual, desired)
    for name, domain in desired.domains.items():
        before = previous.domains.get(name) if previous else None
        if before != domain:
            yield _step_domain(actual, domain)
    default = desired.default_domain
    if default and default != (previous and previous.default_domain):
        wanted = fold(default.domain)
        present = fold(actual.default_domain or desired.test_domain)
        calls = (make_default(wanted),) if present != wanted else ()
        yield Step(noun="default-domain", resource_type=ResourceType.DEFAULT_DOMAIN, calls=calls)


def list_last_steps(
    previous: Declaration | None, actual: Actual, desired: Declaration
) -> Iterator[Step]:
    """List what CloudFormation deletes at last: the default domain, domains."""
    if previous is None:
        return
    if previous.default_domain and not desired.default_domain:
        ours = fold(actual.default_domain) == fold(previous.default_domain.domain)
        target = fold(previous.default_domain.test_domain)
        calls = (make_default(target),) if ours and fold(actual.default_domain) != target else ()
        yield Step(
            noun="default-domain",
            resource_type=ResourceType.DEFAULT_DOMAIN,
            calls=calls,
            leaves=True,
        )
    for name in reversed(_list_leaving_domains(actual, previous, desired)):
        removal = previous.domains[name].on_removal
        yield Step(
            noun=f"domains/{name}",
            resource_type=ResourceType.DOMAIN,
            calls=(deregister_domain(name),),
            brakes=list_domain_brakes(name, removal),
        )


def _list_leaving_domains(actual: Actual, previous: Declaration, desired: Declaration) -> list[str]:
    return [
        name
        for name, domain in previous.domains.items()
        if name not in desired.domains
        and name in actual.domains
        and domain.on_removal is not Removal.RETAIN
        and not domain.existing
    ]


def list_domains_after(
    actual: Actual, previous: Declaration | None, desired: Declaration
) -> set[str]:
    """Return the domains that are registered once all is done."""
    gone = set(_list_leaving_domains(actual, previous, desired)) if previous else set[str]()
    return (set(actual.domains) | set(desired.domains)) - gone


def _step_directory(previous: Declaration | None, declared: wire.DirectoryProperties) -> Step:
    directory = declared.directory
    before = previous.directory if previous else None
    step = Step(noun="directory", resource_type=ResourceType.DIRECTORY)
    if before is None:
        return replace(step, calls=(create_directory(directory),))
    fields = ("type", "name", "size", "edition", "vpc_id", "subnet_ids")
    changed = [(name, getattr(before.directory, name), getattr(directory, name)) for name in fields]
    refusals = refuse_immutable(
        (f"{name} of the directory", was, wanted)
        for name, was, wanted in changed
        if MANAGED not in (was, wanted) and was and wanted
    )
    return replace(step, refusals=refusals)


def _step_organization(previous: Declaration | None, actual: Actual, desired: Declaration) -> Step:
    about = desired.organization
    step = Step(noun="organization", resource_type=ResourceType.ORGANIZATION)
    if previous and previous.organization == about:
        return step
    calls: list[Call] = []
    if actual.organization is None and not about.existing:
        made: Argument | None = MadeUp(MANAGED) if about.makes_directory else about.directory_id
        calls.append(
            create_organization(
                about.alias,
                directory_id=made,
                kms_key_arn=about.kms_key_arn,
                interoperability=about.interoperability,
            )
        )
    elif previous and actual.organization:
        refusals = _refuse_changes(previous, actual, desired)
        if refusals:
            return replace(step, refusals=refusals)
    before = actual.organization.tags if actual.organization else dict[str, str]()
    said_before = previous.organization.tags if previous else dict[str, str]()
    surplus, missing = find_tag_changes(before, said_before, make_tags(about))
    return replace(step, calls=(*calls, *change_tags(surplus, missing)))


def _refuse_changes(previous: Declaration, actual: Actual, desired: Declaration) -> tuple[str, ...]:
    live, about = actual.organization, desired.organization
    if live is None:
        return ()
    was = previous.organization.existing
    return refuse_immutable(
        (
            ("alias", fold(live.alias), fold(about.alias)),
            ("directory", live.directory_id, _choose_directory(live.directory_id, about)),
            ("kms_key_arn", live.kms_key_arn, about.kms_key_arn),
            ("interoperability", live.interoperability, about.interoperability),
            ("existing", was, about.existing if was else was),
        )
    )


def _choose_directory(present: str | None, about: wire.OrganizationProperties) -> str | None:
    """Return the directory that is wanted; one that the stack makes is compared by itself."""
    return present if about.directory_id in (None, MANAGED) else about.directory_id


def _step_domain(actual: Actual, domain: wire.DomainProperties) -> Step:
    step = Step(noun=f"domains/{domain.domain}", resource_type=ResourceType.DOMAIN)
    if domain.domain in actual.domains or domain.existing:
        return step
    return replace(step, calls=(register_domain(domain.domain),))
