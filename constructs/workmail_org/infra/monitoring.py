"""Email monitoring: the log group that WorkMail writes email events to, and the role for it."""

from __future__ import annotations

from typing import Any, cast

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_iam as iam
from aws_cdk.aws_logs import CfnLogGroup
from constructs import Construct

from workmail_org.infra.keeping import keep, keeps_organization
from workmail_org.infra.naming import make_events_role_name, make_pinned_id
from workmail_org.model.organization import Organization
from workmail_org.model.policies import EmailMonitoring
from workmail_org.wire.names import LOG_GROUP_ARN, MANAGED, ROLE_ARN


class EventsPlace:
    """Where email events go.

    Makes an `AWS::Logs::LogGroup` and an `AWS::IAM::Role` where the spec wants a
    managed log group. The log group stays as long as the organization.

    Attributes:
        role_arn: Role that writes the events, or its token; `None`: WorkMail's
            own.
        log_group: What the stack makes; `None`: it is somebody else's.
    """

    def __init__(
        self, scope: Construct, organization: Organization, monitoring: EmailMonitoring
    ) -> None:
        self._managed = monitoring.managed
        self._log_group_arn = monitoring.log_group_arn
        self.role_arn = monitoring.role_arn
        self.log_group: CfnLogGroup | None = None
        if monitoring.managed:
            self.log_group = _add_log_group(scope, organization, monitoring.retention_days)
            self._log_group_arn = self.log_group.attr_arn
            self.role_arn = _add_role(scope, organization, self.log_group)

    def make_properties(self) -> dict[str, Any]:
        """Make the properties of `Custom::WorkMailEmailMonitoring`; both can be tokens."""
        role = {} if self.role_arn is None else {ROLE_ARN: self.role_arn}
        managed = {MANAGED: "true"} if self._managed else {}
        return {LOG_GROUP_ARN: self._log_group_arn, **role, **managed}


def _add_log_group(
    scope: Construct, organization: Organization, retention_days: int | None
) -> CfnLogGroup:
    # Without a name of its own: one that was kept is not an obstacle to the next deployment.
    log_group = CfnLogGroup(scope, "EmailEvents", retention_in_days=retention_days)
    keep(log_group, kept=keeps_organization(organization))
    CfnOutput(
        scope,
        "EmailEventsLogGroup",
        description="Log group with the email events of the organization",
        value=log_group.ref,
    )
    return log_group


def _add_role(scope: Construct, organization: Organization, log_group: CfnLogGroup) -> str:
    principal = iam.ServicePrincipal(
        "events.workmail.amazonaws.com",
        # If WorkMail says for whom it acts, it has to be for us. Its guide shows the role without a
        # condition (WorkMail Admin Guide, "tracking"), so it may not say.
        conditions={"StringEqualsIfExists": {"aws:SourceAccount": Stack.of(scope).account}},
    )
    write = iam.PolicyStatement(
        sid="WriteEvents",
        actions=["logs:CreateLogStream", "logs:PutLogEvents"],
        resources=[log_group.attr_arn],
    )
    role = iam.Role(
        scope,
        "EmailEventsRole",
        role_name=make_events_role_name(scope, organization.region),
        assumed_by=cast("iam.IPrincipal", principal),
        inline_policies={"Events": iam.PolicyDocument(statements=[write])},
    )
    # A new logical id would be a second role of the same name.
    cast("iam.CfnRole", role.node.default_child).override_logical_id(make_pinned_id(role))
    return role.role_arn
