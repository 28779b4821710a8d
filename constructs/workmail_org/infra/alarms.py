"""Alarms: who is told when a handler fails or mail bounces, and a dashboard of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Aws, CfnOutput, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_logs import CfnLogGroup, CfnMetricFilter
from constructs import Construct

from workmail_org.infra.provider import HandlerProvider
from workmail_org.model.alarms import Alarms

_FAILURE_PERIOD = Duration.minutes(5)

_BOUNCE_PERIOD = Duration.hours(1)

_BOUNCES: Mapping[str, str] = {
    "IncomingEmailBounced": "INCOMING_EMAIL_BOUNCED",
    "OutgoingEmailBounced": "OUTGOING_EMAIL_BOUNCED",
}
"""WorkMail's metrics of bounces, and the email events that say the same (WorkMail Admin Guide,
"monitoring-workmail-cloudwatch")."""

_MAIL = ("OrganizationEmailReceived", "MailboxEmailDelivered", "OutgoingEmailSent", *_BOUNCES)
"""All metrics of WorkMail, same page."""

_SEARCH = "SEARCH('Namespace=\"AWS/WorkMail\" MetricName=\"{}\"', 'Sum', 3600)"
"""Finds a metric whatever its dimensions are; an alarm cannot search (CloudWatch User Guide,
"using-search-expressions")."""

_WIDTH = 24
"""Columns of a dashboard (CloudWatch API, Dashboard Body Structure)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What can be watched in a stack.

    Attributes:
        providers: By construct id.
        events: Log group with the email events, if the stack makes it.
        exports_arn: State machine that exports mailboxes, if there is one.
    """

    providers: Mapping[str, HandlerProvider]
    events: CfnLogGroup | None
    exports_arn: str | None = None

    @property
    def functions(self) -> dict[str, lambda_.IFunction]:
        """Every function whose failure means that something was not done, by construct id."""
        return {
            f"{provider}{name}": function
            for provider, made in self.providers.items()
            for name, function in made.functions.items()
        }


def add_alarms(scope: Construct, alarms: Alarms, watched: Watched) -> None:
    """Add alarms, and the dashboard if the spec wants one.

    Adds an `AWS::CloudWatch::Alarm` for each function, one for exports, and an
    `AWS::Logs::MetricFilter` with an alarm for each direction of mail where
    bounces are counted.

    Args:
        scope: Of the organization; logical ids are short there.
        alarms: From the spec.
        watched: What the stack has.
    """
    made = [
        _add_failure_alarm(scope, construct_id, function, alarms.topic_arn)
        for construct_id, function in watched.functions.items()
    ]
    if alarms.bounces_per_hour and watched.events:
        made += _add_bounce_alarms(scope, watched.events, alarms.bounces_per_hour, alarms.topic_arn)
    if watched.exports_arn:
        made.append(_add_exports_alarm(scope, watched.exports_arn, alarms.topic_arn))
    if alarms.dashboard:
        _add_dashboard(scope, watched, made)


def _add_failure_alarm(
    scope: Construct, construct_id: str, function: lambda_.IFunction, topic_arn: str
) -> cloudwatch.CfnAlarm:
    return cloudwatch.CfnAlarm(
        scope,
        f"{construct_id}Failures",
        alarm_description="A handler of Amazon WorkMail failed: a deployment was refused or could "
        "not be finished. The events of the stack and the log of the function say why.",
        namespace="AWS/Lambda",
        metric_name="Errors",
        dimensions=[
            cloudwatch.CfnAlarm.DimensionProperty(name="FunctionName", value=function.function_name)
        ],
        statistic="Sum",
        period=_FAILURE_PERIOD.to_seconds(),
        evaluation_periods=1,
        threshold=1,
        comparison_operator="GreaterThanOrEqualToThreshold",
        # A function that nobody calls has no errors.
        treat_missing_data="notBreaching",
        alarm_actions=[topic_arn],
    )


def _add_exports_alarm(scope: Construct, machine_arn: str, topic_arn: str) -> cloudwatch.CfnAlarm:
    """Watch the state machine: its function may fail, and is asked again."""
    return cloudwatch.CfnAlarm(
        scope,
        "ExportsFailed",
        alarm_description="Mailboxes are not exported any more: the execution of the state machine "
        "failed, and its history says why. workmail-org leave export goes on.",
        namespace="AWS/States",
        metric_name="ExecutionsFailed",
        dimensions=[
            cloudwatch.CfnAlarm.DimensionProperty(name="StateMachineArn", value=machine_arn)
        ],
        statistic="Sum",
        period=_FAILURE_PERIOD.to_seconds(),
        evaluation_periods=1,
        threshold=1,
        comparison_operator="GreaterThanOrEqualToThreshold",
        treat_missing_data="notBreaching",
        alarm_actions=[topic_arn],
    )


def _add_bounce_alarms(
    scope: Construct, events: CfnLogGroup, bounces_per_hour: int, topic_arn: str
) -> Iterator[cloudwatch.CfnAlarm]:
    """Count bounces by their events.

    WorkMail has metrics of its own for them, but says nowhere by which
    dimension they name an organization, and an alarm on a wrong one never
    rings (docs/decisions/0008).
    """
    for name, event in _BOUNCES.items():
        metric = CfnMetricFilter.MetricTransformationProperty(
            # A name of the stack's own: nobody else writes there.
            metric_namespace=f"WorkMailOrg/{Aws.STACK_NAME}",
            metric_name=name,
            metric_value="1",
            default_value=0,
        )
        CfnMetricFilter(
            scope,
            f"{name}Count",
            log_group_name=events.ref,
            filter_pattern=f'{{ $.event.eventName = "{event}" }}',
            metric_transformations=[metric],
        )
        yield cloudwatch.CfnAlarm(
            scope,
            f"{name}Alarm",
            alarm_description=f"{bounces_per_hour} or more messages bounced within an hour. "
            f"The log group {events.ref} says which: event.eventName = {event}.",
            namespace=metric.metric_namespace,
            metric_name=name,
            statistic="Sum",
            period=_BOUNCE_PERIOD.to_seconds(),
            evaluation_periods=1,
            threshold=bounces_per_hour,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=[topic_arn],
        )


def _add_dashboard(
    scope: Construct, watched: Watched, alarms: Sequence[cloudwatch.CfnAlarm]
) -> None:
    functions = watched.functions.values()
    widgets: list[list[cloudwatch.IWidget]] = [
        [
            cloudwatch.AlarmStatusWidget(
                title="Alarms",
                width=_WIDTH,
                alarms=[
                    cloudwatch.Alarm.from_alarm_arn(scope, f"{alarm.node.id}Shown", alarm.attr_arn)
                    for alarm in alarms
                ],
            )
        ],
        [_draw_mail()],
        [
            cloudwatch.GraphWidget(
                title="Errors of the handlers",
                width=_WIDTH // 2,
                left=[each.metric_errors(period=_FAILURE_PERIOD) for each in functions],
            ),
            cloudwatch.GraphWidget(
                title="Durations of the handlers",
                width=_WIDTH // 2,
                left=[
                    each.metric_duration(period=_FAILURE_PERIOD, statistic="Maximum")
                    for each in functions
                ],
            ),
        ],
        [
            cloudwatch.LogQueryWidget(
                title="What the handlers failed at",
                width=_WIDTH,
                log_group_names=[each.log_group_name for each in watched.providers.values()],
                query_lines=[
                    "fields @timestamp, kind, entity, call, error, reason",
                    'filter event = "failed" or outcome = "failed"',
                    "sort @timestamp desc",
                    "limit 50",
                ],
            )
        ],
    ]
    made = cloudwatch.Dashboard(scope, "Dashboard", widgets=widgets)
    CfnOutput(
        scope,
        "DashboardName",
        description="CloudWatch dashboard of the organization",
        value=made.dashboard_name,
    )


def _draw_mail() -> cloudwatch.GraphWidget:
    """Draw WorkMail's metrics of all organizations in the region; each is told by its dimension."""
    return cloudwatch.GraphWidget(
        title="Mail, all organizations of the region",
        width=_WIDTH,
        left=[
            cloudwatch.MathExpression(
                expression=_SEARCH.format(name),
                using_metrics={},
                label=name,
                period=_BOUNCE_PERIOD,
            )
            for name in _MAIL
        ],
    )
