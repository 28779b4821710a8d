"""The GitHub Action with `mode: drift`: its steps, run as a runner would, with a made-up result."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
ME = "github-actions[bot]"
MARKER = "<!-- workmail-org drift -->"

FAKE_PROGRAM = '''\
#!{python}
"""Plays `workmail-org drift`: each spec holds the exit code."""
import pathlib, sys
arguments = sys.argv[1:]
assert arguments[0] == "drift" and "--exit-code" in arguments
assert arguments[arguments.index("--format") + 1] == "markdown"
code = int(pathlib.Path(arguments[-1]).read_text())
if code in (0, 5, 6):
    output = pathlib.Path(arguments[arguments.index("--output") + 1])
    output.write_text("{marker}\\n### " + arguments[-1] + " ends with " + str(code) + "\\n")
    print("result: " + {{0: "clean", 5: "drift", 6: "incomplete"}}[code])
else:
    print("AWS said no: `rm`", file=sys.stderr)
sys.exit(code)
'''

FAKE_GH = '''\
#!{python}
"""Plays `gh api` for issues, which lie in a file."""
import json, os, pathlib, sys
place = pathlib.Path({place!r})
issues = json.loads(place.read_text()) if place.exists() else []
arguments = sys.argv[2:]
assert sys.argv[1] == "api" and os.environ["GH_TOKEN"] == "t0ken"
path = next(each for each in arguments if each.startswith("repos/acme/mail/issues"))
places = [i for i, each in enumerate(arguments) if each in ("-f", "-F")]
fields = dict(arguments[i + 1].split("=", 1) for i in places)
if "--jq" in arguments:
    assert path.endswith("/issues?state=open&labels=workmail-drift&per_page=100"), path
    assert arguments[arguments.index("--jq") + 1] == (
        '.[] | select(.pull_request == null and .user.login == env.AUTHOR and '
        '((.body // "") | startswith(env.MARKER))) | .number'
    )
    for each in issues:
        if each["state"] == "open" and each["author"] == os.environ["AUTHOR"] and (
            each["body"].startswith(os.environ["MARKER"])
        ):
            print(each["number"])
    sys.exit()
body = pathlib.Path(fields["body"].removeprefix("@")).read_text()
if "POST" in arguments:
    assert path.endswith("/issues") and fields["labels[]"] == "workmail-drift" and fields["title"]
    issues.append({{"number": len(issues) + 1, "author": {me!r}, "body": body, "state": "open"}})
else:
    assert "PATCH" in arguments
    (found,) = [each for each in issues if path.endswith("/issues/" + str(each["number"]))]
    found |= {{"body": body, "state": fields.get("state", found["state"])}}
place.write_text(json.dumps(issues))
'''


@dataclass
class Outcome:
    """How a job went."""

    code: int
    log: str
    summary: str


class Job:
    """Scheduled runs of one repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = folder / "issues.json"
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.install("workmail-org", FAKE_PROGRAM.format(python=sys.executable, marker=MARKER))
        self.install("gh", FAKE_GH.format(python=sys.executable, place=str(self.place), me=ME))

    def install(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(text, "utf-8")
        path.chmod(0o755)

    @property
    def issues(self) -> list[dict[str, Any]]:
        return json.loads(self.place.read_text()) if self.place.exists() else []

    def run(self, *codes: int, **inputs: str) -> Outcome:
        """Run the steps of action.yml that are scripts, in order, until one fails.

        Args:
            codes: That the program ends with, of each spec.
            inputs: As action.yml names them, with _ for -.
        """
        for number, code in enumerate(codes):
            (self.folder / f"spec-{number}.yaml").write_text(str(code))
        known = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()}
        known |= {"mode": "drift", "token": "t0ken"}
        known["specs"] = "\n".join(f"spec-{number}.yaml" for number in range(len(codes)))
        known |= {name.replace("_", "-"): value for name, value in inputs.items()}
        terms = {f"inputs.{name}": value for name, value in known.items()}
        outcome = Outcome(0, "", "")
        for step in ACTION["runs"]["steps"]:
            condition = step.get("if", "")
            if "run" not in step or re.search(r"(key|install)\.sh", step["run"]):
                continue
            if condition.startswith("inputs.mode != 'drift'"):
                continue
            assert "inputs.mode == 'drift'" == condition
            files = {n: self.folder / n for n in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
            for path in files.values():
                path.write_text("")
            done = subprocess.run(  # noqa: S603 - the step's own script
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],  # noqa: S607
                cwd=self.folder,
                env={
                    "PATH": f"{self.bin}:{os.environ['PATH']}",
                    "RUNNER_TEMP": str(self.folder),
                    "GITHUB_ACTION_PATH": str(ROOT),
                    "GITHUB_REPOSITORY": "acme/mail",
                    **{name: str(path) for name, path in files.items()},
                    **{name: fill(value, terms) for name, value in step["env"].items()},
                },
                capture_output=True,
                text=True,
                check=False,
            )
            outcome.log += done.stdout + done.stderr
            outcome.summary += files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
            outcome.code = done.returncode
            if done.returncode:
                break
            if "id" in step:
                lines = files["GITHUB_OUTPUT"].read_text("utf-8").splitlines()
                told = dict(line.split("=", 1) for line in lines)
                terms |= {f"steps.{step['id']}.outputs.{name}": v for name, v in told.items()}
        return outcome


