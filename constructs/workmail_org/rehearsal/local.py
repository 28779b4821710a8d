"""The local AWS: ministack for AWS, our emulator for WorkMail, on loopback ports.

Both answer to one access key, made for this local AWS alone, and to no web page: the emulator's
guard stands in front of both (`workmail_emulator.guarding`).
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import string
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workmail_org.errors import WorkMailOrgError
from workmail_org.rehearsal.installing import find_cache, find_node_folder
from workmail_org.rehearsal.processes import read_last_words
from workmail_org.service.clients import open_session

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Generator, Mapping, Sequence

    from workmail_org.rehearsal.processes import Processes

DEFAULT_ACCOUNT = "000000000000"
"""The account of a spec that names none; no real account has this number."""

_HOST = "127.0.0.1"

_NO_PROXY = {"NO_PROXY": _HOST, "no_proxy": _HOST}
"""A proxy on the way would get the key, and could not reach this machine's loopback address.

Programs read one name or the other.
"""

_READY_SECONDS = 60.0
"""Measured: ministack answers after 0.7 s, the emulator after 0.4 s, on an idle machine."""

_WAIT_SCALE = "0.02"
"""How much of a Step Functions wait is waited: locally everything is done at once."""

_KEPT_VARIABLES = (
    *("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH"),
    *("JSII_RUNTIME_PACKAGE_CACHE", "JSII_RUNTIME_PACKAGE_CACHE_ROOT"),
)
"""All that is taken over from the user's environment.

No credential, profile, endpoint, proxy or CDK setting comes along: a rehearsal
must never reach a real account.
"""

_KEY_VARIABLE = "WORKMAIL_EMULATOR_KEY"
"""Where both processes look for the key; arguments are for every user of the machine to read."""


@dataclass(frozen=True, slots=True)
class LocalAws:
    """A local AWS that runs.

    Attributes:
        aws: URL of everything but WorkMail and Directory Service.
        workmail: URL of WorkMail and Directory Service.
        account: 12 digits.
        environment: The whole environment of a process that shall see this AWS.
        folder: Where its files are; goes when it stops.
    """

    aws: str
    workmail: str
    account: str
    environment: Mapping[str, str]
    folder: Path

    @property
    def exports(self) -> Mapping[str, str]:
        """The variables that point an AWS client, the CDK CLI too, at this AWS."""
        return {
            name: value
            for name, value in self.environment.items()
            if name.startswith("AWS_") or name in _NO_PROXY
        }

    @contextmanager
    def entered(self) -> Generator[None]:
        """Make this the only AWS that this process knows, inside the block."""
        before = dict(os.environ)
        os.environ.clear()
        os.environ.update(self.environment)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def make_client(self, service: str, region: str) -> Any:
        """Return a client of this AWS; use it inside `entered`."""
        return open_session().create_client(service, region_name=region)

    def count_calls(self) -> dict[str, int]:
        """Return how often each WorkMail and Directory Service operation was called."""
        counts: dict[str, int] = self.control("calls")["counts"]
        return counts

    def control(self, action: str, document: Mapping[str, Any] | None = None) -> Any:
        """Ask the emulator's control path: GET, or POST with a document; JSON both ways."""
        body = None if document is None else json.dumps(document).encode()
        key = self.environment["AWS_ACCESS_KEY_ID"]
        return json.loads(_fetch(f"{self.workmail}/_emulator/{action}", body, key))


def start_local_aws(
    processes: Processes, folder: Path, *, account: str, region: str, verified: Sequence[str]
) -> LocalAws:
    """Start ministack and the emulator and wait until both answer.

    Args:
        processes: Stops them again.
        folder: An empty folder for everything they write.
        account: The account that this AWS is.
        region: What a client that names no region gets.
        verified: Domains whose DNS records are in place, says the author.

    Raises:
        WorkMailOrgError: One of them did not start.
    """
    aws_port, workmail_port = _find_free_ports()
    key = _make_key()
    temporary = folder / "tmp"
    temporary.mkdir(mode=0o700)
    local = LocalAws(
        aws=f"http://{_HOST}:{aws_port}",
        workmail=f"http://{_HOST}:{workmail_port}",
        account=account,
        environment=_build_environment(aws_port, workmail_port, key, region, temporary),
        folder=folder,
    )
    settings = _build_ministack_settings(account, aws_port, key, temporary)
    ministack = processes.start(
        [sys.executable, "-m", "workmail_emulator.aws"],
        environment={**local.environment, **settings},
        folder=folder,
        log=folder / "aws.log",
    )
    emulator = processes.start(
        [
            *(sys.executable, "-m", "workmail_emulator", "--port", str(workmail_port)),
            *("--instant", "--aws", local.aws, "--account", account),
            *(part for domain in verified for part in ("--verified", domain)),
        ],
        environment={**local.environment, _KEY_VARIABLE: key},
        folder=folder,
        log=folder / "workmail.log",
    )
    for process, url, log in (
        (ministack, f"{local.aws}/_ministack/health", "aws.log"),
        (emulator, f"{local.workmail}/_emulator/calls", "workmail.log"),
    ):
        _wait_until_ready(process, url, key, folder / log)
    return local


