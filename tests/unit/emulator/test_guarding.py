"""What the guard lets through to the application behind it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from workmail_emulator.aws import GuardedApp, Message, Receive, Send
from workmail_emulator.guarding import Guard, list_loopback_hosts

KEY = "AKIAAAAAAAAAAAAAAAAA"


def send_to_guarded(scope: dict[str, Any]) -> tuple[list[str], list[Message]]:
    """Send one message; give the types that the application saw, and what was answered."""
    seen: list[str] = []
    sent: list[Message] = []

    async def app(scope: Message, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    async def receive() -> Message:
        return {"type": f"{scope['type']}.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    guard = Guard(list_loopback_hosts(4566), KEY)
    asyncio.run(GuardedApp(app, guard)(scope, receive, send))
    return seen, sent


FIELDS = [(b"Host", b"localhost:4566"), (b"Authorization", b"AWS " + KEY.encode() + b":")]


def make_request(**changes: Any) -> dict[str, Any]:
    given = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": FIELDS}
    return {**given, **changes}


def test_a_request_with_the_key_passes() -> None:
    assert send_to_guarded(make_request()) == (["http"], [])


def test_the_life_of_the_server_passes() -> None:
    assert send_to_guarded({"type": "lifespan"}) == (["lifespan"], [])


@pytest.mark.parametrize("kind", ["websocket", "something new"])
def test_nothing_else_passes_with_the_key(kind: str) -> None:
    seen, sent = send_to_guarded(make_request(type=kind))

    assert (seen, sent) == ([], [{"type": "websocket.close", "code": 1008}])


@pytest.mark.parametrize(
    "query",
    [
        f"X-Amz-Credential={KEY}%2F20260101%2Feu-west-1%2Fs3%2Faws4_request",
        f"x-amz-credential={KEY}/20260101/eu-west-1/s3/aws4_request",
        f"AWSAccessKeyId={KEY}&Signature=any",
    ],
)
def test_a_key_in_the_query_passes_and_another_does_not(query: str) -> None:
    request = make_request(headers=FIELDS[:1], query_string=query.encode())
    other = make_request(headers=FIELDS[:1], query_string=query.replace("AKIA", "AKIB").encode())

    assert send_to_guarded(request)[0] == ["http"]
    assert send_to_guarded(other)[0] == []


@pytest.mark.parametrize("field", [b"", b"AWS :", b"AWS4-HMAC-SHA256 Credential=/x/y/z/", b"\xff"])
def test_an_empty_or_a_strange_key_does_not_pass(field: bytes) -> None:
    request = make_request(headers=[FIELDS[0], (b"authorization", field)])
    seen, sent = send_to_guarded(request)

    assert (seen, sent[0]["status"]) == ([], 403)
