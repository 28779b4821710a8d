"""Changes of mobile device access rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workmail_org.changes.calls import Argument, Call, Phase, Setting, make_call
from workmail_org.changes.rules import replace_rules
from workmail_org.model.policies import MobileDeviceAccessRule

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


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMobileRule:
    """A rule as WorkMail has it; two can have one name."""

    id: str
    rule: MobileDeviceAccessRule


def between(
    actual: Sequence[LiveMobileRule], desired: Sequence[MobileDeviceAccessRule]
) -> tuple[Call, ...]:
    """List the calls that make exactly the desired rules hold.

    Rules are matched by name; the rule that every organization starts with
    goes too, when the spec does not name it.

    Args:
        actual: All rules there are.
        desired: Not empty: without any rule no device gets in.

    Source:
        WorkMail API 2017-10-01: CreateMobileDeviceAccessRule,
        UpdateMobileDeviceAccessRule (full replacement),
        DeleteMobileDeviceAccessRule.
    """
    present: dict[str, LiveMobileRule] = {}
    surplus: list[LiveMobileRule] = []
    names = {rule.name for rule in desired}
    for live in actual:
        if live.rule.name in names and live.rule.name not in present:
            present[live.rule.name] = live
        else:
            surplus.append(live)
    return replace_rules(
        len(actual),
        updates=[
            _update(present[rule.name].id, rule)
            for rule in desired
            if rule.name in present and sort_lists(present[rule.name].rule) != sort_lists(rule)
        ],
        additions=[_create(rule) for rule in desired if rule.name not in present],
        removals=[_delete(live) for live in surplus],
    )


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
        Phase.PART,
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
