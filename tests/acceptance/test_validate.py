"""workmail-org validate: exit codes, and the three formats."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

_TWICE = (
    "version: 1\nversion: 1\nenvironment: e\norganizations: {a: {region: eu-west-1, alias: a}}\n"
)
_TWICE_PROBLEM = 'config/twice.yaml:2:1: version: key "version" stands here twice, first on line 1'
_OVERLAY = """\
    extends: valid.yaml
    organizations: {acme: {alias: acme-test}}
    """


def test_a_valid_spec_is_said_to_be_valid(run: Run) -> None:
    result = run("validate", "config/valid.yaml")

    assert (0, "config/valid.yaml: valid\n", "") == (
        result.exit_code,
        result.stdout,
        result.stderr,
    )


def test_every_problem_is_one_line_in_order(run: Run) -> None:
    spec = """\
        version: 1
        environment: production
        organizations:
          acme:
            region: eu-west-1
            alias: acme
            users:
              alice: {dispaly_name: Alice}
            groups:
              sales: {members: [ada], members: []}
        """
    result = run("validate", "config/bad.yaml", files={"config/bad.yaml": spec})
    lines = result.stdout.splitlines()

    assert 2 == result.exit_code
    assert [
        "config/bad.yaml:8:14: organizations.acme.users.alice",
        "config/bad.yaml:8:15: organizations.acme.users.alice.dispaly_name",
        "config/bad.yaml:10:25: organizations.acme.groups.sales.members[0]",
        "config/bad.yaml:10:31: organizations.acme.groups.sales.members",
    ] == [": ".join(line.split(": ")[:2]) for line in lines]
    assert "4 errors\n" == result.stderr


def test_json_lists_every_problem_with_every_key(run: Run) -> None:
    result = run(
        "validate", "config/twice.yaml", "--format", "json", files={"config/twice.yaml": _TWICE}
    )

    assert (2, "") == (result.exit_code, result.stderr)
    assert {
        "problems": [
            {
                "severity": "error",
                "file": "config/twice.yaml",
                "line": 2,
                "column": 1,
                "path": "version",
                "message": 'key "version" stands here twice, first on line 1',
                "hint": None,
            }
        ]
    } == json.loads(result.stdout)


def test_json_is_printed_for_a_valid_spec_too(run: Run) -> None:
    result = run("validate", "config/valid.yaml", "--format", "json")

    assert (0, {"problems": []}, "") == (
        result.exit_code,
        json.loads(result.stdout),
        result.stderr,
    )


def test_sarif_names_files_relative_to_the_working_folder(run: Run) -> None:
    result = run(
        "validate", "config/twice.yaml", "--format", "sarif", files={"config/twice.yaml": _TWICE}
    )
    report = json.loads(result.stdout)
    (finding,) = report["runs"][0]["results"]

    assert (2, "2.1.0", "yaml") == (result.exit_code, report["version"], finding["ruleId"])
    assert {
        "artifactLocation": {"uri": "config/twice.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 2, "startColumn": 1},
    } == finding["locations"][0]["physicalLocation"]


def test_several_specs_are_validated_in_one_run(run: Run) -> None:
    files = {"config/twice.yaml": _TWICE}
    result = run("validate", "config/twice.yaml", "config/valid.yaml", "none.yaml", files=files)

    assert 2 == result.exit_code
    assert [
        _TWICE_PROBLEM,
        "none.yaml:1:1: no such file",
        "config/valid.yaml: valid",
    ] == result.stdout.splitlines()
    assert "2 errors\n" == result.stderr


def test_what_two_specs_share_is_told_once(run: Run) -> None:
    files = {
        "config/twice.yaml": _TWICE,
        "config/one.yaml": "extends: twice.yaml\n",
        "config/two.yaml": (
            "extends: twice.yaml\nenvironment: two\norganizations: {a: {alias: b}}\n"
        ),
    }
    result = run("validate", "config/one.yaml", "config/two.yaml", "--format", "json", files=files)

    assert ["config/twice.yaml"] == [p["file"] for p in json.loads(result.stdout)["problems"]]


def test_a_warning_is_told_and_is_no_error(run: Run) -> None:
    result = run("validate", "config/other.yaml", files={"config/other.yaml": _OVERLAY})

    assert 0 == result.exit_code
    assert [
        'config/other.yaml:2:31: warning: organizations.acme.alias: the alias was "acme" in the'
        " spec that this one extends, whose environment it keeps: of a stack that is deployed the"
        " alias cannot change; if both are deployed, give this one an environment of its own:"
        " stacks are named after it",
        "config/other.yaml: valid",
    ] == result.stdout.splitlines()
    assert "1 warning\n" == result.stderr


def test_a_warning_is_in_json_too(run: Run) -> None:
    result = run(
        "validate", "--format", "json", "config/other.yaml", files={"config/other.yaml": _OVERLAY}
    )

    assert (0, ["warning"]) == (
        result.exit_code,
        [problem["severity"] for problem in json.loads(result.stdout)["problems"]],
    )


def test_root_widens_what_may_be_read(run: Run) -> None:
    files = {"envs/stg.yaml": "extends: ../config/valid.yaml\nenvironment: stg\n"}

    assert 2 == run("validate", "envs/stg.yaml", files=files).exit_code
    assert 0 == run("validate", "envs/stg.yaml", "--root", ".", files=files).exit_code


def test_a_missing_include_does_not_hide_or_cause_other_problems(run: Run) -> None:
    spec = """\
        version: 1
        environment: Production
        organizations:
          acme:
            region: eu-west-1
            alias: acme
            users: !include people.yaml
            groups: {sales: {members: [alice]}}
        """
    result = run("validate", "s.yaml", files={"s.yaml": spec})

    assert ["s.yaml:2:14", "s.yaml:7:12"] == [
        line.split(": ")[0] for line in result.stdout.splitlines()
    ]


def test_what_a_spec_says_never_steers_the_terminal(run: Run) -> None:
    result = run("validate", "s.yaml", files={"s.yaml": b'"\\e[31m\\nx": 1\n"\\e[31m\\nx": 2\n'})

    assert "\x1b" not in result.output
    assert '["\\\\x1b[31m' not in result.output
    assert '"\\x1b[31m\\nx" stands here twice' in result.stdout


def test_bad_input_never_gives_a_traceback(run: Run) -> None:
    files: dict[str, str | bytes] = {
        "binary.yaml": b"\x89PNG\r\n\x1a\n\0\0",
        "deep.yaml": b"[" * 1_000_000,
        "list.yaml": b"- a\n",
        "tag.yaml": b"!!python/object/apply:os.abort []\n",
        "wrong.yaml": b"version: {}\norganizations: [1]\nenvironment: 7\nderive: 1\nexpires: []\n",
    }
    result = run("validate", *files, "config", "/dev/zero", files=files)

    assert 2 == result.exit_code
    assert {*files, "config", "/dev/zero"} == {
        line.split(":")[0] for line in result.stdout.splitlines()
    }
    assert "Traceback" not in result.output


def test_a_call_without_a_spec_is_a_usage_error(run: Run) -> None:
    result = run("validate")

    assert 2 == result.exit_code
    assert "Missing argument 'SPEC...'" in result.stderr


def test_an_unknown_format_is_a_usage_error(run: Run) -> None:
    assert 2 == run("validate", "config/valid.yaml", "--format", "xml").exit_code


def test_a_root_that_is_no_folder_is_a_usage_error(run: Run) -> None:
    assert 2 == run("validate", "config/valid.yaml", "--root", "none").exit_code


_ACME = "organizations: {acme: {region: eu-west-1, alias: %s}}\n"


def test_two_specs_cannot_declare_one_stack(run: Run) -> None:
    files: dict[str, str | bytes] = {
        "one.yaml": "version: 1\nenvironment: production\n" + _ACME % "one",
        "two.yaml": "version: 1\nenvironment: production\n" + _ACME % "two",
        "other.yaml": "version: 1\nenvironment: other\n" + _ACME % "three",
        "account.yaml": "version: 1\nenvironment: production\naccount: '111122223333'\n"
        + _ACME % "four",
    }
    result = run("validate", *files, files=files)

    assert 2 == result.exit_code
    assert [
        'two.yaml:3:17: organizations.acme: stack "production-acme" in eu-west-1 is declared at'
        " one.yaml:3 too, and whichever is deployed last changes the other; give this spec an"
        " environment of its own, or the organization another key",
        'account.yaml:4:17: organizations.acme: stack "production-acme" in eu-west-1 is declared at'
        " one.yaml:3 too, and whichever is deployed last changes the other; give this spec an"
        " environment of its own, or the organization another key",
        'account.yaml:4:17: organizations.acme: stack "production-acme" in eu-west-1 is declared at'
        " two.yaml:3 too, and whichever is deployed last changes the other; give this spec an"
        " environment of its own, or the organization another key",
        "one.yaml: valid",
        "other.yaml: valid",
    ] == result.stdout.splitlines()


def test_two_specs_cannot_declare_one_alias(run: Run) -> None:
    files: dict[str, str | bytes] = {
        "one.yaml": "version: 1\nenvironment: one\n" + _ACME % "acme",
        "two.yaml": "version: 1\nenvironment: two\n" + _ACME % "Acme",
    }
    result = run("validate", *files, files=files)

    assert [
        'two.yaml:3:50: organizations.acme.alias: "Acme" is already the alias of "acme" at'
        " one.yaml:3; an alias belongs to one organization worldwide",
        "one.yaml: valid",
    ] == result.stdout.splitlines()


def test_a_spec_and_its_base_that_are_one_stack_get_a_warning(run: Run) -> None:
    files: dict[str, str | bytes] = {"config/more.yaml": "extends: valid.yaml\n"}
    result = run("validate", "config/valid.yaml", "config/more.yaml", files=files)

    assert 0 == result.exit_code
    assert "warning: organizations.acme: stack" in result.stdout


def test_specs_of_two_accounts_or_regions_are_two_stacks(run: Run) -> None:
    files: dict[str, str | bytes] = {
        "a.yaml": "version: 1\nenvironment: p\naccount: '111122223333'\n" + _ACME % "a",
        "b.yaml": "version: 1\nenvironment: p\naccount: '444455556666'\n" + _ACME % "b",
        "c.yaml": "version: 1\nenvironment: p\n"
        "organizations: {acme: {region: us-east-1, alias: c}}\n",
    }

    assert 0 == run("validate", *files, files=files).exit_code
