"""Impersonation roles: which applications read or write whose mailboxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from workmail_org.changes.access_control import identify_users, make_role_subject
from workmail_org.changes.calls import Argument, Call, Phase, make_call
from workmail_org.changes.consequences import GUIDE, Consequence, Rule
from workmail_org.changes.deciding import Decision
from workmail_org.changes.explaining import Explanation, Wording, group_by_subject, join
from workmail_org.model.live import LiveRole, LiveSettings
from workmail_org.model.organization import Organization
from workmail_org.model.policies import Effect, ImpersonationRole, ImpersonationRule
from workmail_org.model.values import Kind, fold
from workmail_org.wire.properties import ImpersonationRolesProperties

ROLES = Rule(
    "impersonation",
    Consequence.SIGN_IN,
    "an application reads or writes mailboxes as its role says, within 5 minutes",
    f'{GUIDE}, "managing-impersonation-roles"',
)


def declare(organization: Organization, stack: str) -> ImpersonationRolesProperties | None:  # noqa: ARG001 - the shape
    """Write an organization's roles; `None`: there are none.

    Whoever is switched off is left out of what is allowed, and a rule that loses all its targets
    with them: without any it would be one for everyone. A denial and an exception keep them: they
    may be switched on again, also by hand.
    """
    if not organization.policies.impersonation_roles:
        return None
    disabled = {each.name for each in organization.disabled if each.kind is Kind.USER}

    def narrow(rule: ImpersonationRule) -> ImpersonationRule | None:
        if rule.effect is Effect.DENY:
            return rule
        targets = tuple(name for name in rule.target_users if fold(name) not in disabled)
        if rule.target_users and not targets:
            return None
        return replace(rule, target_users=targets)

    return ImpersonationRolesProperties(
        roles=tuple(
            replace(role, rules=tuple(rule for each in role.rules if (rule := narrow(each))))
            for role in organization.policies.impersonation_roles
        )
    )


def predict(declared: ImpersonationRolesProperties) -> tuple[LiveRole, ...]:
    """Predict what is live once roles are deployed; WorkMail assigns the ids."""
    return tuple(LiveRole(id="", role=role) for role in declared.roles)


def capture(
    live: LiveSettings,
    declared: ImpersonationRolesProperties | None,
    previous: ImpersonationRolesProperties | None,
) -> ImpersonationRolesProperties:
    """Write what is live of the roles that a change is about, as it would be declared."""
    names = {role.name for each in (declared, previous) if each for role in each.roles}
    found = (each.role for each in live.impersonation_roles)
    return ImpersonationRolesProperties(roles=tuple(role for role in found if role.name in names))


def decide(
    live: LiveSettings,
    declared: ImpersonationRolesProperties | None,
    previous: ImpersonationRolesProperties | None,
) -> Decision:
    """Decide which roles change; rights go before others come.

    Roles that neither `previous` nor `declared` names are somebody else's.

    Source:
        WorkMail API 2017-10-01: CreateImpersonationRole,
        UpdateImpersonationRole (full replacement), DeleteImpersonationRole.
    """
    present = {each.role.name: each for each in live.impersonation_roles}
    wanted = {role.name: role for role in (declared.roles if declared else ())}
    before = {role.name for role in (previous.roles if previous else ())}
    calls = [_delete(present[n]) for n in sorted(present) if n in before and n not in wanted]
    for name, role in wanted.items():
        found = present.get(name)
        if found is None:
            calls.append(_create(role))
        elif sort_rules(found.role) != sort_rules(role):
            calls.append(_update(found.id, role))
    return Decision(calls=tuple(calls))


def explain(
    live: LiveSettings,
    declared: ImpersonationRolesProperties | None,
    calls: Sequence[Call],
    wording: Wording,
) -> Iterator[Explanation]:
    """Return what a role may do with whose mailboxes."""
    roles = {role.name: role for role in (declared.roles if declared else ())}
    known = {each.role.name for each in live.impersonation_roles}
    for subject, about in group_by_subject(calls).items():
        role = roles.get(subject.name)
        if role is None:
            sentence = f"impersonation role {subject.name} can do nothing any more"
            yield ROLES, sentence, about
            continue
        word = "changes" if subject.name in known else "comes"
        sentence = f"impersonation role {role.name} {word}: it may {_describe_role(role, wording)}"
        yield ROLES, sentence, about


def _describe_role(role: ImpersonationRole, wording: Wording) -> str:
    verb = "read" if role.type == "read_only" else "read and write"
    if not role.rules:
        return f"{verb} nobody's mailbox"
    described: list[str] = []
    for rule in role.rules:
        word = "" if rule.effect == "allow" else "not "
        whom = wording.name_users(rule.target_users) if rule.target_users else "everyone"
        but = f" but {wording.name_users(rule.not_target_users)}" if rule.not_target_users else ""
        described.append(f"{word}{verb} the mailbox of {whom}{but}")
    return join(described)


def sort_rules(role: ImpersonationRole) -> ImpersonationRole:
    """Return the role with its rules and their targets sorted: sets, users named without case."""
    rules = sorted((_sort_targets(rule) for rule in role.rules), key=lambda rule: rule.key)
    return replace(role, rules=tuple(rules))


def _sort_targets(rule: ImpersonationRule) -> ImpersonationRule:
    return replace(
        rule,
        target_users=tuple(sorted(map(fold, rule.target_users))),
        not_target_users=tuple(sorted(map(fold, rule.not_target_users))),
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
