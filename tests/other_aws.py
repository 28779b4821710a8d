"""CloudFormation and Route 53 over HTTP, as an account without stacks has them."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

_NO_STACK = """<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>
<Message>Stack with id {} does not exist</Message></Error></ErrorResponse>"""


_NO_ZONE = """<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchHostedZone</Code>
<Message>No hosted zone found</Message></Error></ErrorResponse>"""


@dataclass
class HostedZone:
    """A zone with record sets: name, type and values, as Route 53 writes them."""

    id: str
    name: str
    records: list[tuple[str, str, list[str]]] = field(
        default_factory=list[tuple[str, str, list[str]]]
    )
    private: bool = False
    routed: dict[str, str] = field(default_factory=dict[str, str])
    """Identifiers of weighted record sets, by their first value."""


@dataclass
class OtherAws:
    """What the two services have.

    Attributes:
        refused: Whether Route 53 denies everything.
    """

    url: str = ""
    zones: list[HostedZone] = field(default_factory=list[HostedZone])
    refused: bool = False


@contextmanager
def serve() -> Generator[OtherAws]:
    """Serve on a free loopback port."""
    aws = OtherAws()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            asked = parse_qs(self.rfile.read(size).decode())
            self._send(400, _NO_STACK.format(asked["StackName"][0]))

        def do_GET(self) -> None:
            if aws.refused:
                self._send(
                    403,
                    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error>"
                    "</ErrorResponse>",
                )
                return
            parts = urlsplit(self.path).path.strip("/").split("/")
            known = {each.id for each in aws.zones}
            if len(parts) > 2 and parts[2] not in known:
                self._send(404, _NO_ZONE)
            elif len(parts) > 3:
                self._send(200, _list_records(aws, parts[2]))
            else:
                self._send(200, _get_zone(aws, parts[2]) if len(parts) > 2 else _list_zones(aws))

        def _send(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        aws.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield aws
        finally:
            server.shutdown()
            thread.join()


def _write_zone(zone: HostedZone) -> str:
    return (
        f"<HostedZone><Id>/hostedzone/{zone.id}</Id><Name>{zone.name}.</Name>"
        f"<CallerReference>1</CallerReference><Config><PrivateZone>{str(zone.private).lower()}"
        "</PrivateZone></Config></HostedZone>"
    )


def _get_zone(aws: OtherAws, zone_id: str) -> str:
    zone = next(each for each in aws.zones if each.id == zone_id)
    return f"<GetHostedZoneResponse>{_write_zone(zone)}</GetHostedZoneResponse>"


def _list_zones(aws: OtherAws) -> str:
    zones = "".join(map(_write_zone, aws.zones))
    return (
        f"<ListHostedZonesResponse><HostedZones>{zones}</HostedZones><Marker></Marker>"
        "<IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesResponse>"
    )


def _list_records(aws: OtherAws, zone_id: str) -> str:
    zone = next(each for each in aws.zones if each.id == zone_id)
    records = "".join(
        f"<ResourceRecordSet><Name>{name}</Name><Type>{kind}</Type><TTL>600</TTL>"
        + (
            f"<SetIdentifier>{zone.routed[values[0]]}</SetIdentifier><Weight>1</Weight>"
            if values and values[0] in zone.routed
            else ""
        )
        + "<ResourceRecords>"
        + "".join(
            f"<ResourceRecord><Value>{escape(value)}</Value></ResourceRecord>" for value in values
        )
        + "</ResourceRecords></ResourceRecordSet>"
        for name, kind, values in zone.records
    )
    return (
        f"<ListResourceRecordSetsResponse><ResourceRecordSets>{records}</ResourceRecordSets>"
        "<IsTruncated>false</IsTruncated><MaxItems>300</MaxItems></ListResourceRecordSetsResponse>"
    )
