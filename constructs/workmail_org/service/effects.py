"""WorkMail's own word on expectations: what its rules do now, rule by rule as it evaluates them.

The `Get…Effect` calls change nothing, and see a change of a rule at once (WorkMail Admin Guide,
"access-rules").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workmail_org.errors import ServiceError
from workmail_org.model.expectations import Attempt, Device, Expectation, Impersonation
from workmail_org.model.organization import Organization
from workmail_org.model.policies import ACTIONS, Effect
from workmail_org.model.values import fold
from workmail_org.service.policies import list_roles
from workmail_org.service.reading import list_users
from workmail_org.service.workmail import WorkMail

_PROPERTIES = {
    "DeviceType": "device_type",
    "DeviceModel": "device_model",
    "DeviceOperatingSystem": "operating_system",
    "DeviceUserAgent": "user_agent",
}
"""WorkMail's parameters and the spec's words."""

_ABOUT_SOMEBODY = {
    "EntityNotFoundException",
    "EntityStateException",
    "ResourceNotFoundException",
}
"""Errors of the `Get…Effect` operations that are about the user or role that was named."""

_WORDS = {Effect.ALLOW: "allowed", Effect.DENY: "denied"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmetExpectation:
    """An expectation that WorkMail does not meet.

    Attributes:
        position: In the organization's `expect`, from 0.
        effect: What happens instead; `None`: WorkMail cannot be asked.
        reason: Which rules decide, or why WorkMail cannot be asked.
    """

    position: int
    expectation: Expectation
    effect: Effect | None
    reason: str

    @property
    def expected(self) -> str:
        """What the spec says."""
        return f"{self.expectation.attempt} is {_WORDS[self.expectation.effect]}"

    @property
    def actual(self) -> str:
        """What WorkMail says."""
        return f"it is {_WORDS[self.effect]}: {self.reason}" if self.effect else self.reason


def check_expectations(
    workmail: WorkMail, organization: Organization
) -> tuple[UnmetExpectation, ...]:
    """Ask WorkMail what becomes of every attempt, and list what is not as expected.

    A role that acts for a user who is switched off is left out: the rules that
    name such a user are not deployed before the user is switched on.

    Args:
        workmail: The organization as it is; nothing is written.
        organization: As the spec declares it.

    Raises:
        ServiceError: A call failed, such as for a missing permission.
    """
    off = {fold(user.name) for user in organization.users if not user.enabled}
    asked = [
        (position, each)
        for position, each in enumerate(organization.expect)
        if not (isinstance(each.attempt, Impersonation) and fold(each.attempt.user) in off)
    ]
    if not asked:
        return ()
    questions = _Questions(
        workmail,
        users={fold(row.reference.name): str(row.id) for row in list_users(workmail)},
        roles={name: id_ for id_, name in list_roles(workmail).items()},
    )
    answers = workmail.read_many(lambda each: questions.check(*each), asked)
    return tuple(answer for answer in answers if answer)


@dataclass(frozen=True, slots=True)
class _Questions:
    """Asks about one organization.

    Attributes:
        users: Ids by folded name.
        roles: Ids by name.
    """

    workmail: WorkMail
    users: Mapping[str, str]
    roles: Mapping[str, str]

    def check(self, position: int, expectation: Expectation) -> UnmetExpectation | None:
        effect, reason = self._ask(expectation.attempt)
        if effect is expectation.effect:
            return None
        return UnmetExpectation(
            position=position, expectation=expectation, effect=effect, reason=reason
        )

    def _ask(self, attempt: Attempt) -> tuple[Effect | None, str]:
        """Return what becomes of an attempt, and why."""
        unknown = self._find_unknown(attempt)
        if unknown:
            return None, unknown
        operation, parameters = self._make_question(attempt)
        try:
            answer = self.workmail.call(operation, **parameters)
        except ServiceError as error:
            if error.code not in _ABOUT_SOMEBODY:
                raise
            return None, str(error)
        return Effect(fold(answer["Effect"])), _name_rules(answer["MatchedRules"])

    def _find_unknown(self, attempt: Attempt) -> str | None:
        """Say who of an attempt does not exist; `None`: everybody does."""
        if isinstance(attempt, Device):
            return None
        if attempt.user is not None and fold(attempt.user) not in self.users:
            return f'there is no user "{attempt.user}"'
        if attempt.role is not None and attempt.role not in self.roles:
            return f'there is no impersonation role "{attempt.role}"'
        return None

    def _make_question(self, attempt: Attempt) -> tuple[str, Mapping[str, str]]:
        """Return an operation and its parameters."""
        if isinstance(attempt, Device):
            told = {name: getattr(attempt, field) for name, field in _PROPERTIES.items()}
            return "GetMobileDeviceAccessEffect", {k: v for k, v in told.items() if v is not None}
        who: dict[str, str] = {}
        if attempt.role is not None:
            who["ImpersonationRoleId"] = self.roles[attempt.role]
        if isinstance(attempt, Impersonation):
            return "GetImpersonationRoleEffect", {
                **who,
                "TargetUser": self.users[fold(attempt.user)],
            }
        if attempt.user is not None:
            who["UserId"] = self.users[fold(attempt.user)]
        where = {"IpAddress": attempt.address, "Action": ACTIONS[attempt.action]}
        return "GetAccessControlEffect", {**where, **who}


def _name_rules(matched: Sequence[str | Mapping[str, str]]) -> str:
    """Name the rules that decide; rules of a role need no name, and have a key always."""
    names = [
        each if isinstance(each, str) else each.get("ImpersonationRuleId") or each.get("Name", "?")
        for each in matched
    ]
    if not names:
        return "no rule matches"
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"{'rules' if len(names) > 1 else 'rule'} {quoted}"
