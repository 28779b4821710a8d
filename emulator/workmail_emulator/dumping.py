"""Dumps: everything that an emulator holds as JSON, and back.

A dump has what does not follow from the rest. Whose a name, an address or an alias is follows from
the entities, organizations and directories, and is worked out anew. Left out are the pictures that
lag needs, the answers to repeated ClientTokens (the requests may hold passwords), the log of calls
and the faults.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from functools import cache
from types import NoneType
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

from workmail_emulator import entities
from workmail_emulator.api import Document
from workmail_emulator.ids import Ids
from workmail_emulator.state import Organization, Region
from workmail_emulator.world import Settings, World

VERSION = 1
"""Of the format: counts up when a reader of the version before would misunderstand a dump."""

ACCOUNT = re.compile(r"[0-9]{12}")
"""AWS Account Management, AccountId."""

_DERIVED = {"names", "holders"}
"""Tables of an organization that follow from its entities."""


@dataclass
class _Account:
    """What is dumped of an account.

    Attributes:
        regions: By name.
    """

    regions: dict[str, Region] = field(default_factory=dict[str, Region])


@dataclass
class _Dump:
    """The whole document; what is not in an account is the same for all, as in `World`.

    Attributes:
        time: Seconds since the epoch on the emulator's clock; ages are counted from it.
        ids_issued: How many ids were made, so that the next one is none of them.
        accounts: By their twelve digits.
    """

    version: int
    time: float = 0.0
    ids_issued: int = 0
    verified: set[str] = field(default_factory=set[str])
    failures: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    networks: dict[str, Document] = field(default_factory=dict[str, Document])
    accounts: dict[str, _Account] = field(default_factory=dict[str, _Account])


def dump(worlds: Mapping[str, World], now: float) -> Document:
    """Show everything as JSON that `load` takes.

    Args:
        worlds: By account; at least one.
        now: The time of the emulator's clock.
    """
    first = next(iter(worlds.values()))
    shown: Document = _encode(
        _Dump,
        _Dump(
            version=VERSION,
            time=now,
            ids_issued=first.ids.issued,
            verified=first.verified,
            failures=first.failures,
            networks=first.networks,
            accounts={account: _Account(world.regions) for account, world in worlds.items()},
        ),
    )
    return deepcopy(shown)


def load(document: object, settings: Settings) -> tuple[float, dict[str, World]]:
    """Build the accounts of a dump. A field that has a default can be left out.

    Args:
        document: As `dump` shows it.
        settings: Of the emulator, with its account, which is there in any case.

    Returns:
        The time of the dump, and the worlds by account.

    Raises:
        ValueError: A field is missing, unknown or of another type, something that is named is not
            there, or a name or an address is two entities'.
    """
    version = _of(dict, document, "the dump").get("version")
    if version != VERSION:
        raise ValueError(f"version: a dump of version {VERSION} is needed, not of {version!r}")
    read: _Dump = _decode(_Dump, deepcopy(document), "")
    own = World(
        settings,
        ids=Ids(issued=read.ids_issued),
        verified=read.verified,
        failures=read.failures,
        networks=read.networks,
    )
    worlds = {settings.account: own}
    for account, part in read.accounts.items():
        if not ACCOUNT.fullmatch(account):
            raise ValueError(f"accounts.{account}: an account is twelve digits")
        world = worlds.setdefault(account, own.beside(account))
        world.regions = part.regions
        for name, region in part.regions.items():
            _complete(region, name, own.aliases, f"accounts.{account}.regions.{name}")
    return read.time, worlds


def _complete(region: Region, name: str, aliases: dict[str, str], where: str) -> None:
    """Check that what is named is there, and work out what the dump does not say."""
    _same(region.name, name, f"{where}.name")
    for key, directory in region.directories.items():
        _same(directory.id, key, f"{where}.directories.{key}.id")
        if directory.alias:
            _claim(aliases, directory.alias, key, f"{where}.directories.{key}.alias")
    for key, organization in region.organizations.items():
        place = f"{where}.organizations.{key}"
        _same(organization.id, key, f"{place}.id")
        _same(organization.region, name, f"{place}.region")
        _known(organization.directory_id, region.directories, f"{place}.directory_id")
        _claim(aliases, organization.alias, organization.directory_id, f"{place}.alias")
        for table, ids in _references(organization):
            for entity_id in ids:
                _known(entity_id, organization.entities, f"{place}.{table}")
        _name(organization, place)
        # Every organization has this setting; WorkMail answers it without any PUT, facts.md §0.9.
        organization.settings.setdefault("dmarc", {"Enforced": True})


def _references(organization: Organization) -> Iterator[tuple[str, Iterator[str]]]:
    """List which entities the tables of an organization name."""
    yield (
        "members",
        (key for group in organization.members.items() for key in (group[0], *group[1])),
    )
    yield (
        "delegates",
        (key for item in organization.delegates.items() for key in (item[0], *item[1])),
    )
    yield (
        "permissions",
        (key for item in organization.permissions.items() for key in (item[0], *item[1])),
    )
    yield (
        "mailboxes",
        (key for item in organization.mailboxes.items() for key in (item[0], item[1].owner)),
    )
    yield "lost_mailboxes", (mailbox.owner for mailbox in organization.lost_mailboxes.values())
    yield "overrides", (user for user, _ in organization.overrides)


def _name(organization: Organization, where: str) -> None:
    """Note whose each name and each address is."""
    for key, entity in organization.entities.items():
        place = f"{where}.entities.{key}"
        _same(entity.id, key, f"{place}.id")
        if entity.state != "DELETED":
            name = entities.name_key(entity.kind, entity.name)
            _claim(organization.names, name, key, f"{place}.name", entity.name)
        if entity.state == "ENABLED":
            for address in entity.addresses:
                _claim(organization.holders, address, key, f"{place}.addresses")


def _same(said: str, key: str, where: str) -> None:
    if said != key:
        raise ValueError(f"{where}: {said!r} stands under {key!r}; both must be the same")


def _known(key: str, known: Mapping[str, object], where: str) -> None:
    if key not in known:
        raise ValueError(f"{where}: there is no {key!r}")


def _claim(
    holders: dict[str, str], name: str, holder: str, where: str, shown: str | None = None
) -> None:
    other = holders.setdefault(name.lower(), holder)
    if other != holder:
        raise ValueError(f"{where}: {(shown or name)!r} is taken by {other} already")


def _encode(annotation: Any, value: Any) -> Any:
    """Turn a value of the emulator's state into JSON, by its type."""
    if is_dataclass(annotation):
        return {
            name: _encode(hint, getattr(value, name))
            for name, hint in _hints(cast(type, annotation)).items()
        }
    form, arguments = get_origin(annotation), get_args(annotation)
    if value is None or form is None or form is Literal:
        return value
    if NoneType in arguments and form is not dict:
        return _encode(_present(annotation), value)
    if form is dict:
        key, item = arguments
        if get_origin(key) is tuple:
            return list(value.values())
        if item is None:
            return list(value)
        return {name: _encode(item, part) for name, part in value.items()}
    return sorted(value) if form is set else list(value)


