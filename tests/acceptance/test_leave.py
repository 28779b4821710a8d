"""`workmail-org leave files` and `report`, as people call them."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from importers import ADMIN_CENTER_USERS, ENTRA_USERS, GOOGLE_USERS, IMAP_BATCH, IMAPSYNC
from powershell import read_steps
from workmail_org import distribution, leave_commands
from workmail_org.exporting.model import Checked, Exported, Pass, Stage
from workmail_org.leaving.model import Destination
from workmail_org.leaving.password_rules import find_rule
from workmail_org.leaving.passwords import make_password
from workmail_org.leaving.reporting import LiveMailbox, Looked, build_report, count_months
from workmail_org.model.domain import HostedZone, MailDomain
from workmail_org.model.exports import Exports
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.values import EntityId, Kind, parse_reference
from workmail_org.reports.leave_html import render_report as render_html
from workmail_org.reports.leave_machine import build_document
from workmail_org.reports.leave_text import render_report as render_text
from workmail_org.service import clients, templates
from workmail_org.spec.building import load_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from click.testing import Result

    Run = Callable[..., Result]

SCHEMA = json.loads(distribution.find_project_file("schemas/leave.schema.json").read_text("utf-8"))

SPEC = """
version: 1
environment: production
organizations:
  acme:
    region: eu-west-1
    alias: acme
    domains: {acme.example: {default: true, verified: true}}
    users:
      jim:
        display_name: "O'Hara \\"Jim\\""
        first_name: Jim
        last_name: O'Hara
        aliases: [j@acme.example]
      cmd: {display_name: "=cmd()", first_name: "=1+1", last_name: "@x"}
      zoe: {display_name: "Zoë; DROP", telephone: "+353 1 555"}
      tilde: {display_name: "~tilde", job_title: "line\\nbreak"}
      typo: {display_name: "\\u2018a\\u2019; exit", company: "\\u201Aco\\u201B '; Remove-Mailbox"}
      off: {display_name: Off, enabled: false}
    groups:
      "O'Hara \\"Jim\\" & co": {email: jims@acme.example, members: [jim, cmd, off]}
