"""Environments with our wheel and the packages of chosen extras, apart from the checkout.

Nothing is downloaded: packages are links to those of the environment that runs the tests. An
environment has what the wheel's metadata asks for, and what that asks for, and nothing else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
SITE = Path(sysconfig.get_path("purelib"))


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and an empty folder outside of it and of any checkout."""

    folder: Path
    work: Path

    @property
    def site(self) -> Path:
        return next((self.folder / "lib").glob("python*/site-packages"))

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, with a user's variables and none of the tests'."""
        return subprocess.run(  # noqa: S603 - our own program
            [str(self.folder / "bin" / command[0]), *command[1:]],
            cwd=self.work,
            env={"HOME": str(self.work), "PATH": os.defpath, "LANG": "C.UTF-8", **variables},
            capture_output=True,
            text=True,
            check=False,
        )


def build_wheel(folder: Path) -> Path:
    """Build the wheel as a release does, without a network."""
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(folder), str(ROOT)],
        check=True,
    )
    (wheel,) = folder.glob("workmail_org-*.whl")
    return wheel


def make_environment(folder: Path, wheel: Path, *extras: str) -> Environment:
    """Install the wheel with extras into a new environment."""
    made = Environment(folder / "env", folder / "work")
    made.work.mkdir(parents=True)
    venv.create(made.folder, symlinks=True)
    python = str(made.folder / "bin" / "python")
    options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-index")
    subprocess.run(  # noqa: S603 - our own interpreter
        [*(sys.executable, "-m", "pip", "--python"), python, "install", *options, str(wheel)],
        check=True,
    )
    for name in sorted(_list_needed(wheel, {"", *extras})):
        _link(name, made)
    return made


def _list_needed(wheel: Path, extras: set[str]) -> set[str]:
    """Name the packages that the wheel needs, and those that they need."""
    with ZipFile(wheel) as archive:
        (name,) = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        lines = archive.read(name).decode().splitlines()
    prefix = "Requires-Dist: "
    wanted = [Requirement(line.removeprefix(prefix)) for line in lines if line.startswith(prefix)]
    found: set[str] = set()
    rest = [(each, frozenset(extras)) for each in wanted]
    while rest:
        requirement, asked = rest.pop()
        if requirement.marker and not any(requirement.marker.evaluate({"extra": e}) for e in asked):
            continue
        name = canonicalize_name(requirement.name)
        inner = frozenset({"", *requirement.extras})
        if name == "workmail-org":
            rest += [(each, inner) for each in wanted]
        elif name not in found:
            found.add(name)
            needs = distribution(name).requires or []
            rest += [(Requirement(each), inner) for each in needs]
    return found


def _link(name: str, environment: Environment) -> None:
    """Link what a package installed: its modules and its programs."""
    for file in distribution(name).files or []:
        if file.parts[:4] == ("..", "..", "..", "bin"):
            source = SITE / file
            target = environment.folder / "bin" / file.name
        else:
            source = SITE / file.parts[0]
            target = environment.site / file.parts[0]
        if not target.exists():
            target.symlink_to(source)
