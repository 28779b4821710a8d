"""The examples of docs/constructs.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

EXAMPLES = re.findall(
    r"^```python\n(.*?)^```$",
    (ROOT / "docs" / "constructs.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)


@pytest.mark.parametrize(
    ("example", "stacks"),
    [
        (0, ["example-acme-eu", "example-acme-us"]),
        (1, ["Alarms", "example-acme-eu"]),
        (2, ["Office"]),
        (3, ["Headquarters"]),
    ],
    ids=["all_from_spec", "from_spec", "part_by_part", "with_a_directory"],
)
def test_an_example_makes_its_stacks(
    monkeypatch: pytest.MonkeyPatch, example: int, stacks: list[str]
) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    exec(EXAMPLES[example], names)  # noqa: S102 - our own documentation
    assembly = names["app"].synth()

    assert stacks == sorted(stack.stack_name for stack in assembly.stacks)


def test_every_example_is_tried() -> None:
    assert 4 == len(EXAMPLES)
