"""Every write to WorkMail and to Directory Service goes through the one Writer."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import botocore.session
import pytest

import workmail_org

PACKAGE = Path(workmail_org.__file__).parent

WRITER = "service/writing.py"

READS = ("Describe", "Get", "List")
"""What the names of operations begin with that change nothing (botocore's models)."""

LOCAL_AWS = ("rehearsal/furnishing.py", "rehearsal/stand_ins.py")
"""What makes organizations on the local AWS, as somebody would by hand."""

EXPORTS = ("exporting/jobs.py",)
"""What starts export jobs, which change nothing in WorkMail: they are no part of a deployment."""

WAYS = ("call", "call_plain", "write", "_call", "_call_once")
"""Methods that call an operation by its name."""


@cache
def list_writes() -> set[str]:
    """Name every operation of both services that changes something."""
    session = botocore.session.get_session()
    names = {
        name
        for service in ("workmail", "ds")
        for name in session.get_service_model(service).operation_names
    }
    return {name for name in names if not name.startswith(READS)}


def find_raw_writes(tree: ast.AST, writes: set[str]) -> Iterator[str]:
    """Find calls that name an operation, or the method of a client, and change something."""
    methods = {botocore.xform_name(name) for name in writes}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        first = node.args[0] if node.args else None
        named = isinstance(first, ast.Constant) and first.value in writes
        if node.func.attr in WAYS and named:
            yield f"{node.lineno}: {ast.unparse(node)[:60]}"
        if node.func.attr in methods and "client" in ast.unparse(node.func.value):
            yield f"{node.lineno}: {ast.unparse(node)[:60]}"


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(PACKAGE.rglob("*.py")) if str(path.relative_to(PACKAGE)) != WRITER],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_nothing_is_written_but_by_the_writer(path: Path) -> None:
    if str(path.relative_to(PACKAGE)) in (*LOCAL_AWS, *EXPORTS):
        return
    assert [] == list(find_raw_writes(ast.parse(path.read_text("utf-8")), list_writes()))


@pytest.mark.parametrize(
    "source",
    [
        'workmail.call("DeleteUser", UserId=user)',
        'service.write("DeleteDirectory", DirectoryId=directory)',
        "self.client.create_alias(DirectoryId=directory, Alias=alias)",
        'run.open_organization(o).call_plain("TagResource", ResourceARN=arn)',
    ],
)
def test_a_raw_write_is_found(source: str) -> None:
    assert 1 == len(list(find_raw_writes(ast.parse(source), list_writes())))


@pytest.mark.parametrize(
    "source",
    ['workmail.call("DescribeUser", UserId=user)', 'workmail.list("ListUsers", "Users")'],
)
def test_a_read_is_none(source: str) -> None:
    assert [] == list(find_raw_writes(ast.parse(source), list_writes()))