"""


@pytest.fixture
def spec() -> dict[str, str | bytes]:
    return {"spec.yaml": SPEC}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leave_commands, "tell_day", lambda: date(2026, 11, 26))


def read_rows(path: Path, heads: tuple[str, ...]) -> list[dict[str, str]]:
    """Read a file for an importer: its first lines are as published, then rows."""
    text = path.read_bytes().decode()
    assert text.split("\r\n")[: len(heads)] == [*heads]
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))[len(heads) - 1 :]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def list_files(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_hostile_names_are_unharmed_where_importers_read_them(
    run: Run, spec: dict[str, str | bytes], tmp_path: Path
) -> None:
    for to, heads, column in (
        ("microsoft365", ENTRA_USERS, "Name [displayName] Required"),
        ("google", GOOGLE_USERS, None),
        ("zoho", ("Email address,Password,First name,Last name,Display name",), "Display name"),
    ):
        result = run("leave", "files", "spec.yaml", "--to", to, "--output", to, files=spec)
        assert 0 == result.exit_code, result.output
        (path,) = (tmp_path / to / "secret").glob("*users-01.csv")
        rows = read_rows(path, heads)
        assert 5 == len(rows)
        if column:
            expected = ['O\'Hara "Jim"', "=cmd()", "Zoë; DROP", "~tilde", "\u2018a\u2019; exit"]
            assert expected == [row[column] for row in rows]
        else:
            assert ("=1+1", "@x") == (
                rows[1]["First Name [Required]"],
                rows[1]["Last Name [Required]"],
            )
            assert "line\nbreak" == rows[3]["Employee Title"]


def test_hostile_names_are_harmless_where_people_open_them(
    run: Run, spec: dict[str, str | bytes], tmp_path: Path
) -> None:
    run("leave", "files", "spec.yaml", "--to", "microsoft365", "--output", "out", files=spec)
    text = (tmp_path / "out" / "ledger.csv").read_bytes()

    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if re.match(r"[=+\-@\t\r\n]", cell)]
    values = {(row["owner"], row["name"]): row["value"] for row in rows}
    assert "'=cmd()" == values["cmd", "display_name"]
    assert "'+353 1 555" == values["zoe", "telephone"]


def test_no_name_gets_out_of_its_quotes_in_powershell(
    run: Run, spec: dict[str, str | bytes], tmp_path: Path
) -> None:
    run("leave", "files", "spec.yaml", "--to", "microsoft365", "--output", "out", files=spec)
    script = (tmp_path / "out" / "exchange.ps1").read_text("utf-8-sig")
    steps = read_steps(script)

    assert ("\u201aco\u201b '; Remove-Mailbox",) == next(
        each.get("Company") for each in steps if each.cmdlet == "Set-User"
    )
    group = next(each for each in steps if each.cmdlet == "New-DistributionGroup")
    assert ('O\'Hara "Jim" & co',) == group.get("DisplayName")
    assert ("$false",) == group.get("RequireSenderAuthenticationEnabled")
    known = {
        *("New-DistributionGroup", "Add-DistributionGroupMember", "Set-User", "Set-Mailbox"),
    }
    assert known == {each.cmdlet for each in steps}


def test_passwords_are_in_one_folder_that_only_its_owner_opens(
    run: Run, spec: dict[str, str | bytes], tmp_path: Path
) -> None:
    result = run(
        "leave", "files", "spec.yaml", "--to", "microsoft365", "--output", "out", files=spec
    )
    files = list_files(tmp_path / "out")
    rows = list(csv.DictReader(io.StringIO(files["secret/passwords.csv"].decode())))

    assert 0o700 == (tmp_path / "out" / "secret").stat().st_mode & 0o777
    assert {0o600} == {p.stat().st_mode & 0o777 for p in (tmp_path / "out" / "secret").iterdir()}
    assert 10 == len(rows)
    for row in rows:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{15}", row["password"])
        assert row["password"] not in result.output
        for path, data in files.items():
            assert path.startswith("secret/") or row["password"].encode() not in data
    batch = read_rows(tmp_path / "out" / "secret" / "imap-batch-01.csv", IMAP_BATCH)
    made = {(row["side"], row["address"]): row["password"] for row in rows}
    assert {row["EmailAddress"]: row["Password"] for row in batch} == {
        address: password for (side, address), password in made.items() if side == "WorkMail"
    }


def test_git_takes_no_password_of_any_organization(run: Run, tmp_path: Path) -> None:
    two = SPEC + SPEC.partition("organizations:\n")[2].replace("acme", "other")
    run("leave", "files", "two.yaml", "--to", "zoho", "--output", "out", files={"two.yaml": two})
    git = ["git", "-C", str(tmp_path / "out")]
    subprocess.run([*git, "init", "--quiet"], check=True)  # noqa: S603
    subprocess.run([*git, "add", "--all"], check=True)  # noqa: S603
    listed = subprocess.run(  # noqa: S603
        [*git, "ls-files"], check=True, capture_output=True, text=True
    ).stdout.split()

    assert (tmp_path / "out" / "other" / "secret" / "passwords.csv").is_file()
    assert [".gitignore", "acme/README.md", "acme/ledger.csv", "other/README.md",
            "other/ledger.csv"] == listed  # fmt: skip


def test_a_made_password_has_every_class() -> None:
    for _ in range(200):
        password = make_password()
        for characters in ("[A-Z]", "[a-z]", "[0-9]", "[_.-]"):
            assert re.search(characters, password)


@pytest.mark.parametrize(
    "how", [["microsoft365"], ["google"], ["zoho"], ["imapsync", "--imap-host", "imap.new.example"]]
)
def test_two_runs_differ_in_passwords_alone(
    how: list[str], run: Run, spec: dict[str, str | bytes], tmp_path: Path
) -> None:
    for output in ("one", "two"):
        run("leave", "files", "spec.yaml", "--to", *how, "--output", output, files=spec)
    one, two = list_files(tmp_path / "one"), list_files(tmp_path / "two")

    assert one.keys() == two.keys()
    for path, data in one.items():
        if not path.startswith("secret/"):
            assert data == two[path], path
    made = list(csv.DictReader(io.StringIO(one["secret/passwords.csv"].decode())))
    also = list(csv.DictReader(io.StringIO(two["secret/passwords.csv"].decode())))
    for path, data in one.items():
        text = data.decode()
        for before, after in zip(made, also, strict=True):
            text = text.replace(before["password"], after["password"])
        assert text.encode() == two[path], path


def test_given_passwords_are_used_and_none_is_made(
    run: Run, spec: dict[str, str | bytes], tmp_path: Path
) -> None:
    names = ("jim", "cmd", "zoe", "tilde", "typo")
    lines = "\n".join(f"{name.upper()}@acme.example,pw-{name}" for name in names)
    run(
        *("leave", "files", "spec.yaml", "--to", "imapsync", "--imap-host", "imap.new.example"),
        *("--workmail-passwords", "old.csv", "--destination-passwords", "new.csv"),
        *("--output", "out"),
        files={
            **spec,
            "old.csv": f"Address,Password\n{lines}",
            "new.csv": "password,address\n"
            + "\n".join(f"new-{name},{name}@acme.example" for name in names),
        },
    )
    listed = (tmp_path / "out" / "secret" / "imapsync.txt").read_text("utf-8")

    assert [*IMAPSYNC] == listed.splitlines()[:1]
    assert (
        "imap.mail.eu-west-1.awsapps.com;zoe@acme.example;pw-zoe;"
        "imap.new.example;zoe@acme.example;new-zoe;;"
    ) in listed.splitlines()
    assert listed.endswith(";;\n")
    assert not (tmp_path / "out" / "secret" / "passwords.csv").exists()


def test_a_password_that_no_file_needs_is_reported_and_never_shown(
    run: Run, spec: dict[str, str | bytes]
) -> None:
    """With a mistyped address a new password is made, which nobody expects."""
    result = run(
        *("leave", "files", "spec.yaml", "--to", "imapsync", "--imap-host", "imap.new.example"),
        *("--workmail-passwords", "old.csv", "--output", "out"),
        files={
            **spec,
            "old.csv": "address,password\nZoe@acme.example,s3cret-1\nzo@acme.example,s3cret-2\n"
            "off@acme.example,s3cret-3\nx@y.z,s3cret-4\n",
        },
    )

    assert [
        "note: the WorkMail password of off@acme.example is not used: no file needs it",
        "note: the WorkMail password of x@y.z is not used: no user has this primary address",
        "note: the WorkMail password of zo@acme.example is not used: no user has this primary "
        "address; did you mean zoe@acme.example?",
    ] == result.stdout.splitlines()[:3]
    assert "s3cret" not in result.output


def test_a_password_that_imapsync_cannot_read_is_left_to_a_person(
    run: Run, spec: dict[str, str | bytes], tmp_path: Path
) -> None:
    run(
        *("leave", "files", "spec.yaml", "--to", "imapsync", "--imap-host", "imap.new.example"),
        *("--workmail-passwords", "old.csv", "--output", "out"),
        files={**spec, "old.csv": 'address,password\nzoe@acme.example,"a;b"\n'},
    )
    listed = (tmp_path / "out" / "secret" / "imapsync.txt").read_text("utf-8")
    ledger = (tmp_path / "out" / "ledger.csv").read_text("utf-8-sig")

    assert "zoe@" not in listed
    assert re.search("by hand,mail of a mailbox,zoe,.*imapsync's list cannot hold", ledger)
    assert "a;b" not in ledger


def test_microsofts_batch_takes_every_folder_and_the_file_of_this_folder(
    run: Run, spec: dict[str, str | bytes], tmp_path: Path
) -> None:
    """.NET does not know PowerShell's folder; what a batch leaves out ends with WorkMail."""
    run("leave", "files", "spec.yaml", "--to", "microsoft365", "--output", "out", files=spec)
    readme = (tmp_path / "out" / "README.md").read_text("utf-8")
    (command,) = [each for each in readme.splitlines() if "New-MigrationBatch" in each]

    assert command == (
        "    New-MigrationBatch -Name workmail-01 -SourceEndpoint WorkMail -CSVData "
        '([System.IO.File]::ReadAllBytes((Resolve-Path "secret/imap-batch-01.csv"))) -AutoStart'
    )
    assert "from all folders, Deleted Items and Junk Email included" in readme
    assert "what is beyond 500 000 items of a mailbox stay behind" in readme


