"""Digests: a short name for exactly one set of changes, the same wherever it is computed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from workmail_org.changes.calls import Argument, Call, GeneratedPassword, Identity, StoredSecret

_DIGITS = 12
"""48 bits: enough to tell plans apart, short enough to read aloud."""


def digest_calls(calls: Iterable[Call]) -> str:
    """Name a sequence of calls; entities go by name, passwords by the word."""
    return digest_texts(render_call(call) for call in calls)


def digest_texts(texts: Iterable[str]) -> str:
    """Name a sequence of texts."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:_DIGITS]


def render_call(call: Call) -> str:
    """Write a call as one line that is equal for equal calls: no ids, no secrets."""
    arguments = {name: _render(value) for name, value in sorted(call.arguments.items())}
    return f"{call.operation} {call.subject.kind} {call.subject.name} {json.dumps(arguments)}"


def _render(value: Argument) -> Any:
    match value:
        case Identity(reference):
            return f"<{reference.kind} {reference.name}>"
        case GeneratedPassword():
            return "<generated password>"
        case StoredSecret(secret):
            return f"<secret {secret}>"
        case tuple():
            return [_render(item) for item in value]
        case Mapping():
            return {name: _render(item) for name, item in sorted(value.items())}
        case _:
            return value
