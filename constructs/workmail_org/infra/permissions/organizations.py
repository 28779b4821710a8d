"""What the organization role may do: organization, directory, domains, sign-in."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_iam as iam
from constructs import Construct

from workmail_org.declaring import makes_directory
from workmail_org.infra.keeping import keeps_directory, keeps_organization
from workmail_org.infra.permissions.statements import (
    READ_SES,
    allow,
    allow_reading_stack,
    format_arn,
    list_key_statements,
    list_secret_statements,
)
from workmail_org.model.directory import DirectoryType
from workmail_org.model.organization import Organization

_WRITE_ORGANIZATION = (
    "workmail:DeleteIdentityProviderConfiguration",
    "workmail:DeregisterMailDomain",
    "workmail:DescribeIdentityProviderConfiguration",
    "workmail:DescribeOrganization",
    "workmail:GetMailDomain",
    # Who still has an address in a domain that goes.
    "workmail:ListAliases",
    "workmail:ListGroups",
    "workmail:ListResources",
    "workmail:ListTagsForResource",
    "workmail:ListUsers",
    "workmail:PutIdentityProviderConfiguration",
    "workmail:RegisterMailDomain",
    "workmail:TagResource",
    "workmail:UntagResource",
    "workmail:UpdateDefaultMailDomain",
)

_WRITE_SES = (
    *READ_SES,
    "ses:CreateReceiptRule",
    "ses:CreateReceiptRuleSet",
    "ses:PutIdentityPolicy",
    "ses:SetActiveReceiptRuleSet",
    # No action of SES's own documentation; WorkMail was denied without it.
    "ses:SetIdentityEmailNotificationEnabled",
    "ses:UpdateReceiptRule",
    "ses:VerifyDomainDkim",
    "ses:VerifyDomainIdentity",
)

_USE_DIRECTORY = (
    "ds:AuthorizeApplication",
    "ds:CreateAlias",
    "ds:CreateIdentityPoolDirectory",
    "ds:DescribeDirectories",
    "ds:ListAuthorizedApplications",
)

_MAKE_DIRECTORY: Mapping[DirectoryType, str] = {
    DirectoryType.SIMPLE_AD: "ds:CreateDirectory",
    DirectoryType.MANAGED_AD: "ds:CreateMicrosoftAD",
    DirectoryType.AD_CONNECTOR: "ds:ConnectDirectory",
}

_TAG_DIRECTORY = ("ds:AddTagsToResource", "ds:ListTagsForResource")

_ENABLE_DATA_ACCESS = ("ds:DescribeDirectoryDataAccess", "ds:EnableDirectoryDataAccess")

_MAKE_NETWORK = (
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateNetworkInterface",
    "ec2:CreateSecurityGroup",
    "ec2:CreateTags",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)
"""What ds:CreateDirectory, ds:CreateMicrosoftAD, ds:ConnectDirectory and ds:AddTagsToResource do
in the caller's name (Service Authorization Reference, Directory Service, dependent actions)."""

_DELETE_NETWORK = (
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteSecurityGroup",
    "ec2:DescribeNetworkInterfaces",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
)
"""The same of ds:DeleteDirectory."""

_DELETE_ORGANIZATION = (
    "workmail:DeleteOrganization",
    # Asked of the caller by DeleteOrganization itself (facts.md §4.2).
    "workmail:DeleteUser",
    "workmail:DescribeUser",
)

_DELETE_MAIL_FLOW = (
    "ses:DeleteIdentity",
    "ses:DeleteIdentityPolicy",
    "ses:DeleteReceiptRule",
)

_MAKE_SIGN_IN = (
    "sso:CreateApplication",
    "sso:DescribeApplication",
    "sso:DescribeInstance",
    "sso:PutApplicationAssignmentConfiguration",
    "sso:PutApplicationAuthenticationMethod",
    "sso:PutApplicationGrant",
)
"""Assumed: what AWS names for services that make their application in the caller's name (S3 API,
AssociateAccessGrantsIdentityCenter; WorkSpaces Administration Guide, "create-dedicated-directory"),
and the setting that people have to be assigned. WorkMail's guide names none."""

