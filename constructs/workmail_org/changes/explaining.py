"""Explaining: what calls affect, in sentences, made where the calls are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from workmail_org.changes.calls import Call, Identity, Subject
from workmail_org.changes.consequences import Rule
from workmail_org.model.values import Kind, Reference

MOST_NAMES = 8
"""Names in one sentence; a reader loses the thread beyond."""

Explanation = tuple[Rule, str, Sequence[Call]]
"""What some calls about one thing mean: the class, a sentence without full stop, the calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How things are called in sentences.

    Attributes:
        name: Names a user, group or resource.
        begins: Whether the organization is made by this deployment.
    """

    name: Callable[[Reference], str]
    begins: bool

    def name_users(self, names: Iterable[str]) -> str:
        """Name users in a list."""
        return join(self.name(Reference(Kind.USER, name)) for name in names)


def join(names: Iterable[str], word: str = "and") -> str:
    """Write names as a list in a sentence: `alice, bob and carol`."""
    every = list(names)
    if len(every) > MOST_NAMES + 1:
        every = [*every[:MOST_NAMES], f"{len(every) - MOST_NAMES} more"]
    if len(every) < 2:
        return "".join(every)
    return f"{', '.join(every[:-1])} {word} {every[-1]}"


def group_by_subject(calls: Iterable[Call]) -> dict[Subject, list[Call]]:
    """Group calls by what they are about, in their order."""
    found: dict[Subject, list[Call]] = {}
    for call in calls:
        found.setdefault(call.subject, []).append(call)
    return found


def get_reference(call: Call, parameter: str) -> Reference:
    """Return whom a parameter of a call names."""
    identity = call.arguments[parameter]
    if isinstance(identity, Identity) and isinstance(identity.reference, Reference):
        return identity.reference
    raise TypeError(f"{call} names nobody in {parameter}")


def describe_rule_changes(calls: Iterable[Call], before: set[str], after: set[str]) -> str:
    """List which rules of a set are new, changed and removed, by name."""
    touched = {call.subject.name for call in calls}
    groups = (
        ("new", sorted(after - before)),
        ("changed", sorted(touched & before & after)),
        ("removed", sorted(before - after)),
    )
    parts = [
        f"{adjective} {'rule' if len(names) == 1 else 'rules'}: {join(names)}"
        for adjective, names in groups
        if names
    ]
    return "; ".join(parts)
