"""What a deployment costs is what the decision about it says."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from cloudformation import Stack
from effort import ALL
from workmail_emulator import Emulator

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "decisions" / "0025-few-are-looked-up-by-name.md"


def load_benchmark() -> Any:
    """Load the program."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
        return importlib.import_module("scaling")


@pytest.mark.parametrize("users", [95, 950] if ALL else [95])
def test_each_deployment_takes_the_calls_that_the_table_says(users: int) -> None:
    (row,) = re.findall(rf"^\| {users} \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    scaling = load_benchmark()
    organization = scaling.make_organization(users)
    stack = Stack(Emulator(instant=True, start=0.0))
    stack.slice_seconds = 600.0
    measured = [scaling.measure(stack, organization)]
    for change in scaling.CHANGES.values():
        organization = change(organization)
        measured.append(scaling.measure(stack, organization))

    told = [f"{each.calls} ({each.floor})" if each.calls else "0" for each in measured if each]

    assert row.split(" | ") == told
