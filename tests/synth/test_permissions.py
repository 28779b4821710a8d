"""What the handlers may do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest

import workmail_org
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.organization import Organization
from workmail_org.model.removal import OnRemoval, Removal

ORGANIZATION = Organization(key="acme", region="eu-west-1", alias="acme")

COPY = replace(
    ORGANIZATION,
    on_removal=OnRemoval(users=Removal.DELETE, groups=Removal.DELETE, organization=Removal.DELETE),
)

KEY = "arn:aws:kms:eu-west-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"

PERMITTED_FOR_WORKMAIL = {
    "workmail:DeleteUser",
    "workmail:DescribeUser",
}
"""Asked of the caller by DeleteOrganization itself (facts.md §4.2)."""

OF_LATER = re.compile(
    r":(?!List).*(Resource|MailboxPermissions|Rule|Retention|Impersonation|Availability"
    r"|Monitoring|Dmarc|Identity)"
)
"""Calls for kinds that this release refuses to deploy (support.py)."""


@pytest.fixture(scope="module")
def kept(synthesize: Callable[..., Any]) -> Any:
    return synthesize(ORGANIZATION)


@pytest.fixture(scope="module")
def copied(synthesize: Callable[..., Any]) -> Any:
    return synthesize(COPY)


def get_statements(synthesized: Any, provider: str) -> dict[str, Any]:
    """Statements of a handler role by Sid, without their Sid and effect."""
    (role,) = (
        role["Properties"]
        for key, role in synthesized.find("AWS::IAM::Role").items()
        if key.startswith(f"{provider}ProviderRole")
    )
    (policy,) = role["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    assert {"Allow"} == {statement.pop("Effect", "Allow") for statement in statements}
    return {s["Sid"]: {k: v for k, v in s.items() if k != "Sid"} for s in statements}


def list_actions(synthesized: Any, provider: str) -> Iterator[str]:
    for statement in get_statements(synthesized, provider).values():
        actions = statement["Action"]
        yield from [actions] if isinstance(actions, str) else actions


def list_shipped_operations(service: str) -> set[str]:
    """Operations of a service that shipped code names in a string or calls as a method."""
    model = botocore.session.get_session().get_service_model(service)
    package = Path(workmail_org.__file__).parent
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for floor in ("changes", "service", "handlers")
        for path in (package / floor).rglob("*.py")
    )
    return set(re.findall(r'"([A-Z]\w+)"', text)) & set(model.operation_names)


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
                "workmail:DeregisterMailDomain",
                "workmail:DescribeOrganization",
                "workmail:GetMailDomain",
                "workmail:ListAliases",
                "workmail:ListGroups",
                "workmail:ListMailDomains",
                "workmail:ListResources",
                "workmail:ListTagsForResource",
                "workmail:ListUsers",
                "workmail:RegisterMailDomain",
                "workmail:TagResource",
                "workmail:UntagResource",
                "workmail:UpdateDefaultMailDomain",
            ],
            "Resource": "arn:aws:workmail:eu-west-1:111122223333:organization/*",
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
    } == get_statements(kept, "Organization")


def test_the_mailboxes_role_may_write_into_its_own_organization_only(kept: Any) -> None:
    (logs,) = (key for key in kept.find("AWS::Logs::LogGroup") if key.startswith("Mailboxes"))
    prefix = "arn:aws:workmail:eu-west-1:111122223333:organization/"

    assert {
        "Log": {
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::GetAtt": [logs, "Arn"]},
        },
        "WriteMailboxes": {
            "Action": [
                "workmail:AssociateMemberToGroup",
                "workmail:CreateAlias",
                "workmail:CreateGroup",
                "workmail:CreateUser",
                "workmail:DeleteAlias",
                "workmail:DeleteGroup",
                "workmail:DeregisterFromWorkMail",
                "workmail:DescribeEntity",
                "workmail:DescribeGroup",
                "workmail:DescribeOrganization",
                "workmail:DescribeUser",
                "workmail:DisassociateMemberFromGroup",
                "workmail:GetMailDomain",
                "workmail:GetMailboxDetails",
                "workmail:ListAliases",
                "workmail:ListGroupMembers",
                "workmail:ListGroups",
                "workmail:ListMailDomains",
                "workmail:ListResources",
                "workmail:ListUsers",
                "workmail:RegisterToWorkMail",
                "workmail:UpdateGroup",
                "workmail:UpdateMailboxQuota",
                "workmail:UpdatePrimaryEmailAddress",
                "workmail:UpdateUser",
            ],
            "Resource": {"Fn::Join": ["", [prefix, {"Ref": "Organization"}]]},
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
        "KeepLedger": {
            "Action": ["dynamodb:BatchWriteItem", "dynamodb:Query"],
            "Resource": {"Fn::GetAtt": ["Ledger", "Arn"]},
        },
        "WritePasswords": {
            "Action": ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
            "Resource": {"Ref": "Passwords"},
        },
    } == get_statements(kept, "Mailboxes")


def test_a_role_cannot_delete_what_the_spec_keeps(synthesize: Callable[..., Any]) -> None:
    words = OnRemoval(groups=Removal.DISABLE)
    synthesized = synthesize(replace(ORGANIZATION, on_removal=words))
    actions = {
        *list_actions(synthesized, "Organization"),
        *list_actions(synthesized, "Mailboxes"),
    }

    assert {"workmail:DeleteAlias"} == {a for a in actions if ":Delete" in a}


def test_a_role_can_delete_what_the_spec_says(copied: Any) -> None:
    organization = get_statements(copied, "Organization")

    assert [
        "workmail:DeleteOrganization",
        "workmail:DeleteUser",
        "workmail:DescribeUser",
    ] == organization["DeleteOrganization"]["Action"]
    assert [
        "ds:DeleteDirectory",
        "ds:UnauthorizeApplication",
        "ses:DeleteIdentity",
        "ses:DeleteIdentityPolicy",
        "ses:DeleteReceiptRule",
    ] == organization["DeleteWhatItUsed"]["Action"]
    assert {"workmail:DeleteGroup", "workmail:DeleteUser"} <= set(list_actions(copied, "Mailboxes"))


def test_no_action_is_a_wildcard_and_none_is_a_whole_service(copied: Any) -> None:
    actions = [*list_actions(copied, "Organization"), *list_actions(copied, "Mailboxes")]

    assert [] == [action for action in actions if not re.fullmatch(r"[a-z-]+:[A-Z]\w+", action)]


def test_statements_about_everything_are_those_that_have_a_reason(copied: Any) -> None:
    statements = {
        **get_statements(copied, "Organization"),
        **get_statements(copied, "Mailboxes"),
    }

    assert [
        "DeleteWhatItUsed",
        "FindOrganization",
        "ReadMailFlow",
        "UseDirectory",
        "WriteMailFlow",
    ] == sorted(sid for sid, statement in statements.items() if statement["Resource"] == "*")


def test_every_call_that_shipped_code_makes_is_permitted_and_nothing_else(copied: Any) -> None:
    granted = {
        action
        for provider in ("Organization", "Mailboxes")
        for action in list_actions(copied, provider)
        if action.startswith("workmail:")
    }
    called = {f"workmail:{name}" for name in list_shipped_operations("workmail")}

    assert PERMITTED_FOR_WORKMAIL - called == granted - called
    assert [] == [action for action in sorted(called - granted) if not OF_LATER.search(action)]


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
    statement = get_statements(synthesized, "Mailboxes").get("WriteDirectory")

    arn = "arn:aws:ds:eu-west-1:111122223333:directory/d-0123456789"
    assert (arn if written else None) == (statement and statement["Resource"])
