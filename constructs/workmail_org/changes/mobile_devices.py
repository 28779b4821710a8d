"""Mobile device access rules: which mobile devices synchronize."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from workmail_org.changes.brakes import Brake, BrakeRule, join_names
from workmail_org.changes.calls import Argument, Call, Phase, Setting, make_call
from workmail_org.changes.consequences import GUIDE, LOCKOUT, Consequence, Rule
from workmail_org.changes.deciding import Decision
from workmail_org.changes.digests import render_call
from workmail_org.changes.explaining import Explanation, Wording, describe_rule_changes, join
from workmail_org.changes.reach import lets_no_device_in
from workmail_org.changes.rules import replace_rules
from workmail_org.model.live import LiveMobileRule, LiveSettings
from workmail_org.model.organization import Organization
from workmail_org.model.policies import MobileDeviceAccessRule
from workmail_org.wire.properties import MobileDevicesProperties

_LISTS = {
    "DeviceTypes": "device_types",
    "NotDeviceTypes": "not_device_types",
    "DeviceModels": "device_models",
    "NotDeviceModels": "not_device_models",
    "DeviceOperatingSystems": "operating_systems",
    "NotDeviceOperatingSystems": "not_operating_systems",
    "DeviceUserAgents": "user_agents",
    "NotDeviceUserAgents": "not_user_agents",
}
"""WorkMail's parameters and the spec's words."""


DEVICES = Rule(
    "devices",
    Consequence.SIGN_IN,
    "which mobile devices synchronize follows the rules, within 5 minutes",
    f'{GUIDE}, "manage-mobile-access"',
)


def declare(organization: Organization, stack: str) -> MobileDevicesProperties | None:  # noqa: ARG001 - the shape
    """Write an organization's rules; `None`: they are not managed."""
    declared = organization.policies.mobile_devices
    return MobileDevicesProperties(rules=declared) if declared else None


def predict(declared: MobileDevicesProperties) -> tuple[LiveMobileRule, ...]:
    """Predict what is live once rules are deployed; WorkMail assigns the ids."""
    return tuple(LiveMobileRule(id="", rule=rule) for rule in declared.rules)


def capture(
    live: LiveSettings,
    declared: MobileDevicesProperties | None,  # noqa: ARG001 - the shape
    previous: MobileDevicesProperties | None,  # noqa: ARG001 - the shape
) -> MobileDevicesProperties | None:
    """Write all rules there are, as they would be declared; `None`: there are none."""
    rules = tuple(each.rule for each in live.mobile_devices)
    return MobileDevicesProperties(rules=rules) if rules else None


def decide(
    live: LiveSettings,
    declared: MobileDevicesProperties | None,
    previous: MobileDevicesProperties | None,  # noqa: ARG001 - the shape
) -> Decision:
    """Decide how exactly the declared rules come to hold.

    Rules are matched by name; the rule that every organization starts with
    goes too, when the spec does not name it. Rules that are no longer declared
    stay: without any no device gets in.

    Source:
        WorkMail API 2017-10-01: CreateMobileDeviceAccessRule,
        UpdateMobileDeviceAccessRule (full replacement),
        DeleteMobileDeviceAccessRule.
    """
    if declared is None:
        return Decision()
    left = [*live.mobile_devices]
    updates: list[Call] = []
    additions: list[Call] = []
    for rule in _take_same(declared.rules, left):
        same_name = next((each for each in left if each.rule.name == rule.name), None)
        if same_name is None:
            additions.append(_create(rule))
        else:
            left.remove(same_name)
            updates.append(_update(same_name.id, rule))
    calls = replace_rules(
        len(live.mobile_devices),
        updates=updates,
        additions=additions,
        removals=[_delete(each) for each in left],
    )
    return Decision(calls=calls, brakes=list_device_brakes(declared.rules) if calls else ())


