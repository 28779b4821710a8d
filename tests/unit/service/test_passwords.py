from __future__ import annotations

import json
import string
from typing import Any, cast

import pytest

from cloudformation import FakeSecrets
from workmail_org.errors import PermanentError
from workmail_org.service.passwords import PasswordSecret, generate_password


def open_secret(secrets: FakeSecrets) -> PasswordSecret:
    return PasswordSecret(cast("Any", secrets), "arn")


def test_a_password_meets_the_directorys_rules() -> None:
    passwords = [generate_password() for _ in range(300)]

    assert len(passwords) == len(set(passwords))
    for password in passwords:
        assert 8 <= len(password) < 64
        assert password.isascii()
        assert password.isprintable()
        assert any(c in string.ascii_uppercase for c in password)
        assert any(c in string.ascii_lowercase for c in password)
        assert any(c in string.digits for c in password)
        assert any(not c.isalnum() for c in password)


def test_passwords_are_made_once_and_kept() -> None:
    secrets = FakeSecrets()
    first = open_secret(secrets).ensure(["alice", "bob"], begun=[])
    second = open_secret(secrets).ensure(["bob", "carol"], begun=["bob"])

    assert first["bob"] == second["bob"]
    assert {"alice", "bob", "carol"} == set(json.loads(secrets.values["arn"]))


def test_nothing_missing_writes_nothing() -> None:
    secrets = FakeSecrets()
    open_secret(secrets).ensure(["alice"], begun=[])
    before = dict(secrets.values)
    open_secret(secrets).ensure(["alice"], begun=["alice"])

    assert before == secrets.values


@pytest.mark.parametrize("text", ["alice: hunter2", '["hunter2"]', '"hunter2"'])
def test_a_secret_that_is_no_object_is_refused_without_its_text(text: str) -> None:
    secrets = FakeSecrets()
    secrets.values["arn"] = text
    with pytest.raises(PermanentError, match="secret arn is not a JSON object") as refused:
        open_secret(secrets).read()

    assert "hunter2" not in repr(refused.value)
    assert refused.value.__context__ is None
    assert refused.value.__cause__ is None