def _make_key() -> str:
    """Make an access key id, 80 random bits, in the form that AWS has for them."""
    letters = string.ascii_uppercase + "234567"
    return "AKIA" + "".join(secrets.choice(letters) for _ in range(16))


def _build_environment(
    aws_port: int, workmail_port: int, key: str, region: str, temporary: Path
) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    workmail = f"http://{_HOST}:{workmail_port}"
    return {
        **_place_caches(kept, temporary),
        **kept,
        **_NO_PROXY,
        # Our node comes before any other: jsii and ministack take the first that they find. The one
        # in the virtual environment is a Python program that starts it, once for each function.
        "PATH": os.pathsep.join((str(find_node_folder()), kept.get("PATH") or os.defpath)),
        "TMPDIR": str(temporary),  # the CDK, jsii and ministack leave things behind when killed
        "AWS_ENDPOINT_URL": f"http://{_HOST}:{aws_port}",
        "AWS_ENDPOINT_URL_WORKMAIL": workmail,
        "AWS_ENDPOINT_URL_DIRECTORY_SERVICE": workmail,
        "AWS_ENDPOINT_URL_DIRECTORY_SERVICE_DATA": workmail,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(30),  # as long as one of AWS
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _place_caches(kept: Mapping[str, str], temporary: Path) -> dict[str, str]:
    """Choose where Node.js keeps the compiled CDK CLI, and jsii the unpacked CDK.

    Node.js by itself takes a folder in /tmp that other users can make before it. jsii by itself
    takes the home folder, and fails where it cannot write; without its cache, synthesis takes
    several times as long.
    """
    compiled = {"NODE_COMPILE_CACHE": str((find_cache() or temporary) / "node")}
    if "JSII_RUNTIME_PACKAGE_CACHE_ROOT" in kept or os.access(kept.get("HOME", ""), os.W_OK):
        return compiled
    return {**compiled, "JSII_RUNTIME_PACKAGE_CACHE": "disabled"}


def _build_ministack_settings(account: str, port: int, key: str, temporary: Path) -> dict[str, str]:
    return {
        _KEY_VARIABLE: key,
        "BIND_HOST": _HOST,  # it would listen on every interface
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": _HOST,
        "MINISTACK_ACCOUNT_ID": account,
        "PERSIST_STATE": "0",
        "SFN_WAIT_SCALE": _WAIT_SCALE,
        "S3_DATA_DIR": str(temporary / "s3"),
        # Each function is unpacked into a new folder, so nothing of it would be found again.
        "NODE_DISABLE_COMPILE_CACHE": "1",
        # More listeners, on every interface: MQTT on port 8883 where the package cryptography is
        # installed, SFTP on demand.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # With a Docker daemon in reach it would remove the containers of any other ministack.
        "DOCKER_HOST": f"unix://{temporary}/no-docker",
    }


def _find_free_ports() -> tuple[int, int]:
    """Return two ports that nobody listens on; both are held until both are known."""
    with socket.socket() as first, socket.socket() as second:
        first.bind((_HOST, 0))
        second.bind((_HOST, 0))
        return first.getsockname()[1], second.getsockname()[1]


def _wait_until_ready(process: subprocess.Popen[str], url: str, key: str, log: Path) -> None:
    """Wait until a server answers with the key, and see that it refuses without."""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            _fetch(url, key=key)
        except OSError:
            time.sleep(0.05)
            continue
        if not _is_refused(url):
            raise WorkMailOrgError(f"the local AWS is not private: {url} answers without its key")
        return
    raise WorkMailOrgError(
        f"the local AWS did not start: nothing answers at {url}; {read_last_words(log)}"
    )


def _is_refused(url: str) -> bool:
    try:
        _fetch(url)
    except WorkMailOrgError:
        return True
    return False


def _fetch(url: str, body: bytes | None = None, key: str = "") -> bytes:
    # An opener without proxies: a loopback address is nobody else's business.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, body, {"Authorization": f"AWS {key}:"})  # noqa: S310 - http
    try:
        with opener.open(request, timeout=10) as answer:
            content: bytes = answer.read()
            return content
    except urllib.error.HTTPError as error:
        reason = error.read().decode("utf-8", "replace").strip()
        raise WorkMailOrgError(f"{url} answered {error.code}: {reason}") from error