GOOGLES = "write at least 8 characters, or **** for an account that keeps its password"
ENTRAS = (
    "write 8 to 256 characters of ASCII, with three of these four: lower case, upper case, digits, "
    "symbols"
)
ZOHOS = "write at least 8 characters, with a letter, a digit and a symbol"


@pytest.mark.parametrize(
    ("to", "password", "rule"),
    [
        ("google", "s3cret-", GOOGLES),
        ("google", "s3cret-1", None),
        ("google", "****", None),
        ("microsoft365", "S3cret-", ENTRAS),
        ("microsoft365", "s3cretsecret", ENTRAS),
        ("microsoft365", "S3cretsecret\u00e4", ENTRAS),
        ("microsoft365", "S3cret" * 43, ENTRAS),
        ("microsoft365", "s3cret-secret", None),
        ("microsoft365", "S3cretsecret", None),
        ("zoho", "S3cretsecret", ZOHOS),
        ("zoho", "Secret-secret", ZOHOS),
        ("zoho", "53-5346543-6", ZOHOS),
        ("zoho", "s3cret-1", None),
        ("imapsync", "s3", None),
    ],
)
def test_a_password_that_the_destination_would_refuse_is_refused_and_never_shown(
    to: str,
    password: str,
    rule: str | None,
    run: Run,
    spec: dict[str, str | bytes],
    tmp_path: Path,
) -> None:
    """Else its importer refuses the row, once everything else is imported."""
    host = ("--imap-host", "imap.new.example") if to == "imapsync" else ()
    result = run(
        *("leave", "files", "spec.yaml", "--to", to, *host),
        *("--destination-passwords", "new.csv", "--output", "out"),
        files={**spec, "new.csv": f"address,password\nzoe@acme.example,{password}\n"},
    )

    said = f"new.csv:2: the password of zoe@acme.example would be refused: {rule}\n"
    assert (2 if rule else 0, said if rule else "") == (result.exit_code, result.stderr)
    assert bool(rule) != (tmp_path / "out").exists()
    assert password == "****" or password not in result.output


@pytest.mark.parametrize("to", [each for each in Destination if each is not Destination.IMAPSYNC])
def test_a_password_that_is_made_is_taken_everywhere(to: Destination) -> None:
    assert [None] * 100 == [find_rule(to, make_password()) for _ in range(100)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name;secret\n", 'old.csv:1: the columns are name;secret; required are "address" and'),
        ("address,password\nzoe@acme.example\n", "old.csv:2: an address and a password are"),
        ("address,password\na@b.example,S3cret\nA@b.example,x\n", "old.csv:3: a@b.example has a"),
        ("", "old.csv:1: the columns are nothing"),
    ],
)
def test_a_list_of_passwords_that_is_wrong_is_refused_without_a_password(
    text: str, message: str, run: Run, spec: dict[str, str | bytes], tmp_path: Path
) -> None:
    result = run(
        *("leave", "files", "spec.yaml", "--to", "microsoft365", "--output", "out"),
        *("--workmail-passwords", "old.csv"),
        files={**spec, "old.csv": text},
    )

    assert (2, True) == (result.exit_code, message in result.output), result.output
    assert "S3cret" not in result.output
    assert not (tmp_path / "out").exists()


def write_many(number: int) -> str:
    users = "\n".join(
        f"      u{n:04}: {{display_name: U {n}, country: {'Ireland' if n % 3 else 'France'}}}"
        for n in range(number)
    )
    head = SPEC.partition("    users:")[0]
    return f"{head}    users:\n{users}\n"


@pytest.mark.parametrize(
    ("how", "names", "heads", "sizes"),
    [
        (["zoho"], "secret/zoho-users-*.csv", 1, [200, 200, 100]),
        (
            ["microsoft365", "--user-format", "admin-center"],
            "admin-center-users-*.csv",
            ADMIN_CENTER_USERS,
            [167, 249, 84],
        ),
        (["microsoft365"], "secret/entra-users-*.csv", ENTRA_USERS, [500]),
        (["google"], "secret/google-users-*.csv", GOOGLE_USERS, [500]),
    ],
)
def test_files_are_split_at_the_limits(
    how: list[str], names: str, heads: Any, sizes: list[int], run: Run, tmp_path: Path
) -> None:
    files: dict[str, str | bytes] = {"spec.yaml": write_many(500)}
    result = run("leave", "files", "spec.yaml", "--to", *how, "--output", "out", files=files)

    assert 0 == result.exit_code, result.output
    paths = sorted((tmp_path / "out").glob(names))
    if heads == 1:
        heads = ("Email address,Password,First name,Last name,Display name",)
    assert sizes == [len(read_rows(path, heads)) for path in paths]


def test_the_admin_center_gets_no_password_and_one_country_a_file(run: Run, tmp_path: Path) -> None:
    run(
        *("leave", "files", "spec.yaml", "--to", "microsoft365", "--user-format", "admin-center"),
        *("--output", "out"),
        files={"spec.yaml": write_many(4)},
    )
    paths = sorted((tmp_path / "out").glob("admin-center-users-*.csv"))

    assert ["admin-center-users-1-France-01.csv", "admin-center-users-2-Ireland-01.csv"] == [
        path.name for path in paths
    ]
    (first, *_) = read_rows(paths[0], ADMIN_CENTER_USERS)
    assert ("u0000@acme.example", " ", "France") == (
        first["User Name"],
        first["First Name"],
        first["Country or Region"],
    )
    passwords = (tmp_path / "out" / "secret" / "passwords.csv").read_text("utf-8")
    assert "destination" not in passwords


