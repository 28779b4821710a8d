"""`init`: what it writes can be used, and it overwrites nothing."""

from __future__ import annotations

import json
import re
import resource
import shlex
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml

from workmail_org.cli import main
from workmail_org.distribution import read_version
from workmail_org.spec.building import load_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    ".github/workflows/deploy.yml",
    ".github/workflows/drift.yml",
    ".github/workflows/review.yml",
    ".gitignore",
    ".pre-commit-config.yaml",
    ".vscode/settings.json",
    "README.md",
    "app.py",
    "cdk.json",
    "config/production.yaml",
    "config/staging.yaml",
    "constraints.txt",
    "package-lock.json",
    "package.json",
    "requirements.txt",
    "schemas/editor.schema.json",
]


@pytest.fixture
def shop(run: Run) -> Path:
    """A folder that `init` has written."""
    assert 0 == run("init", "shop").exit_code

    return Path("shop").absolute()


def list_files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir())


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def test_it_writes_a_repository_and_says_what_comes_next(run: Run) -> None:
    result = run("init", "shop")
    listed = "".join(f"  {name}\n" for name in FILES)

    assert (0, "") == (result.exit_code, result.stderr)
    assert result.stdout.startswith(f"created 16 files in shop:\n{listed}next:\n  cd -- shop\n")
    assert list_files(Path("shop")) == FILES


def test_a_checkout_is_built_into_a_wheel_first(run: Run) -> None:
    """No index has this version, and init in a checkout has no wheel to copy."""
    result = run("init", "shop")

    assert f"\n  pip wheel --no-deps --wheel-dir wheels {ROOT}\n" in result.stdout
    assert Path("shop/requirements.txt").read_text("utf-8").splitlines()[-2:] == [
        "--find-links wheels",
        "workmail-org[all]",
    ]


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        (None, f"workmail-org=={read_version()}"),
        (
            {
                "url": "https://git.example/mail/workmail-org",
                "vcs_info": {"vcs": "git", "commit_id": 40 * "a"},
            },
            f"workmail-org @ git+https://git.example/mail/workmail-org@{40 * 'a'}",
        ),
    ],
    ids=["index", "repository"],
)
def test_what_another_machine_can_get_needs_no_wheel(
    run: Run, monkeypatch: pytest.MonkeyPatch, origin: dict[str, Any] | None, line: str
) -> None:
    written = json.dumps(origin) if origin else None

    def read_text(_: PathDistribution, __: str) -> str | None:
        return written

    monkeypatch.setattr(PathDistribution, "read_text", read_text)
    result = run("init", "shop")

    assert line == Path("shop/constraints.txt").read_text("utf-8").splitlines()[2]
    assert "workmail-org[all]" == Path("shop/requirements.txt").read_text("utf-8").splitlines()[-1]
    assert "wheels" not in Path("shop/requirements.txt").read_text("utf-8") + result.stdout


def test_its_specs_are_valid(run: Run, shop: Path) -> None:
    specs = [str(shop / "config" / f"{name}.yaml") for name in ("production", "staging")]
    result = run("validate", *specs, "--format", "json")

    assert {"problems": []} == json.loads(result.stdout)


def test_the_staging_copy_has_other_names_and_an_end(shop: Path) -> None:
    production = load_environment(shop / "config/production.yaml")
    staging = load_environment(shop / "config/staging.yaml")

    assert ("production", ["shop"]) == (
        production.name,
        [o.alias for o in production.organizations],
    )
    assert ("staging", ["shop-stg"]) == (staging.name, [o.alias for o in staging.organizations])
    assert staging.expires is not None


def test_the_organization_that_exists_is_taken_over_by_two_lines(shop: Path) -> None:
    spec = shop / "config/production.yaml"
    text = re.sub(r"# (existing:|adopt:)", r"\1", spec.read_text("utf-8"))
    spec.write_text(text.replace("m-" + 32 * "0", "m-" + 32 * "1"), encoding="utf-8")
    (organization,) = load_environment(spec).organizations

    assert ("m-" + 32 * "1", True) == (organization.existing, organization.adopt)


@pytest.mark.parametrize(
    ("folder", "options", "expected"),
    [
        ("Shop", (), ("shop", "shop", "eu-west-1")),
        ("2026", (), ("mail", "2026", "eu-west-1")),
        ("true", (), ("true", "true", "eu-west-1")),
        (
            "any where",
            ("--alias", "Acme-US", "--region", "us-west-2"),
            ("acme-us", "Acme-US", "us-west-2"),
        ),
    ],
)
def test_alias_and_region_can_be_chosen(
    run: Run, folder: str, options: tuple[str, ...], expected: tuple[str, str, str]
) -> None:
    assert 0 == run("init", folder, *options).exit_code
    (found,) = load_environment(Path(folder, "config/production.yaml")).organizations

    assert expected == (found.key, found.alias, found.region)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("my shop",), "'my shop' cannot be the alias of an organization"),
        (("d-shop",), "choose one with --alias"),
        (("shop", "--alias", 59 * "a"), "1 to 58 letters and digits"),
        (("shop", "--region", "eu-central-1"), "allowed are us-east-1, us-west-2, eu-west-1"),
    ],
)
def test_what_cannot_be_is_refused(run: Run, arguments: tuple[str, ...], said: str) -> None:
    result = run("init", *arguments)

    assert (2, "") == (result.exit_code, result.stdout)
    assert said in " ".join(result.stderr.split())
    assert not Path(arguments[0]).exists()


