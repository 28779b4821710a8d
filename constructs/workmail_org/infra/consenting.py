"""Consenting: what a person says of a deployment on the command line of the CDK."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from constructs import Construct

from workmail_org.changes.approvals import parse_approval
from workmail_org.declaring import make_consent
from workmail_org.errors import SpecError
from workmail_org.model.organization import Organization
from workmail_org.wire.encoding import encode_properties
from workmail_org.wire.properties import ResourceType

_DIGEST = re.compile(r"[0-9a-f]{12}")
"""As `changes.digests` writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationConsent:
    """What was said of the deployment of one organization.

    Attributes:
        acknowledge: Digests of changes that must be confirmed.
        approved: Digests of what was approved, by part_name; `None`: no approval.
        require_approval: From the spec.
        repair: Digests of what is to be set right, by part_name; `None`: nothing.
    """

    acknowledge: tuple[str, ...]
    approved: Mapping[str, str] | None
    require_approval: bool
    repair: Mapping[str, str] | None = None

    def make_properties(self, resource_type: ResourceType, part_name: str) -> dict[str, Any]:
        """Make what one custom resource carries of it."""
        consent = make_consent(
            resource_type,
            part_name,
            acknowledge=self.acknowledge,
            approved=self.approved,
            require_approval=self.require_approval,
            repair=self.repair,
        )
        return encode_properties(consent)


def read_consent(scope: Construct, organization: Organization) -> OrganizationConsent:
    """Read `-c acknowledge=DIGEST`, `-c approved=TEXT` and `-c repair=TEXT`.

    Several digests to acknowledge have commas between.

    Raises:
        SpecError: One is not a digest, or a text is not what a plan prints.
    """
    return OrganizationConsent(
        acknowledge=_read_digests(scope),
        approved=_read_parts(scope, "approved", organization.key),
        require_approval=organization.safety.require_approval,
        repair=_read_parts(scope, "repair", organization.key),
    )


def _read_digests(scope: Construct) -> tuple[str, ...]:
    given: Any = scope.node.try_get_context("acknowledge") or ""
    digests = [each.strip() for each in str(given).split(",") if each.strip()]
    for each in digests:
        if not _DIGEST.fullmatch(each):
            raise SpecError(
                [
                    f'acknowledge: "{each}" is not a digest: allowed are 12 digits from 0 to f, or '
                    "several with commas between; copy what the refused deployment or `plan` "
                    "printed"
                ]
            )
    return tuple(sorted(set(digests)))


def _read_parts(scope: Construct, option: str, key: str) -> Mapping[str, str] | None:
    """Read an organization's parts of what a plan printed, by part_name."""
    given: Any = scope.node.try_get_context(option) or ""
    text = str(given).strip()
    if not text:
        return None
    try:
        parts = parse_approval(text)
    except ValueError as error:
        raise SpecError([f"{option}: {error}"]) from error
    prefix = f"{key}/"
    return {
        name.removeprefix(prefix): digest
        for name, digest in parts.items()
        if name.startswith(prefix)
    }
