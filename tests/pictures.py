"""Pictures: everything that is live in an organization, as values by path."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from hands import SECTIONS, find_organization
from workmail_emulator import Emulator
from workmail_org.model.values import (
    Kind,
    Reference,
    fold,
)
from workmail_org.wire.names import OWNER_TAG, TAKEN_OVER_TAG

Path = tuple[str, ...]
Picture = Mapping[Path, Any]
"""Everything that is live, by id and field; an entry of a list is a path of its own."""

_SYSTEM_GROUPS = ("Domain Admins", "Domain Users", "Domain Guests")
LISTED = {"members": "member", "delegates": "delegate"}
"""What an entry of a list is called in a path."""


def look(emulator: Emulator) -> dict[Path, Any]:
    """Take a picture of the only organization; of none it is empty."""
    state = emulator.state()
    found = find_organization(state)
    if found is None:
        return {}
    _, organization = found
    people = {
        id_: (kind, entity)
        for section, kind in SECTIONS.items()
        for id_, entity in organization[section].items()
        if entity["state"] != "DELETED"
        and entity.get("UserRole") != "SYSTEM_USER"
        and entity["name"] not in _SYSTEM_GROUPS
    }
    on = {id_ for id_, (_, entity) in people.items() if entity["state"] == "ENABLED"}
    picture: dict[Path, Any] = {}
    for id_, (kind, entity) in people.items():
        picture |= {(id_, *path): value for path, value in _look_at(kind, entity, on)}
    for mailbox in state["mailboxes"]:
        if mailbox["status"] != "lost":
            picture[mailbox["owner"], "mailbox"] = mailbox["token"]
        if mailbox["owner"] in on and mailbox["status"] == "active":
            picture[mailbox["owner"], "quota"] = mailbox["quota"]
    for mailbox, grants in organization["permissions"].items():
        for grantee, rights in grants.items():
            if {mailbox, grantee} <= on:
                picture |= {("right", mailbox, grantee, right): True for right in rights}
    picture |= dict(_look_at_settings(organization))
    return picture


def _look_at(kind: Kind, entity: Mapping[str, Any], on: set[str]) -> Iterator[tuple[Path, Any]]:
    yield ("name",), str(Reference(kind, fold(entity["name"])))
    yield ("on",), entity["state"] == "ENABLED"
    apart = ("name", "state", "email", "aliases", *LISTED)
    for field_, value in entity.items():
        if field_ not in apart:
            yield (field_,), write(value)
    if entity["state"] != "ENABLED":
        for address in (entity["email"], *entity["aliases"]):
            yield ("was", fold(address or "")), True
        return
    yield ("email",), fold(entity["email"])
    for alias in entity["aliases"]:
        yield ("alias", fold(alias)), True
    for list_, word in LISTED.items():
        for listed in entity.get(list_, ()):
            if listed in on:
                yield (word, listed), True


def _look_at_settings(organization: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    for key, value in organization["tags"].items():
        if key not in (OWNER_TAG, TAKEN_OVER_TAG):
            yield ("tag", key), value
    yield ("default domain",), organization["default_domain"]
    for domain in organization["domains"]:
        yield ("domain", domain), True
    for name, rule in organization["access_rules"].items():
        yield ("access rule", name), write(rule)
    for rule in organization["mobile_rules"].values():
        yield ("mobile rule", rule["Name"], write(rule)), True
    for role in organization["roles"].values():
        yield ("role", role["Name"]), write(role)
    for domain, each in organization["availability"].items():
        yield ("availability", fold(domain)), write(each)
    settings = organization["settings"]
    yield ("dmarc",), settings.get("dmarc", {}).get("Enforced", True)
    if settings.get("retention"):
        yield ("retention",), write(settings["retention"])


_PASSING = ("DateCreated", "DateModified", "Id", "ImpersonationRoleId", "MobileDeviceAccessRuleId")


def write(value: Any) -> Any:
    """Write what has parts as text, without what is new each time."""
    if not isinstance(value, dict):
        return value
    items = cast("dict[str, Any]", value).items()
    kept = {name: each for name, each in items if name not in _PASSING}
    return json.dumps(kept, sort_keys=True)


def list_ids(picture: Picture) -> dict[str, str]:
    """List who is there: names by id."""
    return {path[0]: value for path, value in picture.items() if path[1:] == ("name",)}


def list_on(picture: Picture) -> set[str]:
    """List the ids of who is switched on."""
    return {path[0] for path, value in picture.items() if path[1:] == ("on",) and value}
