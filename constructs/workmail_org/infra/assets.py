"""Assets: the Lambda bundle, and collections that are too large for a template."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aws_cdk import IgnoreMode
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_s3_assets import Asset
from constructs import Construct

import workmail_org

_SOURCE_ROOT = Path(workmail_org.__file__).resolve().parents[1]

_SHIPPED = ("__init__", "errors", "model", "changes", "wire", "service", "handlers")
"""What the handlers need: modules and packages of ours (design.md §2)."""


def make_bundle() -> lambda_.AssetCode:
    """Build the code of all handler functions: our shipped floors and nothing else.

    boto3 comes with Lambda's Python runtime. The list names every file, so
    neither caches nor other floors change the bundle's hash.
    """
    exclude = ["*", *(f"!{path}" for path in sorted(_list_shipped()))]
    return lambda_.Code.from_asset(str(_SOURCE_ROOT), exclude=exclude, ignore_mode=IgnoreMode.GIT)


def make_collection_asset(
    scope: Construct, construct_id: str, properties: Mapping[str, Any]
) -> Asset:
    """Put encoded properties into a JSON file that the handler reads from S3.

    The object's name is a hash of the content: equal content, equal template.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "collection.json"
        path.write_text(json.dumps(properties), encoding="ascii")
        # Copied into the cloud assembly at once, so the file may go.
        return Asset(scope, construct_id, path=str(path))


def _list_shipped() -> Iterator[str]:
    """List files to ship and their folders, relative to the source root; folders end in `/`."""
    package = _SOURCE_ROOT / workmail_org.__name__
    for name in _SHIPPED:
        module = package / f"{name}.py"
        for path in [module] if module.exists() else (package / name).rglob("*.py"):
            relative = path.relative_to(_SOURCE_ROOT)
            yield relative.as_posix()
            yield from (f"{folder.as_posix()}/" for folder in relative.parents if folder.name)
