"""Real botocore clients whose requests never reach a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from workmail_emulator import api
from workmail_emulator.dispatch import Answer
from workmail_emulator.errors import ResponseLost

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

Respond = Callable[[Mapping[str, str], bytes], Answer]

ACCESS_KEY, SECRET_KEY = "emulated", "emulated"
"""Signatures are not checked: any credentials do."""


class _Body:
    """What botocore reads a body from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, amt: int | None = None) -> Iterator[bytes]:
        """Give the whole body at once."""
        del amt
        yield self._content


def create(service: str, region: str, config: Config | None) -> Any:
    """Make a botocore client with dummy credentials; the environment is not looked at.

    Args:
        service: `workmail` or `ds`.
        region: AWS region.
        config: By default one attempt for each call.
    """
    once = Config(retries={"total_max_attempts": 1})
    # Any: botocore-stubs want each name as a literal, here it is known at run time only.
    make: Any = api.session().create_client
    return make(
        service,
        region_name=region,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        endpoint_url=f"https://{service}.{region}.amazonaws.com",
        config=config or once,
    )


def attach(made: Any, respond: Respond) -> None:
    """Answer a client's requests with `respond`.

    Args:
        made: A client for WorkMail or Directory Service.
        respond: Answers one request, or raises ResponseLost.

    Raises:
        ValueError: The client is for another service.
    """
    model = made.meta.service_model
    if model.metadata.get("targetPrefix") not in api.TARGETS:
        raise ValueError(f"{model.service_name} is not emulated")

    def before_send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        url = str(request.url)
        headers = {str(name): _text(value) for name, value in request.headers.items()}
        try:
            answer = respond(headers, _bytes(request.body))
        except ResponseLost as lost:
            raise ConnectionClosedError(endpoint_url=url) from lost
        return AWSResponse(url, answer.status, _headers(answer), _Body(answer.body))

    made.meta.events.register(f"before-send.{model.service_id.hyphenize()}", before_send)


def _headers(answer: Answer) -> HTTPHeaders:
    headers = HTTPHeaders()
    for name, value in answer.headers.items():
        headers[name] = value
    return headers


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body or b"")