def _decode(annotation: Any, value: Any, where: str) -> Any:
    """Turn JSON into a value of a type of the emulator's state.

    Raises:
        ValueError: It is of another type; `where` says in which field.
    """
    if is_dataclass(annotation):
        return _build(annotation, _of(dict, value, where), where)
    form, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Any:
        return value
    if form is None:
        return _scalar(annotation, value, where)
    if form is Literal:
        if value not in arguments:
            raise ValueError(f"{where}: {value!r} is none of {', '.join(arguments)}")
        return value
    if form is dict:
        return _table(arguments, value, where)
    if form is set:
        return set(_items(arguments[0], value, where))
    if form is list:
        return _items(arguments[0], value, where)
    if form is tuple:
        return _row(arguments, value, where)
    return None if value is None else _decode(_present(annotation), value, where)


def _build(annotation: Any, document: Document, where: str) -> Any:
    hints = _hints(annotation)
    if unknown := sorted(set(document) - set(hints)):
        known = ", ".join(hints)
        raise ValueError(f"{where or 'the dump'}: unknown: {', '.join(unknown)}; known: {known}")
    needed = {item.name for item in fields(annotation) if _is_needed(item)}
    if missing := sorted(needed - set(document)):
        raise ValueError(f"{where or 'the dump'}: missing: {', '.join(missing)}")
    return annotation(
        **{
            name: _decode(hints[name], value, f"{where}.{name}".lstrip("."))
            for name, value in document.items()
        }
    )


def _is_needed(item: Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


def _table(arguments: tuple[Any, ...], value: Any, where: str) -> dict[Any, Any]:
    key, item = arguments
    if get_origin(key) is tuple:
        # The one table with such keys: the overrides of mobile devices, by user and device.
        rows = _items(item, value, where)
        return {(row["UserId"], row["DeviceId"].lower()): row for row in rows}
    if item is None:
        return dict.fromkeys(_items(str, value, where))
    table: Document = _of(dict, value, where)
    return {name: _decode(item, part, f"{where}.{name}") for name, part in table.items()}


def _row(arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if arguments[-1] is ...:
        return tuple(_items(arguments[0], value, where))
    row: list[Any] = _of(list, value, where)
    if len(row) != len(arguments):
        raise ValueError(f"{where}: {len(arguments)} values are needed, not {len(row)}")
    return tuple(
        _decode(item, part, f"{where}[{index}]")
        for index, (item, part) in enumerate(zip(arguments, row, strict=True))
    )


def _items(annotation: Any, value: Any, where: str) -> list[Any]:
    items: list[Any] = _of(list, value, where)
    return [_decode(annotation, item, f"{where}[{index}]") for index, item in enumerate(items)]


def _scalar(annotation: Any, value: Any, where: str) -> Any:
    number = annotation is float and type(value) is int
    if type(value) is not annotation and not number:
        raise ValueError(f"{where}: {value!r} is no {annotation.__name__}")
    return value


def _of(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, kind):
        expected = "an object" if kind is dict else "a list"
        raise ValueError(f"{where}: {value!r} is not {expected}")  # noqa: TRY004  of a document, not a call
    return value


def _present(annotation: Any) -> Any:
    """Give the type beside None."""
    (present,) = (item for item in get_args(annotation) if item is not NoneType)
    return present


@cache
def _hints(annotation: type) -> Mapping[str, Any]:
    """Give the types of a class's dumped fields."""
    hints = get_type_hints(annotation)
    return {
        item.name: hints[item.name]
        for item in fields(cast("Any", annotation))
        if item.name not in _DERIVED
    }
