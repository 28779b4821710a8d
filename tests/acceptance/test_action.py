"""The GitHub Action: its steps, run here as a runner would, against a pull request made here."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
SCRIPTS = sorted((ROOT / "action").glob("*.sh"))
MATCHERS = json.loads((ROOT / "action" / "problems.json").read_text("utf-8"))["problemMatcher"]
ME = "github-actions[bot]"

SPEC = """\
version: 1
environment: production
organizations:
  acme:
    region: eu-west-1
    alias: acme
    users:
"""
PEOPLE = "".join(f"      user-{number}: {{display_name: User {number}}}\n" for number in range(12))

FAKE_GH = '''\
#!{python}
"""Plays `gh api` for the comments of a pull request, which lie in a file."""
import json, os, pathlib, sys
place = pathlib.Path({place!r})
if place.with_name("denied").exists():
    sys.exit("gh: Resource not accessible by integration (HTTP 403)")
comments = json.loads(place.read_text()) if place.exists() else []
arguments = sys.argv[2:]
assert sys.argv[1] == "api" and os.environ["GH_TOKEN"] == "t0ken"
path = next(each for each in arguments if each.startswith("repos/acme/mail/issues/"))
if "--jq" in arguments:
    assert arguments[arguments.index("--jq") + 1] == (
        ".[] | select(.user.login == env.AUTHOR and (.body | startswith(env.MARKER))) | .id"
    )
    assert "--paginate" in arguments and path.endswith("/issues/7/comments?per_page=100")
    for each in comments:
        if each["author"] == os.environ["AUTHOR"] and each["body"].startswith(os.environ["MARKER"]):
            print(each["id"])
    sys.exit()
body = pathlib.Path(arguments[arguments.index("-F") + 1].removeprefix("body=@")).read_text()
if "PATCH" in arguments:
    (found,) = [each for each in comments if path.endswith("/comments/" + str(each["id"]))]
    found["body"] = body
else:
    assert "POST" in arguments and path.endswith("/issues/7/comments")
    comments.append({{"id": len(comments) + 1, "author": {me!r}, "body": body}})
place.write_text(json.dumps(comments))
'''


@dataclass
class Outcome:
    """How a job went.

    Attributes:
        outputs: Of the step that reviews.
    """

    code: int
    log: str
    outputs: dict[str, str] = field(default_factory=dict[str, str])
    summary: str = ""


class Repository:
    """A repository with a base branch, and a clone of it as `actions/checkout` makes one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.origin = folder / "origin"
        self.work = folder / "work"
        self.comments_file = folder / "comments.json"
        self.origin.mkdir()
        self.git(self.origin, "init", "--quiet")
        self.git(self.origin, "symbolic-ref", "HEAD", "refs/heads/main")
        gh = folder / "bin" / "gh"
        gh.parent.mkdir()
        gh.write_text(
            FAKE_GH.format(python=sys.executable, place=str(self.comments_file), me=ME), "utf-8"
        )
        gh.chmod(gh.stat().st_mode | stat.S_IXUSR)

    def git(self, folder: Path, *arguments: str) -> str:
        names = ["-c", "user.name=x", "-c", "user.email=x@x.example"]
        done = subprocess.run(  # noqa: S603 - our own arguments
            ["git", *names, *arguments],  # noqa: S607 - the one of the machine
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, **files: str) -> None:
        """Commit on the base branch; the names of files have _ for / and no ending."""
        for name, text in files.items():
            path = self.origin / f"{name.replace('_', '/')}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git(self.origin, "add", "--all")
        self.git(self.origin, "commit", "--quiet", "--message=x")

    def check_out(self, *, whole: bool = False, **files: str) -> None:
        """Check out a pull request's merge commit, which changes some files."""
        self.git(self.origin, "checkout", "--quiet", "-B", "change")
        self.commit(**files)
        depth = [] if whole else ["--depth=1"]
        url = self.origin.as_uri()
        self.git(self.folder, "clone", "--quiet", "--branch=change", *depth, url, "work")
        self.git(self.origin, "checkout", "--quiet", "main")

    @property
    def comments(self) -> list[dict[str, Any]]:
        return json.loads(self.comments_file.read_text()) if self.comments_file.exists() else []

    def run(self, *, pull_request: bool = True, **inputs: str) -> Outcome:
        """Run the steps of action.yml that are scripts, in order, until one fails.

        Args:
            pull_request: Whether the runner runs for one.
            inputs: As action.yml names them, with _ for -.
        """
        number = "7" if pull_request else ""
        known = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()}
        known |= {"specs": "config/production.yaml", "token": "t0ken"}
        known |= {name.replace("_", "-"): value for name, value in inputs.items()}
        terms = {f"inputs.{name}": value for name, value in known.items()}
        terms["github.event.pull_request.number"] = number
        outcome = Outcome(0, "")
        temp = self.folder / "temp"
        temp.mkdir(exist_ok=True)
        for step in ACTION["runs"]["steps"]:
            if "run" not in step or re.search(r"(key|install)\.sh", step["run"]):
                continue  # tests/acceptance/test_action_install.py
            if not holds(step.get("if", ""), terms):
                continue
            files = {name: temp / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
            for path in files.values():
                path.write_text("")
            done = subprocess.run(  # noqa: S603 - the step's own script
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],  # noqa: S607
                cwd=self.work,
                env={
                    "PATH": f"{self.folder / 'bin'}:{BIN}:{os.environ['PATH']}",
                    "HOME": str(self.folder),
                    "RUNNER_TEMP": str(temp),
                    "GITHUB_ACTION_PATH": str(ROOT),
                    "GITHUB_REPOSITORY": "acme/mail",
                    "GITHUB_BASE_REF": "main" if pull_request else "",
                    **{name: str(path) for name, path in files.items()},
                    **{k: fill(v, terms) for k, v in step.get("env", {}).items()},
                },
                capture_output=True,
                text=True,
                check=False,
            )
            outcome.log += done.stdout + done.stderr
            outcome.summary += files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
            if "id" in step:
                lines = files["GITHUB_OUTPUT"].read_text("utf-8").splitlines()
                outcome.outputs = dict(line.split("=", 1) for line in lines)
                terms |= {f"steps.{step['id']}.outputs.{k}": v for k, v in outcome.outputs.items()}
            outcome.code = done.returncode
            if done.returncode:
                break
        return outcome


