"""The app and the real CDK CLI."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

import jsii
import pytest
from aws_cdk import App
from aws_cdk.assertions import Annotations, Match

from workmail_org.app import main
from workmail_org.infra import OrganizationStack

ROOT = Path(__file__).resolve().parents[2]

FULL = ROOT / "config" / "full.yaml"

CONTEXT = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]

CDK = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"

SPEC = """\
version: 1
environment: staging
account: "111122223333"
organizations:
  acme-eu:
    region: eu-west-1
    alias: acme-eu
    users:
      alice: {display_name: Zoë Liddell, job_title: Head}
      bob: {display_name: Bob}
    groups:
      sales: {members: [alice]}
  acme-us:
    region: us-east-1
    alias: acme-us
"""


def run_app(
    folder: Path, context: Mapping[str, object], *, validation: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `app.py` as the CDK CLI does."""
    environment = {k: v for k, v in os.environ.items() if k != "CDK_VALIDATION"}
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, str(ROOT / "app.py")],
        env={
            **environment,
            **({"CDK_VALIDATION": validation} if validation else {}),
            "CDK_CONTEXT_JSON": json.dumps(context),
            "CDK_OUTDIR": str(folder / "cdk.out"),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def run_cdk(folder: Path, *arguments: str) -> str:
    """Run the pinned CDK CLI without an account; everything that it says."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CDK_"))}
    done = subprocess.run(  # noqa: S603 - our own program
        ["node", str(CDK), *arguments, "--no-notices", "--no-color"],  # noqa: S607
        env={
            **environment,
            # node is in the virtual environment too.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
        },
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "spec.yaml").write_text(SPEC, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of what `cdk synth` made of config/example.yaml, and what it said."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "cdk.json", folder)
    (folder / "config").mkdir()
    (folder / "config" / "example.yaml").write_text(SPEC, encoding="utf-8")
    app = shlex.join((sys.executable, str(ROOT / "app.py")))
    said = run_cdk(folder, "synth", "--quiet", "--app", app)
    return folder / "cdk.out", said


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the app made of a spec with two problems, one of them no plain text."""
    folder = tmp_path_factory.mktemp("refused")
    (folder / "spec.yaml").write_text(
        SPEC.replace("[alice]", '["\\u202Ealice\\e[2J"]').replace("eu-west-1", "eu-west-2"), "utf-8"
    )
    done = run_app(folder, {"spec": "spec.yaml"})
    told = "spec.yaml is not valid: none of its stacks is known to this command\n"
    assert (0, told) == (done.returncode, done.stderr)
    return folder


@pytest.fixture(scope="module")
def refusal(refused: Path) -> str:
    """What `cdk diff` says of it."""
    with pytest.raises(subprocess.CalledProcessError) as raised:
        run_cdk(refused, "diff", "--app", "cdk.out")
    said: str = raised.value.output
    return said


def list_validated(folder: Path) -> list[str]:
    """List the rules of the CDK's own validation that a template breaks."""
    report = json.loads((folder / "cdk.out" / "validation-report.json").read_text("utf-8"))
    return [
        violation["ruleName"]
        for plugin in report["pluginReports"]
        if plugin["pluginName"] == "CloudFormation Validate"
        for violation in plugin["violations"]
    ]


@pytest.mark.parametrize(("asked", "heard"), [(None, "false"), ("true", "true")])
def test_the_validation_of_the_cdk_has_to_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, asked: str | None, heard: str
) -> None:
    """Decision 24. jsii hears of it from the environment."""
    monkeypatch.setenv("CDK_VALIDATION", asked or "")
    if asked is None:
        monkeypatch.delenv("CDK_VALIDATION")

    code = main()

    assert (2, heard) == (code, os.environ["CDK_VALIDATION"])


def test_the_validation_of_the_cdk_finds_nothing_in_any_template(tmp_path: Path) -> None:
    done = run_app(tmp_path, {**CONTEXT, "spec": str(FULL)}, validation="true")

    assert (0, []) == (done.returncode, list_validated(tmp_path))
    assert len(list((tmp_path / "cdk.out").glob("*.template.json"))) > 4


def test_every_problem_of_a_spec_is_an_error_of_the_cdk(refusal: str) -> None:
    assert [
        "spec.yaml:6:13: organizations.acme-eu.region",
        "spec.yaml:12:25: organizations.acme-eu.groups.sales.members[0]",
    ] == re.findall(r"spec\.yaml:\d+:\d+: [^ :]+", refusal)
    assert 2 == refusal.count("invalid-spec"), refusal


def test_no_problem_steers_the_terminal_of_the_cdk(refusal: str) -> None:
    assert "\u202e" not in refusal
    assert "\x1b[2J" not in refusal
    assert '"\\u202ealice\\u001b[2J"' in refusal, refusal


def test_no_stack_of_a_spec_that_is_wrong_can_be_taken_away_by_mistake(refused: Path) -> None:
    """Under the name of a real stack an empty template would erase it, with --ignore-errors."""
    assert ["invalid-spec"] == run_cdk(refused, "ls", "--app", "cdk.out").split()


def test_what_is_wrong_outside_of_the_spec_is_told_too(folder: Path) -> None:
    done = run_app(folder, {"spec": "spec.yaml", "acknowledge": "all of it"})

    assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))


