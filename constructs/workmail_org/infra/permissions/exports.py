"""What takes part in mailbox exports, and what each of it may do."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from workmail_org.infra.permissions.statements import allow


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporting:
    """What exports work with: names and ARNs, or tokens of them.

    Attributes:
        prefix: Ends with a slash.
    """

    organization_arn: str
    bucket: str
    prefix: str
    key_arn: str
    journal_arn: str


def list_export_statements(scope: Construct, place: Exporting) -> list[iam.PolicyStatement]:
    """List what WorkMail may do with the role it takes on.

    Exactly what its guide shows (WorkMail Admin Guide, "mail-export").
    """
    return [
        allow(
            "WriteExports",
            ["s3:AbortMultipartUpload", "s3:PutObject", "s3:GetBucketPolicyStatus"],
            _bucket(scope, place),
            f"{_bucket(scope, place)}/*",
        ),
        allow(
            "EncryptExports",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            place.key_arn,
            conditions={
                "StringEquals": {"kms:ViaService": _s3(scope)},
                "StringLike": {
                    "kms:EncryptionContext:aws:s3:arn": f"{_bucket(scope, place)}/{place.prefix}*"
                },
            },
        ),
    ]


def list_round_statements(
    place: Exporting, role_arn: str, check_arn: str
) -> list[iam.PolicyStatement]:
    """List what the function may do that takes a round."""
    return [
        allow(
            "Export",
            [
                "workmail:DescribeMailboxExportJob",
                "workmail:DescribeOrganization",
                "workmail:ListMailboxExportJobs",
                "workmail:ListResources",
                "workmail:ListUsers",
                "workmail:StartMailboxExportJob",
            ],
            place.organization_arn,
        ),
        # For which service is not said: what WorkMail passes the role to is not documented.
        allow("PassExportRole", ["iam:PassRole"], role_arn),
        allow(
            "KeepJournal",
            ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
            place.journal_arn,
        ),
        allow("LetCheck", ["lambda:InvokeFunction"], check_arn),
    ]


def list_check_statements(scope: Construct, place: Exporting) -> list[iam.PolicyStatement]:
    """List what the function may do that reads a file."""
    return [
        allow("ReadTime", ["workmail:DescribeOrganization"], place.organization_arn),
        allow("KeepJournal", ["dynamodb:GetItem", "dynamodb:PutItem"], place.journal_arn),
        allow("ReadExports", ["s3:GetObject"], f"{_bucket(scope, place)}/{place.prefix}*"),
        # Without it S3 says Forbidden of a file that is not there. It cannot be narrowed to a
        # prefix: HeadObject names none (S3 User Guide, "troubleshoot-403-errors").
        allow("ListExports", ["s3:ListBucket"], _bucket(scope, place)),
        allow(
            "DecryptExports",
            ["kms:Decrypt"],
            place.key_arn,
            conditions={"StringEquals": {"kms:ViaService": _s3(scope)}},
        ),
    ]


def list_machine_statements(function_arn: str, topic_arn: str | None) -> list[iam.PolicyStatement]:
    """List what the state machine may do, but for starting itself."""
    statements = [allow("Run", ["lambda:InvokeFunction"], function_arn)]
    if topic_arn is not None:
        statements.append(allow("Notify", ["sns:Publish"], topic_arn))
    return statements


def _bucket(scope: Construct, place: Exporting) -> str:
    return f"arn:{Stack.of(scope).partition}:s3:::{place.bucket}"


def _s3(scope: Construct) -> str:
    return f"s3.{Stack.of(scope).region}.amazonaws.com"
