"""What the handlers may do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from calling import ORGANIZATION_TYPES
from granting import get_statements, list_actions
from reaching import list_operations
from workmail_org.model.directory import Directory, DirectoryType, ServiceAccount
from workmail_org.model.organization import Organization
from workmail_org.model.policies import (
    AuthenticationMode,
    Availability,
    EmailMonitoring,
    EwsAvailability,
    IdentityCenter,
    PersonalAccessTokens,
    Policies,
)
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.values import OrganizationId
from workmail_org.wire.properties import ResourceType

ORGANIZATION = Organization(key="acme", region="eu-west-1", alias="acme")

DELETE = OnRemoval(
    users=Removal.DELETE,
    groups=Removal.DELETE,
    resources=Removal.DELETE,
    organization=Removal.DELETE,
    directory=Removal.DELETE,
)

SIGN_IN = IdentityCenter(
    instance_arn="arn:aws:sso:::instance/ssoins-0123456789abcdef",
    authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY,
    personal_access_tokens=PersonalAccessTokens(),
)

COPY = replace(ORGANIZATION, on_removal=DELETE, policies=Policies(identity_center=SIGN_IN))
"""Copied, and torn down without a trace."""

KEY = "arn:aws:kms:eu-west-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"

ARN = "arn:aws:workmail:eu-west-1:111122223333:organization/"

NOT_CALLED = {"workmail:DescribeEntity"}
"""Whom an address belongs to: no call about sign-in has an address."""

PERMITTED_FOR_WORKMAIL = {
    "workmail:DeleteUser",
    "workmail:DescribeUser",
}
"""Asked of the caller by DeleteOrganization itself (facts.md §4.2)."""


@pytest.fixture(scope="module")
def kept(synthesize: Callable[..., Any]) -> Any:
    return synthesize(ORGANIZATION)


@pytest.fixture(scope="module")
def copied(synthesize: Callable[..., Any]) -> Any:
    return synthesize(COPY)


@pytest.fixture(scope="module")
def everything(synthesize: Callable[..., Any]) -> Any:
    """An organization that needs every right there is."""
    ews = EwsAvailability(endpoint="https://x/", username="svc", password_secret="mail/ews")
    return synthesize(
        replace(
            COPY,
            directory=make_directory(DirectoryType.MANAGED_AD),
            kms_key_arn=KEY,
            policies=Policies(
                identity_center=SIGN_IN,
                email_monitoring=EmailMonitoring(retention_days=90),
                availability=(Availability(domain="a.example", ews=ews),),
            ),
        )
    )


def list_calls(types: set[ResourceType]) -> set[str]:
    """Actions of WorkMail that the handlers of some types ask for."""
    found = list_operations()
    return {f"workmail:{operation}" for each in types for operation in found[each]}


def list_granted(synthesized: Any, provider: str) -> set[str]:
    return {a for a in list_actions(synthesized, provider) if a.startswith("workmail:")}


def declare(**policies: Any) -> Organization:
    return replace(ORGANIZATION, policies=Policies(**policies))


def make_directory(kind: DirectoryType, **fields: Any) -> Directory:
    return Directory(type=kind, name="corp.example", vpc_id="vpc-01234567", **fields)


def test_the_organization_role_may_make_and_tag_it_register_domains_and_write_its_log(
    kept: Any,
) -> None:
    (logs,) = (key for key in kept.find("AWS::Logs::LogGroup") if key.startswith("Organization"))

    assert {
        "Log": {
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::GetAtt": [logs, "Arn"]},
        },
        "FindOrganization": {
            "Action": ["workmail:CreateOrganization", "workmail:ListOrganizations"],
            "Resource": "*",
        },
        "WriteOrganization": {
            "Action": [
                "workmail:DeleteIdentityProviderConfiguration",
                "workmail:DeregisterMailDomain",
                "workmail:DescribeIdentityProviderConfiguration",
                "workmail:DescribeOrganization",
                "workmail:GetMailDomain",
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
            ],
            "Resource": f"{ARN}*",
        },
        "UseDirectory": {
            "Action": [
                "ds:AuthorizeApplication",
                "ds:CreateAlias",
                "ds:CreateIdentityPoolDirectory",
                "ds:DescribeDirectories",
                "ds:ListAuthorizedApplications",
            ],
            "Resource": "*",
        },
        "KeepLedger": {
            "Action": ["dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:Query"],
            "Resource": {"Fn::GetAtt": ["Ledger", "Arn"]},
        },
        "ReadStack": {
            "Action": "cloudformation:DescribeStacks",
            "Resource": {"Ref": "AWS::StackId"},
        },
        "WriteMailFlow": {
            "Action": [
                "ses:CreateReceiptRule",
                "ses:CreateReceiptRuleSet",
                "ses:DescribeActiveReceiptRuleSet",
                "ses:GetIdentityDkimAttributes",
                "ses:GetIdentityPolicies",
                "ses:GetIdentityVerificationAttributes",
                "ses:PutIdentityPolicy",
                "ses:SetActiveReceiptRuleSet",
                "ses:SetIdentityEmailNotificationEnabled",
                "ses:UpdateReceiptRule",
                "ses:VerifyDomainDkim",
                "ses:VerifyDomainIdentity",
            ],
            "Resource": "*",
        },
        "EndSignIn": {"Action": "workmail:DeleteIdentityCenterApplication", "Resource": "*"},
        "UseIdentityCenter": {
            "Action": "sso:DeleteApplication",
            "Condition": {"Bool": {"aws:ViaAWSService": "true"}},
            "Resource": "*",
        },
    } == get_statements(kept, "Organization")


def test_the_mailboxes_role_may_write_into_its_own_organization_only(kept: Any) -> None:
    (logs,) = (key for key in kept.find("AWS::Logs::LogGroup") if key.startswith("Mailboxes"))
    own = {"Fn::Join": ["", [ARN, {"Ref": "Organization"}]]}

    assert {
        "Log": {
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::GetAtt": [logs, "Arn"]},
        },
        "WriteMailboxes": {
            "Action": [
                "workmail:AssociateDelegateToResource",
                "workmail:AssociateMemberToGroup",
                "workmail:CreateAlias",
                "workmail:CreateGroup",
                "workmail:CreateResource",
                "workmail:CreateUser",
                "workmail:DeleteAlias",
                "workmail:DeleteGroup",
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
            ],
            "Resource": own,
        },
        "WritePolicies": {
            "Action": [
                "workmail:CreateAvailabilityConfiguration",
                "workmail:CreateImpersonationRole",
                "workmail:CreateMobileDeviceAccessRule",
                "workmail:DeleteAccessControlRule",
                "workmail:DeleteAvailabilityConfiguration",
                "workmail:DeleteEmailMonitoringConfiguration",
                "workmail:DeleteImpersonationRole",
                "workmail:DeleteMailboxPermissions",
                "workmail:DeleteMobileDeviceAccessRule",
                "workmail:DeleteRetentionPolicy",
                "workmail:DescribeEmailMonitoringConfiguration",
                "workmail:DescribeInboundDmarcSettings",
                "workmail:GetDefaultRetentionPolicy",
                "workmail:GetImpersonationRole",
                "workmail:ListAccessControlRules",
                "workmail:ListAvailabilityConfigurations",
                "workmail:ListImpersonationRoles",
                "workmail:ListMailboxPermissions",
                "workmail:ListMobileDeviceAccessRules",
                "workmail:PutAccessControlRule",
                "workmail:PutEmailMonitoringConfiguration",
                "workmail:PutInboundDmarcSettings",
                "workmail:PutMailboxPermissions",
                "workmail:PutRetentionPolicy",
                "workmail:UpdateAvailabilityConfiguration",
                "workmail:UpdateImpersonationRole",
                "workmail:UpdateMobileDeviceAccessRule",
            ],
            "Resource": own,
        },
        "ReadMailFlow": {
            "Action": [
                "ses:DescribeActiveReceiptRuleSet",
                "ses:GetIdentityDkimAttributes",
                "ses:GetIdentityPolicies",
                "ses:GetIdentityVerificationAttributes",
            ],
            "Resource": "*",
        },
        "ReadStack": {
            "Action": "cloudformation:DescribeStacks",
            "Resource": {"Ref": "AWS::StackId"},
        },
        "KeepLedger": {
            "Action": ["dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:Query"],
            "Resource": {"Fn::GetAtt": ["Ledger", "Arn"]},
        },
        "WritePasswords": {
            "Action": ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
            "Resource": {"Ref": "Passwords"},
        },
    } == get_statements(kept, "Mailboxes")


def test_every_call_of_the_organizations_handlers_is_permitted_and_nothing_else(
    copied: Any,
) -> None:
    calls = list_calls(ORGANIZATION_TYPES)

    assert NOT_CALLED <= calls
    assert PERMITTED_FOR_WORKMAIL | (calls - NOT_CALLED) == list_granted(copied, "Organization")


def test_every_call_of_the_mailboxes_handlers_is_permitted_and_nothing_else(copied: Any) -> None:
    calls = list_calls(set(ResourceType) - ORGANIZATION_TYPES)

    assert calls == list_granted(copied, "Mailboxes")


def test_what_takes_away_is_permitted_also_where_nothing_is_declared(
    kept: Any, copied: Any
) -> None:
    """CloudFormation deletes what a spec no longer declares after the roles are the new ones."""
    lost = {
        *(list_granted(copied, "Organization") - list_granted(kept, "Organization")),
        *(list_granted(copied, "Mailboxes") - list_granted(kept, "Mailboxes")),
    }

    assert {
        "workmail:CreateIdentityCenterApplication",
        "workmail:DeleteOrganization",
        "workmail:DeleteResource",
        "workmail:DeleteUser",
        "workmail:DescribeUser",
    } == lost


def test_a_role_cannot_delete_what_the_spec_keeps(synthesize: Callable[..., Any]) -> None:
    words = OnRemoval(groups=Removal.DISABLE)
    synthesized = synthesize(replace(ORGANIZATION, on_removal=words))
    actions = {
        *list_actions(synthesized, "Organization"),
        *list_actions(synthesized, "Mailboxes"),
    }

    assert {
        "sso:DeleteApplication",
        "workmail:DeleteAccessControlRule",
        "workmail:DeleteAlias",
        "workmail:DeleteAvailabilityConfiguration",
        "workmail:DeleteEmailMonitoringConfiguration",
        "workmail:DeleteIdentityCenterApplication",
        "workmail:DeleteIdentityProviderConfiguration",
        "workmail:DeleteImpersonationRole",
        "workmail:DeleteMailboxPermissions",
        "workmail:DeleteMobileDeviceAccessRule",
        "workmail:DeleteRetentionPolicy",
    } == {a for a in actions if ":Delete" in a}


def test_a_role_can_delete_what_the_spec_says(copied: Any) -> None:
    organization = get_statements(copied, "Organization")

    assert {
        "Action": ["workmail:DeleteOrganization", "workmail:DeleteUser", "workmail:DescribeUser"],
        "Resource": f"{ARN}*",
    } == organization["DeleteOrganization"]
    assert {
        "Action": [
            "ds:DeleteDirectory",
            "ds:UnauthorizeApplication",
            "ses:DeleteIdentity",
            "ses:DeleteIdentityPolicy",
            "ses:DeleteReceiptRule",
        ],
        "Resource": "*",
    } == organization["DeleteWhatItUsed"]
    assert {"workmail:DeleteGroup", "workmail:DeleteResource", "workmail:DeleteUser"} <= set(
        list_actions(copied, "Mailboxes")
    )


def test_the_directory_stays_if_only_the_organization_goes(synthesize: Callable[..., Any]) -> None:
    words = replace(DELETE, directory=Removal.RETAIN)
    synthesized = synthesize(replace(ORGANIZATION, on_removal=words))

    assert "ds:DeleteDirectory" not in list_actions(synthesized, "Organization")


def test_a_live_organization_and_its_directory_cannot_be_deleted_whatever_the_spec_says(
    synthesize: Callable[..., Any],
) -> None:
    organization = replace(
        ORGANIZATION,
        existing=OrganizationId("m-0123456789abcdef0123456789abcdef"),
        directory=make_directory(DirectoryType.MANAGED_AD),
        on_removal=DELETE,
    )
    actions = set(list_actions(synthesize(organization), "Organization"))

    assert set() == actions & {
        "ds:CreateMicrosoftAD",
        "ds:DeleteDirectory",
        "workmail:DeleteOrganization",
    }


def test_no_action_is_a_wildcard_and_none_is_a_whole_service(everything: Any) -> None:
    actions = [*list_actions(everything, "Organization"), *list_actions(everything, "Mailboxes")]

    assert [] == [action for action in actions if not re.fullmatch(r"[a-z0-9-]+:[A-Z]\w+", action)]


def test_statements_about_everything_are_those_that_have_a_reason(everything: Any) -> None:
    statements = {
        **get_statements(everything, "Organization"),
        **get_statements(everything, "Mailboxes"),
    }

    assert [
        "DecryptSecrets",
        "DeleteNetwork",
        "DeleteWhatItUsed",
        "EndSignIn",
        "FindOrganization",
        "MakeDirectory",
        "MakeNetwork",
        "MakeSignIn",
        "ReadMailFlow",
        "UseDirectory",
        "UseIdentityCenter",
        "WriteMailFlow",
    ] == sorted(sid for sid, statement in statements.items() if statement["Resource"] == "*")


def test_a_customers_key_is_used_through_workmail_and_for_passwords_only(
    synthesize: Callable[..., Any],
) -> None:
    synthesized = synthesize(replace(ORGANIZATION, kms_key_arn=KEY))

    assert {
        "Action": ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"],
        "Condition": {"StringEquals": {"kms:ViaService": "workmail.eu-west-1.amazonaws.com"}},
        "Resource": KEY,
    } == get_statements(synthesized, "Organization")["UseKey"]
    assert {
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Condition": {"StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}},
        "Resource": KEY,
    } == get_statements(synthesized, "Mailboxes")["UseKey"]


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (None, True),
        (DirectoryType.MANAGED_AD, True),
        (DirectoryType.SIMPLE_AD, False),
        (DirectoryType.AD_CONNECTOR, False),
    ],
    ids=str,
)
def test_a_directory_that_may_be_a_managed_ad_is_written_in_the_handlers_name(
    synthesize: Callable[..., Any], kind: DirectoryType | None, written: bool
) -> None:
    directory = Directory(type=DirectoryType.EXISTING, kind=kind, directory_id="d-0123456789")
    synthesized = synthesize(replace(ORGANIZATION, directory=directory))

    assert (WRITE_MANAGED_AD if written else None) == get_statements(synthesized, "Mailboxes").get(
        "WriteDirectory"
    )


WRITE_MANAGED_AD = {
    "Action": [
        "ds-data:AddGroupMember",
        "ds-data:CreateGroup",
        "ds-data:CreateUser",
        "ds-data:DeleteGroup",
        "ds-data:DeleteUser",
        "ds-data:RemoveGroupMember",
        "ds-data:UpdateUser",
        "ds:AccessDSData",
        "ds:ResetUserPassword",
    ],
    "Resource": {
        "Fn::Join": [
            "",
            [
                "arn:aws:ds:eu-west-1:111122223333:directory/",
                {"Fn::GetAtt": ["Organization", "DirectoryId"]},
            ],
        ]
    },
}

MAKE_NETWORK = {
    "Action": [
        "ec2:AuthorizeSecurityGroupEgress",
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:CreateNetworkInterface",
        "ec2:CreateSecurityGroup",
        "ec2:CreateTags",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
    ],
    "Resource": "*",
}

DIRECTORIES = "arn:aws:ds:eu-west-1:111122223333:directory/*"


@pytest.mark.parametrize(
    ("directory", "made", "written", "secret"),
    [
        (
            make_directory(DirectoryType.SIMPLE_AD),
            "ds:CreateDirectory",
            ["ds:AddTagsToResource", "ds:ListTagsForResource"],
            {"Ref": "AdminPassword"},
        ),
        (
            make_directory(DirectoryType.MANAGED_AD, admin_password_secret="ad/admin"),
            "ds:CreateMicrosoftAD",
            [
                "ds:AddTagsToResource",
                "ds:DescribeDirectoryDataAccess",
                "ds:EnableDirectoryDataAccess",
                "ds:ListTagsForResource",
            ],
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ad/admin-??????",
        ),
        (
            make_directory(
                DirectoryType.AD_CONNECTOR,
                service_account=ServiceAccount(
                    username="svc",
                    password_secret="arn:aws:secretsmanager:eu-west-1:444455556666:secret:svc-a1b2c3",
                ),
            ),
            "ds:ConnectDirectory",
            ["ds:AddTagsToResource", "ds:ListTagsForResource"],
            "arn:aws:secretsmanager:eu-west-1:444455556666:secret:svc-a1b2c3",
        ),
    ],
    ids=["simple_ad", "managed_ad", "ad_connector"],
)
def test_a_directory_is_made_with_the_rights_of_its_type(
    synthesize: Callable[..., Any], directory: Directory, made: str, written: list[str], secret: Any
) -> None:
    synthesized = synthesize(replace(ORGANIZATION, directory=directory))
    statements = get_statements(synthesized, "Organization")

    assert {
        "MakeDirectory": {"Action": made, "Resource": "*"},
        "WriteDirectory": {"Action": written, "Resource": DIRECTORIES},
        "MakeNetwork": MAKE_NETWORK,
        "ReadSecrets": {"Action": "secretsmanager:GetSecretValue", "Resource": secret},
        "DecryptSecrets": {
            "Action": "kms:Decrypt",
            "Condition": {
                "StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"},
                "StringLike": {"kms:EncryptionContext:SecretARN": [secret]},
            },
            "Resource": "*",
        },
    } == {sid: statements[sid] for sid in statements if sid not in NEEDED_BY_ALL}


NEEDED_BY_ALL = {
    "Log",
    "KeepLedger",
    "ReadStack",
    "FindOrganization",
    "WriteOrganization",
    "UseDirectory",
    "WriteMailFlow",
    "EndSignIn",
    "UseIdentityCenter",
}


def test_a_managed_ad_that_the_stack_makes_is_written_in_the_handlers_name(
    synthesize: Callable[..., Any],
) -> None:
    directory = make_directory(DirectoryType.MANAGED_AD)
    synthesized = synthesize(replace(ORGANIZATION, directory=directory))

    assert WRITE_MANAGED_AD == get_statements(synthesized, "Mailboxes")["WriteDirectory"]


def test_a_directory_that_the_stack_makes_is_deleted_only_if_the_spec_says_so(
    everything: Any,
) -> None:
    statements = get_statements(everything, "Organization")

    assert {"Action": "ds:DeleteDirectory", "Resource": DIRECTORIES} == statements[
        "DeleteDirectory"
    ]
    assert {
        "Action": [
            "ec2:DeleteNetworkInterface",
            "ec2:DeleteSecurityGroup",
            "ec2:DescribeNetworkInterfaces",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
        ],
        "Resource": "*",
    } == statements["DeleteNetwork"]
    assert "ds:DeleteDirectory" not in statements["DeleteWhatItUsed"]["Action"]


def test_sign_in_is_made_only_where_it_is_declared(copied: Any) -> None:
    statements = get_statements(copied, "Organization")

    assert {
        "Action": "workmail:CreateIdentityCenterApplication",
        "Resource": "*",
    } == statements["MakeSignIn"]
    assert {
        "Action": [
            "sso:CreateApplication",
            "sso:DeleteApplication",
            "sso:DescribeApplication",
            "sso:DescribeInstance",
            "sso:PutApplicationAssignmentConfiguration",
            "sso:PutApplicationAuthenticationMethod",
            "sso:PutApplicationGrant",
        ],
        "Condition": {"Bool": {"aws:ViaAWSService": "true"}},
        "Resource": "*",
    } == statements["UseIdentityCenter"]


def test_secrets_of_other_mail_systems_are_read_and_no_others(
    synthesize: Callable[..., Any],
) -> None:
    availability = [
        Availability(
            domain=f"{secret[:3]}.example",
            ews=EwsAvailability(endpoint="https://x/", username="svc", password_secret=secret),
        )
        for secret in (
            "mail/ews",
            "arn:aws:secretsmanager:eu-west-1:444455556666:secret:ews-a1b2c3",
        )
    ]
    function = Availability(
        domain="f.example", lambda_arn="arn:aws:lambda:us-east-1:111122223333:function:free"
    )
    synthesized = synthesize(declare(availability=(*availability, function)))

    assert {
        "Action": "secretsmanager:GetSecretValue",
        "Resource": [
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mail/ews-??????",
            "arn:aws:secretsmanager:eu-west-1:444455556666:secret:ews-a1b2c3",
        ],
    } == get_statements(synthesized, "Mailboxes")["ReadSecrets"]


@pytest.mark.parametrize(
    ("monitoring", "role"),
    [
        (EmailMonitoring(retention_days=90), {"Fn::GetAtt": ["EmailEventsRole", "Arn"]}),
        (
            EmailMonitoring(
                log_group_arn="arn:aws:logs:x:*", role_arn="arn:aws:iam::111122223333:role/mail"
            ),
            "arn:aws:iam::111122223333:role/mail",
        ),
    ],
    ids=["managed", "given"],
)
def test_one_role_is_passed_for_email_events_and_to_workmail_alone(
    synthesize: Callable[..., Any], monitoring: EmailMonitoring, role: Any
) -> None:
    statements = get_statements(synthesize(declare(email_monitoring=monitoring)), "Mailboxes")

    assert {
        "Action": "iam:PassRole",
        "Condition": {"StringEquals": {"iam:PassedToService": "events.workmail.amazonaws.com"}},
        "Resource": role,
    } == statements["PassEventsRole"]
    assert "MakeEventsRole" not in statements


def test_workmails_own_role_for_email_events_is_made_where_none_is_given(
    synthesize: Callable[..., Any],
) -> None:
    monitoring = EmailMonitoring(log_group_arn="arn:aws:logs:x:*")
    statements = get_statements(synthesize(declare(email_monitoring=monitoring)), "Mailboxes")

    assert {
        "Action": "iam:CreateServiceLinkedRole",
        "Condition": {"StringEquals": {"iam:AWSServiceName": "events.workmail.amazonaws.com"}},
        "Resource": "arn:aws:iam::111122223333:role/aws-service-role/"
        "events.workmail.amazonaws.com/AWSServiceRoleForAmazonWorkMailEvents",
    } == statements["MakeEventsRole"]
    assert "PassEventsRole" not in statements


def test_no_function_brings_a_deleted_log_group_back(copied: Any) -> None:
    """Lambda makes a log group that is not there, if the function's role may."""
    roles = copied.find("AWS::IAM::Role").values()
    of_functions = [
        role["Properties"]
        for role in roles
        if "lambda.amazonaws.com" in str(role["Properties"]["AssumeRolePolicyDocument"])
    ]

    assert of_functions
    assert [] == [role for role in of_functions if role.get("ManagedPolicyArns")]
    assert "logs:CreateLogGroup" not in str(of_functions)
