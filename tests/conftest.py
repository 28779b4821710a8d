"""Settings that hold for every test."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from effort import ALL
from wheels import build_wheel

# How long an example takes depends on what else the machine does.
# The same examples in every run: what is red is red again. `make test-all` draws new ones.
settings.register_profile("sample", deadline=None, max_examples=30, derandomize=True)
settings.register_profile("all", deadline=None, max_examples=1000)
settings.load_profile("all" if ALL else "sample")

# The locked Node.js, as in `make test`: jsii warns of others.
os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))

# The CDK's own validation of templates takes 5 s of computing in each process that synthesizes.
# test_app.py synthesizes with it.
os.environ["CDK_VALIDATION"] = "false"

LONGEST_FIRST = ("rehearsal", "browser", "synth", "acceptance", "lifecycle", "layout", "unit")
"""Folders of tests in the order in which they run, so that the workers end at the same time."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only `make test-all` runs; run the long files first, each whole."""
    tests = Path(__file__).parent
    if not ALL:
        left_out = [item for item in items if item.get_closest_marker("exhaustive")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]

    def rank(item: pytest.Item) -> int:
        folder = item.path.relative_to(tests).parts[0]
        return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else 0

    items.sort(key=rank)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))
