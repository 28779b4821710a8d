"""What is shipped to Lambda."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workmail_org.infra import assets
from workmail_org.model.organization import Organization

ORGANIZATION = Organization(key="acme", region="eu-west-1", alias="acme")

SHIPPED = (
    "__init__.py",
    "errors.py",
    "model",
    "wire",
    "changes",
    "kinds.py",
    "service",
    "exporting",
    "handlers",
)

NOT_IN_LAMBDA = ("aws_cdk", "constructs", "jsii", "yaml", "jsonschema", "click", "rich")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of our source that a test may change."""
    root = tmp_path_factory.mktemp("source")
    shutil.copytree(
        Path(assets.__file__).parents[1],
        root / "workmail_org",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return root


@pytest.fixture
def find_bundle(
    synthesize: Callable[..., Any], source: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Path]:
    monkeypatch.setattr(assets, "_SOURCE_ROOT", source)

    def find_bundle() -> Path:
        synthesized = synthesize(ORGANIZATION)
        (key,) = {
            function["Properties"]["Code"]["S3Key"]
            for function in synthesized.find("AWS::Lambda::Function").values()
            if function["Properties"]["Runtime"].startswith("python")
        }
        return synthesized.folder / f"asset.{key.removesuffix('.zip')}"

    return find_bundle


def test_the_bundle_is_the_shipped_floors_and_nothing_else(
    find_bundle: Callable[[], Path], source: Path
) -> None:
    bundle = find_bundle()
    package = source / "workmail_org"
    expected = {
        path.relative_to(source)
        for name in SHIPPED
        for path in ([package / name] if name.endswith(".py") else (package / name).rglob("*.py"))
    }

    assert expected == {p.relative_to(bundle) for p in bundle.rglob("*") if p.is_file()}


def test_both_handlers_can_be_imported_from_the_bundle_with_boto3_alone(
    find_bundle: Callable[[], Path],
) -> None:
    program = f"""
import sys
for name in {NOT_IN_LAMBDA}:
    sys.modules[name] = None
from workmail_org.wire.names import IS_COMPLETE, ON_EVENT
from importlib import import_module
handlers = [
    getattr(import_module(module), function).__module__
    for module, _, function in (path.rpartition(".") for path in (ON_EVENT, IS_COMPLETE))
]
import workmail_org, json
print(json.dumps([workmail_org.__file__, handlers]))
"""
    bundle = find_bundle()
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(bundle), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=bundle,
        capture_output=True,
        text=True,
        check=True,
    )

    assert [
        str(bundle / "workmail_org" / "__init__.py"),
        ["workmail_org.handlers.entry"] * 2,
    ] == json.loads(done.stdout)


@pytest.mark.parametrize(
    "path",
    [
        "workmail_org/handlers/__pycache__/entry.cpython-312.pyc",
        "workmail_org/handlers/notes.txt",
        "workmail_org/infra/stack.py",
        "workmail_org/spec/loading.py",
        "workmail_org/new_module.py",
        "another_package/__init__.py",
    ],
)
def test_what_is_not_shipped_does_not_change_the_bundle(
    find_bundle: Callable[[], Path], source: Path, path: str
) -> None:
    before = find_bundle().name
    changed = source / path
    changed.parent.mkdir(parents=True, exist_ok=True)
    with changed.open("a", encoding="utf-8") as file:
        file.write("\n# changed\n")

    assert before == find_bundle().name


def test_a_change_of_a_handler_changes_the_bundle(
    find_bundle: Callable[[], Path], source: Path
) -> None:
    before = find_bundle().name
    with (source / "workmail_org/handlers/entry.py").open("a", encoding="utf-8") as file:
        file.write("\n# changed\n")

    assert before != find_bundle().name


def test_lambda_can_read_every_file_of_a_checkout_that_only_its_owner_can_read(
    find_bundle: Callable[[], Path], source: Path
) -> None:
    before = find_bundle().name
    for path in source.rglob("*.py"):
        path.chmod(0o600)
    umask = os.umask(0o077)
    try:
        bundle = find_bundle()
    finally:
        os.umask(umask)

    assert before == bundle.name
    assert {0o644} == {p.stat().st_mode & 0o777 for p in bundle.rglob("*") if p.is_file()}
