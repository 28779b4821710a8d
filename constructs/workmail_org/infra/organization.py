"""OrganizationResource: a whole organization, from its model."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, CfnResource, Stack
from constructs import Construct

from workmail_org.declaring import make_organization
from workmail_org.infra.alarms import Watched, add_alarms
from workmail_org.infra.assets import make_bundle
from workmail_org.infra.directories import add_directory, add_directory_secret
from workmail_org.infra.domains import add_domains
from workmail_org.infra.exports import ExportsResource
from workmail_org.infra.keeping import keeps_organization
from workmail_org.infra.ledger import add_ledger
from workmail_org.infra.mailboxes import MailboxesResource
from workmail_org.infra.permissions.organizations import list_organization_statements
from workmail_org.infra.provider import HandlerProvider
from workmail_org.kinds import make_part_name
from workmail_org.model.domain import RecordGroup
from workmail_org.model.organization import Organization
from workmail_org.model.policies import IdentityCenter
from workmail_org.wire.encoding import encode_properties
from workmail_org.wire.names import (
    APPLICATION_NAME,
    DIRECTORY_ID,
    KMS_KEY_ARN,
    MX_ZONES,
    ORGANIZATION_ID,
    OWNER,
    OrganizationAttribute,
)
from workmail_org.wire.properties import IdentityCenterProperties, ResourceType


class OrganizationResource(Construct):
    """A WorkMail organization with everything in it.

    Makes a `Custom::WorkMailDirectory` where the spec wants one, a
    `Custom::WorkMailOrganization`, then its domains one by one, the default
    domain, users, groups, resources, rules and settings, sign-in, removals; with a handler
    provider for the organization and one for what is inside it. With `exports` also what exports
    mailboxes (`ExportsResource`). Nothing is ever
    replaced: what cannot be changed is refused by the handlers.

    Args:
        scope: Parent, in a stack of the organization's region.
        construct_id: `Default` leaves the logical ids short.
        organization: What to make; its values may be tokens where
            CloudFormation fills them in: the key, hosted zone ids, VPC and subnets
            of a directory, secrets, log group and role of email monitoring, the
            topic of alarms.

    Attributes:
        organization_id: Token of the organization's id.
        organization_arn: Token of its ARN.
        web_client_url: Where people read their mail.
    """

    def __init__(self, scope: Construct, construct_id: str, *, organization: Organization) -> None:
        super().__init__(scope, construct_id)
        code = make_bundle()
        secret = add_directory_secret(self, organization)
        ledger = add_ledger(self, organization)
        provider = HandlerProvider(
            self,
            "OrganizationProvider",
            organization=organization,
            code=code,
            ledger=ledger,
            statements=list_organization_statements(self, organization, directory_secret=secret),
            keep_logs=keeps_organization(organization),
        )
        directory = add_directory(self, provider, organization, secret) if secret else None
        resource = provider.add_resource(
            self,
            "Organization",
            ResourceType.ORGANIZATION,
            self._make_properties(organization, directory),
            part_name=make_part_name(ResourceType.ORGANIZATION),
        )
        self.organization_id = resource.ref
        self.organization_arn = resource.get_att(OrganizationAttribute.ARN).to_string()
        self.web_client_url = f"https://{organization.test_domain}/mail"
        domains = add_domains(self, provider, organization, self.organization_id)
        exports = None
        if organization.exports:
            exports = ExportsResource(
                self,
                organization=organization,
                exports=organization.exports,
                organization_id=self.organization_id,
                code=code,
            )
        mailboxes = MailboxesResource(
            self,
            organization=organization,
            organization_id=self.organization_id,
            directory_id=resource.get_att(OrganizationAttribute.DIRECTORY_ID).to_string(),
            code=code,
            ledger=ledger,
            after=domains,
            journal=exports.journal if exports else None,
        )
        last = mailboxes.last
        if organization.policies.identity_center:
            last = self._add_sign_in(provider, organization.policies.identity_center, last)
        # Who is told to export somebody before the stack can go still has what exports.
        mailboxes.add_removals(after=[last, *(exports.running if exports else ())])
        if organization.alarms:
            providers = {each.node.id: each for each in (provider, mailboxes.provider)}
            watched = Watched(
                providers=providers,
                events=mailboxes.events,
                exports_arn=exports.machine_arn if exports else None,
            )
            add_alarms(self, organization.alarms, watched)
        self._add_outputs()

    def _make_properties(
        self, organization: Organization, directory: CfnResource | None
    ) -> dict[str, Any]:
        owner = Stack.of(self).stack_name
        encoded = encode_properties(make_organization(organization, owner=owner))
        # All of these can be tokens, which `encode` would turn into plain text.
        encoded[OWNER] = owner
        for domain in organization.domains:
            if domain.dns and RecordGroup.MX in domain.dns.written:
                encoded[MX_ZONES][domain.name] = domain.dns.hosted_zone_id
        if organization.kms_key_arn:
            encoded[KMS_KEY_ARN] = organization.kms_key_arn
        directory_id = directory.ref if directory else organization.directory.directory_id
        if directory_id:
            encoded[DIRECTORY_ID] = directory_id
        return encoded

    def _add_sign_in(
        self, provider: HandlerProvider, identity_center: IdentityCenter, after: CfnResource
    ) -> CfnResource:
        """Add sign-in late: `identity_provider_only` ends every password at once."""
        owner = Stack.of(self).stack_name
        properties = IdentityCenterProperties(
            application_name=owner, identity_center=identity_center
        )
        encoded = encode_properties(properties)
        encoded[APPLICATION_NAME] = owner  # a token in a nested stack
        return provider.add_resource(
            self,
            "IdentityCenter",
            ResourceType.IDENTITY_CENTER,
            {ORGANIZATION_ID: self.organization_id, **encoded},
            part_name=make_part_name(ResourceType.IDENTITY_CENTER),
            after=[after],
        )

    def _add_outputs(self) -> None:
        outputs = (
            ("OrganizationId", self.organization_id, "Id of the WorkMail organization"),
            ("OrganizationArn", self.organization_arn, "ARN of the WorkMail organization"),
            ("WebClientUrl", self.web_client_url, "Where people read their mail"),
        )
        for construct_id, value, description in outputs:
            CfnOutput(self, construct_id, value=value, description=description)
