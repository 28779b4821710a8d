"""Support: parts of a spec that this release reads, checks and does not deploy yet.

Refused, never left out in silence: the next release empties this module.
"""

from __future__ import annotations

from collections.abc import Iterator

from workmail_org.errors import SpecError
from workmail_org.model.directory import DirectoryType
from workmail_org.model.organization import Environment, Organization

_DIRECTORIES = (DirectoryType.WORKMAIL, DirectoryType.EXISTING)


def refuse_unsupported(environment: Environment) -> None:
    """Check that this release can deploy everything that is declared.

    Raises:
        SpecError: One sentence for each key that it cannot.
    """
    sentences = [
        f"organizations.{organization.key}.{key}: this release does not deploy {what} yet; "
        "leave it out"
        for organization in environment.organizations
        for key, what in _list_unsupported(organization)
    ]
    if sentences:
        raise SpecError(sentences)


def _list_unsupported(organization: Organization) -> Iterator[tuple[str, str]]:
    directory = organization.directory.type
    if organization.existing:
        yield "existing", "organizations that are taken over"
    if organization.adopt:
        yield "adopt", "the taking over of what exists"
    if directory not in _DIRECTORIES:
        yield "directory", f"directories of type {directory}"
    if organization.resources:
        yield "resources", "resources"
    if organization.permissions:
        yield "permissions", "permissions"
    yield from _list_unsupported_policies(organization)
    for kind, entities in (("users", organization.users), ("groups", organization.groups)):
        for entity in entities:
            if entity.adopt:
                yield f"{kind}.{entity.name}.adopt", "the taking over of what exists"


def _list_unsupported_policies(organization: Organization) -> Iterator[tuple[str, str]]:
    policies = organization.policies
    declared = {
        "access_control": (policies.access_control, "access control rules"),
        "mobile_devices": (policies.mobile_devices, "mobile device rules"),
        "retention": (policies.retention, "retention policies"),
        "impersonation_roles": (policies.impersonation_roles, "impersonation roles"),
        "availability": (policies.availability, "availability configurations"),
        "email_monitoring": (policies.email_monitoring, "email monitoring"),
        "inbound_dmarc": (policies.inbound_dmarc_enforced is not None, "inbound DMARC settings"),
        "identity_center": (policies.identity_center, "IAM Identity Center sign-in"),
    }
    for key, (value, what) in declared.items():
        if value:
            yield f"policies.{key}", what