def test_a_file_is_never_overwritten(run: Run) -> None:
    files: dict[str, str | bytes] = {"shop/README.md": "ours\n", "shop/cdk.json": "{}\n"}
    result = run("init", "shop", files=files)

    assert (2, "") == (result.exit_code, result.stdout)
    assert result.stderr == (
        "shop has README.md, cdk.json already: nothing was written; name a folder without them\n"
    )
    assert list_files(Path("shop")) == ["README.md", "cdk.json"]
    assert Path("shop/README.md").read_text("utf-8") == "ours\n"


def test_a_second_run_is_refused(run: Run, shop: Path) -> None:
    before = {path: (shop / path).read_bytes() for path in FILES}

    assert 2 == run("init", "shop").exit_code
    assert before == {path: (shop / path).read_bytes() for path in FILES}


def test_files_of_other_names_stay(run: Run) -> None:
    result = run("init", "shop", files={"shop/LICENSE": "ours\n", "shop/config/old.yaml": "x: 1\n"})

    assert 0 == result.exit_code
    assert list_files(Path("shop")) == sorted([*FILES, "LICENSE", "config/old.yaml"])


def test_nothing_is_written_through_a_link(run: Run, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/config").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "shop/app.py").symlink_to(tmp_path / "nowhere.py")
    result = run("init", "shop")

    assert 2 == result.exit_code
    assert "app.py, config/production.yaml, config/staging.yaml already" in result.stderr
    assert [] == [*(tmp_path / "elsewhere").iterdir(), *(tmp_path / "shop").glob("*.md")]


def test_half_a_repository_is_not_left(run: Run) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))  # bytes; the schema is larger
    try:
        result = run("init", "shop")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert (2, "") == (result.exit_code, result.stdout)
    assert "cannot be written" in result.stderr
    assert not Path("shop").exists()


def test_a_folder_that_is_a_file_is_refused(run: Run) -> None:
    result = run("init", "shop", files={"shop": "a file\n"})

    assert (2, "") == (result.exit_code, result.stdout)
    assert "shop" in result.stderr


def test_it_has_the_settings_and_locks_of_this_release(shop: Path) -> None:
    ours, written = read(ROOT / "cdk.json"), read(shop / "cdk.json")
    first = (shop / "constraints.txt").read_text("utf-8").splitlines()[2]

    assert "config/production.yaml" == written["context"].pop("spec")
    assert (ours["app"], ours["context"]) == (written["app"], written["context"])
    schema = "schemas/editor.schema.json"
    assert (ROOT / schema).read_bytes() == (shop / schema).read_bytes()
    assert f"workmail-org=={read_version()}" == first


def test_npm_installs_the_locked_cdk_and_nothing_else(shop: Path) -> None:
    ours, package, lock = (
        read(folder / name)
        for folder, name in (
            (ROOT, "package-lock.json"),
            (shop, "package.json"),
            (shop, "package-lock.json"),
        )
    )
    wanted = ours["packages"][""]["dependencies"]

    assert {"private": True, "dependencies": wanted} == package
    assert {"": {"dependencies": wanted}} | {
        "node_modules/aws-cdk": ours["packages"]["node_modules/aws-cdk"]
    } == lock["packages"]


def test_its_versions_are_those_of_the_lock(shop: Path) -> None:
    lock = (ROOT / "requirements.txt").read_text("utf-8")
    locked = set(re.findall(r"^([a-z][^ ]*==[^ ]+(?: ; .*?)?)(?: \\)?$", lock, re.MULTILINE))
    pins = (shop / "constraints.txt").read_text("utf-8").splitlines()[3:]

    assert {"aws-cdk-lib", "ministack", "rich"} <= {pin.partition("==")[0] for pin in pins}
    assert set(pins) <= locked


def test_its_workflows_give_the_action_what_it_takes(shop: Path) -> None:
    action = read(ROOT / "action.yml")
    (review,) = read(shop / ".github/workflows/review.yml")["jobs"].values()
    (step,) = [step for step in review["steps"] if "/workmail-org@" in step["uses"]]
    required = {name for name, each in action["inputs"].items() if each.get("required")}

    assert required <= set(step["with"]) <= set(action["inputs"])
    assert step["uses"].endswith(f"@v{read_version()}")
    assert ["config/production.yaml", "config/staging.yaml"] == step["with"]["specs"].split()


def test_a_text_from_outside_is_never_part_of_a_command(shop: Path) -> None:
    for path in (shop / ".github/workflows").iterdir():
        for job in read(path)["jobs"].values():
            assert not [step for step in job["steps"] if "${{" in step.get("run", "")]


def test_its_editor_knows_the_tags_and_the_schema(shop: Path) -> None:
    settings = json.loads((shop / ".vscode/settings.json").read_text("utf-8"))
    ((schema, specs),) = settings["yaml.schemas"].items()
    begins = [(shop / spec).read_text("utf-8").splitlines()[0] for spec in specs]

    assert (shop / schema).is_file()
    assert begins == ["# yaml-language-server: $schema=../schemas/editor.schema.json"] * 2
    assert {"!include scalar", "!csv scalar", "!csv mapping"} == set(settings["yaml.customTags"])


def test_every_command_it_names_is_understood(shop: Path) -> None:
    texts = [(shop / name).read_text("utf-8") for name in ("README.md", ".pre-commit-config.yaml")]
    found = re.findall(r"workmail-org ((?:validate|plan|rehearse)\b[^`\n]*)", "\n".join(texts))

    assert len(found) >= 5
    for line in found:
        name, *arguments = shlex.split(line)
        assert isinstance(main.commands[name].make_context(name, arguments), click.Context)
