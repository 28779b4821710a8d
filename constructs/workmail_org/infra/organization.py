"""OrganizationResource: a whole organization, from its model."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from workmail_org import wire
from workmail_org.infra import permissions
from workmail_org.infra.assets import make_bundle
from workmail_org.infra.domains import add_domains
from workmail_org.infra.mailboxes import MailboxesResource
from workmail_org.infra.provider import HandlerProvider
from workmail_org.model.organization import Organization
from workmail_org.model.removal import Removal


class OrganizationResource(Construct):
    """A WorkMail organization with everything in it.

    Makes a `Custom::WorkMailOrganization`, then its domains one by one, then the
    default domain, users, groups, with a handler provider for the organization
    and one for what is inside it. Nothing is ever replaced: what cannot be
    changed is refused by the handlers.

    Args:
        scope: Parent, in a stack of the organization's region.
        construct_id: `Default` leaves the logical ids short.
        organization: What to make; its values may be tokens where
            CloudFormation fills them in: hosted zone ids and the key.

    Attributes:
        organization_id: Token of the organization's id.
        organization_arn: Token of its ARN.
        web_client_url: Where people read their mail.
    """

    def __init__(self, scope: Construct, construct_id: str, *, organization: Organization) -> None:
        super().__init__(scope, construct_id)
        code = make_bundle()
        provider = HandlerProvider(
            self,
            "OrganizationProvider",
            code=code,
            statements=permissions.list_organization_statements(self, organization),
            keep_logs=organization.on_removal.organization is not Removal.DELETE,
        )
        resource = provider.add_resource(
            self,
            "Organization",
            wire.ResourceType.ORGANIZATION,
            self._make_properties(organization),
        )
        self.organization_id = resource.ref
        self.organization_arn = resource.get_att(wire.OrganizationAttribute.ARN).to_string()
        self.web_client_url = f"https://{organization.test_domain}/mail"
        domains = add_domains(self, provider, organization, self.organization_id)
        MailboxesResource(
            self,
            organization=organization,
            organization_id=self.organization_id,
            code=code,
            after=domains,
        )
        self._add_outputs()

    def _make_properties(self, organization: Organization) -> dict[str, Any]:
        owner = Stack.of(self).stack_name
        encoded = wire.encode(
            wire.OrganizationProperties(
                alias=organization.alias,
                owner=owner,
                directory_id=organization.directory.directory_id,
                interoperability=organization.interoperability,
                tags=organization.tags,
                on_removal=organization.on_removal.organization,
                directory_on_removal=organization.on_removal.directory,
            )
        )
        # Both can be tokens, which `encode` would turn into plain text.
        encoded["Owner"] = owner
        if organization.kms_key_arn:
            encoded["KmsKeyArn"] = organization.kms_key_arn
        return encoded

    def _add_outputs(self) -> None:
        outputs = (
            ("OrganizationId", self.organization_id, "Id of the WorkMail organization"),
            ("OrganizationArn", self.organization_arn, "ARN of the WorkMail organization"),
            ("WebClientUrl", self.web_client_url, "Where people read their mail"),
        )
        for construct_id, value, description in outputs:
            CfnOutput(self, construct_id, value=value, description=description)
