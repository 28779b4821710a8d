"""Keyed: where an organization differs from the one that is declared.

Theory of operation. Three organizations are walked side by side: what is declared, what is live,
and what was declared before. A value is one of four things:

* a class of the model: field by field;
* a collection of entries with a key (`terms.KEYS`), or a mapping: key by key, so that the order
  does not count and a path names the entry;
* any other collection: a set of values;
* a single value.

What the declared one does not say is not managed, and so not compared. There is one exception: what
was said before, and is still live as it was said, is left over. What was never said is somebody
else's. Inside of what is declared as a whole (`terms.WHOLE`) everything is said.

Nothing here knows what the engine does, nor how. That is its worth: whatever the engine forgets to
write, this finds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, cast

from workmail_org.differences.finding import PRESENT, Finding
from workmail_org.differences.terms import (
    EXCLUSIVE,
    FOLDED,
    FOLDED_KEYS,
    GOES_IF_SAME,
    KEYS,
    LEFT_ALONE,
    NONE_IS_SAID,
    NOT_TOLD,
    SILENT,
    VALUES,
    WHOLE,
    WORDS,
    Field,
)
from workmail_org.model.values import Reference, fold

if TYPE_CHECKING:
    from workmail_org.model.organization import Organization
    from workmail_org.spec.problems import Path


def find_differences(
    declared: Organization, live: Organization, previous: Organization | None = None
) -> Iterator[Finding]:
    """Find every difference, in the order of the model.

    Args:
        declared: What has to be.
        live: What is.
        previous: What was declared before; `None`: the same.
    """
    return _walk_fields((), declared, live, declared if previous is None else previous)


def _walk_fields(path: Path, declared: Any, live: Any, previous: Any) -> Iterator[Finding]:
    for each in fields(declared):
        field = _make_field(declared, each.name)
        if field not in NOT_TOLD:
            values = (getattr(side, each.name, None) for side in (declared, live, previous))
            yield from _walk((*path, *WORDS.get(field, (each.name,))), field, *values)


def _walk(path: Path, field: Field, declared: Any, live: Any, previous: Any) -> Iterator[Finding]:
    sides = (declared, live, previous)
    if any(isinstance(each, Mapping) for each in sides):
        yield from _walk_mapping(path, field, declared, live, previous or {})
    elif any(_is_keyed(each) for each in sides):
        yield from _walk_entries(path, field, declared, live, previous or ())
    elif any(is_dataclass(each) for each in sides):
        yield from _walk_part(path, field, declared, live, previous)
    else:
        yield from _compare(path, field, declared, live, previous)


def _walk_part(
    path: Path, field: Field, declared: Any, live: Any, previous: Any
) -> Iterator[Finding]:
    """Compare a part that may be missing."""
    if declared is not None and live is not None:
        yield from _walk_fields(path, declared, live, previous)
    elif declared is not None:
        yield path, PRESENT, None
    elif live is not None and (_says(field, None) or _is_left_over(field, live, previous)):
        yield path, None, PRESENT


def _is_left_over(field: Field, live: Any, previous: Any) -> bool:
    """Return whether a part that was said before is still the one that was said."""
    if previous is None:
        return False
    name = GOES_IF_SAME.get(field)
    # What a spec leaves to its stack, such as the ARN of its log group, is known to nobody here.
    said = getattr(previous, name) if name else None
    return name is None or said is None or said == getattr(live, name)


def _walk_mapping(
    path: Path,
    field: Field,
    declared: Mapping[str, Any],
    live: Mapping[str, Any],
    previous: Mapping[str, Any],
) -> Iterator[Finding]:
    for key, value in declared.items():
        yield from _compare((*path, key), field, value, live.get(key), None)
    for key in sorted(previous.keys() - declared.keys()):
        if key in live and live[key] == previous[key]:
            yield (*path, key), None, PRESENT


def _walk_entries(
    path: Path,
    field: Field,
    declared: Collection[Any],
    live: Collection[Any],
    previous: Collection[Any],
) -> Iterator[Finding]:
    if field in EXCLUSIVE and not declared:
        return
    wanted, found, before = (_index(each) for each in (declared, live, previous))
    for key, entry in wanted.items():
        place = (*path, _name(entry))
        if key in found:
            yield from _walk_entry(place, entry, found[key], before.get(key))
        else:
            yield place, _tell(entry), None
    is_exclusive = field in EXCLUSIVE or field[0] in WHOLE
    unwanted = found.keys() if is_exclusive else before.keys() & found.keys()
    for key in sorted(unwanted - wanted.keys()):
        named = before.get(key, found[key])
        yield (*path, _name(named)), None, _tell(found[key])
    if is_exclusive and len(found) < len(live):  # two of one name
        yield path, len(declared), len(live)


def _walk_entry(path: Path, declared: Any, live: Any, previous: Any) -> Iterator[Finding]:
    if name := _find_value(declared):
        field = _make_field(declared, name)
        values = (getattr(each, name, None) for each in (declared, live, previous))
        yield from _compare(path, field, *values)
    else:
        yield from _walk_fields(path, declared, live, previous)


def _compare(
    path: Path, field: Field, declared: object, live: object, previous: object
) -> Iterator[Finding]:
    """Compare two values, or two sets of values."""
    expected, actual, before = (_normalize(field, each) for each in (declared, live, previous))
    if _says(field, declared):
        if expected != actual:
            yield path, expected, actual
    elif _says(field, previous) and field not in LEFT_ALONE and actual == before:
        yield path, None, actual


def _says(field: Field, value: object) -> bool:
    """Return whether a value says anything."""
    if field[0] in WHOLE or field in NONE_IS_SAID:
        return True
    return value is not None and (field not in SILENT or value != SILENT[field])


def _normalize(field: Field, value: object) -> object:
    """Write a value so that what means the same is equal; a text that is empty is none."""
    if isinstance(value, str):
        return (fold(value) if field in FOLDED else value) or None
    if isinstance(value, tuple):
        return sorted(_normalize_item(field, each) for each in cast("tuple[object, ...]", value))
    return value


def _normalize_item(field: Field, value: object) -> str:
    if isinstance(value, Reference):
        return str(value.folded)
    return fold(str(value)) if field in FOLDED else str(value)


def _is_keyed(value: object) -> bool:
    return isinstance(value, tuple) and any(
        type(each) in KEYS for each in cast("tuple[object, ...]", value)
    )


def _index(entries: Collection[Any]) -> dict[str, Any]:
    return {_make_key(each): each for each in entries}


def _make_key(entry: Any) -> str:
    return fold(_name(entry)) if type(entry) in FOLDED_KEYS else _name(entry)


def _name(entry: Any) -> str:
    """Name an entry as its author does."""
    return KEYS[type(entry)](entry)


def _tell(entry: Any) -> object:
    """Say what is there, of an entry as a whole."""
    name = _find_value(entry)
    return _normalize(_make_field(entry, name), getattr(entry, name)) if name else PRESENT


def _find_value(entry: object) -> str | None:
    """Name the field of an entry that is no more than one value under a key."""
    return VALUES.get(type(entry))


def _make_field(owner: object, name: str) -> Field:
    return type(owner), name
