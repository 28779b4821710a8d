"""Describing what is deployed: the properties of a stack's custom resources, as an organization.

A template holds what the handlers need, not what the author wrote: members that are switched off
are left out, what only steers a deployment is not there, and ids of other resources are tokens.
What does not travel through a template is taken from the spec, so that it never differs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workmail_org.kinds import DEFAULT_DOMAIN, SETTINGS
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.domain import HostedZone, MailDomain
from workmail_org.model.live import EntityT, LiveSettings
from workmail_org.model.policies import EmailMonitoring, Policies
from workmail_org.model.values import Listing, OrganizationId, Reference, fold
from workmail_org.wire.names import UNRESOLVED
from workmail_org.wire.properties import ResourceType

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from workmail_org.model.organization import Organization
    from workmail_org.plan.declarations import Declaration, Zone


def describe_deployed(deployed: Declaration, spec: Organization) -> Organization:
    """Say what is deployed as a spec would declare it.

    Args:
        deployed: What the stack told its handlers.
        spec: The organization as the spec declares it now.
    """
    about = deployed.organization
    settings = _predict(deployed)
    permissions = deployed.settings.get(ResourceType.MAILBOX_PERMISSIONS)
    exclusive = {each.folded for each in permissions.exclusive} if permissions else set[Reference]()
    return replace(
        spec,
        region=deployed.region,
        alias=about.alias,
        existing=OrganizationId(about.existing) if about.existing else None,
        directory=_describe_directory(deployed, spec.directory),
        kms_key_arn=about.kms_key_arn,
        interoperability=about.interoperability,
        tags=about.tags,
        domains=tuple(_describe_domains(deployed, spec)),
        users=_note_exclusive(deployed.users.users, exclusive),
        groups=_note_exclusive(deployed.groups.groups, exclusive),
        resources=_note_exclusive(deployed.resources.resources, exclusive),
        permissions=settings.get("permissions", ()),
        policies=_describe_policies(settings),
        # Who leaves is treated as the spec says by then, a domain as it was deployed.
        on_removal=replace(spec.on_removal, domains=about.domains_on_removal),
    )


def _note_exclusive(
    entities: tuple[EntityT, ...], exclusive: Collection[Reference]
) -> tuple[EntityT, ...]:
    """Say of whom the rights on the mailbox are exclusive, which permissions tell."""
    return tuple(
        replace(each, exclusive=tuple(sorted((*each.exclusive, Listing.RIGHTS))))
        if each.reference.folded in exclusive
        else each
        for each in entities
    )


def _predict(deployed: Declaration) -> Mapping[str, Any]:
    """Say what is managed of rules and settings, by field of `LiveSettings`."""
    return {
        kind.fact: kind.predict(declared)
        for kind in SETTINGS
        if (declared := deployed.get_setting(kind)) is not None
    }


def _describe_policies(settings: Mapping[str, Any]) -> Policies:
    described = replace(LiveSettings(), **settings).describe_policies()
    managed = settings.keys() - {"permissions"}
    policies = replace(Policies(), **{name: getattr(described, name) for name in managed})
    monitoring = policies.email_monitoring
    if monitoring and monitoring.log_group_arn == UNRESOLVED:  # the stack's own
        return replace(policies, email_monitoring=EmailMonitoring())
    return policies


def _describe_directory(deployed: Declaration, spec: Directory) -> Directory:
    """Say which directory it is; of one that is there already only the id was deployed."""
    if deployed.directory:
        return replace(
            deployed.directory.directory,
            admin_password_secret=spec.admin_password_secret,
        )
    directory_id = deployed.organization.directory_id
    if directory_id is None:
        return (
            spec
            if spec.type is DirectoryType.WORKMAIL or deployed.organization.existing
            else (Directory())
        )
    if spec.directory_id == directory_id:
        return spec
    return Directory(type=DirectoryType.EXISTING, directory_id=directory_id)


def _describe_domains(deployed: Declaration, spec: Organization) -> list[MailDomain]:
    default = deployed.get_setting(DEFAULT_DOMAIN)
    declared = {fold(each.name): each for each in spec.domains}
    found: list[MailDomain] = []
    for name in deployed.organization.domains:
        zone = deployed.zones.get(name)
        said = declared.get(fold(name))
        found.append(
            MailDomain(
                name=name,
                default=default is not None and fold(default.domain) == fold(name),
                dns=_describe_zone(name, zone, said),
                # That the records of a manual domain are in place is not deployed, only said.
                verified=said.verified if said else False,
            )
        )
    return found


def _describe_zone(name: str, zone: Zone | None, said: MailDomain | None) -> HostedZone | None:
    """Describe where records are; of a zone into which nothing is written only a spec tells."""
    if zone is not None:
        return HostedZone(hosted_zone_id=zone.hosted_zone_id, zone_name=name)
    return said.dns if said and said.dns and not said.dns.written else None
