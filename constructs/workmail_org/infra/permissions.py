"""Permissions: what each handler role may do. Every action is named; every `*` says why.

Actions of WorkMail, Directory Service and SES are the set that worked live
(facts.md §4.2) and the calls of `workmail_org.service`.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.organization import Organization
from workmail_org.model.removal import Removal

_READ_SES = (
    "ses:DescribeActiveReceiptRuleSet",
    "ses:GetIdentityDkimAttributes",
    "ses:GetIdentityPolicies",
    "ses:GetIdentityVerificationAttributes",
)
"""WorkMail reads these in the caller's name whenever it looks at a domain."""

_READ_ORGANIZATION = (
    "workmail:DescribeOrganization",
    "workmail:GetMailDomain",
    "workmail:ListMailDomains",
)

_WRITE_ORGANIZATION = (
    *_READ_ORGANIZATION,
    "workmail:DeregisterMailDomain",
    # Who still has an address in a domain that goes.
    "workmail:ListAliases",
    "workmail:ListGroups",
    "workmail:ListResources",
    "workmail:ListTagsForResource",
    "workmail:ListUsers",
    "workmail:RegisterMailDomain",
    "workmail:TagResource",
    "workmail:UntagResource",
    "workmail:UpdateDefaultMailDomain",
)

_WRITE_SES = (
    *_READ_SES,
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

_DELETE_ORGANIZATION = (
    "workmail:DeleteOrganization",
    "workmail:DeleteUser",
    "workmail:DescribeUser",
)

_DELETE_ORGANIZATION_ELSEWHERE = (
    "ds:DeleteDirectory",
    "ds:UnauthorizeApplication",
    "ses:DeleteIdentity",
    "ses:DeleteIdentityPolicy",
    "ses:DeleteReceiptRule",
)

_WRITE_MAILBOXES = (
    *_READ_ORGANIZATION,
    "workmail:AssociateMemberToGroup",
    "workmail:CreateAlias",
    "workmail:CreateGroup",
    "workmail:CreateUser",
    "workmail:DeleteAlias",
    "workmail:DeregisterFromWorkMail",
    "workmail:DescribeEntity",
    "workmail:DescribeGroup",
    "workmail:DescribeUser",
    "workmail:DisassociateMemberFromGroup",
    "workmail:GetMailboxDetails",
    "workmail:ListAliases",
    "workmail:ListGroupMembers",
    "workmail:ListGroups",
    "workmail:ListResources",
    "workmail:ListUsers",
    "workmail:RegisterToWorkMail",
    "workmail:UpdateGroup",
    "workmail:UpdateMailboxQuota",
    "workmail:UpdatePrimaryEmailAddress",
    "workmail:UpdateUser",
)

_KEEP_LEDGER = ("dynamodb:BatchWriteItem", "dynamodb:Query")

_WRITE_MANAGED_AD = (
    "ds:AccessDSData",
    "ds:ResetUserPassword",
    "ds-data:AddGroupMember",
    "ds-data:CreateGroup",
    "ds-data:CreateUser",
    "ds-data:DeleteGroup",
    "ds-data:DeleteUser",
    "ds-data:RemoveGroupMember",
    "ds-data:UpdateUser",
)
"""WorkMail writes a Managed Microsoft AD in the caller's name (facts.md §4.2)."""


def list_organization_statements(
    scope: Construct, organization: Organization
) -> list[iam.PolicyStatement]:
    """List what the organization role may do: organization, directory and domains.

    A role may delete an organization only where the spec says so.
    """
    # The organization's id is not known before its first statement is used.
    arn = _format_arn(scope, "workmail", "organization/*")
    statements = [
        # These two name no organization (Service Authorization Reference, WorkMail).
        _allow("FindOrganization", ["workmail:CreateOrganization", "workmail:ListOrganizations"]),
        _allow("WriteOrganization", _WRITE_ORGANIZATION, arn),
        # A WorkMail directory's id is made on the way and shown nowhere.
        _allow("UseDirectory", _USE_DIRECTORY),
        # SES's receipt rules and identity calls have no resource to name.
        _allow("WriteMailFlow", _WRITE_SES),
    ]
    if organization.on_removal.organization is Removal.DELETE:
        statements += [
            _allow("DeleteOrganization", _DELETE_ORGANIZATION, arn),
            # As above: neither the directory's id nor a resource of SES can be named.
            _allow("DeleteWhatItUsed", _DELETE_ORGANIZATION_ELSEWHERE),
        ]
    return statements + _list_key_statements(scope, organization.kms_key_arn, "workmail")


def list_mailboxes_statements(
    scope: Construct,
    organization: Organization,
    *,
    organization_id: str,
    ledger_arn: str,
    secret_arns: Sequence[str],
    collection_bucket: str | None,
) -> list[iam.PolicyStatement]:
    """List what the mailboxes role may do: everything inside one organization, nothing outside.

    A role may delete users or groups only where the spec says so.

    Args:
        scope: Whose region and account the ARNs carry.
        organization: What the stack manages.
        organization_id: Id, or a token of it.
        ledger_arn: Table that tells what the stack owns.
        secret_arns: Secrets with generated passwords.
        collection_bucket: Where collections lie that are too large for a template.
    """
    arn = _format_arn(scope, "workmail", f"organization/{organization_id}")
    statements = [
        _allow("WriteMailboxes", [*_WRITE_MAILBOXES, *_list_deletions(organization)], arn),
        # SES's reads have no resource to name.
        _allow("ReadMailFlow", _READ_SES),
        _allow("KeepLedger", _KEEP_LEDGER, ledger_arn),
    ]
    if secret_arns:
        actions = ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"]
        statements.append(_allow("WritePasswords", actions, *secret_arns))
        statements += _list_key_statements(scope, organization.kms_key_arn, "secretsmanager")
    if collection_bucket:
        # Not the one object: its name changes with its content, and IAM takes a while to say so
        # everywhere; the handler would be denied its own input.
        objects = f"arn:{Stack.of(scope).partition}:s3:::{collection_bucket}/*.json"
        statements.append(_allow("ReadCollections", ["s3:GetObject"], objects))
    return statements + _list_directory_statements(scope, organization.directory)


def _list_deletions(organization: Organization) -> list[str]:
    words = organization.on_removal
    kinds = (("DeleteUser", words.users), ("DeleteGroup", words.groups))
    return [f"workmail:{action}" for action, word in kinds if word is Removal.DELETE]


def _list_directory_statements(scope: Construct, directory: Directory) -> list[iam.PolicyStatement]:
    # An existing directory of unknown kind can be a Managed Microsoft AD.
    if directory.effective_kind not in (DirectoryType.MANAGED_AD, DirectoryType.EXISTING):
        return []
    arn = _format_arn(scope, "ds", f"directory/{directory.directory_id}")
    return [_allow("WriteDirectory", _WRITE_MANAGED_AD, arn)]


def _list_key_statements(
    scope: Construct, key_arn: str | None, service: str
) -> list[iam.PolicyStatement]:
    """Allow a customer's key for what one service encrypts with it (facts.md §4.2)."""
    if key_arn is None:
        return []
    actions = {
        "workmail": ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"],
        "secretsmanager": ["kms:Decrypt", "kms:GenerateDataKey"],
    }[service]
    via = {"kms:ViaService": f"{service}.{Stack.of(scope).region}.amazonaws.com"}
    return [
        iam.PolicyStatement(
            sid="UseKey", actions=actions, resources=[key_arn], conditions={"StringEquals": via}
        )
    ]


def _allow(sid: str, actions: Sequence[str], *resources: str) -> iam.PolicyStatement:
    """Allow actions on resources; without any, on all, for which the caller gives a reason."""
    return iam.PolicyStatement(sid=sid, actions=sorted(actions), resources=[*resources] or ["*"])


def _format_arn(scope: Construct, service: str, resource: str) -> str:
    stack = Stack.of(scope)
    return f"arn:{stack.partition}:{service}:{stack.region}:{stack.account}:{resource}"
