"""HandlerProvider: two Lambda functions behind CDK's provider framework, with one role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from aws_cdk import CfnResource, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.aws_dynamodb import CfnTable
from aws_cdk.custom_resources import Provider
from constructs import Construct, IConstruct

from workmail_org.infra.consenting import read_consent
from workmail_org.infra.naming import make_pinned_id
from workmail_org.infra.permissions.statements import allow_keeping_ledger
from workmail_org.model.organization import Organization
from workmail_org.wire.names import IS_COMPLETE, LEDGER_TABLE, ON_EVENT
from workmail_org.wire.properties import ResourceType

_SERVICE_TIMEOUT_SECONDS = 3600
"""CloudFormation waits no longer for a custom resource (CloudFormation User Guide,
AWS::CloudFormation::CustomResource, ServiceTimeout)."""

_TOTAL_TIMEOUT = Duration.minutes(55)
"""Less than CloudFormation's hour, so that the framework gives the reason and not silence."""

_QUERY_INTERVAL = Duration.seconds(10)
"""A domain verifies in minutes, an organization in 20 to 60 seconds (facts.md §2)."""

_LOG_RETENTION = logs.RetentionDays.THREE_MONTHS
"""Outlives the 30 days that a disabled mailbox is kept (facts.md §7.1)."""


class HandlerProvider(Construct):
    """What answers for a group of custom resource types.

    Makes two `AWS::Lambda::Function`s (on_event, is_complete) with one
    `AWS::IAM::Role` and one `AWS::Logs::LogGroup`, and CDK's provider framework:
    three functions and a Step Functions waiter. Nothing here is ever replaced:
    the function that resources name as `ServiceToken` has a pinned logical id.

    Args:
        scope: Parent.
        construct_id: In the pinned logical id.
        organization: That its resources are about.
        code: The Lambda bundle.
        ledger: Where the handlers keep what they must not forget.
        statements: What the handlers may do beyond writing their log.
        keep_logs: Whether the log group outlives the stack.

    Attributes:
        functions: Every function whose failure means that something was not
            done, by construct id. The framework's isComplete is none of them:
            it fails whenever it has to be asked again.
        log_group_name: Where all of them write.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        organization: Organization,
        code: lambda_.Code,
        ledger: CfnTable,
        statements: Sequence[iam.PolicyStatement],
        keep_logs: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self._code = code
        self._ledger = ledger
        self._consent = read_consent(self, organization)
        self._log_group = logs.LogGroup(
            self,
            "Logs",
            retention=_LOG_RETENTION,
            removal_policy=RemovalPolicy.RETAIN if keep_logs else RemovalPolicy.DESTROY,
        )
        self._role = self._make_role("Role", [allow_keeping_ledger(ledger.attr_arn), *statements])
        on_event = self._make_function("OnEvent", ON_EVENT)
        is_complete = self._make_function("IsComplete", IS_COMPLETE)
        self._framework = Provider(
            self,
            "Framework",
            on_event_handler=on_event,
            is_complete_handler=is_complete,
            query_interval=_QUERY_INTERVAL,
            total_timeout=_TOTAL_TIMEOUT,
            log_group=self._log_group,
            # The framework's own roles may make log groups: a function that ends after the group is
            # deleted would bring it back.
            framework_on_event_role=cast("iam.IRole", self._make_role("FrameworkOnEventRole")),
            framework_complete_and_timeout_role=cast(
                "iam.IRole", self._make_role("FrameworkCompleteRole")
            ),
        )
        entrypoint = self._framework.node.find_child("framework-onEvent")
        self._pin_service_token(entrypoint)
        self.functions: Mapping[str, lambda_.IFunction] = {
            "OnEvent": on_event,
            "IsComplete": is_complete,
            "Framework": cast("lambda_.IFunction", entrypoint),
        }
        self.log_group_name = self._log_group.log_group_name

    def add_resource(
        self,
        scope: Construct,
        construct_id: str,
        resource_type: ResourceType,
        properties: Mapping[str, Any],
        *,
        part_name: str,
        after: Iterable[CfnResource] = (),
    ) -> CfnResource:
        """Add a custom resource that this provider answers for.

        Args:
            scope: Parent.
            construct_id: Id of the resource.
            resource_type: One that the handlers know.
            properties: Encoded by `encode_properties`, and tokens.
            part_name: What it is called in its physical id, and in an approval.
            after: What must be there before, and goes only afterwards.
        """
        resource = CfnResource(
            scope,
            construct_id,
            type=resource_type,
            properties={
                "ServiceToken": self._framework.service_token,
                "ServiceTimeout": str(_SERVICE_TIMEOUT_SECONDS),
                LEDGER_TABLE: self._ledger.ref,
                **self._consent.make_properties(resource_type, part_name),
                **properties,
            },
        )
        for earlier in after:
            resource.add_resource_dependency(earlier)
        return resource

    def _make_role(
        self, construct_id: str, statements: Sequence[iam.PolicyStatement] = ()
    ) -> iam.Role:
        write_log = iam.PolicyStatement(
            sid="Log",
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[self._log_group.log_group_arn],
        )
        # Inline, not a policy of its own: it is there before the functions run and until they end.
        return iam.Role(
            self,
            construct_id,
            assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("lambda.amazonaws.com")),
            inline_policies={"Handlers": iam.PolicyDocument(statements=[write_log, *statements])},
        )

    def _make_function(self, construct_id: str, handler: str) -> lambda_.IFunction:
        function = lambda_.Function(
            self,
            construct_id,
            runtime=lambda_.Runtime.PYTHON_3_12,
            code=self._code,
            handler=handler,
            role=cast("iam.IRole", self._role),
            log_group=self._log_group,
            timeout=Duration.minutes(15),
            memory_size=512,
        )
        return cast("lambda_.IFunction", function)

    def _pin_service_token(self, entrypoint: IConstruct) -> None:
        function = cast("lambda_.CfnFunction", entrypoint.node.default_child)
        function.override_logical_id(make_pinned_id(self))
