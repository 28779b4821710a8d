"""Wording: what the schema refuses, said in the author's words.

A complaint is a message and a hint: what is wrong with which value, and what is allowed. Values
under keys that look like secrets are never shown.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from workmail_org.spec import absent
from workmail_org.spec.characters import describe_suspect, put_before
from workmail_org.spec.hostnames import encode
from workmail_org.spec.schema import find_shape
from workmail_org.spec.suggesting import nearest, squashed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workmail_org.spec.problems import Path
    from workmail_org.spec.schema import Schema

Complaint: TypeAlias = tuple[str, str | None]

SHOWN_CHARACTERS = 60
"""A value is there to be recognized; a longer one hides the message."""

_SECRET_KEY = re.compile(r"passw|secret|token|credential|private|api_?key", re.IGNORECASE)
_WITH_DOMAIN = ("mail domain", "domain name", "email address")
"""Titles in the schema of what is a domain, or ends with one."""

_EXPECTED = {
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}


def show(value: object, path: Path = ()) -> str:
    """Write a value for a message: text in quotes, long text shortened, a secret never."""
    if _is_secret(path):
        return "the value"
    if isinstance(value, float):
        return repr(value)  # JSON has no word for infinity
    if isinstance(value, str) and len(value) > SHOWN_CHARACTERS:
        value = value[: SHOWN_CHARACTERS - 1] + "…"
    return json.dumps(value, ensure_ascii=False)


def with_suspect(hint: str | None, value: object, path: Path = ()) -> str | None:
    """Put the first character that cannot be seen, or looks like another, before a hint."""
    if isinstance(value, str) and not _is_secret(path):
        return put_before(hint, value)
    return hint


def missing(key: str, shape: Schema) -> Complaint:
    """Say that a key is missing, with an example of what belongs there."""
    return f'"{key}" is missing', f"add it{_as_example(f', such as {key}: ', shape)}"


def unknown_key(key: str, schema: Schema) -> Complaint:
    """Say that a key is unknown, with the one that was probably meant."""
    known: dict[str, Any] = schema["properties"]
    other = absent.find_other_word(key)
    meant = other if other in known else nearest(key, known)
    reason = absent.explain(key)
    if reason and not (meant and meant.startswith(key)):
        return f"{show(key)} cannot be declared: {reason.why}", reason.what
    if meant and squashed(key) in absent.OPPOSITES:
        return f"unknown key {show(key)}", f'did you mean the opposite, "{meant}: false"?'
    if meant:
        return f"unknown key {show(key)}", with_suspect(f'did you mean "{meant}"?', key)
    free = ["keys that begin with x-"] if "patternProperties" in schema else []
    return f"unknown key {show(key)}", with_suspect(f"allowed: {', '.join([*known, *free])}", key)


def mistyped(path: Path, value: object, schema: Schema, written: str | None) -> Complaint:
    """Say that a value is of the wrong type, and how to write it instead."""
    wanted = list_types(schema["type"])
    expected = " or ".join(_EXPECTED[each] for each in wanted)
    if wanted == ["integer"] and isinstance(value, float):
        hint = f"write {int(value)}" if value.is_integer() else None
        return f"{show(value, path)} is not a whole number", hint
    return f"expected {expected}, but {_describe(value, wanted, path)}", _advise(
        path, value, wanted, schema, written
    )


def refused(keyword: str, value: object, schema: Schema, path: Path = ()) -> Complaint:
    """Say that a value is of the right type and still not allowed."""
    if isinstance(value, str):
        return _refused_text(keyword, value, schema, path)
    if keyword == "enum":
        return f"{show(value)} is not a valid {_noun(schema)}", f"allowed: {_choices(schema)}"
    if keyword in ("oneOf", "anyOf"):
        return _refused_alternatives(keyword, cast("dict[str, Any]", value), schema)
    if isinstance(value, dict | list):
        return _refused_count(keyword, len(cast("dict[str, Any] | list[Any]", value)), schema, path)
    word = "small" if keyword == "minimum" else "large"
    return f"{show(value)} is too {word}", f"allowed: {_range(schema, 'minimum', 'maximum')}"


def _refused_alternatives(keyword: str, value: dict[str, Any], schema: Schema) -> Complaint:
    """Say which of several keys belong here, where every alternative requires one."""
    keys = [key for alternative in schema[keyword] for key in alternative["required"]]
    given = [key for key in keys if key in value]
    if given:
        return f"{' and '.join(given)} are given", "give exactly one"
    count = "exactly" if keyword == "oneOf" else "at least"
    return f"none of {', '.join(keys)} is given", f"give {count} one"


def _refused_count(keyword: str, count: int, schema: Schema, path: Path) -> Complaint:
    keys = find_shape(path).get("properties")
    if keys:
        given = (
            f"{count} of {', '.join(keys)} are given"
            if count
            else f"none of {', '.join(keys)} is given"
        )
        return given, "give exactly one"
    verb = "entry is" if count == 1 else "entries are"
    word = "few" if keyword.startswith("min") else "many"
    limits = [keyword.replace("max", "min"), keyword.replace("min", "max")]
    return f"{count} {verb} too {word}", f"allowed: {_range(schema, *limits)}"


def list_types(types: str | list[str]) -> list[str]:
    """List the types behind `type`, which may be a single one."""
    return [types] if isinstance(types, str) else types


def _refused_text(keyword: str, value: str, schema: Schema, path: Path) -> Complaint:
    shown = show(value, path)
    if keyword == "uniqueItems":
        return f"{shown} is listed twice", "list it once"
    if keyword == "enum":
        hint = with_suspect(f"allowed: {_choices(schema)}", value, path)
        return f"{shown} is not a valid {_noun(schema)}", hint
    if keyword == "pattern":
        hint = _as_in_dns(value, schema) or with_suspect(schema["patternErrorMessage"], value, path)
        return f"{shown} is not a valid {_noun(schema)}", hint
    allowed = f"allowed: {_range(schema, 'minLength', 'maxLength')} characters"
    if not value:
        return "there is no text", allowed
    return f"{shown} has {len(value)} character{'s' * (len(value) != 1)}", allowed


def _as_in_dns(value: str, schema: Schema) -> str | None:
    """Say how DNS knows a domain, or the domain of an address, with letters beyond ASCII."""
    if schema.get("title") not in _WITH_DOMAIN or describe_suspect(value):
        return None
    name, at, domain = value.rpartition("@")
    encoded = encode(domain)
    return f"write it as DNS knows it: {name}{at}{encoded}" if encoded and name.isascii() else None


def _describe(value: object, wanted: Sequence[str], path: Path) -> str:
    if value is None:
        return "nothing is written here"
    if isinstance(value, dict):
        return "this is a mapping"
    if isinstance(value, list):
        return "this is a list"
    kind = "text" if isinstance(value, str) else "no text"
    if isinstance(value, int | float):
        kind = "a boolean" if isinstance(value, bool) else "a number"
    # where a mapping belongs, text may be anything: a key written wrongly, or a password
    return f"this is {kind}" if "object" in wanted else f"{show(value, path)} is {kind}"


def _advise(
    path: Path, value: object, wanted: Sequence[str], schema: Schema, written: str | None
) -> str | None:
    if value is None:
        return "leave the key out, or write a value"
    if wanted == ["string"] and isinstance(value, int | float):
        text = "..." if _is_secret(path) else written or str(value)
        return f'write it in quotes: {_after_key(path)}"{text}"'
    if "boolean" in wanted:
        return with_suspect("allowed: true, false", value, path)
    if "integer" in wanted and isinstance(value, str) and value.isdecimal():
        return f"write it without quotes: {value}"
    if "array" in wanted and isinstance(value, str) and not _is_secret(path):
        return f"write a list: {_after_key(path)}[{value}]"
    return with_suspect(_as_example(f"such as {_after_key(path)}", schema), value, path)


def _as_example(lead: str, schema: Schema) -> str:
    """Write the schema's example behind some words; nothing when it would hide them."""
    shown = _as_yaml(schema["examples"][0]) if "examples" in schema else ""
    return lead + shown if 0 < len(shown) <= SHOWN_CHARACTERS else ""


