"""Where rules and settings differ from the spec, and what is left of those that it dropped.

Compared is what the stack tells its handlers (`declaring`), read as the engine
reads it: lists are sets, who is switched off is left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workmail_org import declaring
from workmail_org.changes import access_control, impersonation, mobile_devices
from workmail_org.changes.permissions import get_pair
from workmail_org.model.values import fold
from workmail_org.rehearsal.differences import (
    PRESENT,
    Finding,
    compare_entries,
    compare_fields,
    compare_value,
    find_left,
)
from workmail_org.wire.names import ResourceType
from workmail_org.wire.properties import (
    AccessControlProperties,
    AvailabilityProperties,
    ImpersonationRolesProperties,
    InboundDmarcProperties,
    MobileDevicesProperties,
    PermissionsProperties,
    RetentionProperties,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from workmail_org.model.organization import Organization
    from workmail_org.model.permission import MailboxPermission
    from workmail_org.model.policies import (
        AccessControlRule,
        Availability,
        EmailMonitoring,
        IdentityCenter,
        ImpersonationRole,
        RetentionPolicy,
    )
    from workmail_org.rehearsal.surveying import LiveOrganization, LivePolicies
    from workmail_org.spec.problems import Path

_POLICIES: Path = ("policies",)


def compare_policies(
    desired: Organization, actual: LiveOrganization, previous: Organization
) -> Iterator[Finding]:
    """Find every difference in permissions and policies; what is left out is not managed.

    Args:
        desired: From the spec.
        actual: From WorkMail.
        previous: What was deployed before, or `desired`.
    """
    wanted, before = _list_declared(desired), _list_declared(previous)
    for resource_type, judge in _JUDGES.items():
        if resource_type in wanted or resource_type in before:
            yield from judge(wanted.get(resource_type), actual, before.get(resource_type))
    policies, earlier, live = desired.policies, previous.policies, actual.policies
    if policies.email_monitoring or earlier.email_monitoring:
        yield from _judge_monitoring(policies.email_monitoring, live)
    if policies.identity_center or earlier.identity_center:
        yield from _judge_identity_center(policies.identity_center, live)


def _list_declared(organization: Organization) -> Mapping[ResourceType, Any]:
    """Return what each of the stack's settings is told."""
    return {
        part.resource_type: part.decode()
        for part in declaring.list_settings(organization, stack="")
    }


def _judge_permissions(
    wanted: PermissionsProperties | None,
    actual: LiveOrganization,
    before: PermissionsProperties | None,
) -> Iterator[Finding]:
    live = _index_permissions(actual.permissions)
    declared = _index_permissions(wanted.permissions if wanted else ())
    for pair, rights in declared.items():
        yield from compare_value(("permissions", pair), rights, live.get(pair))
    dropped = _index_permissions(before.permissions if before else ()).keys() - declared.keys()
    for pair in sorted(dropped & live.keys()):
        yield ("permissions", pair), None, live[pair]


def _index_permissions(permissions: Iterable[MailboxPermission]) -> dict[str, list[str]]:
    """Key rights by whose mailbox it is and who has them."""
    return {
        " for ".join(str(each) for each in get_pair(permission)): sorted(permission.rights)
        for permission in permissions
    }


def _judge_access_control(
    wanted: AccessControlProperties | None,
    actual: LiveOrganization,
    before: AccessControlProperties | None,  # noqa: ARG001 - rules stay when they are dropped
) -> Iterator[Finding]:
    if wanted is not None:
        live = {each.name: _fold_users(each) for each in actual.policies.access_control}
        declared = {each.name: _fold_users(each) for each in wanted.rules}
        path: Path = (*_POLICIES, "access_control")
        yield from compare_entries(path, declared, live, exclusive=True)


def _fold_users(rule: AccessControlRule) -> AccessControlRule:
    users, others = (tuple(map(fold, names)) for names in (rule.users, rule.not_users))
    return access_control.sort_lists(replace(rule, users=users, not_users=others))


def _judge_mobile_devices(
    wanted: MobileDevicesProperties | None,
    actual: LiveOrganization,
    before: MobileDevicesProperties | None,  # noqa: ARG001 - rules stay when they are dropped
) -> Iterator[Finding]:
    if wanted is None:
        return
    path: Path = (*_POLICIES, "mobile_devices")
    rules = [mobile_devices.sort_lists(each.rule) for each in actual.policies.mobile_devices]
    live = {rule.name: rule for rule in rules}
    declared = {rule.name: mobile_devices.sort_lists(rule) for rule in wanted.rules}
    yield from compare_entries(path, declared, live, exclusive=True)
    yield from compare_value(path, len(declared), max(len(rules), len(live)))


def _judge_impersonation_roles(
    wanted: ImpersonationRolesProperties | None,
    actual: LiveOrganization,
    before: ImpersonationRolesProperties | None,
) -> Iterator[Finding]:
    path: Path = (*_POLICIES, "impersonation_roles")
    live = {
        each.role.name: _fold_targets(each.role) for each in actual.policies.impersonation_roles
    }
    declared = {role.name: _fold_targets(role) for role in (wanted.roles if wanted else ())}
    yield from compare_entries(path, declared, live, without=("rules",), exclusive=False)
    for name in declared.keys() & live.keys():
        rules, found = ({r.key: r for r in side[name].rules} for side in (declared, live))
        yield from compare_entries((*path, name, "rules"), rules, found, exclusive=True)
    dropped = {role.name for role in (before.roles if before else ())} - declared.keys()
    yield from find_left(path, dropped, live)


