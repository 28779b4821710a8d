"""Statements that both roles need: one way to write an ARN, a secret, a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Stack, Token
from aws_cdk import aws_iam as iam
from constructs import Construct

READ_SES = (
    "ses:DescribeActiveReceiptRuleSet",
    "ses:GetIdentityDkimAttributes",
    "ses:GetIdentityPolicies",
    "ses:GetIdentityVerificationAttributes",
)
"""WorkMail reads these in the caller's name whenever it looks at a domain."""


def allow(
    sid: str,
    actions: Sequence[str],
    *resources: str,
    conditions: Mapping[str, Mapping[str, object]] | None = None,
) -> iam.PolicyStatement:
    """Allow actions on resources; without any, on all, for which the caller gives a reason."""
    return iam.PolicyStatement(
        sid=sid,
        actions=sorted(actions),
        resources=[*resources] or ["*"],
        conditions=conditions,
    )


def format_arn(scope: Construct, service: str, resource: str) -> str:
    """Write an ARN in the stack's region and account."""
    stack = Stack.of(scope)
    return f"arn:{stack.partition}:{service}:{stack.region}:{stack.account}:{resource}"


def allow_reading_stack(scope: Construct) -> iam.PolicyStatement:
    """Allow to read the state of the stack.

    In a rollback nothing is refused, a request that CloudFormation no longer
    waits for writes nothing, and what is older than the stack is not deleted.
    """
    return allow("ReadStack", ["cloudformation:DescribeStacks"], Stack.of(scope).stack_id)


def allow_keeping_ledger(table_arn: str) -> iam.PolicyStatement:
    """Allow to read and write the stack's own ledger."""
    actions = ["dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:Query"]
    return allow("KeepLedger", actions, table_arn)


def list_key_statements(
    scope: Construct, key_arn: str | None, service: str
) -> list[iam.PolicyStatement]:
    """Allow a customer's key for what one service encrypts with it (facts.md §4.2)."""
    if key_arn is None:
        return []
    actions = {
        "workmail": ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"],
        "secretsmanager": ["kms:Decrypt", "kms:GenerateDataKey"],
    }[service]
    conditions = {"StringEquals": {"kms:ViaService": _get_endpoint(scope, service)}}
    return [allow("UseKey", actions, key_arn, conditions=conditions)]


def list_secret_statements(scope: Construct, secrets: Sequence[str]) -> list[iam.PolicyStatement]:
    """Allow to read secrets that the spec names.

    Args:
        scope: Whose region and account the ARNs carry.
        secrets: Names or ARNs.
    """
    arns = sorted({_find_secret_arn(scope, secret) for secret in secrets})
    if not arns:
        return []
    conditions = {
        "StringEquals": {"kms:ViaService": _get_endpoint(scope, "secretsmanager")},
        "StringLike": {"kms:EncryptionContext:SecretARN": arns},
    }
    return [
        allow("ReadSecrets", ["secretsmanager:GetSecretValue"], *arns),
        # A spec does not say with which key a secret is encrypted; only these secrets are opened.
        allow("DecryptSecrets", ["kms:Decrypt"], conditions=conditions),
    ]


def _find_secret_arn(scope: Construct, secret: str) -> str:
    if secret.startswith("arn:") or Token.is_unresolved(secret):
        return secret
    # Secrets Manager adds six characters to the name (User Guide, "whats-in-a-secret").
    return format_arn(scope, "secretsmanager", f"secret:{secret}-??????")


def _get_endpoint(scope: Construct, service: str) -> str:
    return f"{service}.{Stack.of(scope).region}.amazonaws.com"
