"""Email monitoring: where events about mail are logged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workmail_org.changes.calls import Argument, Call, Generated, Phase, Setting, make_call
from workmail_org.changes.consequences import GUIDE, Consequence, Rule
from workmail_org.changes.deciding import Decision
from workmail_org.changes.explaining import Explanation, Wording
from workmail_org.model.live import LiveMonitoring, LiveSettings
from workmail_org.model.organization import Organization
from workmail_org.wire.names import UNRESOLVED
from workmail_org.wire.properties import EmailMonitoringProperties

_SUBJECT = Setting("email monitoring")


MONITORING = Rule(
    "monitoring",
    Consequence.NONE,
    "only where events about mail are written",
    f'{GUIDE}, "tracking"',
)


def declare(organization: Organization, stack: str) -> EmailMonitoringProperties | None:  # noqa: ARG001 - the shape
    """Write where events go; `None`: it is not managed. What the stack makes has no ARN yet."""
    declared = organization.policies.email_monitoring
    if declared is None:
        return None
    return EmailMonitoringProperties(
        log_group_arn=declared.log_group_arn or UNRESOLVED,
        role_arn=UNRESOLVED if declared.managed else declared.role_arn,
        managed=declared.managed,
    )


def predict(declared: EmailMonitoringProperties) -> LiveMonitoring:
    """Predict what is live once email monitoring is deployed."""
    return LiveMonitoring(log_group_arn=declared.log_group_arn, role_arn=declared.role_arn)


def capture(
    live: LiveSettings,
    declared: EmailMonitoringProperties | None,  # noqa: ARG001 - the shape
    previous: EmailMonitoringProperties | None,  # noqa: ARG001 - the shape
) -> EmailMonitoringProperties | None:
    """Write where events go, as it would be declared; `None`: nowhere."""
    found = live.email_monitoring
    if found is None:
        return None
    return EmailMonitoringProperties(log_group_arn=found.log_group_arn, role_arn=found.role_arn)


def decide(
    live: LiveSettings,
    declared: EmailMonitoringProperties | None,
    previous: EmailMonitoringProperties | None,
) -> Decision:
    """Decide whether events go elsewhere; undeclared, it ends, if they go where it was declared.

    Source:
        WorkMail API 2017-10-01: PutEmailMonitoringConfiguration,
        DeleteEmailMonitoringConfiguration.
    """
    found = live.email_monitoring
    if declared is None:
        ours = found and previous and found.log_group_arn == previous.log_group_arn
        return Decision(calls=(_delete(),) if ours else ())
    return Decision() if _is_there(found, declared, previous) else Decision(calls=(_put(declared),))


def _is_there(
    found: LiveMonitoring | None,
    declared: EmailMonitoringProperties,
    previous: EmailMonitoringProperties | None,
) -> bool:
    if found is None:
        return False
    if declared.log_group_arn == UNRESOLVED and declared == previous:
        return True  # only CloudFormation knows the ARNs: what is live cannot be compared
    if found.log_group_arn != declared.log_group_arn:
        return False
    # Without a role of the spec's, WorkMail puts its own there.
    return declared.role_arn in (None, found.role_arn)


def explain(
    live: LiveSettings,  # noqa: ARG001 - the shape
    declared: EmailMonitoringProperties | None,
    calls: Sequence[Call],
    wording: Wording,  # noqa: ARG001 - the shape
) -> Iterator[Explanation]:
    """Tell where events go."""
    if declared is None:
        yield MONITORING, "events about mail are not logged any more", calls
        return
    managed = declared.log_group_arn == UNRESOLVED
    where = "a log group of the stack" if managed else declared.log_group_arn
    yield MONITORING, f"events about mail are logged to {where}", calls


def _put(declared: EmailMonitoringProperties) -> Call:
    known = Generated if declared.managed else str
    arguments: dict[str, Argument] = {"LogGroupArn": known(declared.log_group_arn)}
    if declared.role_arn:
        arguments["RoleArn"] = known(declared.role_arn)
    return make_call(Phase.JOIN, "PutEmailMonitoringConfiguration", _SUBJECT, **arguments)


def _delete() -> Call:
    return make_call(Phase.LEAVE, "DeleteEmailMonitoringConfiguration", _SUBJECT)
