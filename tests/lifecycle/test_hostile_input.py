"""Whatever arrives is read or refused: no crash, no hang, nothing executed, memory bounded.

Files that lie outside, tags and limits one by one: tests/unit/spec/files.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import workmail_org
from effort import ALL, TRIED
from scenes import make_organization, make_user
from workmail_org.errors import WireError
from workmail_org.handlers.requests import parse_request
from workmail_org.importing.tables import render_table
from workmail_org.spec.building import load_environment
from workmail_org.spec.files.loading import load
from workmail_org.wire.properties import ResourceType

CASES = 10_000 if ALL else 100

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Users", "Groups", "Rules", "TestDomain", "OrganizationId", "Shard"])
            | st.text(max_size=10),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
PROPERTIES = st.dictionaries(st.text(max_size=10), VALUES, max_size=5) | VALUES
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "RequestType": st.sampled_from(["Create", "Update", "Delete"]) | VALUES,
        "ResourceType": st.sampled_from([str(each) for each in ResourceType]) | VALUES,
        "ResourceProperties": PROPERTIES,
        "OldResourceProperties": PROPERTIES,
        "PhysicalResourceId": VALUES,
    },
)


def load_nothing(_bucket: str, _key: str) -> dict[str, Any]:
    return {}


def try_all(
    cases: st.SearchStrategy[Any],
    attempt: Callable[[Any], None],
    record_property: Callable[[str, object], None],
    noun: str,
) -> None:
    """Try each case, for a second at most; the count of them is printed at the end."""
    tried = 0

    @settings(max_examples=CASES, suppress_health_check=[HealthCheck.too_slow])
    @given(case=cases)
    def attempt_each(case: Any) -> None:
        nonlocal tried
        tried += 1
        started = time.process_time()  # what else the machine does takes no part
        attempt(case)
        assert time.process_time() - started < 1

    attempt_each()
    record_property(TRIED, json.dumps([noun, tried]))

    assert tried >= CASES


def test_an_event_is_decoded_or_refused(record_property: Callable[[str, object], None]) -> None:
    def decode(event: dict[str, Any]) -> None:
        try:
            request = parse_request(event, load_nothing)
        except WireError:
            return
        assert request.resource_type in ResourceType

    try_all(EVENTS, decode, record_property, "events")


PIECES = st.sampled_from(
    [
        "version: 1",
        "organizations:",
        "  a: &x {<<: *x}",
        "x-b: &b [*b, *b]",
        "users: !csv /etc/passwd",
        "users: !include ../../etc/passwd",
        "extends: /etc/passwd",
        "a: !!python/object/apply:os.system [exit]",
        "\x1b[2J: \x1b]0;title\x07",
        "? [complex, key]",
        "- - - - - -",
        "\t",
        "---",
        "{",
        "'",
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=30), max_size=12).map("\n".join)


def test_a_spec_is_read_or_its_problems_are_told(
    record_property: Callable[[str, object], None],
) -> None:
    def read(text: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "spec.yaml"
            path.write_bytes(text.encode("utf-8", "surrogatepass"))
            document = load(path)

            assert {str(path)} >= set(document.files)
            assert [] == [each for each in document.problems if "\x1b" in str(each)]

    try_all(TEXTS, read, record_property, "specs")


SECONDS, MEGABYTES = 3, 400
"""For the worst that was found, Python's own start and a busy machine included."""

READ = """
import pathlib, sys
from workmail_org.spec.files.loading import load
problems = load(pathlib.Path("spec.yaml")).problems
print(problems[0].message if problems else "no problem")
"""


def make_alias_bomb() -> Mapping[str, str]:
    """Make a billion laughs: ten of ten of ten."""
    first = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    more = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)]
    return {"spec.yaml": first + "".join(more)}


def make_merge_bomb() -> Mapping[str, str]:
    keys = ", ".join(f"k{n}: 1" for n in range(20_000))
    return {"spec.yaml": f"x: &a {{{keys}}}\nb:\n" + "  - {<<: *a}\n" * 20_000}


def make_include_bomb() -> Mapping[str, str]:
    """Make files of which each includes the next one three times."""
    chain = {f"{n}.yaml": f"[{', '.join([f'!include {n + 1}.yaml'] * 3)}]" for n in range(45)}
    return {"spec.yaml": "a: !include 0.yaml", **chain, "45.yaml": "x"}


def make_many_includes() -> Mapping[str, str]:
    lines = "".join(f"f{n}: !include {n}.yaml\n" for n in range(1000))
    return {"spec.yaml": lines} | {f"{n}.yaml": "a: b\n" for n in range(1000)}


BOMBS: Mapping[str, tuple[Callable[[], Mapping[str, str]], str]] = {
    "aliases of aliases": (make_alias_bomb, "aliases may add 100000 values, here they add more"),
    "merges": (make_merge_bomb, "a spec may have 1000000 keys and values, this is more"),
    "includes of includes": (
        make_include_bomb,
        "a spec may have 1000000 keys and values, this is more",
    ),
    "a thousand includes": (make_many_includes, "no problem"),
    "five million brackets": (
        lambda: {"spec.yaml": "[" * 5_000_000},
        "values may be nested 50 deep, this is deeper",
    ),
    "one text of 19 MB": (lambda: {"spec.yaml": f'a: "{"x" * 19_000_000}"'}, "no problem"),
    "a number of 19 MB": (
        lambda: {"spec.yaml": f"a: {'9' * 19_000_000}"},
        "19000000 digits are too many for a number",
    ),
    "half a million problems": (
        lambda: {"spec.yaml": "".join(f"a{n}: !!x y\n" for n in range(500_000))},
        "tag !!x is not known; known: !include, !csv",
    ),
    "four million documents": (
        lambda: {"spec.yaml": "---\n" * 4_000_000},
        "a file holds one document, a second begins here",
    ),
    "more than may be": (
        lambda: {"spec.yaml": "a: b\n" * 5_000_000},
        "the files of a spec may have 20 MB together, this is more",
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_file_takes_more_than_some_seconds_and_some_memory(name: str, tmp_path: Path) -> None:
    """The system ends a process that takes more."""
    make, message = BOMBS[name]
    for file, text in make().items():
        (tmp_path / file).write_text(text, encoding="utf-8")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES << 20, MEGABYTES << 20))

    source = Path(workmail_org.__file__).parents[1]
    found = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", READ],
        cwd=tmp_path,
        env={"PYTHONPATH": str(source)},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, f"{message}\n") == (found.returncode, found.stdout)


def test_two_modules_write_csv() -> None:
    """A cell that begins with = is a formula: who adds another export has to think of it.

    What importers of a destination read is exact (decision 21); what people open is not.
    """
    package = Path(workmail_org.__file__).parent
    writers = sorted(
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if any(word in path.read_text("utf-8") for word in ("csv.writer", "DictWriter"))
    )

    assert ["importing/tables.py", "leaving/placing.py"] == writers


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1+2", "@SUM(A1)"])
def test_a_formula_is_text_in_a_table_of_people_and_is_read_back(text: str, tmp_path: Path) -> None:
    user = make_user("alice", display_name=text, email="alice@acme.awsapps.com")
    table = render_table(make_organization(user, domains=()))
    (tmp_path / "people.csv").write_text(table, "utf-8")
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "version: 1\nenvironment: test\norganizations:\n  acme: {region: eu-west-1, alias: acme, "
        "users: !csv people.csv}\n",
        "utf-8",
    )

    assert f"'{text}" in table
    (read,) = load_environment(spec).organizations[0].users
    assert text == read.display_name
