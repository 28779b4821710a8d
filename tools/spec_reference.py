"""The spec reference: every key with its meaning, type, default, limits and what a change does.

`docs/spec.in.md` is written by hand; where it says `<!-- keys: PATH -->`, the keys of the mapping
at that path are put in, from the schema. Run it with `make docs`; a test fails when `docs/spec.md`
is stale.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from annotations import Key, find_parameter, find_shape
from workmail_org.spec.schema import Schema, load_schema

_DOCS = Path(__file__).parents[1] / "docs"
TEMPLATE = _DOCS / "spec.in.md"
DOCUMENT = _DOCS / "spec.md"

PLACE = re.compile(r"<!-- keys:(?P<path>[^>]*) -->\n")
"""Where the keys of a mapping are put in; the path of the root is empty."""

_LIMITS = (
    *("enum", "pattern", "minLength", "maxLength", "minimum", "maximum"),
    *("minItems", "maxItems", "maxProperties"),
)
"""Words of JSON Schema that limit a value."""

_TYPES = {
    "string": "text",
    "integer": "whole number",
    "boolean": "true or false",
    "array": "list",
    "object": "mapping",
}

_HEAD = "| key | type | meaning | allowed | a change |\n| --- | --- | --- | --- | --- |\n"


def render() -> str:
    """Write the reference."""
    template = TEMPLATE.read_text(encoding="utf-8")
    chapters = list_chapters()
    note = (
        "<!-- Generated from docs/spec.in.md and the schema: edit those, then `make docs`. -->\n\n"
    )
    return note + PLACE.sub(
        lambda match: _HEAD + "".join(_list_rows(_parse(match["path"]), chapters)), template
    )


def list_chapters() -> frozenset[tuple[str, ...]]:
    """List the mappings that have a table of their own."""
    template = TEMPLATE.read_text(encoding="utf-8")
    return frozenset(_parse(match["path"]) for match in PLACE.finditer(template))


def _parse(path: str) -> tuple[str, ...]:
    return tuple(path.strip().split(".")) if path.strip() else ()


def _list_rows(path: tuple[str, ...], chapters: frozenset[tuple[str, ...]]) -> Iterator[str]:
    for key in list_table_keys(path, chapters):
        name = ".".join(key.path[len(path) :])
        yield _render_row(key, name, required=key.path[-1] in _find_required(key.path[:-1]))


def list_table_keys(path: tuple[str, ...], chapters: frozenset[tuple[str, ...]]) -> Iterator[Key]:
    """List the keys of a mapping, and of mappings in it that have no table of their own."""
    for name, shape in find_shape(path).get("properties", {}).items():
        key = Key((*path, name), shape)
        yield key
        if key.path not in chapters:
            yield from list_table_keys(key.path, chapters)


def _render_row(key: Key, name: str, *, required: bool) -> str:
    cells = (
        f"`{name}`",
        _describe_type(key.shape) + (", required" if required else ""),
        key.shape["description"],
        _describe_limits(key),
        _describe_change(key),
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _describe_type(shape: Schema) -> str:
    written: Any = shape["type"]
    types: list[str] = [written] if isinstance(written, str) else written
    kinds = " or ".join(_TYPES[each] for each in types)
    if isinstance(shape.get("items"), dict) and "title" in shape["items"]:
        kinds = f"list, each {_add_article(shape['items']['title'])}"
    if "propertyNames" in shape and "title" in shape["propertyNames"]:
        kinds = f"mapping by {shape['propertyNames']['title']}"
    default: object = shape.get("default")
    return kinds if default is None else f"{kinds}; default `{_write(default)}`"


def _add_article(title: str) -> str:
    first = title.split()[0]
    spelled_vowel = first.isupper() and first[0] in "AEFHILMNORSX"  # an ARN, an IAM role
    article = "an" if spelled_vowel or first[0].lower() in "aeio" else "a"
    return f"{article} {title}"


def _write(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _describe_limits(key: Key) -> str:
    limits = "; ".join(_list_limits(key.shape))
    return f"{limits} ({find_source(key)})" if limits else ""


def _list_limits(shape: Schema) -> Iterator[str]:
    yield from _describe_value(shape)
    if isinstance(shape.get("items"), dict) and not shape["items"].get("properties"):
        for limit in _describe_value(shape["items"]):
            yield f"each: {limit}"
    for limit in _describe_value(shape.get("propertyNames", {})):
        yield f"keys: {limit}"
    if isinstance(shape.get("additionalProperties"), dict):
        inner = cast("Schema", shape["additionalProperties"])
        if not inner.get("properties"):
            for limit in _describe_value(inner):
                yield f"values: {limit}"
    if "then" in shape and "enum" in shape["then"]:
        yield from _describe_value(shape["then"])


def _describe_value(shape: Schema) -> Iterator[str]:
    if "enum" in shape:
        yield ", ".join(f"`{each}`" for each in shape["enum"])
    if "patternErrorMessage" in shape:
        yield shape["patternErrorMessage"].removeprefix("allowed: ")
    yield from _describe_range(shape, "minLength", "maxLength", " characters")
    yield from _describe_range(shape, "minimum", "maximum", "")
    yield from _describe_range(shape, "minItems", "maxItems", " entries")
    yield from _describe_range(shape, "minProperties", "maxProperties", " entries")


def _describe_range(shape: Schema, low: str, high: str, unit: str) -> Iterator[str]:
    least, most = shape.get(low), shape.get(high)
    if most is not None:
        start = "at most " if least is None else "" if least == most else f"{least} to "
        yield f"{start}{most}{unit}"
    elif least is not None and (unit == "" or least > 1):
        yield f"{least} or more{unit}"


def is_limited(shape: Schema) -> bool:
    """Return whether a value has limits that need a source."""
    inner = (shape, shape.get("items"), shape.get("propertyNames"))
    return any(
        word in cast("dict[str, Any]", each)
        for each in inner
        if isinstance(each, dict)
        for word in _LIMITS
    )


def find_source(key: Key) -> str:
    """Say where the limits of a key come from."""
    if "x-source" in key.shape:
        return str(key.shape["x-source"])
    if key.parameters:
        return find_parameter(key.parameters[0]).source
    return "this format"


def _describe_change(key: Key) -> str:
    shape = key.shape
    if "x-immutable" in shape:
        word, colon, rest = shape["x-immutable"].partition(": ")
        refused = word == "refused" and colon
        return f"**refused**: {rest}" if refused else f"**cannot change**: {shape['x-immutable']}"
    if "x-change" in shape:
        return str(shape["x-change"])
    operations = [find_parameter(text).operation for text in shape.get("x-writes", ())]
    later = [each for each in operations if not each.startswith("Create")] or operations
    if later:
        return f"in place: {', '.join(f'`{each}`' for each in dict.fromkeys(later))}"
    return "counts from the next deployment"


def _find_required(path: tuple[str, ...]) -> set[str]:
    """Find the keys that are always required: conditions are told in the text."""
    shape = find_shape(path)
    found = set(cast("list[str]", shape.get("required", [])))
    complete: Schema = load_schema()["else"]
    for step in path:
        properties = complete.get("properties", {})
        complete = properties.get(step) or complete.get("additionalProperties") or {}
    return found | set(complete.get("required", []))


if __name__ == "__main__":
    DOCUMENT.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT}\n")
