"""The wheel works by itself: in an empty environment, with the checkout out of reach."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path
from zipfile import ZipFile

import pytest

from wheels import Environment, make_environment

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

SPEC = """\
version: 1
environment: production
organizations:
  acme: {region: eu-west-1, alias: acme, users: {alice: {display_name: Alice}%s}}
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Environment:
    """The package without an extra, beside two specs."""
    environment = make_environment(tmp_path_factory.mktemp("bare"), wheel)
    (environment.work / "old.yaml").write_text(SPEC % "", "utf-8")
    (environment.work / "new.yaml").write_text(SPEC % ", bob: {display_name: Bob}", "utf-8")
    return environment


@pytest.fixture(scope="module")
def metadata(bare: Environment) -> Distribution:
    return PathDistribution(next(bare.site.glob("workmail_org-*.dist-info")))


def test_it_has_every_file_that_the_program_reads(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        shipped = {n: archive.read(n) for n in names if n.startswith("workmail_org/project/")}
    sources = {
        path.relative_to(source).as_posix()
        for source in (ROOT / "constructs", ROOT / "emulator")
        for path in source.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and path.parent != source
    }

    assert sources == set(names) - set(shipped)
    assert {f"{package}/py.typed" for package in ("workmail_org", "workmail_emulator")} <= sources
    assert {
        f"workmail_org/project/{name}": (ROOT / name).read_bytes()
        for name in (
            *("cdk.json", "package.json", "package-lock.json"),
            *("schemas/organization.schema.json", "schemas/plan.schema.json"),
            *("schemas/plans.schema.json", "schemas/drift.schema.json"),
            "schemas/editor.schema.json",
            "schemas/leave.schema.json",
        )
    } == shipped


def test_it_says_whose_it_is_and_under_which_license(metadata: Distribution) -> None:
    told = metadata.metadata

    assert ("Apache-2.0", "workmail-org maintainers", PROJECT["version"]) == (
        told["License-Expression"],
        told["Author"],
        told["Version"],
    )
    assert (ROOT / "LICENSE").read_text("utf-8") == metadata.read_text("licenses/LICENSE")
    assert {"cdk", "rehearse", "emulator", "all"} == set(told.get_all("Provides-Extra") or [])


def test_the_bare_package_needs_what_it_declares_and_nothing_else(bare: Environment) -> None:
    """Every module can be imported, but those that describe CDK stacks."""
    code = """
import importlib, pathlib, sys
site = pathlib.Path(sys.argv[1])
for package in ("workmail_org", "workmail_emulator"):
    for path in sorted((site / package).rglob("*.py")):
        name = ".".join(path.relative_to(site).with_suffix("").parts).removesuffix(".__init__")
        if not name.startswith("workmail_org.infra"):
            assert pathlib.Path(importlib.import_module(name).__file__) == path
"""
    done = bare.run("python", "-W", "error", "-c", code, str(bare.site))

    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


UNSIGNED = "there are no AWS credentials; sign in, or set AWS_PROFILE, as for the AWS CLI"


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("validate new.yaml", 0, "new.yaml: valid"),
        ("validate new.yaml --format sarif", 0, '"name": "workmail-org"'),
        ("show new.yaml", 0, "display_name: Bob"),
        ("plan new.yaml --against old.yaml", 0, "-c approved=acme/users."),
        ("plan new.yaml --against old.yaml --format html", 0, "<html"),
        ("plan new.yaml --against deployed", 4, UNSIGNED),
        ("plan new.yaml --against live", 4, UNSIGNED),
        ("records new.yaml", 0, ""),
        ("removed new.yaml", 4, UNSIGNED),
        ("restore new.yaml bob", 4, UNSIGNED),
        ("purge new.yaml bob", 4, UNSIGNED),
        ("reset-password new.yaml bob", 4, UNSIGNED),
        ("init mail", 0, "created 17 files in mail"),
        ("schema", 0, '"$id": "urn:workmail-org:schema:organization:1"'),
        ("schema plan", 0, '"$id": "urn:workmail-org:schema:plan:1"'),
        ("--version", 0, f"workmail-org, version {PROJECT['version']}"),
    ],
)
def test_a_command_needs_no_extra(bare: Environment, command: str, code: int, says: str) -> None:
    done = bare.run("workmail-org", *command.split(), AWS_EC2_METADATA_DISABLED="true")

    assert (code, True) == (done.returncode, says in done.stdout + done.stderr), done
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "extra", "what"),
    [
        (("workmail-org", "rehearse", "new.yaml"), "rehearse", "workmail-org rehearse"),
        (("python", "-m", "workmail_org.app"), "cdk", "workmail_org.infra"),
    ],
    ids=["rehearse", "app"],
)
def test_what_lacks_its_extra_says_how_to_install_it(
    bare: Environment, command: tuple[str, ...], extra: str, what: str
) -> None:
    done = bare.run(*command)

    assert (
        1,
        "",
        f'{what} needs the extra "{extra}", which is not installed:'
        f" pip install 'workmail-org[{extra}]'\n",
    ) == (done.returncode, done.stdout, done.stderr)


