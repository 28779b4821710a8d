"""Passwords: made by the directory's rules, kept in one Secrets Manager secret."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError

from workmail_org.errors import NotFoundError, PermanentError
from workmail_org.service.failures import translate

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_LENGTH = 20
"""Longer than the 8 that the directory asks for, shorter than its 64 (facts.md §1.3)."""

_SPECIAL = "!#%*+-=?@_"
"""Characters that survive shells, mail and telephones."""

_CLASSES = (string.ascii_uppercase, string.ascii_lowercase, string.digits, _SPECIAL)
"""Four of the directory's five classes; it wants three (WorkMail Admin Guide, manage-users)."""


def generate_password() -> str:
    """Make a password of 20 characters with all four classes in it."""
    alphabet = "".join(_CLASSES)
    while True:
        password = "".join(secrets.choice(alphabet) for _ in range(_LENGTH))
        if all(any(c in cls for c in password) for cls in _CLASSES):
            return password


@dataclass(frozen=True, slots=True)
class PasswordSecret:
    """The secret with the first passwords of users: a JSON object, user name to password."""

    client: SecretsManagerClient
    arn: str

    def read(self) -> dict[str, str]:
        """Read all passwords; none before the first was written."""
        try:
            text = self.client.get_secret_value(SecretId=self.arn).get("SecretString", "")
        except (ClientError, BotoCoreError) as error:
            failure = translate(error, "GetSecretValue")
            if isinstance(failure, NotFoundError):
                return {}
            raise failure from error
        return self._parse(text) if text else {}

    def _parse(self, text: str) -> dict[str, str]:
        try:
            passwords: object = json.loads(text)
        except ValueError:
            passwords = None  # not chained: the error holds the text
        if not isinstance(passwords, dict):
            raise PermanentError(
                f"secret {self.arn} is no JSON object of user names and passwords: somebody wrote "
                "it by hand; put its last version back",
                operation="GetSecretValue",
            )
        return cast("dict[str, str]", passwords)

    def ensure(self, users: Iterable[str]) -> dict[str, str]:
        """Return a password for each user; missing ones are made and written first.

        So a password is on record before its user exists, and a second try
        uses the same one.
        """
        passwords = self.read()
        wanted = list(users)
        missing = [user for user in wanted if user not in passwords]
        if missing:
            passwords |= {user: generate_password() for user in missing}
            self._write(passwords)
        return {user: passwords[user] for user in wanted}

    def replace(self, user: str, password: str | None) -> str | None:
        """Write one user's password, `None` for none; return the former one."""
        passwords = self.read()
        former = passwords.pop(user, None)
        self._write(passwords | ({} if password is None else {user: password}))
        return former

    def _write(self, passwords: dict[str, str]) -> None:
        text = json.dumps(passwords, sort_keys=True)
        try:
            self.client.put_secret_value(SecretId=self.arn, SecretString=text)
        except (ClientError, BotoCoreError) as error:
            raise translate(error, "PutSecretValue") from error


def read_secret(client: SecretsManagerClient, secret: str) -> str:
    """Read a secret's text, by name or ARN.

    Raises:
        ServiceError: It is not there, or may not be read; never its value.
    """
    try:
        return client.get_secret_value(SecretId=secret).get("SecretString", "")
    except (ClientError, BotoCoreError) as error:
        raise translate(error, f"GetSecretValue of {secret}") from error
