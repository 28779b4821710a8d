"""Mobile device access rules: which phones may synchronize."""

from __future__ import annotations

from workmail_emulator import access_rules, api
from workmail_emulator.api import Document
from workmail_emulator.errors import entity_not_found, limit_exceeded
from workmail_emulator.state import Organization
from workmail_emulator.world import Context

MOST_RULES = 10
"""Rules of one organization; botocore, MobileDeviceAccessRulesList, facts.md §1.9."""

PROPERTIES = {
    "DeviceType": "DeviceTypes",
    "DeviceModel": "DeviceModels",
    "DeviceOperatingSystem": "DeviceOperatingSystems",
    "DeviceUserAgent": "DeviceUserAgents",
}
"""Property of a device → condition of a rule; its negation has `Not` before it."""

NOTHING = "$NONE"
"""Matches an empty property; Admin Guide manage-mobile-access, facts.md §1.9."""


def create_mobile_device_access_rule(context: Context, organization: Organization) -> Document:
    """Add a rule. Source: facts.md §1.9."""
    if len(organization.mobile_rules) >= MOST_RULES:
        raise limit_exceeded(f"An organization has at most {MOST_RULES} mobile device rules.")
    rule_id = context.world.ids.uuid()
    organization.mobile_rules[rule_id] = _rule(context, rule_id, context.now)
    return {"MobileDeviceAccessRuleId": rule_id}


def update_mobile_device_access_rule(context: Context, organization: Organization) -> Document:
    """Replace a rule as a whole. Source: facts.md §1.9."""
    rule_id: str = context.parameters["MobileDeviceAccessRuleId"]
    replaced = organization.mobile_rules.get(rule_id)
    if replaced is None:
        raise entity_not_found(rule_id)
    organization.mobile_rules[rule_id] = _rule(context, rule_id, replaced["DateCreated"])
    return {}


def _rule(context: Context, rule_id: str, created: float) -> Document:
    parameters = context.parameters
    conditions = [name for plural in PROPERTIES.values() for name in (plural, f"Not{plural}")]
    return {
        **api.without_nones(
            MobileDeviceAccessRuleId=rule_id,
            Name=parameters["Name"],
            Description=parameters.get("Description"),
            Effect=parameters["Effect"],
        ),
        **{name: parameters[name] for name in conditions if parameters.get(name)},
        "DateCreated": created,
        "DateModified": context.now,
    }


def delete_mobile_device_access_rule(context: Context, organization: Organization) -> Document:
    """Delete a rule; no error if absent. Source: botocore, the operation."""
    organization.mobile_rules.pop(context.parameters["MobileDeviceAccessRuleId"], None)
    return {}


def list_mobile_device_access_rules(context: Context, organization: Organization) -> Document:
    """List the rules, not paged. Source: facts.md §1.0."""
    del context
    return {"Rules": list(organization.mobile_rules.values())}


def get_mobile_device_access_effect(context: Context, organization: Organization) -> Document:
    """Return what the rules do to one device: a denial wins, no match denies.

    Source:
        Admin Guide manage-mobile-access, facts.md §1.9: prefixes, without case.
    """
    device = {name: str(context.parameters.get(name, "")) for name in PROPERTIES}
    rules = organization.mobile_rules.values()
    matching = [rule for rule in rules if _matches(rule, device)]
    return access_rules.decide(matching, "MobileDeviceAccessRuleId", "Name")


def _matches(rule: Document, device: dict[str, str]) -> bool:
    for name, plural in PROPERTIES.items():
        if plural in rule and not _begins(device[name], rule[plural]):
            return False
        if _begins(device[name], rule.get(f"Not{plural}", [])):
            return False
    return True


def _begins(value: str, prefixes: list[str]) -> bool:
    if not value:
        return NOTHING in prefixes
    return any(value.lower().startswith(prefix.lower()) for prefix in prefixes)
