"""Exports: what exports every mailbox to S3, and remembers which is verified.

A state machine asks one function for a round, waits, and asks again, for days. Everything that was
done is in the journal, so a round can be lost, repeated or interrupted
(docs/decisions/0022-exports-go-in-rounds.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.aws_dynamodb import CfnTable
from aws_cdk.aws_kms import CfnKey
from aws_cdk.aws_s3 import CfnBucket, CfnBucketPolicy
from aws_cdk.aws_stepfunctions import CfnStateMachine
from constructs import Construct

from workmail_org.infra.keeping import keep
from workmail_org.infra.permissions.exports import (
    Exporting,
    list_check_statements,
    list_export_statements,
    list_machine_statements,
    list_round_statements,
)
from workmail_org.infra.permissions.statements import allow, format_arn
from workmail_org.model.alarms import Alarms
from workmail_org.model.exports import MANAGED, Exports
from workmail_org.model.organization import Organization
from workmail_org.wire.names import (
    CHECK_EXPORT,
    EXPORT_BUCKET,
    EXPORT_CHECK,
    EXPORT_JOURNAL,
    EXPORT_JOURNAL_ID,
    EXPORT_KEY_ARN,
    EXPORT_ORGANIZATION,
    EXPORT_PREFIX,
    EXPORT_ROLE_ARN,
    RUN_EXPORTS,
)

_PRINCIPAL = "export.workmail.amazonaws.com"
"""Who writes exports (WorkMail Admin Guide, "mail-export")."""

_LOG_RETENTION = logs.RetentionDays.THREE_MONTHS
"""As for the handlers."""

_CHECK_MEGABYTES = 3008
"""The directory of a zip is read as a whole: some 600 bytes for each message. With more memory a
function computes faster; accounts begin with this as the most (Lambda quotas)."""

_MOST_ROUNDS = 500
"""Rounds of one execution: each is 9 events of its history, which has 25 000 (Step Functions
quotas). The rest is for retries."""

_UNFINISHED_DAYS = 7
"""Parts of an upload that was never finished are paid for, and nobody sees them."""


class ExportsResource:
    """What exports the mailboxes of one organization.

    Makes an `AWS::S3::Bucket` and an `AWS::KMS::Key` where the spec wants them managed, an
    `AWS::DynamoDB::Table` as journal, an `AWS::IAM::Role` that WorkMail takes on, two
    `AWS::Lambda::Function`s with their roles and log group, and an
    `AWS::StepFunctions::StateMachine`. Bucket, key and journal stay when the stack goes, whatever
    the spec says.

    All are children of the scope: short logical ids, equal in every release.

    Attributes:
        journal: Table that says whose mailbox has a verified export.
        machine_arn: State machine that runs a pass.
        running: What a pass needs: all else that it needs is named in these.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        organization: Organization,
        exports: Exports,
        organization_id: str,
        code: lambda_.Code,
    ) -> None:
        self._scope = scope
        self._code = code
        self._logs = logs.LogGroup(
            scope, "ExportLogs", retention=_LOG_RETENTION, removal_policy=RemovalPolicy.RETAIN
        )
        key_arn = self._add_key().attr_arn if exports.key == MANAGED else exports.key
        bucket = exports.bucket
        if bucket == MANAGED:
            bucket = self._add_bucket(key_arn).ref
        self.journal = self._add_journal()
        self._place = Exporting(
            organization_arn=format_arn(scope, "workmail", f"organization/{organization_id}"),
            bucket=bucket,
            prefix=exports.prefix,
            key_arn=key_arn,
            journal_arn=self.journal.attr_arn,
        )
        export_role = self._add_export_role()
        environment = {
            EXPORT_ORGANIZATION: organization_id,
            EXPORT_JOURNAL: self.journal.ref,
            EXPORT_BUCKET: bucket,
        }
        check = self._add_function(
            "ExportCheck",
            CHECK_EXPORT,
            list_check_statements(scope, self._place),
            environment,
            megabytes=_CHECK_MEGABYTES,
        )
        run = self._add_function(
            "ExportRound",
            RUN_EXPORTS,
            list_round_statements(self._place, export_role.role_arn, check.function_arn),
            {
                **environment,
                EXPORT_PREFIX: exports.prefix,
                EXPORT_KEY_ARN: key_arn,
                EXPORT_ROLE_ARN: export_role.role_arn,
                EXPORT_CHECK: check.function_name,
            },
        )
        machine, goes_on = self._add_machine(run, organization.alarms)
        self.machine_arn = machine.ref
        self.running = (machine, goes_on)
        CfnOutput(
            scope,
            "ExportBucketName",
            description="Bucket that mailboxes are exported to",
            value=bucket,
        )

    def _add_key(self) -> CfnKey:
        root = f"arn:{Stack.of(self._scope).partition}:iam::{Stack.of(self._scope).account}:root"
        key = CfnKey(
            self._scope,
            "ExportKey",
            description="Encrypts the exported mailboxes: without it nobody can read them",
            enable_key_rotation=True,
            key_policy={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "LetIamDecide",
                        "Effect": "Allow",
                        "Principal": {"AWS": root},
                        "Action": "kms:*",
                        "Resource": "*",
                    },
                    {
                        # Who wants it gone has to take this away first, and so knows of it.
                        "Sid": "NeverDelete",
                        "Effect": "Deny",
                        "Principal": {"AWS": "*"},
                        "Action": "kms:ScheduleKeyDeletion",
                        "Resource": "*",
                    },
                ],
            },
        )
        keep(key, kept=True)
        return key

    def _add_bucket(self, key_arn: str) -> CfnBucket:
        encryption = CfnBucket.ServerSideEncryptionByDefaultProperty(
            sse_algorithm="aws:kms", kms_master_key_id=key_arn
        )
        bucket = CfnBucket(
            self._scope,
            "ExportBucket",
            bucket_encryption=CfnBucket.BucketEncryptionProperty(
                server_side_encryption_configuration=[
                    CfnBucket.ServerSideEncryptionRuleProperty(
                        server_side_encryption_by_default=encryption,
                        # With bucket keys the encryption context is the bucket's ARN, which the
                        # role's condition on the object's never meets: every job would fail.
                        bucket_key_enabled=False,
                    )
                ]
            ),
            versioning_configuration=CfnBucket.VersioningConfigurationProperty(status="Enabled"),
            public_access_block_configuration=CfnBucket.PublicAccessBlockConfigurationProperty(
                block_public_acls=True,
                block_public_policy=True,
                ignore_public_acls=True,
                restrict_public_buckets=True,
            ),
            ownership_controls=CfnBucket.OwnershipControlsProperty(
                rules=[
                    CfnBucket.OwnershipControlsRuleProperty(object_ownership="BucketOwnerEnforced")
                ]
            ),
            lifecycle_configuration=CfnBucket.LifecycleConfigurationProperty(
                rules=[
                    CfnBucket.RuleProperty(
                        id="UnfinishedUploads",
                        status="Enabled",
                        abort_incomplete_multipart_upload=(
                            CfnBucket.AbortIncompleteMultipartUploadProperty(
                                days_after_initiation=_UNFINISHED_DAYS
                            )
                        ),
                    )
                ]
            ),
        )
        keep(bucket, kept=True)
        policy = CfnBucketPolicy(
            self._scope,
            "ExportBucketPolicy",
            bucket=bucket.ref,
            policy_document={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "TlsOnly",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [bucket.attr_arn, f"{bucket.attr_arn}/*"],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            },
        )
        keep(policy, kept=True)
        return bucket

    def _add_journal(self) -> CfnTable:
        key = [("Pass", "HASH"), ("Id", "RANGE")]
        table = CfnTable(
            self._scope,
            EXPORT_JOURNAL_ID,
            attribute_definitions=[
                CfnTable.AttributeDefinitionProperty(attribute_name=name, attribute_type="S")
                for name, _ in key
            ],
            key_schema=[
                CfnTable.KeySchemaProperty(attribute_name=name, key_type=kind) for name, kind in key
            ],
            billing_mode="PAY_PER_REQUEST",
            deletion_protection_enabled=True,
            point_in_time_recovery_specification=CfnTable.PointInTimeRecoverySpecificationProperty(
                point_in_time_recovery_enabled=True
            ),
        )
        keep(table, kept=True)
        return table

    def _add_export_role(self) -> iam.Role:
        principal = iam.ServicePrincipal(
            _PRINCIPAL,
            conditions={
                "StringEquals": {"aws:SourceAccount": Stack.of(self._scope).account},
                "ArnLike": {"aws:SourceArn": self._place.organization_arn},
            },
        )
        statements = list_export_statements(self._scope, self._place)
        return iam.Role(
            self._scope,
            "ExportRole",
            description="WorkMail writes exported mailboxes with it",
            assumed_by=cast("iam.IPrincipal", principal),
            inline_policies={"Export": iam.PolicyDocument(statements=statements)},
        )

    def _add_function(
        self,
        construct_id: str,
        handler: str,
        statements: Sequence[iam.PolicyStatement],
        environment: Mapping[str, str],
        *,
        megabytes: int = 512,
    ) -> lambda_.Function:
        write_log = allow(
            "Log", ["logs:CreateLogStream", "logs:PutLogEvents"], self._logs.log_group_arn
        )
        role = iam.Role(
            self._scope,
            f"{construct_id}Role",
            assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("lambda.amazonaws.com")),
            inline_policies={"Run": iam.PolicyDocument(statements=[write_log, *statements])},
        )
        return lambda_.Function(
            self._scope,
            construct_id,
            runtime=lambda_.Runtime.PYTHON_3_12,
            code=self._code,
            handler=handler,
            role=cast("iam.IRole", role),
            environment=dict(environment),
            log_group=self._logs,
            timeout=Duration.minutes(15),
            memory_size=megabytes,
        )

    def _add_machine(
        self, run: lambda_.Function, alarms: Alarms | None
    ) -> tuple[CfnStateMachine, iam.CfnPolicy]:
        topic_arn = alarms.topic_arn if alarms else None
        role = iam.Role(
            self._scope,
            "ExportMachineRole",
            assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("states.amazonaws.com")),
            inline_policies={
                "Run": iam.PolicyDocument(
                    statements=list_machine_statements(run.function_arn, topic_arn)
                )
            },
        )
        states = make_states(run.function_arn, topic_arn)
        machine = CfnStateMachine(
            self._scope,
            "ExportMachine",
            role_arn=role.role_arn,
            definition_string=Stack.of(self._scope).to_json_string(states),
        )
        # Apart from the role, which has to be there before the machine.
        goes_on = iam.CfnPolicy(
            self._scope,
            "ExportMachineGoesOn",
            policy_name="GoOn",
            policy_document=iam.PolicyDocument(
                statements=[allow("GoOn", ["states:StartExecution"], machine.ref)]
            ),
            roles=[role.role_name],
        )
        return machine, goes_on