def fill(text: str, terms: dict[str, str]) -> str:
    """Put values in for `${{ … }}`; a term that nobody knows fails."""
    return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: terms[found[1]], text)


def holds(condition: str, terms: dict[str, str]) -> bool:
    """Judge the few conditions that action.yml has."""
    for part in filter(None, condition.split(" && ")):
        term, _, compared = part.partition(" ")
        operator, _, literal = compared.partition(" ")
        value = terms[term]
        told = {
            "": bool(value),
            "==": value == literal.strip("'"),
            "!=": value != literal.strip("'"),
        }
        if not told[operator]:
            return False
    return True


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path)
    repository.commit(config_production=SPEC + PEOPLE)
    return repository


def rename(old: str, new: str) -> str:
    return (SPEC + PEOPLE).replace(f"User {old}}}", f"{new}}}")


def test_a_change_is_planned_against_the_base_branch_and_told(repository: Repository) -> None:
    repository.check_out(config_production=rename("3", "Zoë Weiß"))

    outcome = repository.run()

    assert (0, {"valid": "true", "changes": "true", "refused": "false"}) == (
        outcome.code,
        {key: value for key, value in outcome.outputs.items() if key != "folder"},
    ), outcome.log
    (comment,) = repository.comments
    marker, _, body = comment["body"].partition("\n")
    assert "<!-- workmail-org review of config/production.yaml -->" == marker
    assert "Zoë Weiß" in body
    assert "origin/main" in body
    assert comment["body"] == outcome.summary
    (report,) = Path(outcome.outputs["folder"]).glob("*.html")
    assert "Zoë Weiß" in html.unescape(report.read_text("utf-8"))


def test_the_comment_is_replaced_and_nobody_elses_is(repository: Repository) -> None:
    marker = "<!-- workmail-org review of config/production.yaml -->"
    foreign = {"id": 1, "author": "eve", "body": f"{marker}\nall is well"}
    repository.comments_file.write_text(json.dumps([foreign]))
    repository.check_out(config_production=rename("3", "First"))
    repository.run()
    path = repository.work / "config" / "production.yaml"
    path.write_text(rename("3", "Second"), encoding="utf-8")

    repository.run()

    kept, ours = repository.comments
    assert foreign == kept
    assert ("Second" in ours["body"], "First" in ours["body"]) == (True, False)


def test_without_a_change_there_is_nothing_to_do(repository: Repository) -> None:
    repository.check_out(config_other="x: 1\n")

    outcome = repository.run()

    assert (0, "false", "false") == (
        outcome.code,
        outcome.outputs["changes"],
        outcome.outputs["refused"],
    ), outcome.log


