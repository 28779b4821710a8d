"""The emulator's document holds in an empty environment with the wheel's extra `emulator` alone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from wheels import Environment, build_wheel, make_environment

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "emulator.md").read_text()
IN_A_TEST, SEEDED, IN_A_PROGRAM = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)

EMPTY = """
def test_nothing_is_left_of_another_test(workmail):
    assert workmail.list_organizations()["OrganizationSummaries"] == []
"""

UNUSED = """
import sys

def test_that_uses_no_fixture():
    assert not {"botocore", "boto3", "workmail_emulator"} & set(sys.modules)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("emulator")
    return make_environment(folder, build_wheel(folder), "emulator")


def test_the_documents_test_passes_and_each_test_begins_empty(environment: Environment) -> None:
    (environment.work / "test_document.py").write_text(IN_A_TEST + EMPTY)
    ran = environment.run("python", "-m", "pytest", "-q", "-W", "error", "test_document.py")
    assert (ran.returncode, "2 passed" in ran.stdout) == (0, True), ran.stdout + ran.stderr


SPEC = """
version: 1
environment: test
organizations:
  acme:
    region: eu-west-1
    alias: acme
    users: {alice: {display_name: Alice Liddell}, carl: {display_name: Carl, enabled: false}}
    groups: {sales: {members: [alice]}}
"""

CHANGED = """
def test_it_begins_anew(workmail):
    (acme,) = workmail.list_organizations()["OrganizationSummaries"]
    groups = workmail.list_groups(OrganizationId=acme["OrganizationId"])["Groups"]
    (sales,) = [each for each in groups if each["Name"] == "sales"]
    assert sales["State"] == "ENABLED"
    workmail.deregister_from_work_mail(
        OrganizationId=acme["OrganizationId"], EntityId=sales["Id"]
    )
"""


def test_the_environment_of_whoever_runs_the_tests_does_not_matter(
    environment: Environment,
) -> None:
    (environment.work / "test_document.py").write_text(IN_A_TEST)
    ran = environment.run(
        *("python", "-m", "pytest", "-q", "-W", "error", "test_document.py"),
        AWS_PROFILE="of-another-machine",
        AWS_CONFIG_FILE=str(environment.work),
        AWS_CA_BUNDLE="/gone.pem",
        AWS_ENDPOINT_URL_WORKMAIL="http://127.0.0.1:1",
        HTTP_PROXY="http://127.0.0.1:1",
        http_proxy="http://127.0.0.1:1",
    )

    assert 0 == ran.returncode, ran.stdout


def test_tests_begin_with_a_spec_or_with_a_dump_of_it(environment: Environment) -> None:
    specs = environment.work / "config"
    specs.mkdir()
    (specs / "staging.yaml").write_text(SPEC)
    emulator = "import sys, json, pathlib; from workmail_emulator.seeding import read_seed; "
    made = environment.run(
        *("python", "-c", emulator + "json.dump(read_seed(pathlib.Path(sys.argv[1])), sys.stdout)"),
        "config/staging.yaml",
    )
    (specs / "dump.json").write_text(made.stdout)
    again = CHANGED.replace("def test_it", "def test_each_time_it")
    dumped = SEEDED.replace("config/staging.yaml", "config/dump.json")
    (environment.work / "test_spec.py").write_text(SEEDED + CHANGED + again)
    (environment.work / "test_dump.py").write_text(dumped + CHANGED + again)
    root = str(environment.work)
    for name in ("test_spec.py", "test_dump.py"):
        command = ("python", "-m", "pytest", "-q", "-W", "error", "--rootdir", root)
        ran = environment.run(*command, str(environment.work / name))
        assert (ran.returncode, "3 passed" in ran.stdout) == (0, True), ran.stdout + ran.stderr


def test_a_run_without_the_fixtures_does_not_load_the_emulator(environment: Environment) -> None:
    (environment.work / "test_unused.py").write_text(UNUSED)
    ran = environment.run("python", "-m", "pytest", "-q", "-W", "error", "test_unused.py")
    assert (ran.returncode, "1 passed" in ran.stdout) == (0, True), ran.stdout + ran.stderr


def test_the_documents_program_talks_to_the_console_script(environment: Environment) -> None:
    command = [str(environment.folder / "bin" / "workmail-emulator"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as emulator:  # noqa: S603
        try:
            assert emulator.stdout is not None
            url = emulator.stdout.readline().strip()
            listing = '\nprint(workmail.list_organizations()["OrganizationSummaries"][0]["Alias"])'
            program = IN_A_PROGRAM.replace("http://127.0.0.1:8025", url) + listing
            ran = environment.run("python", "-c", program)
        finally:
            emulator.terminate()
    assert (ran.stdout, ran.returncode, emulator.returncode) == ("acme\n", 0, 0), ran.stderr
