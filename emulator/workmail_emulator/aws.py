"""`python -m workmail_emulator.aws`: ministack, the rest of AWS, behind the emulator's guard.

ministack accepts every access key and allows every Origin. The guard stands in front of it in the
same process. ministack's own environment variables (`GATEWAY_PORT`, `BIND_HOST`,
`MINISTACK_ACCOUNT_ID`, ...) configure it; `AWS_ACCESS_KEY_ID` has to be the key, and with
`AWS_SECRET_ACCESS_KEY` it verifies presigned URLs of S3.
"""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from workmail_emulator.functions import Functions
from workmail_emulator.guarding import (
    KEY_VARIABLE,
    Guard,
    find_service,
    list_loopback_hosts,
    render_refusal,
)
from workmail_emulator.naming import store_name

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]
"""As in the ASGI specification 3.0."""

_RESPONSE_URL = re.compile(r"/_ministack/cfn-response/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Where a custom resource answers, without credentials, as to the presigned URL of AWS.

Its last part is random (122 bits) and known to whoever has the key.
"""

_SESSION_TOKEN = re.compile(rb"SessionToken\W+([A-Za-z0-9+/=_-]+)")
"""In an answer of STS, XML or JSON."""

_POLICY_VIOLATION = 1008
"""Close code of a websocket (RFC 6455, 7.4.1); the server answers 403."""


class GuardedApp:
    """An ASGI application that only requests with the key reach."""

    def __init__(self, app: App, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it; no websocket is passed on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        headers, query = _read_headers(scope), scope["query_string"].decode("latin-1")
        reason = self._guard.refuse(headers, query)
        if reason is not None and not self._is_answer_of_custom_resource(scope, headers):
            await _refuse(send, *render_refusal(reason, headers, query))
            return
        if find_service(headers) == "sts":
            send = self._learn_sessions(send)
        await self._app(scope, receive, send)

    def _is_answer_of_custom_resource(self, scope: Message, headers: dict[str, str]) -> bool:
        """Whether a request lacks the key alone, and is one that cannot have it."""
        keyless = Guard(self._guard.hosts, "")
        return (
            scope["method"] == "PUT"
            and _RESPONSE_URL.fullmatch(scope["path"]) is not None
            and keyless.refuse(headers) is None
        )

    def _learn_sessions(self, send: Send) -> Send:
        """Accept the session tokens that STS gives to somebody with the key (AssumeRole)."""

        async def send_and_read(message: Message) -> None:
            found = _SESSION_TOKEN.findall(message.get("body", b""))
            self._guard.issued.update(token.decode() for token in found)
            await send(message)

        return send_and_read


def _read_headers(scope: Message) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


async def _refuse(send: Send, head: dict[str, str], body: bytes) -> None:
    fields = {**head, "Content-Length": str(len(body))}
    headers = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main() -> int:
    """Serve until SIGTERM or SIGINT; needs the key in the environment."""
    key = os.environ.get(KEY_VARIABLE, "")
    if not key:
        sys.stderr.write(f"workmail_emulator.aws: {KEY_VARIABLE} is not set\n")
        return 1
    _give_key_to_functions(key)
    _store_names_as_route_53()
    ministack: Any = importlib.import_module("ministack.app")  # it has no types
    hosts = list_loopback_hosts(int(os.environ["GATEWAY_PORT"]))
    ministack.app = GuardedApp(ministack.app, Guard(hosts, key))
    with TemporaryDirectory(prefix="functions-") as folder:
        _start_functions_as_copies(Path(folder))
        ministack.main()  # serves the `app` of its module
    return 0


def _give_key_to_functions(key: str) -> None:
    """Let Lambda functions have the key; ministack would give them the account's number as one.

    Whatever of it starts functions takes this name from here, later.
    """
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    if not hasattr(runtime, "execution_credentials"):
        raise RuntimeError("this version of ministack gives functions their key in another way")

    def execution_credentials(_config: object) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"],
            "AWS_SESSION_TOKEN": "",
        }

    runtime.execution_credentials = execution_credentials


def _start_functions_as_copies(folder: Path) -> None:
    """Let functions in Python begin with botocore loaded, and equal code be unpacked once."""
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    if getattr(runtime, "subprocess", None) is not subprocess:
        raise RuntimeError("this version of ministack starts functions in another way")
    runtime.subprocess = Functions(folder)


def _store_names_as_route_53() -> None:
    """Let names of zones and records be stored as Route 53 does; ministack keeps them as given."""
    route_53: Any = importlib.import_module("ministack.services.route53")
    if not hasattr(route_53, "_normalise_name"):
        raise RuntimeError("this version of ministack stores names in another way")
    route_53._normalise_name = store_name


if __name__ == "__main__":
    sys.exit(main())
