"""What is generated from the schema is fresh, and the schema promises nothing but what there is."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

import api_coverage
import cost_picture
import editor_schema
import plans_schema
import recipes
import refusals
import spec_reference
from annotations import Key, find_parameter, list_keys, read_model
from workmail_org.spec.files.loading import load

ROOT = Path(__file__).resolve().parents[2]
KEYS = {str(key): key for key in list_keys()}
OPERATIONS = set(read_model("workmail").operation_names)

KEYWORDS = {"x-writes", "x-asks", "x-ours", "x-immutable", "x-change", "x-source"}
"""Explained in tools/annotations.py."""

READS = ("Assume", "Describe", "Get", "List", "Test")
"""How operations begin that change nothing."""

OVERLAY_KEYS = ("extends", "derive")
"""What only a spec can say that is made from another one."""


def list_keywords(node: object) -> set[str]:
    """Collect the words of the schema that JSON Schema does not know."""
    if isinstance(node, list):
        return set[str]().union(*(list_keywords(each) for each in cast("list[object]", node)))
    if not isinstance(node, dict):
        return set()
    mapping = cast("dict[str, Any]", node)
    ours = {word for word in mapping if word.startswith("x-")}
    return ours.union(*(list_keywords(each) for each in mapping.values()))


def test_the_schema_for_editors_is_fresh() -> None:
    source = json.loads(editor_schema.SOURCE.read_text(encoding="utf-8"))
    written = editor_schema.DOCUMENT.read_text(encoding="utf-8")

    assert editor_schema.render(editor_schema.make(source)) == written, "run make docs"


def test_the_schema_of_several_plans_is_fresh() -> None:
    written = plans_schema.DOCUMENT.read_text(encoding="utf-8")

    assert plans_schema.render() == written, "run make docs"


def test_the_spec_reference_is_fresh() -> None:
    written = spec_reference.DOCUMENT.read_text(encoding="utf-8")

    assert spec_reference.render() == written, "run make docs"


def test_the_coverage_table_is_fresh() -> None:
    written = api_coverage.DOCUMENT.read_text(encoding="utf-8")

    assert api_coverage.render() == written, "run make docs"


def test_every_key_stands_in_exactly_one_table() -> None:
    chapters = spec_reference.list_chapters()
    told = Counter(
        str(key) for path in chapters for key in spec_reference.list_table_keys(path, chapters)
    )

    assert dict.fromkeys(KEYS, 1) == dict(told)


def test_the_schema_uses_no_keyword_that_nothing_reads() -> None:
    text = (ROOT / "schemas" / "organization.schema.json").read_text(encoding="utf-8")

    assert KEYWORDS == list_keywords(json.loads(text))


@pytest.mark.parametrize("key", KEYS.values(), ids=str)
def test_a_key_is_a_parameter_of_the_api_or_says_what_it_is_for(key: Key) -> None:
    """Nothing that the API cannot do is in the schema."""
    for parameter in key.parameters:
        find_parameter(parameter)  # raises for one that does not exist

    assert key.parameters or key.shape.get("x-ours")


@pytest.mark.parametrize("key", KEYS.values(), ids=str)
def test_a_limit_has_a_source(key: Key) -> None:
    if spec_reference.is_limited(key.shape):
        assert key.parameters or key.shape.get("x-source") or key.shape.get("x-ours")


@pytest.mark.parametrize("row", api_coverage.list_rows(), ids=lambda row: row.operation)
def test_every_operation_has_its_place(row: api_coverage.Row) -> None:
    assert row.keys or row.readers or row.reason


def test_a_reason_is_given_for_operations_that_exist_alone() -> None:
    assert set(api_coverage.NOT_DECLARATIVE) <= OPERATIONS
    assert not set(api_coverage.NOT_DECLARATIVE) & set(api_coverage.list_declared())


def test_what_a_key_declares_is_called() -> None:
    assert set(api_coverage.list_declared()) - list_called() == set()


def test_what_changes_something_is_declared_by_a_key() -> None:
    writes = {operation for operation in list_called() if not operation.startswith(READS)}

    assert writes - set(api_coverage.list_declared()) == set()


def list_called() -> set[str]:
    """List the operations that a deployment calls."""
    floors = ("changes/", "handlers/")
    modules = {operation: api_coverage.find_modules(operation) for operation in OPERATIONS}
    return {name for name, found in modules.items() if any(m.startswith(floors) for m in found)}


def test_the_full_example_uses_every_key() -> None:
    used = {
        *list_used(load(ROOT / "config" / "full.yaml").value),
        *(key for key in list_used(read_overlay("staging")) if key.startswith(OVERLAY_KEYS)),
    }

    assert sorted(KEYS.keys() - used) == []


def read_overlay(name: str) -> object:
    """Read a spec as it is written, before it is put together."""
    return yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text(encoding="utf-8"))


def list_used(value: object, path: str = "") -> set[str]:
    """List the keys of a spec as `KEYS` does: chosen names and positions are `*`."""
    found = {path} if path in KEYS else set[str]()
    if isinstance(value, list):
        for each in cast("list[object]", value):
            found |= list_used(each, f"{path}.*")
    if isinstance(value, dict):
        for name, each in cast("dict[str, object]", value).items():
            known = f"{path}.{name}".removeprefix(".")
            found |= list_used(each, known if known in KEYS else f"{path}.*")
    return found


def test_the_recipes_are_those_of_the_source() -> None:
    written = recipes.DOCUMENT.read_text(encoding="utf-8")

    assert recipes.renew(written) == written, "run make docs"


def test_the_refusals_are_those_of_the_handlers() -> None:
    written = refusals.DOCUMENT.read_text(encoding="utf-8")

    assert refusals.renew(written) == written, "run make docs"


def test_the_picture_of_cost_shows_the_table() -> None:
    assert cost_picture.make() == cost_picture.PICTURE.read_text("utf-8"), "run make docs"


def test_a_new_kind_of_policy_touches_few_files() -> None:
    """Besides its own module in `changes`; it was nineteen (docs/decisions/0015)."""
    (recipe,) = (each for each in recipes.RECIPES if each.title == "A kind of policy")

    assert len(recipes.list_steps(recipe)) <= 8
