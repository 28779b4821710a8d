"""Managing: what the stack that manages an organization already says of it, beyond what is live.

A stack knows what no call of WorkMail shows: names of secrets, hosted zones, removal policies,
brakes, a directory that it made. With them the spec of a managed organization is the one that it
has, as far as the template tells. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from workmail_org.importing.fitting import Fitted, Remainder
from workmail_org.model.alarms import Alarms
from workmail_org.model.domain import HostedZone, MailDomain, RecordGroup
from workmail_org.model.exports import MANAGED, Exports
from workmail_org.model.policies import Availability, EmailMonitoring, Policies
from workmail_org.model.removal import OnRemoval, Safety
from workmail_org.model.values import OrganizationId, fold
from workmail_org.plan.declarations import Declaration
from workmail_org.wire.names import (
    EXPORT_BUCKET,
    EXPORT_JOURNAL_ID,
    EXPORT_KEY_ARN,
    EXPORT_PREFIX,
    UNRESOLVED,
)
from workmail_org.wire.properties import (
    AvailabilityProperties,
    EmailMonitoringProperties,
    ResourceType,
)

_NOT_IN_A_STACK = Remainder(
    subject="expectations, ignored drift, and comments of the former spec",
    reason="they are in no stack",
    advice="take them over from the former spec",
)
_ALARMS = Remainder(
    subject="alarms",
    reason="the topic of those in the stack is not understood, and a deployment without the section"
    " deletes them",
    advice="take the section alarms over from the former spec before the next deployment",
)

_EXPORTS = Remainder(
    subject="exports",
    reason="those in the stack are not understood; a deployment without the section exports "
    "nothing more, and deletes nothing that was exported",
    advice="take the section exports over from the former spec before the next deployment",
)


_ALARM = "AWS::CloudWatch::Alarm"

_BOUNCE_METRICS = ("IncomingEmailBounced", "OutgoingEmailBounced")
"""As `infra.alarms` calls what it counts."""


def add_managed(
    fitted: Fitted,
    declaration: Declaration,
    template: Mapping[str, Any],
    zone_names: Mapping[str, str],
) -> Fitted:
    """Add what a stack says of its organization.

    Args:
        fitted: From what is live.
        declaration: From the template.
        template: As CloudFormation keeps it.
        zone_names: Names of hosted zones by id; where one is not known, the
            domain itself is taken for it.
    """
    organization = fitted.organization
    users, about = declaration.users, declaration.organization
    left = set(_list_left_domains(fitted))
    declared = {
        fold(each.domain): each
        for each in _get_availability(declaration)
        if each.ews and each.domain in left
    }
    directory = declaration.directory
    alarms = _read_alarms(template)
    exports = read_exports(template)
    added = replace(
        organization,
        existing=OrganizationId(about.existing) if about.existing else None,
        kms_key_arn=about.kms_key_arn,
        adopt=users.adopt,
        passwords=users.passwords,
        domains=tuple(_add_zone(each, declaration, zone_names) for each in organization.domains),
        directory=replace(
            directory.directory,
            admin_password_secret=_resolve(directory.admin_password_secret_arn),
        )
        if directory
        else organization.directory,
        policies=_add_policies(organization.policies, declaration, template, declared),
        alarms=alarms,
        exports=exports,
        on_removal=OnRemoval(
            users=declaration.removals.users_on_removal,
            resources=declaration.removals.resources_on_removal,
            groups=declaration.removals.groups_on_removal,
            domains=about.domains_on_removal,
            organization=about.on_removal,
            directory=about.directory_on_removal,
        ),
        safety=Safety(
            max_removals_percent=users.max_removals_percent,
            min_managed=users.min_managed,
            require_approval=_requires_approval(template),
        ),
    )
    has_alarms = any(True for _ in _list_properties(template, _ALARM))
    tables = (name for name, _ in _list_resources(template, "AWS::DynamoDB::Table"))
    has_exports = any(EXPORT_JOURNAL_ID in name for name in tables)
    paths = {("policies", "availability", domain) for domain in declared}
    return Fitted(
        organization=added,
        remainders=(
            *(each for each in fitted.remainders if each.path not in paths),
            *((_ALARMS,) if has_alarms and alarms is None else ()),
            *((_EXPORTS,) if has_exports and exports is None else ()),
            _NOT_IN_A_STACK,
        ),
        comments={path: lines for path, lines in fitted.comments.items() if path not in paths},
    )


def _list_left_domains(fitted: Fitted) -> Iterator[str]:
    """List the domains whose availability is left out, since its password is not known."""
    for each in fitted.remainders:
        if each.path[:2] == ("policies", "availability"):
            yield str(each.path[2])


def _get_availability(declaration: Declaration) -> tuple[Availability, ...]:
    found = declaration.settings.get(ResourceType.AVAILABILITY_CONFIGURATIONS)
    return cast("AvailabilityProperties", found).configurations if found else ()


def _add_zone(
    domain: MailDomain, declaration: Declaration, zone_names: Mapping[str, str]
) -> MailDomain:
    zone = declaration.zones.get(domain.name)
    if zone is None:
        return domain
    omitted = frozenset(RecordGroup) - zone.records
    hosted = HostedZone(
        hosted_zone_id=zone.hosted_zone_id,
        zone_name=zone_names.get(zone.hosted_zone_id, domain.name),
        omit=tuple(sorted(omitted)),
    )
    return replace(domain, dns=hosted, verified=False)


def _add_policies(
    policies: Policies,
    declaration: Declaration,
    template: Mapping[str, Any],
    availability: Mapping[str, Availability],
) -> Policies:
    every = sorted((*policies.availability, *availability.values()), key=lambda a: a.domain)
    found = declaration.settings.get(ResourceType.EMAIL_MONITORING)
    is_managed = found and cast("EmailMonitoringProperties", found).managed
    days = next(
        (
            properties.get("RetentionInDays")
            for logical_id, properties in _list_resources(template, "AWS::Logs::LogGroup")
            if "EmailEvents" in logical_id  # as infra.monitoring calls it; handlers have others
        ),
        None,
    )
    return replace(
        policies,
        availability=tuple(every),
        email_monitoring=EmailMonitoring(retention_days=days)
        if is_managed
        else policies.email_monitoring,
    )


def _read_alarms(template: Mapping[str, Any]) -> Alarms | None:
    """Read the section `alarms` back; `None`: there is none, or its topic is not plain text."""
    topics = {
        topic
        for alarm in _list_properties(template, _ALARM)
        for topic in alarm.get("AlarmActions", ())
        if isinstance(topic, str)
    }
    if len(topics) != 1:
        return None
    bounces = next(
        (
            int(alarm["Threshold"])
            for alarm in _list_properties(template, _ALARM)
            if alarm.get("MetricName") in _BOUNCE_METRICS
        ),
        None,
    )
    return Alarms(
        topic_arn=topics.pop(),
        bounces_per_hour=bounces,
        dashboard=any(True for _ in _list_properties(template, "AWS::CloudWatch::Dashboard")),
    )


def read_exports(template: Mapping[str, Any]) -> Exports | None:
    """Read the section `exports` back; `None`: there is none, or it is not plain text.

    What the function is told is a name where the spec gives one, and a reference where the stack
    made it.
    """
    for properties in _list_properties(template, "AWS::Lambda::Function"):
        told = properties.get("Environment", {}).get("Variables", {})
        if EXPORT_PREFIX not in told:
            continue
        places = [told.get(name) for name in (EXPORT_BUCKET, EXPORT_KEY_ARN)]
        if not isinstance(told[EXPORT_PREFIX], str) or None in places:
            return None
        bucket, key = (each if isinstance(each, str) else MANAGED for each in places)
        return Exports(bucket=bucket, key=key, prefix=told[EXPORT_PREFIX])
    return None


def _requires_approval(template: Mapping[str, Any]) -> bool:
    kinds = [ResourceType.USERS, ResourceType.ORGANIZATION]
    return any(
        str(each.get("RequireApproval", "")).lower() == "true"
        for kind in kinds
        for each in _list_properties(template, kind)
    )


def _list_properties(template: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    return (properties for _, properties in _list_resources(template, kind))


def _list_resources(
    template: Mapping[str, Any], kind: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for logical_id, resource in template.get("Resources", {}).items():
        if resource.get("Type") == kind:
            yield logical_id, resource.get("Properties", {})


def _resolve(text: str | None) -> str | None:
    return None if text == UNRESOLVED else text
