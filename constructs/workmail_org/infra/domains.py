"""Domains: registration, DNS records, verification and the default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import CfnOutput, CfnResource, Stack
from aws_cdk.aws_route53 import CfnRecordSet
from constructs import Construct

from workmail_org.declaring import declare_default_domain, make_domain
from workmail_org.infra.keeping import keep_record
from workmail_org.infra.naming import make_domain_id
from workmail_org.infra.provider import HandlerProvider
from workmail_org.kinds import make_part_name
from workmail_org.model.domain import HostedZone, MailDomain, RecordGroup
from workmail_org.model.organization import Organization
from workmail_org.wire.encoding import encode_properties
from workmail_org.wire.names import ORGANIZATION_ID, ZONE_FILE, RecordSlot
from workmail_org.wire.properties import DomainVerificationProperties, ResourceType

_TTL_SECONDS = 600
"""What WorkMail itself writes into Route 53 (facts.md §6)."""

_PREFIXES: Mapping[RecordSlot, str] = {
    RecordSlot.MX: "",
    RecordSlot.OWNERSHIP: "_amazonses.",
    RecordSlot.AUTODISCOVER: "autodiscover.",
    RecordSlot.SPF: "",
    RecordSlot.DMARC: "_dmarc.",
}
"""What stands before the domain in a record's name (facts.md §6); DKIM's are WorkMail's tokens."""

_GROUPS: Mapping[RecordSlot, RecordGroup] = {
    RecordSlot.MX: RecordGroup.MX,
    RecordSlot.AUTODISCOVER: RecordGroup.AUTODISCOVER,
    RecordSlot.SPF: RecordGroup.SPF,
    RecordSlot.DMARC: RecordGroup.DMARC,
    RecordSlot.OWNERSHIP: RecordGroup.OWNERSHIP,
    RecordSlot.DKIM_1: RecordGroup.DKIM,
    RecordSlot.DKIM_2: RecordGroup.DKIM,
    RecordSlot.DKIM_3: RecordGroup.DKIM,
}
"""Which group each record is of, as a spec names it."""


class MailDomainResource(Construct):
    """One mail domain.

    Makes a `Custom::WorkMailDomain` and, with a hosted zone, an
    `AWS::Route53::RecordSet` for each record that it writes and a
    `Custom::WorkMailDomainVerification`. Nothing replaces them.

    Attributes:
        registration: The domain in WorkMail.
        ready: What addresses in the domain wait for.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        provider: HandlerProvider,
        organization: Organization,
        organization_id: str,
        domain: MailDomain,
        after: Sequence[MailDomainResource],
    ) -> None:
        super().__init__(scope, construct_id)
        self._domain = domain
        self.registration = provider.add_resource(
            self,
            "Resource",
            ResourceType.DOMAIN,
            {
                ORGANIZATION_ID: organization_id,
                **encode_properties(make_domain(organization, domain)),
            },
            part_name=make_part_name(ResourceType.DOMAIN, name=domain.name),
            after=[earlier.registration for earlier in after],
        )
        self.ready = self.registration
        if domain.dns is not None:
            records = self._add_records(domain.dns)
            for record in records:
                keep_record(record, kept=organization.keeps_domains)
            self.ready = provider.add_resource(
                self,
                "Verification",
                ResourceType.DOMAIN_VERIFICATION,
                {
                    ORGANIZATION_ID: organization_id,
                    **encode_properties(DomainVerificationProperties(domain=domain.name)),
                },
                part_name=make_part_name(ResourceType.DOMAIN, name=domain.name),
                # One after the other: each asks SES, which answers one call a second (facts.md §3).
                after=[*records, *(earlier.ready for earlier in after)],
            )

    def _add_records(self, zone: HostedZone) -> list[CfnResource]:
        return [
            CfnRecordSet(
                self,
                slot.value,
                hosted_zone_id=zone.hosted_zone_id,
                name=self._get_record_name(slot),
                type=slot.record_type,
                ttl=str(_TTL_SECONDS),
                resource_records=[self._get(slot.value_attribute)],
            )
            for slot in RecordSlot
            if _GROUPS[slot] in zone.written
        ]

    def _get_record_name(self, slot: RecordSlot) -> str:
        prefix = _PREFIXES.get(slot)
        if prefix is None:
            return self._get(slot.name_attribute)
        return f"{prefix}{self._domain.name}."

    def _get(self, attribute: str) -> str:
        return self.registration.get_att(attribute).to_string()

    def get_zone_file(self) -> str:
        """Return the token of the domain's records as lines of a zone file."""
        return self._get(ZONE_FILE)


def add_domains(
    scope: Construct, provider: HandlerProvider, organization: Organization, organization_id: str
) -> list[CfnResource]:
    """Add all domains, one after the other, and the default domain.

    SES's control plane, on which WorkMail sits, answers one call a second
    (facts.md §3); CloudFormation would start them all at once.

    Returns:
        What addresses wait for.
    """
    resources: list[MailDomainResource] = []
    for domain in organization.domains:
        resource = MailDomainResource(
            scope,
            make_domain_id("Domain", domain.name),
            provider=provider,
            organization=organization,
            organization_id=organization_id,
            domain=domain,
            after=resources[-1:],
        )
        resources.append(resource)
        if domain.dns is None:
            _add_zone_file_output(scope, domain.name, resource)
    ready = [resource.ready for resource in resources]
    part = declare_default_domain(organization, stack=Stack.of(scope).stack_name)
    if part is None:
        return ready
    default = provider.add_resource(
        scope,
        part.construct_id,
        part.resource_type,
        {ORGANIZATION_ID: organization_id, **part.properties},
        part_name=make_part_name(ResourceType.DEFAULT_DOMAIN),
        after=ready,
    )
    return [*ready, default]


def _add_zone_file_output(scope: Construct, domain: str, resource: MailDomainResource) -> None:
    CfnOutput(
        scope,
        make_domain_id("ZoneFile", domain),
        description=f"DNS records to put in place for {domain}, as lines of a zone file",
        value=resource.get_zone_file(),
    )
