"""Derive options: what a staging copy can be asked for. `deriving.py` makes the copy."""

from __future__ import annotations

import datetime
import fnmatch
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workmail_org.spec import suggesting
from workmail_org.spec.files import nodes
from workmail_org.spec.files.nodes import Gap, Mapping, Node, Place, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from workmail_org.spec.files.including import Library
    from workmail_org.spec.problems import Path

_OPTIONS = ("alias_suffix", "domains", "keep_users", "expires", "on_removal")
_DOMAIN_WORDS = ("test", "keep")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MAX_GLOBS = 100  # a guess; each is tried on every user

_KINDS = ("users", "resources", "groups", "domains", "organization", "directory")
# One word for all kinds. A domain holds nothing: leaving it is called deregister.
REMOVAL_WORDS: dict[str, dict[str, str]] = {
    "delete": {**dict.fromkeys(_KINDS, "delete"), "domains": "deregister"},
    "retain": dict.fromkeys(_KINDS, "retain"),
}


@dataclass(frozen=True, slots=True)
class DeriveOptions:
    """What `derive` asks for; None for what it does not."""

    alias_suffix: str | None
    test_domains: bool
    keep_users: Sequence | None
    expires: Scalar | None
    on_removal: Node | None


def read_options(options: Node, library: Library) -> DeriveOptions:
    """Read what stands behind `derive`; what is not usable is a problem."""
    return _DeriveOptionsReader(options, library).read()


class Patterns:
    """The patterns of `keep_users`, and which of them matched so far."""

    def __init__(self, patterns: Sequence, library: Library) -> None:
        self._names: set[str] = set()
        self._globs: dict[str, re.Pattern[str]] = {}
        self._matched: set[str] = set()
        self._nodes: list[tuple[int, Scalar, str]] = []
        for position, node in enumerate(patterns.items):
            path = ("derive", "keep_users", position)
            if isinstance(node, Scalar) and isinstance(node.value, str) and node.value:
                self._add(position, node, node.value.casefold(), library)
            elif not isinstance(node, Gap):
                message = "a pattern is text, such as alice or qa-*"
                library.report("derive", node.place, path, message, "put numbers in quotes")

    def match(self, name: str) -> bool:
        """Return whether a user's name matches, without regard to case."""
        folded = name.casefold()
        hits = {text for text, glob in self._globs.items() if glob.match(folded)}
        if folded in self._names:
            hits.add(folded)
        self._matched |= hits
        return bool(hits)

    def unmatched(self) -> list[tuple[int, Scalar]]:
        """List the patterns that matched nobody, with their positions."""
        return [(at, node) for at, node, text in self._nodes if text not in self._matched]

    def _add(self, position: int, node: Scalar, text: str, library: Library) -> None:
        if not any(sign in text for sign in "*?["):
            self._names.add(text)
        elif len(self._globs) < _MAX_GLOBS:
            self._globs[text] = re.compile(fnmatch.translate(text))
        else:
            message = f"keep_users may have {_MAX_GLOBS} patterns with *, ? or [, this is one more"
            path = ("derive", "keep_users", position)
            library.report("derive", node.place, path, message)
            return
        self._nodes.append((position, node, text))


class _DeriveOptionsReader:
    """Checks what stands behind `derive`."""

    def __init__(self, options: Node, library: Library) -> None:
        self._node = options
        self._library = library

    def read(self) -> DeriveOptions:
        """Take what is usable; the rest are problems."""
        self._refuse_unknown()
        return DeriveOptions(
            alias_suffix=self._text("alias_suffix", lambda text: bool(text), "text, such as -stg"),
            test_domains=self._text(
                "domains", _DOMAIN_WORDS.__contains__, suggesting.quoted(_DOMAIN_WORDS)
            )
            == "test",
            keep_users=self._names("keep_users"),
            expires=self._date("expires"),
            on_removal=self._removal("on_removal"),
        )

    def _entry(self, key: str) -> Node | None:
        """Give what stands behind a key; None when that is nothing."""
        node = nodes.child(self._node, key)
        empty = isinstance(node, Scalar) and node.value is None
        return None if empty or isinstance(node, Gap) else node

    def _text(self, key: str, is_allowed: Callable[[str], bool], allowed: str) -> str | None:
        node = self._entry(key)
        if node is None:
            return None
        if isinstance(node, Scalar) and isinstance(node.value, str) and is_allowed(node.value):
            return node.value
        self._refuse(key, node, allowed)
        return None

    def _names(self, key: str) -> Sequence | None:
        node = nodes.child(self._node, key)
        if isinstance(node, Sequence):
            return node
        if node is not None and self._entry(key) is None:
            return Sequence(node.place)  # nothing behind the key: an empty list
        if node is not None:
            self._refuse(key, node, "a list of names, such as [alice, qa-*]")
        return None

    def _date(self, key: str) -> Scalar | None:
        text = self._text(key, _is_date, "a date such as 2026-12-31")
        node = self._entry(key)
        return node if text and isinstance(node, Scalar) else None

    def _removal(self, key: str) -> Node | None:
        node = self._entry(key)
        if isinstance(node, Mapping):
            return node
        allowed = suggesting.quoted(REMOVAL_WORDS)
        return node if self._text(key, REMOVAL_WORDS.__contains__, allowed) else None

    def _refuse_unknown(self) -> None:
        if not isinstance(self._node, Mapping):
            empty = isinstance(self._node, Scalar) and self._node.value is None
            if not empty:
                self._report(self._node.place, (), "derive takes a mapping", None)
            return
        for key, place in self._node.key_places.items():
            if key not in _OPTIONS:
                near = suggesting.nearest(key, _OPTIONS)
                hint = f'did you mean "{near}"?' if near else f"known: {', '.join(_OPTIONS)}"
                self._report(place, (key,), f'unknown key "{key}"', hint)

    def _refuse(self, key: str, node: Node, allowed: str) -> None:
        what = f'"{node.written}"' if isinstance(node, Scalar) else "this"
        self._report(node.place, (key,), f"{what} is not what {key} takes", f"allowed: {allowed}")

    def _report(self, place: Place, path: Path, message: str, hint: str | None) -> None:
        self._library.report("derive", place, ("derive", *path), message, hint)


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
