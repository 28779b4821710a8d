"""Where exports can go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workmail_org.spec.building import read_spec

RIGHT: tuple[object, ...] = (
    {},
    None,
    {"bucket": "managed", "key": "managed"},
    {"bucket": "my.archive-2026", "prefix": "a/b!_.'()-/"},
)

WRONG = (
    ({"bucket": "Archive"}, "allowed: managed, or the name of a bucket"),
    ({"bucket": "s3://archive"}, "allowed: managed, or the name of a bucket"),
    ({"bucket": "ab"}, "allowed: 3 to 63 characters"),
    ({"bucket": "arn:aws:s3:::archive"}, "allowed: managed, or the name of a bucket"),
    ({"key": "alias/mail"}, "allowed: managed, or arn:aws:kms:REGION:ACCOUNT:key/ID"),
    (
        {"key": "arn:aws:kms:eu-west-1:111122223333:alias/mail"},
        "allowed: managed, or arn:aws:kms:REGION:ACCOUNT:key/ID",
    ),
    ({"prefix": "mail"}, "a slash at the end"),
    ({"prefix": "/mail/"}, "a slash at the end"),
    ({"prefix": "a//b/"}, "a slash at the end"),
    ({"prefix": "*/"}, "a slash at the end"),
    ({"prefix": "al@acme.example/"}, "a slash at the end"),
    ({"prefix": ""}, "a slash at the end"),
    ({"retention": 3}, "bucket"),
)


def list_problems(folder: Path, exports: object) -> list[str]:
    organization: dict[str, Any] = {"region": "eu-west-1", "alias": "acme", "exports": exports}
    spec = {"version": 1, "environment": "test", "organizations": {"acme": organization}}
    path = folder / "spec.yaml"
    path.write_text(json.dumps(spec), encoding="utf-8")
    return [str(problem) for problem in read_spec(path).problems]


@pytest.mark.parametrize("exports", RIGHT, ids=str)
def test_a_place_of_exports_is_valid(tmp_path: Path, exports: object) -> None:
    assert [] == list_problems(tmp_path, exports)


@pytest.mark.parametrize(("exports", "expected"), WRONG, ids=str)
def test_what_aws_does_not_take_is_refused_with_what_is_allowed(
    tmp_path: Path, exports: object, expected: str
) -> None:
    (problem,) = list_problems(tmp_path, exports)

    assert "organizations.acme.exports" in problem
    assert expected in problem