def test_a_folder_that_is_not_empty_is_left_alone(
    run: Run, spec: dict[str, str | bytes], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("kept", encoding="utf-8")
    result = run("leave", "files", "spec.yaml", "--to", "zoho", "--output", "out", files=spec)

    assert (2, "out is not empty: name a new or an empty folder\n") == (
        result.exit_code,
        result.stderr,
    )
    assert {"mine": b"kept"} == list_files(tmp_path / "out")


def test_an_empty_folder_is_filled_and_nothing_else_stays(
    run: Run, spec: dict[str, str | bytes], tmp_path: Path
) -> None:
    (tmp_path / "deep" / "out").mkdir(parents=True)
    run("leave", "files", "spec.yaml", "--to", "zoho", "--output", "deep/out", files=spec)

    assert ["out"] == [path.name for path in (tmp_path / "deep").iterdir()]
    assert (tmp_path / "deep" / "out" / "README.md").is_file()


def test_a_failure_in_the_middle_leaves_nothing(
    run: Run, spec: dict[str, str | bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(Path, "rename", refuse)
    result = run("leave", "files", "spec.yaml", "--to", "zoho", "--output", "new/out", files=spec)

    assert (2, "new/out cannot be written: No space left on device\n") == (
        result.exit_code,
        result.stderr,
    )
    assert [] == list((tmp_path / "new").iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "imapsync"], "--to imapsync needs --imap-host"),
        (["--to", "google", "--imap-host", "a.example"], "--imap-host is for --to imapsync"),
        (["--to", "imapsync", "--imap-host", "a;b"], "'a;b' is not a host name"),
        (["--to", "google", "--usage-location", "DE"], "are for --to microsoft365, not for google"),
        (["--to", "microsoft365", "--usage-location", "de"], "two capital letters, such as DE"),
        (["--to", "zoho", "--organization", "other"], "'other' is not declared; declared are acme"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    arguments: list[str], message: str, run: Run, spec: dict[str, str | bytes], tmp_path: Path
) -> None:
    result = run("leave", "files", "spec.yaml", "--output", "out", *arguments, files=spec)

    assert (2, True) == (result.exit_code, message in result.output), result.output
    assert not (tmp_path / "out").exists()


def test_the_readme_names_what_is_guessed_and_every_file(
    run: Run, spec: dict[str, str | bytes], tmp_path: Path
) -> None:
    run("leave", "files", "spec.yaml", "--to", "google", "--output", "out", files=spec)
    readme = (tmp_path / "out" / "README.md").read_text("utf-8")

    assert 'zoe@acme.example: the file calls this user "Zoë;" "DROP", guessed from' in readme
    assert 'tilde@acme.example: the file calls this user "\\~tilde" "\\~tilde"' in readme
    ended = [line for line in readme.splitlines() if line and line[0] not in "#*- "]
    assert [] == [line for line in ended if not line.endswith((".", ":"))]
    named = set(re.findall(r"^\* `([^`]+)`$", readme, re.MULTILINE))
    written = list_files(tmp_path / "out").keys() - {"README.md", ".gitignore"}
    assert written - {"secret/passwords.csv"} == named


# The report


def test_a_report_compares_destinations(run: Run, spec: dict[str, str | bytes]) -> None:
    result = run("leave", "report", "spec.yaml", files=spec)
    lines = result.stdout.splitlines()

    assert 0 == result.exit_code, result.output
    assert "125 days left: Amazon WorkMail ends on 2027-03-31, with all mailboxes" == lines[1]
    assert (
        "  100.00 USD until the end: 5 users, 5 months with this one, 4.00 USD for each user and "
        "month (https://aws.amazon.com/workmail/pricing/)"
    ) in lines
    counts = [line.split()[-4:] for line in lines if line.startswith(("    Micro", "    Google"))]
    assert 2 == len(counts)
    for total, *parts in counts:
        assert int(total) == sum(map(int, parts))
    assert "result: days_left=125 ready=unknown blockers=2" == lines[-1]


@pytest.mark.parametrize("to", [*(each.value for each in Destination), None])
def test_the_json_is_as_its_schema_says_and_its_sums_match(
    to: str | None, run: Run, spec: dict[str, str | bytes]
) -> None:
    chosen = ["--to", to] if to else []
    result = run("leave", "report", "spec.yaml", "--format", "json", *chosen, files=spec)
    document = json.loads(result.stdout)

    jsonschema.validate(document, SCHEMA)
    (organization,) = document["organizations"]
    assert len(organization["destinations"]) == (1 if to else 4)
    for each in organization["destinations"]:
        kinds = [sum(counts.values()) for counts in each["kinds"].values()]
        assert sum(each["counts"].values()) == sum(kinds)
        assert (len(each["entries"]) == sum(kinds)) if to else (each["entries"] is None)
    assert {"currency": "USD", "users": 5, "months": 5, "cents_per_user_and_month": 400,
            "cents_left": 10_000} == organization["cost"]  # fmt: skip


def test_the_page_escapes_what_comes_from_the_spec(run: Run, tmp_path: Path) -> None:
    evil = SPEC.replace("Zoë; DROP", "<script>alert(1)</script>")
    result = run(
        *("leave", "report", "spec.yaml", "--format", "html", "--to", "zoho"),
        *("--output", "page.html"),
        files={"spec.yaml": evil.replace("telephone:", "department: '<img src=x>', telephone:")},
    )
    page = (tmp_path / "page.html").read_text("ascii")

    assert "result: days_left=125 ready=unknown blockers=2\n" == result.stdout
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;img src=x&gt;" in page
    assert "default-src &#39;none&#39;" in page


def test_an_alias_in_a_domain_of_its_own_is_not_overlooked(run: Run) -> None:
    """Ann's address cannot be taken along, her alias can; Ben has neither."""
    users = """
      ann: {display_name: Ann, email: ann@acme.awsapps.com, aliases: [ann@acme.example]}
      ben: {display_name: Ben, email: ben@acme.awsapps.com, aliases: [b@acme.awsapps.com]}
"""
    spec = SPEC.partition("    users:")[0] + f"    users:{users}"
    result = run("leave", "report", "spec.yaml", "--format", "json", files={"spec.yaml": spec})
    (organization,) = json.loads(result.stdout)["organizations"]
    blockers = {each["title"]: each["names"] for each in organization["blockers"]}

    assert ["ann"] == blockers[
        "its address is at awsapps.com, which nobody can take along, and an alias is in a domain "
        "of your own: make that alias the address first"
    ]
    assert ["ben"] == blockers[
        "has no address outside awsapps.com, which nobody can take along: give it an address in a "
        "domain of your own first"
    ]


def test_names_with_commas_are_told_apart(run: Run) -> None:
    """Two rules with lists, and a display name with a comma, stand on lines of their own."""
    policies = """
    policies:
      access_control:
        office: {effect: deny, description: Office, actions: [imap, smtp]}
        everybody: {effect: allow, description: All}
"""
    spec = SPEC.replace('"~tilde"', '"Doe, Jane"') + policies
    result = run("leave", "report", "spec.yaml", "--to", "zoho", files={"spec.yaml": spec})
    lines = result.stdout.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("    access control rule (2):"))

    assert [
        "      everybody: effect allow; description All",
        "      office: effect deny; description Office; actions imap, smtp",
    ] == lines[at + 1 : at + 3]
    page = run(
        *("leave", "report", "spec.yaml", "--to", "zoho", "--format", "html"),
        files={"spec.yaml": spec},
    ).stdout
    assert (
        "<bdi>everybody: effect allow; description All</bdi><br>"
        "<bdi>office: effect deny; description Office; actions imap, smtp</bdi></li>"
    ) in page


def test_nothing_that_somebody_has_to_do_is_cut(run: Run) -> None:
    """500 switched off, and as many devices that sign in: each is named in each format."""
    number = 500
    users = "\n".join(
        f"      user{n:04}: {{display_name: User, enabled: false}}" for n in range(number)
    )
    log = write_log(*(sign_in(f"device{n:04}", "SMTP") for n in range(number)))
    files = {
        "spec.yaml": SPEC.partition("    users:")[0] + f"    users:\n{users}\n",
        "log.json": log,
    }
    for form in ("text", "json", "html"):
        words = ("--to", "google", "--sign-ins", "log.json", "--format", form)
        result = run("leave", "report", "spec.yaml", *words, files=files)
        found = {*re.findall(r"(?:user|device)\d{4}", result.stdout)}

        assert 0 == result.exit_code
        assert 2 * number == len(found), form
        assert not re.search(r"and [\d,]+ more", result.stdout)


@pytest.mark.parametrize(
    ("price", "cents"), [("5", 2500 * 5), ("0", 0), ("4.5", 2250 * 5)], ids=str
)
def test_the_price_can_be_given(
    price: str, cents: int, run: Run, spec: dict[str, str | bytes]
) -> None:
    result = run("leave", "report", "spec.yaml", "--format", "json", "--price", price, files=spec)

    (organization,) = json.loads(result.stdout)["organizations"]
    assert cents == organization["cost"]["cents_left"]


@pytest.mark.parametrize("price", ["-1", "4.005", "four", "nan", "inf"])
def test_a_price_that_is_none_is_refused(
    price: str, run: Run, spec: dict[str, str | bytes]
) -> None:
    result = run("leave", "report", "spec.yaml", "--price", price, files=spec)

    assert (2, True) == (result.exit_code, "is not an amount in USD" in result.output)


@pytest.mark.parametrize(
    ("day", "months"),
    [
        (date(2026, 11, 26), 5),
        (date(2027, 2, 28), 2),
        (date(2027, 3, 31), 1),
        (date(2027, 4, 1), 0),
        (date(2028, 1, 1), 0),
    ],
)
def test_months_are_counted_to_the_end(day: date, months: int) -> None:
    assert months == count_months(day)


def make_export(entity_id: str, name: str, stage: Stage, **fields: Any) -> Exported:
    described: dict[str, Any] = {"export_pass": Pass.FIRST, **fields}
    return Exported(id=EntityId(entity_id), name=name, stage=stage, **described)


def build(
    tmp_path: Path,
    *exported: Exported,
    today: date = date(2026, 11, 26),
    unread: str = "",
    present: Sequence[LiveMailbox] | None = None,
    receiving: Sequence[str] = (),
) -> Any:
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC, encoding="utf-8")
    environment = load_environment(path)
    return build_report(
        environment,
        environment.organizations,
        spec="spec.yaml",
        today=today,
        destinations=[Destination.ZOHO],
        looked=Looked(
            exports={"acme": unread or exported},
            present={} if present is None else {"acme": present},
            receiving={"acme": receiving},
        ),
    )


