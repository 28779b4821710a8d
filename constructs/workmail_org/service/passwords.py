"""Passwords: made by the directory's rules, kept in one Secrets Manager secret."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError

from workmail_org.errors import NotFoundError, PermanentError, ServiceError
from workmail_org.service.failures import translate
from workmail_org.service.refusals import SECRETS_MANAGER

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
            failure = translate(error, "GetSecretValue", service=SECRETS_MANAGER)
            if isinstance(failure, NotFoundError):  # there is no value, or no secret
                return {}
            raise _explain(failure, self.arn) from error
        return self._parse(text) if text else {}

    def _parse(self, text: str) -> dict[str, str]:
        try:
            passwords: object = json.loads(text)
        except ValueError:
            passwords = None  # not chained: the error holds the text
        if not isinstance(passwords, dict):
            raise PermanentError(
                f"secret {self.arn} is not a JSON object of user names and passwords: it was "
                "edited by hand; put its last version back",
                operation="GetSecretValue",
            )
        return cast("dict[str, str]", passwords)

    def ensure(self, users: Iterable[str], *, begun: Collection[str]) -> dict[str, str]:
        """Return a password for each user; missing ones are made and written first.

        So a password is on record before its user exists, and a second try uses the same one.
        Who is not being made yet gets a new one, whatever there is under that name: it is the
        password of somebody who was deleted.

        Args:
            users: Names of users who are about to be made.
            begun: Names of those whose making has been begun.
        """
        passwords = self.read()
        wanted = list(users)
        missing = [user for user in wanted if user not in passwords or user not in begun]
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
            failure = translate(error, "PutSecretValue", service=SECRETS_MANAGER)
            raise _explain(failure, self.arn) from error


def read_secret(client: SecretsManagerClient, secret: str) -> str:
    """Read a secret's text, by name or ARN.

    Raises:
        ServiceError: It is not there, or may not be read; never its value.
    """
    try:
        return client.get_secret_value(SecretId=secret).get("SecretString", "")
    except (ClientError, BotoCoreError) as error:
        failure = translate(error, f"GetSecretValue of {secret}", service=SECRETS_MANAGER)
        raise _explain_given(failure, secret) from error


def _explain(failure: ServiceError, arn: str) -> ServiceError:
    """Say how the secret of the stack comes back."""
    if isinstance(failure, NotFoundError):
        return PermanentError(
            f"secret {arn} with the passwords of new users is gone: deploy once with passwords: "
            "none and without the new users, then with both again, which makes another secret; "
            "who is there keeps the password",
            operation=failure.operation,
            code=failure.code,
        )
    return _explain_marked(failure, arn)


def _explain_given(failure: ServiceError, secret: str) -> ServiceError:
    """Say what to do about a secret that the spec names."""
    if isinstance(failure, NotFoundError):
        return PermanentError(
            f"secret {secret}, which the spec names, is not there or holds no value: make it in "
            "the organization's region, then deploy again",
            operation=failure.operation,
            code=failure.code,
        )
    return _explain_marked(failure, secret)


def _explain_marked(failure: ServiceError, secret: str) -> ServiceError:
    # So Secrets Manager refuses until the days of recovery are over (API, DeleteSecret).
    if failure.code != "InvalidRequestException":
        return failure
    return PermanentError(
        f"secret {secret} cannot be used; if it is marked for deletion: aws secretsmanager "
        f"restore-secret --secret-id {secret}, then deploy again ({failure})",
        operation=failure.operation,
        code=failure.code,
    )
