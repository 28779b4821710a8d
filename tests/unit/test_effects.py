"""Our evaluator and the emulator's, which are written apart, come to the same verdicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes import make_emulator
from workmail_emulator import Emulator
from workmail_org import effects
from workmail_org.changes.access_control import ACTIONS
from workmail_org.effects import AttemptResult
from workmail_org.model.expectations import NOT_TOLD, Access, Attempt, Device, Impersonation
from workmail_org.model.policies import (
    AccessControlRule,
    Effect,
    ImpersonationRole,
    ImpersonationRule,
    ImpersonationType,
    MobileDeviceAccessRule,
    Policies,
)

USERS = ("alice", "bob", "carol")
ROLES = ("backup", "archive")
ADDRESSES = ("10.0.0.1", "10.0.0.255", "10.0.1.0", "203.0.113.7", "0.0.0.0", "255.255.255.255")  # noqa: S104
RANGES = ("10.0.0.0/24", "10.0.0.1/32", "10.0.0.77/23", "203.0.113.0/24", "0.0.0.0/0")
# ß and µ change their length or letter when they are folded, and not in lower case
TOLD = ("iPhone", "IPHONE14C2", "ipad", "straße", "STRASSE", "µ", "Ä")
BEGINNINGS = ("i", "iPhone", "iphone14", "IPAD", "straß", "strass", "µ", "ä", NOT_TOLD)

EFFECTS = st.sampled_from(Effect)


def few(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Draw some of several values, mostly none, so that many rules match."""
    return st.just(()) | st.lists(st.sampled_from(values), unique=True, max_size=3).map(tuple)


def rules(model: Any, conditions: dict[str, Any], key: str = "name") -> st.SearchStrategy[Any]:
    """Draw up to four rules with keys of their own."""
    rule = st.builds(model, **{key: st.just("")}, effect=EFFECTS, **conditions)
    return st.lists(rule, max_size=4).map(
        lambda drawn: tuple(replace(each, **{key: f"r{at}"}) for at, each in enumerate(drawn))
    )


ACCESS_RULES = rules(
    AccessControlRule,
    {
        "description": st.just("d"),
        "actions": few(tuple(ACTIONS)),
        "not_actions": few(tuple(ACTIONS)),
        "ip_ranges": few(RANGES),
        "not_ip_ranges": few(RANGES[:-1]),
        "users": few(USERS),
        "not_users": few(USERS),
        "impersonation_roles": few(ROLES),
        "not_impersonation_roles": few(ROLES),
    },
)
PROPERTIES = ("device_types", "device_models", "operating_systems", "user_agents")
MOBILE_RULES = rules(
    MobileDeviceAccessRule,
    {
        "description": st.none(),
        **{f"{no}{each}": few(BEGINNINGS) for each in PROPERTIES for no in ("", "not_")},
    },
)
ROLE_RULES = rules(
    ImpersonationRule,
    {
        "name": st.none(),
        "description": st.none(),
        "target_users": few(USERS),
        "not_target_users": few(USERS),
    },
    key="key",
)
PLACES = st.sampled_from(ADDRESSES)
ACCESSES = st.builds(
    Access, action=st.sampled_from(list(ACTIONS)), address=PLACES, user=st.sampled_from(USERS)
) | st.builds(Access, action=st.just("ews"), address=PLACES, role=st.sampled_from(ROLES))
VALUES = st.none() | st.sampled_from(TOLD)
DEVICES = st.builds(
    Device, device_type=VALUES, device_model=VALUES, operating_system=VALUES, user_agent=VALUES
)


