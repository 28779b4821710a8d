"""A pytest plugin: Amazon WorkMail in a thread of the test run, empty at the start of each test.

pytest imports it in every run of an environment that has it. It is a package of its own, and
imports the emulator and boto3 inside the fixtures: a run without them does not load botocore.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from workmail_emulator.server import Server

REGION = "eu-west-1"
"""One of the regions that have WorkMail; the fixture `workmail` is a client of it."""


@pytest.fixture(scope="session")
def _workmail_server() -> Iterator[Server]:
    """Serve on a free loopback port; each worker of xdist has its own."""
    from workmail_emulator.emulator import Emulator
    from workmail_emulator.server import Server

    with Server(Emulator(instant=True), "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def workmail_endpoint(_workmail_server: Server) -> str:
    """Give the URL of an emulator that holds nothing: no organization, fault or logged call."""
    _workmail_server.emulator.reset()
    return _workmail_server.url


@pytest.fixture
def workmail(workmail_endpoint: str) -> Iterator[Any]:
    """Give a boto3 client of WorkMail, with credentials of its own, for an empty emulator."""
    import boto3

    session: Any = boto3.session.Session(
        aws_access_key_id="emulated",
        aws_secret_access_key="emulated",  # noqa: S106 - no secret: the emulator accepts any
        region_name=REGION,
    )
    client = session.client("workmail", endpoint_url=workmail_endpoint)
    yield client
    client.close()