def make_states(function_arn: str, topic_arn: str | None) -> dict[str, Any]:
    """Make the definition of the state machine, in the Amazon States Language.

    An execution that has taken many rounds starts another one and ends: the history of one is
    limited, and a pass of ten thousand mailboxes lasts a week.
    """
    end: dict[str, Any] = {"Done": {"Type": "Succeed"}}
    told: list[dict[str, Any]] = []
    if topic_arn is not None:
        # Who only looks whether anything is left to do is not news.
        news = [
            {"Variable": variable, "BooleanEquals": True} for variable in ("$.done", "$.changed")
        ]
        told.append({"And": news, "Next": "Notify"})
        end["Notify"] = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Parameters": {
                "TopicArn": topic_arn,
                "Subject": "Amazon WorkMail: mailboxes are exported",
                "Message.$": "States.Format('The {} pass of mailbox exports is over: {} verified, "
                "{} failed. workmail-org leave export shows the reasons.', "
                "$.pass, $.verified, $.failed)",
            },
            "ResultPath": None,
            # What was exported is exported, whether anybody hears of it or not.
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Done"}],
            "Next": "Done",
        }
    return {
        "Comment": "Exports every mailbox of an organization, round by round",
        "StartAt": "Round",
        "States": {
            "Round": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": function_arn, "Payload.$": "$"},
                "OutputPath": "$.Payload",
                "Retry": [
                    {
                        # A person has to do something; IAM may need a while to know of it.
                        "ErrorEquals": ["DeniedError", "NotFoundError", "PermanentError"],
                        "IntervalSeconds": 60,
                        "BackoffRate": 2,
                        "MaxAttempts": 3,
                    },
                    {
                        # Two days of whatever it is that passes.
                        "ErrorEquals": ["States.ALL"],
                        "IntervalSeconds": 30,
                        "BackoffRate": 2,
                        "MaxDelaySeconds": 900,
                        "MaxAttempts": 200,
                    },
                ],
                "Next": "IsOver",
            },
            "IsOver": {
                "Type": "Choice",
                "Choices": [
                    *told,
                    {"Variable": "$.done", "BooleanEquals": True, "Next": "Done"},
                    {
                        "Variable": "$.round",
                        "NumericGreaterThanEquals": _MOST_ROUNDS,
                        "Next": "GoOn",
                    },
                ],
                "Default": "Pause",
            },
            "Pause": {"Type": "Wait", "SecondsPath": "$.pause", "Next": "Round"},
            "GoOn": {
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution",
                "Parameters": {
                    "StateMachineArn.$": "$$.StateMachine.Id",
                    "Name.$": "States.Format('{}-{}', $.series, States.UUID())",
                    "Input": {
                        "pass.$": "$.pass",
                        "series.$": "$.series",
                        "names.$": "$.names",
                        "changed.$": "$.changed",
                        "begin": False,
                        "round": 0,
                    },
                },
                "Retry": [
                    {
                        "ErrorEquals": ["States.ALL"],
                        "IntervalSeconds": 30,
                        "BackoffRate": 2,
                        "MaxDelaySeconds": 900,
                        "MaxAttempts": 200,
                    }
                ],
                "End": True,
            },
            **end,
        },
    }