def test_verified_exports_make_it_ready_and_others_block(tmp_path: Path) -> None:
    at = datetime(2026, 11, 25, 8, 30, tzinfo=UTC).timestamp()
    report = build(
        tmp_path,
        make_export("1", "jim", Stage.VERIFIED, verified_at=at, export_pass=Pass.FINAL),
        make_export("2", "CMD", Stage.VERIFIED, verified_at=at),
        make_export("3", "zoe", Stage.FAILED, reason="AccessDenied: the key"),
        make_export("4", "tilde", Stage.RUNNING),
    )
    document = build_document(report)
    text = render_text(report)

    jsonschema.validate(document, SCHEMA)
    assert 30 == document["readiness"]
    assert (
        "ready: 30 %: 2 of 5 mailboxes have a verified export, 1 of 5 one of the final pass"
    ) in text
    assert (
        "5 mailboxes; first pass: 1 running, 1 verified, 1 failed; final pass: 1 verified" in text
    )
    blockers = {each["title"]: each["names"] for each in document["organizations"][0]["blockers"]}
    assert ["zoe"] == blockers["the export failed: AccessDenied: the key"]
    assert ["tilde", "typo"] == blockers["no verified export yet: workmail-org leave export"]
    assert ["cmd"] == blockers[
        "no verified final export yet: workmail-org leave export --final, once the mail has moved"
    ]
    assert "2026-11-25T08:30:00+00:00" == document["organizations"][0]["exports"][0]["verified_at"]
    assert "says whose they are: keep all three" in document["organizations"][0]["stays"][-1]


def test_a_mailbox_that_only_the_journal_knows_counts_too(tmp_path: Path) -> None:
    names = ("jim", "cmd", "zoe", "tilde", "typo")
    report = build(
        tmp_path,
        *(make_export(n, n, Stage.VERIFIED) for n in names),
        make_export("6", "newbie", Stage.FAILED, reason="no"),
    )
    (organization,) = build_document(report)["organizations"]

    assert 41 == report.readiness
    assert 6 == len(organization["mailboxes"])
    assert ["newbie"] == next(
        each["names"] for each in organization["blockers"] if "failed" in each["title"]
    )


NAMES = ("jim", "cmd", "zoe", "tilde", "typo")


