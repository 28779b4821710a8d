"""What the mailboxes role may do: everything inside one organization, nothing outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from workmail_org.infra.permissions.statements import (
    READ_SES,
    allow,
    allow_reading_stack,
    format_arn,
    list_key_statements,
    list_secret_statements,
)
from workmail_org.kinds import SETTINGS
from workmail_org.model.directory import DirectoryType
from workmail_org.model.organization import Organization
from workmail_org.model.removal import Removal
from workmail_org.wire.properties import ResourceType

_EVENTS_PRINCIPAL = "events.workmail.amazonaws.com"
"""Who writes email events (WorkMail Admin Guide, "tracking")."""

_EVENTS_ROLE = f"aws-service-role/{_EVENTS_PRINCIPAL}/AWSServiceRoleForAmazonWorkMailEvents"
"""WorkMail's own role for that (WorkMail Admin Guide, "using-service-linked-roles")."""

_WRITE_MAILBOXES = (
    "workmail:AssociateDelegateToResource",
    "workmail:AssociateMemberToGroup",
    "workmail:CreateAlias",
    "workmail:CreateGroup",
    "workmail:CreateResource",
    "workmail:CreateUser",
    "workmail:DeleteAlias",
    "workmail:DeregisterFromWorkMail",
    "workmail:DescribeEntity",
    "workmail:DescribeGroup",
    "workmail:DescribeOrganization",
    "workmail:DescribeResource",
    "workmail:DescribeUser",
    "workmail:DisassociateDelegateFromResource",
    "workmail:DisassociateMemberFromGroup",
    "workmail:GetMailboxDetails",
    "workmail:ListAliases",
    "workmail:ListGroupMembers",
    "workmail:ListGroups",
    "workmail:ListResourceDelegates",
    "workmail:ListResources",
    "workmail:ListUsers",
    "workmail:RegisterToWorkMail",
    "workmail:UpdateGroup",
    "workmail:UpdateMailboxQuota",
    "workmail:UpdatePrimaryEmailAddress",
    "workmail:UpdateResource",
    "workmail:UpdateUser",
)

_WRITE_POLICIES = sorted(
    f"workmail:{operation}"
    for kind in SETTINGS
    if kind.resource_type is not ResourceType.IDENTITY_CENTER  # another role's
    for operation in kind.operations
)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What the handlers of one organization work with: ids and ARNs, or tokens of them.

    Attributes:
        journal_arn: Table that tells who is exported; `None`: there is none.
        password_secret_arns: Secrets with generated passwords.
        collection_bucket: Where properties lie that are too large for a template.
        events_role_arn: Role that writes email events; `None`: WorkMail's own.
    """

    organization_id: str
    directory_id: str
    journal_arn: str | None = None
    password_secret_arns: Sequence[str] = ()
    collection_bucket: str | None = None
    events_role_arn: str | None = None


def list_mailboxes_statements(
    scope: Construct, organization: Organization, reach: Reach
) -> list[iam.PolicyStatement]:
    """List what the mailboxes role may do.

    A role may delete users, groups or resources only where the spec says so.

    Args:
        scope: Whose region and account the ARNs carry.
        organization: What the stack manages.
        reach: What the handlers work with.
    """
    arn = format_arn(scope, "workmail", f"organization/{reach.organization_id}")
    return [
        allow("WriteMailboxes", [*_WRITE_MAILBOXES, *_list_deletions(organization)], arn),
        allow("WritePolicies", _WRITE_POLICIES, arn),
        # SES's reads have no resource to name.
        allow("ReadMailFlow", READ_SES),
        *_list_journal_statements(reach.journal_arn),
        allow_reading_stack(scope),
        *_list_password_statements(scope, organization, reach.password_secret_arns),
        *_list_collection_statements(scope, reach.collection_bucket),
        *list_secret_statements(scope, _list_secrets(organization)),
        *_list_monitoring_statements(scope, organization, reach.events_role_arn),
        *_list_directory_statements(scope, organization, reach.directory_id),
    ]


def _list_journal_statements(journal_arn: str | None) -> list[iam.PolicyStatement]:
    """Who leaves without a verified export of the mailbox is confirmed."""
    return [allow("ReadJournal", ["dynamodb:Query"], journal_arn)] if journal_arn else []


def _list_deletions(organization: Organization) -> list[str]:
    on_removal = organization.on_removal
    kinds = (
        ("DeleteUser", on_removal.users),
        ("DeleteGroup", on_removal.groups),
        ("DeleteResource", on_removal.resources),
    )
    return [f"workmail:{action}" for action, removal in kinds if removal is Removal.DELETE]


def _list_password_statements(
    scope: Construct, organization: Organization, secret_arns: Sequence[str]
) -> list[iam.PolicyStatement]:
    if not secret_arns:
        return []
    actions = ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"]
    return [
        allow("WritePasswords", actions, *secret_arns),
        *list_key_statements(scope, organization.kms_key_arn, "secretsmanager"),
    ]


def _list_collection_statements(scope: Construct, bucket: str | None) -> list[iam.PolicyStatement]:
    if bucket is None:
        return []
    # Not the one object: its name changes with its content, and IAM takes a while to say so
    # everywhere; the handler would be denied its own input.
    objects = f"arn:{Stack.of(scope).partition}:s3:::{bucket}/*.json"
    return [allow("ReadCollections", ["s3:GetObject"], objects)]


def _list_secrets(organization: Organization) -> list[str]:
    """List the secrets by which other mail systems are asked for free/busy times."""
    return [each.ews.password_secret for each in organization.policies.availability if each.ews]


def _list_monitoring_statements(
    scope: Construct, organization: Organization, role_arn: str | None
) -> list[iam.PolicyStatement]:
    if organization.policies.email_monitoring is None:
        return []
    if role_arn is not None:
        service = {"StringEquals": {"iam:PassedToService": _EVENTS_PRINCIPAL}}
        return [allow("PassEventsRole", ["iam:PassRole"], role_arn, conditions=service)]
    stack = Stack.of(scope)
    arn = f"arn:{stack.partition}:iam::{stack.account}:role/{_EVENTS_ROLE}"
    service = {"StringEquals": {"iam:AWSServiceName": _EVENTS_PRINCIPAL}}
    # WorkMail makes its role on the first use (facts.md §4.2, in the caller's name: assumed).
    return [allow("MakeEventsRole", ["iam:CreateServiceLinkedRole"], arn, conditions=service)]


def _list_directory_statements(
    scope: Construct, organization: Organization, directory_id: str
) -> list[iam.PolicyStatement]:
    # An existing directory of unknown kind can be a Managed Microsoft AD.
    writable = (DirectoryType.MANAGED_AD, DirectoryType.EXISTING)
    if organization.directory.effective_kind not in writable:
        return []
    arn = format_arn(scope, "ds", f"directory/{directory_id}")
    return [allow("WriteDirectory", _WRITE_MANAGED_AD, arn)]
