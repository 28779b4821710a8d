"""The local AWS: ministack for AWS, our emulator for WorkMail, on loopback ports."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from workmail_org.errors import WorkMailOrgError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Generator, Mapping, Sequence

    from workmail_org.rehearsal.processes import Processes

DEFAULT_ACCOUNT = "000000000000"
"""The account of a spec that names none; no real account has this number."""

_HOST = "127.0.0.1"
_READY_SECONDS = 60.0
"""Measured: ministack answers after 0.7 s, the emulator after 0.4 s, on an idle machine."""

_WAIT_SCALE = "0.02"
"""How much of a Step Functions wait is waited: locally everything is done at once."""

_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH")
"""All that is taken over from the user's environment.

No credential, profile, endpoint, proxy or CDK setting comes along: a rehearsal
must never reach a real account.
"""


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
        return {key: value for key, value in self.environment.items() if key.startswith("AWS_")}

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
        """Return a boto3 client of this AWS; use it inside `entered`."""
        session: Any = boto3.Session()  # its overloads are of unknown type without all stubs
        return session.client(service, region_name=region)

    def count_calls(self) -> dict[str, int]:
        """Return how often each WorkMail and Directory Service operation was called."""
        counts: dict[str, int] = self.control("calls")["counts"]
        return counts

    def control(self, action: str, document: Mapping[str, Any] | None = None) -> Any:
        """Ask the emulator's control path: GET, or POST with a document; JSON both ways."""
        body = None if document is None else json.dumps(document).encode()
        return json.loads(_fetch(f"{self.workmail}/_emulator/{action}", body))


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
    local = LocalAws(
        aws=f"http://{_HOST}:{aws_port}",
        workmail=f"http://{_HOST}:{workmail_port}",
        account=account,
        environment=_build_environment(aws_port, workmail_port, account, region),
        folder=folder,
    )
    temporary = folder / "tmp"
    temporary.mkdir()
    settings = _build_ministack_settings(account, aws_port, temporary)
    ministack = processes.start(
        [sys.executable, "-m", "ministack"],
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
        environment=local.environment,
        folder=folder,
        log=folder / "workmail.log",
    )
    _wait_until_ready(ministack, f"{local.aws}/_ministack/health", folder / "aws.log")
    _wait_until_ready(emulator, f"{local.workmail}/_emulator/calls", folder / "workmail.log")
    return local


def _build_environment(
    aws_port: int, workmail_port: int, account: str, region: str
) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    scripts = str(Path(sys.executable).parent)
    workmail = f"http://{_HOST}:{workmail_port}"
    return {
        **kept,
        # The virtual environment's own node comes before any other.
        "PATH": os.pathsep.join(filter(None, (scripts, kept.get("PATH", os.defpath)))),
        "AWS_ENDPOINT_URL": f"http://{_HOST}:{aws_port}",
        "AWS_ENDPOINT_URL_WORKMAIL": workmail,
        "AWS_ENDPOINT_URL_DIRECTORY_SERVICE": workmail,
        "AWS_ENDPOINT_URL_DIRECTORY_SERVICE_DATA": workmail,
        # The CDK CLI remembers the account of each key for ever (~/.cdk/cache), so the key is the
        # account; ministack reads it so too.
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "rehearsal",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _build_ministack_settings(account: str, port: int, temporary: Path) -> dict[str, str]:
    return {
        "BIND_HOST": _HOST,  # it would listen on every interface
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": _HOST,
        "MINISTACK_ACCOUNT_ID": account,
        "PERSIST_STATE": "0",
        "SFN_WAIT_SCALE": _WAIT_SCALE,
        "TMPDIR": str(temporary),  # it leaves the code of each function behind
        "S3_DATA_DIR": str(temporary / "s3"),
    }


def _find_free_ports() -> tuple[int, int]:
    """Return two ports that nobody listens on; both are held until both are known."""
    with socket.socket() as first, socket.socket() as second:
        first.bind((_HOST, 0))
        second.bind((_HOST, 0))
        return first.getsockname()[1], second.getsockname()[1]


def _wait_until_ready(process: subprocess.Popen[str], url: str, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            _fetch(url)
        except OSError:
            time.sleep(0.05)
        else:
            return
    last_words = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
    raise WorkMailOrgError(
        f"the local AWS did not start: nothing answers at {url}; {' / '.join(last_words)}"
    )


def _fetch(url: str, body: bytes | None = None) -> bytes:
    # An opener without proxies: a loopback address is nobody else's business.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, body, timeout=10) as answer:
            content: bytes = answer.read()
            return content
    except urllib.error.HTTPError as error:
        reason = error.read().decode("utf-8", "replace").strip()
        raise WorkMailOrgError(f"{url} answered {error.code}: {reason}") from error
