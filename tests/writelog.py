"""The emulator's write log in the words of a plan: entities by name, no ids, no secrets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from workmail_emulator.calls import Call as Logged
from workmail_org.changes.calls import Call
from workmail_org.changes.digests import render_call

_ADDED = {"OrganizationId", "ClientToken", "ResourceARN", "DeleteDirectory", "ForceDelete"}
"""What the handlers add to a call: where it goes, and that it goes there once."""

_HIDDEN = {"Password": "<generated password>", "EwsPassword": "<secret>"}

_ASSIGNED = {"ApplicationArn", "Id", "ImpersonationRoleId", "MobileDeviceAccessRuleId"}


def name_calls(calls: Iterable[Call]) -> list[str]:
    """Write a plan's calls, each as `Operation {parameters}`; what they are about is in there."""
    return name_texts(render_call(call) for call in calls)


def name_texts(texts: Iterable[str]) -> list[str]:
    """Write calls as a report has them in the same words."""
    return [_name_text(text) for text in texts]


def name_writes(writes: Sequence[Logged], state: Mapping[str, Any]) -> list[str]:
    """Write the log of what was done in the same words.

    Args:
        writes: From the emulator.
        state: The emulator's, so that ids have names.
    """
    names = _list_names(state)
    return [
        f"{write.operation} {json.dumps(_rename(_drop_added(write), names), sort_keys=True)}"
        for write in writes
    ]


def _name_text(text: str) -> str:
    operation, _, rest = text.partition(" ")
    arguments = json.loads(rest[rest.index("{") :])
    return f"{operation} {json.dumps(_hide(arguments), sort_keys=True)}"


def _hide(value: Any) -> Any:
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {name: _HIDDEN.get(name, _hide(item)) for name, item in items}
    return [_hide(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value


def _drop_added(write: Logged) -> dict[str, Any]:
    return {name: value for name, value in write.parameters.items() if name not in _ADDED}


def _list_names(state: Mapping[str, Any]) -> dict[str, str]:
    names: dict[str, str] = {}
    for region in state["regions"].values():
        for organization in region["organizations"].values():
            for kind in ("user", "group", "resource"):
                for id_, entity in organization[f"{kind}s"].items():
                    names[id_] = f"<{kind} {entity['name'].casefold()}>"
            for id_, role in organization["roles"].items():
                names[id_] = f"<impersonation role {role['Name']}>"
    return names


def _rename(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            name: _HIDDEN.get(name, "<id>" if name in _ASSIGNED else _rename(item, names))
            for name, item in cast("dict[str, Any]", value).items()
        }
    if isinstance(value, list):
        return sorted((_rename(item, names) for item in cast("list[Any]", value)), key=json.dumps)
    return names.get(value, value) if isinstance(value, str) else value
