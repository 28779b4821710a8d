"""Twins: specs that CloudFormation or WorkMail would take for the ones that they extend.

A stack is named after its environment and the organization's key, and neither an alias nor a
region of what is deployed can change. So two specs that share these names are one: whichever is
deployed second is refused, or changes what the first one made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workmail_org.spec.files import nodes
from workmail_org.spec.files.nodes import Mapping, Node, Place, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workmail_org.spec.files.including import Library


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """One spec on top of another.

    Attributes:
        original: What is extended, resolved.
        copied: Where `derive` stands; `None`: the overlay makes no copy.
    """

    original: Mapping
    copied: Place | None


def check(extension: Extension, result: Mapping, library: Library) -> None:
    """Return what a spec shares with one that it extends and cannot share.

    A copy is never what it was copied from: that is an error. An overlay alone may be all that is
    ever deployed of the two, so that only its author knows: a warning.

    Args:
        extension: One of those that led to `result`.
        result: What is to be deployed, all overlays applied.
        library: Takes the problems.
    """
    if any(problem.path[:1] == ("derive",) for problem in library.problems):
        return  # what is wrong may be what tells the two apart
    original = extension.original
    same_account = not _differ(original.entries.get("account"), result.entries.get("account"))
    same_stacks = _agree(original.entries.get("environment"), result.entries.get("environment"))
    clashing = [pair for pair in _pairs(original, result) if same_stacks and same_account]
    clashing = [pair for pair in clashing if not _differ(pair.was("region"), pair.has("region"))]
    if extension.copied is None:
        for pair in clashing:
            _warn_of_other_alias(pair, library)
        return
    if clashing:
        environment = original.entries["environment"]
        message = (
            f'the copy keeps environment "{_text(environment)}" of the spec that it extends, and '
            "would be deployed over it"
        )
        hint = "give it one of its own, such as environment: staging: stacks are named after it"
        library.report("derive", extension.copied, ("derive",), message, hint)
    for pair in _pairs(original, result):
        _refuse_alias(pair, extension.copied, library)


@dataclass(frozen=True, slots=True)
class _Pair:
    """An organization as it was extended, and as it is."""

    key: str
    original: Node
    result: Node

    def was(self, key: str) -> Node | None:
        return nodes.child(self.original, key)

    def has(self, key: str) -> Node | None:
        return nodes.child(self.result, key)


def _pairs(original: Mapping, result: Mapping) -> Iterator[_Pair]:
    before, after = original.entries.get("organizations"), result.entries.get("organizations")
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key, node in before.entries.items():
            if key in after.entries:
                yield _Pair(key, node, after.entries[key])


def _warn_of_other_alias(pair: _Pair, library: Library) -> None:
    was, has = pair.was("alias"), pair.has("alias")
    if has is None or not _differ(was, has) or pair.has("existing"):
        return
    library.warn(
        "extends",
        has.place,
        ("organizations", pair.key, "alias"),
        f'the alias was "{_text(was)}" in the spec that this one extends, whose environment it '
        "keeps: of a stack that is deployed the alias cannot change",
        "if both are deployed, give this one an environment of its own: stacks are named after it",
    )


def _refuse_alias(pair: _Pair, copied: Place, library: Library) -> None:
    alias = pair.has("alias")
    if not _agree(pair.was("alias"), alias) or pair.has("existing"):
        return
    library.report(
        "derive",
        copied,
        ("organizations", pair.key, "alias"),
        f'the copy keeps alias "{_text(alias)}" of the organization that it copies',
        "set alias_suffix: an alias belongs to one organization worldwide",
    )


def _agree(one: Node | None, other: Node | None) -> bool:
    """Return whether both are there and say the same."""
    return _is_text(one) and _is_text(other) and not _differ(one, other)


def _differ(one: Node | None, other: Node | None) -> bool:
    """Return whether both are there and, compared without case, do not say the same."""
    return _is_text(one) and _is_text(other) and _text(one).casefold() != _text(other).casefold()


def _is_text(node: Node | None) -> bool:
    return isinstance(node, Scalar) and node.value is not None


def _text(node: Node | None) -> str:
    return str(node.value) if isinstance(node, Scalar) else ""
