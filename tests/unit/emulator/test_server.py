"""The emulator as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from workmail_emulator import api

SOURCES = Path(__file__).parents[3] / "emulator"


@contextmanager
def serving(*arguments: str) -> Generator[tuple[str, subprocess.Popen[str]]]:
    """Run the emulator on a free port; give its URL and its process."""
    process = subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-m", "workmail_emulator", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@pytest.fixture(scope="module")
def url() -> Generator[str]:
    with serving("--instant", "--verified", "good.example") as (address, _):
        yield address


@pytest.fixture(autouse=True)
def _fresh(request: pytest.FixtureRequest) -> None:
    if "url" in request.fixturenames:
        control(request.getfixturevalue("url"), "POST", "reset")


def control(url: str, method: str, action: str, document: Any = None) -> Any:
    body = json.dumps(document).encode() if document is not None else None
    address = f"{url}/_emulator/{action}"
    request = urllib.request.Request(address, body, method=method)  # noqa: S310  loopback
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  loopback
        return json.load(answer)


def client(url: str, service: str = "workmail", region: str = "eu-west-1") -> Any:
    create: Any = api.session().create_client
    return create(
        service,
        region_name=region,
        endpoint_url=url,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_the_first_line_is_the_url_of_a_loopback_port(url: str) -> None:
    assert url.startswith("http://127.0.0.1:")


def test_a_client_with_an_endpoint_finds_its_region(url: str) -> None:
    west, east = client(url, region="us-west-2"), client(url, region="us-east-1")

    west.create_organization(Alias="acme")

    assert 1 == len(west.list_organizations()["OrganizationSummaries"])
    assert 0 == len(east.list_organizations()["OrganizationSummaries"])
    assert [] == client(url, "ds").describe_directories()["DirectoryDescriptions"]


def test_parallel_clients_get_each_their_user(url: str) -> None:
    workmail = client(url)
    organization = workmail.create_organization(Alias="acme")["OrganizationId"]

    def create(number: int) -> str:
        reply = workmail.create_user(
            OrganizationId=organization, Name=f"u{number}", DisplayName="U"
        )
        user_id: str = reply["UserId"]
        return user_id

    with ThreadPoolExecutor(8) as pool:
        created = set(pool.map(create, range(40)))

    counts = control(url, "GET", "calls")["counts"]
    assert 40 == len(created)
    assert {"CreateOrganization": 1, "CreateUser": 40} == counts


def test_calls_are_logged_and_cleared_over_the_control_path(url: str) -> None:
    workmail = client(url)
    workmail.list_organizations()

    (call,) = control(url, "GET", "calls")["calls"]
    control(url, "DELETE", "calls")

    assert ("ListOrganizations", "eu-west-1", {}, False, None) == (
        call["operation"],
        call["region"],
        call["parameters"],
        call["write"],
        call["error"],
    )
    assert {"calls": [], "counts": {}} == control(url, "GET", "calls")


def test_the_clock_moves_forward_only(url: str) -> None:
    before = control(url, "GET", "clock")["time"]
    after = control(url, "POST", "clock", {"advance_seconds": 3600})["time"]

    with pytest.raises(urllib.error.HTTPError) as caught:
        control(url, "POST", "clock", {"advance_seconds": -1})

    assert 3600 <= after - before < 3660
    assert (400, b"cannot go back" in caught.value.read()) == (caught.value.code, True)


def test_faults_are_injected_over_the_control_path(url: str, refused: Any) -> None:
    workmail = client(url)
    control(url, "POST", "faults", {"operation": "ListOrganizations", "code": "Throttling"})
    (waiting,) = control(url, "GET", "faults")["faults"]

    with refused("Throttling"):
        workmail.list_organizations()
    control(url, "POST", "faults", {"answer": "lost", "times": 0})
    with pytest.raises(Exception, match="Connection was closed"):
        workmail.list_organizations()
    control(url, "DELETE", "faults")

    assert (400, 1) == (waiting["status"], waiting["nth"])
    workmail.list_organizations()


NONSENSE: list[tuple[str, Any, str]] = [
    ("faults", {"kind": "evil"}, "unknown: kind; known: answer, code"),
    ("faults", {"nth": 0}, "nth counts from 1"),
    ("directories", {"region": "eu-west-1"}, "missing: kind, name"),
    ("networks", {"name": "corp.example", "region": "eu-west-1"}, "unknown: region"),
    ("networks", {"name": "corp.example", "users": [{}]}, "a user or group without Name"),
    ("verify", {}, "KeyError: 'domain'"),
    ("clock", [], "the body must be a JSON object"),
]


@pytest.mark.parametrize(("action", "document", "expected"), NONSENSE)
def test_nonsense_on_the_control_path_is_told(
    url: str, action: str, document: Any, expected: str
) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        control(url, "POST", action, document)

    assert 400 == caught.value.code
    assert expected in json.load(caught.value)["error"]


def test_an_unknown_control_path_names_the_known_ones(url: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        control(url, "GET", "nothing")

    assert 404 == caught.value.code
    assert "POST /_emulator/reset" in json.load(caught.value)["error"]


def test_directories_domains_and_state_are_reached_over_the_control_path(url: str) -> None:
    made = control(
        url,
        "POST",
        "directories",
        {
            "region": "eu-west-1",
            "kind": "ADConnector",
            "name": "corp.example",
            "users": [{"Name": "alice"}],
        },
    )
    control(url, "POST", "verify", {"domain": "acme.example"})
    control(url, "POST", "failures", {"operation": "CreateOrganization", "message": "closed"})
    workmail = client(url)
    organization = workmail.create_organization(Alias="corp", DirectoryId=made["id"])

    shown = control(url, "GET", "state")["regions"]["eu-west-1"]["organizations"]

    assert "Failed" == shown[organization["OrganizationId"]]["state"]


def test_what_one_process_dumps_the_next_begins_with(tmp_path: Path) -> None:
    file = tmp_path / "dump.json"
    with serving("--instant", "--dump", str(file)) as (url, process):
        made = client(url).create_organization(Alias="acme")["OrganizationId"]
        shown = control(url, "GET", "dump")
        process.send_signal(signal.SIGTERM)
        ended = process.wait(30)

    assert (0, 0o600) == (ended, file.stat().st_mode & 0o777)
    assert [file] == list(tmp_path.iterdir())
    assert shown["accounts"] == json.loads(file.read_text())["accounts"]
    with serving("--seed", str(file)) as (url, _):
        found = client(url).list_organizations()["OrganizationSummaries"]
        assert [made] == [item["OrganizationId"] for item in found]
        control(url, "POST", "reset")
        assert [] == client(url).list_organizations()["OrganizationSummaries"]
        control(url, "POST", "seed", shown)
        assert 1 == len(client(url).list_organizations()["OrganizationSummaries"])
        assert 1 == len(control(url, "GET", "calls")["calls"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "seed.json: no such file or directory"),
        ("", "seed.json: Expecting value: line 1 column 1"),
        ("[]", "seed.json: the dump: [] is not an object"),
        ('{"version": 7}', "seed.json: version: a dump of version 1 is needed, not of 7"),
        ('{"version": 1, "failures": 5}', "seed.json: failures: 5 is not an object"),
    ],
)
def test_what_cannot_be_begun_with_is_told_in_one_line(
    tmp_path: Path, text: str | None, expected: str
) -> None:
    file = tmp_path / "seed.json"
    if text is not None:
        file.write_text(text)

    ended = run("--seed", str(file))

    assert (1, "", 1) == (ended.returncode, ended.stdout, ended.stderr.count("\n"))
    assert expected in ended.stderr


def test_times_are_options() -> None:
    with serving("--active-after", "0", "--test-domain-after", "600") as (url, _):
        workmail = client(url)
        made = workmail.create_organization(Alias="acme")["OrganizationId"]
        scope = {"OrganizationId": made, "DomainName": "acme.awsapps.com"}

        assert "PENDING" == workmail.get_mail_domain(**scope)["OwnershipVerificationStatus"]
        control(url, "POST", "clock", {"advance_seconds": 600})
        assert "VERIFIED" == workmail.get_mail_domain(**scope)["OwnershipVerificationStatus"]
    ended = run("--active-after", "-1")

    assert (1, 1) == (ended.returncode, ended.stderr.count("\n"))
    assert "active_after is a number of seconds, 0 or more: -1.0" in ended.stderr


def test_a_dump_that_could_not_be_written_is_told_at_the_beginning(tmp_path: Path) -> None:
    for place in (tmp_path / "missing" / "dump.json", tmp_path):
        ended = run("--dump", str(place))

        assert (1, "", 1) == (ended.returncode, ended.stdout, ended.stderr.count("\n"))
        assert str(tmp_path) in ended.stderr
    ended = run("--dump", "missing/dump.json")

    assert "workmail-emulator: missing is not a folder; make it" in ended.stderr


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--lag", "-1", "lag is a number of seconds, 0 or more: -1.0"),
        ("--lag", "nan", "lag is a number of seconds, 0 or more: nan"),
        ("--lag", "inf", "lag is a number of seconds, 0 or more: inf"),
        ("--throttle", "0", "throttle is a number of calls a second, more than 0: 0.0"),
        ("--throttle", "nan", "throttle is a number of calls a second, more than 0: nan"),
    ],
)
def test_what_no_clock_can_count_is_refused(option: str, value: str, expected: str) -> None:
    ended = run(option, value)

    assert (1, f"workmail-emulator: {expected}\n") == (ended.returncode, ended.stderr)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the emulator to its end."""
    return subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-m", "workmail_emulator", "--port", "0", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_cleanly(name: str) -> None:
    with serving() as (url, process):
        client(url).list_organizations()
        process.send_signal(getattr(signal, name))

        assert 0 == process.wait(30)


