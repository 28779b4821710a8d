"""Editors: yaml-language-server, driven as an editor does it, has nothing against what is right."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import IO, Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
_INSTALLED = ROOT / "node_modules" / ".bin" / "yaml-language-server"
SERVER = str(_INSTALLED) if _INSTALLED.exists() else shutil.which("yaml-language-server")
SETTINGS = json.loads(
    (ROOT / "constructs/workmail_org/initializing/templates/settings.json.jinja").read_text("utf-8")
)

# `npm ci` brings it; where every check has to be made, it is not left out because it failed to
pytestmark = pytest.mark.skipif(
    SERVER is None and os.environ.get("CI") != "true",
    reason="yaml-language-server is not installed (npm ci brings it)",
)

_HEAD = "version: 1\nenvironment: production\norganizations:\n  acme:\n    region: eu-west-1\n"
_RIGHT = [
    "    alias: acme\n    users: !csv people.csv\n    groups: !include groups.yaml\n",
    "    alias: acme\n    users:\n      <<: !csv people.csv\n      alice: {display_name: A}\n",
    "    alias: acme\n    users:\n      <<: [!csv a.csv, !include b.yaml]\n",
    "    alias: acme\n    users: !csv {file: p.csv, ignore: ['*'], name: {from: email},"
    " display_name: {from: [first_name, last_name]}}\n"
    "    groups: !csv\n      file: members.csv\n      rows: members\n"
    "      domains: [acme.example]\n",
    "    alias: acme\n    users:\n      <<: !csv {file: p.csv, columns: {mail: email}}\n"
    "      alice: {display_name: A}\n",
    "    alias: acme\n    groups: {it: {members: !include it.yaml, aliases: !include a.yaml}}\n"
    "    tags: !include tags.yaml\n    permissions: !include rights.yaml\n"
    "    policies: {access_control: !include rules.yaml}\n",
    "    alias: !include alias.yaml\n    interoperability: !include no.yaml\n    users:\n"
    "      alice: {display_name: !include name.yaml, email: !include email.yaml,\n"
    "        enabled: !include on.yaml, quota_megabytes: !include quota.yaml}\n",
    "    alias: acme\n    users:\n      alice: {display_name: A, role: !include role.yaml}\n"
    "    resources: {room: {type: !include type.yaml}}\n    passwords: !include how.yaml\n"
    "    on_removal: {users: !include gone.yaml}\n"
    "    domains: {acme.example: {dns: !include d.yaml}}\n"
    "    policies: {access_control: {r: {description: D, effect: !include e.yaml,\n"
    "      actions: [!include a.yaml]}}}\n",
    "    <<: !include more.yaml\n  two: !include two.yaml\n  <<: !include rest.yaml\n",
]
_WRONG = [
    ("    alias: acme\n    users: {alice: {dispaly_name: A}}\n", "dispaly_name"),
    ("    alias: acme\n    users: !csv {file: p.csv, rows: row}\n", "Value is not accepted"),
    ("    alias: acme\n    users: {alice: {}}\n", "display_name"),
    ("    alias: acme\n    users: alice\n", "allowed: a value, or a file"),
    ("    users: !csv people.csv\n", "alias"),
    ("    alias: Acme_1\n", "allowed: letters and digits"),
    ("    alias: acme\n    users: {alice: {display_name: A, enabled: maybe}}\n", "a file"),
    ("    alias: acme\n    users: {alice: {display_name: A, email: a@b}}\n", "allowed: letters"),
    ("    alias: acme\n    users: {alice: {display_name: A, role: usr}}\n", '"remote_user"'),
    ("    alias: acme\n    groups: {it: {members: alice}}\n", "allowed: a value, or a file"),
]


def _send(pipe: IO[bytes], **message: Any) -> None:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    pipe.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> dict[str, Any]:
    length = 0
    while line := pipe.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return json.loads(pipe.read(length))


def diagnose(text: str) -> list[str]:
    """Open a spec in the language server as an editor does; give what it has against it."""
    schema = (ROOT / "schemas" / "editor.schema.json").as_uri()
    settings = {
        "yaml": {
            "schemas": {schema: ["*.yaml"]},
            "customTags": SETTINGS["yaml.customTags"],
            "schemaStore": {"enable": False},
        }
    }
    document = {"uri": "file:///s.yaml", "languageId": "yaml", "version": 1, "text": text}
    capabilities = {"workspace": {"configuration": True}}
    with subprocess.Popen(  # noqa: S603 - the server of this checkout
        [str(SERVER), "--stdio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as server:
        assert server.stdin
        assert server.stdout
        start = {"processId": None, "rootUri": None, "capabilities": capabilities}
        _send(server.stdin, id=1, method="initialize", params=start)
        while True:
            message = _receive(server.stdout)
            method, params = message.get("method"), message.get("params", {})
            if method is None and message.get("id") == 1:
                _send(server.stdin, method="initialized", params={})
                _send(
                    server.stdin, method="textDocument/didOpen", params={"textDocument": document}
                )
            elif method == "workspace/configuration":
                found = [settings.get(item["section"]) for item in params["items"]]
                _send(server.stdin, id=message["id"], result=found)
            elif method == "textDocument/publishDiagnostics":
                server.kill()
                return [each["message"] for each in params["diagnostics"]]
            elif method and "id" in message:
                _send(server.stdin, id=message["id"], result=None)


@pytest.mark.parametrize("organization", _RIGHT)
def test_an_editor_has_nothing_against_files_that_are_put_together(organization: str) -> None:
    assert [] == diagnose(_HEAD + organization)


@pytest.mark.parametrize("spec", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.stem)
def test_an_editor_has_nothing_against_the_examples(spec: Path) -> None:
    lines = spec.read_text("utf-8").splitlines(keepends=True)

    # The line that names the schema goes: the folder that it starts from is the editor's
    assert [] == diagnose("".join(line for line in lines if "$schema=" not in line))


def test_what_heads_a_spec_can_be_in_files() -> None:
    text = _HEAD.replace("version: 1", "version: !include version.yaml").replace(
        "region: eu-west-1", "region: !include region.yaml"
    )

    assert [] == diagnose(f"{text}    alias: acme\n")


@pytest.mark.parametrize(("organization", "told"), _WRONG)
def test_an_editor_still_tells_what_is_wrong(organization: str, told: str) -> None:
    found = diagnose(_HEAD + organization)

    assert any(told in message for message in found), found