def _after_key(path: Path) -> str:
    return f"{path[-1]}: " if path and isinstance(path[-1], str) else ""


def _noun(schema: Schema) -> str:
    return str(schema.get("title", "known value"))


def _choices(schema: Schema) -> str:
    return ", ".join(str(each) for each in schema["enum"])


def _range(schema: Schema, least: str, most: str) -> str:
    """Say the limits of a size, of which one may be missing."""
    if least not in schema:
        return f"at most {schema[most]}"
    if most not in schema:
        return f"at least {schema[least]}"
    low, high = schema[least], schema[most]
    return f"exactly {low}" if low == high else f"{low} to {high}"


def _as_yaml(value: object) -> str:
    """Write an example as an author would: plain words without quotes."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z][\w@./:-]*( [A-Za-z][\w.-]*)*", value):
        return value
    if isinstance(value, dict):
        pairs = (f"{key}: {_as_yaml(item)}" for key, item in cast(dict[str, Any], value).items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(_as_yaml(item) for item in cast('list[object]', value))}]"
    return json.dumps(value, ensure_ascii=False)


def _is_secret(path: Path) -> bool:
    """Whether the innermost key of a path looks like a secret's."""
    key = next((step for step in reversed(path) if isinstance(step, str)), "")
    return bool(_SECRET_KEY.search(key))
