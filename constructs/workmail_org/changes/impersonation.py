"""Changes of impersonation roles."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from workmail_org.changes.access_control import identify_users, make_role_subject
from workmail_org.changes.calls import Argument, Call, Phase, make_call
from workmail_org.model.policies import ImpersonationRole, ImpersonationRule


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRole:
    """A role as WorkMail has it; names are unique."""

    id: str
    role: ImpersonationRole


def between(
    actual: Sequence[LiveRole],
    previous_names: Collection[str],
    desired: Sequence[ImpersonationRole],
) -> tuple[Call, ...]:
    """List the calls that bring roles to what is desired; rights go before others come.

    Roles that neither the previous deployment nor this one names are somebody
    else's.

    Source:
        WorkMail API 2017-10-01: CreateImpersonationRole,
        UpdateImpersonationRole (full replacement), DeleteImpersonationRole.
    """
    present = {live.role.name: live for live in actual}
    names = {role.name for role in desired}
    dropped = [present[n] for n in sorted(present) if n in previous_names and n not in names]
    calls = [_delete(live) for live in dropped]
    for role in desired:
        live = present.get(role.name)
        if live is None:
            calls.append(_create(role))
        elif sort_rules(live.role) != sort_rules(role):
            calls.append(_update(live.id, role))
    return tuple(calls)


def sort_rules(role: ImpersonationRole) -> ImpersonationRole:
    """Return the role with its rules and their targets sorted: they are sets."""
    rules = sorted((_sort_targets(rule) for rule in role.rules), key=lambda rule: rule.key)
    return replace(role, rules=tuple(rules))


def _sort_targets(rule: ImpersonationRule) -> ImpersonationRule:
    return replace(
        rule,
        target_users=tuple(sorted(rule.target_users)),
        not_target_users=tuple(sorted(rule.not_target_users)),
    )


def _create(role: ImpersonationRole) -> Call:
    subject = make_role_subject(role.name)
    return make_call(Phase.JOIN, "CreateImpersonationRole", subject, **_render(role))


def _update(role_id: str, role: ImpersonationRole) -> Call:
    return make_call(
        Phase.JOIN,
        "UpdateImpersonationRole",
        make_role_subject(role.name),
        ImpersonationRoleId=role_id,
        **_render(role),
    )


def _delete(live: LiveRole) -> Call:
    return make_call(
        Phase.LEAVE,
        "DeleteImpersonationRole",
        make_role_subject(live.role.name),
        ImpersonationRoleId=live.id,
    )


def _render(role: ImpersonationRole) -> dict[str, Argument]:
    arguments: dict[str, Argument] = {
        "Name": role.name,
        "Type": role.type.upper(),
        "Rules": tuple(_render_rule(rule) for rule in role.rules),
    }
    if role.description:
        arguments["Description"] = role.description
    return arguments


def _render_rule(rule: ImpersonationRule) -> dict[str, Argument]:
    arguments: dict[str, Argument] = {
        "ImpersonationRuleId": rule.key,
        "Effect": rule.effect.upper(),
    }
    optional: dict[str, Argument] = {
        "Name": rule.name or "",
        "Description": rule.description or "",
        "TargetUsers": identify_users(rule.target_users),
        "NotTargetUsers": identify_users(rule.not_target_users),
    }
    return arguments | {name: value for name, value in optional.items() if value}
