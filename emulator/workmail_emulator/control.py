"""The control path: what tests and people may do to an emulator over HTTP.

Described in README.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from workmail_emulator import calls, faults
from workmail_emulator.api import Document
from workmail_emulator.emulator import Emulator
from workmail_emulator.errors import ServiceFault

PREFIX = "/_emulator/"


def respond(emulator: Emulator, method: str, path: str, body: bytes) -> tuple[int, Document]:
    """Answer a request of the control path.

    Returns:
        HTTP status and the answer; 400 with `error` for what makes no sense.
    """
    action = _ACTIONS.get((method, path.removeprefix(PREFIX)))
    if action is None:
        known = ", ".join(f"{verb} {PREFIX}{name}" for verb, name in _ACTIONS)
        return 404, {"error": f"no {method} {path}; known: {known}"}
    try:
        document = json.loads(body or b"{}")
        if not isinstance(document, dict):
            return 400, {"error": "the body must be a JSON object"}
        return 200, action(emulator, document)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return 400, {"error": f"{type(error).__name__}: {error}"}
    except ServiceFault as fault:
        return 400, {"error": str(fault)}


def _calls(emulator: Emulator, _: Document) -> Document:
    return calls.summary(emulator.calls)


def _clear_calls(emulator: Emulator, _: Document) -> Document:
    emulator.clear_calls()
    return {}


def _set_instant(emulator: Emulator, document: Document) -> Document:
    emulator.set_instant(document["instant"] is True)
    return {}


def _reset(emulator: Emulator, _: Document) -> Document:
    emulator.reset()
    return {}


def _state(emulator: Emulator, _: Document) -> Document:
    return emulator.state()


def _dump(emulator: Emulator, _: Document) -> Document:
    return emulator.dump()


def _seed(emulator: Emulator, document: Document) -> Document:
    emulator.seed(document)
    return {}


def _clock(emulator: Emulator, document: Document) -> Document:
    return {"time": emulator.clock.advance(float(document["advance_seconds"]))}


def _now(emulator: Emulator, _: Document) -> Document:
    return {"time": emulator.clock.now()}


def _faults(emulator: Emulator, _: Document) -> Document:
    return {"faults": emulator.faults.waiting()}


def _add_fault(emulator: Emulator, document: Document) -> Document:
    emulator.faults.add(faults.parse(document))
    return {"faults": emulator.faults.waiting()}


def _clear_faults(emulator: Emulator, _: Document) -> Document:
    emulator.faults.clear()
    return {}


def _verify(emulator: Emulator, document: Document) -> Document:
    emulator.verify(document["domain"])
    return {}


def _add_directory(emulator: Emulator, document: Document) -> Document:
    return {"id": emulator.add_directory(document)}


def _add_network(emulator: Emulator, document: Document) -> Document:
    emulator.add_network(document)
    return {}


def _fail_later(emulator: Emulator, document: Document) -> Document:
    emulator.fail_later(document["operation"], document["message"])
    return {}


def _add_access_token(emulator: Emulator, document: Document) -> Document:
    return {"id": emulator.add_access_token(**document)}


def _resize_mailbox(emulator: Emulator, document: Document) -> Document:
    emulator.resize_mailbox(document["token"], float(document["size"]))
    return {}


_ACTIONS: Mapping[tuple[str, str], Callable[[Emulator, Any], Document]] = {
    ("GET", "calls"): _calls,
    ("DELETE", "calls"): _clear_calls,
    ("GET", "state"): _state,
    ("POST", "reset"): _reset,
    ("GET", "dump"): _dump,
    ("POST", "seed"): _seed,
    ("GET", "clock"): _now,
    ("POST", "clock"): _clock,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "instant"): _set_instant,
    ("POST", "verify"): _verify,
    ("POST", "directories"): _add_directory,
    ("POST", "networks"): _add_network,
    ("POST", "failures"): _fail_later,
    ("POST", "personal-access-tokens"): _add_access_token,
    ("POST", "mailboxes"): _resize_mailbox,
}
