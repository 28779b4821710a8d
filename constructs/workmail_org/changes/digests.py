"""Digests: a short name for exactly one set of changes, the same wherever it is computed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from workmail_org.changes.calls import (
    Argument,
    Call,
    DirectoryPassword,
    Generated,
    GeneratedPassword,
    Identity,
    StoredSecret,
)

_ASSIGNED = frozenset({"ApplicationArn", "Id", "ImpersonationRoleId", "MobileDeviceAccessRuleId"})
"""Parameters with ids that WorkMail makes up: the same change has others elsewhere, and none yet
where the thing is only declared."""

_DIGITS = 12
"""48 bits: enough to tell plans apart, short enough to read aloud."""


def digest_calls(calls: Iterable[Call]) -> str:
    """Name a set of calls; entities go by name, passwords by the word.

    Their order is left out: it follows that in which WorkMail lists things.
    """
    return digest_texts(sorted(render_call(call) for call in calls))


def digest_texts(texts: Iterable[str]) -> str:
    """Name a sequence of texts."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:_DIGITS]


def render_call(call: Call) -> str:
    """Write a call as one line that is equal for equal calls: no ids, no secrets."""
    arguments = json.dumps(_render(call.arguments))
    subject = call.subject.folded
    words = (call.operation, subject.kind, subject.name, arguments)
    return " ".join(word for word in words if word)


def _render(value: Argument) -> Any:
    match value:
        case Identity(reference):
            return f"<{reference.kind} {reference.folded.name}>"
        case GeneratedPassword():
            return "<generated password>"
        case DirectoryPassword():
            return "<password>"
        case StoredSecret(secret):
            return f"<secret {secret}>"
        case Generated():
            return "<managed>"
        case tuple():
            # All lists of WorkMail's writes are sets.
            return sorted((_render(item) for item in value), key=json.dumps)
        case Mapping():
            return {
                name: "<id>" if name in _ASSIGNED else _render(item)
                for name, item in sorted(value.items())
            }
        case _:
            return value
