"""An emulator that begins with a spec: what the spec declares stands in it, as if made by hand."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workmail_emulator import Emulator
from workmail_emulator.seeding import read_seed
from workmail_org.model.live import Snapshot
from workmail_org.model.organization import Organization
from workmail_org.rehearsal.comparing import compare
from workmail_org.service.directories import DirectoryService
from workmail_org.service.reading import find_organization
from workmail_org.service.snapshot import read_snapshot
from workmail_org.service.workmail import WorkMail
from workmail_org.spec.building import load_environment

ROOT = Path(__file__).resolve().parents[2]

NOT_WORKMAILS = {
    "kms_key_arn": "WorkMail does not show the key, a tag of the stack does",
    "policies.email_monitoring": "its log group belongs to the stack",
    "existing": "the emulator gives ids of its own",
}
"""What is declared and is not there after seeding, and why."""


def read_all(spec: Path) -> Iterator[tuple[Organization, Snapshot]]:
    emulator = Emulator()
    emulator.seed(read_seed(spec))
    for organization in load_environment(spec).organizations:
        client = emulator.client("workmail", region=organization.region)
        found = find_organization(WorkMail(client), organization.alias)
        assert found, f"{organization.alias} is not there"
        directories = DirectoryService(emulator.client("ds", region=organization.region))
        snapshot = read_snapshot(WorkMail(client, found), directories, organization.region)
        assert snapshot
        yield organization, snapshot


@pytest.mark.parametrize("spec", ["example", "full", "production", "staging"])
def test_what_a_spec_declares_stands_in_the_emulator(spec: str) -> None:
    seen = [
        str(difference)
        for organization, snapshot in read_all(ROOT / "config" / f"{spec}.yaml")
        for difference in compare(organization, snapshot)
        if not any(f": {path}: " in str(difference) for path in NOT_WORKMAILS)
    ]
    assert [] == seen


def test_an_organization_of_a_spec_is_ready_where_changes_take_their_time(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        "{version: 1, environment: t, organizations: {a: {region: eu-west-1, alias: acme,"
        " directory: {type: simple_ad, name: corp.example, short_name: CORP, size: small,"
        " vpc_id: vpc-01234567, subnet_ids: [subnet-01234567, subnet-89abcdef]},"
        " domains: {yes.example: {dns: manual, verified: true, default: true},"
        " no.example: {dns: manual}}, users: {alice: {display_name: A}}}}}"
    )
    ((_, snapshot),) = read_all(tmp_path / "s.yaml")

    assert "active" == snapshot.organization.state
    assert [True] == [each.entity.enabled for each in snapshot.people.users.values()]
    assert {"acme.awsapps.com": "VERIFIED", "no.example": "PENDING", "yes.example": "VERIFIED"} == {
        name: domain.ownership for name, domain in snapshot.domains.items()
    }


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "workmail_emulator", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_program_begins_with_a_spec() -> None:
    spec = str(ROOT / "config" / "example.yaml")
    command = [sys.executable, "-m", "workmail_emulator", "--seed", spec, "--account", "1" * 12]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as emulator:  # noqa: S603
        try:
            assert emulator.stdout
            url = emulator.stdout.readline().strip()
            with urllib.request.urlopen(f"{url}/_emulator/state") as answer:  # noqa: S310 - loopback
                state: dict[str, Any] = json.load(answer)
        finally:
            emulator.terminate()
    found = {
        (region, each["alias"], each["default_domain"], each["state"])
        for region, held in state["regions"].items()
        for each in held["organizations"].values()
    }
    assert {
        ("eu-west-1", "acme-eu", "acme.example", "Active"),
        ("us-east-1", "acme-us", "us.acme.example", "Active"),
    } == found


def test_every_problem_of_a_spec_is_reported_instead(tmp_path: Path) -> None:
    spec = tmp_path / "s.yaml"
    spec.write_text(
        "version: 1\nenvironment: t\norganizations:\n  a: {region: eu-west-1, alias: acme,\n"
        "    users: {alice: {}, bob: {display_name: B, quota: 1}}}\n"
    )
    ended = run("--seed", str(spec))

    assert (1, "") == (ended.returncode, ended.stdout)
    assert [
        f"workmail-emulator: {spec} is not a valid spec:",
        f'{spec}:5:20: organizations.a.users.alice: "display_name" is missing; add it, such as'
        " display_name: Alice Liddell",
        f'{spec}:5:47: organizations.a.users.bob.quota: unknown key "quota"; did you mean'
        ' "quota_megabytes"?',
    ] == ended.stderr.splitlines()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "{}: no such file or directory"),
        ("[]", "{}: the dump: [] is not an object"),
        ('{"version": 1, "time": 5', "{}: Expecting ',' delimiter: line 1 column 25 (char 24)"),
        ('{"version": 7}', "{}: version: a dump of version 1 is needed, not of 7"),
    ],
)
def test_what_is_neither_a_dump_nor_a_spec_is_refused(
    tmp_path: Path, text: str | None, message: str
) -> None:
    file = tmp_path / "seed"
    if text is not None:
        file.write_text(text)
    ended = run("--seed", str(file))

    expected = f"workmail-emulator: {message.format(file)}\n"
    assert (1, expected) == (ended.returncode, ended.stderr)


def test_a_spec_says_what_is_missing_where_nothing_reads_specs(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text("version: 1\n")
    emulator = tmp_path / "alone"
    emulator.mkdir()
    (emulator / "workmail_emulator").symlink_to(ROOT / "emulator" / "workmail_emulator")
    hide = "import sys; sys.modules['workmail_org'] = None; "
    main = "from workmail_emulator.__main__ import main; sys.exit(main(['--seed', 'spec.yaml']))"
    ended = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", hide + main],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (
        1,
        "workmail-emulator: spec.yaml is not a dump, and what reads specs is not installed here:"
        " pip install workmail-org\n",
    ) == (ended.returncode, ended.stderr)