def _fold_targets(role: ImpersonationRole) -> ImpersonationRole:
    rules = tuple(
        replace(
            rule,
            target_users=tuple(map(fold, rule.target_users)),
            not_target_users=tuple(map(fold, rule.not_target_users)),
        )
        for rule in role.rules
    )
    return impersonation.sort_rules(replace(role, rules=rules))


def _judge_availability(
    wanted: AvailabilityProperties | None,
    actual: LiveOrganization,
    before: AvailabilityProperties | None,
) -> Iterator[Finding]:
    path: Path = (*_POLICIES, "availability")
    live = {fold(each.domain): each for each in actual.policies.availability}
    declared = {fold(each.domain): each for each in (wanted.configurations if wanted else ())}
    for domain, each in declared.items():
        if domain in live:
            yield from _compare_availability((*path, each.domain), each, live[domain])
        else:
            yield (*path, each.domain), PRESENT, None
    configurations = before.configurations if before else ()
    dropped = {fold(each.domain) for each in configurations} - declared.keys()
    yield from find_left(path, dropped, live)


def _compare_availability(
    path: Path, expected: Availability, actual: Availability
) -> Iterator[Finding]:
    yield from compare_value((*path, "lambda_arn"), expected.lambda_arn, actual.lambda_arn)
    if expected.ews and actual.ews:
        # A password cannot be read back.
        without = ("password_secret",)
        yield from compare_fields((*path, "ews"), expected.ews, actual.ews, without=without)
    elif expected.ews or actual.ews:
        sides = (PRESENT if each.ews else None for each in (expected, actual))
        yield from compare_value((*path, "ews"), *sides)


def _judge_retention(
    wanted: RetentionProperties | None,
    actual: LiveOrganization,
    before: RetentionProperties | None,
) -> Iterator[Finding]:
    path: Path = (*_POLICIES, "retention")
    live = actual.policies.retention
    if wanted is None:
        ours = live is not None and before is not None and live.policy.name == before.policy.name
        yield from compare_value(path, None, PRESENT if ours else None)
    elif live is None:
        yield path, PRESENT, None
    else:
        policy = live.policy
        yield from compare_fields(path, wanted.policy, policy, without=("folders",))
        folders, found = (_index_folders(each) for each in (wanted.policy, policy))
        yield from compare_entries((*path, "folders"), folders, found, exclusive=True)


def _index_folders(policy: RetentionPolicy) -> Mapping[str, object]:
    return {each.folder.value: each for each in policy.folders}


def _judge_dmarc(
    wanted: InboundDmarcProperties | None,
    actual: LiveOrganization,
    before: InboundDmarcProperties | None,  # noqa: ARG001 - dropped, it is as in a new one
) -> Iterator[Finding]:
    expected = wanted.enforced if wanted else True
    path: Path = (*_POLICIES, "inbound_dmarc", "enforced")
    yield from compare_value(path, expected, actual.policies.dmarc_enforced)


_JUDGES: Mapping[ResourceType, Callable[[Any, LiveOrganization, Any], Iterator[Finding]]] = {
    ResourceType.MAILBOX_PERMISSIONS: _judge_permissions,
    ResourceType.ACCESS_CONTROL_RULES: _judge_access_control,
    ResourceType.MOBILE_DEVICE_ACCESS_RULES: _judge_mobile_devices,
    ResourceType.RETENTION_POLICY: _judge_retention,
    ResourceType.IMPERSONATION_ROLES: _judge_impersonation_roles,
    ResourceType.AVAILABILITY_CONFIGURATIONS: _judge_availability,
    ResourceType.INBOUND_DMARC: _judge_dmarc,
}
"""In the order of the spec's keys: what is declared, what is there, what was declared before."""


def _judge_monitoring(wanted: EmailMonitoring | None, live: LivePolicies) -> Iterator[Finding]:
    path: Path = (*_POLICIES, "email_monitoring")
    actual = live.monitoring
    if wanted is None or actual is None:
        yield from compare_value(path, wanted and PRESENT, actual and PRESENT)
    elif wanted.managed:
        yield from compare_value((*path, "retention_days"), wanted.retention_days, live.log_days)
    else:
        arn = wanted.log_group_arn
        yield from compare_value((*path, "log_group_arn"), arn, actual.log_group_arn)
        if wanted.role_arn:
            yield from compare_value((*path, "role_arn"), wanted.role_arn, actual.role_arn)


def _judge_identity_center(wanted: IdentityCenter | None, live: LivePolicies) -> Iterator[Finding]:
    path: Path = (*_POLICIES, "identity_center")
    actual = live.identity_center.identity_center if live.identity_center else None
    if wanted is None or actual is None:
        yield from compare_value(path, wanted and PRESENT, actual and PRESENT)
        return
    tokens = "personal_access_tokens"
    yield from compare_fields(path, wanted, actual, without=(tokens,))
    sides = (each.personal_access_tokens for each in (wanted, actual))
    yield from compare_fields((*path, tokens), *sides)
