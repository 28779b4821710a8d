"""Assets: the Lambda bundle, and collections that are too large for a template."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_s3_assets import Asset
from constructs import Construct

import workmail_org

_SOURCE_ROOT = Path(workmail_org.__file__).resolve().parents[1]

_SHIPPED = (
    *("__init__", "errors", "model", "wire", "changes", "kinds", "service"),
    *("exporting", "handlers"),
)
"""What the handlers need: modules and packages of ours (design.md §2)."""


_FILE_MODE, _FOLDER_MODE = 0o644, 0o755
"""Lambda runs the code as a user of its own, who has to be able to read it (Lambda Developer Guide,
"Troubleshoot deployment issues": 644 for files, 755 for folders)."""


def make_bundle() -> lambda_.AssetCode:
    """Build the code of all handler functions: our shipped floors and nothing else.

    boto3 comes with Lambda's Python runtime. Neither caches nor other floors change the bundle's
    hash. Modes are set, not inherited: under a umask of 077 nobody but the owner may read the
    files of a checkout, and the hash would not tell that bundle from everybody else's.
    """
    bundle = Path(tempfile.mkdtemp(dir=_open_staging().name))
    for path in _list_shipped():
        target = bundle / path.relative_to(_SOURCE_ROOT)
        target.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        target.chmod(_FILE_MODE)
    return lambda_.Code.from_asset(str(bundle))


@cache
def _open_staging() -> tempfile.TemporaryDirectory[str]:
    """Make the folder that the CDK copies bundles from; it is deleted when the process exits."""
    return tempfile.TemporaryDirectory(prefix="workmail-org-bundle-")


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


def _list_shipped() -> Iterator[Path]:
    """List the files to ship."""
    package = _SOURCE_ROOT / workmail_org.__name__
    for name in _SHIPPED:
        module = package / f"{name}.py"
        yield from [module] if module.exists() else (package / name).rglob("*.py")