def test_constructs_without_their_extra_are_an_import_error(bare: Environment) -> None:
    code = """
try:
    import workmail_org.infra
except ImportError as error:
    print(error)
"""
    told = bare.run("python", "-c", code).stdout

    assert told.endswith(" pip install 'workmail-org[cdk]'\n")


def test_an_editor_finds_the_schema(bare: Environment) -> None:
    path = Path(bare.run("workmail-org", "schema", "--path").stdout.removesuffix("\n"))

    assert path.is_relative_to(bare.site)
    assert (ROOT / "schemas" / "organization.schema.json").read_bytes() == path.read_bytes()


def test_it_is_a_module_too_and_completes(bare: Environment) -> None:
    done = bare.run("python", "-m", "workmail_org", "valdiate")
    words = {"COMP_WORDS": "workmail-org val", "COMP_CWORD": "1"}
    told = bare.run("workmail-org", _WORKMAIL_ORG_COMPLETE="bash_complete", **words)

    assert (2, True) == (done.returncode, done.stderr.startswith("Usage: workmail-org "))
    assert "plain,validate\n" == told.stdout


def test_an_app_of_ones_own_needs_the_extra_cdk_alone(
    tmp_path_factory: pytest.TempPathFactory, wheel: Path
) -> None:
    """Node.js comes with it: no other one can be found here."""
    environment = make_environment(tmp_path_factory.mktemp("cdk"), wheel, "cdk")
    assert 0 == environment.run("workmail-org", "init", "shop").returncode
    done = environment.run(
        *("python", "shop/app.py"),
        PATH=str(environment.folder / "bin"),
        HOME=os.environ["HOME"],  # where jsii unpacks the CDK once, which takes a minute
        CDK_OUTDIR="cdk.out",
        CDK_CONTEXT_JSON=json.dumps({"spec": "shop/config/production.yaml"}),
    )
    assembly = environment.work / "cdk.out"
    (handlers,) = assembly.glob("asset.*/workmail_org")

    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
    assert (assembly / "production-shop.template.json").exists()
    assert {path.name for path in handlers.iterdir()} == {
        *("__init__.py", "errors.py", "kinds.py"),
        *("changes", "exporting", "handlers", "model", "service", "wire"),
    }


def test_what_init_writes_installs_the_same_wheel_on_another_machine(
    bare: Environment, wheel: Path, tmp_path: Path
) -> None:
    """No index has it, so the wheel is in the new repository."""
    made = bare.run("workmail-org", "init", str(tmp_path / "shop"))
    options = ("--quiet", "--no-deps", "--no-index", "--disable-pip-version-check")
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [
            *(sys.executable, "-m", "pip", "download", *options, "--dest", str(tmp_path / "got")),
            *("--requirement", str(tmp_path / "shop" / "requirements.txt")),
        ],
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, 0) == (made.returncode, done.returncode), done.stderr
    assert {wheel.name: wheel.read_bytes()} == {
        path.name: path.read_bytes() for path in (tmp_path / "got").iterdir()
    }
    assert "pip wheel" not in made.stdout


def test_a_rehearsal_needs_no_checkout(
    tmp_path_factory: pytest.TempPathFactory, wheel: Path
) -> None:
    environment = make_environment(tmp_path_factory.mktemp("rehearse"), wheel, "rehearse")
    assert 0 == environment.run("workmail-org", "init", "shop").returncode
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    installed = environment.work / "cache" / "workmail-org" / f"cdk-cli-{lock[:12]}"
    installed.mkdir(parents=True)
    (installed / "node_modules").symlink_to(ROOT / "node_modules")
    done = environment.run(
        *("workmail-org", "rehearse", "shop/config/production.yaml", "--format", "json"),
        HOME=os.environ["HOME"],
        XDG_CACHE_HOME=str(environment.work / "cache"),
    )

    assert 0 == done.returncode, done.stderr
    document = json.loads(done.stdout)
    assert (True, ["alice", "bob"]) == (
        document["matches"],
        list(document["organizations"]["shop"]["users"]),
    )
    assert re.findall(r"^installing", done.stderr, re.MULTILINE) == []
    assert {"shop", "cache"} == {path.name for path in environment.work.iterdir()}
    # The CDK CLI's own, and nothing of what lies in a new folder in each rehearsal.
    compiled = [path for path in (installed.parent / "node").rglob("*") if path.is_file()]
    assert 0 < len(compiled) < 10
