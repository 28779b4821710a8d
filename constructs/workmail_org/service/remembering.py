"""Remembering: what WorkMail answered about single entities, so that it is not asked again.

Reading an organization of ten thousand users takes tens of thousands of calls. A second look at
it, and a first look that goes on after an interruption, ask again about those alone whose row in a
list has changed, and about those who are forgotten on purpose. Lists, rules and settings are always
read.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from threading import Lock
from typing import Any

Answer = Mapping[str, Any]

Note = Callable[[Mapping[str, Any]], None]
"""Told of everything that is remembered, as plain data, in any thread."""

_LISTS = {"list_users": "Users", "list_groups": "Groups", "list_resources": "Resources"}
"""Methods of a client that list entities, and where their answers have the rows."""

_ENTITY = {
    "describe_user": "UserId",
    "describe_group": "GroupId",
    "describe_resource": "ResourceId",
    "get_mailbox_details": "UserId",
    "list_aliases": "EntityId",
    "list_group_members": "GroupId",
    "list_mailbox_permissions": "EntityId",
    "list_resource_delegates": "ResourceId",
}
"""Methods of a client that are about one entity, and the parameter that names it by its id."""

_METADATA = "ResponseMetadata"


def _note_nothing(line: Mapping[str, Any]) -> None:
    """Tell nobody."""


class RememberingClient:
    """A WorkMail client that asks once about each entity, as long as its row stays.

    It has the methods of the client that it stands for.
    """

    def __init__(self, client: Any, note: Note = _note_nothing) -> None:
        self._client = client
        self._note = note
        self._rows: dict[str, str] = {}
        self._answers = defaultdict[str, dict[str, Answer]](dict)
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if name in _LISTS:
            return partial(self._list, name, method)
        if name in _ENTITY:
            return partial(self._ask, name, method)
        return method

    def recall(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Take up what was noted before, in the order in which it was noted."""
        for line in lines:
            if "row" in line:
                self._see(str(line["id"]), str(line["row"]))
            else:
                self._answers[str(line["id"])][str(line["key"])] = line["answer"]

    def forget(self, entity_ids: Iterable[str]) -> None:
        """Forget what is known of some entities: they are asked about again."""
        with self._lock:
            for each in entity_ids:
                self._answers.pop(each, None)

    def _list(self, name: str, method: Callable[..., Answer], **parameters: Any) -> Answer:
        answer = method(**parameters)
        with self._lock:
            for row in answer.get(_LISTS[name], ()):
                digest = hashlib.sha256(_write(row).encode()).hexdigest()[:16]
                if self._rows.get(row["Id"]) != digest:
                    self._see(row["Id"], digest)
                    self._note({"id": row["Id"], "row": digest})
        return answer

    def _see(self, entity_id: str, digest: str) -> None:
        """See a row; who looks otherwise than before is not known any more."""
        if self._rows.get(entity_id) != digest:
            self._answers.pop(entity_id, None)
        self._rows[entity_id] = digest

    def _ask(self, name: str, method: Callable[..., Answer], **parameters: Any) -> Answer:
        entity_id = str(parameters[_ENTITY[name]])
        key = f"{name} {parameters.get('NextToken', '')}"
        with self._lock:
            known = self._answers[entity_id].get(key)
        if known is not None:
            return known
        answer = {each: value for each, value in method(**parameters).items() if each != _METADATA}
        with self._lock:
            self._answers[entity_id][key] = answer
            self._note({"id": entity_id, "key": key, "answer": answer})
        return answer


def _write(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)
