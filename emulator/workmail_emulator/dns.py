"""Looking up records in a Route 53 that is somewhere else, such as a local AWS."""

from __future__ import annotations

import logging
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from workmail_emulator import api

_log = logging.getLogger(__name__)


class Route53:
    """DNS as the public hosted zones of one Route 53 would answer it.

    Attributes:
        endpoint: URL of the Route 53 API.
    """

    def __init__(self, endpoint: str, key: str = "") -> None:
        """Make a client.

        Args:
            endpoint: URL of the Route 53 API.
            key: Access key id; a local AWS without a guard takes any.
        """
        self.endpoint = endpoint
        self._client: Any = api.session().create_client(
            "route53",
            region_name="us-east-1",
            endpoint_url=endpoint,
            aws_access_key_id=key or "emulated",
            aws_secret_access_key="emulated",  # noqa: S106  no local AWS verifies the signature
            config=Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2}),
        )

    def __call__(self, name: str, kind: str) -> frozenset[str]:
        """Look up a name in every zone that could hold it.

        Args:
            name: Without trailing dot.
            kind: Record type, such as `TXT`.

        Returns:
            The values, TXT without quotes; none when Route 53 does not answer.
        """
        wanted = f"{name.lower()}."
        try:
            return frozenset(
                value
                for zone in self._zones(wanted)
                for record_set in self._record_sets(zone, wanted, kind)
                for value in _values(record_set, kind)
            )
        except (BotoCoreError, ClientError) as error:
            _log.warning("cannot look up %s %s at %s: %s", kind, name, self.endpoint, error)
            return frozenset()

    def _zones(self, wanted: str) -> list[str]:
        """List the ids of the public zones at or above a name."""
        pages = self._client.get_paginator("list_hosted_zones").paginate()
        return [
            zone["Id"].rpartition("/")[2]
            for page in pages
            for zone in page["HostedZones"]
            if not zone.get("Config", {}).get("PrivateZone")
            and f".{wanted}".endswith(f".{zone['Name'].lower()}")
        ]

    def _record_sets(self, zone: str, wanted: str, kind: str) -> list[dict[str, Any]]:
        """Find the record sets of one name and type in one zone."""
        answer = self._client.list_resource_record_sets(
            HostedZoneId=zone, StartRecordName=wanted, StartRecordType=kind, MaxItems="10"
        )
        return [
            record_set
            for record_set in answer["ResourceRecordSets"]
            if record_set["Type"] == kind and record_set["Name"].lower() == wanted
        ]


def _values(record_set: dict[str, Any], kind: str) -> list[str]:
    values = [record["Value"] for record in record_set.get("ResourceRecords", [])]
    if kind != "TXT":
        return values
    # A long TXT value is several quoted strings side by side, read as one.
    return ["".join(value.strip().strip('"').split('" "')) for value in values]
