"""How many calls a second the emulator answers, as a ratio to moto's server in the same run.

    python benchmarks/serving.py --moto PYTHON [calls]

moto has no WorkMail, but Directory Service: the same calls of it go to both, over HTTP, one after
the other. PYTHON is the interpreter of an environment with `moto[server]`, which this project does
not install: `python -m venv moto && moto/bin/pip install 'moto[server]'`. What is measured is the
time until an answer is read; the rounds take turns, and the median of each counts.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

ROOT = Path(__file__).resolve().parents[1]
CALLS = 300
ROUNDS = 5
REGION = "eu-west-1"
TARGET = "DirectoryService_20150416"
_READY_SECONDS = 60.0

Requests = dict[str, bytes]
"""Bodies by operation."""


@contextmanager
def run(command: list[str], url: str) -> Generator[None]:
    """Run a server until it answers, and stop it at the end."""
    paths = {"PYTHONPATH": str(ROOT / "emulator")}
    process = subprocess.Popen(  # noqa: S603 - our own command line, and the interpreter it was given
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **paths}
    )
    address = urlsplit(url)
    deadline = time.monotonic() + _READY_SECONDS
    try:
        while True:
            try:
                socket.create_connection((address.hostname, address.port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"{command[0]} does not serve: {' '.join(command[1:])}")
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)


def find_port() -> int:
    """Find a port that is free now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def prepare(url: str, *, vpc: bool) -> Requests:
    """Make a directory, and write the requests about it.

    Args:
        url: Of the server.
        vpc: Whether it knows networks, and wants one of its own.
    """
    session: Any = boto3.Session("benchmark", "benchmark", region_name=REGION)
    network = {"VpcId": "vpc-01234567", "SubnetIds": ["subnet-01234567", "subnet-12345678"]}
    if vpc:
        ec2 = session.client("ec2", endpoint_url=url)
        subnets = ec2.describe_subnets()["Subnets"][:2]
        network = {"VpcId": subnets[0]["VpcId"], "SubnetIds": [s["SubnetId"] for s in subnets]}
    directory: str = session.client("ds", endpoint_url=url).create_directory(
        Name="corp.example.com",
        Password="Correct-Horse-7",  # noqa: S106 - no secret: nothing real is made
        Size="Small",
        VpcSettings=network,
    )["DirectoryId"]
    bodies: dict[str, Any] = {
        "DescribeDirectories": {},
        "ListTagsForResource": {"ResourceId": directory},
        "AddTagsToResource": {
            "ResourceId": directory,
            "Tags": [{"Key": "team", "Value": "post"}],
        },
    }
    return {name: json.dumps(body).encode() for name, body in bodies.items()}


def measure(url: str, operation: str, body: bytes, calls: int) -> float:
    """Return how many calls a second are answered."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
    scope = f"20260101/{REGION}/ds/aws4_request"
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"{TARGET}.{operation}",
        "Authorization": (
            f"AWS4-HMAC-SHA256 Credential=benchmark/{scope}, SignedHeaders=host, Signature=0"
        ),
    }
    started = time.perf_counter()
    for _ in range(calls):
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            sys.exit(f"{url}: {operation} is answered with {answer.status}: {text[:200]!r}")
    rate = calls / (time.perf_counter() - started)
    connection.close()
    return rate


def compare(own: str, moto: str, calls: int) -> Iterator[tuple[str, float, float]]:
    """Give operation, our rate and moto's, in calls a second."""
    ours, theirs = prepare(own, vpc=False), prepare(moto, vpc=True)
    for operation in ours:
        rates: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):
            rates[0].append(measure(own, operation, ours[operation], calls))
            rates[1].append(measure(moto, operation, theirs[operation], calls))
        yield operation, statistics.median(rates[0]), statistics.median(rates[1])


def main() -> None:
    """Print a line for each operation."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("calls", nargs="?", type=int, default=CALLS, help="in each round")
    parser.add_argument("--moto", required=True, metavar="PYTHON", help="has moto[server]")
    options = parser.parse_args()
    ports = find_port(), find_port()
    own, moto = (f"http://127.0.0.1:{port}" for port in ports)
    commands = (
        [sys.executable, "-m", "workmail_emulator", "--instant", "--port", str(ports[0])],
        [options.moto, "-m", "moto.server", "-p", str(ports[1])],
    )
    with run(commands[0], own), run(commands[1], moto):
        for operation, ours, theirs in compare(own, moto, options.calls):
            sys.stdout.write(
                f"{operation}: {ours:.0f} calls a second, moto {theirs:.0f}, "
                f"ratio {ours / theirs:.1f}\n"
            )


if __name__ == "__main__":
    main()