def test_a_clone_runs_its_own_app_before_anything_is_installed(folder: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-S", str(ROOT / "app.py")],  # -S: no installed packages
        cwd=folder,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (
        1,
        'workmail_org.infra needs the extra "cdk", which is not installed:'
        f" pip install -r {ROOT / 'requirements.txt'}\n",
    ) == (done.returncode, done.stderr)


def test_a_spec_that_is_not_there_is_no_such_file(tmp_path: Path) -> None:
    done = run_app(tmp_path, {"spec": "none.yaml"})

    assert (0, "none.yaml: no such file: none of its stacks is known to this command\n") == (
        done.returncode,
        done.stderr,
    )


def test_the_app_of_a_checkout_tells_which_spec_it_takes(assembly: tuple[Path, str]) -> None:
    told = "no spec is named, so this is about config/example.yaml; -c spec=FILE names another"

    assert 1 == assembly[1].splitlines().count(told), assembly[1]


def test_a_spec_has_to_be_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the app of a checkout has an example to begin with."""
    monkeypatch.delenv("CDK_CONTEXT_JSON", raising=False)

    assert 2 == main()
    assert "no spec is named: add -c spec=FILE to the cdk command\n" == capsys.readouterr().err


def test_warnings_of_a_spec_are_warnings_of_the_stack_that_they_are_about(folder: Path) -> None:
    spec = (
        SPEC.replace("account:", "acknowledge_end_of_support: true\naccount:")
        + "    existing: m-0123456789abcdef0123456789abcdef\n"
        + "    expect: [{allow: mobile, device_type: iphone}]\n"
    )
    (folder / "spec.yaml").write_text(spec, encoding="utf-8")
    stacks = OrganizationStack.all_from_spec(App(), folder / "spec.yaml")
    found: dict[str, list[str]] = {
        stack.stack_name: [
            str(each.entry.data)
            for each in Annotations.from_stack(stack).find_warning("*", Match.any_value())
        ]
        for stack in stacks
    }

    assert [] == found["staging-acme-eu"]
    (warning,) = found["staging-acme-us"]
    assert "spec.yaml:18:14: warning: organizations.acme-us.expect[0]: mobile with" in warning
    assert warning.endswith("[ack: workmail-org:spec]")


def test_a_root_allows_files_outside_the_folder_of_the_spec(folder: Path) -> None:
    (folder / "shared").mkdir()
    (folder / "shared" / "users.yaml").write_text("eve: {display_name: Eve}", encoding="utf-8")
    (folder / "specs").mkdir()
    (folder / "specs" / "spec.yaml").write_text(
        f"{SPEC}    users: !include ../shared/users.yaml\n", encoding="utf-8"
    )
    done = run_app(folder, {"spec": "specs/spec.yaml", "root": "."})

    assert (0, "") == (done.returncode, done.stderr)


def test_the_cdk_lists_a_stack_for_each_organization(assembly: tuple[Path, str]) -> None:
    listed = run_cdk(assembly[0].parent, "ls", "--app", str(assembly[0]))

    assert ["staging-acme-eu", "staging-acme-us"] == listed.split()


def test_the_cdk_says_when_amazon_workmail_ends(assembly: tuple[Path, str]) -> None:
    assert "Amazon WorkMail ends on 2027-03-31" in assembly[1]


def test_a_renamed_display_name_is_all_that_a_diff_shows(
    folder: Path, assembly: tuple[Path, str]
) -> None:
    (folder / "spec.yaml").write_text(SPEC.replace("Zoë", "Zoé"), encoding="utf-8")
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    run_app(folder, {**flags, "spec": "spec.yaml", "aws:cdk:enable-path-metadata": True})
    before = assembly[0] / "staging-acme-eu.template.json"
    shown = run_cdk(
        *(folder, "diff", "staging-acme-eu", "--app", "cdk.out", "--template", str(before))
    ).splitlines()

    assert [
        "Resources",
        "[~] Custom::WorkMailUsers Default/Users Users",
        "└─ [~] Users",
        "└─ [~] .alice:",
        "└─ [~] .DisplayName:",
        r"├─ [-] Zo\xeb Liddell",
        r"└─ [+] Zo\xe9 Liddell",
        "✨  Number of stacks with differences: 1",
    ] == [line.strip() for line in shown[shown.index("Stack staging-acme-eu") + 1 :] if line]


def test_an_expired_copy_is_refused(folder: Path) -> None:
    copy = "extends: spec.yaml\nderive: {alias_suffix: -stg, domains: test, expires: 2026-01-01}\n"
    (folder / "copy.yaml").write_text(f"{copy}environment: copy\n", encoding="utf-8")
    run_app(folder, {"spec": "copy.yaml"})

    with pytest.raises(subprocess.CalledProcessError) as refused:
        run_cdk(folder, "diff", "--app", "cdk.out")

    assert "this copy expired on 2026-01-01: destroy it" in refused.value.output


def test_every_recommended_feature_flag_is_stated() -> None:
    """A flag that is not stated changes its meaning with a new version of the library."""
    library = Path(jsii.__file__).parents[1] / "aws_cdk" / "_jsii"
    (package,) = library.glob("*.tgz")
    with tarfile.open(package) as archive:
        file = archive.extractfile("package/recommended-feature-flags.json")
        recommended = json.loads(file.read() if file else b"")
    stated = json.loads((ROOT / "cdk.json").read_text())["context"]

    assert recommended == {key: stated[key] for key in recommended}
