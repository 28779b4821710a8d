"""What docs/leaving.md shows of a move was printed by a rehearsal, and still is.

`UPDATE_DOCUMENTS=1` writes what the commands print today into the page.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
import urllib.request
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import jmespath
import pytest
import yaml
from botocore.exceptions import ClientError
from click.testing import CliRunner

from workmail_org import leave_commands
from workmail_org.cli import main
from workmail_org.operating import exporting

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "leaving.md"
BLOCK = re.compile(r"^( *)```console\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^```yaml\n# (\S+\.yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ZONE = "Z0123456789ABCDEFGHIJ"
"""In the page; a rehearsal makes a zone of its own."""

A_DAY_LATER = "# a day later"
TIME, A_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"), "2026-11-28 09:00 UTC"
"""What the emulator's clock says, and what the page has."""

A_SPEC = "# acme.yaml: "
"""Before what the spec says from then on."""
DAY = 86400.0


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The document of a rehearsal whose local AWS runs on."""
    folder = tmp_path_factory.mktemp("kept")
    for name, text in FILE.findall(PAGE.read_text("utf-8")):
        (folder / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "workmail_org", "rehearse", "acme.yaml"]
    finished = subprocess.run(  # noqa: S603 - our own program
        [*command, "--keep", "--format", "json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == finished.returncode, finished.stderr
    found: dict[str, Any] = json.loads(finished.stdout)["kept"]
    spec = Path(found["spec"]).read_text("utf-8")
    (folder / "acme.yaml").write_text(spec, encoding="utf-8")
    try:
        yield {**found, "folder": folder}
    finally:
        stop = found["stop_command"]
        subprocess.run(stop, shell=True, check=False)  # noqa: S602 - what a person would paste


@pytest.fixture
def zone(kept: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> str:
    """The hosted zone of the rehearsal, in the reader's folder and environment."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in kept["exports"].items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(kept["folder"])
    monkeypatch.setattr(leave_commands, "tell_day", lambda: date(2026, 11, 26))
    monkeypatch.setattr(exporting, "_PAUSE_SECONDS", 0.5)
    document = json.loads((kept["folder"] / "acme.yaml").read_text("utf-8"))
    domain = document["organizations"]["acme"]["domains"]["acme.example"]
    return str(domain["dns"]["hosted_zone_id"])


def perform(line: str, zone: str) -> list[str]:
    """Do what a line of the page says; return what it prints."""
    if line.startswith(A_DAY_LATER):
        advance(DAY)
        return []
    if line.startswith(A_SPEC):
        change_spec(line.removeprefix(A_SPEC))
        return []
    command, *filters = line.removeprefix("$ ").replace(ZONE, zone).split(" | ")
    words = shlex.split(command)
    is_saved = ">" in words
    words = words[: words.index(">")] if is_saved else words
    if words[0] == "workmail-org":
        result = CliRunner().invoke(main, words[1:])
        # Progress and a refusal go to standard error; the page shows the refusal.
        lines = (result.stdout or result.stderr).splitlines()
        if is_saved:
            assert json.loads(result.stdout)
            lines = []
    elif words[0] == "cdk":
        run_cdk(words)
        lines = []
    elif "--query" in words:
        lines = ask(words)
    elif words[0] == "aws":
        lines = apply(words)
    elif words[0] == "ls":
        lines = sorted(each.name for each in Path(words[1]).iterdir() if each.name[0] != ".")
    else:
        assert "cat" == words[0]
        lines = Path(words[1]).read_text("utf-8").splitlines()
    for each in filters:
        name, number = each.split(" -")
        lines = lines[: int(number)] if name == "head" else lines[-int(number) :]
    return [TIME.sub(A_TIME, each.replace(zone, ZONE)) for each in lines]


def advance(seconds: float) -> None:
    url = f"{os.environ['AWS_ENDPOINT_URL_WORKMAIL']}/_emulator/clock"
    key = {"Authorization": f"AWS {os.environ['AWS_ACCESS_KEY_ID']}:"}
    body = json.dumps({"advance_seconds": seconds}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(urllib.request.Request(url, body, key), timeout=10).close()  # noqa: S310 - loopback


def change_spec(line: str) -> None:
    """Change what the spec of the folder says of its organization."""
    document = json.loads(Path("acme.yaml").read_text("utf-8"))
    document["organizations"]["acme"] |= yaml.safe_load(line)
    Path("acme.yaml").write_text(json.dumps(document), encoding="utf-8")


def run_cdk(words: list[str]) -> None:
    """Deploy or destroy, with the CDK of the checkout, where cdk.json is."""
    name, value = words.pop().split("=")
    spec = f"{name}={Path(value).resolve()}"
    agree = ["--force"] if words[1] == "destroy" else ["--require-approval", "never"]
    finished = subprocess.run(  # noqa: S603 - our own program
        [str(ROOT / "node_modules/.bin/cdk"), *words[1:], spec, *agree],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == finished.returncode, finished.stdout + finished.stderr


def ask(words: list[str]) -> list[str]:
    """Answer as the AWS CLI would with --output text."""
    _, service, operation, *options = words
    values = dict(zip(options[::2], options[1::2], strict=True))
    query, _ = values.pop("--query"), values.pop("--output")
    session: Any = boto3.Session()
    client = session.client(service, region_name="eu-west-1")
    names = {"--hosted-zone-id": "HostedZoneId"}
    parameters = {names[key]: value for key, value in values.items()}
    answer = getattr(client, operation.replace("-", "_"))(**parameters)
    return ["\t".join(row) for row in jmespath.search(query, answer)]


def apply(words: list[str]) -> list[str]:
    """Change a zone as the AWS CLI would; return what it prints of a refusal."""
    assert ["route53", "change-resource-record-sets", "--hosted-zone-id"] == words[1:4]
    path = words[-1].removeprefix("file://")
    batch = json.loads(Path(path).read_text("utf-8"))
    session: Any = boto3.Session()
    client = session.client("route53")
    try:
        client.change_resource_record_sets(HostedZoneId=words[4], ChangeBatch=batch)
    except ClientError as error:
        return [str(error)]
    return []


def run_block(text: str, zone: str) -> str:
    """Run the commands of a block; return it with what they print now."""
    lines: list[str] = []
    for line in textwrap.dedent(text).splitlines():
        if line.startswith(("$ ", A_DAY_LATER, A_SPEC)):
            lines += [line, *perform(line, zone)]
    return "\n".join(lines) + "\n"


def test_every_command_of_the_page_prints_what_the_page_shows(zone: str) -> None:
    page = PAGE.read_text("utf-8")

    def renew(found: re.Match[str]) -> str:
        block = run_block(found[2], zone)
        indented = textwrap.indent(block, found[1], lambda line: bool(line.strip()))
        return f"{found[1]}```console\n{indented}{found[1]}```"

    renewed = BLOCK.sub(renew, page)
    if os.environ.get("UPDATE_DOCUMENTS"):
        PAGE.write_text(renewed, encoding="utf-8")

    assert renewed.splitlines() == page.splitlines()