def test_only_the_final_pass_makes_it_wholly_ready(tmp_path: Path) -> None:
    first = [make_export(n, n, Stage.VERIFIED) for n in NAMES]
    final = [make_export(n, n, Stage.VERIFIED, export_pass=Pass.FINAL) for n in NAMES]
    half, whole = build(tmp_path, *first), build(tmp_path, *first, *final)
    titles = [[b.title for b in each.organizations[0].blockers] for each in (half, whole)]

    assert (50, 100) == (half.readiness, whole.readiness)
    assert (
        "no mailbox has a verified final export yet: workmail-org leave export --final, once the "
        "mail has moved"
    ) in titles[0]
    assert not [title for title in titles[1] if "export" in title.partition(":")[0]]
    assert (
        "ready: 50 %: 5 of 5 mailboxes have a verified export, 0 of 5 one of the final pass"
    ) in render_text(half)
    assert "5 mailboxes; first pass: 5 verified; final pass: not begun" in render_text(half)


def test_a_final_pass_blocks_while_mail_still_comes(tmp_path: Path) -> None:
    first = [make_export(n, n, Stage.VERIFIED) for n in NAMES]
    final = [make_export(n, n, Stage.VERIFIED, export_pass=Pass.FINAL) for n in NAMES]
    title = (
        "mail still comes to WorkMail, by the MX record in the hosted zone, and what came in after "
        "the final pass is in no export: workmail-org leave export --final --again, once the mail "
        "has moved"
    )
    early = build(tmp_path, *first, *final, receiving=("acme.example",))
    before = build(tmp_path, *first, receiving=("acme.example",))

    assert {title: ("acme.example",)} == {
        each.title: each.names for each in early.organizations[0].blockers if each.title == title
    }
    assert title not in [each.title for each in before.organizations[0].blockers]
    assert (50, 50) == (early.readiness, before.readiness)


def test_a_final_pass_that_was_begun_hides_no_verified_export(tmp_path: Path) -> None:
    at = datetime(2026, 11, 25, 8, 30, tzinfo=UTC).timestamp()
    report = build(
        tmp_path,
        *(make_export(n, n, Stage.VERIFIED, verified_at=at) for n in NAMES),
        make_export("jim", "jim", Stage.RUNNING, export_pass=Pass.FINAL),
        make_export("cmd", "cmd", Stage.FAILED, export_pass=Pass.FINAL, reason="the key"),
    )
    document = build_document(report)
    (organization,) = document["organizations"]

    jsonschema.validate(document, SCHEMA)
    assert 50 == document["readiness"]
    jim, cmd, *_ = organization["exports"]
    assert ("verified", False) == (jim["state"], jim["final"])
    assert ("verified", "running") == (
        jim["passes"]["first"]["state"],
        jim["passes"]["final"]["state"],
    )
    assert ("verified", "failed", "the key") == (
        cmd["state"],
        cmd["passes"]["final"]["state"],
        cmd["passes"]["final"]["reason"],
    )
    blockers = {each["title"]: each["names"] for each in organization["blockers"]}
    assert ["cmd"] == blockers["the final export failed: the key"]
    assert not [title for title in blockers if title.startswith("no verified export")]
    assert (
        "<bdi>jim</bdi>: first pass: verified on 2026-11-25 08:30 UTC; final pass: running"
    ) in render_html(report)


AT = datetime(2026, 11, 25, 8, 30, tzinfo=UTC).timestamp()


def test_who_has_no_mailbox_any_more_is_listed_and_not_counted(tmp_path: Path) -> None:
    """A pass has found out; until then a final export is missing."""
    final = [
        make_export(n, n, Stage.VERIFIED, export_pass=Pass.FINAL, verified_at=AT) for n in NAMES
    ]
    left = make_export("7", "leaver", Stage.VERIFIED, verified_at=AT)
    lost = make_export("8", "lost", Stage.FAILED, reason="damaged")
    before = build(tmp_path, left, lost, *final)
    gone = [replace(each, gone_at=AT + 1) for each in (left, lost)]
    after = build(tmp_path, *gone, *final)
    (organization,) = build_document(after)["organizations"]
    text = render_text(after)

    jsonschema.validate(build_document(after), SCHEMA)
    assert (78, 100) == (before.readiness, after.readiness)
    assert "ready: 100 %: 5 of 5 mailboxes have a verified export, 5 of 5 one of the" in text
    assert "5 verified, the oldest on 2026-11-25 08:30 UTC\n" in text
    assert not [b for b in organization["blockers"] if "export" in b["title"].partition(":")[0]]
    assert ["leaver", "lost"] == [each["name"] for each in organization["gone"]]
    assert (
        "  in WorkMail no more, and so not counted:\n"
        "    leaver (7): its export of 2026-11-25 08:30 UTC is all there is\n"
        "    lost (8): there is no export of it: lost\n"
    ) in text
    assert "leaver (7): its export of 2026-11-25 08:30 UTC is all there is" in render_html(after)


def test_what_was_verified_by_its_presence_alone_blocks_and_remarks_are_told(
    tmp_path: Path,
) -> None:
    remark = "the zip has 3 files, the log says 4 messages"
    large = "too large to read within 15 minutes: only its presence is verified"
    final = [
        make_export(n, n, Stage.VERIFIED, export_pass=Pass.FINAL, checked=Checked.HASH)
        for n in NAMES[2:]
    ]
    jim = make_export("jim", "jim", Stage.VERIFIED, export_pass=Pass.FINAL, reason=remark)
    cmd = make_export(
        *("cmd", "cmd", Stage.VERIFIED),
        export_pass=Pass.FINAL,
        checked=Checked.SIZE,
        reason=large,
    )
    report = build(tmp_path, *final, jim, cmd)
    (organization,) = build_document(report)["organizations"]
    blockers = {each["title"]: each["names"] for each in organization["blockers"]}

    jsonschema.validate(build_document(report), SCHEMA)
    assert (f"  verified, with a remark:\n    jim: {remark}\n    cmd: {large}\n") in render_text(
        report
    )
    assert [["cmd"]] == [names for title, names in blockers.items() if "SHA-384" in title]
    assert "size" == organization["exports"][1]["checked"]


