"""Granting: what the roles of a synthesized template allow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from calling import Function

ROLES = Path(__file__).parent / "data" / "roles.json"
"""What the roles may allow at most: written by tests/synth/test_calls_seen.py, and held by it."""


class NotGrantedError(BaseException):
    """A role does not allow what its handlers ask for: no handler is to catch it."""


@cache
def _read_roles() -> dict[str, frozenset[str]]:
    text = ROLES.read_text(encoding="ascii")
    return {function: frozenset(actions) for function, actions in json.loads(text).items()}


def refuse_more(function: Function, action: str) -> None:
    """End the test if no template at all lets a function make a call."""
    if action not in _read_roles()[function]:
        raise NotGrantedError(f"the {function} role does not allow {action}")


def get_statements(synthesized: Any, function: str) -> dict[str, Any]:
    """Statements of a handler role by Sid, without their Sid and effect."""
    (role,) = (
        role["Properties"]
        for key, role in synthesized.find("AWS::IAM::Role").items()
        if key.startswith(f"{function}ProviderRole")
    )
    (policy,) = role["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    assert {"Allow"} == {statement["Effect"] for statement in statements}
    return {
        statement["Sid"]: {k: v for k, v in statement.items() if k not in ("Sid", "Effect")}
        for statement in statements
    }


def list_actions(synthesized: Any, function: str) -> Iterator[str]:
    """Actions that a handler role allows."""
    for statement in get_statements(synthesized, function).values():
        actions = statement["Action"]
        yield from [actions] if isinstance(actions, str) else actions


def list_grants(synthesized: Any) -> set[tuple[Function, str]]:
    """Actions of both handler roles."""
    return {(each, action) for each in Function for action in list_actions(synthesized, each)}