def test_a_spec_that_is_not_valid_fails_the_job_and_says_why(repository: Repository) -> None:
    repository.check_out(config_production=(SPEC + PEOPLE).replace("eu-west-1", "eu-west-9"))

    outcome = repository.run()

    assert (1, "false") == (outcome.code, outcome.outputs["valid"])
    problem = (
        'config/production.yaml:5:13: organizations.acme.region: "eu-west-9" is not a valid'
        " WorkMail region; allowed: us-east-1, us-west-2, eu-west-1"
    )
    assert problem in outcome.log.splitlines()
    (comment,) = repository.comments
    assert (
        textwrap.dedent(
            f"""\
        <!-- workmail-org review of config/production.yaml -->
        ### ⛔ `config/production.yaml` is not valid

            {problem}
            1 error
        """
        )
        == comment["body"]
    )


@pytest.mark.parametrize(("fail", "code"), [("true", 1), ("false", 0)])
def test_a_plan_that_is_refused_fails_the_job_if_that_is_asked_for(
    repository: Repository, fail: str, code: int
) -> None:
    few = "".join(PEOPLE.splitlines(keepends=True)[:5])
    repository.check_out(config_production=SPEC + few)

    outcome = repository.run(fail_on_brakes=fail)

    assert (code, "true", "true") == (
        outcome.code,
        outcome.outputs["refused"],
        outcome.outputs["changes"],
    ), outcome.log
    assert "must be confirmed" in repository.comments[0]["body"]


def test_a_change_that_mends_the_base_is_possible(repository: Repository) -> None:
    repository.commit(config_production="version: 2\n")
    repository.check_out(config_production=SPEC + PEOPLE)

    outcome = repository.run()

    assert (0, "true") == (outcome.code, outcome.outputs["valid"]), outcome.log
    assert "cannot be planned against `origin/main`" in repository.comments[0]["body"]
    assert "is not a valid version of the spec format" in repository.comments[0]["body"]


def test_a_new_spec_is_planned_against_nothing(repository: Repository) -> None:
    repository.check_out(config_new=SPEC + PEOPLE)

    outcome = repository.run(specs="config/new.yaml")

    assert (0, "true") == (outcome.code, outcome.outputs["changes"]), outcome.log


def test_every_spec_has_a_comment_of_its_own(repository: Repository) -> None:
    second = (SPEC + PEOPLE).replace("acme", "beta").replace("production", "testing")
    repository.check_out(config_production=rename("3", "Changed"), config_testing=second)

    outcome = repository.run(specs="  config/production.yaml\r\n\n config/testing.yaml \n")

    assert 0 == outcome.code, outcome.log
    assert [
        "<!-- workmail-org review of config/production.yaml -->",
        "<!-- workmail-org review of config/testing.yaml -->",
    ] == [comment["body"].splitlines()[0] for comment in repository.comments]


def test_a_spec_may_have_spaces_in_its_name_and_windows_line_ends(repository: Repository) -> None:
    spec = repository.origin / "my specs" / "of mail.yaml"
    spec.parent.mkdir()
    spec.write_text(SPEC + PEOPLE, encoding="utf-8", newline="\r\n")
    repository.commit()
    repository.check_out(config_other=SPEC + PEOPLE)
    changed = repository.work / "my specs" / "of mail.yaml"
    changed.write_text(rename("3", "Changed"), encoding="utf-8", newline="\r\n")

    outcome = repository.run(specs="my specs/of mail.yaml")

    assert (0, "true") == (outcome.code, outcome.outputs["changes"]), outcome.log
    assert "1 change with no effect on mail" in repository.comments[0]["body"]


def test_a_summary_is_never_longer_than_the_service_takes(repository: Repository) -> None:
    """It drops a longer one whole."""
    repository.check_out(config_other=SPEC + PEOPLE)
    talkative = repository.folder / "bin" / "workmail-org"
    talkative.write_text("#!/bin/sh\nhead -c 70000 /dev/zero | tr '\\0' x\nexit 2\n")
    talkative.chmod(talkative.stat().st_mode | stat.S_IXUSR)

    outcome = repository.run(specs="\n".join(f"config/{number:02}.yaml" for number in range(18)))

    assert "config/00.yaml" in outcome.summary
    assert 900_000 < len(outcome.summary.encode()) < 1024 * 1024
    assert outcome.summary.endswith("… and more, in the log of the job\n")


def test_without_a_pull_request_specs_are_only_validated(repository: Repository) -> None:
    repository.check_out(config_production=rename("3", "Changed"))

    outcome = repository.run(pull_request=False)

    assert (0, "true", "false") == (
        outcome.code,
        outcome.outputs["valid"],
        outcome.outputs["changes"],
    ), outcome.log
    assert "there is no base branch" in outcome.summary
    assert [] == repository.comments


