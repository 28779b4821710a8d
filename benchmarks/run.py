"""How long a large spec takes, as ratios that hold on any machine.

    python benchmarks/run.py [users]

Validating is compared with parsing the same file by PyYAML's C loader, and
synthesizing with an empty CDK app, with the CDK's own validation of templates
as by default and without it (as ours, decision 24); medians of one run.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from workmail_org.spec.building import load_environment

ROOT = Path(__file__).resolve().parents[1]
USERS = 1000
VALIDATIONS = 7
SYNTHESES = 5

EMPTY_APP = """
from aws_cdk import App, Stack
app = App()
Stack(app, "Empty")
app.synth()
"""


def write_spec(path: Path, users: int) -> None:
    """Write a spec as people write it: profiles, aliases, groups of twenty-five."""
    lines = [
        "version: 1",
        "environment: benchmark",
        "organizations:",
        "  acme:",
        "    region: eu-west-1",
        "    alias: acme-benchmark",
        "    domains:",
        "      acme.example: {default: true, dns: manual, verified: true}",
        "    users:",
    ]
    for number in range(users):
        lines += [
            f"      user-{number:05}:",
            f"        display_name: Zoë Person {number}",
            "        first_name: Zoë",
            f"        last_name: Person {number}",
            "        department: Engineering",
            "        city: Dublin",
            f"        aliases: [zoe.{number}@acme.example, z{number}@acme.example]",
            "        quota_megabytes: 51200",
        ]
    lines.append("    groups:")
    for first in range(0, users, 25):
        members = ", ".join(f"user-{n:05}" for n in range(first, min(first + 25, users)))
        lines.append(f"      team-{first // 25}: {{members: [{members}]}}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


Clock = Callable[[], float]


def measure(work: Callable[[], object], times: int, clock: Clock = time.perf_counter) -> float:
    """Return the median of several runs, in seconds."""
    return statistics.median(measure_once(work, clock) for _ in range(times))


def measure_once(work: Callable[[], object], clock: Clock = time.perf_counter) -> float:
    """Return how long one run takes, in seconds."""
    started = clock()
    work()
    return clock() - started


def parse(path: Path) -> object:
    """Parse a file as fast as PyYAML can."""
    with path.open("rb") as source:
        return yaml.load(source, Loader=yaml.CSafeLoader)


def synthesize(command: list[str], spec: Path, **settings: str) -> None:
    """Run an app as the CDK CLI runs it, into a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        context = json.dumps({"spec": str(spec)})
        settings = {"CDK_OUTDIR": folder, "CDK_CONTEXT_JSON": context, **settings}
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
        subprocess.run(  # noqa: S603 - our own app
            command,
            env={**os.environ, **settings, "PATH": path},
            cwd=ROOT,
            check=True,
            capture_output=True,
        )


def tell(what: str, seconds: float, against: str, base: float) -> None:
    """Print one comparison."""
    print(f"{what}: {seconds:.2f} s, {seconds / base:.1f} times {against} ({base:.2f} s)")


def main() -> None:
    """Measure and print."""
    users = int(sys.argv[1]) if len(sys.argv) > 1 else USERS
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "benchmark.yaml"
        write_spec(spec, users)
        parsing = measure(lambda: parse(spec), VALIDATIONS)
        validating = measure(lambda: load_environment(spec), VALIDATIONS)
        tell(f"validating {users} users", validating, "parsing the file", parsing)
        # Alternating, so that whatever else the machine does slows all.
        empty = [sys.executable, "-c", EMPTY_APP]
        rounds = [
            (
                measure_once(lambda: synthesize(empty, spec)),
                measure_once(lambda: synthesize(empty, spec, CDK_VALIDATION="false")),
                measure_once(lambda: synthesize([sys.executable, "app.py"], spec)),
            )
            for _ in range(SYNTHESES)
        ]
        usual, bare, ours = map(statistics.median, zip(*rounds, strict=True))
        what = f"synthesizing {users} users"
        tell(what, ours, "an empty app", usual)
        tell(what, ours, "an empty app whose templates the CDK does not validate", bare)


if __name__ == "__main__":
    main()
