"""Initializing: the files of a repository for a company's own specs.

What the package has already (the CDK's feature flags, the lock of the CDK CLI, the schema for
editors) is copied; everything else is a template. All files are built first, then written where
nothing is yet: a folder is never left with half of them, and nothing is overwritten.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from workmail_org.distribution import HOME, PackageOrigin, find_project_file, read_version
from workmail_org.errors import FolderError
from workmail_org.model.lifetime import END_OF_SUPPORT
from workmail_org.spec.files import scalars
from workmail_org.spec.schema import compile_pattern, find_shape, fits, load_schema

_TEMPLATES: Mapping[str, str] = {
    "README.md": "README.md",
    "config/production.yaml": "production.yaml",
    "config/staging.yaml": "staging.yaml",
    "app.py": "app.py",
    "requirements.txt": "requirements.txt",
    "constraints.txt": "constraints.txt",
    ".github/workflows/review.yml": "review.yml",
    ".github/workflows/deploy.yml": "deploy.yml",
    ".github/workflows/drift.yml": "drift.yml",
    ".pre-commit-config.yaml": "pre-commit.yaml",
    ".gitignore": "gitignore",
    ".vscode/settings.json": "settings.json",
}
"""Files from templates."""

_SCHEMA = "schemas/editor.schema.json"
"""For editors; as the package has it."""

WHEELS = "wheels"
"""Where pip looks for a package that no index has; as the template of requirements.txt has it."""

_ORGANIZATION = ("organizations", "any-key")

_STAGING_SUFFIX = "-stg"
"""Of the alias of the staging copy, as its template has it."""

_STAGING_LIFE = timedelta(days=90)
"""How long the staging copy can be deployed: a guess; it is there to be forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What a new repository begins with: one organization.

    Attributes:
        region: One that has WorkMail.
        today: From which the staging copy's end is counted.
        origin: Where this version of the package came from.
    """

    alias: str
    region: str
    today: date
    origin: PackageOrigin

    @property
    def key(self) -> str:
        """The key of the organization in the spec: the alias, where it can be one."""
        names = load_schema()["properties"]["organizations"]["propertyNames"]
        key = self.alias.lower()
        return key if compile_pattern(names["pattern"]).search(key) else "mail"


def is_alias(text: str) -> bool:
    """Return whether a text can be an organization's alias, and longer that of its copy."""
    shape = find_shape((*_ORGANIZATION, "alias"))
    return fits(text, shape) and fits(text + _STAGING_SUFFIX, shape)


def list_regions() -> tuple[str, ...]:
    """List the regions that have WorkMail."""
    return tuple(find_shape((*_ORGANIZATION, "region"))["enum"])


def build_files(beginning: Beginning) -> dict[str, str | bytes]:
    """Build the contents of all files, by path below the new folder.

    A wheel of this machine is one of them: no index has it, and pip has to find it elsewhere too.
    """
    templates = Environment(  # noqa: S701 - no HTML: YAML, Markdown and Python
        loader=PackageLoader(__package__ or "", "templates"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        variable_start_string="[[",  # GitHub's expressions have the braces
        variable_end_string="]]",
    )
    templates.filters["as_text"] = _write_text
    values = {
        "alias": beginning.alias,
        "key": beginning.key,
        "region": beginning.region,
        "expires": min(beginning.today + _STAGING_LIFE, END_OF_SUPPORT).isoformat(),
        "version": read_version(),
        "home": HOME.removeprefix("https://github.com/"),
        "url": HOME,
        "requirement": beginning.origin.requirement,
        "local": beginning.origin.local,
        "pins": _read_template("locked.txt"),
    }
    rendered = {
        path: templates.get_template(f"{name}.jinja").render(values)
        for path, name in _TEMPLATES.items()
    }
    wheel = beginning.origin.wheel
    return {
        **rendered,
        **({f"{WHEELS}/{wheel.name}": wheel.read_bytes()} if wheel else {}),
        "cdk.json": _build_settings(),
        "package.json": _write_json(_build_npm_package()),
        "package-lock.json": _write_json(_build_npm_lock()),
        _SCHEMA: find_project_file(_SCHEMA).read_text(encoding="utf-8"),
    }


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write new files; all of them, or none.

    Args:
        folder: May exist; made if it does not.
        files: By path below the folder.

    Raises:
        FolderError: A file is there already, or cannot be written.
    """
    taken = [path for path in files if _is_taken(folder, path)]
    if taken:
        raise FolderError(
            f"{folder} has {', '.join(sorted(taken))} already: nothing was written; name a folder "
            "without them"
        )
    written: list[Path] = []
    made = [each for path in files for each in (folder / path).parents if not each.exists()]
    try:
        for path, content in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                written.append(target)
                file.write(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        for target in written:
            with suppress(OSError):
                target.unlink()
        for parent in sorted(set(made), reverse=True):  # the inner ones first
            with suppress(OSError):
                parent.rmdir()
        raise FolderError(
            f"{error.filename or folder} cannot be written: {error.strerror or error}"
        ) from error


def _is_taken(folder: Path, path: str) -> bool:
    """Return whether something is in a file's place, or a link or a file in that of a folder."""
    target = folder / path
    inner = [parent for parent in target.parents if parent.is_relative_to(folder)]
    blocked = [each for each in inner if each != folder and (each.is_symlink() or each.is_file())]
    return bool(blocked) or target.exists() or target.is_symlink()


def _read_template(name: str) -> str:
    return resources.files(__package__ or "").joinpath("templates", name).read_text("utf-8")


def _build_settings() -> str:
    """Build cdk.json: the project's own, with production as the spec if none is named."""
    settings = _read_json("cdk.json")
    context = {"spec": "config/production.yaml", **settings["context"]}
    kept = {key: value for key, value in settings.items() if key != "watch"}
    return _write_json({**kept, "context": context})


def _build_npm_package() -> dict[str, Any]:
    """Build package.json: the CDK CLI alone."""
    return {"private": True, "dependencies": _read_json("package.json")["dependencies"]}


def _build_npm_lock() -> dict[str, Any]:
    """Build package-lock.json: what the CDK CLI needs, with the hashes of our own lock."""
    lock = _read_json("package-lock.json")
    needed = {path: each for path, each in lock["packages"].items() if path and not each.get("dev")}
    root = {"dependencies": _build_npm_package()["dependencies"]}
    return {
        "lockfileVersion": lock["lockfileVersion"],
        "requires": True,
        "packages": {"": root, **needed},
    }


def _read_json(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(find_project_file(name).read_text(encoding="utf-8"))
    return document


def _write_json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"


def _write_text(text: str) -> str:
    """Write text as YAML, in quotes where it would be a number or a boolean."""
    return text if scalars.resolve(text) == text else json.dumps(text)