_END_SIGN_IN = ("sso:DeleteApplication",)
"""Assumed, as above."""


def list_organization_statements(
    scope: Construct, organization: Organization, *, directory_secret: str | None = None
) -> list[iam.PolicyStatement]:
    """List what the organization role may do.

    A role may delete an organization or a directory only where the spec says so.

    Args:
        scope: Whose region and account the ARNs carry.
        organization: What the stack manages.
        directory_secret: Name or ARN of the secret with the password by which a
            directory is made.
    """
    # The organization's id is not known before its first statement is used.
    arn = format_arn(scope, "workmail", "organization/*")
    return [
        # These two name no organization (Service Authorization Reference, WorkMail).
        allow("FindOrganization", ["workmail:CreateOrganization", "workmail:ListOrganizations"]),
        allow("WriteOrganization", _WRITE_ORGANIZATION, arn),
        # A WorkMail directory's id is made on the way and shown nowhere.
        allow("UseDirectory", _USE_DIRECTORY),
        # SES's receipt rules and identity calls have no resource to name.
        allow("WriteMailFlow", _WRITE_SES),
        allow_reading_stack(scope),
        *_list_directory_statements(scope, organization),
        *list_secret_statements(scope, [directory_secret] if directory_secret else []),
        *_list_sign_in_statements(organization),
        *_list_deletion_statements(organization, arn),
        *list_key_statements(scope, organization.kms_key_arn, "workmail"),
    ]


def _list_directory_statements(
    scope: Construct, organization: Organization
) -> list[iam.PolicyStatement]:
    if not makes_directory(organization):
        return []
    kind = organization.directory.type
    directories = format_arn(scope, "ds", "directory/*")
    managed = kind is DirectoryType.MANAGED_AD
    actions = [*_TAG_DIRECTORY, *(_ENABLE_DATA_ACCESS if managed else ())]
    statements = [
        # A directory that is not there yet has no ARN.
        allow("MakeDirectory", [_MAKE_DIRECTORY[kind]]),
        allow("WriteDirectory", actions, directories),
        # Directory Service makes security groups and network interfaces of names of its own.
        allow("MakeNetwork", _MAKE_NETWORK),
    ]
    if not keeps_directory(organization):
        statements += [
            allow("DeleteDirectory", ["ds:DeleteDirectory"], directories),
            allow("DeleteNetwork", _DELETE_NETWORK),
        ]
    return statements


def _list_sign_in_statements(organization: Organization) -> list[iam.PolicyStatement]:
    declared = organization.policies.identity_center is not None
    made = [allow("MakeSignIn", ["workmail:CreateIdentityCenterApplication"])] if declared else []
    actions = [*_END_SIGN_IN, *(_MAKE_SIGN_IN if declared else ())]
    return [
        # The two calls for the application name no organization (Service Authorization Reference,
        # WorkMail), and nobody knows the application's id before.
        *made,
        allow("EndSignIn", ["workmail:DeleteIdentityCenterApplication"]),
        # Never by itself: only while WorkMail acts for it.
        allow("UseIdentityCenter", actions, conditions={"Bool": {"aws:ViaAWSService": "true"}}),
    ]


def _list_deletion_statements(
    organization: Organization, organization_arn: str
) -> list[iam.PolicyStatement]:
    if keeps_organization(organization):
        return []
    own = organization.directory.type is DirectoryType.WORKMAIL
    directory = ["ds:DeleteDirectory"] if own and not keeps_directory(organization) else []
    used = [*_DELETE_MAIL_FLOW, "ds:UnauthorizeApplication", *directory]
    return [
        allow("DeleteOrganization", _DELETE_ORGANIZATION, organization_arn),
        # Neither a WorkMail directory's id nor a resource of SES can be named.
        allow("DeleteWhatItUsed", used),
    ]
