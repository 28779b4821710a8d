"""Effects: what access-control, mobile and impersonation rules do to an attempt; AWS is not asked.

A matching DENY wins, and what no rule allows is denied. WorkMail's guide says so of mobile and of
impersonation rules; of access-control rules it is assumed (facts.md §1.8). Rules alone are judged:
a user that is switched off cannot sign in whatever they say, and overrides of single devices are
not in a spec.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from workmail_org.model.expectations import NOT_TOLD, Access, Attempt, Device
from workmail_org.model.policies import (
    AccessControlRule,
    Effect,
    ImpersonationRule,
    MobileDeviceAccessRule,
    Policies,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult:
    """What becomes of an attempt.

    Attributes:
        rules: Keys of the rules that decide, in the order of the spec; empty:
            no rule matches, or there are none.
        by_default: Whether there are no rules, so that the one decides that
            every organization begins with. It allows everything.
    """

    effect: Effect
    rules: tuple[str, ...] = ()
    by_default: bool = False


def judge(policies: Policies, attempt: Attempt) -> AttemptResult:
    """Say what becomes of an attempt.

    Args:
        policies: With the role that an impersonation names.
        attempt: Names are spelled as in the rules.

    Source:
        WorkMail Admin Guide, "access-rules", "manage-mobile-access" and
        "managing-impersonation-roles".
    """
    if isinstance(attempt, Access):
        access = policies.access_control
        matching = [(r.name, r.effect) for r in access if _opens(r, attempt)]
        return _decide(matching) if access else _BY_DEFAULT
    if isinstance(attempt, Device):
        mobile = policies.mobile_devices
        matching = [(r.name, r.effect) for r in mobile if _fits(r, attempt)]
        return _decide(matching) if mobile else _BY_DEFAULT
    role = next(each for each in policies.impersonation_roles if each.name == attempt.role)
    return _decide([(r.key, r.effect) for r in role.rules if _covers(r, attempt.user)])


_BY_DEFAULT = AttemptResult(effect=Effect.ALLOW, by_default=True)


def _decide(matching: Sequence[tuple[str, Effect]]) -> AttemptResult:
    allowed = bool(matching) and all(effect is Effect.ALLOW for _, effect in matching)
    decisive = Effect.ALLOW if allowed else Effect.DENY
    return AttemptResult(
        effect=decisive, rules=tuple(key for key, effect in matching if effect is decisive)
    )


def _opens(rule: AccessControlRule, access: Access) -> bool:
    address = int(ipaddress.IPv4Address(access.address))
    return (
        _is_listed(access.action, rule.actions, rule.not_actions)
        and _is_listed(access.user, rule.users, rule.not_users)
        and _is_listed(access.role, rule.impersonation_roles, rule.not_impersonation_roles)
        and (not rule.ip_ranges or _is_within(address, rule.ip_ranges))
        and not _is_within(address, rule.not_ip_ranges)
    )


def _is_listed(value: str | None, listed: Sequence[str], excepted: Sequence[str]) -> bool:
    """Return whether a rule is about a value; without a list it is about everything.

    A role is not a user: no list of users holds it, and no exception.
    """
    return (not listed or value in listed) and value not in excepted


def _is_within(address: int, ranges: Iterable[str]) -> bool:
    return any(first <= address <= last for first, last in map(_parse_range, ranges))


@lru_cache(maxsize=32768)  # 10 rules of 1024 ranges and 1024 exceptions, the most of a spec
def _parse_range(text: str) -> tuple[int, int]:
    network = ipaddress.IPv4Network(text, strict=False)
    return int(network.network_address), int(network.broadcast_address)


def _fits(rule: MobileDeviceAccessRule, device: Device) -> bool:
    properties = (
        (device.device_type, rule.device_types, rule.not_device_types),
        (device.device_model, rule.device_models, rule.not_device_models),
        (device.operating_system, rule.operating_systems, rule.not_operating_systems),
        (device.user_agent, rule.user_agents, rule.not_user_agents),
    )
    return all(
        (not wanted or _begins(value, wanted)) and not _begins(value, unwanted)
        for value, wanted, unwanted in properties
    )


def _begins(value: str | None, beginnings: Iterable[str]) -> bool:
    """Return whether a property begins with one of several texts, without case."""
    if value is None:
        return NOT_TOLD in beginnings
    return any(value.lower().startswith(beginning.lower()) for beginning in beginnings)


def _covers(rule: ImpersonationRule, user: str) -> bool:
    return _is_listed(user, rule.target_users, rule.not_target_users)
