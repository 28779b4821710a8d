"""Permissions: the IAM policy that an import needs, which reads only. Pure."""

from __future__ import annotations

import json

ACTIONS = (
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:ListStackResources",
    "ds:DescribeDirectories",
    "ds:DescribeDirectoryDataAccess",
    "dynamodb:Query",
    "route53:GetHostedZone",
    "route53:ListHostedZones",
    "route53:ListResourceRecordSets",
    "s3:GetObject",
    "workmail:DescribeEmailMonitoringConfiguration",
    "workmail:DescribeGroup",
    "workmail:DescribeIdentityProviderConfiguration",
    "workmail:DescribeInboundDmarcSettings",
    "workmail:DescribeOrganization",
    "workmail:DescribeResource",
    "workmail:DescribeUser",
    "workmail:GetDefaultRetentionPolicy",
    "workmail:GetImpersonationRole",
    "workmail:GetMailboxDetails",
    "workmail:GetMailDomain",
    "workmail:ListAccessControlRules",
    "workmail:ListAliases",
    "workmail:ListAvailabilityConfigurations",
    "workmail:ListGroupMembers",
    "workmail:ListGroups",
    "workmail:ListImpersonationRoles",
    "workmail:ListMailboxPermissions",
    "workmail:ListMailDomains",
    "workmail:ListMobileDeviceAccessRules",
    "workmail:ListOrganizations",
    "workmail:ListResourceDelegates",
    "workmail:ListResources",
    "workmail:ListTagsForResource",
    "workmail:ListUsers",
)
"""What an import asks for; tests/acceptance/test_import.py compares it with the calls it makes.

CloudFormation, DynamoDB and S3 are asked for the stack that may manage the organization already.
"""


def render_policy() -> str:
    """Write the policy as JSON, for `aws iam create-policy --policy-document`."""
    statement = {
        "Sid": "WorkMailOrgImport",
        "Effect": "Allow",
        "Action": list(ACTIONS),
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)
