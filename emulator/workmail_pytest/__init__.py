"""A pytest plugin: Amazon WorkMail in a thread of the test run, as new at the start of each test.

pytest imports it in every run of an environment that has it. It is a package of its own, and
imports the emulator and boto3 inside the fixtures: a run without them does not load botocore.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
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
def workmail_seed() -> Mapping[str, Any] | str | Path | None:
    """Give what the emulator holds at the start of each test; None: nothing. Made to be overridden.

    It is a dump, as a mapping or the path of a file, or the path of a spec. A path is relative to
    the root folder of the test run.
    """
    return None


@pytest.fixture(scope="session")
def _workmail_read_seed(pytestconfig: pytest.Config) -> Callable[[str | Path], Mapping[str, Any]]:
    """Give what reads a seed from a file, once in a run."""
    from workmail_emulator.seeding import read_seed

    @cache
    def read(path: str | Path) -> Mapping[str, Any]:
        return read_seed(pytestconfig.rootpath / path)

    return read


@pytest.fixture
def workmail_endpoint(
    _workmail_server: Server,
    _workmail_read_seed: Callable[[str | Path], Mapping[str, Any]],
    workmail_seed: Mapping[str, Any] | str | Path | None,
) -> str:
    """Give the URL of an emulator that holds the seed alone: no fault, no logged call."""
    emulator = _workmail_server.emulator
    emulator.reset()
    if isinstance(workmail_seed, (str, Path)):
        emulator.seed(_workmail_read_seed(workmail_seed))
    elif workmail_seed is not None:
        emulator.seed(workmail_seed)
    return _workmail_server.url


@pytest.fixture
def workmail(workmail_endpoint: str) -> Iterator[Any]:
    """Give a boto3 client of WorkMail for the emulator, whatever AWS the environment is set to.

    Its credentials are its own; a profile, a configuration file and a proxy are not looked at.
    """
    import boto3
    from botocore.config import Config

    from workmail_emulator import api

    session: Any = boto3.session.Session(
        botocore_session=api.session(),
        aws_access_key_id="emulated",
        aws_secret_access_key="emulated",  # noqa: S106 - no secret: the emulator accepts any
        region_name=REGION,
    )
    client = session.client("workmail", endpoint_url=workmail_endpoint, config=Config(proxies={}))
    yield client
    client.close()
