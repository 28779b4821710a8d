"""Where rules, settings and permissions differ from the spec.

Two sets of policies are compared field by field, whatever they hold. Nothing here comes from what
makes a deployment (`changes`, `declaring`): a fault that both shared would not be seen.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from workmail_org.model.values import Kind, fold
from workmail_org.rehearsal.differences import PRESENT, Finding, compare_any, compare_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workmail_org.model.organization import Organization
    from workmail_org.model.permission import MailboxPermission
    from workmail_org.model.policies import Availability, ImpersonationRole, ImpersonationRule
    from workmail_org.spec.problems import Path

_PATHS: dict[str, Path] = {"inbound_dmarc_enforced": ("inbound_dmarc", "enforced")}
"""Where the spec has a field, if not under its name."""

_EXCLUSIVE = frozenset({"access_control", "mobile_devices"})
"""What a spec declares completely; when it no longer does, the rules stay: without any, nobody gets
in."""


def compare_policies(
    desired: Organization, actual: Organization, previous: Organization
) -> Iterator[Finding]:
    """Find every difference in permissions and policies; what is left out is not managed.

    Args:
        desired: From the spec.
        actual: What is live, described as a spec would.
        previous: What was deployed before, or `desired`.
    """
    wanted, before = _leave_out_disabled(desired), _leave_out_disabled(previous)
    yield from _compare_permissions(wanted.permissions, actual.permissions, before.permissions)
    for field in (each.name for each in fields(wanted.policies)):
        path: Path = ("policies", *_PATHS.get(field, (field,)))
        sides = (getattr(each.policies, field) for each in (wanted, actual, before))
        yield from _compare_section(path, field, *sides)


def _compare_section(
    path: Path, field: str, expected: Any, actual: Any, before: Any
) -> Iterator[Finding]:
    if field == "inbound_dmarc_enforced":
        if expected is not None or before is not None:
            # Dropped, it is as in a new organization.
            yield from compare_value(path, expected is not False, actual)
    elif field in _EXCLUSIVE:
        if expected:
            yield from compare_any(path, expected, actual)
    elif isinstance(expected, tuple):
        yield from compare_any(path, expected, actual, exclusive=False, before=before)
    elif expected is None:
        yield from compare_value(path, None, PRESENT if _is_left(actual, before) else None)
    elif actual is None:
        yield path, PRESENT, None
    else:
        yield from compare_any(path, expected, _look_where_asked(field, expected, actual))


def _is_left(actual: Any, before: Any) -> bool:
    """Tell whether what was declared before is still there; by name, where it has one."""
    if actual is None or before is None:
        return False
    return bool(getattr(actual, "name", "") == getattr(before, "name", ""))


def _look_where_asked(field: str, expected: Any, actual: Any) -> Any:
    """Leave out what a spec does not say of email monitoring; what the stack makes has no ARN."""
    if field != "email_monitoring":
        return actual
    if expected.managed:
        return replace(actual, log_group_arn=None, role_arn=None)
    role = actual.role_arn if expected.role_arn else None
    return replace(actual, role_arn=role, retention_days=expected.retention_days)


def _compare_permissions(
    expected: Iterable[MailboxPermission],
    actual: Iterable[MailboxPermission],
    before: Iterable[MailboxPermission],
) -> Iterator[Finding]:
    declared, live, earlier = (_index_permissions(each) for each in (expected, actual, before))
    for pair, rights in declared.items():
        yield from compare_value(("permissions", pair), rights, live.get(pair))
    for pair in sorted((earlier.keys() - declared.keys()) & live.keys()):
        yield ("permissions", pair), None, live[pair]


def _index_permissions(permissions: Iterable[MailboxPermission]) -> dict[str, list[str]]:
    """Key rights by whose mailbox it is and who has them."""
    return {
        f"{each.mailbox.folded} for {each.grantee.folded}": sorted(each.rights)
        for each in permissions
    }


def _leave_out_disabled(organization: Organization) -> Organization:
    """Leave out who is switched off: WorkMail refuses them; and what cannot be read."""
    off = organization.disabled
    users = {each.name for each in off if each.kind is Kind.USER}
    policies = replace(
        organization.policies,
        impersonation_roles=tuple(
            _narrow_role(role, users) for role in organization.policies.impersonation_roles
        ),
        availability=tuple(map(_leave_out_password, organization.policies.availability)),
    )
    permissions = tuple(
        each
        for each in organization.permissions
        if not {each.mailbox.folded, each.grantee.folded} & off
    )
    return replace(organization, policies=policies, permissions=permissions)


def _narrow_role(role: ImpersonationRole, off: set[str]) -> ImpersonationRole:
    """Leave out rules that lose all their targets: without any they would be for everyone."""

    def narrow(rule: ImpersonationRule) -> ImpersonationRule | None:
        targets = tuple(name for name in rule.target_users if fold(name) not in off)
        others = tuple(name for name in rule.not_target_users if fold(name) not in off)
        if rule.target_users and not targets:
            return None
        return replace(rule, target_users=targets, not_target_users=others)

    return replace(role, rules=tuple(rule for each in role.rules if (rule := narrow(each))))


def _leave_out_password(availability: Availability) -> Availability:
    ews = availability.ews
    return replace(availability, ews=replace(ews, password_secret="") if ews else None)
