"""`workmail-org rehearse`, as a person or a program runs it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner

from canaries import find_leaks, read_passwords, show_files
from theatres import CDK
from workmail_org.cli import main
from workmail_org.rehearsal import rehearsing

SPEC = """
version: 1
environment: test
organizations:
  acme: {region: us-west-2, alias: acme, users: {%s: {display_name: Alice}}}
"""

COMMAND = [sys.executable, "-c", "from workmail_org.cli import main; main()", "rehearse"]


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "test.yaml"
    path.write_text(SPEC % "alice", encoding="utf-8")
    return path


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, with settings that would harm if they were taken over."""
    harmful = {"AWS_PROFILE": "production", "AWS_ENDPOINT_URL": "http://192.0.2.1"}
    return subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, *map(str, arguments)],
        env={**os.environ, **harmful, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def list_descendants(pid: int) -> set[int]:
    """Return the processes that a process has started, and those that they have."""
    children: dict[int, set[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields[0] != "Z":
            children.setdefault(int(fields[1]), set()).add(int(path.parent.name))
    found: set[int] = set()
    rest = {pid}
    while rest:
        rest = {child for parent in rest for child in children.get(parent, set())} - found
        found |= rest
    return found


def find_survivors(pids: set[int]) -> set[int]:
    """Return those that still run after the moment that the system needs to end the killed."""
    deadline = time.monotonic() + 5
    alive = pids
    while alive and time.monotonic() < deadline:
        alive = {pid for pid in pids if is_running(pid)}
        time.sleep(0.01)
    return alive


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture(scope="module")
def kept(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[subprocess.CompletedProcess[str]]:
    """What a rehearsal printed whose local AWS runs on until these tests have ended."""
    spec = tmp_path_factory.mktemp("kept") / "test.yaml"
    spec.write_text(SPEC % "alice", encoding="utf-8")
    finished = run(spec, "--format", "json", "--keep")
    try:
        yield finished
    finally:
        if stop := STOP.search(finished.stderr):
            subprocess.run(stop[1], shell=True, check=False)  # noqa: S602 - what a person would paste


STOP = re.compile(r"^Stop it with: (.*)$", re.MULTILINE)
EXPORT = re.compile(r"^ *export (\w+)=(.*)$", re.MULTILINE)


def test_a_program_reads_one_document(kept: subprocess.CompletedProcess[str]) -> None:
    finished = kept

    assert finished.returncode == 0, finished.stderr
    document = json.loads(finished.stdout)
    assert [key for key in document if key != "kept"] == [
        "organizations",
        "matches",
        "differences",
        "calls",
        "seconds",
        "endpoints",
    ]
    assert document["matches"] is True
    assert document["organizations"]["acme"]["users"]["alice"]["email"] == (
        "alice@acme.awsapps.com"
    )
    assert (1, 1) == (document["calls"]["CreateOrganization"], document["calls"]["CreateUser"])
    assert list(document["seconds"]) == ["start", "prepare", "deploy", "read"]
    assert "Amazon WorkMail ends on 2027-03-31" in finished.stderr


def test_a_rehearsal_tells_no_password(kept: subprocess.CompletedProcess[str]) -> None:
    exports = {name: shlex.split(value)[0] for name, value in EXPORT.findall(kept.stderr)}
    session: Any = boto3.Session(
        aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
        region_name="us-west-2",
    )
    client = session.client("secretsmanager", endpoint_url=exports["AWS_ENDPOINT_URL"])
    passwords = set(read_passwords(client))
    stop = STOP.search(kept.stderr)
    assert stop
    folder = Path(stop[1].rpartition(" ")[2])
    exhibits = {"said": (kept.stdout + kept.stderr).encode(), **dict(show_files(folder))}

    assert 1 == len(passwords)
    assert len(exhibits) > 100
    assert [] == find_leaks(exhibits, passwords)


def test_a_failed_deployment_tells_the_reason_and_how_to_use_what_it_leaves(
    spec: Path, tmp_path: Path
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    spec.write_text(SPEC % "krbtgt", encoding="utf-8")  # a system user of every directory
    finished = run(spec, "--keep", "--format", "json", TMPDIR=str(temporary))
    kept = json.loads(finished.stdout)["kept"]
    (folder,) = temporary.iterdir()

    assert finished.returncode == 4
    assert "test-acme: Custom::WorkMailUsers: " in finished.stderr.splitlines()[-1]
    assert "ReservedNameException" in finished.stderr.splitlines()[-1]
    assert f"\nStop it with: {kept['stop_command']}\n" in finished.stderr
    assert str(folder / "spec-0.yaml") == kept["spec"]
    assert "krbtgt" in Path(kept["spec"]).read_text(encoding="utf-8")
    printed = re.findall(r"^  export (.*)$", finished.stderr, re.MULTILINE)
    assert list_user_stacks(printed, "http://192.0.2.1") == "test-acme"
    assert list_user_stacks([f"{k}={v}" for k, v in kept["exports"].items()], "") == "test-acme"

    subprocess.run(["/bin/sh", "-c", kept["stop_command"]], check=True)  # noqa: S603

    assert list(temporary.iterdir()) == []
    groups = {int(group) for group in re.findall(r" -(\d+)", kept["stop_command"])}
    assert len(groups) == 2
    assert find_survivors(groups) == set()


def list_user_stacks(exports: list[str], proxy: str) -> str:
    """Ask, as a program of the user's with a proxy, for the stacks that are not the CDK's own."""
    program = """
import boto3
pages = boto3.client("cloudformation").get_paginator("list_stacks").paginate()
names = {stack["StackName"] for page in pages for stack in page["StackSummaries"]}
print(*sorted(names - {"CDKToolkit"}))
"""
    lines = [*(f"export {line}" for line in exports), 'exec "$1" -c "$2"']
    finished = subprocess.run(  # noqa: S603
        ["/bin/sh", "-c", "\n".join(lines), "sh", sys.executable, program],
        env={"HTTP_PROXY": proxy, "http_proxy": proxy, "NO_PROXY": "other.example"},
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stdout.strip()


def test_a_wrong_spec_starts_nothing(spec: Path) -> None:
    spec.write_text(SPEC % "alice" + "  acme-2: {region: mars}\n", encoding="utf-8")
    finished = run(spec, "--format", "json")

    assert finished.returncode == 2
    assert [problem["path"] for problem in json.loads(finished.stdout)["problems"]] == [
        "organizations.acme-2",
        "organizations.acme-2.region",
    ]
    assert "starting" not in finished.stderr


@pytest.mark.parametrize(
    "phase", ["synthesizing", pytest.param("deploying", marks=pytest.mark.exhaustive)]
)
def test_ctrl_c_leaves_no_process_and_no_file(spec: Path, tmp_path: Path, phase: str) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with subprocess.Popen(  # noqa: S603 - our own command
        [*COMMAND, str(spec)],
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        seen = next(line for line in process.stderr if line.startswith(phase))
        started = list_descendants(process.pid)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()

    assert phase in seen
    assert len(started) >= 2  # ministack and the emulator at least
    assert (130, "interrupted") == (process.returncode, rest.splitlines()[-1])
    assert find_survivors(started) == set()
    assert list(temporary.iterdir()) == []


CAREFUL = """
version: 1
environment: test
organizations:
  acme:
    region: us-west-2
    alias: acme
    users: {alice: {display_name: Alice}%s}
    safety: {max_removals_percent: 0, min_managed: 0, require_approval: true}
"""


@pytest.fixture
def removal(tmp_path: Path) -> tuple[Path, Path, str]:
    """A spec, the same without one of its users, and the digest that confirms the removal."""
    before, after = tmp_path / "before.yaml", tmp_path / "after.yaml"
    before.write_text(CAREFUL % ", bob: {display_name: Bob}", encoding="utf-8")
    after.write_text(CAREFUL % "", encoding="utf-8")
    plan = CliRunner().invoke(main, ["plan", str(after), "--against", str(before)])
    (digest,) = re.findall(r"-c acknowledge=([0-9a-f]{12})", plan.output)
    return before, after, digest


@pytest.mark.exhaustive  # tests/lifecycle/test_brakes.py has the refusal without its rehearsal
def test_a_removal_that_nobody_confirmed_is_refused(removal: tuple[Path, Path, str]) -> None:
    before, after, digest = removal
    refused = run(after, "--from", before)

    assert 4 == refused.returncode
    assert "1 of 2 users leave or are switched off (50 %, safety" in " ".join(
        refused.stderr.split()
    )
    assert f"cdk deploy -c acknowledge={digest}" in refused.stderr


@pytest.mark.exhaustive  # test_plan.py deploys what was approved, test_rehearsal.py a removal
def test_a_confirmed_removal_happens_and_the_rest_is_approved_as_it_is_planned(
    removal: tuple[Path, Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after, digest = removal
    monkeypatch.setattr(rehearsing, "Cdk", CDK)
    gone = CliRunner().invoke(
        main,
        ["rehearse", str(after), f"--from={before}", f"--acknowledge={digest}", "--format=json"],
    )

    assert 0 == gone.exit_code, gone.stderr
    calls = json.loads(gone.stdout)["calls"]
    assert 1 == calls["DeregisterFromWorkMail"]
    assert "CreateUser" not in calls
