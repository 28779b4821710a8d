"""Schema: `schemas/organization.schema.json`, made ready for validating.

The file serves editors first, so it allows null everywhere: in an overlay null removes a key. A
resolved spec has no overlay left, so here null is not allowed, and a key with nothing behind it is
an empty mapping or list.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from workmail_org.distribution import find_project_file

if TYPE_CHECKING:
    from workmail_org.spec.problems import Path

Schema: TypeAlias = dict[str, Any]

_FILE = "schemas/organization.schema.json"
_POINTER = "#/$defs/"

_IS_TEXT = "x-is-text"
"""Marks, in the schema that is read, where no more is asked than `fits` judges."""

_JUDGED_BY_FITS = {"type", "minLength", "maxLength", "pattern"}
_ANNOTATIONS = {"default", "description", "examples", "title", "patternErrorMessage"}
"""Keywords that judge nothing: JSON Schema Validation 2020-12, 9, and the editors' own."""


@cache
def load_schema() -> Schema:
    """Read the schema as resolved specs need it: references followed, null left out."""
    written = json.loads(find_project_file(_FILE).read_text("utf-8"))
    return cast(Schema, _resolve(written, written["$defs"]))


def find_shape(path: Path) -> Schema:
    """Find what the schema says about the value at `path`; empty for what it does not know."""
    shape = load_schema()
    for step in path:
        if isinstance(step, int):
            inner = shape.get("items")
        else:
            inner = shape.get("properties", {}).get(step, shape.get("additionalProperties"))
        shape = cast("Schema", inner or {})
    return shape


def fits(text: object, shape: Schema) -> bool:
    """Whether something is text that a shape allows, by length and pattern."""
    if not isinstance(text, str):
        return False
    if not shape.get("minLength", 0) <= len(text) <= shape.get("maxLength", len(text)):
        return False
    return "pattern" not in shape or bool(compile_pattern(shape["pattern"]).search(text))


def is_sound_text(value: object, shape: Schema | bool) -> bool:
    """Whether a shape asks for no more of a value than that it is text, and the value fits."""
    return isinstance(shape, dict) and _IS_TEXT in shape and fits(value, shape)


@cache
def compile_pattern(pattern: str) -> re.Pattern[str]:
    r"""Compile as ECMA 262 means it: `\w` is ASCII, `$` is the end and not a line break before."""
    return re.compile(re.sub(r"(?<!\\)\$$", r"\\Z", pattern), re.ASCII)


def fill_empty(value: Any, shape: Schema) -> Any:
    """Copy a value; where a mapping or a list belongs, nothing becomes an empty one."""
    if isinstance(value, dict):
        return _fill_mapping(cast(dict[str, Any], value), shape)
    if isinstance(value, list):
        items = shape.get("items", {})
        return [fill_empty(item, items) for item in cast("list[object]", value)]
    if value is None:
        types = shape.get("type", ())
        return {} if "object" in types else [] if "array" in types else None
    return value


def _fill_mapping(value: dict[str, Any], shape: Schema) -> dict[str, Any]:
    known: Schema = shape.get("properties", {})
    others: Schema = shape.get("additionalProperties") or {}
    return {
        key: fill_empty(inner, known.get(key, others))
        if inner is None or isinstance(inner, dict | list)
        else inner
        for key, inner in value.items()
    }


def _resolve(node: Any, definitions: dict[str, Any]) -> Any:
    """Follow `$ref`s, which are never recursive here, and leave null out of types and enums.

    jsonschema follows a reference anew for every value; that is half of its time.
    """
    if isinstance(node, list):
        return [_resolve(item, definitions) for item in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    schema = cast(Schema, node)
    if "$ref" in schema:
        target = definitions[schema["$ref"].removeprefix(_POINTER)]
        siblings = {key: value for key, value in schema.items() if key != "$ref"}
        return _resolve({**target, **siblings}, definitions)
    resolved = {
        key: _resolve(value, definitions) for key, value in schema.items() if key != "$defs"
    }
    if isinstance(resolved.get("type"), list):
        resolved["type"] = [each for each in resolved["type"] if each != "null"]
    if isinstance(resolved.get("enum"), list):
        resolved["enum"] = [each for each in resolved["enum"] if each is not None]
    if resolved.get("type") in ("string", ["string"]) and _is_judged_by_fits(resolved):
        resolved[_IS_TEXT] = True
    return resolved


def _is_judged_by_fits(shape: Schema) -> bool:
    known = _JUDGED_BY_FITS | _ANNOTATIONS
    return all(keyword in known or keyword.startswith("x-") for keyword in shape)
