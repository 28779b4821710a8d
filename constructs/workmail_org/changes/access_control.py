"""Access-control rules: who gets to a mailbox, by which protocol and from where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from workmail_org.changes.brakes import Brake, BrakeRule, join_names
from workmail_org.changes.calls import Argument, Call, Identity, Phase, Setting, make_call
from workmail_org.changes.consequences import GUIDE, LOCKOUT, Consequence, Rule
from workmail_org.changes.deciding import Decision
from workmail_org.changes.digests import render_call
from workmail_org.changes.explaining import Explanation, Wording, describe_rule_changes
from workmail_org.changes.reach import lets_nobody_in, list_named_users
from workmail_org.changes.reach_words import describe_reach
from workmail_org.changes.rules import replace_rules
from workmail_org.model.live import LiveSettings
from workmail_org.model.organization import Organization
from workmail_org.model.policies import ACTIONS, AccessControlRule
from workmail_org.model.values import Kind, Reference, fold
from workmail_org.wire.properties import AccessControlProperties

_LISTS = (
    "actions",
    "not_actions",
    "ip_ranges",
    "not_ip_ranges",
    "users",
    "not_users",
    "impersonation_roles",
    "not_impersonation_roles",
)


ACCESS = Rule(
    "access",
    Consequence.SIGN_IN,
    "who gets in by which protocol from where follows the rules, within 5 minutes",
    f'{GUIDE}, "access-rules"',
)


def declare(organization: Organization, stack: str) -> AccessControlProperties | None:  # noqa: ARG001 - the shape
    """Write an organization's rules; `None`: they are not managed."""
    declared = organization.policies.access_control
    return AccessControlProperties(rules=declared) if declared else None


def predict(declared: AccessControlProperties) -> tuple[AccessControlRule, ...]:
    """Predict what is live once rules are deployed."""
    return declared.rules


def capture(
    live: LiveSettings,
    declared: AccessControlProperties | None,  # noqa: ARG001 - the shape
    previous: AccessControlProperties | None,  # noqa: ARG001 - the shape
) -> AccessControlProperties | None:
    """Write all rules there are, as they would be declared; `None`: there are none."""
    return AccessControlProperties(rules=live.access_control) if live.access_control else None


def decide(
    live: LiveSettings,
    declared: AccessControlProperties | None,
    previous: AccessControlProperties | None,  # noqa: ARG001 - the shape
) -> Decision:
    """Decide how exactly the declared rules come to hold.

    The service's own `default` rule and rules made by hand go too, when the
    spec does not name them: what nobody reviewed must not let anybody in.
    Rules that are no longer declared stay: without any nobody gets in, and with
    the service's own everybody does.

    Source:
        WorkMail API 2017-10-01: PutAccessControlRule (replaces a rule of the
        same name), DeleteAccessControlRule.
    """
    if declared is None:
        return Decision()
    present = {rule.name: sort_lists(rule) for rule in live.access_control}
    names = {rule.name for rule in declared.rules}
    changed = [rule for rule in declared.rules if present.get(rule.name) != sort_lists(rule)]
    calls = replace_rules(
        len(present),
        updates=[_put(rule) for rule in changed if rule.name in present],
        additions=[_put(rule) for rule in changed if rule.name not in present],
        removals=[_delete(name) for name in present if name not in names],
    )
    return Decision(calls=calls, brakes=list_access_brakes(declared.rules) if calls else ())


def list_access_brakes(desired: Sequence[AccessControlRule]) -> tuple[Brake, ...]:
    """Stop when the rules let nobody in, by any protocol, from anywhere."""
    if not lets_nobody_in(desired):
        return ()
    names = tuple(sorted(rule.name for rule in desired))
    sentence = (
        "these access-control rules let nobody in, by any protocol, from anywhere: "
        f"{join_names(names)}; a denial wins over every permission: give it conditions, or take it "
        "away"
    )
    content = tuple(sorted(render_call(_put(rule)) for rule in desired))
    return (Brake(BrakeRule.LOCKOUT, sentence, names, content),)


def explain(
    live: LiveSettings,
    declared: AccessControlProperties | None,
    calls: Sequence[Call],
    wording: Wording,
) -> Iterator[Explanation]:
    """Return who gets in by which protocol from where, or no longer does."""
    before, after = live.access_control, declared.rules if declared else ()
    changed = describe_rule_changes(calls, {r.name for r in before}, {r.name for r in after})
    if lets_nobody_in(after):
        sentence = f"nobody can get to their mailbox any more, by any protocol ({changed})"
        yield LOCKOUT, sentence, calls
        return
    named = list_named_users((*before, *after))
    names = [wording.name(Reference(Kind.USER, name)) for name in named]
    said = describe_reach(() if wording.begins else before, after, names) or (
        "nobody gains or loses access",
    )
    yield ACCESS, f"{'; '.join(said)} ({changed})", calls


def sort_lists(rule: AccessControlRule) -> AccessControlRule:
    """Return the rule with its lists sorted: they are sets, and users are named without case."""
    lists: dict[str, Any] = {name: tuple(sorted(getattr(rule, name))) for name in _LISTS}
    users: dict[str, Any] = {
        name: tuple(sorted(map(fold, lists[name]))) for name in ("users", "not_users")
    }
    return replace(rule, **(lists | users))


def _put(rule: AccessControlRule) -> Call:
    arguments: dict[str, Argument] = {
        "Name": rule.name,
        "Effect": rule.effect.upper(),
        "Description": rule.description,
    }
    lists: dict[str, tuple[Argument, ...]] = {
        "Actions": tuple(ACTIONS[action] for action in rule.actions),
        "NotActions": tuple(ACTIONS[action] for action in rule.not_actions),
        "IpRanges": rule.ip_ranges,
        "NotIpRanges": rule.not_ip_ranges,
        "UserIds": identify_users(rule.users),
        "NotUserIds": identify_users(rule.not_users),
        "ImpersonationRoleIds": _identify_roles(rule.impersonation_roles),
        "NotImpersonationRoleIds": _identify_roles(rule.not_impersonation_roles),
    }
    arguments |= {name: value for name, value in lists.items() if value}
    return make_call(Phase.JOIN, "PutAccessControlRule", _get_subject(rule.name), **arguments)


def _delete(name: str) -> Call:
    return make_call(Phase.DETACH, "DeleteAccessControlRule", _get_subject(name), Name=name)


def _get_subject(name: str) -> Setting:
    return Setting("access-control rule", name)


def identify_users(names: Sequence[str]) -> tuple[Argument, ...]:
    """Stand for users by their names until their ids are put in."""
    return tuple(Identity(Reference(Kind.USER, name)) for name in names)


def _identify_roles(names: Sequence[str]) -> tuple[Argument, ...]:
    return tuple(Identity(make_role_subject(name)) for name in names)


def make_role_subject(name: str) -> Setting:
    """Return what an impersonation role is called in a call."""
    return Setting("impersonation role", name)
