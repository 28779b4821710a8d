"""Settings: what the resources for rules and settings would do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from workmail_org.changes import (
    access_control,
    availability,
    brakes,
    impersonation,
    mobile_devices,
    permissions,
)
from workmail_org.changes.brakes import Brake
from workmail_org.changes.calls import Call, Phase, make_call
from workmail_org.changes.settings import (
    IDENTITY_CENTER,
    begin_identity_center,
    dmarc_between,
    end_monitoring,
    end_retention,
    identity_center_between,
    monitoring_between,
    retention_between,
)
from workmail_org.plan.actual import Actual
from workmail_org.plan.declarations import Declaration, get_monitoring
from workmail_org.plan.step import Step
from workmail_org.wire.names import LEAVABLE, ResourceType, name_resource


def list_setting_steps(
    resource_type: ResourceType,
    previous: Declaration | None,
    actual: Actual,
    desired: Declaration,
) -> Iterator[Step]:
    """List what the resource for one kind of rule or setting would do, if there is one.

    Args:
        resource_type: Its type.
        previous: What is deployed; `None`: the stack does not exist.
        actual: What there is when CloudFormation comes to it.
        desired: What is to be deployed.
    """
    before = previous.settings.get(resource_type) if previous else None
    after = desired.settings.get(resource_type)
    if before is None and after is None:
        return
    plan = _SETTINGS[resource_type]
    calls = tuple(plan(actual, before, after))
    refusals = _refuse_instance(actual, after) if before else ()
    step = Step(noun=name_resource(resource_type), resource_type=resource_type, calls=calls)
    if after is None and resource_type in LEAVABLE:
        yield replace(step, leaves=True)
    elif before == after:
        yield replace(step, untouched=True)
    elif refusals and after and resource_type is ResourceType.IDENTITY_CENTER:
        yield replace(step, calls=(), refusals=refusals)
    elif calls:
        yield replace(step, brakes=_list_setting_brakes(resource_type, actual, after))


def _list_setting_brakes(
    resource_type: ResourceType, actual: Actual, after: Any
) -> tuple[Brake, ...]:
    if after is None:
        return ()
    settings = actual.settings
    match resource_type:
        case ResourceType.RETENTION_POLICY:
            present = settings.retention.policy if settings.retention else None
            return brakes.list_retention_brakes(present, after.policy)
        case ResourceType.ACCESS_CONTROL_RULES:
            return brakes.list_access_brakes(after.rules)
        case ResourceType.MOBILE_DEVICE_ACCESS_RULES:
            return brakes.list_device_brakes(after.rules)
        case ResourceType.IDENTITY_CENTER:
            live = settings.identity_center
            center = live.identity_center if live else None
            return brakes.list_sign_in_brakes(center, after.identity_center)
        case _:
            return ()


def _refuse_instance(actual: Actual, after: Any) -> tuple[str, ...]:
    live = actual.settings.identity_center
    wanted = getattr(after, "identity_center", None)
    if not live or not wanted or live.identity_center.instance_arn == wanted.instance_arn:
        return ()
    return (
        "the instance of identity_center cannot change, from "
        f"{live.identity_center.instance_arn} to {wanted.instance_arn}: every user's assignment "
        "would be lost; remove identity_center in one deployment and declare it again in the next",
    )


def _plan_permissions(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    enabled = actual.people.enabled
    previous = before.permissions if before else ()
    desired = after.permissions if after else ()
    named = {each.mailbox.folded for each in (*previous, *desired)}
    # WorkMail refuses changes for who is switched off; what was there goes with it.
    changeable = [
        each
        for each in actual.settings.permissions
        if each.mailbox.folded in named & enabled and each.grantee.folded in enabled
    ]
    return permissions.between(changeable, previous, desired)


def _plan_roles(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    names = {role.name for role in (before.roles if before else ())}
    live = actual.settings.impersonation_roles
    return impersonation.between(live, names, after.roles if after else ())


def _plan_access(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    del before  # rules that are no longer declared stay as they are: without any nobody gets in
    return access_control.between(actual.settings.access_control, after.rules) if after else ()


def _plan_devices(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    del before  # as above
    return mobile_devices.between(actual.settings.mobile_devices, after.rules) if after else ()


def _plan_availability(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    return availability.between(
        actual.settings.availability,
        before.configurations if before else (),
        after.configurations if after else (),
    )


def _plan_retention(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    live = actual.settings.retention
    return retention_between(live, after.policy) if after else end_retention(live, before.policy)


def _plan_dmarc(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    del before
    # Undeclared it is enforced, as in every new organization (facts.md §0.9).
    enforced = after.enforced if after else True
    return dmarc_between(actual=actual.settings.dmarc_enforced, desired=enforced)


def _plan_monitoring(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    live = actual.settings.monitoring
    if after and before == after and after.managed:
        return ()  # the ARNs are CloudFormation's: what is live cannot be compared
    if after:
        return monitoring_between(live, get_monitoring(after))
    return end_monitoring(live, get_monitoring(before))


def _plan_sign_in(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    del before
    live = actual.settings.identity_center
    if after is None:
        return _end_sign_in() if live else ()
    if live is None:
        return begin_identity_center(after.identity_center, after.application_name)
    return identity_center_between(live, after.identity_center, live.application_arn)


def _end_sign_in() -> tuple[Call, ...]:
    return (
        make_call(Phase.DELETE, "DeleteIdentityCenterApplication", IDENTITY_CENTER),
        make_call(Phase.DELETE, "DeleteIdentityProviderConfiguration", IDENTITY_CENTER),
    )


_SETTINGS: Mapping[ResourceType, Callable[[Actual, Any, Any], Iterable[Call]]] = {
    ResourceType.MAILBOX_PERMISSIONS: _plan_permissions,
    ResourceType.IMPERSONATION_ROLES: _plan_roles,
    ResourceType.ACCESS_CONTROL_RULES: _plan_access,
    ResourceType.MOBILE_DEVICE_ACCESS_RULES: _plan_devices,
    ResourceType.AVAILABILITY_CONFIGURATIONS: _plan_availability,
    ResourceType.RETENTION_POLICY: _plan_retention,
    ResourceType.INBOUND_DMARC: _plan_dmarc,
    ResourceType.EMAIL_MONITORING: _plan_monitoring,
    ResourceType.IDENTITY_CENTER: _plan_sign_in,
}
"""What is missing, from what there is, what was declared and what is: `None`: it goes."""
