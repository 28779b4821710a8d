"""The schema for editors: that of specs, and what stands there before files are put together.

An editor sees `users: !csv people.csv` as text, and `<<` as a key. So in
`schemas/editor.schema.json` every value may also be the path of a file, a mapping may have `<<`,
and users and groups may be the options of a table. Run it with `make docs`; a test fails when it is
stale.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, TypeAlias, cast

Schema: TypeAlias = dict[str, Any]

_SCHEMAS = Path(__file__).parents[1] / "schemas"
SOURCE = _SCHEMAS / "organization.schema.json"
DOCUMENT = _SCHEMAS / "editor.schema.json"

_MERGE = "<<"
_FILE = r"\.([cC][sS][vV]|[yY][aA]?[mM][lL]|[jJ][sS][oO][nN])$"
_ALLOWED = "allowed: a value, or a file: !include FILE.yaml, !csv FILE.csv"
_NO_TEXT = ("object", "array", "boolean", "integer", "number")
_SECTIONS = ("users", "groups")
_CONDITIONS = ("if", "not")  # what is asked of a value there is not required of it

_OPTIONS: Schema = {
    "title": "table",
    "description": "How a table is read (docs/spec-files.md).",
    "type": "object",
    "properties": {
        "file": {
            "description": "The path of the table, relative to this file.",
            "type": "string",
            "examples": ["people.csv"],
        },
        "rows": {
            "description": "What a row is: a user, a group, or a membership.",
            "enum": ["users", "groups", "members"],
        },
        "columns": {
            "description": "Which key a header means; `not KEY` for its opposite.",
            "type": "object",
            "additionalProperties": {"type": "string"},
        },
        "ignore": {
            "description": "Headers of columns that are left out, or patterns such as `*`.",
            "type": "array",
        },
        "name": {
            "description": "The key is what stands before the @ in another column.",
            "type": "object",
            "properties": {"from": {"type": "string", "examples": ["email"]}},
            "required": ["from"],
            "additionalProperties": False,
        },
        "display_name": {
            "description": "Columns that make the display name of a user who has none.",
            "type": "object",
            "properties": {
                "from": {"type": "array", "examples": [["first_name", "last_name"]]},
            },
            "required": ["from"],
            "additionalProperties": False,
        },
        "domains": {
            "description": "An address in one of these domains means what stands before its @.",
            "type": "array",
        },
    },
    "required": ["file"],
    "additionalProperties": False,
}
_IS_TABLE: Schema = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string"}},
}
# yaml-language-server takes `<<` for no property, but for the name of one
_HAS_MERGE: Schema = {"not": {"propertyNames": {"not": {"const": _MERGE}}}}


def make(schema: Schema) -> Schema:
    """Make the schema for editors from that of specs."""
    made = _convert(schema, schema["$defs"])
    made["$id"] = schema["$id"].replace(":organization:", ":editor:")
    made["title"] = f"{schema['title']}, as editors see it"
    return made


def render(schema: Schema) -> str:
    """Write a schema as it stands in its file."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _convert(node: Any, definitions: Schema, *, is_condition: bool = False) -> Any:
    if isinstance(node, list):
        items = cast("list[Any]", node)
        return [_convert(each, definitions, is_condition=is_condition) for each in items]
    if not isinstance(node, dict):
        return node
    schema = cast(Schema, node)
    made: Schema = {}
    for key, value in schema.items():
        if key in ("examples", "default", "enum", "required"):
            made[key] = value
        elif key == "propertyNames":
            made[key] = _convert_names(value, definitions)
        elif key in ("properties", "$defs", "patternProperties"):
            made[key] = {
                name: _convert_section(name, inner, definitions, is_condition)
                for name, inner in value.items()
            }
        else:
            made[key] = _convert(
                value, definitions, is_condition=is_condition or key in _CONDITIONS
            )
    if is_condition:
        return made
    if "enum" in made:
        _allow_file_instead(made)
    elif isinstance(made.get("type"), str | list):
        _allow_file(made)
    if isinstance(made.get("pattern"), str) and made["pattern"] != _FILE:
        made["pattern"] = f"(?:{made['pattern']})|{_FILE}"
    if "additionalProperties" in made:
        made["properties"] = {**made.get("properties", {}), _MERGE: {"doNotSuggest": True}}
    if isinstance(made.get("required"), list):
        # What `<<` brings is not seen
        made["anyOf"] = [{"required": made.pop("required")}, _HAS_MERGE]
    return made


def _convert_section(name: str, schema: Schema, definitions: Schema, is_condition: bool) -> Any:
    made = _convert(schema, definitions, is_condition=is_condition)
    if is_condition or name not in _SECTIONS or "additionalProperties" not in schema:
        return made
    about = {key: made.pop(key) for key in ("title", "description", "default") if key in made}
    # Options behind `<<` are merged by the editor, so entries may stand beside them
    table = {**_OPTIONS, "additionalProperties": made["additionalProperties"]}
    return {**about, "if": _IS_TABLE, "then": table, "else": made}


def _convert_names(schema: Schema, definitions: Schema) -> Schema:
    """Allow `<<` among the names of a mapping."""
    if "$ref" in schema:
        schema = {**definitions[schema["$ref"].rpartition("/")[2]], **schema}
    made = {key: value for key, value in schema.items() if key != "$ref"}
    if "pattern" in made:
        made["pattern"] = f"^<<$|{made['pattern']}"
    if "minLength" in made:
        made["minLength"] = min(made["minLength"], len(_MERGE))
    return made


def _allow_file(schema: Schema) -> None:
    """Let a value that is no text be the path of a file."""
    given = schema["type"]
    types = cast("list[str]", given if isinstance(given, list) else [given])
    if "string" in types or not any(each in _NO_TEXT for each in types):
        return
    schema["type"] = [*types, "string"]
    schema["pattern"] = _FILE
    schema["patternErrorMessage"] = _ALLOWED


def _allow_file_instead(schema: Schema) -> None:
    """Let one of a few words be the path of a file; editors go on to propose the words."""
    words = {key: schema.pop(key) for key in ("type", "enum") if key in schema}
    schema["anyOf"] = [words, {"type": "string", "pattern": _FILE, "patternErrorMessage": _ALLOWED}]


def main() -> int:
    """Write the schema for editors."""
    schema = json.loads(SOURCE.read_text("utf-8"))
    DOCUMENT.write_text(render(make(schema)), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
