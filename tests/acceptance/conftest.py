"""The command line in a working folder with specs."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Protocol

import pytest
from click.testing import CliRunner, Result

from workmail_org.cli import main

if TYPE_CHECKING:
    import pathlib

VALID = """\
    version: 1
    environment: production
    organizations:
      acme:
        region: eu-west-1
        alias: acme
        users: {alice: {display_name: Zoë Liddell}}
    """


class Run(Protocol):
    """Write files, then run the program with some arguments."""

    def __call__(self, *arguments: str, files: dict[str, str | bytes] | None = None) -> Result: ...


@pytest.fixture
def run(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the program in an empty working folder, which has a valid config/valid.yaml."""
    monkeypatch.chdir(tmp_path)

    def run_program(*arguments: str, files: dict[str, str | bytes] | None = None) -> Result:
        for name, content in {"config/valid.yaml": VALID, **(files or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                content = textwrap.dedent(content).encode()
            path.write_bytes(content)
        return CliRunner().invoke(main, arguments)

    return run_program
