"""The schema of several plans: that of one plan, embedded, so that the file stands for itself.

Run it with `make docs`; a test fails when `schemas/plans.schema.json` is stale.
"""

from __future__ import annotations

import json
from pathlib import Path

_SCHEMAS = Path(__file__).parents[1] / "schemas"
SOURCE = _SCHEMAS / "plan.schema.json"
DOCUMENT = _SCHEMAS / "plans.schema.json"


def render() -> str:
    """Write the schema; what is embedded keeps its `$id` (JSON Schema 2020-12, section 9.3)."""
    plan = json.loads(SOURCE.read_text(encoding="utf-8"))
    schema = {
        "$schema": plan["$schema"],
        "$id": "urn:workmail-org:schema:plans:1",
        "title": "Plans of several specs",
        "description": (
            "What `workmail-org plan --format json` prints for more than one spec. Fields are "
            "added without a new version; none is taken away or changes its meaning."
        ),
        "type": "object",
        "additionalProperties": False,
        "required": ["version", "plans"],
        "properties": {
            "version": {"description": "Of this format.", "const": 1},
            "plans": {
                "description": "In the order in which the specs were named.",
                "type": "array",
                "minItems": 2,
                "items": {"$ref": plan["$id"]},
            },
        },
        "$defs": {"plan": plan},
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(render(), encoding="utf-8")
