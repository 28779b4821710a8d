"""Expectations: those that the rules of the spec do not meet, told without asking AWS.

What is wrong with the rules themselves, or with an expectation, is told by the schema and by
`rules/`. Here only what is right so far is judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workmail_org import effects
from workmail_org.model.expectations import Access, Device
from workmail_org.model.policies import Effect
from workmail_org.spec.declared import Declared, mapping, sequence
from workmail_org.spec.policies import build_expectation, build_policies
from workmail_org.spec.problems import Problem, Severity
from workmail_org.spec.schema import fill_empty, find_shape
from workmail_org.spec.suggesting import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workmail_org.effects import AttemptResult
    from workmail_org.model.expectations import Attempt, Expectation
    from workmail_org.spec.declared import DeclaredOrganization
    from workmail_org.spec.files.loading import Document
    from workmail_org.spec.problems import Path

_WORDS = {Effect.ALLOW: "allowed", Effect.DENY: "denied"}


def judge(document: Document, problems: Iterable[Problem]) -> list[Problem]:
    """List the expectations that are not met.

    Args:
        document: A spec.
        problems: What is wrong with it so far. Rules that are wrong decide
            nothing, and an expectation that is wrong is not judged.
    """
    if not document.readable:
        return []
    wrong = [each.path for each in problems if each.severity is Severity.ERROR]
    # organizations.acme.policies and organizations.acme.expect[0], with everything in them
    spoiled = {path[:length] for path in (*wrong, *document.gaps) for length in (3, 4)}
    return [
        problem
        for organization in Declared(document).organizations
        if (*organization.path, "policies") not in spoiled
        for problem in _judge_organization(document, organization, spoiled)
    ]


def _judge_organization(
    document: Document, organization: DeclaredOrganization, spoiled: set[Path]
) -> Iterator[Problem]:
    entries = [
        ((*organization.path, "expect", at), entry)
        for at, entry in enumerate(sequence(organization.body.get("expect")))
    ]
    if not entries:
        return
    path: Path = (*organization.path, "policies")
    policies = build_policies(
        fill_empty(mapping(organization.body.get("policies")), find_shape(path))
    )
    taken_over = organization.body.get("existing") is not None
    for where, entry in entries:
        if where in spoiled:
            continue
        expectation = build_expectation(entry)
        verdict = effects.judge(policies, expectation.attempt)
        if verdict.by_default and taken_over:
            yield _leave_open(document, where, expectation.attempt)
        elif verdict.effect is not expectation.effect:
            yield _refuse(document, where, expectation, verdict)


def _refuse(
    document: Document, where: Path, expectation: Expectation, verdict: AttemptResult
) -> Problem:
    attempt = expectation.attempt
    why = f" ({expectation.description})" if expectation.description else ""
    wanted = f"{attempt} should be {_WORDS[expectation.effect]}{why}"
    message = f"{wanted}, but {_explain(verdict, attempt)}"
    return Problem(document.place(where), where, message, _advise(verdict, attempt), rule="expect")


def _leave_open(document: Document, where: Path, attempt: Attempt) -> Problem:
    section = _find_section(attempt)
    return Problem(
        document.place(where),
        where,
        f"{attempt} is up to the rules that the existing organization has:"
        f" {section} is not declared",
        f"declare {section}; a plan against the live organization shows what its rules do",
        Severity.WARNING,
        rule="expect",
    )


def _explain(verdict: AttemptResult, attempt: Attempt) -> str:
    """Say which rules decide, and how."""
    section = _find_section(attempt)
    if verdict.by_default:
        return f"{section} is not declared, and WorkMail's own rule allows everything"
    if not verdict.rules:
        return f"no rule of {section} matches"
    verb = "allow" if verdict.effect is Effect.ALLOW else "deny"
    if len(verdict.rules) == 1:
        verb = "allows" if verdict.effect is Effect.ALLOW else "denies"
    noun = "rule" if len(verdict.rules) == 1 else "rules"
    return f"{noun} {quoted(verdict.rules)} of {section} {verb} it"


def _advise(verdict: AttemptResult, attempt: Attempt) -> str:
    if verdict.by_default:
        return f"declare {_find_section(attempt)}"
    if not verdict.rules:
        return 'add a rule with "effect: allow" that matches'
    if verdict.effect is Effect.DENY:
        return "narrow what denies it: a deny wins over every allow"
    return 'narrow what allows it, or add a rule with "effect: deny"'


def _find_section(attempt: Attempt) -> str:
    """Name the part of `policies` that decides."""
    if isinstance(attempt, Access):
        return "access_control"
    if isinstance(attempt, Device):
        return "mobile_devices"
    return f"impersonation_roles.{attempt.role}"
