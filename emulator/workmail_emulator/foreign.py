"""What is asked of a service that is not emulated: refused in the protocol of whoever asks.

A program that is pointed here with AWS_ENDPOINT_URL sends everything here. Its client reads only
errors of the protocol that its service speaks; in another one they look like a broken connection.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from workmail_emulator import api

CODE = "NotEmulatedException"
"""AWS has no such code: nothing is mistaken for an answer of AWS; chosen."""

STATUS = 501
"""Not Implemented (RFC 9110, section 15.6.2); no client tries it again."""

_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/[^/,\s]+/(?P<service>[^/,\s]+)/aws4_request")

_XML_OVER_REST = frozenset({"cloudfront", "route53", "s3", "s3express", "s3-outposts"})
"""Names in signatures of services of the protocol rest-xml (botocore's models)."""

_OURS = frozenset({api.WORKMAIL, api.DIRECTORY_SERVICE})


@dataclass(frozen=True)
class Refusal:
    """The answer to a request for another service.

    Attributes:
        headers: Besides the length.
    """

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def refuse(headers: Mapping[str, str], request_id: str) -> Refusal | None:
    """Refuse a request for another service; `None`: it is for WorkMail or Directory Service.

    Args:
        headers: Names in lower case.
        request_id: Of the answer.

    Source:
        botocore's parsers of errors, by protocol.
    """
    scope = _SCOPE.search(headers.get("authorization", ""))
    target = headers.get("x-amz-target", "").partition(".")[0]
    if scope is None or scope["service"] in _OURS or target in api.TARGETS:
        return None
    service = scope["service"]
    message = f"{service} is not emulated here: only workmail and ds are."
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        named = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
        return Refusal(_encode_cbor({"__type": CODE, "message": message}), named)
    if target:
        body = json.dumps({"__type": CODE, "message": message}).encode()
        return Refusal(body, {"Content-Type": headers.get("content-type", "application/json")})
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return _refuse_query(service, message, request_id)
    if service in _XML_OVER_REST:
        error = f"<Error><Code>{CODE}</Code><Message>{escape(message)}</Message></Error>"
        return Refusal(error.encode(), {"Content-Type": "application/xml"})
    body = json.dumps({"message": message}).encode()
    return Refusal(body, {"Content-Type": "application/json", "x-amzn-ErrorType": CODE})


def _refuse_query(service: str, message: str, request_id: str) -> Refusal:
    error = f"<Code>{CODE}</Code><Message>{escape(message)}</Message>"
    if service == "ec2":
        text = (
            f"<Response><Errors><Error>{error}</Error></Errors><RequestID>{request_id}</RequestID>"
            "</Response>"
        )
    else:
        text = (
            f"<ErrorResponse><Error><Type>Receiver</Type>{error}</Error><RequestId>{request_id}"
            "</RequestId></ErrorResponse>"
        )
    return Refusal(text.encode(), {"Content-Type": "text/xml"})


def _encode_cbor(texts: Mapping[str, str]) -> bytes:
    """Write a map of a few texts (RFC 8949, sections 3.1 and 3.3)."""
    encoded = bytes([0xA0 + len(texts)])
    for text in (item for pair in texts.items() for item in pair):
        data = text.encode()
        encoded += b"\x79" + len(data).to_bytes(2, "big") + data
    return encoded
