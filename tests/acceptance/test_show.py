"""workmail-org show: the spec as resolved."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]


def test_a_spec_is_shown_with_everything_in_place(run: Run) -> None:
    files = {
        "config/stg.yaml": """\
            extends: valid.yaml
            environment: staging
            derive: {alias_suffix: -stg, domains: test, expires: 2026-12-31, on_removal: retain}
            organizations: {acme: {users: {bob: !include bob.yaml}, groups: !include none.yaml}}
            """.replace(", groups: !include none.yaml", ""),
        "config/bob.yaml": "display_name: 'no'\nzip_code: '01069'\n",
    }
    result = run("show", "config/stg.yaml", files=files)

    assert (0, "") == (result.exit_code, result.stderr)
    assert (
        """\
version: 1
environment: staging
organizations:
  acme:
    region: eu-west-1
    alias: acme-stg
    users:
      alice:
        display_name: Zoë Liddell
      bob:
        display_name: 'no'
        zip_code: '01069'
    on_removal:
      users: retain
      resources: retain
      groups: retain
      domains: retain
      organization: retain
      directory: retain
expires: '2026-12-31'
"""
        == result.stdout
    )


def test_a_shown_spec_is_a_spec(run: Run) -> None:
    shown = run("show", "config/valid.yaml").stdout_bytes

    assert shown == run("show", "again.yaml", files={"again.yaml": shown}).stdout_bytes
    assert 0 == run("validate", "again.yaml").exit_code


def test_what_cannot_be_resolved_is_not_shown(run: Run) -> None:
    result = run("show", "s.yaml", files={"s.yaml": "a: !include none.yaml\n"})

    assert (2, "") == (result.exit_code, result.stdout)
    assert 's.yaml:1:4: a: !include cannot read "none.yaml": no such file\n' == result.stderr


def test_warnings_do_not_stand_in_the_way(run: Run) -> None:
    overlay = "extends: valid.yaml\norganizations: {acme: {alias: acme-test}}\n"
    result = run("show", "config/s.yaml", files={"config/s.yaml": overlay})

    assert 0 == result.exit_code
    assert result.stdout.startswith("version: 1\n")
    assert 1 == result.stderr.count(": warning: ")


def test_control_characters_are_escaped(run: Run) -> None:
    result = run("show", "s.yaml", files={"s.yaml": b'a: "\\e[31m\\x9b"\n'})

    assert 'a: "\\e[31m\\x9B"\n' == result.stdout


def test_root_widens_what_may_be_shown(run: Run) -> None:
    files = {"envs/s.yaml": "extends: ../config/valid.yaml\n"}

    assert 2 == run("show", "envs/s.yaml", files=files).exit_code
    assert 0 == run("show", "envs/s.yaml", "--root", ".", files=files).exit_code


def test_a_spec_is_shown_as_json(run: Run) -> None:
    result = run("show", "config/valid.yaml", "--format", "json")

    assert 0 == result.exit_code
    assert {"alice": {"display_name": "Zoë Liddell"}} == json.loads(result.stdout)["organizations"][
        "acme"
    ]["users"]
