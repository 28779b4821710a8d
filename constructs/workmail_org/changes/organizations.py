"""Changes of the organization itself: what no API changes, and tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def refuse_immutable(comparisons: Iterable[tuple[str, object, object]]) -> tuple[str, ...]:
    """Say why a change of what no API changes is not carried out (facts.md §1.1).

    Args:
        comparisons: A word of the spec, what is there, and what is wanted.
    """
    return tuple(
        f"{word} of an organization cannot change, from {_show(actual)} to {_show(wanted)}: that "
        "would take another organization, and every mailbox would be lost; put the old value "
        "back, or declare a further organization under another key"
        for word, actual, wanted in comparisons
        if actual != wanted
    )


def find_tag_changes(
    actual: Mapping[str, str], previous: Mapping[str, str], desired: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Find the tags that are to go, and those that are to be written.

    Tags that somebody else set stay: taken away is only what the spec had said
    itself.

    Args:
        actual: What is there.
        previous: What the last deployment declared.
        desired: What is declared, with the tags that the engine adds.
    """
    surplus = sorted(
        key for key, value in previous.items() if key not in desired and actual.get(key) == value
    )
    missing = {key: value for key, value in desired.items() if actual.get(key) != value}
    return surplus, missing


def _show(value: object) -> str:
    return "none" if value is None else repr(value)
