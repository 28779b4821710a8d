"""Who gets in is a set of addresses; it agrees with the judgement of single attempts."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workmail_org.changes.access_control import ACTIONS
from workmail_org.changes.reach import (
    EVERYWHERE,
    NOWHERE,
    find_reach,
    lets_no_device_in,
    lets_nobody_in,
    list_networks,
    subtract,
)
from workmail_org.effects import judge
from workmail_org.model.expectations import Access
from workmail_org.model.policies import (
    AccessControlRule,
    Effect,
    MobileDeviceAccessRule,
    Policies,
)

NETWORKS = st.sampled_from(
    [
        "203.0.113.0/24",
        "203.0.113.128/25",
        "198.51.100.7/32",
        "0.0.0.0/1",
        "128.0.0.0/1",
        "10.0.0.0/8",
    ]
)
ADDRESSES = [
    "203.0.113.1",
    "203.0.113.200",
    "198.51.100.7",
    "198.51.100.8",
    "10.1.2.3",
    "192.0.2.1",
]
USERS = st.sampled_from(["alice", "Bob", "carol"])
SOME_ACTIONS = st.sampled_from(["imap", "ews", "web_mail"])


def some(values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(values, max_size=2, unique=True).map(tuple)


RULES = st.builds(
    AccessControlRule,
    name=st.uuids().map(str),
    effect=st.sampled_from(Effect),
    description=st.just("…"),
    actions=some(SOME_ACTIONS),
    not_actions=some(SOME_ACTIONS),
    ip_ranges=some(NETWORKS),
    not_ip_ranges=some(NETWORKS),
    users=some(USERS),
    not_users=some(USERS),
)


@given(
    rules=st.lists(RULES, min_size=1, max_size=5),
    address=st.sampled_from(ADDRESSES),
    user=USERS,
    action=SOME_ACTIONS,
)
def test_an_address_is_in_reach_when_an_attempt_from_it_is_allowed(
    rules: list[AccessControlRule], address: str, user: str, action: str
) -> None:
    verdict = judge(
        Policies(access_control=tuple(rules)), Access(action=action, user=user, address=address)
    )
    number = int(ipaddress.IPv4Address(address))
    within = any(first <= number <= last for first, last in find_reach(rules, user, action))

    assert (verdict.effect is Effect.ALLOW) is within


def rule(effect: Effect, **conditions: tuple[str, ...]) -> AccessControlRule:
    return AccessControlRule(name="a-rule", effect=effect, description="…", **conditions)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], True),
        ([rule(Effect.ALLOW)], False),
        ([rule(Effect.ALLOW), rule(Effect.DENY)], True),
        ([rule(Effect.ALLOW), rule(Effect.DENY, users=("alice",))], False),
        ([rule(Effect.ALLOW, users=("alice",)), rule(Effect.DENY, users=("Alice",))], True),
        ([rule(Effect.ALLOW, users=("alice",)), rule(Effect.DENY, not_users=("alice",))], False),
        ([rule(Effect.ALLOW, actions=("imap",)), rule(Effect.DENY, actions=("imap",))], True),
        ([rule(Effect.ALLOW), rule(Effect.DENY, ip_ranges=("0.0.0.0/1", "128.0.0.0/1"))], True),
        ([rule(Effect.ALLOW, ip_ranges=("127.0.0.1/32",))], True),
        ([rule(Effect.ALLOW, ip_ranges=("10.0.0.0/8", "192.168.0.0/16"))], True),
        ([rule(Effect.ALLOW, ip_ranges=("10.0.0.0/8", "9.9.9.9/32"))], False),
        ([rule(Effect.ALLOW), rule(Effect.DENY, not_ip_ranges=("127.0.0.1/32",))], True),
        ([rule(Effect.ALLOW, impersonation_roles=("backup",))], True),
        ([rule(Effect.ALLOW), rule(Effect.DENY, impersonation_roles=("backup",))], False),
    ],
)
def test_a_lock_out_is_seen(rules: list[AccessControlRule], expected: bool) -> None:
    assert expected is lets_nobody_in(rules)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], True),
        ([MobileDeviceAccessRule(name="a", effect=Effect.ALLOW)], False),
        ([MobileDeviceAccessRule(name="a", effect=Effect.DENY)], True),
        (
            [
                MobileDeviceAccessRule(name="a", effect=Effect.ALLOW),
                MobileDeviceAccessRule(name="b", effect=Effect.DENY, device_types=("ipad",)),
            ],
            False,
        ),
    ],
)
def test_a_lock_out_of_devices_is_seen(rules: list[MobileDeviceAccessRule], expected: bool) -> None:
    assert expected is lets_no_device_in(rules)


def test_everybody_is_in_reach_of_every_protocol_by_a_rule_without_conditions() -> None:
    rules = [rule(Effect.ALLOW)]

    assert {EVERYWHERE} == {find_reach(rules, None, action) for action in ACTIONS}


def test_addresses_are_written_as_networks() -> None:
    rules = [rule(Effect.ALLOW, ip_ranges=("203.0.113.0/25", "203.0.113.128/25"))]

    assert ("203.0.113.0/24",) == list_networks(find_reach(rules, None, "imap"))


def test_what_is_taken_away_is_gone() -> None:
    assert NOWHERE == subtract(((5, 9),), ((0, 20),))
    assert ((0, 4), (10, 20)) == subtract(((0, 20),), ((5, 9),))