def test_what_a_spec_leaves_out_is_by_hand(run: Run, tmp_path: Path) -> None:
    """An import writes down what it leaves out; it ends with WorkMail all the same."""
    path = tmp_path / "spec.yaml"
    drift = "    drift: {unmanaged: [{path: groups.former, reason: switched off}]}\n    users:"
    path.write_text(SPEC.replace("    users:", drift, 1), encoding="utf-8")
    result = run("leave", "report", str(path), "--to", "google", "--format", "json")
    (organization,) = json.loads(result.stdout)["organizations"]
    entries = organization["destinations"][0]["entries"]

    assert [("groups.former", "switched off", "hand")] == [
        (each["name"], each["value"], each["placement"])
        for each in entries
        if each["kind"] == "left out of the spec"
    ]


def test_who_came_after_the_first_pass_needs_the_final_one_alone(tmp_path: Path) -> None:
    final = [make_export(n, n, Stage.VERIFIED, export_pass=Pass.FINAL) for n in NAMES]
    first = [make_export(n, n, Stage.VERIFIED) for n in NAMES[1:]]

    assert 100 == build(tmp_path, *first, *final).readiness


def test_what_workmail_has_decides_whose_mailbox_there_is(tmp_path: Path) -> None:
    """Somebody was switched off by the stack, somebody joined, and somebody was deleted since."""
    final = [
        make_export(n, n, Stage.VERIFIED, export_pass=Pass.FINAL, verified_at=AT) for n in NAMES
    ]
    deadline = datetime(2026, 12, 20, 12, 0, tzinfo=UTC)
    rows = [
        *(LiveMailbox(id=EntityId(name), reference=parse_reference(name)) for name in NAMES),
        LiveMailbox(id=EntityId("d"), reference=parse_reference("dan"), deadline=deadline),
    ]
    whole = build(tmp_path, *final, present=rows[:-1])
    report = build(tmp_path, *final, make_export("8", "left", Stage.VERIFIED), present=rows)
    (organization,) = build_document(report)["organizations"]
    blockers = {each["title"]: each["names"] for each in organization["blockers"]}

    assert (100, 83) == (whole.readiness, report.readiness)
    dan = "dan (switched off, erased on 2026-12-20 12:00 UTC)"
    assert [dan] == blockers["no verified export yet: workmail-org leave export"]
    assert [[dan]] == [names for title, names in blockers.items() if "not in the spec" in title]
    assert [*NAMES, "dan"] == organization["mailboxes"]
    assert ["left"] == [each["name"] for each in organization["gone"]]
    assert "off" not in str(whole.organizations[0].blockers)


def test_whoever_is_not_in_the_spec_is_named_since_no_file_has_them(tmp_path: Path) -> None:
    final = [make_export(n, n, Stage.VERIFIED, export_pass=Pass.FINAL) for n in NAMES]
    strangers = [
        make_export("7", "Ghost.User", Stage.VERIFIED, export_pass=Pass.FINAL),
        make_export("8", "Closet", Stage.RUNNING, kind=Kind.RESOURCE),
    ]
    (organization,) = build_document(build(tmp_path, *final, *strangers))["organizations"]
    (names,) = [
        each["names"] for each in organization["blockers"] if "not in the spec" in each["title"]
    ]

    assert ["Ghost.User", "resource:Closet"] == names


def test_a_journal_that_was_not_read_is_no_export(tmp_path: Path) -> None:
    report = build(tmp_path, unread="stack production-acme is not deployed")
    document = build_document(report)
    (organization,) = document["organizations"]

    jsonschema.validate(document, SCHEMA)
    assert (None, None, "stack production-acme is not deployed") == (
        document["readiness"],
        organization["exports"],
        organization["exports_unread"],
    )
    assert "ready: not known: stack production-acme is not deployed\n" in render_text(report)
    assert "exports are not known\n" in render_text(report)
    assert [
        "nobody knows which mailboxes are safe, and they end with WorkMail: stack production-acme "
        "is not deployed"
    ] == [each["title"] for each in organization["blockers"] if "safe" in each["title"]]


def test_a_report_without_aws_says_that_exports_were_not_looked_at(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC.replace("    users:", "    exports: {}\n    users:", 1), encoding="utf-8")
    result = run("leave", "report", str(path), "--offline")

    assert 0 == result.exit_code
    assert "ready: not known: exports were not looked at (--offline)\n" in result.stdout
    assert "ready=unknown" in result.stdout


