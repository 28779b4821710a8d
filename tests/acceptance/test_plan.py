"""workmail-org plan: what a deployment would do."""

from __future__ import annotations

import json
import subprocess
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from click.testing import CliRunner

from workmail_org.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

BEFORE = """\
    version: 1
    environment: production
    organizations:
      acme:
        region: eu-west-1
        alias: acme
        users:
          alice: {display_name: Zoë Liddell}
          bob: {display_name: Bob}
    """
LEAVER = BEFORE.replace("      bob: {display_name: Bob}\n    ", "")
FILES = {"before.yaml": BEFORE, "after.yaml": LEAVER}


def plan(run: Run, *arguments: str, spec: str = "after.yaml", **files: str) -> Result:
    names = {name.replace("_", "."): text for name, text in files.items()}
    return run("plan", spec, *arguments, files={**FILES, **names})


def test_changes_are_told_and_are_no_failure(run: Run) -> None:
    result = plan(run, "--against", "before.yaml")

    assert (0, "") == (result.exit_code, result.stderr)
    assert "Bob cannot sign in any more; the mailbox is kept for 30 days" in result.stdout
    assert "\x1b" not in result.stdout


def test_a_new_organization_has_no_default_domain_before(run: Run) -> None:
    domains = "        domains: {acme.example: {default: true, verified: true}}\n    "
    more = "  new:\n        region: eu-west-1\n        alias: acme-new\n" + domains
    result = plan(run, "--against", "before.yaml", after_yaml=BEFORE + more)

    assert 0 == result.exit_code, result.output
    said = (
        "acme.example is the default domain; addresses that nothing else changes stay as they are"
    )
    assert said in result.stdout


def test_changes_can_be_told_by_the_exit_code(run: Run) -> None:
    assert 5 == plan(run, "--against", "before.yaml", "--exit-code").exit_code
    assert 0 == plan(run, "--against", "after.yaml", "--exit-code").exit_code


def test_what_is_refused_exits_with_3(run: Run) -> None:
    result = plan(
        run, "--against", "before.yaml", after_yaml=LEAVER.replace("alias: acme", "alias: b")
    )

    assert 3 == result.exit_code
    assert "refused: alias of an organization cannot change" in result.stdout


def test_json_is_json_alone(run: Run) -> None:
    result = plan(run, "--against", "before.yaml", "--format", "json")
    document = json.loads(result.stdout)

    assert "changes" == document["verdict"]
    assert 1 == document["counts"]["mailbox kept, 30-day clock starts"]


def test_markdown_begins_with_its_marker(run: Run) -> None:
    result = plan(run, "--against", "before.yaml", "--format", "markdown")

    assert result.stdout.startswith("<!-- workmail-org plan -->\n### ")


def test_html_is_one_page_alone(run: Run) -> None:
    result = plan(run, "--against", "before.yaml", "--format", "html")

    assert (0, "") == (result.exit_code, result.stderr)
    assert result.stdout.startswith("<!DOCTYPE html>\n")
    assert result.stdout.endswith("</html>\n")
    assert "Bob cannot sign in any more; the mailbox is kept for 30 days" in result.stdout


def test_a_plan_can_be_written_to_a_file(run: Run, tmp_path: Path) -> None:
    result = plan(run, "--against", "before.yaml", "--format", "markdown", "--output", "plan.md")

    assert (0, "") == (result.exit_code, result.stdout)
    assert "Bob cannot sign in" in (tmp_path / "plan.md").read_text(encoding="utf-8")


def test_a_spec_that_is_wrong_exits_with_2_and_its_problems(run: Run) -> None:
    result = plan(run, "--against", "before.yaml", after_yaml="version: 2\n")

    assert 2 == result.exit_code
    assert result.stdout.startswith("after.yaml:1:")


def test_the_problems_of_a_spec_are_json_where_that_is_wanted(run: Run) -> None:
    result = plan(run, "--against", "before.yaml", "--format", "json", after_yaml="version: 2\n")

    assert 2 == result.exit_code
    assert json.loads(result.stdout)["problems"]


def test_a_base_that_is_wrong_exits_with_2_and_its_problems(run: Run) -> None:
    result = plan(run, "--against", "before.yaml", before_yaml="version: 2\n")

    assert (2, "") == (result.exit_code, result.stdout)
    assert "before.yaml:1:" in result.stderr