def fill(text: str, terms: dict[str, str]) -> str:
    """Put values in for `${{ … }}`; a term that nobody knows fails."""
    return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: terms[found[1]], text)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_drift_opens_one_issue_that_is_updated_and_closed_when_clean(job: Job) -> None:
    first = job.run(5)
    again = job.run(5, 0)

    assert (0, 0) == (first.code, again.code), first.log + again.log
    (issue,) = job.issues
    assert "open" == issue["state"]
    assert issue["body"].splitlines() == [
        MARKER,
        "### spec-0.yaml ends with 5",
        "### spec-1.yaml ends with 0",
    ]
    assert "::warning::WorkMail has drifted" in again.log

    clean = job.run(0)

    assert 0 == clean.code
    assert ["closed"] == [each["state"] for each in job.issues]
    assert "### spec-0.yaml ends with 0" in clean.summary

    job.run(5)

    assert ["closed", "open"] == [each["state"] for each in job.issues]


def test_a_clean_run_without_an_issue_opens_none(job: Job) -> None:
    outcome = job.run(0)

    assert (0, []) == (outcome.code, job.issues)
    assert "result: clean" in outcome.log


@pytest.mark.parametrize("code", [1, 2, 4, 6, 143])
def test_an_error_fails_with_its_code_and_leaves_the_issue_alone(job: Job, code: int) -> None:
    job.run(5)
    before = job.issues
    outcome = job.run(0, code)

    assert code == outcome.code
    assert before == job.issues
    assert (
        f"::error::spec-1.yaml could not be looked at, or not everything of it (exit code {code})"
        in (outcome.log)
    )


@pytest.mark.parametrize("code", [1, 4, 6])
def test_an_error_opens_no_issue(job: Job, code: int) -> None:
    assert code == job.run(code).code
    assert [] == job.issues


def test_an_error_beside_drift_shows_the_drift_and_fails(job: Job) -> None:
    outcome = job.run(5, 4, 5)

    assert 4 == outcome.code
    (issue,) = job.issues
    assert "spec-0.yaml ends with 5" in issue["body"]
    assert "### ❔ `spec-1.yaml` could not be looked at\n\n    AWS said no: `rm`\n" in issue["body"]
    assert "spec-2.yaml ends with 5" in issue["body"]


def test_drift_can_fail_the_job(job: Job) -> None:
    outcome = job.run(5, fail_on_drift="true")

    assert 5 == outcome.code
    assert ["open"] == [each["state"] for each in job.issues]


def test_two_issues_become_one(job: Job) -> None:
    body = f"{MARKER}\nold"
    job.place.write_text(
        json.dumps(
            [
                {"number": 1, "author": "eve", "body": body, "state": "open"},
                {"number": 2, "author": ME, "body": body, "state": "open"},
                {"number": 3, "author": ME, "body": body, "state": "open"},
                {"number": 4, "author": ME, "body": "another", "state": "open"},
            ]
        )
    )
    job.run(5)

    assert ["open", "open", "closed", "open"] == [each["state"] for each in job.issues]
    assert body == job.issues[0]["body"]
    assert "ends with 5" in job.issues[1]["body"]


def test_an_issue_that_cannot_be_written_fails(job: Job) -> None:
    """Otherwise nobody would hear of the drift."""
    job.install("gh", "#!/bin/sh\necho 'gh: Not Found (HTTP 404)' >&2\nexit 1\n")

    assert 0 != job.run(5).code
    assert 0 != job.run(0).code


def test_specs_have_to_be_named(job: Job) -> None:
    assert 1 == job.run(specs=" \n").code