def test_a_taken_port_is_told_in_one_line() -> None:
    with serving() as (url, _):
        ended = run("--port", url.rpartition(":")[2])

    assert (1, "") == (ended.returncode, ended.stdout)
    assert ended.stderr.startswith("workmail-emulator: ")


def test_ownership_is_looked_up_in_a_route_53_that_is_elsewhere() -> None:
    with route_53() as (aws, zone), serving("--instant", "--aws", aws) as (url, _):
        workmail = client(url)
        organization = workmail.create_organization(Alias="acme")["OrganizationId"]
        named = {"OrganizationId": organization, "DomainName": "mail.acme.example"}
        workmail.register_mail_domain(**named)
        before = workmail.get_mail_domain(**named)
        for record in before["Records"]:
            text = record["Type"] == "TXT"
            value = f'"{record["Value"]}"' if text else record["Value"]
            zone.append((record["Hostname"], record["Type"], value))
        after = workmail.get_mail_domain(**named)

    statuses = ("OwnershipVerificationStatus", "DkimVerificationStatus")
    assert ["PENDING", "PENDING"] == [before[name] for name in statuses]
    assert ["VERIFIED", "VERIFIED"] == [after[name] for name in statuses]


@contextmanager
def route_53() -> Generator[tuple[str, list[tuple[str, str, str]]]]:
    """Play the two calls of Route 53 that are needed, over a zone `acme.example.`."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread
    from urllib.parse import parse_qs, urlsplit

    zone: list[tuple[str, str, str]] = []
    space = 'xmlns="https://route53.amazonaws.com/doc/2013-04-01/"'

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            query = {key: value[0] for key, value in parse_qs(asked.query).items()}
            text = self.record_sets(query) if "rrset" in asked.path else self.zones()
            body = text.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def zones(self) -> str:
            zones = "".join(
                f"<HostedZone><Id>/hostedzone/{key}</Id><Name>{name}</Name>"
                f"<CallerReference>x</CallerReference></HostedZone>"
                for key, name in (("Z1", "other.example."), ("Z2", "acme.example."))
            )
            return (
                f"<ListHostedZonesResponse {space}><HostedZones>{zones}</HostedZones>"
                "<IsTruncated>false</IsTruncated><MaxItems>100</MaxItems>"
                "</ListHostedZonesResponse>"
            )

        def record_sets(self, query: dict[str, str]) -> str:
            found = "".join(
                f"<ResourceRecordSet><Name>{name}</Name><Type>{kind}</Type><TTL>60</TTL>"
                f"<ResourceRecords><ResourceRecord><Value>{value}</Value></ResourceRecord>"
                "</ResourceRecords></ResourceRecordSet>"
                for name, kind, value in zone
                if "Z2" in self.path and name >= query["name"]
            )
            return (
                f"<ListResourceRecordSetsResponse {space}><ResourceRecordSets>{found}"
                "</ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>10</MaxItems>"
                "</ListResourceRecordSetsResponse>"
            )

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base's name
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", zone
        finally:
            server.shutdown()


KEY = "AKIAAAAAAAAAAAAAAAAA"


def ask(url: str, headers: dict[str, str]) -> int:
    request = urllib.request.Request(f"{url}/_emulator/state", headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  loopback
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Referer": "https://evil.example/"},
        {"Sec-Fetch-Mode": "no-cors"},
        {"Host": "evil.example"},
        {"Host": "localhost"},
    ],
    ids=str,
)
def test_no_web_page_is_answered(url: str, headers: dict[str, str]) -> None:
    assert (403, 200) == (ask(url, headers), ask(url, {}))


def test_with_a_key_it_answers_to_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKMAIL_EMULATOR_KEY", KEY)
    with serving() as (url, _):
        scope = "20260101/us-east-1/workmail/aws4_request, SignedHeaders=host, Signature=0"
        given = {"Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}"}
        other = {"Authorization": given["Authorization"].replace("AKIA", "AKIB")}

        assert (200, 403, 403) == (ask(url, given), ask(url, other), ask(url, {}))


def test_on_an_address_of_the_network_it_answers_to_every_name() -> None:
    with serving("--host", "0.0.0.0") as (url, _):  # noqa: S104  what a container listens on
        assert (200, 403) == (
            ask(url, {"Host": "emulator.internal"}),
            ask(url, {"Host": "emulator.internal", "Origin": "null"}),
        )