class Asked:
    """An emulated organization whose rules can be replaced, and that is asked about them."""

    def __init__(self) -> None:
        self.emulator: Emulator = make_emulator()
        self.client: Any = self.emulator.client("workmail", region="eu-west-1")
        self.organization = self.client.create_organization(Alias="acme")["OrganizationId"]
        self.ids = {name: self.make_user(name) for name in USERS}
        self.ids |= {name: self.make_role(name) for name in ROLES}

    def __call__(self, operation: str, **parameters: Any) -> Any:
        """Call an operation; what is empty is left out."""
        given = {name: value for name, value in parameters.items() if value not in (None, [])}
        return getattr(self.client, operation)(OrganizationId=self.organization, **given)

    def make_user(self, name: str) -> str:
        user_id: str = self("create_user", Name=name, DisplayName=name)["UserId"]
        self("register_to_work_mail", EntityId=user_id, Email=f"{name}@acme.awsapps.com")
        return user_id

    def make_role(self, name: str) -> str:
        made = self.client.create_impersonation_role(
            OrganizationId=self.organization, Name=name, Type="READ_ONLY", Rules=[]
        )
        return str(made["ImpersonationRoleId"])

    def find(self, names: tuple[str, ...]) -> list[str]:
        return [self.ids[name] for name in names]

    def put_access(self, wanted: tuple[AccessControlRule, ...]) -> None:
        for rule in self("list_access_control_rules")["Rules"]:
            self("delete_access_control_rule", Name=rule["Name"])
        for rule in wanted:
            self(
                "put_access_control_rule",
                Name=rule.name,
                Effect=rule.effect.upper(),
                Description=rule.description,
                Actions=[ACTIONS[action] for action in rule.actions],
                NotActions=[ACTIONS[action] for action in rule.not_actions],
                IpRanges=list(rule.ip_ranges),
                NotIpRanges=list(rule.not_ip_ranges),
                UserIds=self.find(rule.users),
                NotUserIds=self.find(rule.not_users),
                ImpersonationRoleIds=self.find(rule.impersonation_roles),
                NotImpersonationRoleIds=self.find(rule.not_impersonation_roles),
            )

    def put_mobile(self, wanted: tuple[MobileDeviceAccessRule, ...]) -> None:
        for rule in self("list_mobile_device_access_rules")["Rules"]:
            rule_id = rule["MobileDeviceAccessRuleId"]
            self("delete_mobile_device_access_rule", MobileDeviceAccessRuleId=rule_id)
        for rule in wanted:
            self(
                "create_mobile_device_access_rule",
                Name=rule.name,
                Effect=rule.effect.upper(),
                DeviceTypes=list(rule.device_types),
                NotDeviceTypes=list(rule.not_device_types),
                DeviceModels=list(rule.device_models),
                NotDeviceModels=list(rule.not_device_models),
                DeviceOperatingSystems=list(rule.operating_systems),
                NotDeviceOperatingSystems=list(rule.not_operating_systems),
                DeviceUserAgents=list(rule.user_agents),
                NotDeviceUserAgents=list(rule.not_user_agents),
            )

    def put_role(self, role: ImpersonationRole) -> None:
        written = [
            {
                "ImpersonationRuleId": rule.key,
                "Effect": rule.effect.upper(),
                **({"TargetUsers": self.find(rule.target_users)} if rule.target_users else {}),
                **(
                    {"NotTargetUsers": self.find(rule.not_target_users)}
                    if rule.not_target_users
                    else {}
                ),
            }
            for rule in role.rules
        ]
        self.client.update_impersonation_role(
            OrganizationId=self.organization,
            ImpersonationRoleId=self.ids[role.name],
            Name=role.name,
            Type="READ_ONLY",
            Rules=written,
        )

    def judge(self, attempt: Attempt) -> AttemptResult:
        if isinstance(attempt, Device):
            answer = self(
                "get_mobile_device_access_effect",
                DeviceType=attempt.device_type,
                DeviceModel=attempt.device_model,
                DeviceOperatingSystem=attempt.operating_system,
                DeviceUserAgent=attempt.user_agent,
            )
            matched = [each["Name"] for each in answer["MatchedRules"]]
        elif isinstance(attempt, Impersonation):
            answer = self(
                "get_impersonation_role_effect",
                ImpersonationRoleId=self.ids[attempt.role],
                TargetUser=self.ids[attempt.user],
            )
            matched = [each["ImpersonationRuleId"] for each in answer["MatchedRules"]]
        else:
            answer = self(
                "get_access_control_effect",
                IpAddress=attempt.address,
                Action=ACTIONS[attempt.action],
                UserId=self.ids[attempt.user] if attempt.user else None,
                ImpersonationRoleId=self.ids[attempt.role] if attempt.role else None,
            )
            matched = answer["MatchedRules"]
        return AttemptResult(effect=Effect(answer["Effect"].lower()), rules=tuple(matched))


@pytest.fixture(scope="module")
def asked() -> Asked:
    return Asked()


@given(wanted=ACCESS_RULES.filter(bool), attempts=st.lists(ACCESSES, min_size=1, max_size=8))
def test_access_control_rules_do_the_same_in_both(
    asked: Asked, wanted: tuple[AccessControlRule, ...], attempts: list[Access]
) -> None:
    asked.put_access(wanted)

    for attempt in attempts:
        verdict = effects.judge(Policies(access_control=wanted), attempt)

        assert asked.judge(attempt) == verdict


@given(wanted=MOBILE_RULES.filter(bool), attempts=st.lists(DEVICES, min_size=1, max_size=8))
def test_mobile_device_rules_do_the_same_in_both(
    asked: Asked, wanted: tuple[MobileDeviceAccessRule, ...], attempts: list[Device]
) -> None:
    asked.put_mobile(wanted)

    for attempt in attempts:
        verdict = effects.judge(Policies(mobile_devices=wanted), attempt)

        assert asked.judge(attempt) == verdict


@given(wanted=ROLE_RULES)
def test_impersonation_rules_do_the_same_in_both(
    asked: Asked, wanted: tuple[ImpersonationRule, ...]
) -> None:
    role = ImpersonationRole(name="backup", type=ImpersonationType.READ_ONLY, rules=wanted)
    asked.put_role(role)

    for user in USERS:
        attempt = Impersonation(role="backup", user=user)
        verdict = effects.judge(Policies(impersonation_roles=(role,)), attempt)

        assert asked.judge(attempt) == verdict


def test_a_new_organization_allows_what_is_not_declared() -> None:
    """The emulator begins with the rules that every organization begins with."""
    asked = Asked()
    for attempt in (
        Access(action="imap", address="203.0.113.7", user="alice"),
        Access(action="ews", address="203.0.113.7", role="backup"),
        Device(device_type="iphone"),
    ):
        verdict = effects.judge(Policies(), attempt)

        assert AttemptResult(effect=Effect.ALLOW, by_default=True) == verdict
        assert asked.judge(attempt).effect is verdict.effect


def test_rules_are_named_by_their_keys_in_the_order_of_the_spec() -> None:
    allow = AccessControlRule(name="all", effect=Effect.ALLOW, description="d")
    deny = replace(allow, effect=Effect.DENY)
    policies = Policies(access_control=(replace(deny, name="z"), allow, replace(deny, name="a")))
    attempt = Access(action="imap", address="203.0.113.7", user="alice")

    assert AttemptResult(effect=Effect.DENY, rules=("z", "a")) == effects.judge(policies, attempt)
