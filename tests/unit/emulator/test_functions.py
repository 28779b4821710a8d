"""Functions of ministack as copies of one process: each is the process that Python would be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workmail_emulator.functions import Functions

SCRIPT = """\
import json, os, sys
loaded = "botocore.session" in sys.modules
sys.path.insert(0, os.getcwd())
import code_of_function
print("said", file=sys.stderr)
for line in sys.stdin:
    print(json.dumps({
        "line": line, "loaded": loaded, "name": __name__, "arguments": sys.argv,
        "code": os.path.realpath(code_of_function.__file__), "NAME": os.environ.get("NAME"),
        "HOME": os.environ.get("HOME"), "group": os.getpgrp(),
    }), flush=True)
    if line == "end\\n":
        sys.exit(3)
"""


@pytest.fixture
def functions(tmp_path: Path) -> Functions:
    shared = tmp_path / "shared"
    shared.mkdir()
    return Functions(shared)


@pytest.fixture
def started() -> Iterator[list[Any]]:
    """Processes that end with the test."""
    processes: list[Any] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait(10)
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


def start(functions: Functions, folder: Path, code: str = "", **environment: str) -> Any:
    """Start a function as ministack does: its code unpacked beside the zip that it came in."""
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "code_of_function.py").write_text(code, "utf-8")
    (folder / "code.zip").write_bytes(code.encode())
    (folder / "_worker.py").write_text(SCRIPT, "utf-8")
    return functions.Popen(
        [sys.executable, str(folder / "_worker.py")],
        cwd=str(folder / "code"),
        stdin=functions.PIPE,
        stdout=functions.PIPE,
        stderr=functions.PIPE,
        text=True,
        bufsize=1,
        env={"PATH": os.environ["PATH"], **_list_python(), **environment},
    )


def _list_python() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("PYTHON")}


def ask(process: Any, line: str = "event\n") -> dict[str, Any]:
    process.stdin.write(line)
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


def test_a_function_begins_with_botocore_and_its_own_environment(
    functions: Functions, started: list[Any], tmp_path: Path
) -> None:
    started.append(start(functions, tmp_path / "one", NAME="one"))
    found = ask(started[0])

    assert ("event\n", True, "__main__") == (found["line"], found["loaded"], found["name"])
    assert [str(tmp_path / "one" / "_worker.py")] == found["arguments"]
    assert ("one", None) == (found["NAME"], found["HOME"])
    assert "said\n" == started[0].stderr.readline()
    # What stops ministack stops its functions: they are in its group.
    assert os.getpgrp() == found["group"]


def test_equal_code_is_unpacked_once(
    functions: Functions, started: list[Any], tmp_path: Path
) -> None:
    for name, code in (("one", "A = 1\n"), ("same", "A = 1\n"), ("other", "A = 2\n")):
        started.append(start(functions, tmp_path / name, code))
    one, same, other = (ask(process)["code"] for process in started)

    assert one == same
    assert one != other
    assert ["A = 1\n", "A = 2\n"] == [Path(each).read_text("utf-8") for each in (one, other)]


def test_it_ends_as_a_process_does(
    functions: Functions, started: list[Any], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        started.append(start(functions, tmp_path / name))
    one, two = started
    ask(one)
    ask(two)
    with pytest.raises(subprocess.TimeoutExpired):
        one.wait(timeout=0.01)
    assert (None, None) == (one.poll(), one.returncode)
    ask(one, "end\n")
    two.terminate()

    assert (3, -15) == (one.wait(10), two.wait(10))
    assert ("", 3) == (one.stdout.readline(), one.poll())


def test_what_is_to_start_python_otherwise_starts_it(
    functions: Functions, started: list[Any], tmp_path: Path
) -> None:
    started.append(start(functions, tmp_path / "one", PYTHONHASHSEED="7"))

    assert isinstance(started[0], subprocess.Popen)
    assert not ask(started[0])["loaded"]


PROGRAM = """\
import pathlib, sys
from workmail_emulator.functions import Functions
pathlib.Path("code").mkdir()
pathlib.Path("shared").mkdir()
pathlib.Path("script.py").write_text("print(__name__)")
functions = Functions(pathlib.Path("shared").resolve())
started = functions.Popen(
    [sys.executable, str(pathlib.Path("script.py").resolve())],
    cwd=str(pathlib.Path("code").resolve()),
)
print(started.stdout.readline().strip(), started.wait(20))
"""


def test_a_working_folder_may_have_a_long_path(tmp_path: Path) -> None:
    """The path of a socket may not."""
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ("__main__ 0\n", "") == (done.stdout, done.stderr)