@pytest.mark.parametrize("base", ["nowhere.yaml", "git:main"])
def test_a_base_that_is_nowhere_exits_with_2(
    run: Run, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    result = plan(run, "--against", base)

    assert (2, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith(f'"{base}" is not a file, and no revision can be read: git: ')


def test_an_organization_that_is_not_declared_exits_with_2(run: Run) -> None:
    result = plan(run, "--against", "before.yaml", "--organization", "asia")

    assert 2 == result.exit_code
    assert 'after.yaml: no organization "asia" is declared; declared: acme\n' == result.stderr


def test_a_plan_against_a_revision_needs_no_credentials(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_SESSION_TOKEN", "GIT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    run("validate", "config/spec.yaml", files={"config/spec.yaml": BEFORE})
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@acme.example")
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "config"),
        (*who, "commit", "--quiet", "--message=first"),
    ):
        subprocess.run(["git", *arguments], check=True, cwd=tmp_path)  # noqa: S603, S607
    result = run(
        "plan", "config/spec.yaml", "--against", "main", files={"config/spec.yaml": LEAVER}
    )

    assert (0, "") == (result.exit_code, result.stderr)
    assert "Bob cannot sign in any more" in result.stdout


def test_what_to_compare_with_has_to_be_said(run: Run) -> None:
    result = plan(run)

    assert 2 == result.exit_code
    assert "--against is missing: name what to compare with" in result.stderr


def test_a_terminal_gets_colours_unless_it_says_no(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workmail_org.reports import plans

    class Terminal:
        def isatty(self) -> bool:
            return True

    def render(**environment: str) -> str:
        with monkeypatch.context() as patch:
            patch.delenv("NO_COLOR", raising=False)
            patch.setenv("TERM", "xterm-256color")
            for name, value in environment.items():
                patch.setenv(name, value)
            return plans.render(found, "text", terminal=Terminal())  # type: ignore[arg-type]

    from workmail_org.model.organization import Environment
    from workmail_org.plan.model import Plan

    del run, Environment
    found = Plan(environment="test", spec="s", base="main", organizations=())

    assert "\x1b[" in render()
    assert "\x1b[" in render(NO_COLOR="")
    assert "\x1b[" not in render(NO_COLOR="1")
    assert "\x1b[" not in render(TERM="dumb")


def test_rights_on_every_mailbox_are_one_change_with_their_number(run: Run) -> None:
    users = ", ".join(f"u{number}: {{display_name: U}}" for number in range(8))
    head = (
        "version: 1\nenvironment: p\norganizations:\n  acme:\n    region: eu-west-1\n"
        f"    alias: acme\n    users: {{{users}, migration: {{display_name: M}}}}\n"
    )
    rights = '    permissions: [{mailbox: "*", grantee: migration, rights: [full_access]}]\n'
    result = run("plan", "new.yaml", "--against", "old.yaml", files={
        "old.yaml": head, "new.yaml": head + rights,
    })  # fmt: skip

    assert 0 == result.exit_code
    assert 1 == result.stdout.count("open the mailbox of")
    assert "open the mailbox of 8 users and resources, such as U (u0) and U (u1)" in " ".join(
        result.stdout.split()
    )


def test_several_specs_are_planned_in_one_run(run: Run) -> None:
    files = {**FILES, "same.yaml": BEFORE}
    names = ("after.yaml", "same.yaml")
    told = run("plan", *names, "--against", "before.yaml", files=files)
    found = json.loads(run("plan", *names, "--against", "before.yaml", "--format", "json").stdout)
    plans = found["plans"]

    assert 0 == told.exit_code
    assert [
        "production: after.yaml compared with before.yaml",
        "production: same.yaml compared with before.yaml",
    ] == [line for line in told.stdout.splitlines() if "compared with" in line]
    assert ["after.yaml", "same.yaml"] == [each["spec"] for each in plans]
    jsonschema.validate(found, json.loads(run("schema", "plans").stdout))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(
            {**found, "plans": [plans[0], {**plans[1], "verdict": "perhaps"}]},
            json.loads(run("schema", "plans").stdout),
        )
    assert 5 == run("plan", *names, "--against", "before.yaml", "--exit-code").exit_code
    assert 2 == run("plan", *names, "--against", "before.yaml", "--format", "html").exit_code


@pytest.mark.parametrize(
    ("text", "expected"),
    [(textwrap.dedent(LEAVER), 5), (textwrap.dedent(BEFORE), 0), ("version: 1\n", 2), (b"\xff", 2)],
    ids=["changed", "the same", "wrong", "no text"],
)
def test_a_spec_from_standard_input_is_planned(run: Run, text: str | bytes, expected: int) -> None:
    run("validate", "before.yaml", files=FILES)
    command = ["plan", "-", "--against", "before.yaml", "--exit-code"]
    result = CliRunner().invoke(main, command, input=text)

    assert expected == result.exit_code, result.output
    assert ("production: - compared with before.yaml" in result.stdout) == (expected != 2)


@pytest.mark.parametrize("base", ["HEAD", "git:main", "missing.yaml"])
def test_a_spec_from_standard_input_is_in_no_revision(run: Run, base: str) -> None:
    run("validate", "before.yaml", files=FILES)
    result = CliRunner().invoke(
        main, ["plan", "-", "--against", base], input=textwrap.dedent(LEAVER)
    )

    assert 2 == result.exit_code
    assert f'is in no revision, and "{base}" is not a file' in " ".join(result.stderr.split())


def test_one_wrong_spec_of_several_stops_the_plan(run: Run) -> None:
    files = {**FILES, "wrong.yaml": "version: 1\n"}
    result = run("plan", "after.yaml", "wrong.yaml", "--against", "before.yaml", files=files)

    assert 2 == result.exit_code
    assert "compared with" not in result.stdout
    assert 'wrong.yaml:1:1: "environment" is missing' in result.stdout
