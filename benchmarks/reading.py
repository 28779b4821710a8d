"""How many calls and how much memory an import and a look at drift take.

    python benchmarks/reading.py [users ...]

Each is measured in a process of its own, with the emulator in it: the memory is that of both, and
beside it stands what the emulator and the deployment took before. Calls are counted on the
emulator; the floor is what WorkMail has no shorter way for: of each user the profile, the further
addresses and the rights on the mailbox, for an import the quota too, and one call for a page of a
list.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from botocore.exceptions import ClientError
from scaling import make_organization

from cloudformation import Stack
from drifting import Hand, World
from workmail_emulator import Emulator
from workmail_org.drift.looking import Surroundings, look_for_drift
from workmail_org.drift.model import Result
from workmail_org.importing.connecting import connect
from workmail_org.importing.importing import Wish, import_organizations
from workmail_org.model.organization import Environment
from workmail_org.model.values import Kind, Reference

SIZES = (1000, 10_000)

PAGE = 100
"""Entities on a page of a list."""


@dataclass(frozen=True)
class Outcome:
    """What one reading took.

    Attributes:
        calls: All of them.
        before: Largest memory of the process before it, in megabytes.
        peak: The same afterwards.
        seconds: Of this machine.
    """

    calls: int
    before: float
    peak: float
    seconds: float


class NoStack:
    """CloudFormation, where nothing is deployed."""

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        """Say that there is no stack."""
        answer: Any = {"Error": {"Code": "ValidationError", "Message": "x does not exist"}}
        raise ClientError(answer, "DescribeStacks")


class NoZones:
    """Route 53 without a hosted zone."""

    def get_paginator(self, _method: str) -> NoZones:
        """Stand for every paginator."""
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        """List nothing."""
        return []


def run_import(stack: Stack, _size: int) -> None:
    """Import what is live into a file, with its proof."""
    clients = replace(stack.make_run().clients, cloudformation=cast("Any", NoStack()))
    with tempfile.TemporaryDirectory() as folder:
        wish = Wish(regions=("eu-west-1",), output=Path(folder, "acme.yaml"), environment="test")
        with connect(lambda _region: clients, NoZones) as connections:
            import_organizations(wish, connections)


def run_drift(stack: Stack, size: int) -> None:
    """Look at drift where nothing has drifted."""
    _look(stack, size, Result.CLEAN)


def run_changed_drift(stack: Stack, size: int) -> None:
    """Look at drift where somebody was given another name."""
    hand = Hand(stack)
    made = stack.ledger.read(Kind.USER)[Reference(Kind.USER, "user-00000")].id
    hand.do("update_user", UserId=made, DisplayName="Changed")
    stack.emulator.clear_calls()
    _look(stack, size, Result.DRIFT)


def _look(stack: Stack, size: int, expected: Result) -> None:
    world = World(stack)
    environment = Environment(name="test", organizations=(make_organization(size),))
    surroundings = Surroundings(open_clients=world.open_clients, sleep=world.sleep)
    found = look_for_drift(environment, "spec.yaml", surroundings)
    if found.result is not expected:
        raise SystemExit(f"expected {expected}, found {found.result}")


RUNS: Mapping[str, Callable[[Stack, int], None]] = {
    "import": run_import,
    "drift": run_drift,
    "drift, one changed": run_changed_drift,
}

PER_USER = {"import": 4, "drift": 3, "drift, one changed": 3}
"""Calls about one user for which WorkMail has no shorter way."""

LISTS = {"import": 2, "drift": 1, "drift, one changed": 2}
"""How often everybody is listed: an import looks once more at its end."""


def measure(what: str, size: int) -> Outcome:
    """Read once, and count."""
    stack = Stack(Emulator(instant=True, start=0.0))
    stack.slice_seconds = 600.0
    stack.deploy(make_organization(size))
    stack.emulator.clear_calls()
    before, begun = read_peak(), time.monotonic()
    RUNS[what](stack, size)
    seconds = time.monotonic() - begun
    return Outcome(len(stack.emulator.calls), before, read_peak(), seconds)


def read_peak() -> float:
    """Return the largest memory of this process, in megabytes (getrusage(2) has kilobytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def tell(what: str, size: int, outcome: Outcome) -> None:
    """Print one row."""
    floor = size * PER_USER[what] + math.ceil(size / PAGE) * LISTS[what]
    print(
        f"{size:>7}  {what:<19} {outcome.calls:>7} calls  {outcome.calls / floor:>5.2f} x floor"
        f"  {outcome.peak:>6.0f} MB at most, {outcome.before:.0f} before"
        f"  {outcome.seconds:>6.1f} s here"
    )


def main() -> None:
    """Measure each in a process of its own, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("users", nargs="*", type=int, default=SIZES)
    parser.add_argument("--only", choices=RUNS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(asdict(measure(options.only, options.users[0]))))
        return
    for size in options.users:
        for what in RUNS:
            command = [sys.executable, __file__, str(size), "--only", what]
            done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this program
            tell(what, size, Outcome(**json.loads(done.stdout)))


if __name__ == "__main__":
    main()
