"""Calls that did not work: what to tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workmail_org.changes.calls import Call, Phase, Setting, Subject
from workmail_org.changes.entities import describe_taken_name
from workmail_org.errors import ConflictError, ServiceError
from workmail_org.service.failures import is_throttled

_ROLE = (
    "the stack allows its role this: find what takes it away (a service control policy, a "
    "permissions boundary, the policy of a key, a role changed by hand), then deploy again"
)

_THROTTLED = (
    "WorkMail takes fewer calls than it is sent, from everybody in this account and region: deploy "
    "again when it is quieter"
)

_ADVICE = {
    "AccessDenied": _ROLE,
    "AccessDeniedException": _ROLE,
    "DirectoryServiceAuthenticationFailedException": (
        "the directory refuses the service account of its AD Connector: put the account's "
        "password right in Directory Service, then deploy again"
    ),
    "DirectoryUnavailableException": (
        "see in Directory Service whether the directory is Active and its network reachable, then "
        "deploy again"
    ),
}
"""By error code: what a person can do, where the code alone does not say."""


def advise(error: ServiceError) -> str:
    """Write an error, and what a person can do about it."""
    advice = _THROTTLED if is_throttled(error) else _ADVICE.get(error.code)
    return f"{error}; {advice}" if advice else str(error)


@dataclass(frozen=True, slots=True)
class Failure:
    """One call that did not work."""

    call: Call
    error: ServiceError

    def __str__(self) -> str:
        return f"{self._name_entity()}: {self.error}"

    def _name_entity(self) -> str:
        return f"{self.call.subject.kind} {self.call.subject.name}"

    @property
    def is_about_setting(self) -> bool:
        """Whether it is about a rule or a setting, and not about somebody."""
        return isinstance(self.call.subject, Setting)

    @property
    def key(self) -> tuple[str, Subject]:
        """The same for the same call in another round."""
        return make_key(self.call)

    def name_subject(self) -> ServiceError:
        """Build the same error, with what it is about."""
        error = self.error
        text = self.explain(advised=True)
        return type(error)(text, operation=error.operation, code=error.code)

    def explain(self, *, advised: bool = False) -> str:
        """Say what a person can do, where the code alone does not.

        Args:
            advised: What its code calls for was said already.
        """
        call, error = self.call, self.error
        subject = str(call.subject) if self.is_about_setting else self._name_entity()
        if error.code == "MailDomainStateException" and "DomainName" in call.arguments:
            return (
                f"domain {call.arguments['DomainName']} cannot be the default: it is not verified; "
                "put its DNS records in place first (see the stack's outputs)"
            )
        address = call.arguments.get("Email") or call.arguments.get("Alias")
        if error.code == "MailDomainStateException" and address:
            domain = str(address).rpartition("@")[2]
            return (
                f"{subject}: domain {domain} is not verified, so {address} cannot be used yet: put "
                "the domain's DNS records in place (see the stack's outputs), then deploy again"
            )
        taken = call.phase is Phase.CREATE and isinstance(error, ConflictError)
        if taken and not self.is_about_setting:
            return f"{subject}: {describe_taken_name()}"
        return f"{subject}: {error if advised else advise(error)}"


def describe_failures(failures: Iterable[Failure]) -> str:
    """Write every failure; what its code calls for once."""
    advised: set[str] = set()
    parts: list[str] = []
    for failure in failures:
        parts.append(failure.explain(advised=failure.error.code in advised))
        advised.add(failure.error.code)
    return "; ".join(parts)


def make_key(call: Call) -> tuple[str, Subject]:
    """Name a call for counting how long it fails."""
    return (call.operation, call.subject.folded)
