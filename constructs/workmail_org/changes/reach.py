"""Reach: who gets to a mailbox, by which protocol and from where, as access-control rules say.

Sets of IPv4 addresses rather than single questions: what changes for whom is
the difference of two sets.

Source: WorkMail Admin Guide, "access-rules"; that a denial wins and no match
denies is said of mobile rules ("manage-mobile-access") and assumed here
(facts.md §1.8).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache

from workmail_org.model.policies import ACTIONS, AccessControlRule, Effect, MobileDeviceAccessRule
from workmail_org.model.values import fold

Ranges = tuple[tuple[int, int], ...]
"""IPv4 addresses as numbers: first and last of each range, sorted, apart from each other."""

NOWHERE: Ranges = ()
EVERYWHERE: Ranges = ((0, 2**32 - 1),)

_UNREACHABLE = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
"""Addresses that nobody comes from over the internet, where WorkMail's endpoints are (IANA IPv4
Special-Purpose Address Registry: not globally reachable; documentation networks are left out)."""

_CONDITIONS = (
    "device_types",
    "not_device_types",
    "device_models",
    "not_device_models",
    "operating_systems",
    "not_operating_systems",
    "user_agents",
    "not_user_agents",
)


def find_reach(rules: Iterable[AccessControlRule], user: str | None, action: str) -> Ranges:
    """Find from where somebody gets to their mailbox.

    Args:
        rules: All rules there are.
        user: User name; `None`: somebody whom no rule names.
        action: Protocol in the spec's word, such as `imap`.
    """
    matching = [rule for rule in rules if _speaks_of(rule, user, action)]
    allowed = _unite(_get_ranges(rule) for rule in matching if rule.effect is Effect.ALLOW)
    denied = _unite(_get_ranges(rule) for rule in matching if rule.effect is Effect.DENY)
    return subtract(allowed, denied)


def list_named_users(rules: Iterable[AccessControlRule]) -> tuple[str, ...]:
    """Return the names of the users that rules single out, folded and sorted."""
    return tuple(sorted({fold(name) for rule in rules for name in (*rule.users, *rule.not_users)}))


def lets_nobody_in(rules: Sequence[AccessControlRule]) -> bool:
    """Return whether nobody gets to any mailbox, by any protocol, from anywhere people can be."""
    return not any(
        subtract(find_reach(rules, user, action), _NO_SOURCES)
        for user in (None, *list_named_users(rules))
        for action in ACTIONS
    )


def lets_no_device_in(rules: Sequence[MobileDeviceAccessRule]) -> bool:
    """Return whether no mobile device gets in: none is allowed, or all are denied."""
    allows = any(rule.effect is Effect.ALLOW for rule in rules)
    denies_all = any(
        rule.effect is Effect.DENY and not any(getattr(rule, name) for name in _CONDITIONS)
        for rule in rules
    )
    return denies_all or not allows


def subtract(ranges: Ranges, taken: Ranges) -> Ranges:
    """Return the addresses of `ranges` that are not in `taken`."""
    left: list[tuple[int, int]] = []
    for first, last in ranges:
        start = first
        for taken_first, taken_last in taken:
            if taken_last < start or taken_first > last:
                continue
            if taken_first > start:
                left.append((start, taken_first - 1))
            start = taken_last + 1
        if start <= last:
            left.append((start, last))
    return tuple(left)


def list_networks(ranges: Ranges) -> tuple[str, ...]:
    """Write addresses in CIDR notation, in as few networks as there can be."""
    return tuple(
        str(network)
        for first, last in ranges
        for network in ipaddress.summarize_address_range(
            ipaddress.IPv4Address(first), ipaddress.IPv4Address(last)
        )
    )


def _speaks_of(rule: AccessControlRule, user: str | None, action: str) -> bool:
    """Return whether a rule has a word on a person; what only impersonators meet has none."""
    name = fold(user or "")  # no rule can name nobody
    named = not rule.users or name in {fold(each) for each in rule.users}
    excepted = name in {fold(each) for each in rule.not_users}
    acts = (not rule.actions or action in rule.actions) and action not in rule.not_actions
    return named and not excepted and acts and not rule.impersonation_roles


@lru_cache(maxsize=1024)  # each rule is asked for by every user that is named and every protocol
def _get_ranges(rule: AccessControlRule) -> Ranges:
    wanted = _unite([_parse(rule.ip_ranges)]) if rule.ip_ranges else EVERYWHERE
    return subtract(wanted, _unite([_parse(rule.not_ip_ranges)]))


def _parse(texts: Iterable[str]) -> Ranges:
    networks = [ipaddress.IPv4Network(text, strict=False) for text in texts]
    return tuple((int(net.network_address), int(net.broadcast_address)) for net in networks)


def _unite(parts: Iterable[Ranges]) -> Ranges:
    united: list[tuple[int, int]] = []
    for first, last in sorted(each for ranges in parts for each in ranges):
        if united and first <= united[-1][1] + 1:
            united[-1] = (united[-1][0], max(last, united[-1][1]))
        else:
            united.append((first, last))
    return tuple(united)


_NO_SOURCES = _unite([_parse(_UNREACHABLE)])