def _take_same(
    declared: Iterable[MobileDeviceAccessRule], left: list[LiveMobileRule]
) -> list[MobileDeviceAccessRule]:
    """Take the rules out of `left` that are as declared; return those that are not there.

    Several can have one name: WorkMail knows rules by id.
    """
    missing: list[MobileDeviceAccessRule] = []
    for rule in declared:
        same = next((each for each in left if sort_lists(each.rule) == sort_lists(rule)), None)
        if same is None:
            missing.append(rule)
        else:
            left.remove(same)
    return missing


def list_device_brakes(desired: Sequence[MobileDeviceAccessRule]) -> tuple[Brake, ...]:
    """Stop when the rules let no mobile device in."""
    if not lets_no_device_in(desired):
        return ()
    names = tuple(sorted(rule.name for rule in desired))
    sentence = (
        f"these mobile device rules let no device in: {join_names(names)}; a denial wins over "
        "every permission: give it conditions, or take it away"
    )
    content = tuple(sorted(render_call(_create(rule)) for rule in desired))
    return (Brake(BrakeRule.LOCKOUT, sentence, names, content),)


def explain(
    live: LiveSettings,
    declared: MobileDevicesProperties | None,
    calls: Sequence[Call],
    wording: Wording,  # noqa: ARG001 - the shape
) -> Iterator[Explanation]:
    """Return which devices get in."""
    before, after = [each.rule for each in live.mobile_devices], declared.rules if declared else ()
    changed = describe_rule_changes(calls, {r.name for r in before}, {r.name for r in after})
    if lets_no_device_in(after):
        yield LOCKOUT, f"no mobile device gets in any more ({changed})", calls
        return
    said = "; ".join(_describe_rule(rule) for rule in after)
    yield DEVICES, f"mobile devices: {said} ({changed})", calls


def _describe_rule(rule: MobileDeviceAccessRule) -> str:
    conditions = (
        ("types", rule.device_types, rule.not_device_types),
        ("models", rule.device_models, rule.not_device_models),
        ("systems", rule.operating_systems, rule.not_operating_systems),
        ("programs", rule.user_agents, rule.not_user_agents),
    )
    said = [
        f"{word}{'' if wanted else ' not'} {join(values, 'or')}"
        for word, some, others in conditions
        for wanted, values in ((True, some), (False, others))
        if values
    ]
    return f"{rule.name} {'allows' if rule.effect == 'allow' else 'denies'} {join(said) or 'all'}"


def sort_lists(rule: MobileDeviceAccessRule) -> MobileDeviceAccessRule:
    """Return the rule with its lists sorted: they are sets, and compare without case."""
    lists: dict[str, Any] = {
        name: tuple(sorted(map(str.lower, getattr(rule, name)))) for name in _LISTS.values()
    }
    return replace(rule, **lists)


def parse_lists(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Read the lists of WorkMail's answer into the spec's words."""
    return {field: tuple(answer.get(parameter, ())) for parameter, field in _LISTS.items()}


def _create(rule: MobileDeviceAccessRule) -> Call:
    operation = "CreateMobileDeviceAccessRule"
    return make_call(Phase.JOIN, operation, _get_subject(rule.name), **_render(rule))


def _update(rule_id: str, rule: MobileDeviceAccessRule) -> Call:
    return make_call(
        Phase.JOIN,
        "UpdateMobileDeviceAccessRule",
        _get_subject(rule.name),
        MobileDeviceAccessRuleId=rule_id,
        **_render(rule),
    )


def _delete(live: LiveMobileRule) -> Call:
    return make_call(
        Phase.DETACH,
        "DeleteMobileDeviceAccessRule",
        _get_subject(live.rule.name),
        MobileDeviceAccessRuleId=live.id,
    )


def _render(rule: MobileDeviceAccessRule) -> dict[str, Argument]:
    arguments: dict[str, Argument] = {"Name": rule.name, "Effect": rule.effect.upper()}
    if rule.description:
        arguments["Description"] = rule.description
    lists = {parameter: getattr(rule, field) for parameter, field in _LISTS.items()}
    return arguments | {parameter: value for parameter, value in lists.items() if value}


def _get_subject(name: str) -> Setting:
    return Setting("mobile device rule", name)
