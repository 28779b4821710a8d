"""Hosted zones of Route 53, and what is in them; nothing is written."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workmail_org.errors import NotFoundError
from workmail_org.model.domain import LiveZone, RecordSet
from workmail_org.model.values import fold
from workmail_org.service.failures import translate
from workmail_org.service.refusals import ROUTE_53

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
"""One of the quoted strings of a TXT record."""
_ESCAPED = re.compile(r"\\([0-7]{3}|.)")
"""A character that Route 53 writes in octal, or with a backslash before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicZone:
    """A hosted zone.

    Attributes:
        id: Without /hostedzone/.
        name: Folded, without the trailing dot.
        is_private: Only networks that are associated with it ask it.
    """

    id: str
    name: str
    is_private: bool = False


def list_zones(client: Any) -> tuple[PublicZone, ...]:
    """List the public hosted zones of the account, by name.

    Raises:
        ServiceError: AWS refuses.
    """
    return tuple(each for each in list_all_zones(client) if not each.is_private)


def list_all_zones(client: Any) -> tuple[PublicZone, ...]:
    """List the hosted zones of the account, private ones too, by name.

    Raises:
        ServiceError: AWS refuses.
    """
    found = _page(client, "list_hosted_zones", "HostedZones")
    zones = (
        PublicZone(
            id=each["Id"].removeprefix("/hostedzone/"),
            name=fold(each["Name"].removesuffix(".")),
            is_private=bool(each.get("Config", {}).get("PrivateZone")),
        )
        for each in found
    )
    return tuple(sorted(zones, key=lambda zone: (zone.name, zone.id)))


def list_candidates(domain: str, zones: Collection[PublicZone]) -> tuple[PublicZone, ...]:
    """List the zones that can hold the records of a domain: the nearest ones."""
    holding = [each for each in zones if f".{fold(domain)}".endswith(f".{each.name}")]
    nearest = max((len(each.name) for each in holding), default=0)
    return tuple(each for each in holding if len(each.name) == nearest)


def read_record_sets(client: Any, zone: PublicZone) -> tuple[Mapping[str, Any], ...]:
    """Read every record set in a zone, as ListResourceRecordSets answers it.

    Raises:
        ServiceError: AWS refuses.
    """
    found = _page(client, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone.id)
    return tuple(found)


def read_zone(client: Any, zone_id: str) -> LiveZone | None:
    """Read a hosted zone with everything in it; `None`: it is not in this account.

    Raises:
        ServiceError: AWS refuses.
    """
    try:
        answer = client.get_hosted_zone(Id=zone_id)
    except (ClientError, BotoCoreError) as error:
        translated = translate(error, "route53:get_hosted_zone", service=ROUTE_53)
        if isinstance(translated, NotFoundError):
            return None
        raise translated from error
    described = answer["HostedZone"]
    return LiveZone(
        id=zone_id,
        name=fold(described["Name"].removesuffix(".")),
        is_private=described.get("Config", {}).get("PrivateZone", False),
        record_sets=tuple(_list_record_sets(client, zone_id)),
    )


def _list_record_sets(client: Any, zone_id: str) -> Iterator[RecordSet]:
    """List the record sets of a zone; those that differ by a policy of routing one by one."""
    for each in _page(
        client, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone_id
    ):
        yield RecordSet(
            type=each["Type"],
            # Route 53 writes an asterisk in octal.
            name=fold(each["Name"].replace("\\052", "*")),
            values=tuple(_unquote(value["Value"]) for value in each.get("ResourceRecords", ())),
            identifier=each.get("SetIdentifier", ""),
        )


def _unquote(value: str) -> str:
    """Join the quoted strings of a TXT record (RFC 1035); other values have none."""
    if not value.startswith('"'):
        return value
    return _ESCAPED.sub(_unescape, "".join(_STRING.findall(value)))


def _unescape(found: re.Match[str]) -> str:
    return chr(int(found[1], 8)) if found[1].isdigit() else found[1]


def _page(client: Any, method: str, key: str, **parameters: Any) -> Iterator[Mapping[str, Any]]:
    try:
        for page in client.get_paginator(method).paginate(**parameters):
            yield from page[key]
    except (ClientError, BotoCoreError) as error:
        raise translate(error, f"route53:{method}", service=ROUTE_53) from error
