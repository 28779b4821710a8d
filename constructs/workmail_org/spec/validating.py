"""Validating: what JSON Schema has to say about a spec, in the words of its author."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, cast

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from workmail_org.spec import wording
from workmail_org.spec.hostnames import is_possible
from workmail_org.spec.problems import Problem
from workmail_org.spec.schema import (
    compile_pattern,
    fill_empty,
    find_shape,
    is_sound_text,
    load_schema,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jsonschema.protocols import Validator

    from workmail_org.spec.files.loading import Document
    from workmail_org.spec.problems import Path
    from workmail_org.spec.schema import Schema

    class _Descending(Protocol):
        """What the keywords need of a validator of jsonschema, which is not typed."""

        def descend(
            self,
            instance: object,
            schema: Schema,
            path: str | int | None = None,
            schema_path: str | int | None = None,
        ) -> Iterator[ValidationError]:
            """List what is wrong with a value inside of the one that is judged."""
            ...


def validate(document: Document) -> list[Problem]:
    """List what the schema refuses, each problem at the place where it can be fixed."""
    if not document.readable:
        return []
    value = fill_empty(document.value, load_schema())
    problems = [
        problem
        for error in _validator().iter_errors(value)
        if not _is_in_gap(tuple(error.absolute_path), document)
        for problem in _explain(error, document)
    ]
    return list(dict.fromkeys(problems))


def _is_in_gap(path: Path, document: Document) -> bool:
    return any(path[:length] in document.gaps for length in range(len(path) + 1))


def _explain(error: ValidationError, document: Document) -> Iterator[Problem]:
    """Turn one error of jsonschema into problems: one for each key that is unknown or missing."""
    path: Path = tuple(error.absolute_path)
    schema = cast("Schema", error.schema)
    keyword = str(error.validator)
    instance = cast(Any, error.instance)
    if keyword == "required":
        for key in cast("list[str]", error.validator_value):
            if key not in cast("dict[str, Any]", instance):
                complaint = wording.missing(key, find_shape((*path, key)))
                yield Problem(document.place(path), path, *complaint)
    elif keyword == "additionalProperties":
        for key in cast("dict[str, Any]", instance):
            if not _is_known(key, schema):
                inner = (*path, key)
                complaint = wording.unknown_key(key, schema)
                yield Problem(document.key_place(inner), inner, *complaint)
    elif "propertyNames" in error.absolute_schema_path:
        inner = (*path, instance)
        if instance not in find_shape(path).get("properties", {instance}):
            return  # unknown everywhere, which is told already
        complaint = wording.refused(keyword, instance, schema)
        yield Problem(document.key_place(inner), inner, *complaint)
    elif keyword == "type":
        written = document.written(path)
        complaint = wording.mistyped(path, instance, schema, written)
        yield Problem(document.place(path), path, *complaint)
    elif keyword == "uniqueItems" or _has_right_type(error):
        if keyword == "pattern" and _is_in_impossible_domain(instance, path, document):
            return  # which is told once, at the domain
        complaint = wording.refused(keyword, instance, schema, path)
        yield Problem(document.place(path), path, *complaint)


def _is_in_impossible_domain(value: str, path: Path, document: Document) -> bool:
    """Whether an address is wrong because the domain is, which its organization declares."""
    name, _, domain = value.rpartition("@")
    if not name or path[0] != "organizations" or is_possible(domain):
        return False
    organization = document.value["organizations"][path[1]]
    declared = organization.get("domains")
    return isinstance(declared, dict) and domain.casefold() in {
        each.casefold() for each in cast("dict[str, Any]", declared)
    }


def _is_known(key: str, schema: Schema) -> bool:
    patterns = schema.get("patternProperties", {})
    return key in schema["properties"] or any(re.search(pattern, key) for pattern in patterns)


def _has_right_type(error: ValidationError) -> bool:
    """Whether there is more to say than that the type is wrong, which is told anyway."""
    types = cast("Schema", error.schema).get("type")
    if types is None:
        return True
    value = cast(Any, error.instance)
    return any(_validator().is_type(value, each) for each in wording.list_types(types))


@cache
def _validator() -> Validator:
    validator: Validator = _Validator(load_schema())
    return validator


def _is_whole_number(_checker: object, value: object) -> bool:
    """`10.0` is a whole number to JSON Schema, and a surprise to everybody else."""
    return isinstance(value, int) and not isinstance(value, bool)


def _check_pattern(
    _validator: Validator, pattern: str, value: object, schema: Schema
) -> Iterator[ValidationError]:
    told = value == "" and "minLength" in schema  # that there is no text says enough
    if isinstance(value, str) and not told and not compile_pattern(pattern).search(value):
        yield ValidationError(pattern)


def _check_required(
    _validator: Validator, keys: Iterable[str], value: object, _schema: Schema
) -> Iterator[ValidationError]:
    """One error for all missing keys; jsonschema's own makes one for each and does not name it."""
    if isinstance(value, dict) and any(key not in value for key in keys):
        yield ValidationError("required")


def _check_properties(
    validator: _Descending, properties: Schema, value: object, _schema: Schema
) -> Iterator[ValidationError]:
    """As jsonschema's own, which makes a new validator for each value; most are sound texts."""
    if not isinstance(value, dict):
        return
    for key, inner in cast("dict[str, Any]", value).items():
        if key in properties and not is_sound_text(inner, properties[key]):
            yield from validator.descend(inner, properties[key], path=key, schema_path=key)


def _check_items(
    validator: _Descending, items: Schema, value: object, _schema: Schema
) -> Iterator[ValidationError]:
    """As jsonschema's own, but for the sound texts again."""
    if not isinstance(value, list):
        return
    for position, inner in enumerate(cast("list[object]", value)):
        if not is_sound_text(inner, items):
            yield from validator.descend(inner, items, path=position)


def _check_unique(
    _validator: Validator, wanted: bool, value: object, _schema: Schema
) -> Iterator[ValidationError]:
    """One error for each repeated item, at the item; jsonschema's own takes quadratic time."""
    if not wanted or not isinstance(value, list):
        return
    seen: set[object] = set()
    for position, item in enumerate(cast("list[object]", value)):
        if not isinstance(item, str):
            continue
        if item in seen:
            yield ValidationError("uniqueItems", path=(position,), instance=item)
        seen.add(item)


_Validator: Any = cast(Any, validators).extend(
    Draft202012Validator,
    {
        "items": _check_items,
        "pattern": _check_pattern,
        "properties": _check_properties,
        "required": _check_required,
        "uniqueItems": _check_unique,
    },
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_whole_number),
)
