"""What keeps the house standing: folders, floors, the bundle, the entry points."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import constructs
import pytest
from botocore.loaders import Loader
from click.testing import CliRunner

import workmail_org
from workmail_org.cli import main
from workmail_org.service.failures import WORKMAIL_EXCEPTIONS
from workmail_org.wire.names import CHECK_EXPORT, IS_COMPLETE, ON_EVENT, RUN_EXPORTS

ROOT = Path(__file__).resolve().parents[2]


def list_folders(below: Path) -> list[Path]:
    return [path for path in below.rglob("*") if path.is_dir() and path.name != "__pycache__"]


def test_the_source_root_is_no_package() -> None:
    assert not (ROOT / "constructs" / "__init__.py").exists()
    assert not (ROOT / "emulator" / "__init__.py").exists()


def test_the_constructs_of_pypi_are_found_and_ours_beside_them() -> None:
    assert hasattr(constructs, "Construct")
    assert Path(workmail_org.__file__).parent == ROOT / "constructs" / "workmail_org"


def test_no_folder_below_tests_is_a_package_or_called_constructs() -> None:
    folders = list_folders(ROOT / "tests")

    assert [path for path in folders if (path / "__init__.py").exists()] == []
    assert [path for path in folders if path.name == "constructs"] == []


def test_no_module_is_named_for_what_it_is_not() -> None:
    vague = {"utils", "helpers", "common", "base", "manager", "misc"}
    sources = [
        path
        for folder in ("constructs", "emulator", "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
    ]

    assert [path for path in sources if path.stem in vague] == []


@pytest.mark.parametrize("entry_point", [ON_EVENT, IS_COMPLETE, RUN_EXPORTS, CHECK_EXPORT])
def test_every_entry_point_exists(entry_point: str) -> None:
    module, _, function = entry_point.rpartition(".")

    assert callable(getattr(importlib.import_module(module), function))


def test_all_exceptions_of_workmail_are_mapped() -> None:
    model = Loader().load_service_model("workmail", "service-2")
    names = {name for name, shape in model["shapes"].items() if shape.get("exception")}

    assert len(names) == 22
    assert names == set(WORKMAIL_EXCEPTIONS)


IMPORT_ALL = """
import importlib, importlib.abc, json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
allowed = {"boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six"}
allowed.add("workmail_org")
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in allowed and top not in sys.stdlib_module_names:
            raise ImportError(f"{name} is not in Lambda")
# Before the door shuts: it installs finders of its own.
import boto3
sys.path[:] = [str(folder), *(p for p in sys.path if not p.startswith(sys.argv[2]))]
sys.meta_path = [f for f in sys.meta_path if "editable" not in type(f).__module__]
sys.meta_path.insert(0, Refuse())
for path in sorted(folder.rglob("*.py")):
    name = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
    module = importlib.import_module(name)
    assert pathlib.Path(module.__file__) == path, (module.__file__, path)
    print(name)
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What CDK would upload as the code of our functions."""
    from aws_cdk import App, Stack
    from aws_cdk.aws_lambda import Function, Runtime

    from workmail_org.infra.assets import make_bundle

    app = App(outdir=str(tmp_path_factory.mktemp("cdk.out")))
    stack = Stack(app, "Bundle")
    Function(stack, "Function", runtime=Runtime.PYTHON_3_13, handler=ON_EVENT, code=make_bundle())
    folder = Path(app.synth().directory)
    return next(path for path in folder.glob("asset.*") if (path / "workmail_org").is_dir())


def test_the_bundle_holds_the_floors_that_ship_and_nothing_else(bundle: Path) -> None:
    files = [path for path in bundle.rglob("*") if path.is_file()]
    floors = {path.relative_to(bundle / "workmail_org").parts[0] for path in files}

    expected = {
        "__init__.py",
        "errors.py",
        "wire",
        "kinds.py",
        "model",
        "changes",
        "service",
        "exporting",
        "handlers",
    }
    assert expected == floors
    assert {path.suffix for path in files} == {".py"}


def test_the_bundle_runs_with_the_standard_library_and_boto3(bundle: Path) -> None:
    run = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-W", "error", "-c", IMPORT_ALL, str(bundle), str(ROOT / "constructs")],
        capture_output=True,
        text=True,
        check=False,
        cwd=bundle,
    )

    assert run.stderr == ""
    assert "workmail_org.handlers.entry" in run.stdout.split()


def test_the_example_in_the_readme_is_valid(tmp_path: Path) -> None:
    specs = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert specs

    for number, spec in enumerate(specs):
        path = tmp_path / f"{number}.yaml"
        path.write_text(spec, encoding="utf-8")
        result = CliRunner().invoke(main, ["validate", "--format", "json", str(path)])

        assert json.loads(result.stdout) == {"problems": []}


def test_the_example_configuration_is_valid() -> None:
    example = ROOT / "config" / "example.yaml"
    result = CliRunner().invoke(main, ["validate", "--format", "json", str(example)])

    assert json.loads(result.stdout) == {"problems": []}
    assert result.exit_code == 0


def test_the_readme_names_no_command_that_does_not_exist() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    named = set(re.findall(r"workmail-org ([a-z]+)", text))

    assert named <= set(main.commands)


def test_every_link_in_the_documents_leads_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    missing = [
        f"{document.name}: {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text("utf-8"))
        if "://" not in target and not (document.parent / target).exists()
    ]

    assert missing == []