def test_a_stack_that_is_not_there_is_no_empty_journal(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was destroyed, or the credentials are those of another account."""

    def find_nothing(*_: object, **__: object) -> None:
        """Find no stack."""

    monkeypatch.setattr(clients, "make_clients", find_nothing)
    monkeypatch.setattr(templates, "read_stack", find_nothing)
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC.replace("    users:", "    exports: {}\n    users:", 1), encoding="utf-8")
    result = run("leave", "report", str(path))

    assert 0 == result.exit_code
    assert (
        "ready: not known: stack production-acme is not deployed in eu-west-1 of the account of "
        "these credentials, so its journal was not read\n"
    ) in result.stdout
    assert "ready=unknown" in result.stdout


@pytest.mark.parametrize(
    ("words", "deployed", "expected"),
    [
        ({}, "Delete", "set on_removal: {domains: retain}, and deploy"),
        ({"domains": Removal.RETAIN}, "Delete", "the spec retains them and is not deployed as it"),
        ({"domains": Removal.RETAIN}, "Retain", None),
    ],
)
def test_records_that_go_with_the_stack_block(
    words: dict[str, Any], deployed: str, expected: str | None
) -> None:
    zone = HostedZone(hosted_zone_id="Z1", zone_name="acme.example")
    organization = Organization(
        key="acme",
        region="eu-west-1",
        alias="acme",
        domains=(MailDomain(name="acme.example", default=True, dns=zone),),
        on_removal=OnRemoval(**words),
        exports=Exports(),
    )
    report = build_report(
        Environment(name="production", organizations=(organization,)),
        [organization],
        spec="spec.yaml",
        today=date(2026, 11, 26),
        destinations=[],
        looked=Looked(
            exports={"acme": ()},
            deletes_records=frozenset({"acme"} if deployed == "Delete" else ()),
        ),
    )
    (found,) = report.organizations
    titles = [each.title for each in found.blockers if "DNS records" in each.title]
    ends = [each for each in found.ends if "DNS records" in each]
    kept = "left as they are" if words else "deleted, whatever they lead to by then"

    assert [f"DNS records of acme.example: {kept}"] == ends
    assert bool(expected) == bool(titles)
    assert not expected or expected in titles[0]


def test_two_mailboxes_of_one_name_are_two(tmp_path: Path) -> None:
    """A user was deleted, and another one made with the name."""
    both = [make_export(each, "jim", Stage.VERIFIED) for each in ("1", "2")]
    report = build(tmp_path, *both)

    assert 6 == len(report.organizations[0].mailboxes)
    assert 16 == report.readiness


def test_after_the_end_nothing_is_promised(tmp_path: Path) -> None:
    text = render_text(build(tmp_path, today=date(2027, 4, 1)))

    assert "Amazon WorkMail ended on 2027-03-31\n" in text
    assert "nothing can be read any more" in text
    assert "result: days_left=-1 ready=0 blockers=3" in text


def test_a_report_that_cannot_be_written_leaves_the_one_before(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC, encoding="utf-8")
    page = tmp_path / "report.html"
    page.write_text("of before", encoding="utf-8")
    words = ("leave", "report", str(tmp_path / "spec.yaml"), "--output", str(page))
    write = Path.write_text

    def fill(path: Path, text: str, **options: Any) -> int:
        write(path, text[:10], **options)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fill)
    refused = run(*words)
    monkeypatch.setattr(Path, "write_text", write)

    assert 0 != refused.exit_code
    assert "report.html cannot be written: no space left on device\n" in refused.stderr
    assert "of before" == page.read_text("utf-8")
    assert [] == [each.name for each in tmp_path.iterdir() if each.name.startswith(".report")]
    assert 0 == run(*words).exit_code
    assert page.read_text("utf-8").startswith("production: leaving Amazon WorkMail\n")


@pytest.mark.parametrize(
    "arguments", [[], ["--region", "eu-west-1"], ["spec.yaml", "--alias", "acme"]]
)
def test_a_report_is_about_a_spec_or_a_live_organization(
    arguments: list[str], run: Run, spec: dict[str, str | bytes]
) -> None:
    result = run("leave", "report", *arguments, files=spec)

    assert (2, True) == (result.exit_code, "give SPEC, or --region and --alias" in result.output)


def write_log(*events: object) -> str:
    """Write a log as `aws logs filter-log-events` prints it."""
    start = 1_764_000_000_000  # 2025-11-24 16:00 UTC
    listed = [
        {"timestamp": start + 86_400_000 * day, "message": json.dumps(event)}
        for day, event in enumerate(events)
    ]
    return json.dumps({"events": listed, "searchedLogStreams": []})


def sign_in(user: str, protocol: str, successful: object = True) -> dict[str, Any]:
    return {"user": user, "protocol": protocol, "auth_successful": successful}


def test_who_still_signs_in_is_told_by_protocol(run: Run, spec: dict[str, str | bytes]) -> None:
    log = write_log(
        sign_in("scanner", "SMTP"),
        sign_in("Scanner", "SMTP", "true"),
        sign_in("jim", "IMAP"),
        sign_in("mallory", "IMAP", successful=False),
        {"folder_path": "/Inbox", "user": "jim"},
        [],
        sign_in("<b>zoe</b>", "ActiveSync"),
    )
    files = {**spec, "log.json": log}
    text = run("leave", "report", "spec.yaml", "--sign-ins", "log.json", files=files).stdout
    page = run(
        *("leave", "report", "spec.yaml", "--sign-ins", "log.json", "--format", "html"), files=files
    ).stdout
    document = json.loads(
        run(
            *("leave", "report", "spec.yaml", "--sign-ins", "log.json", "--format", "json"),
            files=files,
        ).stdout
    )

    assert (
        "Who still signs in:\n"
        "  ActiveSync: <b>zoe</b> (1, last on 2025-11-30)\n"
        "  IMAP: jim (1, last on 2025-11-26)\n"
        "  SMTP: scanner (2, last on 2025-11-25)\n"
    ) in text
    assert "&lt;b&gt;zoe&lt;/b&gt; (1, last" in page
    jsonschema.validate(document, SCHEMA)
    assert ["zoe", "jim", "scanner"] == [
        re.sub("<.*?>", "", each["user"]) for each in document["sign_ins"]
    ]


@pytest.mark.parametrize(
    "log", ["", "[]", "{}", '{"events": [{"timestamp": 1, "message": "x"}]}', '{"events": [1]}']
)
def test_what_is_no_audit_log_is_refused(log: str, run: Run, spec: dict[str, str | bytes]) -> None:
    result = run(
        *("leave", "report", "spec.yaml", "--sign-ins", "log.json"), files={**spec, "log.json": log}
    )

    assert (2, True) == (
        result.exit_code,
        result.stderr.startswith("log.json is not an audit log: write it with aws logs filter-"),
    )


@pytest.mark.parametrize(
    ("events", "message", "document"),
    [
        (
            list[object](),
            "Who still signs in is not known: the logs have no authentication event. Name the logs "
            "of WorkMail's authentication events with --sign-ins, of some days",
            (None, {"authentication": 0, "other": 0}),
        ),
        (
            [{"folder_path": "/Inbox", "user": "jim", "protocol": "IMAP"}, {"access_granted": "1"}],
            "Who still signs in is not known: the logs have no authentication event, and 2 events "
            "of other kinds. Name the logs of WorkMail's authentication events with --sign-ins, of "
            "some days",
            (None, {"authentication": 0, "other": 2}),
        ),
        (
            [sign_in("mallory", "IMAP", successful=False)],
            "Nobody signs in any more, by the logs: 1 attempt, which failed",
            (list[object](), {"authentication": 1, "other": 0}),
        ),
    ],
    ids=["no event", "events of other kinds", "failed attempts"],
)
def test_what_logs_say_nothing_about_is_not_known(
    events: list[object],
    message: str,
    document: tuple[Any, Any],
    run: Run,
    spec: dict[str, str | bytes],
) -> None:
    def report(form: str) -> str:
        words = ("leave", "report", "spec.yaml", "--sign-ins", "log.json", "--format", form)
        return run(*words, files={**spec, "log.json": write_log(*events)}).stdout

    assert f"\n{message}\n" in report("text")
    assert f"<p>{message.replace(chr(39), '&#39;')}.</p>" in report("html")
    found = json.loads(report("json"))
    jsonschema.validate(found, SCHEMA)
    assert document == (found["sign_ins"], found["sign_in_events"])
