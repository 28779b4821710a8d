"""The emulator's document holds in an empty environment with the wheel's extra `emulator` alone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from wheels import Environment, build_wheel, make_environment

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "emulator.md").read_text()
IN_A_TEST, IN_A_PROGRAM = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)

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
