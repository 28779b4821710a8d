"""Who may talk to a local AWS: programs that have its key, and no web page.

Pure: header fields and a query in, a refusal out. The access key id is the secret: it is random and
known to nobody else. So signatures are not verified; that would not make it harder to guess.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

KEY_VARIABLE = "WORKMAIL_EMULATOR_KEY"
"""Environment variable with the only access key id that is accepted.

Not an argument: every user of a machine can read the arguments of every process.
"""

_CODE = "InvalidClientTokenId"
"""What AWS answers to an access key that it does not know (STS and IAM, common errors)."""

_OF_BROWSERS = frozenset({"origin", "referer"})
_OF_EVERY_BROWSER_REQUEST = "sec-fetch-"
"""Browsers send these; no script of a page can leave them out (Fetch standard, forbidden names)."""

_KEY_ID = re.compile(r"\bCredential=([^/,\s]+)/|^AWS ([^:\s]+):")
"""The access key id in an Authorization field: signature version 4, and 2."""

_SERVICE = re.compile(r"\bCredential=[^/,\s]+/[^/,\s]*/[^/,\s]*/([^/,\s]+)/")


@dataclass(frozen=True, slots=True)
class Guard:
    """Decides about requests.

    Attributes:
        hosts: What a Host field may say, in lower case; empty: anything. A name that a stranger's
            DNS points at this machine (DNS rebinding) is in no list.
        key: The access key id that is accepted; empty: every one, and none.
        issued: Session tokens that are accepted too, because somebody with the key was given them.
    """

    hosts: frozenset[str]
    key: str
    issued: set[str] = field(default_factory=set[str])

    def refuse(self, headers: Mapping[str, str], query: str = "") -> str | None:
        """Give the reason why a request is refused; `None`: it may pass.

        Args:
            headers: Names in lower case; the values of a field sent twice, with a comma between.
            query: The part of the URL behind the question mark.
        """
        for name in headers:
            if name in _OF_BROWSERS or name.startswith(_OF_EVERY_BROWSER_REQUEST):
                return f"requests of web pages are refused, and this one has the header {name}"
        host = headers.get("host", "")
        if self.hosts and host.lower() not in self.hosts:
            return f"the Host header is {host!r}; allowed: {', '.join(sorted(self.hosts))}"
        if self.key and not self._knows_one_of(find_credentials(headers, query)):
            return "the access key is not the one of this local AWS"
        return None

    def _knows_one_of(self, presented: Iterable[str]) -> bool:
        accepted = [each.encode() for each in (self.key, *self.issued)]
        found = [
            hmac.compare_digest(one.encode(), other) for one in presented for other in accepted
        ]
        return any(found)


def list_loopback_hosts(port: int) -> frozenset[str]:
    """List what a client writes into the Host field when it asks this machine itself."""
    return frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))


def find_credentials(headers: Mapping[str, str], query: str) -> list[str]:
    """List the access key ids and session tokens that a request carries, signed or presigned."""
    fields = {name.lower(): value for name, value in parse_qsl(query)}
    return [
        *(one or other for one, other in _KEY_ID.findall(headers.get("authorization", ""))),
        fields.get("x-amz-credential", "").partition("/")[0],
        fields.get("awsaccesskeyid", ""),
        headers.get("x-amz-security-token", ""),
        fields.get("x-amz-security-token", ""),
    ]


def find_service(headers: Mapping[str, str], query: str = "") -> str:
    """Name the service in the scope of a request's signature, such as `sts`; empty: unsigned."""
    fields = {name.lower(): value for name, value in parse_qsl(query)}
    scope = f"Credential={fields.get('x-amz-credential', '')}"
    found = _SERVICE.search(headers.get("authorization", "")) or _SERVICE.search(scope)
    return found[1] if found else ""


def render_refusal(
    reason: str, headers: Mapping[str, str], query: str = ""
) -> tuple[dict[str, str], bytes]:
    """Write the answer to a refused request, status 403, so that an AWS client can read it.

    Returns:
        Header fields and body: XML for those services that speak it, else JSON.
    """
    service = find_service(headers, query)
    form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if not form and service not in _XML_SERVICES:
        head = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": _CODE}
        return head, json.dumps({"__type": _CODE, "message": reason}).encode()
    error = f"<Code>{_CODE}</Code><Message>{escape(reason)}</Message>"
    # S3 alone puts nothing around it.
    body = f"<Error>{error}</Error>"
    if service != "s3":
        body = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>"
    return {"Content-Type": "text/xml"}, body.encode()


_XML_SERVICES = frozenset({"s3", "route53", "cloudfront", "s3-outposts"})
"""Services whose protocol is rest-xml (botocore's models); the query protocol shows as a form."""
