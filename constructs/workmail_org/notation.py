"""Notation: an organization of the model as the mapping that a spec has for it. Pure.

`import` writes whole organizations with it, `drift` what is unmanaged.

Fields are named by their class and their name, as in `differences.terms`. A field that no table
names is written under its own name, unless it has its default: what is new in the model is written
until somebody says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import Field, fields, is_dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any, cast

from workmail_org.differences.terms import WORDS
from workmail_org.model.domain import MailDomain
from workmail_org.model.exports import Exports
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization, Passwords
from workmail_org.model.policies import EmailMonitoring, PersonalAccessTokens, RetentionPolicy
from workmail_org.model.structuring import KEY_FIELDS, get_default
from workmail_org.model.values import Reference

Body = dict[str, Any]
"""A mapping of plain values, as YAML has them, in the order in which they are written."""

_KEY_FIELDS: Mapping[type, str] = MappingProxyType(
    {**KEY_FIELDS, Organization: "key", MailDomain: "name"}
)
"""The field that a spec writes as the key of an entry."""

_ALWAYS = frozenset(
    {(PersonalAccessTokens, "status"), (RetentionPolicy, "folders"), (Exports, "bucket")}
)
"""Fields with a default that the schema requires all the same, or that say that there is one."""

_ORDER: Mapping[type, tuple[str, ...]] = MappingProxyType(
    {Organization: ("region", "alias", "existing", "adopt")}
)
"""What comes first, of a class whose fields are in another order than a spec has them."""

_NOT_WRITTEN = frozenset({(Group, "enabled")})
"""What a spec has no key for."""


def write_organization(organization: Organization) -> Body:
    """Write what a spec has under the key of an organization; defaults are left out."""
    default_domain = organization.default_domain
    body = _write_fields(organization)
    for section in ("users", "groups", "resources"):
        for name, entity in body.get(section, {}).items():
            if entity.get("email") in ("", f"{name}@{default_domain}"):
                del entity["email"]
    if organization.passwords is Passwords.NONE and organization.directory.read_only:
        del body["passwords"]  # the only choice there
    return body


def write_value(value: Any) -> Any:
    """Write a part of an organization, such as a user, as a spec has it under its key."""
    return _write(value)


def _write_fields(value: object) -> Body:
    """Write a value of the model field by field, without its key and without defaults."""
    kind = type(value)
    body: Body = {}
    for field in _sort(kind, fields(cast("Any", value))):
        inner = getattr(value, field.name)
        if (kind, field.name) in _NOT_WRITTEN or field.name == _KEY_FIELDS.get(kind):
            continue
        if inner == get_default(field) and (kind, field.name) not in _ALWAYS:
            continue
        written = _write(inner)
        if written == {} and (kind, field.name) not in _ALWAYS:
            continue
        path = WORDS.get((kind, field.name), (field.name,))
        _put(body, path, written)
    if isinstance(value, EmailMonitoring) and value.managed:
        return {"log_group": "managed", **body}
    return body


def _sort(kind: type, every: Iterable[Field[Any]]) -> list[Field[Any]]:
    first = _ORDER.get(kind, ())
    return sorted(every, key=lambda f: first.index(f.name) if f.name in first else len(first))


def _write(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Reference):
        return str(value)
    if isinstance(value, Mapping):
        texts = cast("Mapping[str, Any]", value)
        return {key: _write(texts[key]) for key in sorted(texts)}
    if isinstance(value, tuple):
        return _write_collection(cast("Any", value))
    return _write_fields(value) if is_dataclass(value) else value


def _write_collection(entries: tuple[Any, ...]) -> Any:
    """Write entries with a key as a mapping, any others as a list."""
    if entries and type(entries[0]) in _KEY_FIELDS:
        return {
            _write(getattr(entry, _KEY_FIELDS[type(entry)])): _write_fields(entry)
            for entry in entries
        }
    return [_write(entry) for entry in entries]


def _put(body: Body, path: tuple[str, ...], value: Any) -> None:
    for step in path[:-1]:
        body = body.setdefault(step, {})
    body[path[-1]] = value
