"""Seeds: what an emulator begins with, a dump of another one or a spec of workmail-org.

A spec is read by the package beside this one, which is found by its name where it is installed: the
emulator itself knows nothing of specs.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from workmail_emulator.api import Document
from workmail_emulator.emulator import Emulator
from workmail_emulator.world import DEFAULT_ACCOUNT

_READER = "workmail_org.rehearsal.seeding"
"""Where `furnish(emulator, path, account=…)` is, which makes what a spec declares."""

_OF_A_SPEC = {"organizations", "extends"}
"""Keys of which a spec has at least one, and a dump none."""

_BROKEN_JSON = re.compile(r'\s*(\{\s*"|\[|\Z)')
"""How a dump begins that breaks off somewhere, and no spec."""

_AGE_SECONDS = 24 * 3600.0
"""How old what a spec declares is. Chosen: old enough that nothing of it is still being created."""


def read_seed(path: Path, *, account: str = DEFAULT_ACCOUNT) -> Document:
    """Read what an emulator shall begin with, a dump or a spec, as a dump.

    Args:
        path: Which of the two it is is seen in what it holds.
        account: The emulator's, in which the organizations of a spec stand.

    Raises:
        ValueError: It is neither, the spec is wrong, or nothing installed here reads specs.
        OSError: It cannot be read.
    """
    text = path.read_text(encoding="utf-8")
    try:
        document: object = json.loads(text)
    except ValueError as error:
        if _BROKEN_JSON.match(text):
            raise ValueError(f"{path}: {error}") from error
        return _read_spec(path, account)
    if isinstance(document, dict) and _OF_A_SPEC & document.keys():
        return _read_spec(path, account)
    return cast("Document", document)


def _find_nothing(name: str, kind: str) -> frozenset[str]:  # noqa: ARG001 - the shape
    """Look up a name in a DNS without records."""
    return frozenset()


def _read_spec(path: Path, account: str) -> Document:
    """Make what a spec declares in an emulator of its own, and give the dump of that."""
    try:
        furnish: Callable[..., None] = import_module(_READER).furnish
    except ImportError as error:
        raise ValueError(
            f"{path} is not a dump, and what reads specs is not installed here:"
            " pip install workmail-org"
        ) from error
    # Without a record in DNS only those domains are verified that the spec says are.
    emulator = Emulator(
        instant=True, account=account, dns=_find_nothing, start=time.time() - _AGE_SECONDS
    )
    try:
        furnish(emulator, path, account=account)
    except ValueError as error:
        raise ValueError(f"{path} is not a valid spec:\n{error}") from error
    emulator.clock.advance(_AGE_SECONDS)
    return emulator.dump()