def test_what_to_compare_with_can_be_given(repository: Repository) -> None:
    repository.check_out(whole=True, config_production=rename("3", "Changed"))

    outcome = repository.run(pull_request=False, against="HEAD~1")

    assert (0, "true") == (outcome.code, outcome.outputs["changes"]), outcome.log


def test_a_whole_clone_stays_whole(repository: Repository) -> None:
    repository.commit(config_production=rename("3", "Before"))
    repository.check_out(whole=True, config_production=rename("3", "After"))

    repository.run()

    assert "false" == repository.git(repository.work, "rev-parse", "--is-shallow-repository")
    assert "3" == repository.git(repository.work, "rev-list", "--count", "HEAD")


def test_a_base_that_cannot_be_fetched_fails(repository: Repository) -> None:
    repository.check_out(config_production=rename("3", "Changed"))
    shutil.rmtree(repository.origin)

    outcome = repository.run()

    assert 0 != outcome.code
    assert {} == outcome.outputs


def test_a_token_that_can_only_read_is_no_failure(repository: Repository) -> None:
    """Pull requests from forks have one; the summary tells the same."""
    (repository.folder / "denied").touch()
    repository.check_out(config_production=rename("3", "Changed"))

    outcome = repository.run()

    assert 0 == outcome.code
    assert "::warning::the comment could not be written" in outcome.log
    assert "Changed" in outcome.summary


def test_specs_have_to_be_named(repository: Repository) -> None:
    repository.check_out(config_other="x: 1\n")

    outcome = repository.run(specs=" \n")

    assert (1, "::error::specs names no file\n") == (outcome.code, outcome.log)


def test_a_comment_is_never_longer_than_the_service_takes(repository: Repository) -> None:
    folder = repository.folder / "bodies"
    folder.mkdir()
    (folder / "1.md").write_text("<!-- x -->\n" + "ß" * 70_000, encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - our own script
        [ROOT / "action" / "comment.sh"],
        env={
            "PATH": f"{repository.folder / 'bin'}:{os.environ['PATH']}",
            "FOLDER": str(folder),
            "GITHUB_REPOSITORY": "acme/mail",
            "PULL_REQUEST": "7",
            "AUTHOR": ME,
            "GH_TOKEN": "t0ken",
        },
        check=True,
    )
    assert 0 == done.returncode
    (comment,) = repository.comments

    assert 65_000 < len(comment["body"]) <= 65_536
    assert comment["body"].endswith("… and more, in the summary of the job\n")


def test_lines_of_problems_become_annotations() -> None:
    (error,) = MATCHERS[0]["pattern"]
    (warning,) = MATCHERS[1]["pattern"]
    line = 'config/a.yaml:14:7: users.a: is "wrong"'
    mild = "config/a.yaml:1:2: warning: users.a: is odd"

    match = re.match(error["regexp"], line)

    assert match
    assert ["config/a.yaml", "14", "7", 'users.a: is "wrong"'] == [
        match[error[key]] for key in ("file", "line", "column", "message")
    ]
    assert (None, None) == (re.match(error["regexp"], mild), re.match(warning["regexp"], line))
    assert re.match(warning["regexp"], mild)
    for text in ("config/a.yaml: valid", "1 error"):
        assert not re.match(error["regexp"], text)


def test_every_input_is_described_and_used() -> None:
    steps = json.dumps(ACTION["runs"])
    used = set(re.findall(r"inputs\.([a-z-]+)", steps))

    assert set(ACTION["inputs"]) == used
    assert all(each["description"] for each in ACTION["inputs"].values())
    assert ["specs"] == [name for name, each in ACTION["inputs"].items() if each.get("required")]


def test_only_actions_of_github_itself_are_used_each_by_its_tag() -> None:
    used = [step["uses"] for step in ACTION["runs"]["steps"] if "uses" in step]

    assert used
    assert [] == [each for each in used if not re.fullmatch(r"actions/[a-z-]+@v\d+", each)]


def test_nothing_is_put_into_a_script_but_through_the_environment() -> None:
    """What a pull request says would be run otherwise."""
    scripts = [step["run"] for step in ACTION["runs"]["steps"] if "run" in step]

    assert [] == [script for script in scripts if "${{" in script]


def test_the_scripts_are_clean() -> None:
    done = subprocess.run(  # noqa: S603 - a tool of ours
        [BIN / "shellcheck", *SCRIPTS], capture_output=True, text=True, check=False
    )

    assert ("", "") == (done.stdout, done.stderr)
    assert all(os.access(script, os.X_OK) for script in SCRIPTS)
