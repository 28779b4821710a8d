"""What docs/ci.md shows can be copied: each example is loaded, and says what the program does."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml

from workmail_org.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "ci.md").read_text("utf-8")
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))


def find_blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


SPECS = [text for text in find_blocks("yaml") if text.startswith("version:")]
WORKFLOWS: list[dict[str, Any]] = [
    yaml.safe_load(text) for text in find_blocks("yaml") if text.startswith("# .github/")
]
STEPS: list[dict[str, Any]] = [
    step for flow in WORKFLOWS for job in flow["jobs"].values() for step in job["steps"]
]


@pytest.mark.parametrize("text", SPECS, ids=["expectations", "end-of-support"])
def test_the_specs_are_valid(run: Run, text: str) -> None:
    result = run("validate", "--format", "json", "spec.yaml", files={"spec.yaml": text})

    assert {"problems": []} == json.loads(result.stdout)


def test_the_problem_is_what_is_told_without_the_rule(run: Run) -> None:
    broken = re.sub(r".*no-imap-outside.*\n", "", SPECS[0])
    name = "config/production.yaml"

    result = run("validate", name, files={name: broken})

    shown = re.findall(r"^    (config/.*)$", DOCUMENT, re.MULTILINE)
    assert shown == result.stdout.splitlines()


def test_the_action_gets_the_inputs_that_it_has() -> None:
    every = [step["with"] for step in STEPS if step.get("uses", "").startswith("OWNER/REPOSITORY@")]
    required = {name for name, each in ACTION["inputs"].items() if each.get("required")}

    assert 2 == len(every)
    for given in every:
        assert required <= set(given) <= set(ACTION["inputs"])


def test_every_input_and_output_is_told_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*?) \|", DOCUMENT, re.MULTILINE))
    told = {
        name: each["default"]
        for name, each in ACTION["inputs"].items()
        if each.get("default") and "${{" not in each["default"]
    }

    assert set(ACTION["inputs"]) <= set(rows)
    assert {name: f"`{default}`" for name, default in told.items()} == {
        name: rows[name] for name in told
    }
    assert all(f"`{output}`" in DOCUMENT for output in ACTION["outputs"])


def test_the_hook_is_one_that_there_is(run: Run) -> None:
    (text,) = [text for text in find_blocks("yaml") if "pre-commit" in text[:20]]
    config: Any = yaml.safe_load(text)
    (wanted,) = config["repos"][0]["hooks"]
    (hook,) = [each for each in HOOKS if each["id"] == wanted["id"]]
    program, *arguments = shlex.split(hook["entry"])

    result = run(*arguments, "config/valid.yaml")

    assert ("workmail-org", "python", False) == (
        program,
        hook["language"],
        hook["pass_filenames"],
    )
    assert (0, "config/valid.yaml: valid\n") == (result.exit_code, result.stdout)
    names: list[str] = wanted["args"]
    assert all(re.search(wanted["files"], name) for name in names)
    assert [bool(re.search(hook["files"], f"x.{end}")) for end in ("yaml", "yml", "csv", "py")] == [
        *(True, True, True),
        False,
    ]


COMMANDS = [
    line
    for text in (*find_blocks("sh"), *(step.get("run", "") for step in STEPS))
    for line in text.splitlines()
    if line.startswith("workmail-org ")
]


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_are_understood(line: str) -> None:
    _, name, *arguments = shlex.split(line.partition(" > ")[0])
    command = main.commands[name]

    context = command.make_context(name, arguments)

    assert isinstance(context, click.Context)


@pytest.mark.parametrize(
    ("language", "shell"), [("bash", "bash"), ("zsh", "zsh"), ("fish", "fish")]
)
def test_each_shell_is_told_how(language: str, shell: str) -> None:
    (text,) = find_blocks(language)

    assert f"_WORKMAIL_ORG_COMPLETE={shell}_source workmail-org" in text


def test_the_attempts_are_those_of_the_schema() -> None:
    schema = json.loads((ROOT / "schemas" / "organization.schema.json").read_text("utf-8"))
    table = DOCUMENT[DOCUMENT.index("| `allow` or `deny` |") : DOCUMENT.index("Each takes")]
    first = [row.split("|")[1] for row in table.splitlines()[2:] if row]

    assert schema["$defs"]["attempt"]["enum"] == [
        *sorted(re.findall(r"`([a-z_]+)`", " ".join(first[:2])), key=_position(schema)),
        *re.findall(r"`([a-z_]+)`", " ".join(first[2:])),
    ]


def _position(schema: Any) -> Any:
    return schema["$defs"]["attempt"]["enum"].index


def test_the_rules_of_alerts_are_all_told() -> None:
    from workmail_org.reports import sarif
    from workmail_org.spec.problems import Location, Problem

    told = re.search(r"Each result has a rule \((.*?)\)", DOCUMENT, re.DOTALL)
    assert told
    rules = re.findall(r"`([a-z]+)`", told[1])
    problems = [Problem(Location("s.yaml", 1, 1), (), "x", rule=rule) for rule in rules]
    log = json.loads(sarif.render_problems(problems, version="1"))

    descriptions = {
        each["fullDescription"]["text"] for each in log["runs"][0]["tool"]["driver"]["rules"]
    }
    assert len(rules) == len(descriptions)
